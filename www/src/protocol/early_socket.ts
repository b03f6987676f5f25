/* A connection that says hello before the rest of the client is loaded: on a slow line
 * that saves more than a second. It names no rooms, as somebody of whom nothing is kept,
 * and keeps what the server says until the one who takes it over listens. */
import type { Socket } from './connection';

const UNCLAIMED = 30_000; /* then nobody will come for it */
const CLOSE_LOST = 1006;

/* As Connection writes its first request. */
const HELLO = JSON.stringify({ rooms: {}, id: 1, op: 'hello' });

export class EarlySocket implements Socket {
    onopen: Socket['onopen'] = null;
    onmessage: Socket['onmessage'] = null;
    onclose: Socket['onclose'] = null;
    onerror: Socket['onerror'] = null;
    private heard: { data: unknown }[] = [];
    private greeted = false; /* whoever took it over has said hello */
    private readonly unclaimed: ReturnType<typeof setTimeout>;

    constructor(private readonly real: Socket) {
        real.onopen = () => real.send(HELLO);
        real.onmessage = ({ data }) => {
            if (this.greeted) this.onmessage?.({ data });
            else this.heard.push({ data });
        };
        real.onclose = (event) => this.ended(event);
        real.onerror = () => undefined; /* a close follows */
        this.unclaimed = setTimeout(() => this.close(), UNCLAIMED);
    }

    /* Undefined: it ended already. */
    claim(): Socket | undefined {
        clearTimeout(this.unclaimed);
        if (this.real.onclose === null) return undefined;
        queueMicrotask(() => this.onopen?.(undefined as never));
        return this;
    }

    send(text: string): void {
        if (this.greeted) this.real.send(text);
        else if (text === HELLO) queueMicrotask(() => this.replay());
        else {
            /* something is kept after all: hello must name it, on a new connection */
            const tell = this.onclose;
            this.close();
            queueMicrotask(() => tell?.({ code: CLOSE_LOST, reason: '' }));
        }
    }

    close(): void {
        clearTimeout(this.unclaimed);
        this.real.onopen = this.real.onmessage = this.real.onclose = null;
        this.real.close();
    }

    private replay(): void {
        this.greeted = true;
        const { heard } = this;
        this.heard = [];
        for (const one of heard) this.onmessage?.(one);
    }

    private ended(event: { code: number; reason: string }): void {
        this.real.onclose = null;
        this.onclose?.(event);
    }
}
