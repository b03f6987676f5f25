/* One room as this device knows it: the server's summary of it, carried on by the
 * events that came since, and the part of its log that is cached. The result does not
 * depend on the order in which events and pages come, nor on how often. */
import type { Role, Room, RoomEvent } from '../protocol/types';

type Run = [first: number, last: number];

interface Subject {
    user?: string;
    role?: Role;
    heir?: string;
    label?: string;
    topic?: string;
    kind?: Room['kind'];
}

function max(a: number, b: number): number {
    return a > b ? a : b;
}

export class RoomFold {
    /* As of room.seq; replaced, never changed in place. */
    room: Room;
    private readonly events = new Map<number, RoomEvent>();
    private runs: Run[] = []; /* cached without a hole, rising, never touching */
    /* Others' messages that mention me, as far as they were seen here; kept when their
     * events are trimmed. */
    private mentioned = new Set<number>();

    /* archivedNo: only messages after this one bring an archived room back. mentions:
     * whether a text mentions me. */
    constructor(
        room: Room,
        private readonly me: string,
        public archivedNo = 0,
        private readonly mentions: (text: string) => boolean = () => false,
    ) {
        this.room = { ...room };
        this.noteMention(room.last);
    }

    /* The server's word, possibly older than what is known here. */
    refresh(room: Room): void {
        const { read_seq, read_no } = this.room;
        this.noteMention(room.last);
        if (room.seq >= this.room.seq) {
            this.room = { ...room };
            this.read(read_seq, read_no);
        } else {
            this.read(room.read_seq, room.read_no);
        }
        this.advance();
    }

    /* The server's word while the events in between are on their way: what they do not
     * tell is taken over, and what is cached stays what is shown. */
    expect(room: Room): void {
        const { muted = 0, archived = false, joined } = room;
        this.want({ muted, archived }, room.no);
        if (joined !== undefined) this.room.joined = joined;
        this.read(room.read_seq, room.read_no);
    }

    /* Forgets everything; room is all that is known from now on. */
    reset(room: Room): void {
        this.events.clear();
        this.runs = [];
        this.mentioned.clear();
        this.room = { ...room };
        this.noteMention(room.last);
    }

    /* An event, from wherever. False: it was known. */
    add(event: RoomEvent): boolean {
        if (this.events.has(event.seq)) return false;
        this.events.set(event.seq, event);
        this.insertRun(event.seq);
        this.noteMention(event);
        if (event.ev === 'message' && event.from === this.me) {
            this.read(event.seq, event.no);
        }
        this.advance();
        return true;
    }

    /* The cursor moves forward only. */
    read(seq: number, no: number): void {
        if (seq <= this.room.read_seq) return;
        this.room = {
            ...this.room,
            read_seq: seq,
            read_no: max(no, this.room.read_no),
        };
    }

    /* What I want of the room, as of message no (see PROTOCOL.md, mute and archive). */
    want(wish: { muted?: number; archived?: boolean }, no: number): void {
        this.room = { ...this.room, ...wish };
        this.archivedNo = no;
        const { last } = this.room;
        if (last) this.wake(this.room, last);
    }

    get unread(): number {
        return max(0, this.room.no - this.room.read_no);
    }

    /* How many unread messages mention me; a lower bound until all are cached. */
    get unreadMentions(): number {
        let count = 0;
        for (const seq of this.mentioned) if (seq > this.room.read_seq) count++;
        return count;
    }

    get(seq: number): RoomEvent | undefined {
        return this.events.get(seq);
    }

    /* The cached events that reach the newest without a hole, rising; empty if the
     * newest is not cached. Only these may be shown as one conversation. */
    timeline(): RoomEvent[] {
        const run = this.tail();
        return run ? this.slice(run) : [];
    }

    /* All that is cached, rising: each part without a hole, and between two parts
     * events that are missing. */
    parts(): RoomEvent[][] {
        return this.runs.map((run) => this.slice(run));
    }

    /* The last events of the timeline, at most count, none after room.seq. */
    newest(count: number): RoomEvent[] {
        const run = this.tail();
        if (!run) return [];
        const list: RoomEvent[] = [];
        const from = max(run[0], this.room.seq - count + 1);
        for (let seq = from; seq <= this.room.seq; seq++)
            list.push(this.events.get(seq)!);
        return list;
    }

    /* What follows on the event seq, if that is cached, with this cid, and all after it;
     * else undefined. */
    after(seq: number, cid: string): RoomEvent[] | undefined {
        const { room } = this;
        const known = seq === room.seq ? room.cid : this.events.get(seq)?.cid;
        if (known !== cid || seq > room.seq) return undefined;
        if (seq === room.seq) return [];
        const list = this.newest(room.seq - seq);
        return list.length === room.seq - seq ? list : undefined;
    }

    /* Is the newest event cached? (An empty log needs none.) */
    get current(): boolean {
        return this.room.seq === 0 || this.tail() !== undefined;
    }

    /* The oldest seq of the timeline; undefined if there is none. */
    get oldest(): number | undefined {
        return this.tail()?.[0];
    }

    /* For hello: up to where this device knows everything. */
    resumePoint(): [number, string] | undefined {
        const run = this.tail();
        const event = run && this.events.get(run[1]);
        return event && [event.seq, event.cid];
    }

    /* Keeps only the newest count events. */
    trim(count: number): void {
        const floor = this.room.seq - count;
        for (const seq of this.events.keys()) if (seq <= floor) this.events.delete(seq);
        this.runs = this.runs
            .filter(([, last]) => last > floor)
            .map(([first, last]) => [max(first, floor + 1), last]);
    }

    private noteMention(event: RoomEvent | null): void {
        if (event?.ev !== 'message' || event.from === this.me) return;
        if (typeof event.body === 'string' && this.mentions(event.body)) {
            this.mentioned.add(event.seq);
        }
    }

    /* Of more than most events keeps those near seq, and the newest. True: some went. */
    narrow(seq: number, most: number): boolean {
        if (this.events.size <= most) return false;
        const near = most >> 2;
        const newest = this.room.seq - near;
        for (const one of [...this.events.keys()]) {
            if (Math.abs(one - seq) > near && one <= newest) this.events.delete(one);
        }
        this.runs = [];
        for (const one of [...this.events.keys()].sort((a, b) => a - b)) {
            this.insertRun(one);
        }
        return true;
    }

    private slice([first, last]: Run): RoomEvent[] {
        const list: RoomEvent[] = [];
        for (let seq = first; seq <= last; seq++) list.push(this.events.get(seq)!);
        return list;
    }

    private tail(): Run | undefined {
        return this.runs.find(([first, last]) => {
            return first <= this.room.seq && this.room.seq <= last;
        });
    }

    private insertRun(seq: number): void {
        let at = 0;
        while (at < this.runs.length && this.runs[at]![1] < seq - 1) at++;
        const run = this.runs[at];
        if (!run || run[0] > seq + 1) {
            this.runs.splice(at, 0, [seq, seq]);
            return;
        }
        run[0] = Math.min(run[0], seq);
        run[1] = max(run[1], seq);
        const next = this.runs[at + 1];
        if (next && next[0] <= run[1] + 1) {
            run[1] = max(run[1], next[1]);
            this.runs.splice(at + 1, 1);
        }
    }

    /* Folds the events that follow the summary, as far as there is no hole. */
    private advance(): void {
        for (;;) {
            const event = this.events.get(this.room.seq + 1);
            if (!event) return;
            this.room = this.step(this.room, event);
        }
    }

    private step(before: Room, event: RoomEvent): Room {
        const { seq, no, at, cid } = event;
        const room: Room = { ...before, seq, no, at, cid };
        const body = (event.body ?? {}) as Subject;
        switch (event.ev) {
            case 'message':
                room.last = event;
                this.wake(room, event);
                break;
            case 'rename':
                room.label = body.label ?? room.label;
                break;
            case 'topic':
                room.topic = body.topic ?? '';
                break;
            case 'visibility':
                room.kind = body.kind ?? room.kind;
                break;
            case 'join':
                room.members++;
                if (body.user === this.me && body.role) room.role = body.role;
                if (body.user === this.me) room.joined = seq;
                break;
            case 'leave':
                room.members--;
                if (body.user === this.me) delete room.role;
                if (body.heir === this.me) room.role = 'owner';
                break;
            case 'role':
                this.stepRole(room, body);
        }
        return room;
    }

    /* A message takes a room out of the archive, unless it is muted. */
    private wake(room: Room, message: RoomEvent): void {
        if (!room.archived || message.no <= this.archivedNo) return;
        if (message.at >= (room.muted ?? 0)) room.archived = false;
    }

    private stepRole(room: Room, body: Subject): void {
        if (body.user === this.me && body.role) room.role = body.role;
        else if (body.role === 'owner' && room.role === 'owner') room.role = 'admin';
    }
}
