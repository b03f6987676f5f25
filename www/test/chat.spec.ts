import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Chat } from '../src/state/chat';
import { timeline } from '../src/state/timeline';
import { FakeNet, ME, message, room, ROOM, settle } from './fake_socket';

class MemoryStorage {
    [key: string]: unknown;
    getItem(key: string): string | null {
        return (this[`${key}`] as string | undefined) ?? null;
    }
    setItem(key: string, value: string): void {
        this[key] = value;
    }
    removeItem(key: string): void {
        delete this[key];
    }
}

const me = { id: ME, name: 'me', display: 'Me' };
let net: FakeNet;
let chat: Chat;
let ended: number;

function enter(): void {
    net = new FakeNet();
    chat = new Chat(me, net.open, () => ended++);
    chat.start();
}

beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('localStorage', new MemoryStorage());
    ended = 0;
    enter();
});

afterEach(() => {
    chat.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

function texts(): string[] {
    return timeline({
        parts: chat.view(ROOM)?.fold.parts() ?? [],
        newest: 0,
        outgoing: chat.outgoing(ROOM),
        me: ME,
        direct: false,
        removable: () => false,
    }).flatMap((row) => (row.type === 'message' ? [`${row.body} ${row.state}`] : []));
}

/* Opens the room and answers its first page: events 1 … seq. */
async function openRoom(seq: number): Promise<void> {
    chat.open(ROOM);
    const events = [...Array(seq).keys()].map((i) => message(i + 1));
    net.last.answer('history', { events, first: true, last: true, users: [] });
    await settle();
}

describe('the state of an account', () => {
    it('shows a message at once, and its event takes its place', async () => {
        net.last.welcome([room({ seq: 1, no: 1 })]);
        await openRoom(1);
        chat.send(ROOM, 'hi');
        expect(texts()).toEqual(['message 1 sent', 'hi sending']);
        const cid = net.last.of('send')[0]!['cid'] as string;
        net.last.answer('send', { seq: 2, no: 2, at: 2 });
        await settle();
        expect(texts()).toEqual(['message 1 sent', 'hi sent']);
        net.last.say(message(2, { from: ME, cid, body: 'hi' }));
        expect(texts()).toEqual(['message 1 sent', 'hi sent']);
        expect(chat.outgoing(ROOM)).toEqual([]);
        expect(chat.unread(ROOM)).toBe(0);
    });

    it('keeps drafts and unsent messages over a session that ended', async () => {
        net.last.welcome([room()]);
        chat.draft(ROOM, { text: 'half a th' });
        chat.send(ROOM, 'unsent');
        const cid = net.last.of('send')[0]!['cid'];
        net.last.hangUp(4401);
        expect(ended).toBe(1);
        chat.stop();

        enter();
        expect(chat.drafts.get(ROOM)?.text).toBe('half a th');
        net.last.welcome([room()]);
        expect(net.last.of('send').map((frame) => frame['cid'])).toEqual([cid]);
    });

    it('resumes the rooms it has cached, and only those', async () => {
        net.last.welcome([
            room({ seq: 3, no: 3 }),
            room({ id: 'd'.repeat(24), seq: 9 }),
        ]);
        await openRoom(3);
        net.last.say(message(4));
        net.last.hangUp(1006);
        vi.advanceTimersByTime(1_000);
        net.last.open();
        expect(net.last.of('hello')[0]!['rooms']).toEqual({
            [ROOM]: [4, message(4).cid],
        });
    });

    it('forgets the cache of a room that is reset and loads its newest page', async () => {
        net.last.welcome([room({ seq: 2, no: 2 })]);
        await openRoom(2);
        net.last.hangUp(1006);
        vi.advanceTimersByTime(1_000);
        net.last.open();
        const rooms = [room({ seq: 900, no: 900 })];
        net.last.answer('hello', { user: me, self: { seq: 0 }, rooms, more: false });
        net.last.say({ sig: 'reset', room: ROOM });
        expect(texts()).toEqual([]);
        const events = [message(899), message(900)];
        net.last.answer('history', { events, first: false, last: true, users: [] });
        await settle();
        expect(texts()).toEqual(['message 899 sent', 'message 900 sent']);
    });

    it('drops the rooms that hello no longer lists, after its last page', () => {
        net.last.welcome([room(), room({ id: 'd'.repeat(24) })]);
        expect(chat.list.value.length).toBe(2);
        net.last.hangUp(1006);
        vi.advanceTimersByTime(1_000);
        net.last.open();
        const answer = { user: me, self: { seq: 0 }, rooms: [room()], more: true };
        net.last.answer('hello', answer);
        expect(chat.list.value.length).toBe(2);
        net.last.say({ sig: 'rooms', rooms: [], more: false });
        expect(chat.list.value.map((one) => one.id)).toEqual([ROOM]);
    });

    it('learns of rooms it is added to and removed from', async () => {
        net.last.welcome([]);
        const self = { room: ME, no: 0, body: { room: ROOM, seq: 1 } };
        net.last.say(message(1, { ...self, ev: 'added' }));
        net.last.answer('room', { room: room({ seq: 1 }) });
        await settle();
        net.last.say(message(1, { ev: 'join', no: 0, body: {} }));
        net.last.say(message(2, { no: 1 }));
        expect(chat.list.value.map((one) => one.id)).toEqual([ROOM]);
        expect(chat.unread(ROOM)).toBe(1);
        chat.open(ROOM);
        net.last.say(message(2, { ...self, ev: 'removed' }));
        expect(chat.list.value).toEqual([]);
        expect(chat.current.value).toBeNull();
        expect(chat.gone.value).toEqual({
            room: ROOM,
            title: 'Test',
            by: 'c'.repeat(24),
        });
    });

    it('tells how far one has read at most every 5 s, and on leaving', async () => {
        net.last.welcome([room({ seq: 3, no: 3 })]);
        await openRoom(3);
        for (const seq of [1, 2, 3]) chat.seen(ROOM, seq);
        expect(chat.unread(ROOM)).toBe(0);
        vi.advanceTimersByTime(1_000);
        expect(net.last.of('read').map((frame) => frame['seq'])).toEqual([3]);
        net.last.say(message(4));
        chat.seen(ROOM, 4);
        vi.advanceTimersByTime(1_000);
        expect(net.last.of('read').length).toBe(1);
        chat.open(null);
        expect(net.last.of('read').map((frame) => frame['seq'])).toEqual([3, 4]);
    });

    it('says that one types at most every 3 s', () => {
        net.last.welcome([room()]);
        for (let i = 0; i < 10; i++) {
            chat.typed(ROOM);
            vi.advanceTimersByTime(500);
        }
        expect(net.last.of('typing').length).toBe(2);
    });

    it('forgets that somebody types after 6 s, or with their message', () => {
        net.last.welcome([room()]);
        const user = 'c'.repeat(24);
        net.last.say({ sig: 'typing', room: ROOM, user });
        expect(chat.typing.in(ROOM)).toEqual([user]);
        vi.advanceTimersByTime(6_000);
        expect(chat.typing.in(ROOM)).toEqual([]);
        net.last.say({ sig: 'typing', room: ROOM, user });
        net.last.say(message(1));
        expect(chat.typing.in(ROOM)).toEqual([]);
    });

    it('sends what the store refused as soon as the store is back', async () => {
        net.last.welcome([room()]);
        chat.send(ROOM, 'hi');
        net.last.say({ sig: 'store', ok: false });
        expect(chat.link.storeOk).toBe(false);
        net.last.refuse('send', 'busy', 60_000);
        await settle();
        net.last.say({ sig: 'store', ok: true });
        expect(net.last.of('send').length).toBe(2);
        expect(chat.link.storeOk).toBe(true);
    });

    it('loads a page that failed again when there is a connection', async () => {
        net.last.welcome([room({ seq: 2, no: 2 })]);
        chat.open(ROOM);
        net.last.hangUp(1006);
        await settle();
        expect(chat.view(ROOM)?.loading).toBe('failed');
        vi.advanceTimersByTime(1_000);
        net.last.welcome([room({ seq: 2, no: 2 })]);
        const events = [message(1), message(2)];
        net.last.answer('history', { events, first: true, last: true, users: [] });
        await settle();
        expect(chat.view(ROOM)?.loading).toBe('');
        expect(texts()).toEqual(['message 1 sent', 'message 2 sent']);
    });

    it('names no more rooms in hello than fit into a frame', () => {
        const ids = [...Array(700).keys()].map((i) => i.toString(16).padStart(24, '0'));
        net.last.welcome(ids.map((id) => room({ id })));
        for (const id of ids) net.last.say(message(1, { room: id }));
        net.last.hangUp(1006);
        vi.advanceTimersByTime(1_000);
        net.last.open();
        const hello = net.last.of('hello')[0]!;
        expect(Object.keys(hello['rooms'] as object).length).toBe(500);
        expect(JSON.stringify(hello).length).toBeLessThan(65_536);
    });
});
