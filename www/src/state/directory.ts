/* A search in the server's lists (people, groups), page by page, as one types. */
import { ref, shallowRef, watch, type Ref } from 'vue';

const PAUSE = 200;

export interface Directory<T> {
    found: Ref<T[]>;
    more: Ref<boolean>;
    busy: Ref<boolean>;
    loaded: Ref<boolean>;
    next(): Promise<void>;
}

/* fetch asks for a page; a page that comes too late is thrown away. */
export function useDirectory<T>(
    query: Ref<string>,
    fetch: (fields: { prefix?: string; next?: string; limit: number }) => Promise<{
        items: T[];
        next?: string | undefined;
    }>,
    limit = 20,
): Directory<T> {
    const found = shallowRef<T[]>([]);
    const more = ref(false);
    const busy = ref(false);
    const loaded = ref(false);
    let cursor: string | undefined;
    let round = 0;
    let timer: ReturnType<typeof setTimeout> | undefined;

    async function page(first: boolean): Promise<void> {
        const mine = first ? ++round : round;
        const prefix = query.value.trim();
        busy.value = true;
        try {
            const answer = await fetch({
                limit,
                ...(prefix ? { prefix } : {}),
                ...(!first && cursor ? { next: cursor } : {}),
            });
            if (mine !== round) return;
            found.value = first ? answer.items : [...found.value, ...answer.items];
            cursor = answer.next;
            more.value = cursor !== undefined;
            loaded.value = true;
        } catch {
            if (mine === round) more.value = false;
        } finally {
            if (mine === round) busy.value = false;
        }
    }

    watch(
        query,
        (_, before) => {
            clearTimeout(timer);
            timer = setTimeout(() => void page(true), before === undefined ? 0 : PAUSE);
        },
        { immediate: true },
    );
    return { found, more, busy, loaded, next: () => page(false) };
}
