/* Formatted texts: what formats them is loaded when the first one is shown. */
import { shallowRef } from 'vue';

export type Formatter = (text: string) => DocumentFragment;

/* Null until it is there: plain text is shown meanwhile. */
export const formatter = shallowRef<Formatter | null>(null);

let asked = false;

/* Without an answer, plain text stays; the next text asks again. */
export function wantFormatter(): void {
    if (asked) return;
    asked = true;
    import('./markdown').then(
        (loaded) => (formatter.value = loaded.format),
        () => (asked = false),
    );
}

const MARKS = [
    /(?:^|[^\p{L}\p{N}])(?:\*{1,3}|_{1,3}|~~)\S/u,
    /`[^`]/,
    /^ {0,3}>/m,
    /^ {0,3}(?:[-+*]|\d{1,4}[.)]) +\S/m,
];

/* May there be anything to format? Most texts need no parser. */
export function looksFormatted(text: string): boolean {
    return MARKS.some((mark) => mark.test(text));
}
