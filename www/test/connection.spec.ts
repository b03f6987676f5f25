import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BACKOFF_MAX, BACKOFF_MIN, backoff, retryHint } from '../src/protocol/backoff';
import {
    Connection,
    CONNECT_TIMEOUT,
    PING_TIMEOUT,
    REQUEST_TIMEOUT,
    SILENCE,
} from '../src/protocol/connection';
import type { RoomEvent } from '../src/protocol/types';
import { FakeNet, ME, message, room, ROOM, settle } from './fake_socket';

let net: FakeNet;
let events: RoomEvent[];
let phases: string[];
let signals: string[];
let named: Record<string, [number, string]>;
let connection: Connection;

beforeEach(() => {
    vi.useFakeTimers();
    net = new FakeNet();
    events = [];
    phases = [];
    signals = [];
    named = {};
    connection = new Connection(
        net.open,
        {
            resume: () => named,
            onHello: () => true,
            onRooms: () => undefined,
            onEvent: (event) => events.push(event),
            onSignal: (signal) => signals.push(signal.sig),
            onPhase: (phase) => phases.push(phase),
        },
        () => 0.5,
    );
});

afterEach(() => {
    connection.stop();
    vi.useRealTimers();
});

function seqs(): number[] {
    return events.map((event) => event.seq);
}

describe('connecting', () => {
    it('says hello first and lets nothing else out before the answer', async () => {
        connection.start();
        await expect(connection.request('send')).rejects.toMatchObject({
            code: 'offline',
        });
        net.last.open();
        await expect(connection.request('send')).rejects.toMatchObject({
            code: 'offline',
        });
        expect(net.last.frames.map((frame) => frame.op)).toEqual(['hello']);
        net.last.answer('hello', { user: { id: ME }, self: { seq: 0 }, rooms: [] });
        expect(connection.phase).toBe('ready');
    });

    it('gives up a socket on which hello is never answered', () => {
        connection.start();
        net.last.open();
        vi.advanceTimersByTime(CONNECT_TIMEOUT);
        expect(net.sockets[0]!.closed).toBe(true);
        expect(connection.phase).toBe('waiting');
        vi.advanceTimersByTime(750);
        expect(net.sockets.length).toBe(2);
    });

    it('waits between 0.5 and 30 s, longer each time, with full jitter', () => {
        expect(backoff(0, () => 0)).toBe(BACKOFF_MIN);
        expect(backoff(50, () => 0)).toBe(BACKOFF_MIN);
        expect(backoff(50, () => 0.999999)).toBe(BACKOFF_MAX);
        const bounds = [0, 1, 2, 3].map((attempt) => backoff(attempt, () => 0.999999));
        expect(bounds).toEqual([1000, 2000, 4000, 8000]);
    });

    it('waits longer and longer while nobody answers, and anew after success', () => {
        const waits: number[] = [];
        connection.start();
        for (let i = 0; i < 4; i++) {
            const before = Date.now();
            const count = net.sockets.length;
            net.last.hangUp(1006);
            while (net.sockets.length === count) vi.advanceTimersByTime(10);
            waits.push(Date.now() - before);
        }
        expect(waits).toEqual([750, 1250, 2250, 4250]);
        net.last.welcome();
        net.last.hangUp(1006);
        vi.advanceTimersByTime(750);
        expect(net.sockets.length).toBe(6);
    });

    it.each([1001, 4429])('honours the time that close code %i asks for', (code) => {
        expect(retryHint('retry=1234')).toBe(1234);
        expect(retryHint('bye')).toBeUndefined();
        connection.start();
        net.last.welcome();
        net.last.hangUp(code, 'retry=7000');
        vi.advanceTimersByTime(6990);
        expect(net.sockets.length).toBe(1);
        vi.advanceTimersByTime(10);
        expect(net.sockets.length).toBe(2);
    });

    it('does not connect again after 4401', () => {
        connection.start();
        net.last.hangUp(4401);
        expect(connection.phase).toBe('ended');
        vi.advanceTimersByTime(10 * BACKOFF_MAX);
        expect(net.sockets.length).toBe(1);
    });
});

describe('a dead line', () => {
    it('is asked after 25 s of silence and dropped 5 s later', () => {
        connection.start();
        net.last.welcome();
        vi.advanceTimersByTime(SILENCE - 1);
        expect(net.last.of('ping').length).toBe(0);
        vi.advanceTimersByTime(1);
        expect(net.last.of('ping').length).toBe(1);
        vi.advanceTimersByTime(PING_TIMEOUT - 1);
        expect(connection.phase).toBe('ready');
        vi.advanceTimersByTime(1);
        expect(connection.phase).toBe('waiting');
        expect(net.sockets[0]!.closed).toBe(true);
    });

    it('is alive when anything is heard', () => {
        connection.start();
        net.last.welcome([room()]);
        for (let i = 1; i <= 10; i++) {
            vi.advanceTimersByTime(SILENCE - 1000);
            net.last.say(message(i));
        }
        expect(net.last.of('ping').length).toBe(0);
        expect(connection.phase).toBe('ready');
    });

    it('is asked at once on wake, and a wait is cut short', () => {
        connection.start();
        net.last.welcome();
        connection.nudge();
        expect(net.last.of('ping').length).toBe(1);
        vi.advanceTimersByTime(PING_TIMEOUT);
        expect(connection.phase).toBe('waiting');
        connection.nudge();
        expect(net.sockets.length).toBe(2);
    });
});

describe('requests', () => {
    it('get their own answers, in whatever order these come', async () => {
        connection.start();
        net.last.welcome();
        const one = connection.request<{ v: number }>('a');
        const two = connection.request<{ v: number }>('b');
        net.last.answer('b', { v: 2 });
        net.last.answer('a', { v: 1 });
        expect((await one).v).toBe(1);
        expect((await two).v).toBe(2);
    });

    it('fail as the server says, or with offline or timeout', async () => {
        connection.start();
        net.last.welcome();
        const refused = connection.request('a');
        net.last.refuse('a', 'busy', 300);
        await expect(refused).rejects.toMatchObject({ code: 'busy', retryMs: 300 });

        const late = connection.request('b');
        const failed = expect(late).rejects.toMatchObject({ code: 'timeout' });
        vi.advanceTimersByTime(REQUEST_TIMEOUT);
        await failed;

        const lost = connection.request('c');
        net.last.hangUp(1006);
        await expect(lost).rejects.toMatchObject({ code: 'offline' });
    });

    it('survive frames of unknown kinds', () => {
        connection.start();
        net.last.welcome([room()]);
        net.last.say({ what: 'ever' });
        net.last.say({ sig: 'new thing' });
        net.last.say({ re: 99 });
        net.last.say(message(1, { ev: 'new kind' }));
        expect(connection.phase).toBe('ready');
        expect(seqs()).toEqual([1]);
    });
});

describe('the order of events', () => {
    it('takes each event once and in order', () => {
        connection.start();
        net.last.welcome([room({ seq: 5 })]);
        for (const seq of [6, 7, 7, 6, 8]) net.last.say(message(seq));
        expect(seqs()).toEqual([6, 7, 8]);
    });

    it('drops the connection on a gap and resumes where it was', () => {
        connection.start();
        net.last.welcome([room({ seq: 5 })]);
        net.last.say(message(6));
        net.last.say(message(8));
        expect(connection.phase).toBe('waiting');
        expect(net.sockets[0]!.closed).toBe(true);
        expect(seqs()).toEqual([6]);

        named = { [ROOM]: [6, message(6).cid] };
        vi.advanceTimersByTime(750);
        net.last.open();
        expect(net.last.of('hello')[0]!['rooms']).toEqual(named);
        const user = { id: ME };
        const rooms = [room({ seq: 8 })];
        net.last.answer('hello', { user, self: { seq: 0 }, rooms });
        for (const seq of [7, 8, 9]) net.last.say(message(seq));
        expect(seqs()).toEqual([6, 7, 8, 9]);
    });

    it('begins at the summary of a room that it did not name', () => {
        connection.start();
        net.last.welcome([room({ seq: 40 })]);
        net.last.say(message(42));
        expect(connection.phase).toBe('waiting');
    });

    it('begins anew at the summary after a reset', () => {
        named = { [ROOM]: [6, 'old'] };
        connection.start();
        net.last.open();
        const user = { id: ME };
        const rooms = [room({ seq: 900 })];
        net.last.answer('hello', { user, self: { seq: 0 }, rooms });
        net.last.say({ sig: 'reset', room: ROOM });
        net.last.say(message(901));
        expect(seqs()).toEqual([901]);
        expect(signals).toContain('reset');
    });

    it('follows a room from where it was added', () => {
        connection.start();
        net.last.welcome([], 3);
        const body = { room: ROOM, seq: 10 };
        net.last.say(message(4, { room: ME, ev: 'added', no: 0, body }));
        net.last.say(message(10));
        net.last.say(message(11));
        expect(connection.phase).toBe('ready');
        net.last.say(message(13));
        expect(connection.phase).toBe('waiting');
    });

    it('finds gaps in further pages of hello too', async () => {
        connection.start();
        net.last.welcome();
        net.last.say({ sig: 'rooms', rooms: [room({ seq: 7 })], more: false });
        net.last.say(message(9));
        expect(connection.phase).toBe('waiting');
        await settle();
    });
});
