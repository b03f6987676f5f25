/* What a list of messages shows right now, and what is to be done about it. */
import type { Pager } from '../state/pager';
import type { Place } from '../state/places';
import type { MessageRow, Row } from '../state/timeline';
import type { VirtualList } from './virtual_list';

const AHEAD = 2.5; /* holes so many views away are filled already */

type List = VirtualList<Row>;

/* Asks for what is missing near what is seen. */
export function fillHoles(list: List, rows: readonly Row[], pager: Pager): void {
    const ahead = AHEAD * list.viewHeight;
    for (const row of rows) {
        if (row.type !== 'gap') continue;
        const top = list.placeOf(row.key)!;
        const bottom = list.bottomOf(row.key)!;
        if (bottom < -ahead || top > list.viewHeight + ahead) continue;
        const above = (top + bottom) / 2 < list.viewHeight / 2;
        void pager.fill(row, above ? 'below' : 'above');
    }
}

/* The newest seq that is seen to its end; 0: none. */
export function lowestSeen(list: List, rows: readonly Row[]): number {
    for (let at = list.inView().last; at >= 0; at--) {
        const row = rows[at];
        if (row?.type !== 'message' && row?.type !== 'note') continue;
        const bottom = list.bottomOf(row.key)!;
        if (bottom < 0) return 0;
        if (row.seq > 0 && bottom <= list.viewHeight + 1) return row.seq;
    }
    return 0;
}

/* The day of what is at the top, if its own separator is not seen; else 0. */
export function dayAtTop(list: List, rows: readonly Row[]): number {
    const { first, last } = list.inView();
    for (let at = first; at <= last; at++) {
        const row = rows[at];
        if (row?.type === 'day') return 0;
        if (row?.type === 'message') return row.at;
        if (row?.type === 'note') return row.events[0]!.at;
    }
    return 0;
}

/* The first message in view and where it is; undefined: none is. */
export function placeNow(list: List, rows: readonly Row[]): Place | undefined {
    const { first, last } = list.inView();
    for (let at = first; at <= last; at++) {
        const row = rows[at];
        if (row?.type !== 'message' || row.seq === 0) continue;
        return { seq: row.seq, y: list.placeOf(row.key)! };
    }
    return undefined;
}

/* The message above or below the one with that key; without one, the lowest in view. */
export function neighbour(
    list: List,
    rows: readonly Row[],
    key: string,
    step: 1 | -1,
): MessageRow | undefined {
    let at = rows.findIndex((row) => row.key === key);
    if (at < 0) at = list.inView().last + (step < 0 ? 1 : 0);
    for (at += step; at >= 0 && at < rows.length; at += step) {
        const row = rows[at];
        if (row?.type === 'message') return row;
    }
    return undefined;
}
