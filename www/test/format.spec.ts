import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { i18n } from '../src/i18n';
import {
    ago,
    cleanText,
    hue,
    initials,
    isEmojiOnly,
    isLabel,
    linkParts,
    memberCount,
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

    it('name a group with 1 to 64 characters, whatever their bytes', () => {
        expect(isLabel('🐦'.repeat(64))).toBe(true);
        expect(isLabel('x'.repeat(65))).toBe(false);
        expect(isLabel(' \u0007 ')).toBe(false);
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

describe('how long ago', () => {
    const NOW = new Date(2026, 10, 24, 15, 30).getTime();
    const before = (minutes: number): string => ago(NOW - minutes * 60_000, NOW);

    afterAll(() => (i18n.global.locale.value = 'en'));

    it('is told in the reader’s language', () => {
        expect(before(0)).toBe('just now');
        expect(before(1)).toBe('1 minute ago');
        expect(before(5)).toBe('5 minutes ago');
        expect(before(60)).toBe('1 hour ago');
        expect(before(15 * 60)).toBe('15 hours ago');
        expect(before(24 * 60)).toBe('yesterday');
        expect(before(3 * 24 * 60)).toBe('3 days ago');
        i18n.global.locale.value = 'id';
        expect(before(5)).toBe('5 menit yang lalu');
        expect(before(24 * 60)).toBe('kemarin');
    });

    it('is never in the future, whatever the clocks say', () => {
        i18n.global.locale.value = 'en';
        expect(before(-5)).toBe('just now');
    });
});

describe('counts', () => {
    afterAll(() => (i18n.global.locale.value = 'en'));

    it('have the form and the figures of the language', () => {
        i18n.global.locale.value = 'en';
        expect([1, 2, 1200].map(memberCount)).toEqual([
            '1 member',
            '2 members',
            '1,200 members',
        ]);
        i18n.global.locale.value = 'id';
        expect(memberCount(1200)).toBe('1.200 anggota');
    });
});
