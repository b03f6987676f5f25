/* The server asks for patience (`slow_down`): wait as long as it says and ask again. */
import { ref } from 'vue';
import { ProtocolError } from '../protocol/types';

const TRIES = 4;
const LONGEST = 30_000; /* who must wait longer is told so instead */
const DEFAULT = 1_000;

/* The time (ms) at which something that was slowed down goes on; 0: nothing waits. */
export const slowedUntil = ref(0);
let waiting = 0;

async function wait(ms: number): Promise<void> {
    waiting++;
    slowedUntil.value = Math.max(slowedUntil.value, Date.now() + ms);
    await new Promise((done) => setTimeout(done, ms));
    if (--waiting === 0) slowedUntil.value = 0;
}

/* What attempt() answers; a refusal with `slow_down` changed nothing, so that asking
 * again is safe. */
export async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
        try {
            return await attempt();
        } catch (e) {
            if (!(e instanceof ProtocolError) || e.code !== 'slow_down') throw e;
            const ms = e.retryMs ?? DEFAULT;
            if (tries >= TRIES || ms > LONGEST) throw e;
            await wait(ms);
        }
    }
}
