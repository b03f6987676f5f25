/* The server's time: this device's clock may be wrong by days. */
import { ref } from 'vue';
import { loadSetting, saveSetting } from './storage';

const EVERY = 30_000;
const SMALL = 5_000; /* less is how long the answer was on its way */

/* How far the server's clock is ahead of this one (ms); kept for a start offline. */
let ahead = Number(loadSetting('ahead') ?? 0) || 0;

export function serverNow(): number {
    return Date.now() + ahead;
}

/* This device's time as the server's. */
export function serverTime(at: number): number {
    return at + ahead;
}

/* The time of day for what is shown, about twice a minute. */
export const minute = ref(serverNow());
setInterval(() => (minute.value = serverNow()), EVERY);

/* The server said what time it is. */
export function setServerTime(now: number): void {
    if (!(now > 0)) return;
    const off = now - Date.now();
    ahead = Math.abs(off) < SMALL ? 0 : off;
    saveSetting('ahead', String(ahead));
    minute.value = serverNow();
}
