/* Everybody this device has heard of, by id; asks the server for those it has not. */
import { shallowReactive } from 'vue';
import { i18n } from '../i18n';
import type { User } from '../protocol/types';

const ASK_MOST = 200;

/* Who deleted the account has no name any more. */
export function nameOf(user: User): string {
    return user.display || user.name || i18n.global.t('people.gone');
}

export class People {
    private readonly known = shallowReactive(new Map<string, User>());
    private readonly asked = new Set<string>();
    private wanted = new Set<string>();

    /* learned() is told of everybody new or changed, to keep them. */
    constructor(
        private readonly ask: (ids: string[]) => Promise<User[]>,
        private readonly learned: (users: User[]) => unknown = () => undefined,
    ) {}

    learn(users: readonly (User | undefined)[]): void {
        const fresh: User[] = [];
        for (const user of users) {
            if (!user?.id) continue;
            const known = { ...this.known.get(user.id), ...user };
            this.known.set(user.id, known);
            fresh.push(known);
        }
        if (fresh.length > 0) this.learned(fresh);
    }

    /* Undefined until the answer is there; then whoever looked is shown it. */
    get(id: string): User | undefined {
        const user = this.known.get(id);
        if (!user && !this.asked.has(id)) {
            this.asked.add(id);
            if (this.wanted.size === 0) queueMicrotask(() => void this.fetch());
            this.wanted.add(id);
        }
        return user;
    }

    name(id: string): string {
        const user = this.get(id);
        return user ? nameOf(user) : '…';
    }

    /* As get(), but waits for the answer; undefined if there is none. */
    async find(id: string): Promise<User | undefined> {
        if (!this.known.has(id)) {
            this.learn(await this.ask([id]).catch(() => []));
        }
        return this.known.get(id);
    }

    /* Reconnected: what could not be asked then may be asked now. */
    again(): void {
        this.asked.clear();
    }

    private async fetch(): Promise<void> {
        const ids = [...this.wanted];
        this.wanted = new Set();
        for (let i = 0; i < ids.length; i += ASK_MOST) {
            const some = ids.slice(i, i + ASK_MOST);
            try {
                this.learn(await this.ask(some));
            } catch {
                for (const id of some) this.asked.delete(id);
            }
        }
    }
}
