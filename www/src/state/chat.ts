/* Everything of one logged-in account: wires the connection and the outbox to what is
 * shown. Views read from here and call its methods; they never see the protocol. */
import { computed, reactive, ref, shallowReactive, shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { Connection, type Phase, type Socket } from '../protocol/connection';
import { Outbox } from '../protocol/outbox';
import type { Outgoing } from '../protocol/outgoing';
import { Lone, type Way } from '../protocol/tabs';
import type {
    HelloAnswer,
    Presence,
    Role,
    Room,
    RoomEvent,
    Signal,
    User,
} from '../protocol/types';
import { loadLogs } from './cache';
import { Changes } from './changes';
import { minute, serverNow, setServerTime } from './clock';
import { Cursors } from './cursors';
import { mentioning } from './mentions';
import { nameOf, People } from './people';
import { patiently } from './patience';
import { PresenceBook, TypingBook } from './presence';
import { RoomBook, type RoomView } from './room_book';
import { emptyShelf, unsent, type Shelf } from './shelf';
import { loadDrafts, saveDraft, saveUser, type Draft } from './storage';

const ASK_MOST = 200; /* people at once */
const TYPING_EVERY = 3_000;
const RESUME_MOST = 500; /* rooms in hello: it must fit into a frame */

export type { Loading, RoomView } from './room_book';

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
    archived?: boolean;
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

    private readonly rooms: RoomBook;
    private readonly connection: Connection;
    private readonly cursors: Cursors;
    private readonly changes: Changes;
    private readonly leaving = new Set<string>();
    private readonly listed = new Map<string, Room>(); /* by the last hello */
    private readonly named = new Set<string>(); /* in the last hello */
    private typedAt = 0;
    private stopped = false;
    private selfSeq = 0;
    private readonly way: Way;

    constructor(
        me: User,
        way: Way | (() => Socket),
        private readonly ended: (why: Ending) => void,
        readonly shelf: Shelf = emptyShelf(me.id),
    ) {
        this.way = typeof way === 'function' ? new Lone(way) : way;
        this.me = shallowRef(me);
        this.people = new People(
            async (ids) => (await this.ask<{ users: User[] }>('users', { ids })).users,
            (users) => this.rooms.learned(users),
        );
        this.rooms = new RoomBook(
            {
                id: me.id,
                people: this.people,
                mentioned: mentioning(me.name),
                leads: () => this.way.leads,
                ask: (op, fields) => this.ask<unknown>(op, fields),
                covered: (room, seq) => this.outbox.covered(room, seq),
                lost: () => (this.link.kept = false),
            },
            shelf,
        );
        this.people.learn([...shelf.people, me]);
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
                joined: (room) => this.rooms.fold(room)?.room.joined,
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
        for (const { room, archivedNo } of shelf.rooms)
            this.rooms.put(room, archivedNo);
        this.rooms.restore(shelf.events);
    }

    /* First all that is kept: hello names it. */
    async start(): Promise<void> {
        const { db } = this.shelf;
        if (db) this.rooms.restore(await loadLogs(db).catch(() => []));
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
        this.cursors.flushAll();
        this.cursors.close();
        this.connection.stop();
        this.way.stop();
        this.rooms.stop();
        this.outbox.close();
        this.changes.close();
        this.typing.clear();
    }

    /* Stops, and resolves when what is to be kept is written. */
    async leavePage(): Promise<void> {
        await this.rooms.flush();
        this.stop();
    }

    nudge(): void {
        /* the tab that leads may have gone silently */
        const waits = !this.way.leads && this.connection.phase === 'connecting';
        if (waits) this.connection.restart();
        else this.connection.nudge();
    }

    /* ---- what views read ---- */

    readonly list = computed(() => this.rooms.list.value);

    /* In the rooms that make noise: how many have unread messages, and mentions of me. */
    readonly waiting = computed(() => {
        const waiting = { rooms: 0, mentions: 0 };
        for (const { fold } of this.rooms.all()) {
            if (fold.unread === 0 || this.muted(fold.room)) continue;
            waiting.rooms++;
            waiting.mentions += fold.unreadMentions;
        }
        return waiting;
    });

    /* Undefined: not one of mine (or not known yet). */
    view(room: string): RoomView | undefined {
        return this.rooms.get(room);
    }

    mentions(room: string): number {
        return this.rooms.fold(room)?.unreadMentions ?? 0;
    }

    unread(room: string): number {
        return this.rooms.fold(room)?.unread ?? 0;
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
        const fold = this.rooms.fold(room);
        if (!fold || seq <= fold.room.read_seq) return;
        const no = fold.get(seq)?.no;
        if (no === undefined) return;
        fold.read(seq, no);
        this.rooms.renew(room);
        this.cursors.moved(room, seq);
    }

    /* The page may go away: what is only in memory is put where it lasts. */
    flush(): void {
        this.cursors.flushAll();
        void this.rooms.flush();
    }

    loadNewest(room: string): Promise<void> {
        return this.rooms.loadNewest(room);
    }

    /* As RoomBook's. */
    page(...asked: Parameters<RoomBook['page']>): Promise<void> {
        return this.rooms.page(...asked);
    }

    narrow(room: string, seq: number): void {
        this.rooms.narrow(room, seq);
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
        for (let i = 0; i < users.length; i += ASK_MOST) {
            const fields = { users: users.slice(i, i + ASK_MOST) };
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
        const fold = this.rooms.fold(room);
        return fold && this.changes.known(room, fold.room.seq);
    }

    /* ---- the other tabs ---- */

    private async turned(leads: boolean): Promise<void> {
        if (this.stopped) return;
        this.connection.restart();
        if (!leads) return;
        this.outbox.lead();
        this.rooms.lead();
        /* Another tab may have written some that it could not tell of. */
        this.outbox.adopt(await unsent(this.shelf));
        this.outbox.flush();
    }

    /* What this tab knows, told to another one as the server would. */
    private greet(named: Record<string, [number, string]>): object[] {
        const self = { seq: this.selfSeq };
        const now = serverNow();
        const rooms = this.rooms.all().map(({ fold }) => fold.room);
        const answer = { user: this.me.value, self, now, rooms };
        const frames: object[] = [{ ...answer, more: false }];
        for (const [room, [seq, cid]] of Object.entries(named)) {
            const missed = this.rooms.fold(room)?.after(seq, cid);
            frames.push(...(missed ?? [{ sig: 'reset', room }]));
        }
        frames.push({ sig: 'synced' });
        if (!this.link.storeOk) frames.push({ sig: 'store', ok: false });
        return frames;
    }

    /* ---- rooms come and go ---- */

    /* An answer held a room that is mine now. */
    private adopt(room: Room): string {
        this.rooms.put(room);
        return room.id;
    }

    /* by: who took me out; undefined: nobody knows; I myself: nothing is told. */
    private forget(room: string, by?: string): void {
        const fold = this.rooms.fold(room);
        if (!fold) return;
        if (this.current.value === room) {
            this.current.value = null;
            if (by !== this.me.value.id) {
                const title = this.title(fold.room);
                this.gone.value = { room, title, by: by ?? '' };
            }
        }
        this.rooms.remove(room);
    }

    /* That it is not listed any more tells that I left, if I am about to. */
    private leaver(room: string): string | undefined {
        return this.leaving.has(room) ? this.me.value.id : undefined;
    }

    private enterView(room: string): void {
        const fold = this.rooms.fold(room);
        if (!fold) return;
        this.rooms.pardon(room);
        if (!fold.current) void this.loadNewest(room);
        const peer = fold.room.peer;
        if (peer) void this.askPresence([peer.id]);
    }

    private leaveView(room: string): void {
        this.cursors.flush(room);
        this.rooms.trim(room);
    }

    /* ---- what the connection tells ---- */

    private resume(): Record<string, [number, string]> {
        const rooms: Record<string, [number, string]> = {};
        this.named.clear();
        for (const { id } of this.list.value) {
            const point = this.rooms.fold(id)?.resumePoint();
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
            const known = this.rooms.fold(room.id);
            const mine = known?.room.read_seq ?? 0;
            if (known && this.named.has(room.id)) {
                this.people.learn([room.peer]);
                known.expect(room);
                this.rooms.renew(room.id);
            } else {
                known?.reset(room);
                this.rooms.put(room);
            }
            if (mine > room.read_seq) this.cursors.moved(room.id, mine);
        }
        if (!more) this.allRooms();
    }

    private allRooms(): void {
        for (const { id } of this.list.value)
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
        this.rooms.add(event);
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
        const fold = this.rooms.fold(body.room);
        if (!fold) return;
        const no = body.no ?? 0;
        if (event.ev === 'read') fold.read(body.seq, no);
        if (event.ev === 'mute') {
            fold.want({ muted: body.until ?? 0, archived: body.archived === true }, no);
        }
        if (event.ev === 'archive') fold.want({ archived: body.on === true }, no);
        this.rooms.renew(body.room);
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
        const fold = this.rooms.fold(id);
        const room = this.listed.get(id);
        if (!fold || !room) return;
        fold.reset(room);
        this.rooms.renew(id);
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
