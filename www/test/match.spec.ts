import { describe, expect, it } from 'vitest';
import { ranked, score } from '../src/state/match';

describe('finding a chat by a few letters', () => {
    it('is easy on capitals and marks', () => {
        expect(score('ELAN', 'Élan vital')).toBeGreaterThan(0);
        expect(score('élan', 'elan')).toBe(100);
    });

    it('takes the words in any order, and each of them once', () => {
        expect(score('gard big', 'Big garden club')).toBeGreaterThan(0);
        expect(score('big big', 'Big garden club')).toBe(0);
    });

    it('takes a few letters, the first of which begins a word', () => {
        expect(score('bgc', 'Big garden club')).toBeGreaterThan(0);
        expect(score('gdn', 'Big garden club')).toBeGreaterThan(0);
        expect(score('igc', 'Big garden club')).toBe(0);
        expect(score('z', 'Big garden club')).toBe(0);
    });

    it('finds nothing for nothing', () => {
        expect(score('  ', 'Ani')).toBe(0);
        expect(score('a', '')).toBe(0);
    });

    it('puts what fits best first, and of equals what came first', () => {
        const names = ['Banana', 'Diana', 'Ana Maria', 'Ana', 'Anabel', 'Anna'];
        const found = ranked('ana', names, (name) => [name]);
        expect(found).toEqual([
            'Ana',
            'Ana Maria',
            'Anabel',
            'Banana',
            'Diana',
            'Anna',
        ]);
    });

    it('takes the best of several names', () => {
        const people = [
            { shown: 'Ani Wijaya', name: 'ani77' },
            { shown: 'Budi', name: 'wijaya' },
        ];
        const found = ranked('wijaya', people, (one) => [one.shown, one.name]);
        expect(found.map((one) => one.name)).toEqual(['wijaya', 'ani77']);
    });
});
