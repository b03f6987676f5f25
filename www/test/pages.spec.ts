import { describe, expect, it } from 'vitest';
import { usePages, type Page } from '../src/state/pages';

type Answer = Page<number>;

/* A server whose answers come when the test says so. */
function slowServer() {
    const asked: { next: string | undefined; answer(page: Answer | null): void }[] = [];
    const fetch = (next?: string): Promise<Answer> =>
        new Promise((resolve, reject) => {
            const answer = (page: Answer | null): void =>
                page ? resolve(page) : reject(new Error('no'));
            asked.push({ next, answer });
        });
    return { asked, fetch };
}

describe('a list that comes in pages', () => {
    it('grows until the server has no more', async () => {
        const { asked, fetch } = slowServer();
        const pages = usePages(fetch);
        const first = pages.load();
        asked[0]!.answer({ items: [1, 2], next: 'x' });
        await first;
        expect([pages.found.value, pages.more.value]).toEqual([[1, 2], true]);
        const second = pages.next();
        expect(asked[1]!.next).toBe('x');
        asked[1]!.answer({ items: [3] });
        await second;
        expect([pages.found.value, pages.more.value]).toEqual([[1, 2, 3], false]);
    });

    it('shows the answer to the last question, whichever comes last', async () => {
        const { asked, fetch } = slowServer();
        const pages = usePages(fetch);
        const both = [pages.load(), pages.load()];
        asked[1]!.answer({ items: [2] });
        asked[0]!.answer({ items: [1] });
        await Promise.all(both);
        expect(pages.found.value).toEqual([2]);
        expect(pages.busy.value).toBe(false);
    });

    it('asks for a page once at a time', async () => {
        const { asked, fetch } = slowServer();
        const pages = usePages(fetch);
        const first = pages.load();
        asked[0]!.answer({ items: [1], next: 'x' });
        await first;
        void pages.next();
        void pages.next();
        expect(asked.length).toBe(2);
    });

    it('keeps what it has and says so when asking fails, and goes on later', async () => {
        const { asked, fetch } = slowServer();
        const pages = usePages(fetch);
        const first = pages.load();
        asked[0]!.answer({ items: [1], next: 'x' });
        await first;
        const second = pages.next();
        asked[1]!.answer(null);
        await second;
        expect([pages.found.value, pages.failed.value]).toEqual([[1], true]);
        const third = pages.next();
        expect(asked[2]!.next).toBe('x');
        asked[2]!.answer({ items: [2] });
        await third;
        expect([pages.found.value, pages.failed.value]).toEqual([[1, 2], false]);
    });
});
