/* How soon one can read and go on, on a bad line. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { cast } from './cast';
import { Relay } from './relay';
import { waitFor } from './server';

const SLOW = { bits: 400_000, roundTrip: 400 };
const on = cast();

/* Notes when the first message is there to be read, in ms since the visit began. */
async function watchFirst(page: Page): Promise<void> {
    await page.addInitScript(() => {
        const timing = window as unknown as { firstMessage?: number };
        const look = () => {
            if (document.querySelector('.bubble .text')?.textContent) {
                timing.firstMessage ??= performance.now();
            } else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
    });
}

/* The message may be there a moment before the page has noted when. */
async function firstMessage(page: Page): Promise<number> {
    return waitFor('the first message', () =>
        page.evaluate(
            () => (window as unknown as { firstMessage?: number }).firstMessage,
        ),
    );
}

/* The best of some tries: what a machine under test does beside is not measured. */
async function best(tries: number, measure: () => Promise<number>): Promise<number> {
    let least = Infinity;
    for (let i = 0; i < tries; i++) least = Math.min(least, await measure());
    return least;
}

async function workerReady(page: Page): Promise<void> {
    await waitFor(
        'the service worker',
        () => page.evaluate(() => navigator.serviceWorker.controller !== null),
        60_000,
    );
}

describe('at 400 kbit/s and 400 ms round trip', () => {
    it('the first message is there within 5 s, and within 1 s the second time', async () => {
        const [ani, budi] = await on.pair({ worker: true });
        await budi.say('worth waiting for');
        await ani.reads('worth waiting for');
        const room = await ani.page.evaluate(() => location.hash);

        const first = await best(2, async () => {
            /* another port is another origin: nothing is kept there yet */
            const relay = await Relay.run(on.server.port, SLOW);
            const page = await ani.context.newPage();
            await watchFirst(page);
            await page.goto(`${relay.url}/${room}`);
            const time = await firstMessage(page);
            if (time <= 5_000) {
                await workerReady(page);
                const second = await best(3, async () => {
                    await page.reload();
                    return firstMessage(page);
                });
                expect(second).toBeLessThanOrEqual(1_000);
                const third = await best(3, async () => {
                    await page.goto('about:blank');
                    await page.goto(`${relay.url}/${room}`);
                    return firstMessage(page);
                });
                expect(third).toBeLessThanOrEqual(2_000);
            }
            await page.close();
            relay.end();
            return time;
        });
        expect(first).toBeLessThanOrEqual(5_000);
    }, 240_000);
});
