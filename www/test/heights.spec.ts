import { describe, expect, it } from 'vitest';
import { Heights } from '../src/state/heights';

function list(count: number, guess = 50): Heights {
    const heights = new Heights();
    const keys = [...Array(count).keys()].map(String);
    heights.setRows(
        keys,
        keys.map(() => guess),
    );
    return heights;
}

describe('the heights of a long list', () => {
    it('are guesses until they are measured', () => {
        const heights = list(100_000);
        expect(heights.total).toBe(5_000_000);
        expect(heights.measure('10', 80)).toBe(true);
        expect(heights.measure('10', 80)).toBe(false);
        expect(heights.total).toBe(5_000_030);
        expect(heights.top(10)).toBe(500);
        expect(heights.top(11)).toBe(580);
    });

    it('say which row is at a place, also at the edges and beyond', () => {
        const heights = list(10);
        heights.measure('3', 200);
        expect([0, 49.9, 50, 150, 349, 350].map((y) => heights.at(y))).toEqual([
            0, 0, 1, 3, 3, 4,
        ]);
        expect(heights.at(-5)).toBe(0);
        expect(heights.at(1e9)).toBe(9);
    });

    it('say which rows are in a window, and none of an empty list', () => {
        const heights = list(1000);
        expect(heights.window(75, 100)).toEqual({ first: 1, last: 3 });
        expect(heights.window(-700, 300)).toEqual({ first: 0, last: 0 });
        expect(list(0).window(0, 500)).toEqual({ first: 0, last: -1 });
        expect(list(0).total).toBe(0);
    });

    it('remember what was measured when rows come above', () => {
        const heights = list(3);
        heights.measure('1', 123);
        const keys = ['a', 'b', '0', '1', '2'];
        heights.setRows(
            keys,
            keys.map(() => 10),
        );
        expect(heights.top(heights.indexOf('2')!)).toBe(10 + 10 + 10 + 123);
        expect(heights.indexOf('gone')).toBeUndefined();
        heights.forget();
        expect(heights.total).toBe(50);
    });

    it('agree with a plain sum after any measurements', () => {
        const heights = list(500, 40);
        const plain = Array(500).fill(40) as number[];
        let random = 1;
        for (let i = 0; i < 2_000; i++) {
            random = (random * 48_271) % 2_147_483_647;
            const at = random % 500;
            plain[at] = 20 + (random % 300);
            heights.measure(String(at), plain[at]!);
            if (i % 50 > 0) continue;
            const y = random % 90_000;
            let sum = 0;
            let expected = 0;
            while (expected < 499 && sum + plain[expected]! <= y)
                sum += plain[expected++]!;
            expect(heights.at(y)).toBe(expected);
            expect(heights.top(expected)).toBeCloseTo(sum);
        }
    });
});
