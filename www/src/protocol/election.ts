/* Which of the tabs of one account holds the connection: with Web Locks, and, where there
 * are none (plain http), by talking it over. The latter may for a moment have two at a
 * time; that is wasteful, but harmless: a message's cid makes it once. */
import { newCid } from './ids';

export interface Election {
    /* turned(true) when this tab leads from now on, turned(false) when another one does:
     * once soon after start, and with every change. */
    start(turned: (leads: boolean) => void): void;
    /* The one that leads does not answer: lead instead. */
    takeOver(): void;
    stop(): void;
}

/* There is only this tab. */
export class NoElection implements Election {
    start(turned: (leads: boolean) => void): void {
        turned(true);
    }
    takeOver(): void {}
    stop(): void {}
}

export class LockElection implements Election {
    private release: (() => void) | undefined;
    private readonly stopped = new AbortController();
    private turned: (leads: boolean) => void = () => undefined;

    constructor(private readonly name: string) {}

    start(turned: (leads: boolean) => void): void {
        this.turned = turned;
        void this.ask({ ifAvailable: true });
    }

    takeOver(): void {
        if (!this.release) void this.ask({ steal: true });
    }

    stop(): void {
        this.stopped.abort();
        this.release?.();
    }

    private async ask(options: LockOptions): Promise<void> {
        const how = options.ifAvailable || options.steal;
        const more = how ? {} : { signal: this.stopped.signal };
        const { locks } = navigator;
        try {
            await locks.request(this.name, { ...options, ...more }, (lock) =>
                lock ? this.hold() : this.queue(),
            );
        } catch {
            /* stopped, or another tab took it: it does not hear this one */
            this.release = undefined;
            if (!this.stopped.signal.aborted) this.queue();
        }
    }

    /* Until it is released, also by the end of this tab, whatever way it ends. */
    private hold(): Promise<void> | undefined {
        if (this.stopped.signal.aborted) return undefined;
        const held = new Promise<void>((release) => (this.release = release));
        this.turned(true);
        return held;
    }

    private queue(): undefined {
        this.turned(false);
        void this.ask({});
    }
}

const ANSWER = 200; /* ms in which one that leads says so */
const OBJECT = 100; /* ms in which one with a better claim says so */

interface Say {
    say: 'who' | 'claim' | 'lead' | 'bye';
    id: string;
}

export class TalkElection implements Election {
    private readonly id = newCid();
    private state: 'asking' | 'claiming' | 'following' | 'leading' = 'asking';
    private timer: ReturnType<typeof setTimeout> | undefined;
    private turned: (leads: boolean) => void = () => undefined;

    constructor(private readonly channel: BroadcastChannel) {}

    start(turned: (leads: boolean) => void): void {
        this.turned = turned;
        this.channel.onmessage = (event: MessageEvent<Say>) => this.hear(event.data);
        this.ask();
    }

    takeOver(): void {
        if (this.state === 'following') this.claim();
    }

    stop(): void {
        clearTimeout(this.timer);
        if (this.state === 'leading') this.say('bye');
        this.channel.onmessage = null;
        this.channel.close();
    }

    private say(say: Say['say']): void {
        this.channel.postMessage({ say, id: this.id } satisfies Say);
    }

    private ask(): void {
        this.state = 'asking';
        this.say('who');
        this.wait(ANSWER, () => this.claim());
    }

    private claim(): void {
        this.state = 'claiming';
        this.say('claim');
        this.wait(OBJECT, () => {
            this.state = 'leading';
            this.say('lead');
            this.turned(true);
        });
    }

    private wait(ms: number, then: () => void): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(then, ms);
    }

    private hear({ say, id }: Say): void {
        const better = id < this.id;
        if (say === 'lead') this.hearLeader(better);
        else if (say === 'bye') this.claim();
        else if (this.state === 'leading') this.say('lead');
        else if (say === 'claim' && this.state === 'claiming') {
            if (better) this.ask();
            else this.say('claim');
        }
    }

    private hearLeader(better: boolean): void {
        if (this.state === 'leading' && !better) {
            this.say('lead');
            return;
        }
        clearTimeout(this.timer);
        if (this.state === 'following') return;
        this.state = 'following';
        this.turned(false);
    }
}

export function election(name: string): Election {
    if (globalThis.navigator?.locks) return new LockElection(name);
    if (typeof BroadcastChannel === 'undefined') return new NoElection();
    return new TalkElection(new BroadcastChannel(`${name}.lead`));
}
