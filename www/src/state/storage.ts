/* What this browser keeps besides the cache: unsent messages, drafts, settings, who was
 * logged in. Every message and draft has a key of its own, so that two tabs do not
 * overwrite each other's. */
import type { Outgoing, OutboxStore } from '../protocol/outgoing';
import type { User } from '../protocol/types';
import type { Database } from './database';

function get(key: string): string | null {
    try {
        return localStorage.getItem(key);
    } catch {
        return null; /* storage is switched off: the client works, but forgets */
    }
}

/* False: switched off or full. */
function put(key: string, value: string | null): boolean {
    try {
        if (value === null) localStorage.removeItem(key);
        else localStorage.setItem(key, value);
        return true;
    } catch {
        return false;
    }
}

function keysOf(prefix: string): string[] {
    try {
        return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
    } catch {
        return [];
    }
}

function parse<T>(text: string | null): T | undefined {
    try {
        return text === null ? undefined : (JSON.parse(text) as T);
    } catch {
        return undefined;
    }
}

function entriesOf(prefix: string): Outgoing[] {
    return keysOf(prefix)
        .map((key) => parse<Outgoing>(get(key)))
        .filter((entry): entry is Outgoing => typeof entry?.cid === 'string');
}

/* Unsent messages where there is no database. lost() is called when one cannot be kept. */
export function simpleOutbox(user: string, lost: () => void): OutboxStore {
    const prefix = `burung.out.${user}.`;
    return {
        load: () => entriesOf(prefix),
        save: (entries) => {
            for (const entry of entries) {
                if (!put(prefix + entry.cid, JSON.stringify(entry))) lost();
            }
        },
        remove: (cid) => void put(prefix + cid, null),
    };
}

/* Unsent messages in the database; those that it refuses (it is full), in the simple
 * store, whose limit is another. */
export async function outboxStore(
    db: Database,
    user: string,
    lost: () => void,
): Promise<OutboxStore> {
    const simple = simpleOutbox(user, lost);
    const known = new Map<string, Outgoing>();
    for (const entry of simple.load()) known.set(entry.cid, entry);
    for (const entry of await db.all<Outgoing>('outbox').catch(() => []))
        known.set(entry.cid, entry);
    return {
        load: () => [...known.values()],
        save: (entries) => {
            /* a copy: what is kept is how it was now */
            const now = entries.map((entry) => ({ ...entry, kept: true }));
            return db
                .write(
                    ['outbox'],
                    (of) => now.forEach((entry) => of('outbox').put(entry)),
                    'strict',
                )
                .catch(() => simple.save(now));
        },
        remove: (cid) => {
            simple.remove(cid);
            db.write(['outbox'], (of) => of('outbox').delete(cid)).catch(
                () => undefined,
            );
        },
    };
}

export interface Draft {
    text: string;
    reply?: number;
}

export function loadDrafts(user: string): Map<string, Draft> {
    const prefix = `burung.draft.${user}.`;
    const drafts = new Map<string, Draft>();
    for (const key of keysOf(prefix)) {
        const draft = parse<Draft>(get(key));
        if (typeof draft?.text === 'string')
            drafts.set(key.slice(prefix.length), draft);
    }
    return drafts;
}

export function saveDraft(user: string, room: string, draft: Draft | undefined): void {
    put(`burung.draft.${user}.${room}`, draft ? JSON.stringify(draft) : null);
}

export function loadSetting(name: string): string | null {
    return get(`burung.${name}`);
}

export function saveSetting(name: string, value: string): void {
    put(`burung.${name}`, value);
}

/* Whose rooms to show before the server was heard; null: nobody's. */
export function loadUser(): User | null {
    const user = parse<User>(get('burung.user'));
    return typeof user?.id === 'string' && typeof user.name === 'string' ? user : null;
}

export function saveUser(user: User | null): void {
    put('burung.user', user && JSON.stringify(user));
}

/* The account is gone: drafts and unsent messages too. */
export function forgetUser(user: string): void {
    for (const kind of ['draft', 'out']) {
        for (const key of keysOf(`burung.${kind}.${user}.`)) put(key, null);
    }
}
