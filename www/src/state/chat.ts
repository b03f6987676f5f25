/* Everything of one logged-in account: wires the connection and the outbox to what is
 * shown. Views read from here and call its methods; they never see the protocol. */
import { computed, reactive, ref, shallowReactive, shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { isHistory } from '../protocol/check';
import { Connection, type Phase, type Socket } from '../protocol/connection';
import { Outbox } from '../protocol/outbox';
import type { Outgoing } from '../protocol/outgoing';
import { Lone, type Way } from '../protocol/tabs';
import { ProtocolError } from '../protocol/types';
import type {
    HelloAnswer,
    Presence,
    Role,
    Room,
    RoomEvent,
    Signal,
    User,
} from '../protocol/types';
import { Batch } from './batch';
import { Cache, loadLogs } from './cache';
import { Changes } from './changes';
import { minute, serverNow, setServerTime } from './clock';
import { Cursors } from './cursors';
import { RoomFold } from './fold';
import { Frames } from './frames';
import { mentioning } from './mentions';
import { nameOf, People } from './people';
import { patiently } from './patience';
import { PresenceBook, TypingBook } from './presence';
import { emptyShelf, unsent, type Shelf } from './shelf';
import { loadDrafts, saveDraft, saveUser, type Draft } from './storage';

const PAGE = 50;
const PAGE_MOST = 200;
const KEEP = 200; /* events of a room that is not open */
const CACHED_MOST = 2_000; /* of one that is */
const TYPING_EVERY = 3_000;
const RESUME_MOST = 500; /* rooms in hello: it must fit into a frame */

export type Loading = '' | 'newest' | 'failed';

export interface RoomView {
    readonly fold: RoomFold;
    readonly loading: Loading;
}

/* A room that came or went, and who did it; by is empty if nobody knows. */
export interface Turn {
    room: string;
    title: string;
    by: string;
}

/* What the entries of the self room say. */
interface SelfBody {
    room: string;
    seq: number;
    no?: number;
    until?: number;
    on?: boolean;
}

/* Why an account's page closed: the session ended, or the browser is logged in as
 * another account by now. */
export type Ending = 'session' | User;

export class Chat {
    readonly me: ShallowRef<User>;
    readonly people: People;
    readonly presence = new PresenceBook();
    readonly typing = new TypingBook();
    readonly drafts: Map<string, Draft>;
    readonly outbox: Outbox;
    /* online: hello was answered once. storeOk: the server can store messages. kept: what
     * is shown and what is unsent outlives this page. nonsense: what the server says is
     * not to be understood. */
    readonly link = reactive({
        phase: 'idle' as Phase,
        online: false,
        storeOk: true,
        kept: true,
        nonsense: false,
    });
    readonly current = ref<string | null>(null);
    /* The room that went away while it was open, to tell its reader. */
    readonly gone = ref<Turn | null>(null);
    /* A group that somebody else just added me to. */
    readonly added = ref<Turn | null>(null);
    /* Told of every message that arrives (not of history), before it is folded. */
    readonly listeners = new Set<(message: RoomEvent) => void>();
    /* Rises with every change of any outbox entry. */
    readonly outboxRev = ref(0);

    private readonly rooms = shallowReactive(new Map<string, ShallowRef<RoomView>>());
    private readonly connection: Connection;
    private readonly cursors: Cursors;
    private readonly changes: Changes;
    private readonly leaving = new Set<string>();
    private readonly frames = new Frames<ShallowRef<RoomView>>((view) => {
        view.value = { ...view.value };
    });
    private readonly cache: Cache | null;
    private readonly listed = new Map<string, Room>(); /* by the last hello */
    private readonly named = new Set<string>(); /* in the last hello */
    private typedAt = 0;
    private stopped = false;
    private selfSeq = 0;
    private readonly way: Way;
    private readonly mentionsMe: (text: string) => boolean;
    /* Events may come by the thousand: who looks is told a few times a second. */
    private readonly moved = new Batch<ShallowRef<RoomView>>((views) => {
        for (const view of views) view.value = { ...view.value };
    });

    constructor(
        me: User,
        way: Way | (() => Socket),
        private readonly ended: (why: Ending) => void,
        readonly shelf: Shelf = emptyShelf(me.id),
    ) {
        this.way = typeof way === 'function' ? new Lone(way) : way;
        this.me = shallowRef(me);
        this.cache = this.openCache();
        this.people = new People(
            async (ids) => (await this.ask<{ users: User[] }>('users', { ids })).users,
            (users) => this.way.leads && this.cache?.learned(users),
        );
        this.people.learn([...shelf.people, me]);
        this.mentionsMe = mentioning(me.name);
        this.drafts = shallowReactive(loadDrafts(me.id));
        this.connection = new Connection(() => this.way.open(), {
            resume: () => this.resume(),
            onHello: (answer) => this.onHello(answer),
            onRooms: (rooms, more) => this.onRooms(rooms, more),
            onEvent: (event) => this.onEvent(event),
            onSignal: (signal) => this.onSignal(signal),
            onPhase: (phase) => this.onPhase(phase),
        });
        this.outbox = new Outbox(
            {
                leads: () => this.way.leads,
                ready: () => this.way.leads && this.connection.phase === 'ready',
                request: (op, fields) => this.connection.request(op, fields),
                joined: (room) => this.rooms.get(room)?.value.fold.room.joined,
            },
            shelf.outbox,
            () => this.outboxRev.value++,
            (word) => this.way.tell(word),
        );
        this.changes = new Changes({
            ready: () => this.connection.phase === 'ready',
            request: (op, fields) => this.connection.request(op, fields),
        });
        shelf.lost = () => (this.link.kept = false);
        this.cursors = new Cursors((room, seq) => {
            this.ask('read', { room, seq }).catch(() => undefined);
        });
        for (const { room, archivedNo } of shelf.rooms) this.put(room, archivedNo);
        this.restore(shelf.events);
    }

    /* First all that is kept: hello names it. */
    async start(): Promise<void> {
        const { db } = this.shelf;
        if (db) this.restore(await loadLogs(db).catch(() => []));
        if (this.stopped) return;
        this.way.start({
            turned: (leads) => void this.turned(leads),
            greet: (named) => this.greet(named),
            request: (op, fields) => this.connection.request(op, fields),
            word: (word) => this.outbox.heard(word),
        });
    }

    stop(): void {
        this.stopped = true;
        void this.cache?.stop();
        this.cursors.flushAll();
        this.cursors.close();
        this.connection.stop();
        this.way.stop();
        this.moved.close();
        this.outbox.close();
        this.changes.close();
        this.typing.clear();
        this.frames.stop();
    }

    /* Stops, and resolves when what is to be kept is written. */
    async leavePage(): Promise<void> {
        await this.cache?.flush();
        this.stop();
    }

    nudge(): void {
        /* the tab that leads may have gone silently */
        const waits = !this.way.leads && this.connection.phase === 'connecting';
        if (waits) this.connection.restart();
        else this.connection.nudge();
    }

    /* ---- what views read ---- */

    readonly list = computed(() =>
        [...this.rooms.values()]
            .map((view) => view.value.fold.room)
            .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1)),
    );

    /* In the rooms that make noise: how many have unread messages, and mentions of me. */
    readonly waiting = computed(() => {
        const waiting = { rooms: 0, mentions: 0 };
        for (const { value } of this.rooms.values()) {
            if (value.fold.unread === 0 || this.muted(value.fold.room)) continue;
            waiting.rooms++;
            waiting.mentions += value.fold.unreadMentions;
        }
        return waiting;
    });

    /* Undefined: not one of mine (or not known yet). */
    view(room: string): RoomView | undefined {
        return this.rooms.get(room)?.value;
    }

    mentions(room: string): number {
        return this.view(room)?.fold.unreadMentions ?? 0;
    }

    unread(room: string): number {
        return this.view(room)?.fold.unread ?? 0;
    }

    outgoing(room: string): readonly Outgoing[] {
        if (this.outboxRev.value < 0) return [];
        /* Shown as on its way is only what is not lost with the page. */
        return this.outbox.list(room).filter((entry) => entry.kept);
    }

    title(room: Room): string {
        if (room.kind !== 'direct') return room.label;
        if (!room.peer) return '…';
        return nameOf(this.people.get(room.peer.id) ?? room.peer);
    }

    muted(room: Room): boolean {
        return (room.muted ?? 0) > minute.value;
    }

    /* ---- what views do ---- */

    ask<T>(op: string, fields: object = {}): Promise<T> {
        return patiently(() => this.connection.request<T>(op, fields));
    }

    open(room: string | null): void {
        const before = this.current.value;
        if (before === room) return;
        if (before) this.leaveView(before);
        this.current.value = room;
        this.gone.value = null;
        if (room) this.enterView(room);
    }

    send(room: string, body: string, reply?: number): void {
        this.typedAt = 0;
        this.outbox.add(room, body, reply);
        if (!this.way.leads) this.nudge(); /* is there somebody who sends it? */
    }

    draft(room: string, draft: Draft | undefined): void {
        if (draft) this.drafts.set(room, draft);
        else this.drafts.delete(room);
        saveDraft(this.me.value.id, room, draft);
    }

    typed(room: string): void {
        const now = Date.now();
        if (now - this.typedAt < TYPING_EVERY) return;
        this.typedAt = now;
        this.connection.request('typing', { room }).catch(() => undefined);
    }

    /* The message seq was on the screen. */
    seen(room: string, seq: number): void {
        const view = this.rooms.get(room);
        const fold = view?.value.fold;
        if (!view || !fold || seq <= fold.room.read_seq) return;
        const no = fold.get(seq)?.no;
        if (no === undefined) return;
        fold.read(seq, no);
        this.renew(room, view);
        this.cursors.moved(room, seq);
    }

    /* The page may go away: what is only in memory is put where it lasts. */
    flush(): void {
        this.cursors.flushAll();
        void this.cache?.flush();
    }

    async loadNewest(room: string): Promise<void> {
        const unread = this.unread(room);
        const limit = Math.min(PAGE_MOST, Math.max(PAGE, unread + 20));
        await this.load(room, 'newest', { room, limit });
    }

    /* A piece of a room's history into its fold: before, after or around a seq. Rejects
     * with a ProtocolError. */
    async page(
        room: string,
        where: { before: number } | { after: number } | { around: number },
        limit = PAGE,
    ): Promise<void> {
        const view = this.rooms.get(room);
        if (!view) return;
        await this.fetchPage(view, { room, ...where, limit });
        this.renew(room, view);
    }

    /* Forgets what is far from seq if very much of the room is cached. */
    narrow(room: string, seq: number): void {
        const view = this.rooms.get(room);
        if (view?.value.fold.narrow(seq, CACHED_MOST)) this.renew(room, view);
    }

    async openDirect(user: string): Promise<string> {
        return this.adopt((await this.ask<{ room: Room }>('direct', { user })).room);
    }

    async createGroup(fields: {
        kind: 'public' | 'private';
        label: string;
        members: string[];
        cid: string;
    }): Promise<string> {
        return this.adopt((await this.ask<{ room: Room }>('room_create', fields)).room);
    }

    /* A command that changes a room (see changes.ts). known: the newest event of the room
     * that whoever decided on it had seen; else all that is known here. */
    change<T extends object>(
        op: string,
        room: string,
        fields: object = {},
        known = this.known(room),
    ): Promise<T> {
        return this.changes.make<T>(op, room, fields, known);
    }

    /* As it is listed: one is not in it yet. */
    async join({ id, seq }: Room): Promise<string> {
        const known = this.changes.known(id, seq);
        const answer = await this.change<{ room: Room }>('join', id, {}, known);
        return this.adopt(answer.room);
    }

    async leave(room: string): Promise<void> {
        this.leaving.add(room);
        try {
            await this.change('leave', room);
        } finally {
            this.leaving.delete(room);
        }
        this.forget(room, this.me.value.id);
    }

    async mute(room: string, until: number): Promise<void> {
        await this.change('mute', room, { until });
    }

    async archive(room: string, on: boolean): Promise<void> {
        await this.change('archive', room, { on });
    }

    async rename(display: string): Promise<void> {
        this.onUser((await this.ask<{ user: User }>('profile', { display })).user);
    }

    async setRole(room: string, user: string, role: Role): Promise<void> {
        await this.change('role', room, { user, role });
    }

    async askPresence(users: string[]): Promise<void> {
        for (let i = 0; i < users.length; i += PAGE_MOST) {
            const fields = { users: users.slice(i, i + PAGE_MOST) };
            try {
                const answer = await this.ask<{ users: Presence[] }>(
                    'presence',
                    fields,
                );
                for (const presence of answer.users) this.presence.set(presence);
            } catch {
                return; /* asked again after the next hello */
            }
        }
    }

    private known(room: string): number | undefined {
        const fold = this.view(room)?.fold;
        return fold && this.changes.known(room, fold.room.seq);
    }

    /* ---- what is kept ---- */

    private openCache(): Cache | null {
        const { db } = this.shelf;
        if (!db) return null;
        const kept = (id: string) => {
            const fold = this.rooms.get(id)?.value.fold;
            if (!fold) return undefined;
            const { room, archivedNo } = fold;
            return { id, room, archivedNo, events: fold.newest(KEEP) };
        };
        return new Cache(db, kept, () => (this.link.kept = false));
    }

    /* ---- the other tabs ---- */

    private async turned(leads: boolean): Promise<void> {
        if (this.stopped) return;
        this.connection.restart();
        if (!leads) return;
        this.outbox.lead();
        for (const id of this.rooms.keys()) this.cache?.changed(id);
        /* Another tab may have written some that it could not tell of. */
        this.outbox.adopt(await unsent(this.shelf));
        this.outbox.flush();
    }

    /* What this tab knows, told to another one as the server would. */
    private greet(named: Record<string, [number, string]>): object[] {
        const self = { seq: this.selfSeq };
        const now = serverNow();
        const rooms = [...this.rooms.values()].map((view) => view.value.fold.room);
        const answer = { user: this.me.value, self, now, rooms };
        const frames: object[] = [{ ...answer, more: false }];
        for (const [room, [seq, cid]] of Object.entries(named)) {
            const missed = this.view(room)?.fold.after(seq, cid);
            frames.push(...(missed ?? [{ sig: 'reset', room }]));
        }
        frames.push({ sig: 'synced' });
        if (!this.link.storeOk) frames.push({ sig: 'store', ok: false });
        return frames;
    }

    private restore(logs: RoomEvent[][]): void {
        for (const events of logs) {
            const view = this.rooms.get(events[0]?.room ?? '');
            if (!view) continue;
            for (const event of events) view.value.fold.add(event);
            view.value = { ...view.value };
        }
    }

    /* ---- rooms come and go ---- */

    /* The fold changes in place: a new view object makes whoever looks look again. */
    private renew(room: string, view: ShallowRef<RoomView>): void {
        this.frames.touch(view);
        this.changed(room);
    }

    /* Who leads keeps it for all. */
    private changed(room: string): void {
        if (this.way.leads) this.cache?.changed(room);
    }

    private put(room: Room, archivedNo?: number): void {
        this.people.learn([room.peer]);
        const view = this.rooms.get(room.id);
        if (view) {
            view.value.fold.refresh(room);
            this.renew(room.id, view);
        } else {
            const fold = new RoomFold(
                room,
                this.me.value.id,
                archivedNo,
                this.mentionsMe,
            );
            this.rooms.set(room.id, shallowRef<RoomView>({ fold, loading: '' }));
            if (archivedNo === undefined) this.changed(room.id);
        }
    }

    /* An answer held a room that is mine now. */
    private adopt(room: Room): string {
        this.put(room);
        return room.id;
    }

    /* by: who took me out; undefined: nobody knows; I myself: nothing is told. */
    private forget(room: string, by?: string): void {
        const view = this.view(room);
        if (!view) return;
        if (this.current.value === room) {
            this.current.value = null;
            if (by !== this.me.value.id) {
                const title = this.title(view.fold.room);
                this.gone.value = { room, title, by: by ?? '' };
            }
        }
        this.rooms.delete(room);
        this.changed(room);
    }

    /* That it is not listed any more tells that I left, if I am about to. */
    private leaver(room: string): string | undefined {
        return this.leaving.has(room) ? this.me.value.id : undefined;
    }

    private enterView(room: string): void {
        const view = this.rooms.get(room);
        if (!view) return;
        const { fold, loading } = view.value;
        if (loading === 'failed') view.value = { fold, loading: '' };
        if (!fold.current) void this.loadNewest(room);
        const peer = fold.room.peer;
        if (peer) void this.askPresence([peer.id]);
    }

    private leaveView(room: string): void {
        this.cursors.flush(room);
        this.view(room)?.fold.trim(KEEP);
    }

    private async load(room: string, what: Loading, fields: object): Promise<void> {
        const view = this.rooms.get(room);
        if (!view || view.value.loading === what) return;
        view.value = { ...view.value, loading: what };
        let result: Loading = 'failed';
        try {
            await this.fetchPage(view, fields);
            result = '';
        } catch {
            /* shown as failed; the reader or the next hello tries again */
        }
        view.value = { ...view.value, loading: result };
    }

    private async fetchPage(view: ShallowRef<RoomView>, fields: object): Promise<void> {
        const { fold } = view.value;
        const early = this.shelf.first ? await this.asked(fold) : undefined;
        const page = early ?? (await this.ask<unknown>('history', fields));
        if (!isHistory(page, fold.room.id))
            throw new ProtocolError('nonsense', 'history');
        this.people.learn(page.users ?? []);
        for (const event of page.events) fold.add(event);
        this.covered(fold.room.id, fold);
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

    private covered(room: string, fold: RoomFold): void {
        if (fold.current) this.outbox.covered(room, fold.room.seq);
    }

    /* ---- what the connection tells ---- */

    private resume(): Record<string, [number, string]> {
        const rooms: Record<string, [number, string]> = {};
        this.named.clear();
        for (const { id } of this.list.value) {
            const point = this.view(id)?.fold.resumePoint();
            if (!point || this.named.size >= RESUME_MOST) continue;
            rooms[id] = point;
            this.named.add(id);
        }
        return rooms;
    }

    private onHello(answer: HelloAnswer): boolean {
        if (answer.user.id !== this.me.value.id) {
            this.ended(answer.user);
            return false;
        }
        this.me.value = answer.user;
        this.selfSeq = answer.self.seq;
        saveUser(answer.user);
        setServerTime(answer.now);
        this.people.learn([answer.user]);
        this.people.again();
        this.listed.clear();
        this.link.online = true;
        this.link.storeOk = true;
        return true;
    }

    private onRooms(rooms: Room[], more: boolean): void {
        for (const room of rooms) {
            this.listed.set(room.id, room);
            const known = this.view(room.id)?.fold;
            const mine = known?.room.read_seq ?? 0;
            if (known && this.named.has(room.id)) {
                this.people.learn([room.peer]);
                known.expect(room);
                this.renew(room.id, this.rooms.get(room.id)!);
            } else {
                known?.reset(room);
                this.put(room);
            }
            if (mine > room.read_seq) this.cursors.moved(room.id, mine);
        }
        if (!more) this.allRooms();
    }

    private allRooms(): void {
        for (const id of [...this.rooms.keys()])
            if (!this.listed.has(id)) this.forget(id, this.leaver(id));
        const peers = [...this.listed.values()].map((room) => room.peer?.id);
        void this.askPresence(peers.filter((id): id is string => id !== undefined));
        const current = this.current.value;
        if (current) this.enterView(current);
        this.outbox.flush();
    }

    private onEvent(event: RoomEvent): void {
        if (event.room === this.me.value.id) this.onSelf(event);
        else this.onRoomEvent(event);
        this.way.repeat(event);
    }

    private onRoomEvent(event: RoomEvent): void {
        if (event.ev === 'join') this.learnJoined(event);
        if (event.ev === 'message') {
            for (const hear of this.listeners) hear(event);
            this.typing.stopped(event.room, event.from);
            if (event.from === this.me.value.id) {
                this.outbox.delivered(event.room, event.cid);
            }
        }
        const view = this.rooms.get(event.room);
        if (!view) return; /* `added` or hello tells of it, then history fills up */
        view.value.fold.add(event);
        this.covered(event.room, view.value.fold);
        this.moved.add(view);
        this.changed(event.room);
    }

    private learnJoined(event: RoomEvent): void {
        const body = event.body as { user?: string; name?: string; display?: string };
        if (!body.user || !body.name) return;
        const display = body.display ?? body.name;
        this.people.learn([{ id: body.user, name: body.name, display }]);
    }

    private onSelf(event: RoomEvent): void {
        const body = event.body as SelfBody;
        this.selfSeq = event.seq;
        if (event.ev === 'removed') this.forget(body.room, event.from);
        if (event.ev === 'added') void this.fetchRoom(body.room, event.from);
        const view = this.rooms.get(body.room);
        if (!view) return;
        const { fold } = view.value;
        const no = body.no ?? 0;
        if (event.ev === 'read') fold.read(body.seq, no);
        if (event.ev === 'mute') fold.want({ muted: body.until ?? 0 }, no);
        if (event.ev === 'archive') fold.want({ archived: body.on === true }, no);
        this.renew(body.room, view);
    }

    /* Somebody (also I, on another device) is called otherwise now, or is gone. */
    private onUser(user: User): void {
        this.people.learn([user]);
        if (user.id !== this.me.value.id) return;
        this.me.value = { ...this.me.value, ...user };
        saveUser(this.me.value);
    }

    private async fetchRoom(room: string, by: string): Promise<void> {
        try {
            const fresh = (await this.ask<{ room: Room }>('room', { room })).room;
            this.adopt(fresh);
            if (this.current.value === room) this.enterView(room);
            if (by !== this.me.value.id && fresh.kind !== 'direct') {
                await this.people.find(by);
                this.added.value = { room, title: fresh.label, by };
            }
        } catch {
            /* gone again, or the next hello lists it */
        }
    }

    private onSignal(signal: Signal): void {
        const room = String(signal['room']);
        const user = String(signal['user']);
        if (signal.sig === 'synced') this.way.serve();
        else this.way.repeat(signal);
        switch (signal.sig) {
            case 'typing':
                if (user !== this.me.value.id) this.typing.heard(room, user);
                break;
            case 'presence':
                this.presence.set({ ...(signal as unknown as Presence), id: user });
                break;
            case 'user':
                this.onUser(signal['user'] as User);
                break;
            case 'reset':
                this.onReset(room);
                break;
            case 'store':
                this.link.storeOk = signal['ok'] === true;
                if (!this.link.storeOk) break;
                this.outbox.flush();
                this.changes.again();
        }
    }

    private onReset(id: string): void {
        const view = this.rooms.get(id);
        const room = this.listed.get(id);
        if (!view || !room) return;
        view.value.fold.reset(room);
        this.renew(id, view);
        if (this.current.value === id) void this.loadNewest(id);
    }

    private onPhase(phase: Phase): void {
        this.link.phase = phase;
        this.link.nonsense = this.connection.nonsense;
        if (phase !== 'ready') this.way.serve(phase === 'ended' ? 4401 : 1006);
        if (phase === 'waiting') this.presence.clear(); /* who knows */
        if (phase === 'ready') this.changes.again();
        if (phase === 'ended') this.ended('session');
    }
}
