/* A WebSocket without a network, and the server's side of it in the hands of a test. */
import type { Socket } from '../src/protocol/connection';
import type { Room, RoomEvent } from '../src/protocol/types';

export interface Frame {
    id: number;
    op: string;
    [field: string]: unknown;
}

export class FakeSocket implements Socket {
    onopen: Socket['onopen'] = null;
    onmessage: Socket['onmessage'] = null;
    onclose: Socket['onclose'] = null;
    onerror: Socket['onerror'] = null;
    readonly frames: Frame[] = []; /* what the client said, oldest first */
    closed = false;

    send(text: string): void {
        this.frames.push(JSON.parse(text) as Frame);
    }

    close(): void {
        this.closed = true;
    }

    /* ---- the server's side ---- */

    open(): void {
        this.onopen?.(undefined as never);
    }

    say(frame: object): void {
        this.onmessage?.({ data: JSON.stringify(frame) });
    }

    hangUp(code: number, reason = ''): void {
        this.onclose?.({ code, reason });
    }

    /* The client's frames of one op. */
    of(op: string): Frame[] {
        return this.frames.filter((frame) => frame.op === op);
    }

    /* Answers the newest frame of the op. */
    answer(op: string, fields: object = {}): void {
        const frame = this.of(op).at(-1);
        if (!frame) throw new Error(`the client did not say ${op}`);
        this.say({ re: frame.id, ...fields });
    }

    refuse(op: string, code: string, retryMs?: number): void {
        const error = {
            code,
            message: code,
            ...(retryMs ? { retry_ms: retryMs } : {}),
        };
        this.answer(op, { error });
    }

    /* Opens and answers hello. */
    welcome(rooms: Room[] = [], selfSeq = 0): void {
        this.open();
        const user = { id: ME, name: 'me', display: 'Me' };
        this.answer('hello', {
            user,
            self: { seq: selfSeq },
            now: 0,
            rooms,
            more: false,
        });
        this.say({ sig: 'synced' });
    }
}

/* Sockets as the client opens them; last is the newest. */
export class FakeNet {
    readonly sockets: FakeSocket[] = [];
    readonly open = (): FakeSocket => {
        const socket = new FakeSocket();
        this.sockets.push(socket);
        return socket;
    };

    get last(): FakeSocket {
        const socket = this.sockets.at(-1);
        if (!socket) throw new Error('the client opened no socket');
        return socket;
    }
}

export const ME = 'a'.repeat(24);
export const ROOM = 'b'.repeat(24);

export function room(fields: Partial<Room> = {}): Room {
    return {
        id: ROOM,
        kind: 'private',
        label: 'Test',
        role: 'member',
        members: 2,
        seq: 0,
        no: 0,
        at: 0,
        cid: '',
        read_seq: 0,
        read_no: 0,
        last: null,
        ...fields,
    };
}

export function message(seq: number, fields: Partial<RoomEvent> = {}): RoomEvent {
    return {
        ev: 'message',
        room: ROOM,
        seq,
        no: seq,
        at: seq * 1000,
        from: 'c'.repeat(24),
        cid: seq.toString(16).padStart(32, '0'),
        body: `message ${seq}`,
        ...fields,
    };
}

/* Lets promises that are settled run their continuations. */
export async function settle(): Promise<void> {
    for (let i = 0; i < 10; i++) await Promise.resolve();
}
