/* The service worker's side of the page: installs it, and tells of a new version. */
import { ref } from 'vue';
import { scriptUrl } from './trusted';

const PATH = '/sw.js';
const EVERY = 60 * 60_000;

/* Loading the page anew would bring a new version. */
export const updateReady = ref(false);

let registration: ServiceWorkerRegistration | undefined;
let installing = false;

function look(): void {
    /* without a controller it is the first one: nothing older is shown */
    if (registration?.waiting && navigator.serviceWorker.controller)
        updateReady.value = true;
}

function watch(found: ServiceWorkerRegistration | undefined): void {
    if (!found) return; /* switched off */
    registration = found;
    found.addEventListener('updatefound', () => {
        found.installing?.addEventListener('statechange', look);
    });
    setInterval(check, EVERY);
    look();
}

/* To be called when everything that the reader waits for is there: it loads all that is
 * not loaded yet. Again later it asks whether there is a new version. */
export function installWorker(): void {
    if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
    if (installing) {
        check();
        return;
    }
    installing = true;
    const options = { updateViaCache: 'none' } as const;
    navigator.serviceWorker.register(scriptUrl(PATH), options).then(watch, () => {
        installing = false; /* tried again after the next connection */
    });
}

function check(): void {
    registration?.update().catch(() => undefined);
}

/* Goes over to the new version. */
export function update(): void {
    const waiting = registration?.waiting;
    if (!waiting) {
        location.reload();
        return;
    }
    navigator.serviceWorker.addEventListener('controllerchange', () =>
        location.reload(),
    );
    waiting.postMessage('activate');
}
