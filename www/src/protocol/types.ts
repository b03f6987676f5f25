/* What the server and a client say to each other, as doc/PROTOCOL.md has it. */

export type RoomKind = 'public' | 'private' | 'direct';
export type Role = 'member' | 'admin' | 'owner';

export interface User {
    id: string;
    name: string;
    display: string;
    admin?: boolean;
    gone?: boolean; /* deleted the account; both names are empty */
    last_seen?: number;
}

export interface Room {
    id: string;
    kind: RoomKind;
    label: string;
    topic?: string;
    peer?: User;
    role?: Role;
    joined?: number; /* seq of the event by which I became a member */
    members: number;
    seq: number;
    no: number;
    at: number;
    cid: string;
    read_seq: number;
    read_no: number;
    muted?: number; /* until then it makes no noise */
    archived?: boolean;
    last: RoomEvent | null;
}

/* An event of a room's log. `body` is the text of a message, else an object. */
export interface RoomEvent {
    ev: string;
    room: string;
    seq: number;
    no: number;
    at: number;
    from: string;
    cid: string;
    body: unknown;
    reply?: number;
}

export interface Signal {
    sig: string;
    [field: string]: unknown;
}

export interface Presence {
    id: string;
    online: boolean;
    last_seen?: number;
}

export interface Info {
    version: string;
    registration: 'open' | 'closed' | 'invite';
    setup: boolean;
    limits?: Record<string, number>;
}

export interface HelloAnswer {
    user: User;
    self: { seq: number };
    now: number;
    rooms: Room[];
    more: boolean;
}

export interface HistoryAnswer {
    events: RoomEvent[];
    first: boolean;
    last: boolean;
    users?: User[];
}

export interface Member {
    user: User;
    role: Role;
}

/* A device that is logged in. */
export interface Session {
    id: string;
    device: string;
    created: number;
    used: number;
    this?: boolean;
}

/* A link with which one person may make an account. */
export interface Invite {
    id: string;
    creator: string;
    created: number;
    expires: number;
    used?: number;
    user?: string;
}

/* An error as the server tells it, or one of ours: `offline` (no connection),
 * `timeout` (no answer: the outcome is unknown), `changed` (the conflict of a change of a
 * room: somebody else was faster). */
export class ProtocolError extends Error {
    constructor(
        readonly code: string,
        message: string,
        readonly retryMs?: number,
    ) {
        super(message);
        this.name = 'ProtocolError';
    }
}

/* Reads {"code","message","retry_ms"?} from an answer. */
export function errorFrom(value: unknown): ProtocolError {
    const e = (value ?? {}) as {
        code?: unknown;
        message?: unknown;
        retry_ms?: unknown;
    };
    return new ProtocolError(
        typeof e.code === 'string' ? e.code : 'internal',
        typeof e.message === 'string' ? e.message : '',
        typeof e.retry_ms === 'number' ? e.retry_ms : undefined,
    );
}
