/* A browser's history: entries with an address and a state each, and travels that take a
 * moment. Stands in for window.history and location. */
import { vi } from 'vitest';

interface Entry {
    state: unknown;
    hash: string;
}

export class FakeHistory {
    private entries: Entry[] = [{ state: null, hash: '#/' }];
    private at = 0;

    constructor() {
        const history = this; // eslint-disable-line @typescript-eslint/no-this-alias
        vi.stubGlobal('history', this);
        vi.stubGlobal('location', {
            get hash(): string {
                return history.entries[history.at]!.hash;
            },
        });
        vi.stubGlobal('window', new EventTarget());
    }

    get length(): number {
        return this.entries.length;
    }

    get state(): unknown {
        return this.entries[this.at]!.state;
    }

    pushState(state: unknown, _: string, hash = location.hash): void {
        this.entries.splice(++this.at, Infinity, { state, hash });
    }

    replaceState(state: unknown, _: string, hash = location.hash): void {
        this.entries[this.at] = { state, hash };
    }

    back(): void {
        this.go(-1);
    }

    /* From where one is by then; nowhere if there is no such entry. */
    go(by: number): void {
        setTimeout(() => {
            if (!this.entries[this.at + by]) return;
            this.at += by;
            window.dispatchEvent(new Event('popstate'));
        }, 5);
    }
}
