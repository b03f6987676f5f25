import { describe, expect, it, vi } from 'vitest';
import { isEvent, isHello, isHistory, isRoom } from '../src/protocol/check';
import { Connection } from '../src/protocol/connection';
import { Frames } from '../src/state/frames';
import { FakeNet, ME, message, room, ROOM } from './fake_socket';

const hello = { user: { id: ME }, self: { seq: 0 }, rooms: [] };

describe('what the server says', () => {
    it('is taken when it is as the protocol has it', () => {
        expect(isEvent(message(1))).toBe(true);
        expect(isRoom(room({ last: message(1) }))).toBe(true);
        expect(isHello({ ...hello, rooms: [room()] })).toBe(true);
        const page = { events: [message(1), message(2)], first: true, last: true };
        expect(isHistory(page, ROOM)).toBe(true);
    });

    it.each([null, 7, 'x', [], { ...message(1), seq: '1' }, { ...message(1), seq: 0 }])(
        'is no event: %j',
        (value) => expect(isEvent(value)).toBe(false),
    );

    it.each([
        {},
        { ...room(), label: 5 },
        { ...room(), last: {} },
        { ...room(), seq: 0.5 },
    ])('is no room: %j', (value) => expect(isRoom(value)).toBe(false));

    it.each([
        {},
        { ...hello, rooms: 'x' },
        { ...hello, user: null },
        { ...hello, self: 1 },
    ])('is no hello: %j', (value) => expect(isHello(value)).toBe(false));

    it('is no page when it has a hole, or is of another room', () => {
        const page = { first: true, last: true };
        expect(isHistory({ ...page, events: [message(1), message(3)] }, ROOM)).toBe(
            false,
        );
        expect(isHistory({ ...page, events: [message(1)] }, 'other')).toBe(false);
    });
});

describe('a connection that speaks nonsense', () => {
    it.each(['%%%', 'null', '[]', '{"ev":"message"}', '{"sig":"rooms","rooms":7}'])(
        'is left, with a wait before the next: %s',
        (text) => {
            vi.useFakeTimers();
            const net = new FakeNet();
            const connection = new Connection(net.open, {
                resume: () => ({}),
                onHello: () => true,
                onRooms: () => undefined,
                onEvent: () => undefined,
                onSignal: () => undefined,
                onPhase: () => undefined,
            });
            connection.start();
            net.last.welcome([room()]);
            net.last.onmessage?.({ data: text });
            expect(connection.phase).toBe('waiting');
            expect(connection.nonsense).toBe(true);
            vi.advanceTimersByTime(30_000);
            expect(net.sockets.length).toBeGreaterThan(1);
            net.last.welcome([room()]);
            expect(connection.nonsense).toBe(false);
            connection.stop();
            vi.useRealTimers();
        },
    );
});

describe('changes that come one after the other', () => {
    it('are shown at once, then once per frame, the last one too', () => {
        vi.useFakeTimers();
        const shown: string[] = [];
        const frames = new Frames<string>((what) => shown.push(what));
        for (let i = 0; i < 1_000; i++) frames.touch('a');
        expect(shown).toEqual(['a']);
        frames.touch('b');
        vi.advanceTimersByTime(20);
        expect(shown).toEqual(['a', 'a', 'b']);
        vi.advanceTimersByTime(100);
        frames.touch('a');
        expect(shown).toEqual(['a', 'a', 'b', 'a']);
        vi.useRealTimers();
    });
});
