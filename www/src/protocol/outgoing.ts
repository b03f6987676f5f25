/* A message on its way, and what its outbox speaks to: the store, the line to the server,
 * the other tabs. */

/* waiting: in the queue. sending: asked, not answered. sent: stored as `seq`, its
 * event is still to come. failed: refused for good. */
export type OutState = 'waiting' | 'sending' | 'sent' | 'failed';

export interface Outgoing {
    cid: string;
    room: string;
    body: string;
    reply?: number;
    joined?: number; /* the membership under which it was last sent */
    order: number; /* ms when it was written, made unique: the queue's order */
    state: OutState;
    tried: boolean; /* it may be stored already, nobody knows */
    refused: boolean; /* the server awaits this cid again, or a `drop` */
    kept: boolean; /* in the store: it outlives the page (or nothing can be kept) */
    error?: string; /* failed: the code */
    seq?: number; /* sent */
}

/* What a save promises is there after a crash as soon as it resolves; one that returns
 * nothing has done it. It never rejects: who cannot keep anything says so elsewhere. */
export interface OutboxStore {
    load(): Outgoing[];
    save(entries: readonly Outgoing[]): void | Promise<void>;
    remove(cid: string): void;
}

export interface OutboxLine {
    /* Does this tab send? */
    leads(): boolean;
    /* Could it send now? */
    ready(): boolean;
    /* The Room's `joined`; undefined: it is not known here. */
    joined(room: string): number | undefined;
    request<T>(op: string, fields: object): Promise<T>;
}

export type OutboxNews = Omit<Outgoing, 'body'>;

/* What the outboxes of one account's tabs tell each other. `retry` and `remove` ask the
 * one that leads; the rest is how things are. */
export type OutboxWord =
    | { what: 'entry'; entry: Outgoing }
    | { what: 'state'; entry: OutboxNews }
    | { what: 'held'; room: string; code?: string | undefined }
    | { what: 'gone' | 'retry' | 'remove'; room: string; cid: string };
