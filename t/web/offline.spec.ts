/* What is promised when there is no network, no server, no TLS, no room, no sense. */
import {
    cpSync,
    mkdtempSync,
    readdirSync,
    readFileSync,
    rmSync,
    appendFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import { Person, startBrowser, startProfile } from './person';
import { Server, waitFor } from './server';

const DIST = fileURLToPath(new URL('../../www/dist/', import.meta.url));
const on = cast();

async function workerReady(page: Page): Promise<void> {
    await waitFor('the service worker', () =>
        page.evaluate(() => navigator.serviceWorker.controller !== null),
    );
}

/* Whether a record of one of the page's databases has the text. */
async function isKept(page: Page, text: string): Promise<boolean> {
    return page.evaluate(async (wanted) => {
        const result = <T>(request: IDBRequest<T>) =>
            new Promise<T>((resolve, reject) => {
                request.onsuccess = () => resolve(request.result);
                request.onerror = () => reject(request.error!);
            });
        for (const { name } of await indexedDB.databases()) {
            const db = await result(indexedDB.open(name!));
            try {
                for (const store of db.objectStoreNames) {
                    const all = db.transaction(store).objectStore(store).getAll();
                    if (JSON.stringify(await result(all)).includes(wanted)) return true;
                }
            } finally {
                db.close();
            }
        }
        return false;
    }, text);
}

/* All texts of the open room, as the server has them. */
async function stored(person: Person): Promise<string[]> {
    const room = await person.page.evaluate(() => location.hash.split('/').pop());
    const answer = await person.api<{ events: { ev: string; body: string }[] }>(
        'history',
        { room, limit: 200 },
    );
    return answer.events.filter((one) => one.ev === 'message').map((one) => one.body);
}

async function write(person: Person, texts: string[]): Promise<void> {
    for (const text of texts) {
        await person.page.fill('textarea', text);
        await person.page.press('textarea', 'Enter');
    }
}

/* Kills the browser that uses a profile folder: the test's own, by its folder. */
function killBrowserOf(folder: string): void {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
        let words: string[];
        try {
            words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
        } catch {
            continue; /* ended meanwhile */
        }
        if (!words.includes(`--user-data-dir=${folder}`)) continue;
        if (!words.some((word) => word.startsWith('--type='))) {
            process.kill(Number(pid), 'SIGKILL');
        }
    }
}

describe('without a network', () => {
    it('a reload shows rooms and newest messages within a second', async () => {
        const [ani, budi] = await on.pair({ worker: true });
        await budi.say('read me later');
        await ani.reads('read me later');
        await workerReady(ani.page);
        await waitFor('the message in the cache', () =>
            isKept(ani.page, 'read me later'),
        );
        await on.server.kill('SIGKILL');
        await ani.page.addInitScript(() => {
            const timing = window as unknown as { shown?: number };
            const look = () => {
                const there = document.querySelector('.bubble .text');
                if (there && document.querySelector('.rooms .item')) {
                    timing.shown = performance.now();
                } else requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
        });
        let least = Infinity;
        for (let i = 0; i < 3; i++) {
            await ani.page.reload();
            await ani.reads('read me later');
            const shown = await ani.page.evaluate(
                () => (window as unknown as { shown: number }).shown,
            );
            least = Math.min(least, shown);
        }
        expect(least).toBeLessThan(1_000);
        await ani.page.waitForSelector('.banner.offline');
        await ani.say('written offline');
        await ani.page.waitForSelector('[data-state="waiting"]');
        await ani.page.reload();
        await ani.page.waitForSelector('[data-state="waiting"]');
        await on.server.start();
        await ani.sent('written offline');
        await budi.reads('written offline');
    });

    it('100 messages outlive a killed browser and arrive once each, in order', async () => {
        const [first, budi] = await on.everyone(['First', 'Budi']);
        const folder = mkdtempSync(join(tmpdir(), 'burung-profile-'));
        const texts = [...Array(100).keys()].map((i) => `n${i}`);
        const own = await startProfile(folder);
        const ani = await Person.at(own, on.server, `ani${++on.count}`, 'Ani');
        await ani.register();
        await ani.openDirect(budi);
        await budi.openRoom('Ani');
        const room = await ani.page.evaluate(() => location.hash);

        await on.server.kill('SIGKILL');
        await ani.page.waitForSelector('.banner.offline');
        await write(ani, texts);
        await ani.page.waitForSelector('[data-state="waiting"] :text-is("n99")');
        killBrowserOf(folder);
        await own.close().catch(() => undefined);

        await on.server.start();
        const again = await startProfile(folder);
        const back = await Person.at(again, on.server, ani.name, 'Ani');
        await back.page.goto(`${on.server.url}/${room}`);
        await back.page.waitForSelector('.list .bar, form');
        await waitFor('all are stored', async () => {
            /* The browser had no time to keep the cookie: then one logs in again. The
             * page may have shown what it has kept before it is told so. */
            if (await back.page.isVisible('#password')) await back.logIn();
            return (await stored(budi)).length >= 100;
        });
        expect(await stored(budi)).toEqual(texts);
        await again.close();
        rmSync(folder, { recursive: true, force: true });
        expect(first.complaints).toEqual([]);
    }, 240_000);
});

describe('two tabs', () => {
    it('share one connection, send once, and outlive each other', async () => {
        const [ani, budi] = await on.pair();
        const room = await ani.page.evaluate(() => location.hash);
        const page = await ani.context.newPage();
        let sockets = 0;
        page.on('websocket', () => sockets++);
        await page.goto(`${on.server.url}/${room}`);
        await page.waitForSelector('textarea');
        await page.fill('textarea', 'from the second tab');
        await page.press('textarea', 'Enter');
        await budi.reads('from the second tab');
        await ani.reads('from the second tab');
        expect(sockets).toBe(0);

        await ani.page.close();
        await page.fill('textarea', 'alone now');
        await page.press('textarea', 'Enter');
        await budi.reads('alone now');
        await waitFor('it connected', () => sockets === 1);
        expect(await stored(budi)).toEqual(['from the second tab', 'alone now']);
    });
});

describe('on plain http in a LAN', () => {
    it('everything else works, and the page says once what TLS would add', async () => {
        const [, budi] = await on.pair();
        const { port } = on.server;
        const browser = await startBrowser([
            '--host-resolver-rules=MAP chat.lan 127.0.0.1',
        ]);
        const lan = { url: `http://chat.lan:${port}` };
        const context = await browser.newContext({ locale: 'en-GB' });
        const ani = await Person.at(context, lan, `lan${++on.count}`, 'Lanny');
        await ani.register();
        expect(await ani.page.evaluate(() => window.isSecureContext)).toBe(false);
        await ani.page.waitForSelector('.banner.plain');
        await ani.page.click('.banner.plain button');
        await ani.page.waitForSelector('.banner.plain', { state: 'detached' });
        await ani.openDirect(budi);
        await budi.openRoom('Lanny');
        const room = await ani.page.evaluate(() => location.hash);

        const second = await context.newPage();
        let sockets = 0;
        second.on('websocket', () => sockets++);
        await second.goto(`${lan.url}/${room}`);
        await second.waitForSelector('textarea');
        expect(await second.isVisible('.banner.plain')).toBe(false);
        await on.server.kill('SIGKILL');
        await ani.page.waitForSelector('.banner.offline');
        await write(ani, ['one', 'two']);
        await second.fill('textarea', 'three');
        await second.press('textarea', 'Enter');
        await second.waitForSelector('[data-state="waiting"] :text-is("three")');
        await on.server.start();
        await budi.reads('three');
        expect(await stored(budi)).toEqual(['one', 'two', 'three']);
        expect(sockets).toBe(0);
        await ani.page.close();
        await second.fill('textarea', 'four');
        await second.press('textarea', 'Enter');
        await budi.reads('four');
        expect(await stored(budi)).toEqual(['one', 'two', 'three', 'four']);
        expect(ani.complaints).toEqual([]);
        await browser.close();
    });
});

describe('a session that ended meanwhile', () => {
    it('leads to the log-in; drafts and unsent messages are kept and sent', async () => {
        const [ani, budi] = await on.pair();
        await on.server.kill('SIGKILL');
        await ani.page.waitForSelector('.banner.offline');
        await ani.say('kept');
        await ani.page.waitForSelector('[data-state="waiting"]');
        await ani.type('half a sen');
        await ani.context.clearCookies();
        await on.server.start();
        await ani.page.waitForSelector('.ended:has-text("session has ended")');
        expect(await ani.page.isVisible('.rooms')).toBe(false);
        await ani.logIn();
        await budi.reads('kept');
        await ani.openRoom('Budi');
        expect(await ani.page.inputValue('textarea')).toBe('half a sen');
        expect(await stored(budi)).toEqual(['kept']);
    });
});

describe('bad input', () => {
    const nonsense = {
        'no JSON': '%%%',
        'a list': '[1,2]',
        'an event without numbers': '{"ev":"message","room":5,"seq":"x"}',
        'rooms that are none': '{"sig":"rooms","rooms":[{"id":7}],"more":false}',
        'a hello that is none': '{"re":1,"user":null,"rooms":"?"}',
    };

    it('from the server does not break the page, which says so and tries again', async () => {
        const [ani, budi] = await on.pair();
        let says: string | undefined;
        await ani.page.routeWebSocket('**/ws', (socket) => {
            if (says === undefined) socket.connectToServer();
            else socket.send(says);
        });
        for (const [what, text] of Object.entries(nonsense)) {
            says = text;
            await ani.page.reload();
            await ani.page.waitForSelector('.banner.nonsense');
            expect(await ani.page.isVisible('.rooms .item'), what).toBe(true);
        }
        says = undefined;
        await ani.page.click('.banner.nonsense .retry');
        await ani.page.waitForSelector('.banner', { state: 'detached' });
        await ani.say('sense again');
        await budi.reads('sense again');
    });

    it('a full disk is told, and the chat goes on', async () => {
        const [ani, budi] = await on.pair();
        await ani.page.addInitScript(() => {
            IDBObjectStore.prototype.put = () => {
                throw new DOMException('no room', 'QuotaExceededError');
            };
        });
        await ani.page.reload();
        await ani.page.waitForSelector('textarea');
        await budi.say('are you there');
        await ani.page.waitForSelector('.banner.full');
        await ani.say('yes');
        await budi.reads('yes');
        await ani.sent('yes');
    });

    it('a clock that is a day wrong does not change what is shown', async () => {
        const [ani, budi] = await on.pair();
        await ani.page.addInitScript(() => {
            const right = Date.now.bind(Date);
            Date.now = () => right() - 86_400_000;
        });
        await ani.page.reload();
        await ani.page.waitForSelector('textarea');
        await ani.say('what day is it');
        await budi.say('today');
        await ani.sent('what day is it');
        await ani.reads('today');
        expect(await ani.page.locator('.day').allTextContents()).toEqual(
            await budi.page.locator('.day').allTextContents(),
        );
        expect(await ani.page.locator('.day').count()).toBe(1);
        expect(await ani.page.textContent('.day')).toContain('Today');
    });
});

describe('a new version of the client', () => {
    it('is offered, and comes with a reload when the reader wants it', async () => {
        const www = mkdtempSync(join(tmpdir(), 'burung-www-'));
        cpSync(DIST, www, { recursive: true });
        const server = await Server.run({ www });
        const context = await on.browser.newContext({ locale: 'en-GB' });
        const ani = await Person.at(context, server, 'ani', 'Ani');
        await ani.register(server.setupCode);
        await workerReady(ani.page);
        const cached = () =>
            ani.page.evaluate(async () => (await caches.keys()).join());
        const before = await cached();
        for (const packed of ['sw.js.gz', 'sw.js.br']) rmSync(join(www, packed));
        const changed = readFileSync(join(www, 'sw.js'), 'utf8').replace(
            /"([0-9a-f]{16})"/,
            '"0123456789abcdef"',
        );
        rmSync(join(www, 'sw.js'));
        appendFileSync(join(www, 'sw.js'), changed);
        await server.kill('SIGTERM');
        await server.start();
        await ani.page.click('.banner.update button:has-text("Reload")');
        await waitFor('the new version', async () => {
            const now = await cached().catch(() => before);
            return now !== before && now === 'burung-0123456789abcdef';
        });
        await ani.page.waitForSelector('.list .bar');
        expect(await ani.page.isVisible('.banner.update')).toBe(false);
        expect(ani.complaints).toEqual([]);
        await context.close();
        await server.end();
        rmSync(www, { recursive: true, force: true });
    });
});
