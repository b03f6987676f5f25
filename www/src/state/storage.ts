/* What this browser keeps: unsent messages, drafts, settings. Every message and draft
 * has a key of its own, so that two tabs do not overwrite each other's. */
import type { Outgoing, OutboxStore } from '../protocol/outbox';

function get(key: string): string | null {
    try {
        return localStorage.getItem(key);
    } catch {
        return null; /* storage is switched off: the client works, but forgets */
    }
}

function put(key: string, value: string | null): void {
    try {
        if (value === null) localStorage.removeItem(key);
        else localStorage.setItem(key, value);
    } catch {
        /* switched off or full: as above */
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

export function outboxStore(user: string): OutboxStore {
    const prefix = `burung.out.${user}.`;
    return {
        load: () =>
            keysOf(prefix)
                .map((key) => parse<Outgoing>(get(key)))
                .filter((entry): entry is Outgoing => typeof entry?.cid === 'string'),
        save: (entry) => put(prefix + entry.cid, JSON.stringify(entry)),
        remove: (cid) => put(prefix + cid, null),
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
