/* Messages on their way: per room a queue with one `send` in flight, kept until the
 * server said that they are stored, sent again with the same cid when in doubt. Of
 * several tabs one leads and sends; the others' queues follow what it tells. */
import { newCid } from './ids';
import type {
    OutboxLine,
    OutboxNews,
    OutboxStore,
    OutboxWord,
    Outgoing,
} from './outgoing';
import { ProtocolError } from './types';

export const BATCH = 50;
const BATCH_BYTES = 48 * 1024; /* of JSON text: below the frame limit of 64 KiB */
const INTERNAL_TRIES = 3;

interface Stored {
    cid: string;
    seq: number;
}

function bytes(text: string): number {
    return new TextEncoder().encode(JSON.stringify(text)).length + 80;
}

export class Outbox {
    private queues = new Map<string, Outgoing[]>();
    private inFlight = new Set<string>();
    private timers = new Map<string, ReturnType<typeof setTimeout>>();
    /* After a batch was refused: how many to send one by one, to find the culprit. */
    private singles = new Map<string, number>();
    private defects = new Map<string, number>();
    /* Refused for now, and why: sent again by itself. */
    private holds = new Map<string, string>();
    private lastOrder = 0;

    /* changed(room) is called after every change that can be seen. */
    constructor(
        private readonly line: OutboxLine,
        private readonly store: OutboxStore,
        private readonly changed: (room: string) => void,
        private readonly tell: (word: OutboxWord) => void = () => undefined,
    ) {
        this.adopt(store.load());
    }

    /* What the store has: entries that are not known here are queued. */
    adopt(entries: readonly Outgoing[]): void {
        for (const entry of entries) {
            if (this.find(entry.room, entry.cid)) continue;
            const state = entry.state === 'failed' ? 'failed' : 'waiting';
            this.insert({ ...entry, state, kept: true });
        }
    }

    /* This tab sends from now on: nobody else does any more. */
    lead(): void {
        for (const queue of this.queues.values()) {
            for (const entry of queue) {
                if (entry.state === 'sending') entry.state = 'waiting';
            }
        }
        this.flush();
    }

    heard(word: OutboxWord): void {
        if (word.what === 'held') {
            this.hold(word.room, word.code);
            this.changed(word.room);
        } else if (word.what === 'entry') this.heardOf(word.entry);
        else if (word.what === 'state') this.follow(word.entry);
        else if (word.what === 'gone') this.discardQuietly(word.room, word.cid);
        else if (this.line.leads()) this[word.what](word.room, word.cid);
    }

    /* In the order of sending; do not change. */
    list(room: string): readonly Outgoing[] {
        return this.queues.get(room) ?? [];
    }

    /* `slow_down` or `busy` while the room's queue waits after such an answer. */
    held(room: string): string | undefined {
        return this.holds.get(room);
    }

    rooms(): string[] {
        return [...this.queues.keys()];
    }

    add(room: string, body: string, reply?: number): Outgoing {
        const entry: Outgoing = {
            cid: newCid(),
            room,
            body,
            order: this.nextOrder(),
            state: 'waiting',
            /* kept so: it goes out at once, perhaps before a crash */
            tried: this.line.ready(),
            refused: false,
            kept: false,
        };
        if (reply !== undefined) entry.reply = reply;
        this.bind(entry);
        this.queue(room).push(entry);
        const saved = this.store.save([entry]);
        entry.tried = false;
        if (saved) void saved.then(() => this.keptNow(entry));
        else this.keptNow(entry);
        void this.pump(room);
        return entry;
    }

    /* The connection is ready: send what waits. */
    flush(): void {
        for (const room of this.queues.keys()) {
            this.clearTimer(room);
            void this.pump(room);
        }
    }

    /* Stops all waiting; the entries stay in the store. */
    close(): void {
        for (const room of [...this.timers.keys()]) this.clearTimer(room);
        this.queues.clear();
    }

    /* One's own event came: whatever its send's answer says, it is stored. */
    delivered(room: string, cid: string): void {
        const entry = this.find(room, cid);
        if (entry) this.discard(entry);
    }

    /* Everything of the room up to seq is in the log now (or beyond what is cached). */
    covered(room: string, seq: number): void {
        for (const entry of [...this.list(room)]) {
            if (entry.state === 'sent' && (entry.seq ?? 0) <= seq) this.discard(entry);
        }
    }

    /* Once more, as the newest; the cid stays, so it cannot be stored twice. */
    retry(room: string, cid: string): void {
        if (!this.line.leads()) return this.tell({ what: 'retry', room, cid });
        const entry = this.find(room, cid);
        if (!entry || entry.state !== 'failed') return;
        entry.state = 'waiting';
        entry.order = this.nextOrder();
        delete entry.error;
        this.sort(room);
        void this.store.save([entry]);
        this.told(entry);
        this.changed(room);
        void this.pump(room);
    }

    /* Only what surely is not stored can be taken back. */
    removable(entry: Outgoing): boolean {
        return entry.state === 'failed' || (entry.state === 'waiting' && !entry.tried);
    }

    remove(room: string, cid: string): void {
        if (!this.line.leads()) return this.tell({ what: 'remove', room, cid });
        const entry = this.find(room, cid);
        if (!entry || !this.removable(entry)) return;
        this.discard(entry);
        if (entry.refused && this.line.ready()) {
            this.line.request('drop', { room, cid }).catch(() => undefined);
        }
    }

    private find(room: string, cid: string): Outgoing | undefined {
        return this.list(room).find((entry) => entry.cid === cid);
    }

    private sort(room: string): void {
        this.queue(room).sort((a, b) => a.order - b.order);
    }

    private insert(entry: Outgoing): void {
        this.lastOrder = Math.max(this.lastOrder, entry.order);
        this.queue(entry.room).push(entry);
        this.sort(entry.room);
    }

    private keptNow(entry: Outgoing): void {
        entry.kept = true;
        this.tell({ what: 'entry', entry });
        this.changed(entry.room);
    }

    /* Another tab's message: written there, sent by who leads. */
    private heardOf(entry: Outgoing): void {
        const known = this.find(entry.room, entry.cid);
        if (known) return;
        this.insert({ ...entry });
        this.changed(entry.room);
        void this.pump(entry.room);
    }

    private follow(told: OutboxNews): void {
        const entry = this.find(told.room, told.cid);
        if (!entry || this.line.leads()) return;
        if (told.state !== 'failed') delete entry.error;
        Object.assign(entry, told);
        this.sort(entry.room);
        this.changed(entry.room);
    }

    private told(entry: Outgoing): void {
        if (!this.line.leads()) return;
        const state: OutboxNews = { ...entry };
        delete (state as Partial<Outgoing>).body;
        this.tell({ what: 'state', entry: state });
    }

    private hold(room: string, code: string | undefined): void {
        if (this.holds.get(room) === code) return;
        if (code === undefined) this.holds.delete(room);
        else this.holds.set(room, code);
        if (this.line.leads()) this.tell({ what: 'held', room, code });
    }

    private queue(room: string): Outgoing[] {
        const queue = this.queues.get(room) ?? [];
        this.queues.set(room, queue);
        return queue;
    }

    private nextOrder(): number {
        this.lastOrder = Math.max(this.lastOrder + 1, Date.now());
        return this.lastOrder;
    }

    private discard(entry: Outgoing): void {
        const { room, cid } = entry;
        this.discardQuietly(room, cid);
        if (!this.line.leads()) return;
        this.store.remove(cid);
        this.tell({ what: 'gone', room, cid });
    }

    private discardQuietly(room: string, cid: string): void {
        const queue = this.queue(room);
        const at = queue.findIndex((entry) => entry.cid === cid);
        if (at < 0) return;
        queue.splice(at, 1);
        this.changed(room);
    }

    private takeBatch(room: string): Outgoing[] {
        const waiting = this.list(room).filter((e) => e.state === 'waiting');
        const most = (this.singles.get(room) ?? 0) > 0 ? 1 : BATCH;
        const batch: Outgoing[] = [];
        let size = 0;
        for (const entry of waiting.slice(0, most)) {
            size += bytes(entry.body);
            if (batch.length > 0 && size > BATCH_BYTES) break;
            batch.push(entry);
        }
        return batch;
    }

    private async pump(room: string): Promise<void> {
        if (this.inFlight.has(room) || this.timers.has(room)) return;
        if (!this.line.ready()) return;
        const batch = this.takeBatch(room);
        if (batch.length === 0) return;
        this.inFlight.add(room);
        /* What waited is kept as tried before it goes: see `removable`. */
        const saved = this.setSending(batch);
        this.changed(room);
        if (saved) await saved;
        let error: ProtocolError | undefined;
        try {
            this.stored(await this.sendBatch(room, batch), batch);
        } catch (e) {
            error = e instanceof ProtocolError ? e : new ProtocolError('internal', '');
        }
        this.inFlight.delete(room);
        this.hold(room, undefined);
        if (error) this.refused(room, batch, error);
        else this.countSingle(room);
        this.changed(room);
        void this.pump(room);
    }

    /* A try counts under today's membership only: one that comes late, after I was
     * removed and added again, must not be stored. True: it is another one. */
    private bind(entry: Outgoing): boolean {
        const joined = this.line.joined(entry.room);
        if (joined === undefined || joined === entry.joined) return false;
        entry.joined = joined;
        return true;
    }

    private setSending(batch: Outgoing[]): void | Promise<void> {
        const untried = batch.filter((entry) => {
            return this.bind(entry) || (entry.kept && !entry.tried);
        });
        for (const entry of batch) {
            entry.state = 'sending';
            entry.tried = true;
            this.told(entry);
        }
        return untried.length > 0 ? this.store.save(untried) : undefined;
    }

    private async sendBatch(room: string, batch: Outgoing[]): Promise<Stored[]> {
        const messages = batch.map(({ cid, body, reply }) =>
            reply === undefined ? { cid, body } : { cid, body, reply },
        );
        const joined = batch[0]!.joined;
        const place = joined === undefined ? { room } : { room, joined };
        if (messages.length > 1) {
            const fields = { ...place, messages };
            const answer = await this.line.request<{ results: Stored[] }>(
                'send',
                fields,
            );
            return answer.results;
        }
        const one = messages[0]!;
        const answer = await this.line.request<{ seq: number }>('send', {
            ...place,
            ...one,
        });
        return [{ cid: one.cid, seq: answer.seq }];
    }

    private stored(results: Stored[], batch: Outgoing[]): void {
        for (const entry of batch) {
            const seq = results.find((r) => r.cid === entry.cid)?.seq;
            if (seq === undefined) throw new ProtocolError('internal', 'no result');
            entry.state = 'sent';
            entry.seq = seq;
            entry.refused = false;
            this.store.remove(entry.cid);
            this.told(entry);
        }
        if (batch[0]) this.defects.delete(batch[0].room);
    }

    private refused(room: string, batch: Outgoing[], error: ProtocolError): void {
        /* What was delivered meanwhile is no longer in the queue. */
        const left = batch.filter(
            (e) => this.list(room).includes(e) && e.state !== 'sent',
        );
        this.setBack(left, error.code);
        switch (error.code) {
            case 'offline' /* flush() follows when there is a connection */:
                return;
            case 'unauthorized': /* the connection is about to be closed */
            case 'timeout':
                this.wait(room, 1000);
                return;
            case 'busy':
            case 'slow_down':
                this.hold(room, error.code);
                this.wait(room, error.retryMs ?? 1000);
                return;
            case 'internal':
                if (this.countDefect(room) < INTERNAL_TRIES) {
                    this.wait(room, 2000);
                    return;
                }
        }
        if (left.length > 1) this.singles.set(room, left.length);
        else for (const entry of left) this.fail(entry, error.code);
    }

    /* A refusal says that nothing is stored; any other failure says nothing. */
    private setBack(left: Outgoing[], code: string): void {
        const refusal = code === 'busy' || code === 'slow_down';
        for (const entry of left) {
            entry.state = 'waiting';
            if (refusal) {
                entry.refused = true;
                entry.tried = false;
            }
            this.told(entry);
        }
    }

    private fail(entry: Outgoing, code: string): void {
        entry.state = 'failed';
        entry.error = code;
        this.defects.delete(entry.room);
        void this.store.save([entry]);
        this.told(entry);
        this.countSingle(entry.room);
    }

    private countDefect(room: string): number {
        const count = (this.defects.get(room) ?? 0) + 1;
        this.defects.set(room, count);
        return count;
    }

    private countSingle(room: string): void {
        const left = (this.singles.get(room) ?? 0) - 1;
        if (left > 0) this.singles.set(room, left);
        else this.singles.delete(room);
    }

    private wait(room: string, ms: number): void {
        const timer = setTimeout(() => {
            this.timers.delete(room);
            void this.pump(room);
        }, ms);
        this.timers.set(room, timer);
    }

    private clearTimer(room: string): void {
        clearTimeout(this.timers.get(room));
        this.timers.delete(room);
    }
}
