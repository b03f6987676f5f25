/* Rooms and people: finding them, what waits to be read, notifications. */
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import type { Person } from './person';
import { waitFor } from './server';

const on = cast();

interface Note {
    title: string;
    body: string;
    tag: string;
    closed: boolean;
}

/* A browser that permits notifications when asked, and keeps them for us to see. */
async function permits(person: Person, answer: 'granted' | 'denied'): Promise<void> {
    await person.page.addInitScript((given) => {
        const notes: object[] = [];
        class Fake {
            static permission = 'default';
            static asked = 0;
            static requestPermission() {
                Fake.asked++;
                Fake.permission = given;
                return Promise.resolve(given);
            }
            onclick?: () => void;
            onclose?: () => void;
            closed = false;
            body?: string;
            tag?: string;
            constructor(
                readonly title: string,
                options: object,
            ) {
                Object.assign(this, options);
                notes.push(this);
            }
            close() {
                this.closed = true;
                this.onclose?.();
            }
        }
        Object.assign(window, { Notification: Fake, notes });
    }, answer);
}

async function notes(person: Person): Promise<Note[]> {
    return person.page.evaluate(() => {
        const { notes } = window as unknown as { notes: Note[] };
        return notes.map(({ title, body, tag, closed }) => ({
            title,
            body,
            tag,
            closed,
        }));
    });
}

/* The page behaves as one that is in the background, or in front again. */
async function background(person: Person, hidden: boolean): Promise<void> {
    await person.page.evaluate((is) => {
        Object.defineProperty(document, 'hasFocus', {
            value: () => !is,
            configurable: true,
        });
        Object.defineProperty(document, 'visibilityState', {
            get: () => (is ? 'hidden' : 'visible'),
            configurable: true,
        });
        document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
}

/* What the tests use of a service worker's inside. */
interface WorkerScope {
    readonly registration: ServiceWorkerRegistration;
    readonly NotificationEvent: new (
        type: string,
        of: { notification: Notification },
    ) => Event;
    clients: {
        matchAll(): Promise<object[]>;
        openWindow(url: string): Promise<null>;
    };
    dispatchEvent(event: Event): boolean;
}

/* In the service worker: what the browser does when the notification is clicked. */
async function clickNote(): Promise<void> {
    const self = globalThis as unknown as WorkerScope;
    const [notification] = await self.registration.getNotifications();
    self.dispatchEvent(
        new self.NotificationEvent('notificationclick', {
            notification: notification!,
        }),
    );
}

/* In the service worker: the address it opens when the browser has no page of ours. Only
 * a hand at the mouse lets it open one really. */
async function openedWithoutPages(room: string): Promise<string> {
    const self = globalThis as unknown as WorkerScope;
    const { clients, registration } = self;
    clients.matchAll = () => Promise.resolve([]);
    await registration.showNotification('New', { data: { room } });
    const [notification] = await registration.getNotifications();
    return new Promise((opened) => {
        clients.openWindow = (url) => {
            opened(url);
            return Promise.resolve(null);
        };
        self.dispatchEvent(
            new self.NotificationEvent('notificationclick', {
                notification: notification!,
            }),
        );
    });
}

describe('Ctrl-K', () => {
    it('lists the last chats, finds by a few letters, and opens with Enter', async () => {
        const ani = await on.someone('Ani');
        for (const label of ['Big Garden', 'Kitchen', 'Big Band']) {
            await ani.api('room_create', { kind: 'private', label });
        }
        const { page } = ani;
        await page.waitForSelector('.rooms .item:has-text("Big Band")');
        await page.keyboard.press('Control+k');
        const options = page.locator('dialog [role=option] .name');
        await waitFor('three chats', async () => (await options.count()) === 3);
        expect(await options.allTextContents()).toEqual([
            'Big Band',
            'Kitchen',
            'Big Garden',
        ]);
        await page.keyboard.type('bgr');
        await waitFor('one chat', async () => (await options.count()) === 1);
        await page.keyboard.press('Enter');
        await page.waitForSelector('.conversation[aria-label="Big Garden"]');
        await page.waitForSelector('dialog', { state: 'detached' });
    });

    it('finds people and public groups that are none of my chats yet', async () => {
        const ani = await on.someone('Ani');
        const budi = await on.someone('Budi');
        const label = `Orchard ${on.count}`;
        await budi.api('room_create', { kind: 'public', label });
        const { page } = ani;
        await page.keyboard.press('Control+k');
        await page.waitForSelector('dialog input:focus');
        await page.keyboard.type(label);
        await page.waitForSelector(`[role=option][data-choice="${label}"]`);
        await page.keyboard.press('Enter');
        await page.waitForSelector(`.conversation[aria-label="${label}"]`);
        await page.keyboard.press('Control+k');
        await page.waitForSelector('dialog input:focus');
        await page.keyboard.type(`@${budi.name}`);
        await page.waitForSelector(`[role=option]:has-text("@${budi.name}")`);
        await page.keyboard.press('ArrowUp');
        await page.keyboard.press('Enter');
        await page.waitForSelector('.conversation[aria-label="Budi"]');
    });
});

describe('the search above the chats', () => {
    it('finds chats, people and groups, and a person is one click away', async () => {
        const ani = await on.someone('Ani');
        const budi = await on.someone('Budi');
        await ani.page.fill('.list .search input', budi.name);
        await ani.page.click(`.rooms [data-user="${budi.name}"]`);
        await ani.page.waitForSelector('.conversation[aria-label="Budi"]');
        expect(await ani.page.inputValue('.list .search input')).toBe('');
        await ani.page.waitForSelector('.rooms [data-room]:has-text("Budi")');
    });
});

describe('what waits to be read', () => {
    it('stands in the list, in the title and on the icon, mentions above all', async () => {
        const [ani, budi] = await on.pair();
        await budi.page.goto(`${on.server.url}/#/`);
        await budi.page.waitForSelector('.nothing');
        const icon = () => budi.page.getAttribute('link[rel=icon]', 'data-badge');
        await ani.say('one');
        await budi.page.waitForSelector('.rooms .badge:text-is("1")');
        expect(await budi.page.title()).toBe('(1) Burung');
        await waitFor('the icon has a badge', async () => (await icon()) === '1');
        const drawn = await budi.page.getAttribute('link[rel=icon]', 'href');
        expect(drawn).toMatch(/^data:image\/png/);
        await ani.say(`where is @${budi.name}?`);
        await budi.page.waitForSelector('.rooms .badge.at');
        expect(await budi.page.title()).toBe('@ (1) Burung');
        await waitFor('the icon tells of it', async () => (await icon()) === '@');
        await budi.shot('badges');
        await budi.openRoom('Ani');
        await budi.page.waitForSelector('.rooms .badge', { state: 'detached' });
        await waitFor('the icon is plain', async () => (await icon()) === '');
        expect(await budi.page.getAttribute('link[rel=icon]', 'href')).toMatch(/svg$/);
        expect(await budi.page.title()).toBe('Ani · Burung');
    });
});

describe('notifications', () => {
    it('are offered, asked for after a click only, and open their chat', async () => {
        const [ani] = await on.pair();
        await ani.say('hello');
        const budi = await on.visitor('Bela');
        await permits(budi, 'granted');
        await budi.register();
        expect(await budi.page.isVisible('.offer')).toBe(false);
        await ani.page.goto(`${on.server.url}/#/`);
        await ani.openDirect(budi);
        await ani.say('hi Bela');
        await budi.page.waitForSelector('.offer');
        const asked = () =>
            budi.page.evaluate(
                () => (Notification as unknown as { asked: number }).asked,
            );
        expect(await asked()).toBe(0);
        await budi.page.click('.offer .yes');
        await budi.told('Notifications are on');
        expect(await asked()).toBe(1);

        await background(budi, true);
        await ani.sends(['are you there?', 'you are not']);
        await waitFor('the second is told', async () =>
            (await notes(budi)).some(({ body }) => body === 'you are not'),
        );
        expect(await notes(budi)).toMatchObject([
            { title: 'Ani', body: 'you are not', closed: false },
        ]);
        await budi.page.evaluate(() => {
            const { notes } = window as unknown as { notes: { onclick(): void }[] };
            notes[0]!.onclick();
        });
        await background(budi, false);
        await budi.page.waitForSelector('.conversation[aria-label="Ani"]');
        expect((await notes(budi))[0]!.closed).toBe(true);
    });

    it('do not come while one reads, nor from a muted chat; and go when it is read elsewhere', async () => {
        const ani = await on.someone('Ani');
        const bela = await on.visitor('Bela');
        await permits(bela, 'granted');
        await bela.register();
        await ani.openDirect(bela);
        await ani.say('first');
        await bela.page.click('.offer .yes');
        await bela.openRoom('Ani');
        await ani.say('second');
        await bela.reads('second');
        await background(bela, true);
        await ani.say('third');
        await waitFor(
            'the third is told',
            async () => (await notes(bela)).length === 1,
        );
        expect((await notes(bela))[0]!.body).toBe('third');

        const phone = await on.deviceOf(bela);
        await phone.openRoom('Ani');
        await waitFor('it is gone', async () => (await notes(bela))[0]!.closed);
        await phone.go();
        on.here = on.here.filter((one) => one !== phone);

        const room = new URL(bela.page.url()).hash.split('/').pop();
        await bela.api('mute', { room, until: Date.now() + 3_600_000 });
        await bela.page.waitForSelector('.rooms .item .muted');
        await ani.say('fourth');
        await bela.page.waitForSelector('.rooms .item:has-text("fourth")');
        await bela.api('mute', { room, until: 0 });
        await bela.page.waitForSelector('.rooms .item .muted', { state: 'detached' });
        await ani.say('fifth');
        await waitFor(
            'the fifth is told',
            async () => (await notes(bela)).length === 2,
        );
        expect((await notes(bela))[1]!.body).toBe('fifth');
    });

    it('are the service worker’s, whose click leads to the chat, in an open page or a new one', async () => {
        const [ani] = await on.pair();
        const bela = await on.visitor('Bela', { worker: true });
        await bela.context.grantPermissions(['notifications']);
        await bela.register();
        await bela.page.click('.me');
        await bela.page.click('.switch');
        await waitFor('they are on', () => bela.page.isChecked('.switch'));
        await bela.page.click('.panel .bar .icon-button');
        await ani.page.goto(`${on.server.url}/#/`);
        await ani.openDirect(bela);
        await waitFor('the service worker', () =>
            bela.page.evaluate(() => navigator.serviceWorker.controller !== null),
        );
        const shown = () =>
            bela.page.evaluate(async () => {
                const worker = await navigator.serviceWorker.getRegistration();
                const all = (await worker?.getNotifications()) ?? [];
                return all.map(({ title, body }) => `${title}: ${body}`);
            });
        await background(bela, true);
        await ani.say('are you there?');
        await waitFor('it is told', async () => (await shown()).length === 1);
        expect(await shown()).toEqual(['Ani: are you there?']);

        const worker = bela.context.serviceWorkers()[0]!;
        await worker.evaluate(clickNote);
        await bela.page.waitForSelector('.conversation[aria-label="Ani"]');
        await waitFor('it is gone', async () => (await shown()).length === 0);

        /* no page of ours is there: a new one is opened */
        const opened = await worker.evaluate(openedWithoutPages, 'some-room');
        expect(opened).toBe('/#/r/some-room');
    });

    it('say why there are none', async () => {
        const ani = await on.visitor('Ani');
        await permits(ani, 'denied');
        await ani.register();
        await ani.page.click('.me');
        await ani.page.click('.switch');
        await ani.page.waitForSelector('.choice .form-text:has-text("forbidden")');
        expect(await ani.page.isChecked('.switch')).toBe(false);
        const other = await on.visitor('Other');
        await other.page.addInitScript(() =>
            Object.defineProperty(window, 'isSecureContext', { value: false }),
        );
        await other.register();
        await other.page.click('.me');
        await other.page.waitForSelector('.choice .form-text:has-text("https")');
        expect(await other.page.isDisabled('.switch')).toBe(true);
    });
});

describe('the members of a group', () => {
    it('are listed with their roles, and when they were last here', async () => {
        const ani = await on.someone('Ani');
        const budi = await on.someone('Budi');
        await ani.makeGroup(`Roles ${on.count}`);
        await ani.add(budi.name);
        const row = `[data-member="${budi.name}"]`;
        await ani.page.click(row);
        await ani.page.click('.acts button:has-text("Make admin")');
        await ani.page.waitForSelector(`${row} .tag:text-is("Admin")`);
        await ani.page.waitForSelector(
            `[data-member="${ani.name}"] .tag:text-is("Owner")`,
        );
        await ani.page.waitForSelector(`${row}:has-text("online")`);
        await budi.go();
        on.here = [ani];
        await ani.page.waitForSelector(`${row}:has-text("last seen just now")`);
    });
});
