/* Gathers changes, so that what is shown changes once per frame: the first at once, those
 * that come soon after together. */

const HIDDEN = 200; /* ms: nobody looks */
const FRAME = 16;

export class Frames<T> {
    private due: Set<T> | null = null; /* null: nothing changed in this frame yet */
    private stopped = false;

    constructor(private readonly show: (what: T) => void) {}

    touch(what: T): void {
        if (this.due) {
            this.due.add(what);
            return;
        }
        this.show(what);
        this.due = new Set();
        this.later(() => this.flush());
    }

    stop(): void {
        this.stopped = true;
    }

    private flush(): void {
        const due = this.due ?? new Set<T>();
        this.due = null;
        if (this.stopped || due.size === 0) return;
        for (const what of due) this.show(what);
        this.due = new Set();
        this.later(() => this.flush());
    }

    private later(then: () => void): void {
        if (typeof requestAnimationFrame === 'undefined') setTimeout(then, FRAME);
        else if (document.visibilityState !== 'visible') setTimeout(then, HIDDEN);
        else requestAnimationFrame(then);
    }
}
