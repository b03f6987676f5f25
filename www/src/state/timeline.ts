/* Events and messages on their way as the rows of a conversation. */
import type { Outgoing, OutState } from '../protocol/outbox';
import type { RoomEvent } from '../protocol/types';
import { serverTime } from './clock';

/* A pause this long begins a new group of bubbles, though the sender is the same. */
const GROUP_PAUSE = 10 * 60_000;

export interface MessageRow {
    type: 'message';
    key: string;
    seq: number; /* 0: not known yet */
    cid: string;
    from: string;
    own: boolean;
    at: number;
    body: string;
    reply?: number | undefined;
    state: OutState;
    removable: boolean;
    error?: string | undefined;
    first: boolean; /* of its group */
    last: boolean;
}

export type Row =
    | { type: 'day'; key: string; at: number }
    | { type: 'unread'; key: string }
    | { type: 'note'; key: string; seq: number; events: RoomEvent[] }
    | MessageRow;

export interface TimelineInput {
    events: RoomEvent[];
    outgoing: readonly Outgoing[];
    me: string;
    /* Between two people nobody comes and goes: no notes. */
    direct: boolean;
    /* Messages of others after this seq are new; undefined: no line. */
    unreadAfter?: number | undefined;
    removable(entry: Outgoing): boolean;
}

const NOTES = new Set([
    'create',
    'join',
    'leave',
    'role',
    'rename',
    'topic',
    'visibility',
]);

/* Who creates a group joins it: that goes without saying. */
function isNoted(event: RoomEvent, before: RoomEvent | undefined): boolean {
    if (!NOTES.has(event.ev)) return false;
    return !(
        event.ev === 'join' &&
        before?.ev === 'create' &&
        before.from === event.from
    );
}

/* People who came one after the other, by themselves or added by the same person. */
function joinsRun(above: Row | undefined, event: RoomEvent): boolean {
    if (above?.type !== 'note' || event.ev !== 'join') return false;
    const last = above.events[above.events.length - 1]!;
    if (last.ev !== 'join') return false;
    const own = (one: RoomEvent) => (one.body as { user?: string }).user === one.from;
    return own(event) ? own(last) : !own(last) && last.from === event.from;
}

function dayOf(at: number): string {
    const d = new Date(at);
    return `${d.getFullYear()}-${d.getMonth() + 1}-${d.getDate()}`;
}

function fromEvent(event: RoomEvent, me: string): MessageRow {
    return {
        type: 'message',
        key: event.cid + event.from,
        seq: event.seq,
        cid: event.cid,
        from: event.from,
        own: event.from === me,
        at: event.at,
        body: String(event.body),
        reply: event.reply,
        state: 'sent',
        removable: false,
        first: true,
        last: true,
    };
}

function fromOutgoing(entry: Outgoing, input: TimelineInput): MessageRow {
    return {
        type: 'message',
        key: entry.cid + input.me,
        seq: 0,
        cid: entry.cid,
        from: input.me,
        own: true,
        at: serverTime(entry.order),
        body: entry.body,
        reply: entry.reply,
        state: entry.state,
        removable: input.removable(entry),
        error: entry.error,
        first: true,
        last: true,
    };
}

/* Two messages next to each other: are they one group? */
function join(above: Row | undefined, row: MessageRow): void {
    if (above?.type !== 'message' || above.from !== row.from) return;
    if (row.at - above.at > GROUP_PAUSE) return;
    above.last = false;
    row.first = false;
}

export function timeline(input: TimelineInput): Row[] {
    const rows: Row[] = [];
    const stored = new Set<string>();
    let day = '';
    let marked = input.unreadAfter === undefined;

    function push(row: Row, at: number): void {
        const today = dayOf(at);
        if (today !== day) rows.push({ type: 'day', key: `day ${today}`, at });
        day = today;
        if (row.type === 'message') join(rows[rows.length - 1], row);
        rows.push(row);
    }

    function pushNote(event: RoomEvent): void {
        const above = rows[rows.length - 1];
        if (
            above?.type === 'note' &&
            joinsRun(above, event) &&
            dayOf(event.at) === day
        ) {
            above.events.push(event);
            above.seq = event.seq;
            return;
        }
        const { seq, at } = event;
        push({ type: 'note', key: `note ${seq}`, seq, events: [event] }, at);
    }

    for (const [at, event] of input.events.entries()) {
        if (event.ev === 'message') {
            const row = fromEvent(event, input.me);
            if (row.own) stored.add(row.cid);
            if (!marked && !row.own && event.seq > input.unreadAfter!) {
                rows.push({ type: 'unread', key: 'unread' });
                marked = true;
            }
            push(row, event.at);
        } else if (!input.direct && isNoted(event, input.events[at - 1])) {
            pushNote(event);
        }
    }
    for (const entry of input.outgoing) {
        if (stored.has(entry.cid)) continue;
        push(fromOutgoing(entry, input), serverTime(entry.order));
    }
    return rows;
}

function equal(a: unknown, b: unknown): boolean {
    if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
    return a.length === b.length && a.every((one, at) => one === b[at]);
}

function same(a: Row, b: Row): boolean {
    const one = a as unknown as Record<string, unknown>;
    const two = b as unknown as Record<string, unknown>;
    return Object.keys(two).every((field) => equal(one[field], two[field]));
}

/* The rows, with what did not change as the same objects as before: then only what
 * changed is drawn again. */
export function reuse(rows: Row[], before: Row[]): Row[] {
    const known = new Map(before.map((row) => [row.key, row]));
    return rows.map((row) => {
        const old = known.get(row.key);
        return old && same(old, row) ? old : row;
    });
}
