import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { stale } from '../src/state/lazy';

const gone = new Error('404');
let reloads: number;
let alive: boolean;
let kept: Map<string, string>;

beforeEach(() => {
    vi.useFakeTimers();
    reloads = 0;
    alive = true;
    kept = new Map();
    vi.stubGlobal('location', { reload: () => reloads++ });
    vi.stubGlobal('sessionStorage', {
        getItem: (key: string) => kept.get(key) ?? null,
        setItem: (key: string, value: string) => kept.set(key, value),
    });
    vi.stubGlobal('fetch', async () => {
        if (!alive) throw new TypeError('no network');
        return { ok: true };
    });
});

afterEach(() => {
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

/* Waits for what stale() does; it never answers when the page is loaded anew. */
async function outcome(): Promise<string> {
    const said = stale(gone).then(
        () => 'answered',
        () => 'failed',
    );
    const pause = new Promise<string>((done) =>
        setTimeout(() => done('reloading'), 50),
    );
    await vi.advanceTimersByTimeAsync(100);
    return Promise.race([said, pause]);
}

describe('a part of the client that is gone', () => {
    it('makes the page load anew once, and not again within a minute', async () => {
        expect(await outcome()).toBe('reloading');
        expect(reloads).toBe(1);
        expect(await outcome()).toBe('failed');
        expect(reloads).toBe(1);
        vi.advanceTimersByTime(60_000);
        expect(await outcome()).toBe('reloading');
        expect(reloads).toBe(2);
    });

    it('leaves the page as it is while the server is away', async () => {
        alive = false;
        expect(await outcome()).toBe('failed');
        expect(reloads).toBe(0);
    });

    it('does not go round and round where nothing can be kept', async () => {
        vi.stubGlobal('sessionStorage', {
            getItem: () => {
                throw new Error('switched off');
            },
        });
        expect(await outcome()).toBe('failed');
        expect(reloads).toBe(0);
    });
});
