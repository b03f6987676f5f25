/* What one feels rather than sees: nothing moves for those who want it so, and what is
 * pasted is text. */
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import { PHONE, type Person } from './person';
import { waitFor } from './server';

const on = cast();

/* Notes all that moves from now on: transitions, and animations that can be seen. */
async function watchMotion(person: Person): Promise<void> {
    await person.page.evaluate(() => {
        const moved: string[] = [];
        const note = (event: Event): void => {
            const element = event.target as Element;
            for (const animation of element.getAnimations({ subtree: true })) {
                const { duration } = animation.effect!.getTiming();
                if (Number(duration) > 1)
                    moved.push(`${element.className}: ${duration}`);
            }
        };
        for (const what of ['transitionrun', 'animationstart'])
            document.addEventListener(what, note, true);
        Object.assign(window, { moved });
    });
}

async function moved(person: Person): Promise<string[]> {
    return person.page.evaluate(() => (window as unknown as { moved: string[] }).moved);
}

/* Into a conversation and back to the list of a phone, where it slides otherwise. */
async function goAbout(person: Person): Promise<void> {
    await person.page.click('.to-list');
    await person.page.waitForSelector('.rooms [data-room]');
    await person.page.hover('.rooms [data-room]');
    await person.openRoom('Ani');
}

/* Scrolls up, goes to the newest by the button; how often the list stood between. */
async function stopsOnTheWayDown(person: Person): Promise<number> {
    const { page } = person;
    await page.locator('.scroller').evaluate(async (box) => {
        for (let i = 0; i < 20; i++) {
            box.scrollTop -= 40;
            await new Promise(requestAnimationFrame);
        }
    });
    await page.waitForSelector('.latest');
    return page.locator('.scroller').evaluate(async (box) => {
        const from = box.scrollTop;
        const places: number[] = [];
        document.querySelector<HTMLElement>('.latest')!.click();
        const ended = () => box.scrollTop + box.clientHeight > box.scrollHeight - 2;
        for (let frame = 0; !ended() && frame < 2_000; frame++) {
            await new Promise(requestAnimationFrame);
            places.push(box.scrollTop);
        }
        const end = box.scrollTop;
        return places.filter((place) => place > from + 2 && place < end - 2).length;
    });
}

describe('who wants less motion', () => {
    it('sees nothing slide, fade or scroll; others do', async () => {
        const [ani, budi] = await on.pair();
        await ani.sends([...Array(60).keys()].map((i) => `line ${i}`));
        await budi.reads('line 59');
        await budi.page.emulateMedia({ reducedMotion: 'reduce' });
        expect(await stopsOnTheWayDown(budi)).toBe(0);
        await budi.page.emulateMedia({ reducedMotion: 'no-preference' });
        expect(await stopsOnTheWayDown(budi)).toBeGreaterThan(0);

        await budi.page.setViewportSize(PHONE);
        /* what began before ends here, unseen */
        await budi.page.emulateMedia({ reducedMotion: 'reduce' });
        await watchMotion(budi);
        await goAbout(budi);
        expect(await moved(budi)).toEqual([]);
        await budi.page.emulateMedia({ reducedMotion: 'no-preference' });
        await goAbout(budi);
        await waitFor('something moves', async () => (await moved(budi)).length > 0);
    });

    it('finds each panel at its place at once, and what was there gone', async () => {
        const ani = await on.someone('Ani');
        const { page } = ani;
        await page.emulateMedia({ reducedMotion: 'reduce' });
        const panels = () =>
            page.evaluate(() => {
                const width = document.querySelector('.sidebar')!.clientWidth;
                const all = document.querySelectorAll<HTMLElement>('.sidebar > *');
                return [...all]
                    .filter((one) => one.checkVisibility())
                    .map((one) => {
                        const box = one.getBoundingClientRect();
                        const { opacity } = getComputedStyle(one);
                        return [box.left, box.width - width, Number(opacity)];
                    });
            });
        const there = [[0, 0, 1]];
        for (const frames of ['as they come', 'none']) {
            /* no frame more: what needs one to get to its place stays where it is */
            if (frames === 'none')
                await page.evaluate(() => {
                    window.requestAnimationFrame = () => 0;
                });
            await page.click('.me');
            await page.waitForSelector('[data-page=profile]');
            expect(await panels(), `settings, frames: ${frames}`).toEqual(there);
            await page.click('.panel .bar .icon-button');
            await page.waitForSelector('.list', { state: 'visible' });
            expect(await panels(), `the list again, frames: ${frames}`).toEqual(there);
        }
    });
});

describe('what is pasted', () => {
    it('is the text alone, whatever it looked like where it was copied', async () => {
        const [ani, budi] = await on.pair();
        await ani.context.grantPermissions(['clipboard-read', 'clipboard-write']);
        await ani.page.bringToFront();
        await ani.page.evaluate(async () => {
            const html = '<h1>Big</h1><hr><b>and bold</b>';
            const piece = (type: string, text: string) => ({
                [type]: new Blob([text], { type }),
            });
            await navigator.clipboard.write([
                new ClipboardItem({
                    ...piece('text/html', html),
                    ...piece('text/plain', 'Big\nand bold'),
                }),
            ]);
        });
        await ani.type('<>');
        await ani.page.keyboard.press('ArrowLeft');
        await ani.page.keyboard.press('Control+v');
        await waitFor('it is pasted', async () => {
            return (await ani.page.inputValue('textarea')) === '<Big\nand bold>';
        });
        expect(await ani.page.locator('.composer :is(h1, hr, b)').count()).toBe(0);
        await ani.page.keyboard.press('Enter');
        await budi.reads('<Big and bold>');
        expect(await budi.bubbles()).toEqual(['<Big\nand bold>']);
    });
});

/* Presses the mouse on an element, in its middle. */
async function pressOn(person: Person, selector: string): Promise<void> {
    const { page } = person;
    const box = (await page.locator(selector).boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
}

describe('what one presses', () => {
    it('is opened, though another chat moves to the top meanwhile', async () => {
        const [ani, budi] = await on.pair();
        const citra = await on.someone('Citra');
        await citra.openDirect(ani);
        await citra.say('first');
        await ani.page.waitForSelector('.rooms .badge:text-is("1")');
        await budi.say('mine is on top');
        await ani.reads('mine is on top');
        await ani.page.goto(`${on.server.url}/#/`);
        await ani.page.waitForSelector('.nothing');
        const first = ani.page.locator('.rooms .item').first();
        expect(await first.textContent()).toContain('Budi');

        await pressOn(ani, '.rooms .item:has-text("Budi")');
        await citra.say('second');
        await ani.page.waitForSelector('.rooms .badge:text-is("2")');
        expect(await first.textContent()).toContain('Budi');
        await ani.page.mouse.up();
        await ani.page.waitForSelector('.conversation[aria-label="Budi"]');
        expect(await first.textContent()).toContain('Citra');
    });

    it('is done to the message it stood beside, though the next one came', async () => {
        const [ani, budi] = await on.pair();
        const heard: string[] = [];
        budi.page.on('websocket', (socket) =>
            socket.on('framereceived', ({ payload }) => heard.push(String(payload))),
        );
        await budi.page.reload();
        await ani.sends([...Array(60).keys()].map((i) => `line ${i}`));
        await budi.reads('line 59');
        const bubble = '.message:has(.text:text-is("line 58"))';
        await budi.page.hover(`${bubble} .bubble`);
        await budi.page.waitForSelector(`${bubble} .actions button`);
        await pressOn(budi, `${bubble} .actions button >> nth=0`);
        await ani.sends(['line 60']);
        await waitFor('it came', () => heard.some((one) => one.includes('line 60')));
        await budi.page.evaluate(() => new Promise(requestAnimationFrame));
        expect(
            await budi.page.locator('.bubble .text:text-is("line 60")').count(),
        ).toBe(0);
        await budi.page.mouse.up();
        await budi.reads('line 60');
        await budi.page.waitForSelector('.composer .reply:has-text("line 58")');
    });

    it('is opened, though a search finds less meanwhile', async () => {
        const budi = await on.someone('Budi');
        const ani = await on.someone('Ani');
        let held: (() => void)[] | undefined;
        const asked = new Set<number>();
        await ani.page.routeWebSocket(/\/ws$/, (page) => {
            const server = page.connectToServer();
            page.onMessage((text) => {
                const { op, id } = JSON.parse(String(text)) as {
                    op: string;
                    id: number;
                };
                if (op === 'people') asked.add(id);
                server.send(text);
            });
            server.onMessage((text) => {
                const { re } = JSON.parse(String(text)) as { re?: number };
                if (held && asked.has(re!)) held.push(() => page.send(text));
                else page.send(text);
            });
        });
        await ani.page.reload();
        await budi.openDirect(ani);
        await ani.find('');
        const row = `.results [data-user="${budi.name}"]`;
        await ani.page.waitForSelector(row);
        const found = ani.page.locator('.results [data-user]');
        const before = await found.count();
        expect(before).toBeGreaterThan(1);
        held = [];
        await ani.page.fill('.panel .search input', budi.name);
        const answers = await waitFor('an answer', () =>
            held?.length ? held : undefined,
        );

        await pressOn(ani, row);
        for (const pass of answers) pass();
        /* behind it on the same connection */
        await budi.say('hello');
        await waitFor('it came', async () => /1/.test(await ani.page.title()));
        expect(await found.count()).toBe(before);
        await ani.page.mouse.up();
        await ani.page.waitForSelector('.conversation[aria-label="Budi"]');
    });
});

describe('what one points at', () => {
    it('keeps its shape, and a finger shows the actions of one message', async () => {
        const phone = { viewport: PHONE, touch: true };
        const [ani, budi] = await on.everyone(['Ani', 'Budi'], phone);
        await budi.makeGroup('Narrow');
        await budi.add(ani.name);
        const long = 'as wide as a bubble may be, and of several lines on a phone: ';
        await budi.sends([long + 'one', long + 'two']);
        await ani.openRoom('Narrow');
        await ani.sends([long + 'three']);
        await ani.reads(long + 'three');
        for (const name of ['one', 'two', 'three']) {
            const row = ani.page.locator(
                `.row-of:has(.text:text-is("${long + name}"))`,
            );
            const bubble = row.locator('.bubble');
            const before = await bubble.boundingBox();
            await bubble.tap();
            await row.locator('.actions').waitFor();
            expect(await bubble.boundingBox()).toEqual(before);
            const list = (await ani.page.locator('.scroller').boundingBox())!;
            for (const button of await row.locator('.actions button').all()) {
                const { x, width } = (await button.boundingBox())!;
                expect(x).toBeGreaterThanOrEqual(list.x);
                expect(x + width).toBeLessThanOrEqual(list.x + list.width);
            }
        }
        expect(await ani.page.locator('.actions').count()).toBe(1);
    });
});

describe('back, on a phone', () => {
    it('closes what lies above, one thing at a time, and leaves from the list only', async () => {
        const phone = { viewport: PHONE, touch: true };
        const [ani, budi] = await on.everyone(['Ani', 'Budi'], phone);
        const { page } = ani;
        const start = await page.evaluate(() => history.length);

        /* Panels: as deep as they were opened. */
        await ani.settings('profile');
        await page.waitForSelector('#profile-display');
        await page.goBack();
        await page.waitForSelector('[data-page="profile"]');
        await page.goBack();
        await page.waitForSelector('.sidebar .panel', { state: 'detached' });
        await page.waitForSelector('.me');

        /* From a search into a chat, its details, and all the way back. */
        await ani.openDirect(budi);
        await page.tap('.head .about');
        await page.waitForSelector('.details');
        await page.goBack();
        await page.waitForSelector('.details', { state: 'detached' });
        await page.waitForSelector('textarea');
        await page.goBack();
        await page.waitForSelector('.rooms .item:has-text("Budi")');
        expect(await page.isVisible('textarea')).toBe(false);

        /* A new group lies two panels deep, and its chat lies on the list. */
        await ani.makeGroup('Deep');
        await page.goBack();
        await page.waitForSelector('.rooms .item:has-text("Deep")');
        await waitFor('the list', () => page.evaluate(() => !history.state?.depth));

        /* What is closed in another way leaves nothing to go back through. */
        for (let i = 0; i < 3; i++) {
            await ani.openRoom('Deep');
            await page.tap('.head .about');
            await page.tap('.details .bar .icon-button');
            await page.waitForSelector('.details', { state: 'detached' });
            await page.tap('.to-list');
            await page.waitForSelector('.me');
            await page.tap('.me');
            await page.tap('.sidebar .panel .bar .icon-button');
        }
        await page.waitForSelector('.me');
        await waitFor('the first entry', () =>
            page.evaluate(() => !history.state?.depth && !history.state?.room),
        );
        expect(await page.evaluate(() => history.length)).toBeLessThan(start + 4);
        await page.goBack();
        expect(page.url()).toBe('about:blank');
    });
});
