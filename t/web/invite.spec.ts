/* A server where accounts need an invitation. */
import { describe, it } from 'vitest';
import { cast } from './cast';
import { PASSWORD } from './person';

const on = cast({ registration: 'invite' });

describe('an invitation', () => {
    it('is made and taken back by an administrator, and good for one person', async () => {
        const admin = await on.someone('Admin');
        const stranger = await on.visitor('Stranger');
        await stranger.visit();
        await stranger.page.waitForSelector('.text:has-text("need an invitation")');

        const create = async () => {
            await admin.page.click('.make .btn-primary');
            await admin.page.waitForSelector('#invite-link');
            return admin.page.inputValue('#invite-link');
        };
        await admin.settings('invites');
        const link = await create();
        await admin.page.waitForSelector('.item:has-text("Good until")');
        await admin.shot('invites');

        await stranger.page.goto(link);
        await stranger.page.waitForSelector('h1:has-text("You are invited")');
        await stranger.shot('invited');
        await stranger.page.fill('#name', stranger.name);
        await stranger.page.fill('#display', stranger.display);
        await stranger.page.fill('#password', PASSWORD);
        await stranger.page.click('button[type=submit]');
        await stranger.page.waitForSelector('.list .bar');

        const late = await on.visitor('Late');
        const tries = async (url: string) => {
            await late.page.goto('about:blank');
            await late.page.goto(url);
            await late.page.fill('#name', late.name);
            await late.page.fill('#password', PASSWORD);
            await late.page.click('button[type=submit]');
            await late.page.waitForSelector('[role=alert]:has-text("new link")');
        };
        await tries(link.replace('#invite=', '#/invite/'));
        await admin.page.bringToFront();
        await admin.page.click('.panel .bar .icon-button');
        await admin.page.click('[data-page="invites"]');
        await admin.page.waitForSelector('.item:has-text("Used by Stranger")');
        const second = await create();
        await admin.page.click('.item:has-text("Good until") .end');
        await admin.page.waitForSelector('.item:has-text("Good until")', {
            state: 'detached',
        });
        await tries(second);
    });
});
