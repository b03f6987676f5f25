import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Tabs } from '../src/protocol/tabs';
import { Chat } from '../src/state/chat';
import { emptyShelf } from '../src/state/shelf';
import { FakeNet, ME, message, room, ROOM, settle } from './fake_socket';

/* Channels without a browser: what one posts all others of the name hear, a little later. */
class FakeChannel {
    static all = new Set<FakeChannel>();
    onmessage: ((event: { data: unknown }) => void) | null = null;
    dead = false;

    constructor(readonly name: string) {
        FakeChannel.all.add(this);
    }

    postMessage(data: unknown): void {
        const copy = structuredClone(data);
        for (const other of FakeChannel.all) {
            if (this.dead || other === this || other.name !== this.name) continue;
            queueMicrotask(() => other.dead || other.onmessage?.({ data: copy }));
        }
    }

    close(): void {
        this.dead = true;
        FakeChannel.all.delete(this);
    }
}

interface Tab {
    net: FakeNet;
    chat: Chat;
    channels: FakeChannel[];
}

const me = { id: ME, name: 'me', display: 'Me' };
let tabs: Tab[];

/* Lets time pass and everything that follows from it happen. */
async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 50) {
        await vi.advanceTimersByTimeAsync(Math.min(left, 50));
        await settle();
    }
}

async function open(): Promise<Tab> {
    const net = new FakeNet();
    const before = new Set(FakeChannel.all);
    const shelf = emptyShelf(ME);
    shelf.outbox = { load: () => [], save: () => undefined, remove: () => undefined };
    const chat = new Chat(me, Tabs.way(ME, net.open), () => undefined, shelf);
    await chat.start();
    const channels = [...FakeChannel.all].filter((one) => !before.has(one));
    const tab = { net, chat, channels };
    tabs.push(tab);
    await pass(500);
    return tab;
}

/* As if the tab's process was killed: it says nothing any more. */
function kill(tab: Tab): void {
    for (const channel of tab.channels) {
        channel.dead = true;
        FakeChannel.all.delete(channel);
    }
    tabs = tabs.filter((one) => one !== tab);
}

beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('BroadcastChannel', FakeChannel);
    vi.stubGlobal('document', { visibilityState: 'visible' });
    FakeChannel.all.clear();
    tabs = [];
});

afterEach(() => {
    for (const { chat } of tabs) chat.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

function sends(tab: Tab): unknown[] {
    return tab.net.sockets.flatMap((socket) =>
        socket
            .of('send')
            .flatMap((frame) => (frame['messages'] as unknown[]) ?? [frame]),
    );
}

function seqs(tab: Tab): number[] {
    return (tab.chat.view(ROOM)?.fold.timeline() ?? []).map((event) => event.seq);
}

describe('several tabs of one account', () => {
    it('have one connection', async () => {
        const first = await open();
        first.net.last.welcome([room({ label: 'Shared' })]);
        const second = await open();
        await pass(100);
        expect(second.net.sockets).toEqual([]);
        expect(second.chat.link.phase).toBe('ready');
        expect(second.chat.list.value.map((one) => one.label)).toEqual(['Shared']);
    });

    it('all see what comes, each event once', async () => {
        const first = await open();
        first.net.last.welcome([room()]);
        first.net.last.say(message(1));
        const second = await open();
        first.net.last.say(message(2));
        first.net.last.say(message(3));
        await pass(100);
        expect(first.chat.unread(ROOM)).toBe(3);
        expect(second.chat.unread(ROOM)).toBe(3);
    });

    it('pass requests on, and the answers back', async () => {
        const first = await open();
        first.net.last.welcome([room()]);
        const second = await open();
        const asked = second.chat.ask<{ room: { label: string } }>('room', {
            room: ROOM,
        });
        await pass(50);
        first.net.last.answer('room', { room: room({ label: 'Asked' }) });
        await pass(50);
        expect((await asked).room.label).toBe('Asked');
        const refused = second.chat.ask('rename', { room: ROOM, label: '' });
        const failed = expect(refused).rejects.toMatchObject({ code: 'bad_request' });
        await pass(50);
        first.net.last.refuse('rename', 'bad_request');
        await pass(50);
        await failed;
    });

    it('send each message once, whichever it was written in', async () => {
        const first = await open();
        first.net.last.welcome([room()]);
        const second = await open();
        second.chat.send(ROOM, 'from the second');
        await pass(50);
        expect(sends(first)).toMatchObject([{ body: 'from the second' }]);
        expect(second.chat.outgoing(ROOM).map((entry) => entry.state)).toEqual([
            'sending',
        ]);
        first.net.last.answer('send', { seq: 1, no: 1, at: 1 });
        await pass(50);
        const cid = first.chat.outgoing(ROOM)[0]!.cid;
        first.net.last.say(message(1, { from: ME, cid, body: 'from the second' }));
        await pass(50);
        for (const tab of [first, second]) expect(tab.chat.outgoing(ROOM)).toEqual([]);
        expect(sends(first).length).toBe(1);
    });

    it('go on when the one that leads is closed: another connects and sends', async () => {
        const first = await open();
        first.net.last.welcome([room()]);
        const second = await open();
        second.chat.send(ROOM, 'unsent');
        await pass(50);
        first.chat.stop();
        tabs = tabs.filter((tab) => tab !== first);
        await pass(1_000);
        expect(second.net.sockets.length).toBe(1);
        second.net.last.welcome([room()]);
        await pass(50);
        expect(sends(second)).toMatchObject([{ body: 'unsent' }]);
        expect(sends(second)[0]).toMatchObject({
            cid: (sends(first)[0] as { cid: string }).cid,
        });
    });

    it('go on when the one that leads was killed and says nothing', async () => {
        const first = await open();
        first.net.last.welcome([room()]);
        const second = await open();
        kill(first);
        second.chat.send(ROOM, 'who hears me');
        await pass(10_000);
        expect(second.net.sockets.length).toBe(1);
        second.net.last.welcome([room()]);
        await pass(50);
        expect(sends(second)).toMatchObject([{ body: 'who hears me' }]);
        first.chat.stop();
    });

    it('hear of a new one that leads at once, though the old one said no goodbye', async () => {
        const first = await open();
        first.net.last.welcome([room({ label: 'Before' })]);
        const second = await open();
        const third = await open();
        kill(first);
        second.chat.send(ROOM, 'who hears me');
        await pass(10_000);
        expect(second.net.sockets.length).toBe(1);
        expect(third.chat.link.phase).toBe('ready'); /* it noticed nothing yet */
        second.net.last.welcome([room({ label: 'Meanwhile' })]);
        await pass(2_000);
        expect(third.net.sockets).toEqual([]);
        expect(third.chat.link.phase).toBe('ready');
        expect(third.chat.list.value.map((one) => one.label)).toEqual(['Meanwhile']);
        second.net.last.say(message(1));
        await pass(50);
        expect(third.chat.unread(ROOM)).toBe(1);
        first.chat.stop();
    });

    it('opened at the same time, agree on one', async () => {
        const both = [open(), open(), open()];
        await pass(1_500);
        const all = await Promise.all(both);
        const leading = all.filter((tab) => tab.net.sockets.length > 0);
        expect(leading.length).toBe(1);
        leading[0]!.net.last.welcome([room()]);
        await pass(2_000);
        expect(all.map((tab) => tab.chat.link.phase)).toEqual([
            'ready',
            'ready',
            'ready',
        ]);
    });

    it('learn that there is no connection, and that it is back', async () => {
        const first = await open();
        first.net.last.welcome([room()]);
        const second = await open();
        first.net.last.hangUp(1006);
        await pass(50);
        expect(second.chat.link.phase).not.toBe('ready');
        await pass(2_000);
        first.net.last.welcome([room({ seq: 0 })]);
        first.net.last.say(message(1));
        await pass(2_000);
        expect(second.chat.link.phase).toBe('ready');
        expect(second.chat.unread(ROOM)).toBe(1);
    });

    it('all end with the session', async () => {
        const first = await open();
        first.net.last.welcome([room()]);
        const second = await open();
        first.net.last.hangUp(4401);
        await pass(50);
        expect(second.chat.link.phase).toBe('ended');
    });

    it('show the same history after a resume, without a hole', async () => {
        const first = await open();
        first.net.last.welcome([room({ seq: 1, no: 1 })]);
        for (const tab of [first, await open()]) {
            tab.chat.open(ROOM);
            await pass(50);
            const page = { events: [message(1)], first: true, last: true, users: [] };
            first.net.last.answer('history', page);
            await pass(50);
        }
        first.net.last.say(message(2));
        await pass(50);
        first.net.last.hangUp(1006);
        await pass(2_000);
        const net = first.net.last;
        net.open();
        const rooms = [room({ seq: 4, no: 4 })];
        net.answer('hello', { user: me, self: { seq: 0 }, now: 1, rooms, more: false });
        for (const seq of [3, 4]) net.say(message(seq));
        net.say({ sig: 'synced' });
        await pass(3_000);
        for (const tab of tabs) expect(seqs(tab)).toEqual([1, 2, 3, 4]);
    });
});
