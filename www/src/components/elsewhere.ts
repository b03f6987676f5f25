/* What a press anywhere else closes. */

/* Calls then at the first press outside of this element, once. Returns what forgets it. */
export function onPressElsewhere(inside: Element, then: () => void): () => void {
    const forget = (): void => document.removeEventListener('pointerdown', press);
    function press({ target }: PointerEvent): void {
        if (inside.contains(target as Node)) return;
        forget();
        then();
    }
    document.addEventListener('pointerdown', press);
    return forget;
}
