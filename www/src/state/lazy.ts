/* Rare views, loaded when they are first shown. After an upgrade of the server the
 * part of the old client is gone: then the page is loaded anew, once. */
import { defineAsyncComponent, h, type Component } from 'vue';

const MARK = 'burung.reloaded';
const AGAIN = 60_000; /* a second failure so soon is no upgrade */

function mayReload(now: number): boolean {
    try {
        const before = Number(sessionStorage.getItem(MARK) ?? 0);
        if (now - before < AGAIN) return false;
        sessionStorage.setItem(MARK, String(now));
        return true;
    } catch {
        return false; /* storage is switched off: it could go round and round */
    }
}

/* Rejects if loading anew would not help: nobody answers, or it was just done. */
export async function stale(error: unknown): Promise<never> {
    const alive = await fetch('/healthz', { cache: 'no-store' }).then(
        (answer) => answer.ok,
        () => false,
    );
    if (!alive || !mayReload(Date.now())) throw error;
    location.reload();
    return new Promise<never>(() => undefined); /* the page goes away */
}

let failed: Component | undefined;

/* What is shown in place of a part that cannot be loaded. */
export function showInstead(component: Component): void {
    failed = component;
}

export function lazy<T extends Component>(load: () => Promise<{ default: T }>): T {
    return defineAsyncComponent({
        loader: () => load().catch(stale) as Promise<{ default: T }>,
        errorComponent: () => (failed ? h(failed) : null),
        delay: 0,
    }) as unknown as T;
}
