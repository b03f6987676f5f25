/* Moving among the messages by keyboard. Who types leaves them: that is meant for the
 * composer. */
import { nextTick, ref, watch, type ComputedRef, type Ref } from 'vue';
import type { MessageRow, Row } from '../state/timeline';
import { neighbour } from './in_view';
import type { VirtualList } from './virtual_list';

const MARGIN = 8; /* pixels between the chosen row and the edge */

export interface RowKeys {
    /* The key of the row that has the focus, or had it last. */
    readonly chosen: Ref<string>;
    readonly key: (event: KeyboardEvent) => void;
}

export function useRowKeys(of: {
    list: VirtualList<Row>;
    rows: ComputedRef<Row[]>;
    drawn: ComputedRef<Row[]>;
    scroller: Readonly<Ref<HTMLElement | null>>;
    block: Readonly<Ref<HTMLElement | null>>;
    leave: () => void;
    toBeginning: () => void;
    toLatest: () => void;
}): RowKeys {
    const { list } = of;
    const chosen = ref('');

    async function choose(row: MessageRow): Promise<void> {
        chosen.value = row.key;
        const top = list.placeOf(row.key)!;
        const bottom = list.bottomOf(row.key)!;
        const lowest = list.viewHeight - MARGIN;
        if (top < MARGIN) list.show(row.key, MARGIN);
        else if (bottom > lowest)
            list.show(row.key, Math.max(MARGIN, lowest - (bottom - top)));
        await nextTick();
        const element = of.block.value?.querySelector<HTMLElement>(
            `[data-key="${row.key}"] article`,
        );
        element?.focus({ preventScroll: true });
    }

    function step(by: 1 | -1): void {
        const row = neighbour(list, of.rows.value, chosen.value, by);
        if (row) void choose(row);
        else if (by > 0) of.leave();
    }

    const named: Record<string, () => void> = {
        ArrowUp: () => step(-1),
        ArrowDown: () => step(1),
        Home: of.toBeginning,
        End: of.toLatest,
        Escape: of.leave,
    };

    function key(event: KeyboardEvent): void {
        if (event.defaultPrevented || event.altKey) return;
        if (event.ctrlKey || event.metaKey) return;
        const go = named[event.key];
        if (go) {
            event.preventDefault();
            go();
        } else if (event.key.length === 1 && !' ?/'.includes(event.key)) {
            of.leave();
        }
    }

    /* The focus must not get lost with a row that is no longer drawn. */
    watch(
        list.drawn,
        () => {
            const focused = document.activeElement?.closest<HTMLElement>('[data-key]');
            const { key: one } = focused?.dataset ?? {};
            if (!one || !of.block.value?.contains(focused!)) return;
            if (!of.drawn.value.some((row) => row.key === one))
                of.scroller.value?.focus({ preventScroll: true });
        },
        { flush: 'pre' },
    );

    return { chosen, key };
}
