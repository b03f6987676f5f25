import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Batch } from '../src/state/batch';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a batch', () => {
    it('hands the first on at once and a thousand in a second in few goes', () => {
        const goes: string[][] = [];
        const batch = new Batch<string>((items) => goes.push([...items]));
        batch.add('a');
        expect(goes).toEqual([['a']]);
        for (let i = 0; i < 1_000; i++) {
            vi.advanceTimersByTime(1);
            batch.add(i % 2 ? 'a' : 'b');
        }
        vi.advanceTimersByTime(100);
        expect(goes.length).toBeLessThanOrEqual(22);
        expect(goes.at(-1)).toEqual(expect.arrayContaining(['a']));
        batch.add('late');
        expect(goes.at(-1)).toEqual(['late']);
    });

    it('drops what waits when it is closed', () => {
        const goes: string[][] = [];
        const batch = new Batch<string>((items) => goes.push([...items]));
        batch.add('a');
        batch.add('b');
        batch.close();
        vi.advanceTimersByTime(1_000);
        expect(goes).toEqual([['a']]);
    });
});
