/* The messages that others answer, where they are not cached in their room. */
import { shallowReactive } from 'vue';
import type { HistoryAnswer, RoomEvent } from '../protocol/types';
import type { Chat } from './chat';

const AT_ONCE = 4;

export class Quotes {
    private readonly known = shallowReactive(new Map<number, RoomEvent>());
    private readonly asked = new Set<number>();
    private waiting: number[] = [];
    private running = 0;

    constructor(
        private readonly chat: Chat,
        private readonly room: string,
    ) {}

    /* Undefined until it is there; then whoever looked is shown it. */
    get(seq: number): RoomEvent | undefined {
        const cached = this.chat.view(this.room)?.fold.get(seq) ?? this.known.get(seq);
        if (!cached && !this.asked.has(seq)) {
            this.asked.add(seq);
            this.waiting.push(seq);
            queueMicrotask(() => this.pump());
        }
        return cached;
    }

    /* There is a connection: what could not be asked may be asked now. */
    again(): void {
        this.asked.clear();
    }

    /* The newest first: those are looked at. */
    private pump(): void {
        while (this.running < AT_ONCE && this.waiting.length > 0) {
            this.running++;
            void this.fetch(this.waiting.pop()!);
        }
    }

    private async fetch(seq: number): Promise<void> {
        const { room } = this;
        try {
            const fields = { room, around: seq, limit: 1 };
            const page = await this.chat.ask<HistoryAnswer>('history', fields);
            this.chat.people.learn(page.users ?? []);
            const event = page.events.find((one) => one.seq === seq);
            if (event) this.known.set(seq, event);
        } catch {
            this.asked.delete(seq);
        }
        this.running--;
        this.pump();
    }
}
