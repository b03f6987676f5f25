/* A search in the server's lists (people, groups), page by page, as one types. */
import { onScopeDispose, watch, type Ref } from 'vue';
import type { Room, User } from '../protocol/types';
import type { Chat } from './chat';
import { usePages, type Page, type Pages } from './pages';

const PAUSE = 200;
const LIMIT = 20;
const WORDS_MOST = 8;

export interface Fields {
    prefix?: string;
    next?: string;
    limit: number;
}

/* fetch asks for a page; a page that comes too late is thrown away. */
export function useDirectory<T>(
    query: Ref<string>,
    fetch: (fields: Fields) => Promise<Page<T>>,
    limit = LIMIT,
): Pages<T> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const pages = usePages<T>((next) => {
        const prefix = query.value.trim();
        return fetch({
            limit,
            ...(prefix ? { prefix } : {}),
            ...(next ? { next } : {}),
        });
    });
    watch(
        () => query.value.trim(),
        (_, before) => {
            clearTimeout(timer);
            const pause = before === undefined ? 0 : PAUSE;
            timer = setTimeout(() => void pages.load(), pause);
        },
        { immediate: true },
    );
    onScopeDispose(() => clearTimeout(timer));
    return pages;
}

/* Everybody but me, by the beginning of the name. */
export function usePeople(
    chat: Chat,
    query: Ref<string>,
    hidden: (user: User) => boolean = () => false,
): Pages<User> {
    return useDirectory(query, async (fields) => {
        const answer = await chat.ask<{ users: User[]; next?: string }>('people', {
            ...fields,
            /* “@ani” finds ani. */
            ...(fields.prefix ? { prefix: fields.prefix.replace(/^@/, '') } : {}),
        });
        const items = answer.users.filter(
            (user) => user.id !== chat.me.value.id && !hidden(user),
        );
        chat.people.learn(items);
        return { items, next: answer.next };
    });
}

/* Public groups, by words of their names. */
export function useGroups(
    chat: Chat,
    query: Ref<string>,
    hidden: (room: Room) => boolean = () => false,
    limit = LIMIT,
): Pages<Room> {
    return useDirectory(
        query,
        async ({ prefix, ...fields }) => {
            const words = prefix?.match(/[\p{L}\p{N}]+/gu)?.slice(0, WORDS_MOST);
            if (prefix && !words) return { items: [] }; /* not one word */
            const answer = await chat.ask<{ rooms: Room[]; next?: string }>('groups', {
                ...fields,
                ...(words ? { words: words.join(' ') } : {}),
            });
            const items = answer.rooms.filter((room) => !hidden(room));
            return { items, next: answer.next };
        },
        limit,
    );
}
