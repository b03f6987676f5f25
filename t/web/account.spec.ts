/* What people do about their own accounts, and what the client does when the server
 * asks for patience or was replaced. */
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import { PASSWORD, PHONE } from './person';
import { waitFor } from './server';

const on = cast({ limit_sends_connection: '600/h 3', limit_sends_user: '600/h 3' });

describe('the settings', () => {
    it('change how one is called, in front of everybody', async () => {
        const [ani, budi] = await on.pair();
        await ani.settings('profile');
        await ani.page.fill('#profile-display', 'x'.repeat(65));
        await ani.page.click('.form .btn-primary');
        await ani.page.waitForSelector('[role=alert]:has-text("at most 64")');
        await ani.page.fill('#profile-display', 'Ani Wijaya 🦜');
        await ani.shot('profile');
        await ani.page.click('.form .btn-primary');
        await ani.told('name is changed');
        await ani.page.waitForSelector('.who h3:has-text("Ani Wijaya 🦜")');
        await budi.page.waitForSelector('.conversation[aria-label="Ani Wijaya 🦜"]');
        await budi.page.waitForSelector('.rooms .item:has-text("Ani Wijaya")');
    });

    it('change the password, which logs the other devices out', async () => {
        const ani = await on.someone('Ani');
        const other = await on.deviceOf(ani);
        await ani.page.bringToFront();
        await ani.settings('password');
        const change = async (old: string, fresh: string, again: string) => {
            await ani.page.fill('#password-old', old);
            await ani.page.fill('#password-new', fresh);
            await ani.page.fill('#password-again', again);
            await ani.page.click('.form .btn-primary');
        };
        await change(PASSWORD, 'short', 'short');
        await ani.page.waitForSelector('[role=alert]:has-text("8 to 256")');
        await change(PASSWORD, 'one two three', 'one two four');
        await ani.page.waitForSelector('[role=alert]:has-text("differ")');
        await change('not my password', 'one two three', 'one two three');
        await ani.page.waitForSelector('[role=alert]:has-text("password is wrong")');
        await ani.shot('password');
        await change(PASSWORD, 'one two three', 'one two three');
        await ani.told('password is changed');

        await other.page.waitForSelector('.ended:has-text("session has ended")');
        await other.page.fill('#name', ani.name);
        await other.page.fill('#password', PASSWORD);
        await other.page.click('button[type=submit]');
        await other.page.waitForSelector('[role=alert]:has-text("wrong")');
        await other.logIn('one two three');
    });

    it('show the devices, and log one or all others out', async () => {
        const ani = await on.someone('Ani');
        const second = await on.deviceOf(ani);
        const third = await on.deviceOf(ani);
        const fourth = await on.deviceOf(ani);
        await ani.settings('sessions');
        await ani.page.waitForSelector('.list li:first-child .tag');
        expect(await ani.page.locator('.list .item').count()).toBe(4);
        await ani.shot('sessions');
        await ani.page.click('.list li:nth-child(2) .end');
        const rows = ani.page.locator('.list .item');
        await waitFor('three are left', async () => (await rows.count()) === 3);
        await ani.page.click('.item.bad:has-text("all others")');
        await ani.page.click('dialog .btn-danger');
        for (const device of [second, third, fourth]) {
            await device.page.waitForSelector('.ended');
        }
        await waitFor('one is left', async () => (await rows.count()) === 1);
        expect(await ani.page.isVisible('.item.bad')).toBe(false);
    });

    it('delete the account, after a warning, with the password', async () => {
        const [ani, budi] = await on.pair();
        await ani.say('remember me');
        await budi.reads('remember me');
        await ani.settings('delete');
        await ani.page.fill('#delete-password', 'not my password');
        await ani.page.click('.form .btn-danger');
        await ani.page.click('dialog .btn-danger');
        await ani.page.waitForSelector('[role=alert]:has-text("password is wrong")');
        await ani.shot('delete');
        await ani.page.fill('#delete-password', PASSWORD);
        await ani.page.click('.form .btn-danger');
        await ani.page.click('dialog .btn-danger');
        await ani.page.waitForSelector('.ended:has-text("account is deleted")');
        await budi.page.waitForSelector('.conversation[aria-label="Deleted account"]');
        await budi.reads('remember me');
        await ani.page.fill('#name', ani.name);
        await ani.page.fill('#password', PASSWORD);
        await ani.page.click('button[type=submit]');
        await ani.page.waitForSelector('[role=alert]:has-text("wrong")');
    });
});

describe('on a phone, in the dark, in Indonesian', () => {
    it('every page fits, and leads back', async () => {
        const dark = { viewport: PHONE, dark: true, locale: 'id-ID' };
        const ani = await on.someone('Ani', dark);
        const fits = async (name: string) => {
            await ani.page.waitForSelector('.panel .bar h2, .details .bar h2');
            await ani.shot(`phone-${name}`);
            const wide = await ani.page.evaluate(
                () => document.documentElement.scrollWidth > window.innerWidth,
            );
            expect(wide, name).toBe(false);
        };
        await ani.page.click('.me');
        await fits('settings');
        for (const page of ['profile', 'password', 'sessions', 'delete']) {
            await ani.page.click(`[data-page="${page}"]`);
            await ani.page.waitForSelector('[data-page]', { state: 'detached' });
            await fits(page);
            await ani.page.click('.panel .bar .icon-button');
            await ani.page.waitForSelector('[data-page]');
        }
        await ani.page.click('.panel .bar .icon-button');
        await ani.page.click('.list .bar .icon-button:last-child');
        await ani.page.click('.results .item:nth-child(2)');
        await ani.page.waitForSelector('.panel[aria-label="Semua grup publik"]');
        await fits('directory');
        await ani.page.click('.panel .bar .icon-button');
        await ani.page.click('.results .item:nth-child(1)');
        await ani.page.fill('#group-name', 'Kebun bersama di belakang rumah');
        await ani.page.click('.foot .btn');
        await ani.page.click('.head .about');
        await fits('details');
        await ani.page.click('.details .edit');
        await fits('room-settings');
    });
});

describe('a server that asks for patience', () => {
    it('is obeyed: the client waits, says so, and goes on by itself', async () => {
        const ani = await on.someone('Ani');
        const device = await on.visitor('Device');
        let refused = 0;
        await device.page.route('**/api/login', async (route) => {
            if (refused++ > 0) return route.continue();
            const error = { code: 'slow_down', message: 'too many', retry_ms: 1500 };
            return route.fulfill({ status: 429, json: { error } });
        });
        await device.visit();
        await device.page.fill('#name', ani.name);
        await device.page.fill('#password', PASSWORD);
        await device.page.click('button[type=submit]');
        await device.told('patience');
        await device.page.waitForSelector('.list .bar');
        expect(refused).toBe(2);
    });
});

describe('who sends faster than the server takes it', () => {
    it('is told so, and all of it arrives by itself, once and in order', async () => {
        const [ani, budi] = await on.pair();
        const texts = [...Array(7).keys()].map((i) => `quick ${i}`);
        /* faster than any machine is slow */
        await ani.page.locator('textarea').evaluate((box, all) => {
            const area = box as HTMLTextAreaElement;
            for (const text of all) {
                area.value = text;
                area.dispatchEvent(new InputEvent('input'));
                const key = new KeyboardEvent('keydown', {
                    key: 'Enter',
                    cancelable: true,
                });
                area.dispatchEvent(key);
            }
        }, texts);
        await ani.page.waitForSelector('.slowed:has-text("You are fast")');
        await ani.shot('slowed');
        await budi.reads('quick 6');
        expect(await budi.bubbles()).toEqual(texts);
        await ani.sent('quick 6');
        expect(await ani.bubbles()).toEqual(texts);
        await ani.page.waitForSelector('.slowed', { state: 'detached' });
    });
});

describe('a server that was upgraded', () => {
    it('makes the page load anew, once, when a part of the old one is gone', async () => {
        const ani = await on.someone('Ani');
        let upgraded = true;
        ani.page.on('load', () => (upgraded = false));
        await ani.page.route('**/assets/SettingsPanel-*.js', (route) =>
            upgraded ? route.fulfill({ status: 404 }) : route.continue(),
        );
        const loaded = ani.page.waitForEvent('load');
        await ani.page.click('.me');
        await loaded;
        await ani.page.waitForSelector('.list .bar');
        await ani.page.click('.me');
        await ani.page.waitForSelector('.who h3');
    });

    it('says what to do when loading anew would not help', async () => {
        const ani = await on.someone('Ani', { viewport: PHONE });
        let loads = 0;
        ani.page.on('load', () => loads++);
        await ani.page.route('**/assets/SettingsPanel-*.js', (route) =>
            route.fulfill({ status: 404 }),
        );
        await ani.page.click('.me');
        await waitFor('the page loads anew', () => loads === 1);
        await ani.page.click('.me');
        await ani.page.waitForSelector('[role=alert]:has-text("could not be loaded")');
        expect(loads).toBe(1);
        await ani.page.click('.load-failed .icon-button');
        await ani.page.waitForSelector('.list .bar');
    });
});
