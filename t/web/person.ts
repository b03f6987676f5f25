/* Somebody with a browser: what they do and what they see. */
import { existsSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
    chromium,
    type Browser,
    type BrowserContext,
    type Page,
} from 'playwright-core';
import type { Server } from './server';

const SHOTS = fileURLToPath(new URL('../../build/screenshots/', import.meta.url));
const CANDIDATES = [
    process.env['CHROMIUM'],
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
];

export const PASSWORD = 'correct horse battery';
export const PHONE = { width: 390, height: 844 };

function launching(more: string[]): { executablePath: string; args: string[] } {
    const path = CANDIDATES.find((one) => one && existsSync(one));
    if (!path) throw new Error('no Chromium found; set CHROMIUM');
    return {
        executablePath: path,
        args: [
            '--headless',
            '--no-sandbox',
            '--disable-gpu',
            '--disable-quic',
            '--no-first-run',
            '--disable-background-networking',
            '--disable-component-update',
            '--disable-sync',
            ...more,
        ],
    };
}

export async function startBrowser(more: string[] = []): Promise<Browser> {
    return chromium.launch(launching(more));
}

/* A browser whose profile lies in a folder, as a person's own does. */
export async function startProfile(folder: string): Promise<BrowserContext> {
    return chromium.launchPersistentContext(folder, launching([]));
}

export interface Options {
    locale?: string;
    viewport?: { width: number; height: number };
    dark?: boolean;
    touch?: boolean; /* a phone: fingers, no mouse */
    worker?: boolean; /* let the service worker in: it keeps files past page.route */
}

export class Person {
    /* What the page said to the console that it should not have. */
    readonly complaints: string[] = [];

    private constructor(
        readonly name: string,
        readonly display: string,
        private readonly server: { url: string },
        readonly context: BrowserContext,
        readonly page: Page,
    ) {
        page.on('pageerror', (error) => this.complaints.push(String(error)));
        page.on('console', (said) => {
            const text = said.text();
            if (
                /Content Security Policy|Trusted(?:HTML|Script|Type)|Refused to|\[Vue warn\]/.test(
                    text,
                )
            ) {
                this.complaints.push(text);
            }
        });
    }

    static async come(
        browser: Browser,
        server: Server,
        name: string,
        display: string,
        options: Options = {},
    ): Promise<Person> {
        const context = await browser.newContext({
            viewport: options.viewport ?? { width: 1280, height: 800 },
            locale: options.locale ?? 'en-GB',
            colorScheme: options.dark ? 'dark' : 'light',
            ...(options.touch ? { hasTouch: true, isMobile: true } : {}),
            serviceWorkers: options.worker ? 'allow' : 'block',
        });
        return Person.at(context, server, name, display);
    }

    /* In a browser that is there already. */
    static async at(
        context: BrowserContext,
        server: { url: string },
        name: string,
        display: string,
    ): Promise<Person> {
        context.setDefaultTimeout(30_000);
        return new Person(name, display, server, context, await context.newPage());
    }

    async visit(): Promise<void> {
        await this.page.goto(`${this.server.url}/`);
    }

    /* Registers; setup: the code, for the first account. */
    async register(setup?: string): Promise<void> {
        await this.visit();
        await this.page.waitForSelector('form');
        if (setup) await this.page.fill('#setup', setup);
        else if (!(await this.page.isVisible('#display'))) {
            await this.page.click('form + .btn');
        }
        await this.page.fill('#name', this.name);
        await this.page.fill('#display', this.display);
        await this.page.fill('#password', PASSWORD);
        await this.page.click('button[type=submit]');
        await this.page.waitForSelector('.list .bar');
    }

    async logIn(password = PASSWORD): Promise<void> {
        await this.page.fill('#name', this.name);
        await this.page.fill('#password', password);
        await this.page.click('button[type=submit]');
        await this.page.waitForSelector('.list .bar');
    }

    async find(text: string): Promise<void> {
        await this.page.click('.list .bar .icon-button:last-child');
        await this.page.fill('.panel .search input', text);
    }

    async openDirect(other: Person): Promise<void> {
        await this.find(other.name);
        await this.page.click(`.results [data-user="${other.name}"]`);
        await this.page.waitForSelector('.conversation textarea');
    }

    /* A new group of one's own, opened. */
    async makeGroup(
        title: string,
        kind: 'Private' | 'Public' = 'Private',
    ): Promise<void> {
        await this.find('');
        await this.page.click('.results .item:has-text("New group")');
        await this.page.fill('#group-name', title);
        await this.page.click(`.kind:has-text("${kind}")`);
        await this.page.click('.foot .btn');
        await this.page.waitForSelector(`.conversation[aria-label="${title}"]`);
    }

    /* Adds somebody to the open group. */
    async add(name: string): Promise<void> {
        if (!(await this.page.isVisible('.details'))) {
            await this.page.click('.head .about');
        }
        await this.page.click('.details .item:has-text("Add members")');
        await this.page.fill('.details .search input', name);
        await this.page.click(`.details [data-user="${name}"]`);
        await this.page.click('.details .foot .btn');
        await this.page.waitForSelector(`[data-member="${name}"]`);
    }

    /* Opens a page of the settings. */
    async settings(page: string): Promise<void> {
        await this.page.click('.me');
        await this.page.click(`[data-page="${page}"]`);
    }

    /* A command past what is shown; its answer. */
    async api<T>(op: string, fields: object): Promise<T> {
        return this.page.evaluate(
            async ([to, body]) => {
                const answer = await fetch(`/api/${to}`, {
                    method: 'POST',
                    headers: { 'Content-Type': 'application/json' },
                    body: JSON.stringify(body),
                });
                if (!answer.ok) throw new Error(`${to}: ${answer.status}`);
                return (await answer.json()) as T;
            },
            [op, fields] as const,
        );
    }

    /* The short line at the bottom. */
    async told(text: string): Promise<void> {
        await this.page.waitForSelector(`.notice:has-text("${text}")`);
    }

    async openRoom(title: string): Promise<void> {
        await this.page.click(`.rooms .item:has-text("${title}")`);
        await this.page.waitForSelector(`.conversation[aria-label="${title}"]`);
    }

    async type(text: string): Promise<void> {
        await this.page.click('textarea');
        await this.page.keyboard.type(text);
    }

    async say(text: string): Promise<void> {
        await this.type(text);
        await this.page.keyboard.press('Enter');
    }

    /* Many messages to the open room at once, past the keyboard. */
    async sends(texts: string[]): Promise<void> {
        for (let i = 0; i < texts.length; i += 50) {
            const status = await this.page.evaluate(
                async (bodies) => {
                    const digits = () => Math.floor(Math.random() * 16).toString(16);
                    const cid = () => Array.from({ length: 32 }, digits).join('');
                    const answer = await fetch('/api/send', {
                        method: 'POST',
                        headers: { 'Content-Type': 'application/json' },
                        body: JSON.stringify({
                            room: location.hash.split('/').pop(),
                            messages: bodies.map((body) => ({ cid: cid(), body })),
                        }),
                    });
                    return answer.status;
                },
                texts.slice(i, i + 50),
            );
            if (status !== 200) throw new Error(`send was answered ${status}`);
        }
    }

    /* Waits until the text is in the conversation. */
    async reads(text: string): Promise<void> {
        await this.page.waitForSelector(`.bubble .text:text-is("${text}")`);
    }

    /* Waits until one's own message is stored. */
    async sent(text: string): Promise<void> {
        await this.page.waitForSelector(
            `.message:not([data-seq="0"]):has([data-state="sent"] .text:text-is("${text}"))`,
        );
    }

    async bubbles(): Promise<string[]> {
        return this.page.locator('.bubble .text').allTextContents();
    }

    async shot(name: string): Promise<void> {
        mkdirSync(SHOTS, { recursive: true });
        await this.page.screenshot({
            path: `${SHOTS}${name}.png`,
            animations: 'disabled',
        });
    }

    async go(): Promise<void> {
        await this.context.close();
    }
}
