import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PATIENCE } from '../src/state/changes';
import { Chat } from '../src/state/chat';
import { errorText } from '../src/state/notice';
import { FakeNet, ME, message, room, ROOM, settle, type Frame } from './fake_socket';

const OTHER = 'c'.repeat(24);
const me = { id: ME, name: 'me', display: 'Me' };
const here = room({ seq: 7, no: 7, role: 'owner' });
let net: FakeNet;
let chat: Chat;

beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('localStorage', { getItem: () => null, setItem: () => undefined });
    net = new FakeNet();
    chat = new Chat(me, net.open, () => undefined);
    void chat.start();
    net.last.welcome([here]);
});

afterEach(() => {
    chat.stop();
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

/* What is said with every try of one change. */
function said(frame: Frame): object {
    return { ...frame, id: 0 };
}

/* Asked for; what comes of it is no matter. */
function start(change: Promise<unknown>): void {
    change.catch(() => undefined);
}

async function cut(): Promise<void> {
    net.last.hangUp(1006);
    await settle();
}

async function back(rooms = [here]): Promise<void> {
    await vi.advanceTimersByTimeAsync(1_000);
    net.last.welcome(rooms);
    await settle();
}

describe('a change of a room', () => {
    it('says what was known when it was decided on', async () => {
        net.last.say(message(8));
        const renamed = chat.change('rename', ROOM, { label: 'New' });
        expect(net.last.of('rename')[0]).toMatchObject({
            room: ROOM,
            label: 'New',
            known: 8,
            cid: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        });
        net.last.answer('rename', { seq: 9 });
        expect(await renamed).toMatchObject({ seq: 9 });
        start(chat.change('topic', ROOM, { topic: 'Old' }, 5));
        expect(net.last.of('topic')[0]!['known']).toBe(5);
    });

    it.each([
        ['role', () => chat.setRole(ROOM, OTHER, 'admin')],
        ['leave', () => chat.leave(ROOM)],
        ['mute', () => chat.mute(ROOM, 1)],
        ['archive', () => chat.archive(ROOM, true)],
    ])('is made once if it is a %s too', async (op, change) => {
        start(change());
        const [first] = net.last.of(op);
        expect(first).toMatchObject({ known: 7, cid: expect.any(String) as string });
        await cut();
        await back();
        expect(net.last.of(op).map(said)).toEqual([said(first!)]);
    });

    it('is, for who comes, about the group as it was listed', async () => {
        const id = 'd'.repeat(24);
        const joined = chat.join(room({ id, kind: 'public', seq: 30 }));
        expect(net.last.of('join')[0]).toMatchObject({ room: id, known: 30 });
        net.last.answer('join', { room: room({ id, seq: 31 }), seq: 31 });
        expect(await joined).toBe(id);
    });

    it('knows of what one did right before, and no more', async () => {
        for (const seq of [8, 9, 11]) {
            start(chat.setRole(ROOM, OTHER, 'admin'));
            net.last.answer('role', { seq });
            await settle();
        }
        start(chat.change('remove', ROOM, { user: OTHER }));
        expect(net.last.of('remove').at(-1)!['known']).toBe(9);
        for (const seq of [8, 9, 10]) net.last.say(message(seq, { from: OTHER }));
        start(chat.change('remove', ROOM, { user: OTHER }));
        expect(net.last.of('remove').at(-1)!['known']).toBe(11);
    });

    it('is asked again as it was when its answer was lost with the connection', async () => {
        const renamed = chat.change('rename', ROOM, { label: 'New' });
        const [first] = net.last.of('rename');
        await cut();
        await back([{ ...here, seq: 20 }]);
        expect(net.last.of('rename').map(said)).toEqual([said(first!)]);
        await cut();
        await back();
        expect(net.last.of('rename').map(said)).toEqual([said(first!)]);
        net.last.answer('rename', { seq: 21 });
        await renamed;
        await cut();
        await back();
        expect(net.last.of('rename')).toEqual([]);
    });

    it('waits for a connection, but not for long', async () => {
        await cut();
        const failed = expect(chat.mute(ROOM, 1)).rejects.toMatchObject({
            code: 'offline',
        });
        await vi.advanceTimersByTimeAsync(PATIENCE);
        await failed;
        await back();
        expect(net.last.of('mute')).toEqual([]);
    });

    it('ends with the page of the account', async () => {
        await cut();
        const failed = expect(chat.mute(ROOM, 1)).rejects.toMatchObject({
            code: 'offline',
        });
        chat.stop();
        await failed;
        expect(vi.getTimerCount()).toBe(0);
    });

    it('is asked again when no answer came, and when the store is back', async () => {
        start(chat.mute(ROOM, 1));
        await vi.advanceTimersByTimeAsync(16_000);
        expect(new Set(net.last.of('mute').map((one) => one['cid'])).size).toBe(1);
        expect(net.last.of('mute').length).toBe(2);
        net.last.refuse('mute', 'busy', 10_000);
        await settle();
        net.last.say({ sig: 'store', ok: true });
        await settle();
        expect(net.last.of('mute').length).toBe(3);
    });

    it('waits as long as the server says, and is asked again as it was', async () => {
        const muted = chat.mute(ROOM, 1);
        net.last.refuse('mute', 'slow_down', 2_000);
        await vi.advanceTimersByTimeAsync(1_999);
        expect(net.last.of('mute').length).toBe(1);
        await vi.advanceTimersByTimeAsync(1);
        const [first, second] = net.last.of('mute');
        expect(said(second!)).toEqual(said(first!));
        net.last.answer('mute');
        await muted;
    });

    it('is refused in words when somebody was faster, and not asked again', async () => {
        const refused = chat.change('rename', ROOM, { label: 'New' }).catch((e) => e);
        net.last.refuse('rename', 'conflict');
        expect(errorText(await refused)).toMatch(/^Somebody changed this meanwhile/);
        await vi.advanceTimersByTimeAsync(2_000);
        expect(net.last.of('rename').length).toBe(1);
        const other = chat.ask('profile', {}).catch((e) => e);
        net.last.refuse('profile', 'conflict');
        expect(errorText(await other)).not.toMatch(/changed/);
    });

    it('tells nobody that a group is gone who is leaving it', async () => {
        chat.open(ROOM);
        const left = chat.leave(ROOM);
        await cut();
        await back([]);
        expect(chat.gone.value).toBeNull();
        expect(chat.current.value).toBeNull();
        net.last.answer('leave', { seq: 8 });
        await left;
    });
});
