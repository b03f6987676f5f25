/* Where the rows of a long list are, when only those in view are drawn: heights that
 * were measured, guesses for the rest, and their sums. All in CSS pixels. */

export interface Window {
    first: number;
    last: number; /* included; before first: nothing */
}

const REMEMBER = 5_000;

export class Heights {
    private keys: readonly string[] = [];
    private guesses: readonly number[] = [];
    private index = new Map<string, number>();
    private measured = new Map<string, number>();
    private sums = new Float64Array(1);
    private dirty = 0; /* sums are right up to here */

    /* The rows from now on; what was measured of those that stay is kept. */
    setRows(keys: readonly string[], guesses: readonly number[]): void {
        this.keys = keys;
        this.guesses = guesses;
        this.index = new Map(keys.map((key, at) => [key, at]));
        this.sums = new Float64Array(keys.length + 1);
        this.dirty = 0;
        if (this.measured.size > REMEMBER + keys.length) this.forgetOthers();
    }

    /* True: it is another height than was thought. */
    measure(key: string, height: number): boolean {
        const at = this.index.get(key);
        if (at === undefined) return false;
        const before = this.heightOf(at);
        this.measured.set(key, height);
        if (Math.abs(before - height) < 0.01) return false;
        this.dirty = Math.min(this.dirty, at);
        return true;
    }

    /* The width changed: all that was measured is a guess again. */
    forget(): void {
        this.measured.clear();
        this.dirty = 0;
    }

    get count(): number {
        return this.keys.length;
    }

    get total(): number {
        return this.top(this.keys.length);
    }

    key(at: number): string | undefined {
        return this.keys[at];
    }

    indexOf(key: string): number | undefined {
        return this.index.get(key);
    }

    /* Of row at; of count: the end of the last row. */
    top(at: number): number {
        this.sum();
        return this.sums[Math.min(at, this.keys.length)]!;
    }

    /* The row that covers y; the first or the last if y is outside. */
    at(y: number): number {
        this.sum();
        let low = 0;
        let high = this.keys.length - 1;
        while (low < high) {
            const middle = (low + high + 1) >> 1;
            if (this.sums[middle]! <= y) low = middle;
            else high = middle - 1;
        }
        return low;
    }

    /* The rows of which something is between y and y + height. */
    window(y: number, height: number): Window {
        if (this.keys.length === 0) return { first: 0, last: -1 };
        return { first: this.at(y), last: this.at(y + height) };
    }

    private heightOf(at: number): number {
        return this.measured.get(this.keys[at]!) ?? this.guesses[at]!;
    }

    private sum(): void {
        for (let at = this.dirty; at < this.keys.length; at++) {
            this.sums[at + 1] = this.sums[at]! + this.heightOf(at);
        }
        this.dirty = this.keys.length;
    }

    private forgetOthers(): void {
        for (const key of this.measured.keys()) {
            if (!this.index.has(key)) this.measured.delete(key);
        }
    }
}
