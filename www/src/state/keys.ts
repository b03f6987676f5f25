/* The keyboard shortcuts that work everywhere. */
import { ref, watch } from 'vue';
import { loadSetting, saveSetting } from './storage';

export const APPLE = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? '');

/* Shortcuts of a single character can be switched off (WCAG 2.1.4): speech input types
 * them by accident. */
export const singleKeys = ref(loadSetting('singleKeys') !== 'off');
watch(singleKeys, (on) => saveSetting('singleKeys', on ? 'on' : 'off'));

export type Shortcut = 'quick' | 'help' | 'previous' | 'next' | 'escape';

function isTyping(target: EventTarget | null): boolean {
    if (!(target instanceof HTMLElement)) return false;
    return (
        target.isContentEditable ||
        /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
        (target instanceof HTMLInputElement && !/^(radio|checkbox)$/.test(target.type))
    );
}

/* Which shortcut this is, if it is one. */
export function shortcutOf(event: KeyboardEvent): Shortcut | undefined {
    if (event.isComposing || event.defaultPrevented) return undefined;
    const main = APPLE ? event.metaKey : event.ctrlKey;
    const { key, altKey, shiftKey } = event;
    if (main && !altKey && !shiftKey && key.toLowerCase() === 'k') return 'quick';
    if (main && !altKey && key === '/') return 'help';
    if (altKey && !event.ctrlKey && !event.metaKey && !shiftKey) {
        if (key === 'ArrowUp') return 'previous';
        if (key === 'ArrowDown') return 'next';
    }
    if (event.ctrlKey || event.metaKey || altKey) return undefined;
    if (key === 'Escape') return 'escape';
    if (key === '?' && singleKeys.value && !isTyping(event.target)) return 'help';
    return undefined;
}
