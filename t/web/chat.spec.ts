/* The built client in Chromium against a real burungd. */
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import { PHONE, type Person } from './person';
import { waitFor } from './server';

const on = cast();

describe('accounts', () => {
    it('lets the first person set the server up, in a browser, with the printed code', async () => {
        const first = await on.visitor('First');
        await first.visit();
        await first.page.waitForSelector('#setup');
        await first.page.fill('#setup', 'not-the-code');
        await first.page.fill('#name', first.name);
        await first.page.fill('#password', 'long enough');
        await first.page.click('button[type=submit]');
        await first.page.waitForSelector(
            '[role=alert]:has-text("setup code is wrong")',
        );
        await first.shot('setup');
        await first.register(on.server.setupCode);
        on.isSetUp();
        await first.page.click('.me');
        await first.page.waitForSelector('.who .tag:has-text("Administrator")');
    });

    it('tells what is wrong with a name or a password', async () => {
        const ani = await on.someone('Ani');
        const other = await on.visitor('Other');
        await other.visit();
        await other.page.fill('#name', ani.name);
        await other.page.fill('#password', 'wrong password');
        await other.page.click('button[type=submit]');
        await other.page.waitForSelector('[role=alert]:has-text("wrong")');
        await other.page.click('form + .btn');
        await other.page.fill('#password', 'long enough');
        await other.page.click('button[type=submit]');
        await other.page.waitForSelector('[role=alert]:has-text("taken")');
    });

    it('logs out, in every tab, and in again; drafts stay', async () => {
        const [ani] = await on.pair();
        await ani.type('half a sentence');
        const tab = await ani.context.newPage();
        await tab.goto(on.server.url);
        await tab.waitForSelector('.rooms .item');
        await ani.page.bringToFront(); /* a page behind another is slow */
        await ani.page.click('.me');
        await ani.page.click('.out');
        await ani.page.click('dialog .btn-danger, dialog .btn-primary');
        await ani.page.waitForSelector('#password');
        await tab.waitForSelector('#password');
        await ani.logIn();
        await ani.page.waitForSelector('.draft');
        await ani.openRoom('Budi');
        expect(await ani.page.inputValue('textarea')).toBe('half a sentence');
    });
});

describe('a direct chat', () => {
    it('carries messages both ways, once each, in order', async () => {
        const [ani, budi] = await on.pair();
        await ani.say('hello');
        await budi.reads('hello');
        await budi.say('hi yourself');
        await ani.reads('hi yourself');
        for (let i = 0; i < 20; i++) await ani.say(`n${i}`);
        await ani.sent('n19');
        await budi.reads('n19');
        const expected = [
            'hello',
            'hi yourself',
            ...[...Array(20).keys()].map((i) => `n${i}`),
        ];
        expect(await budi.bubbles()).toEqual(expected);
        expect(await ani.bubbles()).toEqual(expected);
    });

    it('shows who is typing and who is here', async () => {
        const [ani, budi] = await on.pair();
        await budi.page.waitForSelector('.status:has-text("online")');
        await ani.type('wait');
        await budi.page.waitForSelector('.status:has-text("typing")');
        await ani.go();
        on.here = [budi];
        await budi.page.waitForSelector('.status:has-text("last seen")');
    });

    it('shows text as text, whatever it looks like', async () => {
        const [ani, budi] = await on.pair();
        await ani.say('<b onclick="x()">&amp;</b> https://example.org/a?b=1.');
        const bubble = budi.page.locator('.bubble .text').last();
        await budi.page.waitForSelector('.bubble .text a');
        expect(await bubble.textContent()).toBe(
            '<b onclick="x()">&amp;</b> https://example.org/a?b=1.',
        );
        expect(await bubble.locator('a').getAttribute('href')).toBe(
            'https://example.org/a?b=1',
        );
    });

    it('keeps lines, and answers a message with its quote', async () => {
        const [ani, budi] = await on.pair();
        await ani.type('one');
        await ani.page.keyboard.press('Shift+Enter');
        await ani.page.keyboard.type('two');
        await ani.page.keyboard.press('Enter');
        const bubble = budi.page.locator('.bubble').last();
        await budi.page.waitForSelector('.bubble');
        expect(await bubble.locator('.text').textContent()).toBe('one\ntwo');
        await bubble.hover();
        await budi.page.click('.actions .icon-button >> nth=0');
        await budi.say('three');
        await ani.page.waitForSelector('.quote:has-text("one")');
    });
});

describe('unread messages', () => {
    it('are counted, marked with a line, and read on all devices', async () => {
        const [ani, budi] = await on.pair();
        const chris = await on.someone('Chris');
        await budi.openDirect(chris);
        for (const text of ['one', 'two', 'three']) await ani.say(text);
        await budi.page.waitForSelector('.item:has-text("Ani") .badge:text-is("3")');
        expect(await budi.page.title()).toBe('(1) Chris · Burung');

        const second = await budi.context.newPage();
        await second.goto(`${on.server.url}/`);
        await second.waitForSelector('.item:has-text("Ani") .badge:text-is("3")');
        await budi.openRoom('Ani');
        await budi.page.waitForSelector('.unread + .day, .unread');
        await second.waitForSelector('.item:has-text("Ani"):not(:has(.badge))');
        await budi.page.reload();
        await budi.page.waitForSelector('.bubble');
        expect(await budi.page.locator('.badge').count()).toBe(0);
    });
});

describe('groups', () => {
    it('are made with members, and members are added, promoted and removed', async () => {
        const [ani, budi, chris] = await on.everyone(['Ani', 'Budi', 'Chris']);
        const title = `Birds ${on.count}`;
        await ani.find('');
        await ani.page.click('.results .item:has-text("New group")');
        await ani.page.fill('#group-name', title);
        await ani.page.fill('.picker .search input', budi.name);
        await ani.page.click(`.people [data-user="${budi.name}"]`);
        await ani.page.click('.foot .btn');
        await ani.page.waitForSelector(`.conversation[aria-label="${title}"]`);
        await ani.say('welcome');
        await budi.openRoom(title);
        await budi.reads('welcome');

        await ani.page.click('.head .about');
        await ani.page.click('.details .item:has-text("Add members")');
        await ani.page.fill('.details .search input', chris.name);
        await ani.page.click(`.details [data-user="${chris.name}"]`);
        await ani.page.click('.details .foot .btn');
        await chris.openRoom(title);
        await chris.reads('welcome');
        await budi.page.waitForSelector('.note:has-text("Ani added Chris")');

        await ani.page.click(`[data-member="${budi.name}"]`);
        await ani.page.click('.acts button:has-text("Make admin")');
        await ani.page.waitForSelector(
            `[data-member="${budi.name}"] .tag:text-is("Admin")`,
        );
        await ani.shot('group');

        await budi.page.click('.head .about');
        await budi.page.click(`[data-member="${chris.name}"]`);
        await budi.page.click('.acts button:has-text("Remove")');
        await budi.page.click('dialog .btn-danger');
        await chris.page.waitForSelector('.place .notice');
        expect(await chris.page.locator('.rooms .item').count()).toBe(0);
        await ani.page.waitForSelector('.note:has-text("Budi removed Chris")');
    });

    it('that are public are found, joined and left; the owner hands over', async () => {
        const [ani, budi] = await on.everyone(['Ani', 'Budi']);
        const title = `Open ${on.count}`;
        await ani.find('');
        await ani.page.click('.results .item:has-text("New group")');
        await ani.page.fill('#group-name', title);
        await ani.page.click('.kind:has-text("Public")');
        await ani.page.click('.foot .btn');
        await ani.page.waitForSelector(`.conversation[aria-label="${title}"]`);

        await budi.find(title.slice(0, 6));
        await budi.page.click(`[data-group="${title}"]`);
        await budi.page.waitForSelector(`.conversation[aria-label="${title}"]`);
        await budi.say('made it');
        await ani.reads('made it');

        await ani.page.click('.head .about');
        await ani.page.click(`[data-member="${budi.name}"]`);
        await ani.page.click('.acts button:has-text("Hand")');
        await ani.page.click('dialog .btn-primary');
        await ani.page.waitForSelector(
            `[data-member="${budi.name}"] .tag:text-is("Owner")`,
        );
        await ani.page.click('.details .leave');
        await ani.page.click('dialog .btn-danger');
        await ani.page.waitForSelector('.nothing');
        await budi.page.waitForSelector('.note:has-text("Ani left")');
    });
});

describe('history', () => {
    it('comes page by page without moving what one looks at, and ends', async () => {
        const [ani, budi] = await on.pair();
        await ani.sends([...Array(240).keys()].map((i) => `line ${i}`));
        await budi.reads('line 239');
        await ani.page.reload();
        await ani.reads('line 239');
        const loaded = (await ani.bubbles()).length;
        expect(loaded).toBeLessThan(240);

        const scroller = ani.page.locator('.scroller');
        const box = (await scroller.boundingBox())!;
        await ani.page.mouse.move(box.x + 200, box.y + 200);
        const seen = new Set(await ani.bubbles());
        await waitFor('the first line', async () => {
            await ani.page.mouse.wheel(0, -400);
            const jump = await movedBy(
                ani,
                () => new Promise((done) => setTimeout(done, 60)),
            );
            expect(Math.abs(jump)).toBeLessThan(3);
            const texts = await ani.bubbles();
            for (const text of texts) seen.add(text);
            return texts[0] === 'line 0';
        });
        expect(seen.size).toBe(240);

        await ani.page.click('.latest');
        await ani.page.waitForSelector('.latest', { state: 'detached' });
    });
});

/* By how many pixels the first visible message moves while something happens that is
 * not scrolling. */
async function movedBy(person: Person, wait: () => Promise<unknown>): Promise<number> {
    const place = () =>
        person.page.evaluate(() => {
            const box = document.querySelector('.scroller')!.getBoundingClientRect();
            const rows = [...document.querySelectorAll<HTMLElement>('.message')];
            const row = rows.find((one) => one.getBoundingClientRect().top >= box.top)!;
            return { key: row.dataset['key']!, top: row.getBoundingClientRect().top };
        });
    await person.page.evaluate(
        () =>
            new Promise((done) =>
                requestAnimationFrame(() => requestAnimationFrame(() => done(0))),
            ),
    );
    const before = await place();
    await wait();
    return person.page.evaluate(({ key, top }) => {
        const row = document.querySelector(`[data-key="${key}"]`)!;
        return row.getBoundingClientRect().top - top;
    }, before);
}

describe('when the server is killed', () => {
    it('typing goes on, and what is sent meanwhile arrives once', async () => {
        const [ani, budi] = await on.pair();
        await ani.say('before');
        await budi.reads('before');
        await ani.type('typed while ');
        await on.server.kill('SIGKILL');
        await ani.page.waitForSelector('.banner.offline');
        await ani.page.keyboard.type('it was down');
        expect(await ani.page.inputValue('textarea')).toBe('typed while it was down');
        await ani.page.keyboard.press('Enter');
        await ani.say('and one more');
        await ani.page.waitForSelector('[data-state="waiting"]');
        await ani.shot('offline');

        await on.server.start();
        await ani.sent('and one more');
        await budi.reads('and one more');
        const all = ['before', 'typed while it was down', 'and one more'];
        expect(await budi.bubbles()).toEqual(all);
        expect(await ani.bubbles()).toEqual(all);
        await ani.page.waitForSelector('.banner', { state: 'detached' });
        await budi.say('welcome back');
        await ani.reads('welcome back');
    });

    it('a phone says so too, and nobody is said to be online', async () => {
        const [ani] = await on.pair({ viewport: PHONE });
        await ani.page.waitForSelector('.status:has-text("online")');
        await on.server.kill('SIGKILL');
        await ani.page.waitForSelector('.banner.offline');
        expect(await ani.page.isVisible('.conversation')).toBe(true);
        await ani.page.waitForSelector('.status:not(:has-text("online"))');
        await ani.shot('phone-offline');
        await on.server.start();
        await ani.page.waitForSelector('.banner', { state: 'detached' });
        await ani.page.waitForSelector('.status:has-text("online")');
    });

    it('a reload in between loses nothing either', async () => {
        const [ani, budi] = await on.pair();
        await ani.say('first');
        await budi.reads('first');
        await ani.context.setOffline(true);
        await on.server.kill('SIGKILL');
        await ani.page.waitForSelector('.banner.offline');
        await ani.say('kept');
        await ani.page.waitForSelector('[data-state="waiting"]');
        await ani.context.setOffline(false);
        await on.server.start();
        await ani.page.reload();
        await ani.sent('kept');
        await budi.reads('kept');
        expect(await budi.bubbles()).toEqual(['first', 'kept']);
    });
});

describe('looks', () => {
    it('speaks Indonesian to who prefers it', async () => {
        const [ani, budi] = await on.pair({ locale: 'id-ID', dark: true });
        await ani.page.waitForSelector('h1:text-is("Obrolan")');
        expect(await ani.page.getAttribute('html', 'lang')).toBe('id');
        expect(await ani.page.getAttribute('html', 'data-bs-theme')).toBe('dark');
        await budi.say('selamat pagi');
        await ani.reads('selamat pagi');
        await ani.shot('indonesian-dark');
        await ani.page.click('.me');
        await ani.page.click('.segments label:has-text("English")');
        await ani.page.waitForSelector('h2:text-is("Settings")');
        await ani.page.reload();
        await ani.page.waitForSelector('h1:text-is("Chats")');
    });

    it('fits a phone: list, then conversation, then back', async () => {
        const [ani, budi] = await on.pair({ viewport: PHONE });
        await ani.say('from a phone');
        await budi.reads('from a phone');
        expect(await ani.page.isVisible('.list')).toBe(false);
        await ani.shot('phone-room');
        const wide = await ani.page.evaluate(
            () => document.documentElement.scrollWidth > window.innerWidth,
        );
        expect(wide).toBe(false);
        await ani.page.goBack();
        await ani.page.waitForSelector('.rooms .item');
        expect(await ani.page.locator('textarea').count()).toBe(0);
        await ani.shot('phone-list');
    });

    it('can be used with the keyboard alone', async () => {
        const [ani, budi] = await on.pair();
        await budi.say('press keys');
        await ani.page.goBack();
        await ani.page.waitForSelector('.nothing');
        await ani.page.focus('.rooms .item');
        await ani.page.keyboard.press('Enter');
        await ani.page.waitForSelector('textarea:focus');
        await ani.page.keyboard.type('pressed');
        await ani.page.keyboard.press('Enter');
        await budi.reads('pressed');
    });
});
