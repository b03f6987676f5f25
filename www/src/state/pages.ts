/* A list that the server gives page by page. */
import { ref, shallowRef, type Ref } from 'vue';

export interface Page<T> {
    items: T[];
    next?: string | undefined;
}

export interface Pages<T> {
    found: Ref<T[]>;
    more: Ref<boolean>;
    busy: Ref<boolean>;
    /* The first page was there once. */
    loaded: Ref<boolean>;
    /* The last attempt failed; what was found before is still shown. */
    failed: Ref<boolean>;
    /* From the beginning; what is on its way is thrown away. */
    load(): Promise<void>;
    next(): Promise<void>;
}

/* fetch asks for the page that begins at next, or for the first one. */
export function usePages<T>(fetch: (next?: string) => Promise<Page<T>>): Pages<T> {
    const found = shallowRef<T[]>([]);
    const more = ref(false);
    const busy = ref(false);
    const loaded = ref(false);
    const failed = ref(false);
    let cursor: string | undefined;
    let round = 0;

    async function page(from: string | undefined): Promise<void> {
        const mine = ++round;
        busy.value = true;
        failed.value = false;
        try {
            const answer = await fetch(from);
            if (mine !== round) return;
            found.value = from ? [...found.value, ...answer.items] : answer.items;
            cursor = answer.next;
            more.value = cursor !== undefined;
            loaded.value = true;
        } catch {
            if (mine === round) failed.value = true;
        } finally {
            if (mine === round) busy.value = false;
        }
    }

    async function next(): Promise<void> {
        if (!busy.value) await page(cursor);
    }
    return { found, more, busy, loaded, failed, load: () => page(undefined), next };
}
