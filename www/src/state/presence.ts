/* Who is here, and who is typing. Nothing of it is stored; all of it may be lost. */
import { shallowReactive } from 'vue';
import type { Presence } from '../protocol/types';

const TYPING_LASTS = 6_000;

export class PresenceBook {
    private readonly known = shallowReactive(new Map<string, Presence>());

    get(user: string): Presence | undefined {
        return this.known.get(user);
    }

    set(presence: Presence): void {
        this.known.set(presence.id, presence);
    }

    clear(): void {
        this.known.clear();
    }
}

export class TypingBook {
    private readonly rooms = shallowReactive(new Map<string, string[]>());
    private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();

    /* Ids, in the order in which they began. */
    in(room: string): string[] {
        return this.rooms.get(room) ?? [];
    }

    heard(room: string, user: string): void {
        const key = `${room} ${user}`;
        clearTimeout(this.timers.get(key));
        this.timers.set(
            key,
            setTimeout(() => this.stopped(room, user), TYPING_LASTS),
        );
        const typing = this.in(room);
        if (!typing.includes(user)) this.rooms.set(room, [...typing, user]);
    }

    stopped(room: string, user: string): void {
        const key = `${room} ${user}`;
        clearTimeout(this.timers.get(key));
        this.timers.delete(key);
        const left = this.in(room).filter((u) => u !== user);
        if (left.length > 0) this.rooms.set(room, left);
        else this.rooms.delete(room);
    }

    clear(): void {
        for (const timer of this.timers.values()) clearTimeout(timer);
        this.timers.clear();
        this.rooms.clear();
    }
}
