import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../src/protocol/connection';
import { EarlySocket } from '../src/protocol/early_socket';
import type { RoomEvent } from '../src/protocol/types';
import { FakeNet, message, room, ROOM, settle } from './fake_socket';

let net: FakeNet;
let events: RoomEvent[];
let named: Record<string, [number, string]>;
let early: EarlySocket;
let connection: Connection;

beforeEach(() => {
    vi.useFakeTimers();
    net = new FakeNet();
    events = [];
    named = {};
    early = new EarlySocket(net.open());
    let first: EarlySocket | undefined = early;
    connection = new Connection(
        () => {
            const socket = first?.claim();
            first = undefined;
            return socket ?? net.open();
        },
        {
            resume: () => named,
            onHello: () => true,
            onRooms: () => undefined,
            onEvent: (event) => events.push(event),
            onSignal: () => undefined,
            onPhase: () => undefined,
        },
        () => 0.5,
    );
});

afterEach(() => {
    connection.stop();
    vi.useRealTimers();
});

function hellos(): number {
    return net.sockets.reduce((sum, one) => sum + one.of('hello').length, 0);
}

describe('a connection that began before the client was there', () => {
    it('keeps what the server said, and says hello once', async () => {
        net.last.welcome([room({ seq: 0 })]);
        net.last.say(message(1));
        expect(events).toEqual([]);
        connection.start();
        await settle();
        expect(connection.phase).toBe('ready');
        expect(events.map((one) => one.seq)).toEqual([1]);
        net.last.say(message(2));
        expect(events.map((one) => one.seq)).toEqual([1, 2]);
        expect([net.sockets.length, hellos()]).toEqual([1, 1]);
        void connection.request('typing', { room: ROOM }).catch(() => undefined);
        expect(net.last.of('typing').length).toBe(1);
    });

    it('may be taken over before it is open, or before it is answered', async () => {
        connection.start();
        await settle();
        expect(hellos()).toBe(0);
        net.last.welcome([room()]);
        expect(connection.phase).toBe('ready');
        expect([net.sockets.length, hellos()]).toEqual([1, 1]);
    });

    it('is left where something is kept, which hello must name', async () => {
        named = { [ROOM]: [7, '7'.repeat(32)] };
        net.last.welcome([room({ seq: 7 })]);
        connection.start();
        await settle();
        expect(net.sockets[0]!.closed).toBe(true);
        expect(connection.phase).toBe('waiting');
        vi.advanceTimersByTime(1_000);
        net.last.open();
        expect(net.last.of('hello')[0]).toMatchObject({ rooms: named });
    });

    it('that ended before is not taken over; one that ends later is made anew', async () => {
        net.last.hangUp(1006);
        connection.start();
        await settle();
        expect(net.sockets.length).toBe(2);
        net.last.welcome();
        expect(connection.phase).toBe('ready');
    });

    it('tells that it ended after it was taken over', async () => {
        net.last.welcome([room()]);
        connection.start();
        await settle();
        net.last.hangUp(4401);
        expect(connection.phase).toBe('ended');
    });

    it('is closed when nobody comes for it', () => {
        net.last.welcome([room()]);
        vi.advanceTimersByTime(30_000);
        expect(net.last.closed).toBe(true);
    });
});
