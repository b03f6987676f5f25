/* Finding by a few letters: how well a name fits what was typed. */

/* Small letters without marks: “Élan” is found by “elan”. */
export function plain(text: string): string {
    return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().trim();
}

function wordsOf(text: string): string[] {
    return text.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
}

/* Each word typed begins another word of the name, in whatever order. */
function byWords(typed: string, name: string): boolean {
    const left = wordsOf(name);
    const wanted = wordsOf(typed);
    return (
        wanted.length > 0 &&
        wanted.every((word) => {
            const at = left.findIndex((one) => one.startsWith(word));
            if (at >= 0) left.splice(at, 1);
            return at >= 0;
        })
    );
}

/* All letters in their order, the first one at the beginning of a word: “bgr” for
 * “Big Garden”. */
function byLetters(typed: string, name: string): boolean {
    const letters = Array.from(typed.replace(/\s+/g, ''));
    const [first] = letters;
    if (letters.length < 2 || !wordsOf(name).some((word) => word.startsWith(first!)))
        return false;
    let at = -1;
    return letters.every((letter) => (at = name.indexOf(letter, at + 1)) >= 0);
}

/* 0: it does not fit; the higher, the better. */
export function score(query: string, name: string): number {
    const typed = plain(query);
    const whole = plain(name);
    if (typed === '' || whole === '') return 0;
    if (whole === typed) return 100;
    if (whole.startsWith(typed)) return 80;
    if (byWords(typed, whole)) return 60;
    if (whole.includes(typed)) return 40;
    return byLetters(typed, whole) ? 20 : 0;
}

/* Those that fit, the best first; of equals the earlier one. */
export function ranked<T>(
    query: string,
    all: readonly T[],
    namesOf: (one: T) => readonly string[],
): T[] {
    return all
        .map((one) => ({
            one,
            fit: Math.max(0, ...namesOf(one).map((name) => score(query, name))),
        }))
        .filter(({ fit }) => fit > 0)
        .sort((a, b) => b.fit - a.fit)
        .map(({ one }) => one);
}
