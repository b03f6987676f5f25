import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { shallowRef } from 'vue';
import { still, watchPointers } from '../src/state/still';

const rows = shallowRef(['a', 'b']);
const shown = still(() => rows.value.join(''));
let page: EventTarget;

function happen(type: string, on = 'button'): void {
    const target = {
        closest: (wanted: string) => (wanted.split(', ').includes(on) ? {} : null),
    };
    const event = new Event(type);
    Object.defineProperty(event, 'target', { value: target });
    page.dispatchEvent(event);
}

beforeEach(() => {
    vi.useFakeTimers();
    page = new EventTarget();
    vi.stubGlobal('window', page);
    watchPointers();
    rows.value = ['a', 'b'];
    expect(shown.value).toBe('ab');
});

afterEach(() => {
    happen('click');
    vi.unstubAllGlobals();
    vi.useRealTimers();
});

describe('what is pressed', () => {
    it('stays where it is until it is clicked', () => {
        happen('pointerdown');
        rows.value = ['c', 'a', 'b'];
        expect(shown.value).toBe('ab');
        happen('pointerup');
        expect(shown.value).toBe('ab');
        happen('click');
        expect(shown.value).toBe('cab');
    });

    it('moves on soon after it was let go, when no click comes', () => {
        happen('pointerdown');
        rows.value = ['c'];
        happen('pointerup');
        vi.advanceTimersByTime(99);
        expect(shown.value).toBe('ab');
        vi.advanceTimersByTime(1);
        expect(shown.value).toBe('c');
    });

    it('moves on when the finger scrolls instead', () => {
        happen('pointerdown');
        rows.value = ['c'];
        happen('pointercancel');
        expect(shown.value).toBe('c');
    });

    it('is not held for good', () => {
        happen('pointerdown');
        rows.value = ['c'];
        vi.advanceTimersByTime(1_999);
        expect(shown.value).toBe('ab');
        vi.advanceTimersByTime(1);
        expect(shown.value).toBe('c');
    });

    it('is not text, nor a scroll bar', () => {
        happen('pointerdown', 'p');
        rows.value = ['c'];
        expect(shown.value).toBe('c');
    });

    it('holds what was shown, not what nobody saw', () => {
        happen('pointerdown');
        expect(still(() => rows.value.length).value).toBe(2);
    });
});
