/* A short line at the bottom that goes away by itself: one at a time. */
import { ref } from 'vue';
import { i18n } from '../i18n';
import { ProtocolError } from '../protocol/types';

const LASTS = 5_000;

export const notice = ref('');
let timer: ReturnType<typeof setTimeout> | undefined;

export function tell(text: string): void {
    notice.value = text;
    clearTimeout(timer);
    timer = setTimeout(() => (notice.value = ''), LASTS);
}

/* The line is about something that is seen now. */
export function hush(): void {
    notice.value = '';
}

/* What went wrong, in the reader's language. */
export function errorText(e: unknown): string {
    const { t, te } = i18n.global;
    const key = e instanceof ProtocolError ? `error.${e.code}` : '';
    if (e instanceof ProtocolError && e.code === 'slow_down' && e.retryMs) {
        const n = Math.ceil(e.retryMs / 1000);
        if (n < 100) return t('error.slowDownFor', { n });
        return t('error.slowDownMinutes', { n: Math.ceil(n / 60) });
    }
    return te(key) ? t(key) : t('error.generic');
}

export function tellError(e: unknown): void {
    tell(errorText(e));
}
