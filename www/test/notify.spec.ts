import { describe, expect, it } from 'vitest';
import { isWorthTelling, type Situation } from '../src/state/notify';

describe('a notification', () => {
    const worth: Situation = { on: true, unread: 1, muted: false, seen: false };

    it('comes for an unread message that nobody looks at', () => {
        expect(isWorthTelling(worth)).toBe(true);
    });

    it('does not come when it is off, read already, muted, or before one’s eyes', () => {
        expect(isWorthTelling({ ...worth, on: false })).toBe(false);
        expect(isWorthTelling({ ...worth, unread: 0 })).toBe(false);
        expect(isWorthTelling({ ...worth, muted: true })).toBe(false);
        expect(isWorthTelling({ ...worth, seen: true })).toBe(false);
    });
});
