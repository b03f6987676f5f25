import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
    cleanText,
    hue,
    initials,
    isEmojiOnly,
    linkParts,
    shortTime,
    utf8Length,
} from '../src/state/format';

describe('texts', () => {
    it('are sent without control characters, but with lines and tabs', () => {
        expect(cleanText('  a\u0000\u0007\tb\nc\u007f\r\n ')).toBe('a\tb\nc');
    });

    it('are measured in bytes of UTF-8', () => {
        expect(utf8Length('aé☕🐦')).toBe(1 + 2 + 3 + 4);
    });

    it('become links only where there is an address', () => {
        expect(linkParts('see (https://a.example/x?y=1), javascript:alert(1)')).toEqual(
            [
                { text: 'see (' },
                { text: 'https://a.example/x?y=1', href: 'https://a.example/x?y=1' },
                { text: '), javascript:alert(1)' },
            ],
        );
        expect(linkParts('')).toEqual([]);
    });

    it('of few pictures only are shown large', () => {
        expect(isEmojiOnly('👍')).toBe(true);
        expect(isEmojiOnly('🎉 ☕️')).toBe(true);
        expect(isEmojiOnly('ok 👍')).toBe(false);
        expect(isEmojiOnly('👍👍👍👍 ok')).toBe(false);
        expect(isEmojiOnly('12')).toBe(false);
    });
});

describe('people and rooms', () => {
    it('have initials whatever they are called', () => {
        expect(initials('Sari Wulandari')).toBe('SW');
        expect(initials('budi')).toBe('B');
        expect(initials('maya.k')).toBe('MK');
        expect(initials('  ')).toBe('?');
        expect(initials('🐦 club')).toBe('🐦C');
    });

    it('have one of eight colours, all of them in use', () => {
        const found = new Set<number>();
        for (let i = 0; i < 40; i++) found.add(hue(i.toString(16).padStart(24, '6')));
        expect([...found].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });
});

describe('times', () => {
    beforeAll(() => void vi.stubGlobal('navigator', { languages: ['id', 'en-GB'] }));
    afterAll(() => void vi.unstubAllGlobals());

    it('are shown as time today, as a word yesterday, as a date later', () => {
        const now = new Date(2026, 10, 23, 15, 4).getTime();
        expect(shortTime(new Date(2026, 10, 23, 9, 5).getTime(), now)).toMatch(
            /9[:.]05/,
        );
        expect(shortTime(new Date(2026, 10, 22, 23, 59).getTime(), now)).toBe(
            'Yesterday',
        );
        expect(shortTime(new Date(2026, 2, 1).getTime(), now)).toMatch(/Mar/);
        expect(shortTime(new Date(2024, 2, 1).getTime(), now)).toMatch(/24/);
    });
});
