/* Draws of a long list only what is in view, and keeps what one looks at in its place
 * while rows come, go and change their heights, above or below.
 *
 * The rows in view stand in a block at their place on a tall sheet. Heights of rows
 * that were never drawn are guesses; when one turns out to be wrong above the view, the
 * block is shifted on the sheet instead of the sheet being scrolled (`drift`), since
 * scrolling by script would stop a movement of the reader's. The shift is taken back
 * when nothing moves, or when the end of the sheet would be seen. */
import {
    nextTick,
    onMounted,
    onUnmounted,
    onUpdated,
    ref,
    shallowRef,
    watch,
} from 'vue';
import type { ComputedRef, Ref } from 'vue';
import { Heights, type Window } from '../state/heights';

const MARGIN = 700; /* drawn above and below the view */
const STILL = 140; /* ms without scrolling: nothing moves */
const NEAR_END = 40; /* scrolled towards the end: it is meant */
const AT_END = 4;
const BELOW = 10; /* free space after the last row */

export interface VirtualRow {
    key: string;
}

export interface VirtualOptions<T extends VirtualRow> {
    rows: ComputedRef<T[]>;
    scroller: Ref<HTMLElement | null>;
    sheet: Ref<HTMLElement | null>;
    /* Its children are the drawn rows, each with data-key. */
    block: Ref<HTMLElement | null>;
    /* A guess of a row's height when the sheet is so wide. */
    guess(row: T, width: number): number;
    /* May a row serve to hold the place? Others come and go by themselves. */
    steady(row: T): boolean;
    /* The list's end is not the end of everything: do not follow it. */
    open(): boolean;
    /* After every change of what is seen. */
    seen(): void;
}

interface Anchor {
    key: string;
    y: number; /* of its top below the top of the view */
}

export class VirtualList<T extends VirtualRow> {
    readonly drawn = shallowRef<Window>({ first: 0, last: -1 });
    readonly atEnd = ref(true);
    readonly moving = ref(false);
    private readonly heights = new Heights();
    private anchors: Anchor[] = [];
    private drift = 0;
    private height = 0; /* of the view */
    private width = 0;
    private top = 0; /* scrollTop as last known */
    private timer: ReturnType<typeof setTimeout> | undefined;
    private touched = false;
    private frame = 0;
    private readonly resized = new ResizeObserver((entries) => this.resize(entries));
    private watched = new Set<Element>();

    constructor(private readonly options: VirtualOptions<T>) {
        watch(options.rows, (rows) => this.take(rows), { flush: 'pre' });
        onMounted(() => this.mounted());
        onUpdated(() => this.updated());
        onUnmounted(() => this.unmounted());
    }

    /* ---- where things are ---- */

    /* The first and the last row of which something is seen. */
    inView(): Window {
        return this.heights.window(this.top - this.base(), this.height - 1);
    }

    /* A row's top below the top of the view. */
    placeOf(key: string): number | undefined {
        const at = this.heights.indexOf(key);
        if (at === undefined) return undefined;
        return this.base() + this.heights.top(at) - this.top;
    }

    bottomOf(key: string): number | undefined {
        const at = this.heights.indexOf(key);
        if (at === undefined) return undefined;
        return this.base() + this.heights.top(at + 1) - this.top;
    }

    get viewHeight(): number {
        return this.height;
    }

    /* ---- moving ---- */

    toEnd(): void {
        this.atEnd.value = true;
        this.place();
        void nextTick(() => this.atEnd.value && this.place());
    }

    /* Shows a row y below the top of the view, and keeps it there while the rows
     * around it are drawn and measured. False: there is no such row. */
    show(key: string, y: number): boolean {
        if (this.heights.indexOf(key) === undefined) return false;
        this.atEnd.value = false;
        this.still();
        this.anchors = [{ key, y }];
        this.place();
        return true;
    }

    /* How much is below the view. */
    below(): number {
        return this.sheetHeight() - this.top - this.height;
    }

    scrollBy(pixels: number, smooth: boolean): void {
        this.options.scroller.value?.scrollBy({
            top: pixels,
            behavior: smooth ? 'smooth' : 'instant',
        });
    }

    /* This row's top stays where it is, whatever happens to its height. */
    hold(key: string): void {
        const y = this.placeOf(key);
        if (y === undefined) return;
        this.atEnd.value = false;
        this.anchors = [{ key, y }];
    }

    /* ---- what happens ---- */

    readonly scrolled = (): void => {
        const box = this.options.scroller.value;
        if (!box) return;
        /* Not the reader's doing: the view changed its size, and resize() follows. */
        if (box.clientHeight !== this.height || box.clientWidth !== this.width) return;
        const before = this.top;
        this.top = box.scrollTop;
        if (Math.abs(this.top - before) > 0.5) this.move();
        this.findEnd(before);
        this.aim();
        this.draw();
        this.options.seen();
    };

    readonly touch = (event: TouchEvent): void => {
        this.touched = event.touches.length > 0;
        if (!this.touched) this.move();
    };

    private mounted(): void {
        const { scroller } = this.options;
        if (scroller.value) this.resized.observe(scroller.value);
        this.measureView();
        this.take(this.options.rows.value);
    }

    private unmounted(): void {
        this.resized.disconnect();
        clearTimeout(this.timer);
        cancelAnimationFrame(this.frame);
    }

    /* Other rows. */
    private take(rows: T[]): void {
        const { guess } = this.options;
        this.heights.setRows(
            rows.map((row) => row.key),
            rows.map((row) => guess(row, this.width)),
        );
        if (this.options.scroller.value) this.place();
    }

    private updated(): void {
        this.measure();
        this.place();
        this.rest();
        this.options.seen();
    }

    /* The rows that are drawn now, at once: before anybody sees them. */
    private measure(): void {
        const children = [...(this.options.block.value?.children ?? [])];
        for (const child of children) {
            const { key } = (child as HTMLElement).dataset;
            const { height } = child.getBoundingClientRect();
            if (key) this.heights.measure(key, height);
        }
        this.watchRows(children);
    }

    private watchRows(children: Element[]): void {
        const now = new Set(children);
        for (const one of this.watched) if (!now.has(one)) this.resized.unobserve(one);
        for (const one of now) if (!this.watched.has(one)) this.resized.observe(one);
        this.watched = now;
    }

    /* A row (a picture came, a text was formatted) or the view changed its size. */
    private resize(entries: ResizeObserverEntry[]): void {
        let changed = false;
        for (const { target, borderBoxSize } of entries) {
            const { key } = (target as HTMLElement).dataset;
            if (target === this.options.scroller.value) {
                this.measureView();
                this.measure();
                changed = true;
            } else if (key && borderBoxSize[0]) {
                if (this.heights.measure(key, borderBoxSize[0].blockSize))
                    changed = true;
            }
        }
        if (!changed) return;
        this.settle();
        /* Drawing here would make the browser complain of a loop. */
        cancelAnimationFrame(this.frame);
        this.frame = requestAnimationFrame(() => {
            this.draw();
            this.rest();
        });
    }

    private measureView(): void {
        const box = this.options.scroller.value;
        if (!box) return;
        this.height = box.clientHeight;
        if (box.clientWidth !== this.width) {
            this.width = box.clientWidth;
            this.heights.forget();
            const rows = this.options.rows.value;
            this.heights.setRows(
                rows.map((row) => row.key),
                rows.map((row) => this.options.guess(row, this.width)),
            );
        }
    }

    /* ---- keeping one's place ---- */

    /* A list that is shorter than the view stands at its bottom. */
    private base(): number {
        return Math.max(0, this.height - this.heights.total - BELOW) + this.drift;
    }

    private place(): void {
        this.settle();
        this.draw();
    }

    /* Puts everything where it belongs, by the heights as they are known now. */
    private settle(): void {
        const box = this.options.scroller.value;
        if (!box) return;
        if (this.atEnd.value) {
            this.drift = 0;
            this.scrollTo(box, Infinity);
            this.aim();
            return;
        }
        const anchor = this.anchors.find(
            ({ key }) => this.heights.indexOf(key) !== undefined,
        );
        if (anchor) {
            const at = this.heights.indexOf(anchor.key)!;
            this.drift = 0;
            this.drift = this.top + anchor.y - this.base() - this.heights.top(at);
        }
        if (this.drift !== 0 && this.mayScroll()) this.takeBack(box);
        else this.lay();
    }

    /* Is it time to take the shift back? */
    private mayScroll(): boolean {
        if (!this.moving.value) return true;
        const blank = this.drift > 0 ? this.drift : 0;
        return this.top - blank < 2 * this.height || this.drift > 20_000;
    }

    private takeBack(box: HTMLElement): void {
        const to = this.top - this.drift;
        this.drift = 0;
        this.scrollTo(box, to);
        if (this.anchors.length === 0) this.aim();
    }

    private scrollTo(box: HTMLElement, top: number): void {
        this.lay();
        const most = Math.max(0, this.sheetHeight() - this.height);
        const to = Math.max(0, Math.min(top, most));
        if (Math.abs(box.scrollTop - to) > 0.1) box.scrollTop = to;
        this.top = box.scrollTop;
    }

    private sheetHeight(): number {
        return Math.max(this.height, this.heights.total + BELOW + this.drift);
    }

    private lay(): void {
        const { sheet, block } = this.options;
        if (!sheet.value || !block.value) return;
        sheet.value.style.height = `${this.sheetHeight()}px`;
        const top = this.base() + this.heights.top(this.drawn.value.first);
        block.value.style.top = `${top}px`;
    }

    /* Remembers what is in view and where: whole rows first, from the top. */
    private aim(): void {
        const rows = this.options.rows.value;
        const { first, last } = this.inView();
        const whole: Anchor[] = [];
        const others: Anchor[] = [];
        for (let at = first; at <= last; at++) {
            const row = rows[at];
            if (!row) break;
            const y = this.base() + this.heights.top(at) - this.top;
            if (y >= 0 && this.options.steady(row)) whole.push({ key: row.key, y });
            else others.push({ key: row.key, y });
        }
        this.anchors = [...whole, ...others];
    }

    private draw(): void {
        const y = this.top - this.base() - MARGIN;
        const window = this.heights.window(y, this.height + 2 * MARGIN);
        const { first, last } = this.drawn.value;
        if (window.first !== first || window.last !== last) this.drawn.value = window;
    }

    private findEnd(before: number): void {
        const below = this.below();
        if (this.options.open()) this.atEnd.value = false;
        else if (this.top < before - 0.5 && below > AT_END) this.atEnd.value = false;
        else if (below < NEAR_END) this.atEnd.value = true;
    }

    /* Where nothing can be scrolled, no scrolling tells that one is at the end. Guesses
     * would say so too early: the rows down to the last must have been drawn. */
    private rest(): void {
        const { block, scroller, rows, open } = this.options;
        if (!scroller.value || this.atEnd.value || this.moving.value || open()) return;
        if (this.drift !== 0 || this.drawn.value.last !== rows.value.length - 1) return;
        const last = block.value?.lastElementChild as HTMLElement | null;
        if (last?.dataset['key'] !== rows.value.at(-1)?.key) return;
        const below = this.sheetHeight() - scroller.value.scrollTop - this.height;
        if (below < AT_END) this.atEnd.value = true;
    }

    /* ---- does the reader move it? ---- */

    private move(): void {
        this.moving.value = true;
        clearTimeout(this.timer);
        this.timer = setTimeout(() => {
            if (this.touched) return;
            this.moving.value = false;
            this.place();
            this.options.seen();
        }, STILL);
    }

    private still(): void {
        clearTimeout(this.timer);
        this.moving.value = false;
    }
}
