import { describe, expect, it } from 'vitest';
import { actsOn, membersMoved } from '../src/state/members';
import { message } from './fake_socket';

describe('what may be done about a member', () => {
    it('is writing to them, for everybody', () => {
        for (const mine of ['member', 'admin', 'owner'] as const)
            expect(actsOn('member', mine)).toContain('message');
    });

    it('is what the server allows each role', () => {
        expect(actsOn('member', 'member')).toEqual(['message']);
        expect(actsOn('owner', 'member')).toEqual(['message']);
        expect(actsOn('member', 'admin')).toEqual(['message', 'remove']);
        expect(actsOn('admin', 'admin')).toEqual(['message']);
        expect(actsOn('owner', 'admin')).toEqual(['message']);
        expect(actsOn('member', 'owner')).toEqual([
            'message',
            'admin',
            'handOver',
            'remove',
        ]);
        expect(actsOn('admin', 'owner')).toEqual([
            'message',
            'member',
            'handOver',
            'remove',
        ]);
    });
});

describe('whether the members of a room are others now', () => {
    const log = new Map([3, 4, 5, 6].map((seq) => [seq, message(seq)]));
    log.set(4, message(4, { ev: 'join', body: {} }));
    const moved = (before: number, seq: number) =>
        membersMoved(before, seq, (one) => log.get(one));

    it('is told by every event, not only by the last of those that came at once', () => {
        expect(moved(3, 4)).toBe(true);
        expect(moved(2, 6)).toBe(true);
        expect(moved(4, 6)).toBe(false);
    });

    it('is possible where the events are not here', () => {
        expect(moved(6, 7)).toBe(true);
        expect(moved(7, 700)).toBe(true);
        expect(moved(6, 6)).toBe(false);
    });
});
