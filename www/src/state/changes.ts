/* Changes of rooms. Each is made once, on what was known when somebody decided on it, also
 * when the connection is lost before the answer came: it is then asked again. */
import { newCid } from '../protocol/ids';
import { ProtocolError } from '../protocol/types';
import { patiently } from './patience';

export const PATIENCE = 30_000; /* after that one is told that it did not work */
const PAUSE = 500; /* between two tries at least, if nothing tells of a better moment */

/* After these nobody knows whether it was made; the same cid finds out. */
const OPEN = ['offline', 'timeout', 'busy'];

export interface ChangeLine {
    ready(): boolean;
    request<T>(op: string, fields: object): Promise<T>;
}

export class Changes {
    private readonly waiting = new Set<() => void>();
    private readonly own = new Map<string, Set<number>>();
    private closed = false;

    constructor(private readonly line: ChangeLine) {}

    /* Resolves with the answer. Rejects with a ProtocolError; `changed`: somebody else
     * changed meanwhile what it is about, so nothing was done. */
    async make<T extends object>(
        op: string,
        room: string,
        fields: object,
        known: number | undefined,
    ): Promise<T> {
        const change = { ...fields, room, cid: newCid(), known };
        const until = Date.now() + PATIENCE;
        for (;;) {
            try {
                const answer = await patiently(() => this.line.request<T>(op, change));
                this.made(room, answer);
                return answer;
            } catch (e) {
                if (!(e instanceof ProtocolError)) throw e;
                if (e.code === 'conflict')
                    throw new ProtocolError('changed', e.message);
                if (!OPEN.includes(e.code)) throw e;
                await this.moment(e, until);
                if (this.closed || Date.now() >= until) throw e;
            }
        }
    }

    /* The newest event of a room that one knows of: of those up to seq, and of what one
     * did oneself right behind them, whose events are on their way. */
    known(room: string, seq: number): number {
        const own = this.own.get(room);
        if (!own) return seq;
        for (const one of own) if (one <= seq) own.delete(one);
        if (own.size === 0) this.own.delete(room);
        while (own.has(seq + 1)) seq++;
        return seq;
    }

    /* The connection is there, or the store is: what waits is asked again. */
    again(): void {
        for (const go of [...this.waiting]) go();
    }

    close(): void {
        this.closed = true;
        this.again();
    }

    private made(room: string, answer: { seq?: unknown }): void {
        if (typeof answer.seq !== 'number') return;
        const own = this.own.get(room) ?? new Set();
        this.own.set(room, own.add(answer.seq));
    }

    /* Until there is a reason to try again. */
    private moment(e: ProtocolError, until: number): Promise<void> {
        if (this.closed) return Promise.resolve();
        const left = Math.max(0, until - Date.now());
        const ms = this.line.ready() ? Math.min(left, e.retryMs ?? PAUSE) : left;
        return new Promise((done) => {
            const go = (): void => {
                clearTimeout(timer);
                this.waiting.delete(go);
                done();
            };
            const timer = setTimeout(go, ms);
            this.waiting.add(go);
        });
    }
}
