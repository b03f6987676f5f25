import { describe, expect, it } from 'vitest';
import { badgeOf, titleOf } from '../src/state/badges';

describe('the title of the page', () => {
    it('names the app, the open chat and what waits', () => {
        expect(titleOf('Burung', '', { rooms: 0, mentions: 0 })).toBe('Burung');
        expect(titleOf('Burung', 'Ani', { rooms: 0, mentions: 0 })).toBe(
            'Ani · Burung',
        );
        expect(titleOf('Burung', 'Ani', { rooms: 3, mentions: 0 })).toBe(
            '(3) Ani · Burung',
        );
        expect(titleOf('Burung', '', { rooms: 3, mentions: 2 })).toBe('@ (3) Burung');
    });

    it('shortens a long name, by letters as people see them', () => {
        const title = titleOf('Burung', '🐦'.repeat(64), { rooms: 0, mentions: 0 });
        expect(title).toBe(`${'🐦'.repeat(39)}… · Burung`);
    });
});

describe('the badge of the icon', () => {
    it('has room for one or two signs', () => {
        expect(badgeOf({ rooms: 0, mentions: 0 })).toBe('');
        expect(badgeOf({ rooms: 9, mentions: 0 })).toBe('9');
        expect(badgeOf({ rooms: 10, mentions: 0 })).toBe('9+');
        expect(badgeOf({ rooms: 10, mentions: 1 })).toBe('@');
    });
});
