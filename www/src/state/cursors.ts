/* Tells the server how far one has read: at most every 5 s per room, and on leaving. */

const EVERY = 5_000;

export class Cursors {
    private readonly due = new Map<string, number>();
    private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

    /* tell() may fail: what hello answers later shows that, and it is told again. */
    constructor(private readonly tell: (room: string, seq: number) => void) {}

    moved(room: string, seq: number): void {
        this.due.set(room, Math.max(seq, this.due.get(room) ?? 0));
        if (this.timers.has(room)) return;
        const first = setTimeout(() => this.fire(room), 300);
        this.timers.set(room, first);
    }

    /* One leaves the room: now. */
    flush(room: string): void {
        const seq = this.due.get(room);
        this.due.delete(room);
        if (seq !== undefined) this.tell(room, seq);
    }

    flushAll(): void {
        for (const room of [...this.due.keys()]) this.flush(room);
    }

    close(): void {
        for (const timer of this.timers.values()) clearTimeout(timer);
        this.timers.clear();
        this.due.clear();
    }

    private fire(room: string): void {
        if (!this.due.has(room)) {
            this.timers.delete(room);
            return;
        }
        this.flush(room);
        this.timers.set(
            room,
            setTimeout(() => this.fire(room), EVERY),
        );
    }
}
