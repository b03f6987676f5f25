import { describe, expect, it } from 'vitest';
import { GROUPS, search, TONES, withTone, type Emoji } from '../src/state/emoji';
import { i18n, loadLanguage } from '../src/i18n';

function find(char: string): Emoji {
    return GROUPS.flatMap(({ list }) => list).find((one) => one.char === char)!;
}

function chars(query: string): string[] {
    return search(query).map(({ char }) => char);
}

describe('the emoji', () => {
    it('are all there, in groups that every language names', async () => {
        expect(GROUPS.flatMap(({ list }) => list).length).toBeGreaterThan(1_800);
        for (const language of ['en', 'id'] as const) {
            await loadLanguage(language);
            for (const { name } of GROUPS)
                expect(i18n.global.te(`emoji.${name}`, language), name).toBe(true);
        }
    });

    it('are found by the beginnings of words in their names', () => {
        expect(chars('grin')[0]).toBe('😀');
        expect(chars('red hea')).toContain('❤️');
        expect(chars('zebra')).toEqual(['🦓']);
        expect(chars('  ')).toEqual([]);
        expect(chars('qwertz')).toEqual([]);
    });

    it('are found by what people call them, also in Indonesian', () => {
        expect(chars('tertawa')).toContain('😂');
        expect(chars('kucing')).toContain('🐱');
        expect(chars('terima')).toContain('🙏');
        expect(chars('thanks')).toContain('🙏');
    });

    it('take a skin tone where they have one, and stay one sign', () => {
        const dark = TONES.at(-1)!;
        expect(withTone(find('👍'), dark)).toBe('👍🏿');
        expect(withTone(find('✌️'), dark)).toBe('✌🏿');
        expect(withTone(find('👩‍🚀'), dark)).toBe('👩🏿‍🚀');
        expect(withTone(find('🧑‍🤝‍🧑'), dark)).toBe('🧑🏿‍🤝‍🧑🏿');
        expect(withTone(find('🤝'), dark)).toBe('🤝🏿');
        expect(withTone(find('😀'), dark)).toBe('😀');
        expect(withTone(find('👍'), '')).toBe('👍');
    });
});
