import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Chat } from '../src/state/chat';
import { burnShelf, clearShelf, openShelf } from '../src/state/shelf';
import type { RoomEvent } from '../src/protocol/types';
import { FakeNet, ME, message, room, ROOM } from './fake_socket';

const me = { id: ME, name: 'me', display: 'Me' };
let net: FakeNet;
let chat: Chat;

async function enter(user = me): Promise<void> {
    net = new FakeNet();
    const shelf = await openShelf(user.id, null);
    chat = new Chat(user, net.open, () => undefined, shelf);
    await chat.start();
}

/* As if the page was closed and opened again. */
async function reload(): Promise<void> {
    await chat.leavePage();
    await enter();
}

beforeEach(async () => {
    vi.stubGlobal('indexedDB', new IDBFactory());
    await enter();
});

afterEach(() => {
    chat.stop();
    vi.unstubAllGlobals();
});

function shown(): number[] {
    return (chat.view(ROOM)?.fold.timeline() ?? []).map((event) => event.seq);
}

async function open(events: RoomEvent[], first = false): Promise<void> {
    chat.open(ROOM);
    net.last.answer('history', { events, first, last: true, users: [] });
    await vi.waitFor(() => expect(shown().length).toBeGreaterThan(0));
}

describe('what is kept over a reload', () => {
    it('is shown without a connection: rooms, newest messages, people', async () => {
        net.last.welcome([room({ seq: 2, no: 2, label: 'Kept' })]);
        await open([message(1), message(2)], true);
        net.last.say(message(3));
        chat.people.learn([{ id: 'c'.repeat(24), name: 'chris', display: 'Chris' }]);
        await reload();
        expect(chat.list.value.map((one) => one.label)).toEqual(['Kept']);
        expect(shown()).toEqual([1, 2, 3]);
        expect(chat.people.name('c'.repeat(24))).toBe('Chris');
        expect(chat.unread(ROOM)).toBe(3);
    });

    it('is resumed: hello names the newest kept event', async () => {
        net.last.welcome([room({ seq: 2, no: 2 })]);
        await open([message(1), message(2)], true);
        await reload();
        net.last.open();
        expect(net.last.of('hello')[0]!['rooms']).toEqual({
            [ROOM]: [2, message(2).cid],
        });
        const rooms = [room({ seq: 4, no: 4 })];
        net.last.answer('hello', { user: me, self: { seq: 0 }, rooms, more: false });
        expect(shown()).toEqual([1, 2]); /* not blank while the rest is on its way */
        net.last.say(message(3));
        net.last.say(message(4));
        expect(shown()).toEqual([1, 2, 3, 4]);
        expect(chat.unread(ROOM)).toBe(4);
    });

    it('never has a hole: a room that was only heard of is not named', async () => {
        net.last.welcome([room({ seq: 9, no: 9 })]);
        await reload();
        expect(chat.list.value.length).toBe(1);
        expect(shown()).toEqual([]);
        net.last.open();
        expect(net.last.of('hello')[0]!['rooms']).toEqual({});
    });

    it('is dropped when the server resets the room', async () => {
        net.last.welcome([room({ seq: 2, no: 2 })]);
        await open([message(1), message(2)], true);
        await reload();
        net.last.open();
        const rooms = [room({ seq: 900, no: 900 })];
        net.last.answer('hello', { user: me, self: { seq: 0 }, rooms, more: false });
        net.last.say({ sig: 'reset', room: ROOM });
        expect(shown()).toEqual([]);
        await reload();
        expect(shown()).toEqual([]);
        expect(chat.list.value[0]!.seq).toBe(900);
    });

    it('loses the rooms that one is no longer in', async () => {
        net.last.welcome([room(), room({ id: 'd'.repeat(24) })]);
        await reload();
        net.last.welcome([room()]);
        await reload();
        expect(chat.list.value.map((one) => one.id)).toEqual([ROOM]);
    });

    it('is at most 200 events of a room', async () => {
        net.last.welcome([room()]);
        for (let seq = 1; seq <= 300; seq++) net.last.say(message(seq));
        await reload();
        expect(shown().length).toBe(200);
        expect(shown().at(-1)).toBe(300);
    });

    it('is another account’s own', async () => {
        net.last.welcome([room()]);
        await chat.leavePage();
        await enter({ id: 'e'.repeat(24), name: 'eve', display: '' });
        expect(chat.list.value).toEqual([]);
    });

    it('goes with the session, but for what is unsent', async () => {
        net.last.welcome([room({ seq: 1, no: 1 })]);
        await open([message(1)], true);
        await chat.leavePage();
        await enter();
        chat.send(ROOM, 'unsent');
        await vi.waitFor(() => expect(chat.outgoing(ROOM).length).toBe(1));
        chat.stop();
        await clearShelf(chat.shelf);
        await enter();
        expect(chat.list.value).toEqual([]);
        expect(chat.outgoing(ROOM).map((entry) => entry.body)).toEqual(['unsent']);
    });

    it('goes with the account, all of it', async () => {
        chat.send(ROOM, 'unsent');
        await vi.waitFor(() => expect(chat.outgoing(ROOM).length).toBe(1));
        chat.stop();
        await burnShelf(ME, chat.shelf);
        expect((await indexedDB.databases()).map((one) => one.name)).toEqual([]);
        await enter();
        expect(chat.outgoing(ROOM)).toEqual([]);
    });
});

describe('the outbox in the database', () => {
    it('shows a message as on its way only when it is kept', async () => {
        net.last.welcome([room()]);
        chat.send(ROOM, 'hi');
        expect(chat.outgoing(ROOM)).toEqual([]);
        await vi.waitFor(() => expect(chat.outgoing(ROOM).length).toBe(1));
        await enter();
        expect(chat.outgoing(ROOM).map((entry) => entry.body)).toEqual(['hi']);
    });

    it('sends after a reload what was written before, once each, in order', async () => {
        for (let i = 0; i < 100; i++) chat.send(ROOM, `n${i}`);
        await vi.waitFor(() => expect(chat.outgoing(ROOM).length).toBe(100));
        await enter();
        net.last.welcome([room()]);
        await vi.waitFor(() => expect(net.last.of('send').length).toBe(1));
        const first = net.last.of('send')[0]!['messages'] as {
            cid: string;
            body: string;
        }[];
        expect(first.map((one) => one.body)).toEqual(
            [...Array(50).keys()].map((i) => `n${i}`),
        );
        const results = first.map(({ cid }, i) => ({ cid, seq: i + 1, no: 1, at: 1 }));
        net.last.answer('send', { results });
        await vi.waitFor(() => expect(net.last.of('send').length).toBe(2));
        const left = net.last.of('send')[1]!['messages'] as { body: string }[];
        expect(left.map((one) => one.body)).toEqual(
            [...Array(50).keys()].map((i) => `n${i + 50}`),
        );
    });

    it('says so when there is no room, and goes on', async () => {
        net.last.welcome([room()]);
        const full = () => {
            throw new DOMException('full', 'QuotaExceededError');
        };
        vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(full);
        chat.send(ROOM, 'hi');
        net.last.say(message(1));
        await vi.waitFor(() => expect(chat.link.kept).toBe(false));
        expect(chat.outgoing(ROOM).map((entry) => entry.body)).toEqual(['hi']);
        expect(shown()).toEqual([1]);
        expect(net.last.of('send').length).toBe(1);
        vi.restoreAllMocks();
    });
});
