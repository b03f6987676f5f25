/* What the browser's "back" closes and where it leads. */
import { effectScope, nextTick, ref, type Ref } from 'vue';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { followAddress, layered, name } from '../src/state/back';
import { FakeHistory } from './fake_history';

const ROOM = '0123456789abcdef01234567';
const OTHER = '76543210fedcba9876543210';

let shown: string | null = null;
let narrow = true;

function show(room: string | null): void {
    shown = room;
}

/* As the client does it. */
function goTo(room: string | null): void {
    name(room);
    show(room);
}

/* Until the history is where it goes. */
async function settled(): Promise<void> {
    await vi.advanceTimersByTimeAsync(100);
}

async function back(): Promise<void> {
    history.back();
    await settled();
}

/* A panel with pages; what closes its uppermost one closes one page. */
function panel(): { depth: Ref<number>; end: () => void } {
    const depth = ref(0);
    const scope = effectScope();
    scope.run(() =>
        layered(
            () => depth.value,
            () => depth.value--,
        ),
    );
    return { depth, end: () => scope.stop() };
}

const panels: ReturnType<typeof panel>[] = [];
function open(depth: number): ReturnType<typeof panel> {
    const one = panel();
    panels.push(one);
    one.depth.value = depth;
    return one;
}

vi.useFakeTimers();
new FakeHistory();
vi.stubGlobal('matchMedia', () => ({ matches: narrow }));
followAddress(() => shown, show);

beforeEach(() => {
    shown = null;
    narrow = true;
    history.pushState(null, '', '#/');
});
afterEach(async () => {
    for (const { end } of panels.splice(0)) end();
    await settled();
});

describe('back', () => {
    it('leads from a room to the list, over however many rooms', async () => {
        const before = history.length;
        goTo(ROOM);
        goTo(OTHER);
        expect(location.hash).toBe(`#/r/${OTHER}`);
        expect(history.length).toBe(before + 1);
        await back();
        expect(shown).toBe(null);
        expect(location.hash).toBe('#/');
    });

    it('closes panels one by one before it leaves the room they lie on', async () => {
        goTo(ROOM);
        const { depth } = open(1);
        const inner = open(1);
        await back();
        expect([depth.value, inner.depth.value, shown]).toEqual([1, 0, ROOM]);
        await back();
        expect([depth.value, shown]).toEqual([0, ROOM]);
        await back();
        expect(shown).toBe(null);
    });

    it('does not meet again what was closed in another way', async () => {
        const at = history.state as unknown;
        goTo(ROOM);
        const { depth } = open(1);
        depth.value = 2;
        depth.value = 0;
        await settled();
        expect(history.state).toEqual({ room: true });
        goTo(null);
        await settled();
        expect([history.state, location.hash, shown]).toEqual([at, '#/', null]);
    });

    it('goes from a room to the list, not to the panels through which it was found', async () => {
        const { depth } = open(1);
        depth.value = 2;
        goTo(ROOM);
        depth.value = 0;
        await settled();
        expect([shown, location.hash]).toEqual([ROOM, `#/r/${ROOM}`]);
        await back();
        expect([shown, location.hash, history.state]).toEqual([null, '#/', null]);
    });

    it('leads from such a room to the list by its own button, too', async () => {
        const { depth } = open(1);
        depth.value = 2;
        const before = history.length;
        goTo(ROOM);
        depth.value = 0;
        await settled();
        expect(history.length).toBe(before);
        goTo(null);
        await settled();
        expect([shown, location.hash, history.state]).toEqual([null, '#/', null]);
    });

    it('is left once, however often one is told that the room is closed', async () => {
        history.pushState('here', '', '#/');
        goTo(ROOM);
        goTo(null);
        goTo(null);
        await settled();
        expect([location.hash, history.state]).toEqual(['#/', 'here']);
    });

    it('closes a panel that was opened while the browser was on its way', async () => {
        goTo(ROOM);
        goTo(null);
        const { depth } = open(1);
        await settled();
        expect([location.hash, history.state]).toEqual(['#/', { depth: 1 }]);
        await back();
        expect([depth.value, history.state]).toEqual([0, null]);
    });

    it('keeps up with who is faster than the browser', async () => {
        goTo(ROOM);
        goTo(null);
        const { depth } = open(1);
        goTo(OTHER);
        depth.value = 0;
        await settled();
        expect([shown, location.hash]).toEqual([OTHER, `#/r/${OTHER}`]);
        await back();
        expect([shown, location.hash]).toEqual([null, '#/']);
    });

    it('leaves a room that took the place of another below a panel', async () => {
        goTo(ROOM);
        const { depth } = open(1);
        goTo(OTHER); /* from the members of the first one */
        depth.value = 0;
        await nextTick();
        goTo(null);
        await settled();
        expect([shown, location.hash]).toEqual([null, '#/']);
    });

    it('has nothing to do with panels where there is room beside them', async () => {
        narrow = false;
        goTo(ROOM);
        const { depth } = open(1);
        await back();
        expect([depth.value, shown]).toEqual([1, null]);
    });
});
