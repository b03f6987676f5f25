import { describe, expect, it } from 'vitest';
import { actsOn } from '../src/state/members';

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
