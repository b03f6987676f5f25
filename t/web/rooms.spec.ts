/* Groups: their settings, their members, the directory; what one wants of a chat. */
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import { PASSWORD } from './person';

const on = cast();

/* People without a browser, as ids. */
async function extras(names: string[]): Promise<string[]> {
    const ids: string[] = [];
    for (const display of names) {
        const name = `${display.toLowerCase()}${++on.count}`;
        const answer = await fetch(`${on.server.url}/api/register`, {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ name, display, password: PASSWORD, token: true }),
        });
        ids.push(((await answer.json()) as { user: { id: string } }).user.id);
    }
    return ids;
}

describe('a group', () => {
    it('is not made without a name, nor with one that is too long, and one is told', async () => {
        const budi = await on.someone('Budi');
        await budi.find('');
        await budi.page.click('.results .item:has-text("New group")');
        for (const name of ['', 'x'.repeat(65)]) {
            await budi.page.fill('#group-name', name);
            await budi.page.click('.foot .btn');
            await budi.page.waitForSelector('.error:has-text("1 to 64")');
            await budi.page.waitForSelector('#group-name:focus');
        }
        await budi.page.fill('#group-name', 'x'.repeat(64));
        await budi.page.click('.foot .btn');
        await budi.page.waitForSelector('.conversation');
    });

    it('is renamed, gets a topic and is opened to all, under the eyes of its members', async () => {
        const ani = await on.someone('Ani');
        const budi = await on.someone('Budi');
        const title = `Plain ${on.count}`;
        const fresh = `Garden ${on.count}`;
        await ani.makeGroup(title);
        await ani.add(budi.name);
        await budi.told(`Ani added you to “${title}”`);
        await budi.openRoom(title);
        await budi.page.click('.head .about');
        await budi.page.waitForSelector('.details .leave');
        expect(await budi.page.isVisible('.details .edit')).toBe(false);

        await ani.page.click('.details .edit');
        await ani.page.fill('#room-label', ' ');
        await ani.page.click('.details .btn-primary');
        await ani.page.waitForSelector('[role=alert]:has-text("1 to 64")');
        await ani.page.fill('#room-label', fresh);
        await ani.page.fill('#room-topic', 'Seeds, soil and rain');
        await ani.page.click('.details .kind:has-text("Public")');
        await ani.shot('room-settings');
        await ani.page.click('.details .btn-primary');
        await ani.told('group is changed');

        await budi.page.waitForSelector(`.conversation[aria-label="${fresh}"]`);
        await budi.page.waitForSelector('.status:has-text("Seeds, soil and rain")');
        await budi.page.waitForSelector(`.rooms .item:has-text("${fresh}")`);
        await budi.page.waitForSelector(`.note:has-text("named the group “${fresh}”")`);
        await budi.page.waitForSelector('.note:has-text("made the group public")');
        await budi.shot('room-details');
    });

    it('is edited by two at once, and who comes second is told and overwrites nothing', async () => {
        const ani = await on.someone('Ani');
        const budi = await on.someone('Budi');
        const title = `Shared ${on.count}`;
        const theirs = `Theirs ${on.count}`;
        await ani.makeGroup(title);
        await ani.add(budi.name);
        await ani.page.click(`[data-member="${budi.name}"]`);
        await ani.page.click('.acts button:has-text("admin")');
        await budi.openRoom(title);
        await budi.page.click('.head .about');
        for (const one of [ani, budi]) await one.page.click('.details .edit');
        await budi.page.fill('#room-label', `Mine ${on.count}`);
        await ani.page.fill('#room-label', theirs);
        await ani.page.fill('#room-topic', 'Seeds');
        await ani.page.click('.details .btn-primary');
        await ani.told('group is changed');
        await budi.page.waitForSelector(`.now:has-text("“${theirs}” by now")`);
        expect(await budi.page.inputValue('#room-topic')).toBe('Seeds');

        await budi.page.click('.details .btn-primary');
        await budi.page.waitForSelector(
            '[role=alert]:has-text("changed this meanwhile")',
        );
        await budi.shot('room-changed');
        const { room } = await budi.api<{ room: { label: string } }>('room', {
            room: new URL(budi.page.url()).hash.split('/').pop(),
        });
        expect(room.label).toBe(theirs);
        expect(await budi.page.inputValue('#room-label')).toBe(`Mine ${on.count}`);
        await budi.page.click('.details .btn-primary');
        await budi.told('group is changed');
        await ani.page.waitForSelector(`.conversation[aria-label="Mine ${on.count}"]`);
    });

    it('is changed once though the connection is cut before the answer', async () => {
        const ani = await on.someone('Ani');
        const asked: { cid: string; known: number }[] = [];
        await ani.page.routeWebSocket(/\/ws$/, (page) => {
            const server = page.connectToServer();
            page.onMessage((text) => {
                server.send(text);
                if (!/"op":"rename"/.test(String(text))) return;
                asked.push(JSON.parse(String(text)) as (typeof asked)[0]);
                if (asked.length > 1) return;
                /* what tells that it is done does not arrive */
                server.onMessage(() => void page.close());
            });
        });
        await ani.page.reload();
        await ani.makeGroup(`Cut ${on.count}`);
        await ani.page.click('.head .about');
        await ani.page.click('.details .edit');
        await ani.page.fill('#room-label', `Whole ${on.count}`);
        await ani.page.click('.details .btn-primary');
        await ani.told('group is changed');
        expect(asked.length).toBe(2);
        expect(asked[1]).toMatchObject({ cid: asked[0]!.cid, known: asked[0]!.known });
        const { events } = await ani.api<{ events: { ev: string }[] }>('history', {
            room: new URL(ani.page.url()).hash.split('/').pop(),
        });
        expect(events.filter(({ ev }) => ev === 'rename').length).toBe(1);
        await ani.page.waitForSelector(`.conversation[aria-label="Whole ${on.count}"]`);
    });

    it('names people who came together in one line, and who was here when', async () => {
        const ani = await on.someone('Ani');
        const budi = await on.someone('Budi');
        const ids = await extras(['Citra', 'Dewi', 'Eka', 'Fajar']);
        await ani.makeGroup(`Many ${on.count}`);
        await ani.add(budi.name);
        const room = new URL(ani.page.url()).hash.split('/').pop();
        for (const user of ids) await ani.api('add', { room, user });
        await ani.page.waitForSelector(
            '.note:has-text("Ani added Budi, Citra and 3 others")',
        );
        expect(await ani.page.locator('.note').count()).toBe(2);
        await ani.page.waitForSelector(
            `[data-member="${budi.name}"]:has-text("online")`,
        );
        await budi.go();
        on.here = [ani];
        await ani.page.waitForSelector(
            `[data-member="${budi.name}"]:has-text("last seen")`,
        );
        await ani.shot('members');
    });

    it('closes with a friendly word for who is taken out', async () => {
        const ani = await on.someone('Ani');
        const budi = await on.someone('Budi');
        const title = `Short ${on.count}`;
        await ani.makeGroup(title);
        await ani.add(budi.name);
        await budi.openRoom(title);
        await ani.page.click(`[data-member="${budi.name}"]`);
        await ani.page.click('.acts button:has-text("Remove")');
        await ani.page.click('dialog .btn-danger');
        await budi.told(`Ani took you out of “${title}”`);
        await budi.page.waitForSelector('.nothing h2:has-text("took you out")');
        expect(await budi.page.locator('.rooms .item').count()).toBe(0);
        await budi.shot('removed');
    });
});

describe('a chat', () => {
    it('is muted: counted in grey, and not in the title; and heard again', async () => {
        const [ani, budi] = await on.pair();
        await budi.page.click('.head .about');
        await budi.page.click('.details .mute');
        await budi.shot('mute');
        await budi.page.click('.spans .btn:has-text("8 hours")');
        await budi.page.waitForSelector('.details .mute:has-text("Muted until")');
        await budi.page.waitForSelector('.rooms .item .muted');
        await budi.page.goBack();
        await budi.page.waitForSelector('.nothing');
        await ani.say('psst');
        await budi.page.waitForSelector('.rooms .badge.quiet:text-is("1")');
        expect(await budi.page.title()).toBe('Burung');
        await budi.openRoom('Ani');
        await budi.page.click('.head .about');
        await budi.page.click('.details .mute');
        await budi.page.waitForSelector('.rooms .item .muted', { state: 'detached' });
    });

    it('goes to the archive, and comes back with a message unless it is muted', async () => {
        const [ani, budi] = await on.pair();
        await ani.say('first');
        await budi.reads('first');
        await budi.page.click('.head .about');
        await budi.page.click('.details .archive');
        await budi.page.waitForSelector('.rooms .archive:has-text("Archived")');
        expect(await budi.page.locator('.rooms .item[data-room]').count()).toBe(0);
        await budi.page.click('.rooms .archive');
        await budi.page.waitForSelector('.rooms .item[data-room]:has-text("Ani")');
        await budi.shot('archive');
        await ani.say('second');
        await budi.page.waitForSelector('h1:text-is("Chats")');
        await budi.page.waitForSelector('.rooms .item[data-room]:has-text("second")');

        await budi.page.click('.details .mute');
        await budi.page.click('.spans .btn:has-text("Always")');
        await budi.page.waitForSelector('.rooms .item .muted');
        await budi.page.click('.details .archive');
        await budi.page.waitForSelector('.rooms .archive');
        await ani.say('third');
        await budi.reads('third');
        expect(await budi.page.locator('.rooms .item[data-room]').count()).toBe(0);
        await budi.page.reload();
        await budi.page.waitForSelector('.rooms .archive');
        expect(await budi.page.locator('.rooms .item[data-room]').count()).toBe(0);
    });
});

describe('the directory', () => {
    it('lists all public groups page by page, finds them by words, and joins', async () => {
        const ani = await on.someone('Ani');
        for (let i = 0; i < 65; i++) {
            const label = `Birds ${String(i).padStart(2, '0')} of ${i % 2 ? 'odd' : 'even'} kind`;
            await ani.api('room_create', { kind: 'public', label });
        }
        const budi = await on.someone('Budi');
        await budi.find('');
        await budi.page.click('.results .item:has-text("All public groups")');
        await budi.page.waitForSelector('[data-group="Birds 00 of even kind"]');
        await budi.shot('directory');
        for (const last of ['Birds 29', 'Birds 59', 'Birds 64']) {
            const item = budi.page.locator(`[data-group^="${last}"]`);
            await item.waitFor();
            await item.scrollIntoViewIfNeeded();
        }
        await budi.page.fill('.panel .search input', 'BIRDS 63');
        await budi.page.waitForSelector('[data-group="Birds 00 of even kind"]', {
            state: 'detached',
        });
        expect(await budi.page.locator('.results [data-group]').count()).toBe(1);
        await budi.page.fill('.panel .search input', 'no such');
        await budi.page.waitForSelector('.empty:has-text("no such")');
        await budi.page.fill('.panel .search input', '63');
        await budi.page.click('[data-group="Birds 63 of odd kind"]');
        await budi.page.waitForSelector(
            '.conversation[aria-label="Birds 63 of odd kind"]',
        );
    });
});
