/* Holds the server to its word: every room's events in order of seq, each once. */
import type { Room, RoomEvent } from './types';

export type Verdict = 'next' | 'repeat' | 'gap';

export class Sequence {
    /* The last seq this device was given, per room (and self room). */
    private heads = new Map<string, number>();
    /* Where rooms stood when hello was answered: a reset starts anew there. */
    private bases = new Map<string, number>();
    private self = '';

    /* A new connection: named is what hello said, self the account's own room. */
    begin(
        named: Record<string, [number, string]>,
        self: string,
        selfSeq: number,
    ): void {
        this.heads.clear();
        this.bases.clear();
        this.self = self;
        this.heads.set(self, selfSeq);
        for (const [room, [seq]] of Object.entries(named)) this.heads.set(room, seq);
    }

    /* A page of hello's rooms. */
    addRooms(rooms: Room[]): void {
        for (const room of rooms) {
            this.bases.set(room.id, room.seq);
            if (!this.heads.has(room.id)) this.heads.set(room.id, room.seq);
        }
    }

    /* All that was missed has come: a later reset may start anywhere. */
    synced(): void {
        this.bases.clear();
    }

    reset(room: string): void {
        const base = this.bases.get(room);
        if (base === undefined) this.heads.delete(room);
        else this.heads.set(room, base);
    }

    check(event: RoomEvent): Verdict {
        const head = this.heads.get(event.room);
        if (head !== undefined && event.seq <= head) return 'repeat';
        if (head !== undefined && event.seq > head + 1) return 'gap';
        this.heads.set(event.room, event.seq);
        if (event.room === this.self) this.membership(event);
        return 'next';
    }

    /* `added` says from which event on the room's events will follow. */
    private membership(event: RoomEvent): void {
        const body = (event.body ?? {}) as { room?: unknown; seq?: unknown };
        if (typeof body.room !== 'string' || typeof body.seq !== 'number') return;
        if (event.ev === 'removed') this.heads.delete(body.room);
        if (event.ev === 'added') {
            const known = this.heads.get(body.room) ?? 0;
            this.heads.set(body.room, Math.max(known, body.seq - 1));
        }
    }
}
