/* Events and messages on their way as the rows of a conversation. */
import type { Outgoing, OutState } from '../protocol/outgoing';
import type { RoomEvent } from '../protocol/types';
import { serverTime } from './clock';

const MINUTE = 60_000;
/* After a pause this long the sender is named again. */
const PAUSE = 10 * MINUTE;

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
    no: number; /* which message of the room; 0: not known yet */
    first: boolean; /* of the sender's within a minute: one group of bubbles */
    last: boolean;
    named: boolean; /* the first of the sender's for now, whatever the minute */
    faced: boolean; /* the last of them */
}

/* Events first … last are not here: nothing above and below it is one conversation. */
export interface GapRow {
    type: 'gap';
    key: string;
    first: number;
    last: number;
}

export type Row =
    | { type: 'day'; key: string; at: number }
    | { type: 'unread'; key: string }
    | { type: 'note'; key: string; seq: number; events: RoomEvent[] }
    | GapRow
    | MessageRow;

export interface TimelineInput {
    /* Rising; between two of them something is missing. */
    parts: RoomEvent[][];
    newest: number; /* the room's last seq */
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
        no: event.no,
        first: true,
        last: true,
        named: true,
        faced: true,
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
        no: 0,
        first: true,
        last: true,
        named: true,
        faced: true,
    };
}

/* Two messages next to each other: are they one group? */
function join(above: Row | undefined, row: MessageRow): void {
    if (above?.type !== 'message' || above.from !== row.from) return;
    if (row.at - above.at > PAUSE) return;
    above.faced = false;
    row.named = false;
    if (Math.floor(row.at / MINUTE) !== Math.floor(above.at / MINUTE)) return;
    above.last = false;
    row.first = false;
}

class Rows {
    readonly list: Row[] = [];
    private readonly stored = new Set<string>();
    private day = '';
    private marked: boolean;

    constructor(private readonly input: TimelineInput) {
        this.marked = input.unreadAfter === undefined;
    }

    /* One row, under the name of its day if that is another than above. */
    private push(row: Row, at: number): void {
        const today = dayOf(at);
        if (today !== this.day)
            this.list.push({ type: 'day', key: `day ${row.key}`, at });
        this.day = today;
        if (row.type === 'message') join(this.list[this.list.length - 1], row);
        this.list.push(row);
    }

    private note(event: RoomEvent): void {
        const above = this.list[this.list.length - 1];
        if (
            above?.type === 'note' &&
            joinsRun(above, event) &&
            dayOf(event.at) === this.day
        ) {
            above.events.push(event);
            above.seq = event.seq;
            return;
        }
        const { seq, at } = event;
        this.push({ type: 'note', key: `note ${seq}`, seq, events: [event] }, at);
    }

    private message(event: RoomEvent): void {
        const row = fromEvent(event, this.input.me);
        if (row.own) this.stored.add(row.cid);
        if (!this.marked && !row.own && event.seq > this.input.unreadAfter!) {
            this.list.push({ type: 'unread', key: 'unread' });
            this.marked = true;
        }
        this.push(row, event.at);
    }

    gap(first: number, last: number): void {
        if (last < first) return;
        this.list.push({ type: 'gap', key: `gap ${last}`, first, last });
        this.day = '';
    }

    part(events: RoomEvent[]): void {
        /* What comes before a hole may be new too: the line is only where it is known. */
        const { unreadAfter } = this.input;
        if (!this.marked && events[0]!.seq > unreadAfter! + 1) this.marked = true;
        for (const [at, event] of events.entries()) {
            if (event.ev === 'message') this.message(event);
            else if (!this.input.direct && isNoted(event, events[at - 1]))
                this.note(event);
        }
    }

    outgoing(): void {
        for (const entry of this.input.outgoing) {
            if (this.stored.has(entry.cid)) continue;
            this.push(fromOutgoing(entry, this.input), serverTime(entry.order));
        }
    }
}

export function timeline(input: TimelineInput): Row[] {
    const rows = new Rows(input);
    let next = 1;
    for (const events of input.parts) {
        rows.gap(next, events[0]!.seq - 1);
        rows.part(events);
        next = events[events.length - 1]!.seq + 1;
    }
    if (input.parts.length > 0) rows.gap(next, input.newest);
    rows.outgoing();
    return rows.list;
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
