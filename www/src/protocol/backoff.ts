/* How long to wait before the next attempt to connect. */

export const BACKOFF_MIN = 500;
export const BACKOFF_MAX = 30_000;

/* Full jitter: anything between the minimum and a bound which doubles with every
 * attempt (0, 1, 2 …). random() is in [0, 1). */
export function backoff(attempt: number, random: () => number): number {
    const bound = Math.min(BACKOFF_MAX, BACKOFF_MIN * 2 ** Math.min(attempt + 1, 10));
    return Math.round(BACKOFF_MIN + random() * (bound - BACKOFF_MIN));
}

/* The server's hint in the reason of close code 1001, e.g. "retry=1200". */
export function retryHint(reason: string): number | undefined {
    const found = /(?:^|[ ;])retry=(\d{1,6})(?:$|[ ;])/.exec(reason);
    return found ? Math.min(Number(found[1]), BACKOFF_MAX) : undefined;
}
