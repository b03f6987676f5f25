/* v-rove: the rows of a list are one stop of the Tab key; the arrows, Home and End go
 * from row to row. */
import type { Directive } from 'vue';

const ROWS = '.item:not(:disabled, div, li), .more:not(:disabled), .act';

interface Roving {
    stop(): void;
}

const roving = new WeakMap<HTMLElement, Roving>();

function rowsOf(list: HTMLElement): HTMLElement[] {
    return [...list.querySelectorAll<HTMLElement>(ROWS)];
}

/* Exactly one row can be reached with Tab: the one last used, else the selected one. */
function settle(list: HTMLElement): void {
    const rows = rowsOf(list);
    const stop =
        rows.find((row) => row === document.activeElement) ??
        rows.find((row) => row.tabIndex === 0 && row.dataset['roved']) ??
        rows.find((row) => row.getAttribute('aria-current')) ??
        rows[0];
    for (const row of rows) {
        row.tabIndex = row === stop ? 0 : -1;
        if (row === stop) row.dataset['roved'] = 'yes';
        else delete row.dataset['roved'];
    }
}

function target(rows: HTMLElement[], at: number, key: string): number {
    switch (key) {
        case 'ArrowDown':
            return at + 1;
        case 'ArrowUp':
            return at - 1;
        case 'Home':
            return 0;
        case 'End':
            return rows.length - 1;
        default:
            return -1;
    }
}

function pressed(list: HTMLElement, event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const rows = rowsOf(list);
    const at = rows.indexOf(document.activeElement as HTMLElement);
    if (at < 0) return;
    const row = rows[target(rows, at, event.key)];
    if (!row) return;
    event.preventDefault();
    row.focus();
}

/* To the first row, if there is one: for the search field above the list. */
export function enterList(list: HTMLElement | null | undefined): void {
    if (list) rowsOf(list)[0]?.focus();
}

export const vRove: Directive<HTMLElement> = {
    mounted(list) {
        const onKey = (event: KeyboardEvent): void => pressed(list, event);
        const onFocus = (): void => settle(list);
        const watcher = new MutationObserver(() => settle(list));
        list.addEventListener('keydown', onKey);
        list.addEventListener('focusin', onFocus);
        watcher.observe(list, { childList: true, subtree: true });
        roving.set(list, {
            stop() {
                watcher.disconnect();
                list.removeEventListener('keydown', onKey);
                list.removeEventListener('focusin', onFocus);
            },
        });
        settle(list);
    },
    unmounted(list) {
        roving.get(list)?.stop();
        roving.delete(list);
    },
};
