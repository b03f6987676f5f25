/* Where the keyboard is. */
import { nextTick } from 'vue';

/* Remembers what has the focus; the function that it returns gives it back, unless
 * something else has taken it meanwhile. */
export function rememberFocus(): () => void {
    const before = document.activeElement;
    return () =>
        void nextTick(() => {
            const now = document.activeElement;
            if (now && now !== document.body) return;
            if (before instanceof HTMLElement && before.isConnected) before.focus();
        });
}
