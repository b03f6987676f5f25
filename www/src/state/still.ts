/* Nothing moves away under a finger or a pressed mouse button: a row that moves between
 * pressing and letting go loses the click, or gives it to whatever took its place. */
import { computed, ref, type ComputedRef } from 'vue';

const LONGEST = 2_000; /* ms; whoever presses longer does not click */
const CLICK = 100; /* ms behind letting go, in which the click comes */

const CLICKED = 'button, a, input, label, [role="option"]';

const pressing = ref(false);
let timer: ReturnType<typeof setTimeout> | undefined;

function release(): void {
    clearTimeout(timer);
    pressing.value = false;
}

function releaseIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(release, ms);
}

function press(event: Event): void {
    if (!(event.target as Element).closest?.(CLICKED)) return; /* text, a scroll bar */
    pressing.value = true;
    releaseIn(LONGEST);
}

/* What source (given what it said last) says, but as it was while something is pressed
 * that can be clicked. */
export function still<T>(source: (before?: T) => T): ComputedRef<T> {
    return computed<T>((before) =>
        pressing.value && before !== undefined ? before : source(before),
    );
}

/* From here on still() knows of the window's pointers. */
export function watchPointers(): void {
    const early = { capture: true, passive: true };
    window.addEventListener('pointerdown', press, early);
    window.addEventListener('pointerup', () => releaseIn(CLICK), early);
    window.addEventListener('pointercancel', release, early);
    /* Before whoever handles the click, so that its result is shown at once. */
    window.addEventListener('click', release, early);
}
