/* What this browser has kept of one account: opened before the account is shown. */
import type { Outgoing, OutboxStore } from '../protocol/outgoing';
import type { RoomEvent, User } from '../protocol/types';
import { forgetCache, loadLogs, loadPeople, loadRooms, type KeptRoom } from './cache';
import { Database } from './database';
import { forgetUser, outboxStore, simpleOutbox } from './storage';

export interface Shelf {
    db: Database | null; /* null: nothing is kept */
    rooms: KeptRoom[];
    people: User[];
    events: RoomEvent[][]; /* of the room asked for, if they are kept */
    /* Nothing is kept, but a room's newest page was asked for already. */
    first: { room: string; page: Promise<unknown> } | null;
    outbox: OutboxStore;
    /* Told when unsent messages cannot be kept; set by whom it concerns. */
    lost: () => void;
}

/* Nothing is known yet, and no database to keep it in. */
export function emptyShelf(user: string): Shelf {
    const shelf: Shelf = {
        db: null,
        rooms: [],
        people: [],
        events: [],
        first: null,
        outbox: simpleOutbox(user, () => shelf.lost()),
        lost: () => undefined,
    };
    return shelf;
}

/* What is unsent now, also by other tabs. */
export async function unsent(shelf: Shelf): Promise<Outgoing[]> {
    if (!shelf.db) return shelf.outbox.load();
    return shelf.db.all<Outgoing>('outbox').catch(() => []);
}

/* room: the one that is shown first. */
export async function openShelf(user: string, room: string | null): Promise<Shelf> {
    const shelf = emptyShelf(user);
    const db = await Database.open(user);
    if (!db) return shelf;
    try {
        const [rooms, people, events, outbox] = await Promise.all([
            loadRooms(db),
            loadPeople(db),
            room ? loadLogs(db, room) : [],
            outboxStore(db, user, () => shelf.lost()),
        ]);
        return Object.assign(shelf, { db, rooms, people, events, outbox });
    } catch {
        db.close();
        return shelf;
    }
}

/* The session ended: what others wrote is not left behind; drafts and unsent messages
 * wait for the same account to log in again. */
export async function clearShelf(shelf: Shelf): Promise<void> {
    if (shelf.db) await forgetCache(shelf.db).catch(() => undefined);
    shelf.db?.close();
}

/* The account is gone, and everything of it with it. */
export async function burnShelf(user: string, shelf: Shelf): Promise<void> {
    shelf.db?.close();
    forgetUser(user);
    await Database.remove(user);
}
