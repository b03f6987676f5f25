/* The little that is needed of IndexedDB, as promises: one database per account. */

const VERSION = 1;
const PREFIX = 'burung.';

/* rooms: summaries by id. logs: by room, the newest events without a hole. people: users
 * by id. outbox: unsent messages by cid. */
export type StoreName = 'rooms' | 'logs' | 'people' | 'outbox';

const KEYS: Record<StoreName, string> = {
    rooms: 'id',
    logs: 'room',
    people: 'id',
    outbox: 'cid',
};

/* strict: on the disk before the promise resolves. relaxed: soon. */
export type Durability = 'strict' | 'relaxed';

function answer<T>(request: IDBRequest<T>): Promise<T> {
    return new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('IndexedDB'));
    });
}

function create(db: IDBDatabase): void {
    for (const [name, keyPath] of Object.entries(KEYS)) {
        if (!db.objectStoreNames.contains(name))
            db.createObjectStore(name, { keyPath });
    }
}

export class Database {
    private constructor(private readonly db: IDBDatabase) {
        /* Another tab deletes it, or a newer client changes it: do not be in the way. */
        db.onversionchange = () => db.close();
    }

    /* Null: this browser keeps nothing (switched off, private, broken, no room). */
    static async open(user: string): Promise<Database | null> {
        try {
            const request = indexedDB.open(PREFIX + user, VERSION);
            request.onupgradeneeded = () => create(request.result);
            return new Database(await answer(request));
        } catch {
            return null;
        }
    }

    static async remove(user: string): Promise<void> {
        try {
            await answer(indexedDB.deleteDatabase(PREFIX + user));
        } catch {
            /* then there is nothing to delete */
        }
    }

    async all<T>(store: StoreName): Promise<T[]> {
        return answer(this.db.transaction(store).objectStore(store).getAll());
    }

    async get<T>(store: StoreName, key: string): Promise<T | undefined> {
        return answer(this.db.transaction(store).objectStore(store).get(key));
    }

    /* One transaction: all of what work does, or, when it rejects, nothing of it. */
    write(
        stores: StoreName[],
        work: (of: (store: StoreName) => IDBObjectStore) => void,
        durability: Durability = 'relaxed',
    ): Promise<void> {
        return new Promise((resolve, reject) => {
            const change = this.db.transaction(stores, 'readwrite', { durability });
            change.oncomplete = () => resolve();
            change.onabort = () => reject(change.error ?? new Error('aborted'));
            try {
                work((store) => change.objectStore(store));
                change.commit?.(); /* it needs this page no more: it may be closed now */
            } catch (e) {
                change.onabort = null;
                change.abort();
                reject(e instanceof Error ? e : new Error(String(e)));
            }
        });
    }

    close(): void {
        this.db.close();
    }
}
