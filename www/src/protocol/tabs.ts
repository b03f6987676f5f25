/* One connection for all tabs of an account. The tab that leads has it; the others speak
 * the same protocol over a BroadcastChannel to that tab, which answers their hello from
 * what it knows, passes their requests on, and repeats to them what it hears. */
import type { Socket } from './connection';
import { election, type Election } from './election';
import { newCid } from './ids';
import type { OutboxWord } from './outgoing';
import { ProtocolError, type RoomEvent, type Signal } from './types';

const KNOCK = 3_000; /* ms in which the tab that leads answers, if it lives */
const CLOSE_LOST = 1006;

/* The account's side: what a tab does when it leads, and what it hears of others. */
export interface TabHost {
    /* Whether this tab leads, soon after start and with every change. */
    turned(leads: boolean): void;
    /* All that another tab is to hear when it says hello: the answer first. */
    greet(named: Record<string, [number, string]>): object[];
    request<T>(op: string, fields: object): Promise<T>;
    word(word: OutboxWord): void;
}

/* How an account reaches the server. */
export interface Way {
    readonly leads: boolean;
    start(host: TabHost): void;
    stop(): void;
    open(): Socket;
    /* Leading: all is known (greet may be called), or why not (a close code). */
    serve(code?: number): void;
    /* Leading: the others are to hear this too. */
    repeat(frame: RoomEvent | Signal): void;
    tell(word: OutboxWord): void;
}

/* The only tab, or one that cannot speak to others. */
export class Lone implements Way {
    readonly leads = true;

    constructor(readonly open: () => Socket) {}

    start(host: TabHost): void {
        host.turned(true);
    }
    stop(): void {}
    serve(): void {}
    repeat(): void {}
    tell(): void {}
}

/* to: the tab that it is for; none: all. */
type Note =
    | { kind: 'knock'; from: string }
    | { kind: 'ask'; from: string; text: string }
    | { kind: 'alive' | 'open'; to?: string }
    | { kind: 'text'; to?: string; text: string }
    | { kind: 'close'; to?: string; code: number }
    | { kind: 'word'; word: OutboxWord };

/* A follower's line to the tab that leads. */
class TabSocket implements Socket {
    onopen: Socket['onopen'] = null;
    onmessage: Socket['onmessage'] = null;
    onclose: Socket['onclose'] = null;
    onerror: Socket['onerror'] = null;
    private opened = false;
    private greeted = false; /* hello is answered: what is told to all is for us, too */
    private readonly patience: ReturnType<typeof setTimeout>;

    constructor(
        private readonly post: (text: string) => void,
        unanswered: () => void,
    ) {
        this.patience = setTimeout(unanswered, KNOCK);
    }

    send(text: string): void {
        this.post(text);
    }

    close(): void {
        clearTimeout(this.patience);
        this.opened = false;
    }

    hear(note: Note): void {
        clearTimeout(this.patience);
        if (note.kind === 'open') this.hearOpen(note.to === undefined);
        else if (note.kind === 'text' && this.opened) {
            if (note.to !== undefined) this.greeted = true;
            if (this.greeted) this.onmessage?.({ data: note.text });
        } else if (note.kind === 'close' && (this.opened || note.code !== CLOSE_LOST)) {
            this.end(note.code);
        }
    }

    /* all: who leads has just connected; what was open led elsewhere. */
    private hearOpen(all: boolean): void {
        if (this.opened) {
            if (all) this.end(CLOSE_LOST);
            return;
        }
        this.opened = true;
        this.onopen?.(undefined as never);
    }

    private end(code: number): void {
        this.close();
        this.onclose?.({ code, reason: '' });
    }
}

export class Tabs implements Way {
    leads = false;
    private readonly id = newCid();
    private readonly others = new Set<string>();
    private serving = false;
    private socket: TabSocket | null = null;
    private host: TabHost | undefined;

    private constructor(
        private readonly real: () => Socket,
        private readonly channel: BroadcastChannel,
        private readonly election: Election,
    ) {}

    /* name: the account's. */
    static way(name: string, real: () => Socket): Way {
        if (typeof BroadcastChannel === 'undefined') return new Lone(real);
        const key = `burung.${name}`;
        return new Tabs(real, new BroadcastChannel(key), election(key));
    }

    start(host: TabHost): void {
        this.host = host;
        this.channel.onmessage = (event: MessageEvent<Note>) => this.hear(event.data);
        this.election.start((leads) => {
            this.leads = leads;
            this.serving = false;
            host.turned(leads);
        });
    }

    stop(): void {
        this.serve(CLOSE_LOST);
        this.leads = false;
        this.socket?.close();
        this.channel.onmessage = null;
        this.channel.close();
        this.election.stop();
    }

    open(): Socket {
        if (this.leads) return this.real();
        this.socket = new TabSocket(
            (text) => this.post({ kind: 'ask', from: this.id, text }),
            () => this.unanswered(),
        );
        this.post({ kind: 'knock', from: this.id });
        return this.socket;
    }

    serve(code?: number): void {
        if (!this.leads) return;
        const before = this.serving;
        this.serving = code === undefined;
        if (this.serving) this.post({ kind: 'open' });
        else if (before || code !== CLOSE_LOST) {
            this.post({ kind: 'close', code: code ?? CLOSE_LOST });
        }
    }

    repeat(frame: RoomEvent | Signal): void {
        if (this.leads && this.serving && this.others.size > 0) {
            this.post({ kind: 'text', text: JSON.stringify(frame) });
        }
    }

    tell(word: OutboxWord): void {
        this.post({ kind: 'word', word });
    }

    private post(note: Note): void {
        try {
            this.channel.postMessage(note);
        } catch {
            /* closed: this tab is leaving */
        }
    }

    /* Nobody who is looked at waits for a tab that stands still. */
    private unanswered(): void {
        if (document.visibilityState === 'visible') this.election.takeOver();
    }

    private hear(note: Note): void {
        if (note.kind === 'word') this.host?.word(note.word);
        else if (note.kind === 'knock') this.knocked(note.from);
        else if (note.kind === 'ask') void this.asked(note.from, note.text);
        else if (note.to === undefined || note.to === this.id) this.socket?.hear(note);
    }

    private knocked(from: string): void {
        if (!this.leads) return;
        this.others.add(from);
        this.post({ kind: this.serving ? 'open' : 'alive', to: from });
    }

    private async asked(from: string, text: string): Promise<void> {
        if (!this.leads || !this.host) return;
        if (!this.serving)
            return this.post({ kind: 'close', to: from, code: CLOSE_LOST });
        this.others.add(from);
        const { id, op, ...fields } = JSON.parse(text) as { id: number; op: string };
        if (op === 'hello') {
            const { rooms = {} } = fields as {
                rooms?: Record<string, [number, string]>;
            };
            const [answer, ...more] = this.host.greet(rooms);
            for (const frame of [{ ...answer, re: id }, ...more])
                this.answer(from, frame);
        } else if (op === 'ping') {
            this.answer(from, { re: id });
        } else {
            this.answer(from, { ...(await this.passOn(op, fields)), re: id });
        }
    }

    private async passOn(op: string, fields: object): Promise<object> {
        try {
            return await this.host!.request<object>(op, fields);
        } catch (e) {
            const error =
                e instanceof ProtocolError ? e : new ProtocolError('internal', '');
            const { code, message, retryMs } = error;
            return { error: { code, message, retry_ms: retryMs } };
        }
    }

    private answer(to: string, frame: object): void {
        this.post({ kind: 'text', to, text: JSON.stringify(frame) });
    }
}
