/* The service worker: keeps the client's own files, so that it starts without a network
 * and at once with one, and leads from a notification to its page. Knows nothing of
 * chats; build/worker.ts fills in the lists. */

declare const FILES: string[]; /* paths of everything that was built */
declare const VERSION: string; /* changes when any of them does */

const worker = self as unknown as ServiceWorkerGlobalScope;
const PREFIX = 'burung-';
const CACHE = PREFIX + VERSION;
const PAGE = '/index.html';
const files = new Set(FILES);

/* What has its content in its name need not be loaded twice. */
async function load(cache: Cache, path: string): Promise<void> {
    const known = path.startsWith('/assets/') ? await caches.match(path) : undefined;
    const answer = known ?? (await fetch(path, { cache: 'no-cache' }));
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    await cache.put(path, answer);
}

/* All or nothing: a version is used only when it is complete. */
async function install(): Promise<void> {
    const cache = await caches.open(CACHE);
    try {
        await Promise.all(FILES.map((path) => load(cache, path)));
    } catch (e) {
        await caches.delete(CACHE);
        throw e;
    }
}

async function activate(): Promise<void> {
    for (const name of await caches.keys()) {
        if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
    }
    await worker.clients.claim();
}

async function kept(path: string): Promise<Response | undefined> {
    return (await caches.open(CACHE)).match(path);
}

async function fromCache(path: string, request: Request): Promise<Response> {
    return (await kept(path)) ?? fetch(request);
}

/* A path that is none of ours: the server knows best, if it can be asked. */
async function otherPage(request: Request): Promise<Response> {
    try {
        return await fetch(request);
    } catch (e) {
        const page = await kept(PAGE);
        if (page) return page;
        throw e;
    }
}

/* To a page of ours that is open, the one in front first; else to a new one. */
async function show(room: string): Promise<void> {
    const all = { type: 'window', includeUncontrolled: true } as const;
    const pages = await worker.clients.matchAll(all);
    const page = pages.find((one) => one.focused) ?? pages[0];
    if (!page) {
        await worker.clients.openWindow(`/#/r/${room}`);
        return;
    }
    page.postMessage({ show: room });
    await page.focus().catch(() => undefined); /* not every browser lets us */
}

worker.addEventListener('install', (event) => event.waitUntil(install()));
worker.addEventListener('activate', (event) => event.waitUntil(activate()));
/* The reader wants the new version now. */
worker.addEventListener('message', (event) => {
    if (event.data === 'activate') void worker.skipWaiting();
});
worker.addEventListener('notificationclick', (event) => {
    const { data } = event.notification as { data?: { room?: unknown } | null };
    event.notification.close();
    if (typeof data?.room === 'string') event.waitUntil(show(data.room));
});
worker.addEventListener('fetch', (event) => {
    const { request } = event;
    const { origin, pathname } = new URL(request.url);
    if (request.method !== 'GET' || origin !== worker.location.origin) return;
    const path = pathname === '/' ? PAGE : pathname;
    if (files.has(path)) event.respondWith(fromCache(path, request));
    else if (request.mode === 'navigate') event.respondWith(otherPage(request));
});
