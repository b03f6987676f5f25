/* The client for everyone: every view passes axe in light and dark, fits 320 pixels in
 * both directions of writing and with letters twice as large, and the whole of it can be
 * used with the keyboard alone. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import { PASSWORD, type Person } from './person';
import { waitFor } from './server';

const on = cast();
const www = createRequire(new URL('../../www/package.json', import.meta.url));
const AXE = readFileSync(www.resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

interface Finding {
    id: string;
    impact?: string | null;
    nodes: { html: string; any: { message: string }[] }[];
}

/* What axe finds that is more than a matter of taste, as “rule: element”. */
async function findings(page: Page): Promise<string[]> {
    const known = await page.evaluate(() => 'axe' in window);
    if (!known) await page.evaluate(AXE);
    await still(page);
    const found = await page.evaluate(async (rules) => {
        const { axe } = window as unknown as {
            axe: { run(on: Document, how: object): Promise<{ violations: Finding[] }> };
        };
        const runOnly = { type: 'tag', values: rules };
        return (await axe.run(document, { runOnly })).violations;
    }, RULES);
    return found
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .flatMap(({ id, nodes }) =>
            nodes.map(({ html, any }) => `${id}: ${html} ${any[0]?.message ?? ''}`),
        );
}

/* Nothing moves any more: half-faded text has half its contrast. */
async function still(page: Page): Promise<void> {
    await page.evaluate(() =>
        Promise.all(
            document.getAnimations().map((one) => {
                const { iterations } = one.effect?.getTiming() ?? {};
                return iterations === Infinity
                    ? undefined
                    : one.finished.catch(() => 0);
            }),
        ),
    );
}

/* What is beyond the edges of the window, though one needs it. */
async function overflow(page: Page): Promise<string[]> {
    await still(page);
    return page.evaluate(() => {
        const wide = document.documentElement.scrollWidth;
        const out = wide > innerWidth ? [`the page is ${wide} wide`] : [];
        const all = document.querySelectorAll<HTMLElement>(
            'button, a, input, textarea, h1, h2, h3, [role=option]',
        );
        for (const one of all) {
            if (!one.checkVisibility({ visibilityProperty: true })) continue;
            if (one.classList.contains('visually-hidden')) continue;
            const { left, right, width } = one.getBoundingClientRect();
            if (width > 0 && (left < -1 || right > innerWidth + 1)) {
                out.push(`${Math.round(left)}–${Math.round(right)} ${one.outerHTML}`);
            }
        }
        return out.map((text) => text.slice(0, 200));
    });
}

type Look = (view: string) => Promise<void>;

/* Through all views of somebody who is logged in, with chats and a group of one's own;
 * look is called in each. */
async function tour(person: Person, look: Look): Promise<void> {
    const { page } = person;
    const back = () => page.click('.panel .bar .icon-button');
    const open = async (name: string, click: string, there: string) => {
        await page.click(click);
        await page.waitForSelector(there);
        await look(name);
    };
    await look('list');
    await page.fill('.list .search input', 'c');
    await page.waitForSelector('.rooms [data-user]');
    await look('search');
    await page.fill('.list .search input', '');

    await open('find', '.list .bar .icon-button:last-child', '.results [data-user]');
    await open('directory', '.results .item:nth-child(2)', '.results [data-group]');
    await back();
    await open('group', '.results .item:nth-child(1)', '.people [data-user]');
    await page.click('.people [data-user]');
    await look('group chosen');
    await back();
    await back();

    await open('settings', '.me', '[data-page=profile]');
    for (const name of ['profile', 'password', 'sessions', 'invites', 'delete']) {
        if (!(await page.isVisible(`[data-page="${name}"]`)))
            continue; /* no administrator */
        await page.click(`[data-page="${name}"]`);
        await page.waitForSelector('[data-page]', { state: 'detached' });
        await page.waitForSelector('.panel .scroll > :nth-child(1)');
        await look(name);
        await back();
    }
    await open('log out', '.out', 'dialog .btn-primary');
    await page.keyboard.press('Escape');
    await open('shortcuts', '.help', 'dialog kbd');
    await page.keyboard.press('Escape');
    await back();

    await page.keyboard.press('Control+k');
    await page.waitForSelector('dialog [role=option]');
    await look('quick');
    await page.fill('dialog input', 'zzzz');
    await page.waitForSelector('dialog .status.empty');
    await look('quick, nothing found');
    await page.keyboard.press('Escape');

    await open('conversation', '.rooms .item:has-text("Budi")', '.bubble .text');
    await open('details of a person', '.head .about', '.details .mute');
    await open('mute', '.details .mute', '.spans');
    await page.click('.details .bar .icon-button');
    if (await page.isVisible('.to-list')) await page.click('.to-list');
    await open('group', '.rooms .item:has-text("Kebun")', '.composer');
    await open('members', '.head .about', '[data-member]');
    await open('acts', `button[data-member]`, '.acts');
    await open('edit group', '.details .edit', '#room-label');
    await back();
    await open('add members', '.details .add', '.people [data-user]');
    await back();
    await open('leave', '.details .leave', 'dialog .btn-danger');
    await page.keyboard.press('Escape');
    await page.click('.details .bar .icon-button');
    if (await page.isVisible('.to-list')) await page.click('.to-list');
}

/* Two people who know each other, and a group. The first one is the administrator. */
async function scene(): Promise<[Person, Person]> {
    const ani = await on.someone('Ani');
    const budi = await on.someone('Budi');
    await on.someone('Citra');
    /* nothing is on its way to its place when one looks */
    await ani.page.emulateMedia({ reducedMotion: 'reduce' });
    await ani.openDirect(budi);
    await ani.say('Halo Budi, apa kabar?');
    await budi.openRoom('Ani');
    await budi.say('Baik! https://example.org/a-rather-long-address-of-a-page');
    await budi.say('@' + ani.name + ' kapan ke kebun?');
    await ani.page.waitForSelector('.bubble:has-text("kapan")');
    await ani.makeGroup('Kebun bersama di belakang rumah', 'Public');
    await ani.add(budi.name);
    await ani.say('Selamat datang');
    await ani.page.goto(`${on.server.url}/#/`);
    await ani.page.reload();
    await ani.page.waitForSelector('.rooms [data-room]');
    return [ani, budi];
}

describe('every view', () => {
    it('passes axe, in light and in dark', async () => {
        const guest = await on.visitor('Guest');
        const problems: string[] = [];
        const look = (person: Person) => async (view: string) => {
            for (const colorScheme of ['light', 'dark'] as const) {
                await person.page.emulateMedia({
                    colorScheme,
                    reducedMotion: 'reduce',
                });
                for (const one of await findings(person.page)) {
                    problems.push(`${view}, ${colorScheme}: ${one}`);
                }
            }
        };
        await guest.visit();
        await guest.page.waitForSelector('#setup');
        await look(guest)('set up');
        const [ani, budi] = await scene();
        await guest.page.reload();
        await guest.page.waitForSelector('#name');
        await look(guest)('log in');
        await guest.page.fill('#name', 'nobody');
        await guest.page.fill('#password', 'not a password');
        await guest.page.keyboard.press('Enter');
        await guest.page.waitForSelector('[role=alert]');
        await look(guest)('log in failed');
        await guest.page.click('form + .btn');
        await look(guest)('register');
        await tour(ani, look(ani));
        await budi.go();
        expect(problems).toEqual([]);
    }, 300_000);

    it('fits 320 pixels, written from left to right and from right to left', async () => {
        const [ani] = await scene();
        await ani.page.setViewportSize({ width: 320, height: 568 });
        const problems: string[] = [];
        const look: Look = async (view) => {
            for (const dir of ['ltr', 'rtl']) {
                await ani.page.evaluate(
                    (to) => (document.documentElement.dir = to),
                    dir,
                );
                for (const one of await overflow(ani.page)) {
                    problems.push(`${view}, ${dir}: ${one}`);
                }
            }
            await ani.page.evaluate(() => (document.documentElement.dir = 'ltr'));
        };
        await tour(ani, look);
        expect(problems).toEqual([]);
    }, 180_000);

    it('can be read with letters twice as large', async () => {
        const [ani] = await scene();
        await ani.page.evaluate(
            () => (document.documentElement.style.fontSize = '200%'),
        );
        const problems: string[] = [];
        await tour(ani, async (view) => {
            for (const one of await overflow(ani.page))
                problems.push(`${view}: ${one}`);
        });
        expect(problems).toEqual([]);
    }, 180_000);
});

/* Presses Tab until the element has the focus, and sees to it that the focus can always
 * be seen. */
async function tabTo(page: Page, selector: string, key = 'Tab'): Promise<void> {
    const passed: string[] = [];
    for (let presses = 0; presses < 40; presses++) {
        await page.keyboard.press(key);
        const at = await page.evaluate((wanted) => {
            const element = document.activeElement as HTMLElement;
            const { left, top, width, height } = element.getBoundingClientRect();
            const hit = document.elementFromPoint(left + width / 2, top + height / 2);
            const seen =
                element.matches('.segments input, .kind input') ||
                (hit !== null && (element.contains(hit) || hit.contains(element)));
            const html = element.outerHTML.replace(/>[^]*/, '>');
            return { there: element.matches(wanted), seen, html };
        }, selector);
        expect(at.seen, `the focus is hidden: ${at.html}`).toBe(true);
        if (at.there) return;
        passed.push(at.html);
    }
    throw new Error(`Tab does not lead to ${selector}:\n${passed.join('\n')}`);
}

async function focused(page: Page, selector: string): Promise<void> {
    await waitFor(`the focus is on ${selector}`, () =>
        page.evaluate((one) => document.activeElement?.matches(one), selector),
    );
}

describe('the keyboard alone', () => {
    it('logs in, finds a person, writes, reads, opens details, changes a setting, logs out', async () => {
        const ani = await on.someone('Ani');
        const budi = await on.someone('Budi');
        const device = await on.visitor('Device');
        const { page } = device;
        const { keyboard } = page;
        await device.visit();
        await focused(page, '#name');
        await keyboard.type(ani.name);
        await tabTo(page, '#password');
        await keyboard.type(PASSWORD);
        await keyboard.press('Enter');
        await page.waitForSelector('.list .bar');

        await keyboard.press('Control+k');
        await focused(page, 'dialog input');
        await keyboard.type(budi.name);
        await page.waitForSelector(`[role=option]:has-text("@${budi.name}")`);
        await keyboard.press('Enter');
        await focused(page, '.composer textarea');
        await keyboard.type('Hello from the keyboard');
        await keyboard.press('Enter');
        await device.sent('Hello from the keyboard');
        await budi.openRoom('Ani');
        await budi.reads('Hello from the keyboard');
        await budi.say('I can read you');
        await device.reads('I can read you');
        await page.waitForSelector('[aria-live]:has-text("I can read you")', {
            state: 'attached',
        });

        await tabTo(page, '.head .about', 'Shift+Tab');
        await keyboard.press('Enter');
        await focused(page, '.details .bar .icon-button');
        await tabTo(page, '.details .mute');
        await keyboard.press('Escape');
        await page.waitForSelector('.details', { state: 'detached' });
        await focused(page, '.head .about');

        await keyboard.press('Escape');
        await focused(page, '.rooms [data-room]');
        await tabTo(page, '.me', 'Shift+Tab');
        await keyboard.press('Enter');
        await focused(page, '.panel .bar .icon-button');
        await tabTo(page, '[data-page=profile]');
        await keyboard.press('ArrowDown');
        await focused(page, '[data-page=password]');
        await keyboard.press('Enter');
        await focused(page, '.panel .bar .icon-button');
        await keyboard.press('Escape');
        await focused(page, '[data-page=password]');
        await tabTo(page, '[name=language]');
        await keyboard.press('ArrowRight');
        await page.waitForSelector('.panel h2:text-is("Pengaturan")');
        expect(await page.getAttribute('html', 'lang')).toBe('id');
        await keyboard.press('ArrowLeft');
        await page.waitForSelector('.panel h2:text-is("Settings")');

        await tabTo(page, '.help');
        await keyboard.press('ArrowDown');
        await focused(page, '.out');
        await keyboard.press('Enter');
        await tabTo(page, 'dialog .btn-primary');
        await keyboard.press('Escape');
        await focused(page, '.out');
        await keyboard.press('Enter');
        await tabTo(page, 'dialog .btn-primary');
        await keyboard.press('Enter');
        await page.waitForSelector('#name');
        await focused(page, '#name');
    });

    it('goes through lists with the arrows, of which Tab sees one row', async () => {
        const ani = await on.someone('Ani');
        for (const label of ['Three', 'Two', 'One']) {
            await ani.api('room_create', { kind: 'private', label });
        }
        const { page } = ani;
        const { keyboard } = page;
        await page.waitForSelector('.rooms .item:has-text("Three")');
        expect(await page.locator('.rooms .item[tabindex="0"]').count()).toBe(1);
        await page.focus('.list .search input');
        await keyboard.press('ArrowDown');
        await focused(page, '.rooms li:nth-child(1) .item');
        await keyboard.press('End');
        await focused(page, '.rooms li:last-child .item');
        await keyboard.press('ArrowUp');
        await focused(page, '.rooms li:nth-last-child(2) .item');
        await keyboard.press('Home');
        await focused(page, '.rooms li:nth-child(1) .item');
        await keyboard.press('Enter');
        await focused(page, '.composer textarea');
        const first = await page.getAttribute('.conversation', 'aria-label');
        await keyboard.press('Alt+ArrowDown');
        await page.waitForSelector(`.conversation:not([aria-label="${first}"])`);
        await focused(page, '.composer textarea');
        await keyboard.press('Alt+ArrowUp');
        await page.waitForSelector(`.conversation[aria-label="${first}"]`);
    });

    it('shows its help on “?”, but not while one writes, nor when that is switched off', async () => {
        const ani = await on.someone('Ani');
        const { page } = ani;
        const { keyboard } = page;
        await page.focus('.list .search input');
        await keyboard.type('why?');
        expect(await page.inputValue('.list .search input')).toBe('why?');
        expect(await page.isVisible('dialog')).toBe(false);
        await page.focus('.me');
        await keyboard.press('?');
        await page.waitForSelector('dialog h2:text-is("Keyboard")');
        await tabTo(page, 'dialog input');
        await keyboard.press('Space');
        await keyboard.press('Escape');
        await page.waitForSelector('dialog', { state: 'detached' });
        await focused(page, '.me');
        await keyboard.press('?');
        await keyboard.press('Control+/');
        await page.waitForSelector('dialog');
        expect(await page.locator('dialog kbd:text-is("?")').count()).toBe(0);
    });
});
