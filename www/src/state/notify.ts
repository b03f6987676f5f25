/* Desktop notifications: one a room, and only of what nobody is reading. */
import { onScopeDispose, shallowReactive, watchEffect } from 'vue';
import { i18n } from '../i18n';
import type { RoomEvent } from '../protocol/types';
import { goTo } from './app';
import { birdPicture } from './badges';
import type { Chat } from './chat';
import { standing, wish } from './permission';

/* Who reads a message right away, here, in another tab or on another device, needs no
 * notification: the cursor has moved by then. */
const WAIT = 1_000;
/* As long as another tab may be a little behind. */
const CLAIM = 3_000;
const LONGEST = 200;

/* What is known when a message has waited. */
export interface Situation {
    on: boolean;
    unread: number;
    muted: boolean;
    /* The room is open in a page that one sees. */
    seen: boolean;
}

export function isWorthTelling(now: Situation): boolean {
    return now.on && now.unread > 0 && !now.muted && !now.seen;
}

function tagOf(room: string): string {
    return `burung.${room}`;
}

/* Of all tabs of this browser one tells of a message. */
async function claim(name: string): Promise<boolean> {
    return new Promise((decided) => {
        void navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
            decided(lock !== null);
            if (lock) await new Promise((done) => setTimeout(done, CLAIM));
        });
    });
}

/* Tells of chat's new messages as long as the caller's component lives. */
export function notifyOf(chat: Chat): void {
    const shown = shallowReactive(
        new Map<string, () => void>(),
    ); /* how to close them */
    const timers = new Map<string, ReturnType<typeof setTimeout>>();

    function hear(message: RoomEvent): void {
        const { room } = message;
        if (wish.value !== 'on' || message.from === chat.me.value.id) return;
        if (timers.has(room)) return; /* the newest is told then */
        const view = chat.view(room);
        if (view && chat.muted(view.fold.room)) return; /* though it ends meanwhile */
        const later = (): void => {
            timers.delete(room);
            void consider(room);
        };
        timers.set(room, setTimeout(later, WAIT));
    }

    async function consider(room: string): Promise<void> {
        const fold = chat.view(room)?.fold;
        const message = fold?.room.last;
        if (!fold || !message || message.from === chat.me.value.id) return;
        const open = chat.current.value === room;
        const worth = isWorthTelling({
            on: wish.value === 'on' && standing.value === 'granted',
            unread: fold.unread,
            muted: chat.muted(fold.room),
            seen: open && document.visibilityState === 'visible' && document.hasFocus(),
        });
        if (!worth || !(await claim(`burung.notify.${room}.${message.seq}`))) return;
        await show(room, message);
    }

    async function show(room: string, message: RoomEvent): Promise<void> {
        const view = chat.view(room);
        if (!view) return;
        const group = view.fold.room.kind !== 'direct';
        await chat.people.find(message.from);
        const text = String(message.body).slice(0, LONGEST);
        const name = chat.people.name(message.from);
        const options = {
            body: group ? i18n.global.t('chat.saidBy', { name, text }) : text,
            tag: tagOf(room),
            renotify: true,
            icon: await birdPicture(),
            data: { room },
        };
        await put(room, chat.title(view.fold.room), options);
    }

    /* By the service worker where there is one: Android has no other way, and a click
     * finds the page though its tab was closed. */
    async function put(
        room: string,
        title: string,
        options: NotificationOptions,
    ): Promise<void> {
        const worker = await navigator.serviceWorker?.getRegistration();
        try {
            if (!worker) throw new TypeError('no service worker');
            await worker.showNotification(title, options);
            shown.set(room, () => void closeByWorker(worker, room));
        } catch {
            putByPage(room, title, options);
        }
    }

    async function closeByWorker(
        worker: ServiceWorkerRegistration,
        room: string,
    ): Promise<void> {
        shown.delete(room);
        for (const note of await worker.getNotifications({ tag: tagOf(room) })) {
            note.close();
        }
    }

    /* Before the worker is there, which it never is in some browsers. */
    function putByPage(
        room: string,
        title: string,
        options: NotificationOptions,
    ): void {
        let note: Notification;
        try {
            note = new Notification(title, options);
        } catch {
            return; /* Android has them by the worker only */
        }
        const close = (): void => note.close();
        note.onclick = () => {
            window.focus();
            goTo(room);
            close();
        };
        note.onclose = () => {
            if (shown.get(room) === close) shown.delete(room);
        };
        shown.set(room, close);
    }

    /* The worker's notification of a room was clicked. */
    function hearWorker(event: MessageEvent<{ show?: unknown } | null>): void {
        const room = event.data?.show;
        if (typeof room === 'string' && chat.view(room)) goTo(room);
    }

    /* Read meanwhile, wherever: nothing to tell any more. */
    watchEffect(() => {
        for (const [room, close] of shown) if (chat.unread(room) === 0) close();
    });
    chat.listeners.add(hear);
    navigator.serviceWorker?.addEventListener('message', hearWorker);
    onScopeDispose(() => {
        chat.listeners.delete(hear);
        navigator.serviceWorker?.removeEventListener('message', hearWorker);
        for (const timer of timers.values()) clearTimeout(timer);
        for (const close of shown.values()) close();
    });
}
