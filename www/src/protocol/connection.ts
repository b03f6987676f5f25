/* The one WebSocket: connects, says hello, matches answers to requests, notices a
 * dead line, and connects again. Knows nothing of rooms but the order of events. */
import { backoff, retryHint } from './backoff';
import { areRooms, isEvent, isHello, isObject } from './check';
import { Sequence } from './sequence';
import {
    errorFrom,
    ProtocolError,
    type HelloAnswer,
    type Room,
    type RoomEvent,
    type Signal,
} from './types';

export const SILENCE = 25_000; /* then ping */
export const PING_TIMEOUT = 5_000;
export const CONNECT_TIMEOUT = 15_000; /* until hello is answered */
export const REQUEST_TIMEOUT = 15_000;

const CLOSE_NO_SESSION = 4401;
const CLOSE_GOING_AWAY = 1001;
const CLOSE_TOO_MANY = 4429;

/* The part of WebSocket that is used, so that a test can put its own in. */
export interface Socket {
    send(text: string): void;
    close(code?: number, reason?: string): void;
    onopen: ((event: never) => void) | null;
    onmessage: ((event: { data: unknown }) => void) | null;
    onclose: ((event: { code: number; reason: string }) => void) | null;
    onerror: ((event: never) => void) | null;
}

/* idle: not started or stopped. ready: hello is answered. waiting: will try again.
 * ended: there is no session (4401). */
export type Phase = 'idle' | 'connecting' | 'ready' | 'waiting' | 'ended';

export interface ConnectionHandlers {
    /* What hello shall name: the newest event of every room cached without a hole. */
    resume(): Record<string, [number, string]>;
    /* False: that is not the account one thought to have; the connection is left. */
    onHello(answer: HelloAnswer): boolean;
    /* A further page of hello's rooms; after the last (more false) all are known. */
    onRooms(rooms: Room[], more: boolean): void;
    onEvent(event: RoomEvent): void;
    onSignal(signal: Signal): void;
    onPhase(phase: Phase): void;
}

interface Pending {
    resolve(answer: never): void;
    reject(error: ProtocolError): void;
    timer: ReturnType<typeof setTimeout>;
}

export class Connection {
    phase: Phase = 'idle';
    /* The last connection was left because it spoke nonsense. */
    nonsense = false;
    private socket: Socket | null = null;
    private pending = new Map<number, Pending>();
    private sequence = new Sequence();
    private lastId = 0;
    private attempts = 0;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private silence: ReturnType<typeof setTimeout> | undefined;
    private probing: ReturnType<typeof setTimeout> | undefined;

    constructor(
        private readonly open: () => Socket,
        private readonly handlers: ConnectionHandlers,
        private readonly random: () => number = Math.random,
    ) {}

    start(): void {
        if (this.phase === 'idle' || this.phase === 'ended') this.connect();
    }

    /* The way to the server is another one now. */
    restart(): void {
        this.attempts = 0;
        this.connect();
    }

    stop(): void {
        this.detach('stopped');
        this.attempts = 0;
        this.setPhase('idle');
    }

    /* The device woke up or its network came back: find out now how things are. */
    nudge(): void {
        if (this.phase === 'waiting') this.connect();
        else if (this.phase === 'ready') this.probe();
    }

    /* Resolves with the answer; rejects with a ProtocolError. `offline`: it was not
     * sent or its answer was lost with the connection; `timeout`: no answer. */
    request<T>(op: string, fields: object = {}, timeout = REQUEST_TIMEOUT): Promise<T> {
        if (this.phase !== 'ready') {
            return Promise.reject(new ProtocolError('offline', 'not connected'));
        }
        return this.ask<T>(op, fields, timeout);
    }

    private connect(): void {
        this.detach('replaced');
        this.setPhase('connecting');
        let socket: Socket;
        try {
            socket = this.open();
        } catch {
            this.retry(backoff(this.attempts++, this.random));
            return;
        }
        this.socket = socket;
        this.timer = setTimeout(() => this.drop('no hello'), CONNECT_TIMEOUT);
        socket.onopen = () => void this.hello();
        socket.onmessage = (event) => this.receive(event.data);
        socket.onclose = (event) => this.closed(event.code, event.reason);
        socket.onerror = () => undefined; /* a close follows */
    }

    private async hello(): Promise<void> {
        const named = this.handlers.resume();
        const socket = this.socket;
        try {
            await this.ask<HelloAnswer>(
                'hello',
                { rooms: named },
                CONNECT_TIMEOUT,
                /* at once: the events right behind it must find the heads set */
                (answer) => this.welcome(named, answer),
            );
        } catch {
            if (this.socket === socket) this.drop('hello failed');
        }
    }

    private welcome(
        named: Record<string, [number, string]>,
        answer: HelloAnswer,
    ): void {
        if (!isHello(answer)) throw new ProtocolError('nonsense', 'hello');
        clearTimeout(this.timer);
        this.nonsense = false;
        this.sequence.begin(named, answer.user.id, answer.self.seq);
        this.sequence.addRooms(answer.rooms);
        this.phase = 'ready';
        if (!this.handlers.onHello(answer)) {
            this.stop();
            return;
        }
        this.handlers.onRooms(answer.rooms, answer.more);
        this.handlers.onPhase('ready');
    }

    private ask<T>(
        op: string,
        fields: object,
        timeout: number,
        early?: (answer: T) => void,
    ): Promise<T> {
        const socket = this.socket;
        if (!socket) return Promise.reject(new ProtocolError('offline', ''));
        const id = ++this.lastId;
        return new Promise<T>((resolve, reject) => {
            const timer = setTimeout(() => {
                this.pending.delete(id);
                reject(new ProtocolError('timeout', `no answer to ${op}`));
                this.probe();
            }, timeout);
            const done = (answer: T) => {
                early?.(answer);
                resolve(answer);
            };
            this.pending.set(id, { resolve: done, reject, timer });
            socket.send(JSON.stringify({ ...fields, id, op }));
        });
    }

    /* Whatever comes, the page goes on: what makes no sense costs the connection. */
    private receive(data: unknown): void {
        const socket = this.socket;
        this.alive();
        try {
            if (this.take(JSON.parse(String(data)))) return;
        } catch {
            /* not JSON, or full of what nobody could expect */
        }
        if (this.socket === socket) this.drop('nonsense', true);
    }

    /* False: it makes no sense. Kinds of frames that are not known yet are no nonsense. */
    private take(frame: unknown): boolean {
        if (!isObject(frame)) return false;
        if ('re' in frame) this.answered(frame);
        else if ('ev' in frame) return this.takeEvent(frame);
        else if (typeof frame['sig'] === 'string') return this.signal(frame as Signal);
        return true;
    }

    private takeEvent(frame: unknown): boolean {
        if (!isEvent(frame)) return false;
        this.event(frame);
        return true;
    }

    private answered(frame: Record<string, unknown>): void {
        const pending = this.pending.get(frame['re'] as number);
        if (!pending) return;
        this.pending.delete(frame['re'] as number);
        clearTimeout(pending.timer);
        if (frame['error']) pending.reject(errorFrom(frame['error']));
        else pending.resolve(frame as never);
    }

    private event(event: RoomEvent): void {
        const verdict = this.sequence.check(event);
        if (verdict === 'gap') this.drop('gap');
        else if (verdict === 'next') this.handlers.onEvent(event);
    }

    private signal(signal: Signal): boolean {
        if (signal.sig === 'rooms') {
            const rooms = signal['rooms'] ?? [];
            if (!areRooms(rooms)) return false;
            this.sequence.addRooms(rooms);
            this.handlers.onRooms(rooms, signal['more'] === true);
            return true;
        }
        if (signal.sig === 'reset') this.sequence.reset(String(signal['room']));
        if (signal.sig === 'synced') {
            this.attempts = 0;
            this.sequence.synced();
        }
        this.handlers.onSignal(signal);
        return true;
    }

    /* Something was heard: the line lives. */
    private alive(): void {
        clearTimeout(this.probing);
        this.probing = undefined;
        clearTimeout(this.silence);
        this.silence = setTimeout(() => this.probe(), SILENCE);
    }

    private probe(): void {
        if (!this.socket || this.phase !== 'ready' || this.probing !== undefined)
            return;
        this.probing = setTimeout(() => this.drop('silent'), PING_TIMEOUT);
        this.ask('ping', {}, 2 * PING_TIMEOUT).catch(() => undefined);
    }

    private closed(code: number, reason: string): void {
        this.detach(`closed ${code}`);
        if (code === CLOSE_NO_SESSION) {
            this.setPhase('ended');
            return;
        }
        const hinted = code === CLOSE_GOING_AWAY || code === CLOSE_TOO_MANY;
        const hint = hinted ? retryHint(reason) : undefined;
        this.retry(hint ?? backoff(this.attempts++, this.random));
    }

    /* Gives the connection up without waiting for the other side. */
    private drop(why: string, nonsense = false): void {
        this.nonsense = nonsense;
        this.detach(why);
        this.retry(backoff(this.attempts++, this.random));
    }

    private retry(ms: number): void {
        this.timer = setTimeout(() => this.connect(), ms);
        this.setPhase('waiting');
    }

    private detach(why: string): void {
        clearTimeout(this.timer);
        clearTimeout(this.silence);
        clearTimeout(this.probing);
        this.probing = undefined;
        const socket = this.socket;
        this.socket = null;
        if (socket) {
            socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
            socket.close();
        }
        /* Not ready any more before anybody hears of it and asks again. */
        if (this.phase === 'ready') this.phase = 'waiting';
        const lost = [...this.pending.values()];
        this.pending.clear();
        for (const { reject, timer } of lost) {
            clearTimeout(timer);
            reject(new ProtocolError('offline', why));
        }
    }

    private setPhase(phase: Phase): void {
        this.phase = phase;
        this.handlers.onPhase(phase);
    }
}
