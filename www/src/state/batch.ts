/* What comes fast is handed on a few times a second: the first at once, what follows
 * within the pause together at its end. */

const PAUSE = 50;

export class Batch<T> {
    private items = new Set<T>();
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(private readonly handle: (items: ReadonlySet<T>) => void) {}

    add(item: T): void {
        this.items.add(item);
        if (this.timer === undefined) this.flush();
    }

    /* What still waits is dropped. */
    close(): void {
        clearTimeout(this.timer);
        this.timer = undefined;
        this.items.clear();
    }

    private flush(): void {
        this.timer = undefined;
        if (this.items.size === 0) return;
        const items = this.items;
        this.items = new Set();
        this.timer = setTimeout(() => this.flush(), PAUSE);
        this.handle(items);
    }
}
