/* The rooms of an account as far as they are cached: their folds, what is shown of them,
 * what is kept of them, and more of their history on request. */
import { computed, shallowReactive, shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { isHistory } from '../protocol/check';
import { ProtocolError } from '../protocol/types';
import type { Room, RoomEvent, User } from '../protocol/types';
import { Batch } from './batch';
import { Cache } from './cache';
import { RoomFold } from './fold';
import { Frames } from './frames';
import type { People } from './people';
import type { Shelf } from './shelf';

const PAGE = 50;
const PAGE_MOST = 200;
const KEEP = 200; /* events of a room that is not open */
const CACHED_MOST = 2_000; /* of one that is */

export type Loading = '' | 'newest' | 'failed';

export interface RoomView {
    readonly fold: RoomFold;
    readonly loading: Loading;
}

/* What the rooms need of the account. */
export interface BookOwner {
    readonly id: string;
    readonly people: People;
    readonly mentioned: (text: string) => boolean;
    /* Who leads keeps what is cached, for all tabs. */
    leads(): boolean;
    ask(op: string, fields: object): Promise<unknown>;
    /* All events of the room up to seq are known. */
    covered(room: string, seq: number): void;
    /* What is cached cannot be kept. */
    lost(): void;
}

export class RoomBook {
    private readonly views = shallowReactive(new Map<string, ShallowRef<RoomView>>());
    private readonly cache: Cache | null;
    private readonly frames = new Frames<ShallowRef<RoomView>>((view) => {
        view.value = { ...view.value };
    });
    /* Events may come by the thousand: who looks is told a few times a second. */
    private readonly moved = new Batch<ShallowRef<RoomView>>((views) => {
        for (const view of views) view.value = { ...view.value };
    });

    constructor(
        private readonly owner: BookOwner,
        private readonly shelf: Shelf,
    ) {
        this.cache = this.openCache();
    }

    readonly list = computed(() =>
        [...this.views.values()]
            .map((view) => view.value.fold.room)
            .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)),
    );

    get(room: string): RoomView | undefined {
        return this.views.get(room)?.value;
    }

    fold(room: string): RoomFold | undefined {
        return this.get(room)?.fold;
    }

    all(): RoomView[] {
        return [...this.views.values()].map((view) => view.value);
    }

    /* ---- they come, change and go ---- */

    put(room: Room, archivedNo?: number): void {
        this.owner.people.learn([room.peer]);
        const fold = this.fold(room.id);
        if (fold) {
            fold.refresh(room);
            this.renew(room.id);
        } else {
            const { id, mentioned } = this.owner;
            const fresh = new RoomFold(room, id, archivedNo, mentioned);
            this.views.set(room.id, shallowRef<RoomView>({ fold: fresh, loading: '' }));
            if (archivedNo === undefined) this.changed(room.id);
        }
    }

    remove(room: string): void {
        this.views.delete(room);
        this.changed(room);
    }

    /* The fold changes in place: a new view object makes whoever looks look again. */
    renew(room: string): void {
        const view = this.views.get(room);
        if (!view) return;
        this.frames.touch(view);
        this.changed(room);
    }

    /* An event that has just come. */
    add(event: RoomEvent): void {
        const view = this.views.get(event.room);
        if (!view) return; /* `added` or hello tells of it, then history fills up */
        const { fold } = view.value;
        fold.add(event);
        this.covered(fold);
        this.moved.add(view);
        this.changed(event.room);
    }

    /* Events that were kept. */
    restore(logs: RoomEvent[][]): void {
        for (const events of logs) {
            const view = this.views.get(events[0]?.room ?? '');
            if (!view) continue;
            for (const event of events) view.value.fold.add(event);
            view.value = { ...view.value };
        }
    }

    /* ---- history ---- */

    async loadNewest(room: string): Promise<void> {
        const view = this.views.get(room);
        if (!view || view.value.loading === 'newest') return;
        const wanted = Math.max(PAGE, view.value.fold.unread + 20);
        view.value = { ...view.value, loading: 'newest' };
        let result: Loading = 'failed';
        try {
            await this.fetch(view, { room, limit: Math.min(PAGE_MOST, wanted) });
            result = '';
        } catch {
            /* shown as failed; the reader or the next hello tries again */
        }
        view.value = { ...view.value, loading: result };
    }

    /* That it failed is not shown any more. */
    pardon(room: string): void {
        const view = this.views.get(room);
        if (view?.value.loading === 'failed')
            view.value = { ...view.value, loading: '' };
    }

    /* A piece of a room's history into its fold: before, after or around a seq. Rejects
     * with a ProtocolError. */
    async page(
        room: string,
        where: { before: number } | { after: number } | { around: number },
        limit = PAGE,
    ): Promise<void> {
        const view = this.views.get(room);
        if (!view) return;
        await this.fetch(view, { room, ...where, limit });
        this.renew(room);
    }

    /* Forgets what is far from seq if very much of the room is cached. */
    narrow(room: string, seq: number): void {
        if (this.fold(room)?.narrow(seq, CACHED_MOST)) this.renew(room);
    }

    /* Nobody looks at it any more. */
    trim(room: string): void {
        this.fold(room)?.trim(KEEP);
    }

    private async fetch(
        { value }: ShallowRef<RoomView>,
        fields: object,
    ): Promise<void> {
        const { fold } = value;
        const early = this.shelf.first ? await this.asked(fold) : undefined;
        const page = early ?? (await this.owner.ask('history', fields));
        if (!isHistory(page, fold.room.id))
            throw new ProtocolError('nonsense', 'history');
        this.owner.people.learn(page.users ?? []);
        for (const event of page.events) fold.add(event);
        this.covered(fold);
        this.changed(fold.room.id);
    }

    /* The newest page that was asked for while the connection was made, once, if it still
     * reaches the newest event. */
    private async asked({ room }: RoomFold): Promise<unknown> {
        const { first } = this.shelf;
        if (first?.room !== room.id) return undefined;
        this.shelf.first = null;
        const page = await first.page.catch(() => undefined);
        if (!isHistory(page, room.id)) return undefined;
        return (page.events.at(-1)?.seq ?? 0) >= room.seq ? page : undefined;
    }

    private covered(fold: RoomFold): void {
        if (fold.current) this.owner.covered(fold.room.id, fold.room.seq);
    }

    /* ---- what is kept ---- */

    private openCache(): Cache | null {
        const { db } = this.shelf;
        if (!db) return null;
        const kept = (id: string) => {
            const fold = this.fold(id);
            if (!fold) return undefined;
            const { room, archivedNo } = fold;
            return { id, room, archivedNo, events: fold.newest(KEEP) };
        };
        return new Cache(db, kept, () => this.owner.lost());
    }

    private changed(room: string): void {
        if (this.owner.leads()) this.cache?.changed(room);
    }

    /* This tab keeps them from now on. */
    lead(): void {
        for (const id of this.views.keys()) this.cache?.changed(id);
    }

    learned(users: User[]): void {
        if (this.owner.leads()) this.cache?.learned(users);
    }

    async flush(): Promise<void> {
        await this.cache?.flush();
    }

    stop(): void {
        void this.cache?.stop();
        this.moved.close();
        this.frames.stop();
    }
}
