/* The rooms and their newest events over a reload. Per room one record with the summary
 * and one with the log's tail, written together: what is read back is always one piece
 * that reaches the newest event of its summary, so that a hole cannot be kept. */
import type { Room, RoomEvent, User } from '../protocol/types';
import type { Database } from './database';

const EVENTS = 200; /* of a room, at most */
const TEXT = 256 * 1024; /* of a room's messages, about */
const PAUSE = 400;

/* A room as it is kept. events end at room.seq, without a hole; perhaps there are none. */
export interface KeptRoom {
    id: string;
    room: Room;
    archivedNo: number;
}

interface KeptLog {
    room: string;
    events: RoomEvent[];
}

/* Where the cache gets a room's record when it is time to write; undefined: gone. */
export type Source = (room: string) => (KeptRoom & { events: RoomEvent[] }) | undefined;

/* The newest of the events that may be kept. */
function newest(events: RoomEvent[]): RoomEvent[] {
    let size = 0;
    let from = events.length;
    while (from > 0 && events.length - from < EVENTS) {
        const { body } = events[from - 1]!;
        size += 200 + (typeof body === 'string' ? body.length : 0);
        if (size > TEXT) break;
        from--;
    }
    return events.slice(from);
}

function isQuota(e: unknown): boolean {
    return e instanceof DOMException && e.name === 'QuotaExceededError';
}

export class Cache {
    private readonly rooms = new Set<string>();
    private people = new Map<string, User>();
    private timer: ReturnType<typeof setTimeout> | undefined;
    private writing: Promise<void> = Promise.resolve();
    private off = false;

    /* failed(full) is told once when writing stops: full, if there is no room. */
    constructor(
        private readonly db: Database,
        private readonly source: Source,
        private readonly failed: (full: boolean) => void,
    ) {}

    changed(room: string): void {
        this.rooms.add(room);
        this.soon();
    }

    learned(users: readonly User[]): void {
        for (const user of users) this.people.set(user.id, user);
        this.soon();
    }

    /* Writes what is due now. */
    flush(): Promise<void> {
        clearTimeout(this.timer);
        this.timer = undefined;
        if (this.off || this.rooms.size + this.people.size === 0) return this.writing;
        const rooms = [...this.rooms];
        const people = [...this.people.values()];
        this.rooms.clear();
        this.people = new Map();
        this.writing = this.writing
            .then(() => this.write(rooms, people))
            .catch((e: unknown) => {
                this.off = true;
                this.failed(isQuota(e));
            });
        return this.writing;
    }

    /* Nothing is written any more. */
    async stop(): Promise<void> {
        clearTimeout(this.timer);
        this.off = true;
        await this.writing;
    }

    private soon(): void {
        if (this.off || this.timer !== undefined) return;
        this.timer = setTimeout(() => void this.flush(), PAUSE);
    }

    private write(rooms: string[], people: User[]): Promise<void> {
        if (this.off) return Promise.resolve();
        return this.db.write(['rooms', 'logs', 'people'], (of) => {
            for (const id of rooms) {
                const kept = this.source(id);
                if (!kept) {
                    of('rooms').delete(id);
                    of('logs').delete(id);
                    continue;
                }
                const { room, archivedNo, events } = kept;
                of('rooms').put({ id, room, archivedNo } satisfies KeptRoom);
                of('logs').put({ room: id, events: newest(events) } satisfies KeptLog);
            }
            for (const user of people) of('people').put(user);
        });
    }
}

export async function loadRooms(db: Database): Promise<KeptRoom[]> {
    return db.all<KeptRoom>('rooms');
}

export async function loadPeople(db: Database): Promise<User[]> {
    return db.all<User>('people');
}

/* A room's events, or all rooms'. */
export async function loadLogs(db: Database, room?: string): Promise<RoomEvent[][]> {
    if (room === undefined) {
        return (await db.all<KeptLog>('logs')).map((log) => log.events);
    }
    const log = await db.get<KeptLog>('logs', room);
    return log ? [log.events] : [];
}

/* What others wrote goes when the session ends; what is unsent stays. */
export async function forgetCache(db: Database): Promise<void> {
    await db.write(['rooms', 'logs', 'people'], (of) => {
        for (const store of ['rooms', 'logs', 'people'] as const) of(store).clear();
    });
}
