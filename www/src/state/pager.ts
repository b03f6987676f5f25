/* Fills the holes in what is cached of a room's history, when they are seen. */
import { shallowReactive } from 'vue';
import type { Chat } from './chat';
import type { GapRow } from './timeline';

const PAGE = 100;

export type GapState = 'loading' | 'failed';

export class Pager {
    private readonly states = shallowReactive(new Map<string, GapState>());

    constructor(
        private readonly chat: Chat,
        private readonly room: string,
    ) {}

    state(gap: GapRow): GapState | undefined {
        return this.states.get(gap.key);
    }

    /* From the side where the reader comes from. Does nothing while it is under way, or
     * after it failed. */
    async fill(gap: GapRow, from: 'above' | 'below'): Promise<void> {
        if (this.states.has(gap.key)) return;
        this.states.set(gap.key, 'loading');
        const where =
            from === 'above' ? { after: gap.first - 1 } : { before: gap.last + 1 };
        const limit = Math.min(PAGE, gap.last - gap.first + 1);
        try {
            await this.chat.page(this.room, where, limit);
            this.states.delete(gap.key);
        } catch {
            this.states.set(gap.key, 'failed');
        }
    }

    /* What failed may be tried again: there is a connection, or the reader wants it. */
    again(): void {
        for (const [key, state] of [...this.states]) {
            if (state === 'failed') this.states.delete(key);
        }
    }
}
