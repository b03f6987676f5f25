import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ProtocolError } from '../src/protocol/types';
import { patiently, slowedUntil } from '../src/state/patience';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function refusals(
    count: number,
    retryMs: number,
): { asked: number; ask(): Promise<string> } {
    const book = {
        asked: 0,
        ask: async () => {
            if (book.asked++ < count) throw new ProtocolError('slow_down', '', retryMs);
            return 'done';
        },
    };
    return book;
}

describe('patience', () => {
    it('waits as long as the server says, shows it, and asks again', async () => {
        const book = refusals(2, 2_000);
        const answer = patiently(() => book.ask());
        await vi.advanceTimersByTimeAsync(1_999);
        expect(book.asked).toBe(1);
        expect(slowedUntil.value - Date.now()).toBe(1);
        await vi.advanceTimersByTimeAsync(1);
        expect(book.asked).toBe(2);
        await vi.advanceTimersByTimeAsync(2_000);
        expect(await answer).toBe('done');
        expect(slowedUntil.value).toBe(0);
    });

    it('ends after a few tries, and at once when it would take too long', async () => {
        const stubborn = refusals(99, 1_000);
        const failed = expect(patiently(() => stubborn.ask())).rejects.toMatchObject({
            code: 'slow_down',
        });
        await vi.advanceTimersByTimeAsync(60_000);
        await failed;
        expect(stubborn.asked).toBe(4);

        const long = refusals(99, 31_000);
        await expect(patiently(() => long.ask())).rejects.toMatchObject({
            retryMs: 31_000,
        });
        expect(long.asked).toBe(1);
    });

    it('hands on every other error at once', async () => {
        let asked = 0;
        const attempt = () => {
            asked++;
            return Promise.reject(new ProtocolError('conflict', ''));
        };
        await expect(patiently(attempt)).rejects.toMatchObject({ code: 'conflict' });
        expect(asked).toBe(1);
    });
});
