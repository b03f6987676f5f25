/* The address and the browser's "back". The address names the open room; back leads from
 * a room to the list. On a phone, where a panel covers what it was opened from, back
 * closes the uppermost one first: each has an entry of its own in the browser's history,
 * which goes when the panel is closed in another way. */
import { onScopeDispose, watch } from 'vue';
import { roomOfAddress } from './early';

/* What is kept with an entry of the history. */
interface Mark {
    room?: true; /* a room that was opened from the entry before */
    depth?: number; /* panels over it */
}

interface Layer {
    owner: object;
    back: () => void;
}

const ARRIVES = 1_000; /* ms; a browser need not tell that there was nowhere to go */

const layers: Layer[] = [];
let shown: () => string | null = () => null; /* the open room */
let open: (room: string | null) => void = () => undefined;
let travelling: ReturnType<typeof setTimeout> | undefined;

export function isPhone(): boolean {
    return matchMedia('(max-width: 759px)').matches;
}

function mark(): Mark {
    return (history.state as Mark | null) ?? {};
}

function depth(): number {
    return mark().depth ?? 0;
}

/* Takes a moment, in which the address stays as it is. */
function travel(steps: number): void {
    travelling = setTimeout(arrive, ARRIVES);
    history.go(-steps);
}

/* Wherever that was: the address and its entry tell what is shown by now. */
function arrive(): void {
    clearTimeout(travelling);
    travelling = undefined;
    if (forget()) return;
    name(shown());
    note();
}

/* Leaves the entries of panels that are closed. True: that takes a moment. */
function forget(): boolean {
    const over = depth() - layers.length;
    if (over > 0 && !travelling) travel(over);
    return travelling !== undefined;
}

/* Makes the entries of panels that were opened. */
function note(): void {
    if (travelling) return;
    for (let i = depth() + 1; i <= layers.length; i++)
        history.pushState({ ...mark(), depth: i }, '');
}

/* Makes the address name this room, or none. */
export function name(room: string | null): void {
    const now = roomOfAddress();
    if (travelling || now === room) return;
    const { room: above } = mark();
    const kept: Mark = above ? { room: true } : {};
    if (room === null) {
        if (above) travel(1 + depth());
        else history.replaceState(kept, '', '#/');
        return;
    }
    const hash = `#/r/${room}`;
    /* Between rooms the history does not grow; a panel that led to a room goes. */
    if (now !== null) history.replaceState(kept, '', hash);
    else if (depth() > 0) history.replaceState({ room: true }, '', hash);
    else history.pushState({ room: true }, '', hash);
}

function shrink(owner: object, by: number): void {
    for (let i = 0; i < by; i++) {
        const at = layers.map((layer) => layer.owner).lastIndexOf(owner);
        if (at >= 0) layers.splice(at, 1);
    }
    /* What closed it may open something else at once. */
    setTimeout(forget);
}

function grow(owner: object, by: number, back: () => void): void {
    if (!isPhone()) return;
    for (let i = 0; i < by; i++) layers.push({ owner, back });
    note();
}

/* To be called in a component's setup: how many panels of it cover what is below, and what
 * closes the uppermost of them. */
export function layered(count: () => number, back: () => void): void {
    const owner = {};
    let before = 0;
    const take = (now: number): void => {
        if (now > before) grow(owner, now - before, back);
        else if (now < before) shrink(owner, before - now);
        before = now;
    };
    watch(count, take, { flush: 'sync', immediate: true });
    onScopeDispose(() => take(0));
}

/* The reader went through the history, or the address was typed. */
function moved(): void {
    if (travelling) return arrive();
    while (layers.length > depth()) {
        const top = layers.at(-1)!;
        top.back();
        if (layers.at(-1) === top) break; /* it stays open */
    }
    open(roomOfAddress());
    forget();
}

export function followAddress(
    room: () => string | null,
    show: (room: string | null) => void,
): void {
    shown = room;
    open = show;
    window.addEventListener('popstate', moved);
}
