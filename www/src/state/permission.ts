/* Whether this browser may show notifications, and whether one wants them here. */
import { ref } from 'vue';
import { loadSetting, saveSetting } from './storage';

/* insecure: browsers have them on https only; missing: this one has none; denied: one
 * said no, which only the browser's own settings can undo. */
export type Standing = 'insecure' | 'missing' | 'denied' | 'ask' | 'granted';

export function standingNow(): Standing {
    if (!globalThis.isSecureContext) return 'insecure';
    if (!('Notification' in globalThis)) return 'missing';
    const { permission } = Notification;
    return permission === 'default' ? 'ask' : permission;
}

export const standing = ref<Standing>(standingNow());
/* on, off, or '' while one was not asked. */
export const wish = ref(loadSetting('notify') ?? '');

function keep(on: boolean): void {
    wish.value = on ? 'on' : 'off';
    saveSetting('notify', wish.value);
}

/* Only ever after a click: browsers ask only then, and nobody likes to be asked
 * otherwise. True: there will be notifications. */
export async function wantNotifications(on: boolean): Promise<boolean> {
    if (on && standingNow() === 'ask') await Notification.requestPermission();
    standing.value = standingNow();
    keep(on && standing.value === 'granted');
    return wish.value === 'on';
}
