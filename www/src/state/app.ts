/* The whole client: is there a session, and whose; which room the address names. */
import { ref, shallowRef, watch } from 'vue';
import { post } from '../protocol/http';
import { ProtocolError, type Info, type User } from '../protocol/types';
import { backoff } from '../protocol/backoff';
import type { Socket } from '../protocol/connection';
import type { EarlySocket } from '../protocol/early_socket';
import { Tabs } from '../protocol/tabs';
import { followAddress, name } from './back';
import { Chat, type Ending } from './chat';
import { newSocket, roomOfAddress, takeEarly, type Early } from './early';
import { patiently } from './patience';
import { burnShelf, clearShelf, openShelf } from './shelf';
import { watchPointers } from './still';
import { loadUser, saveUser } from './storage';
import { installWorker } from './update';

export type Stage = 'starting' | 'out' | 'in';

const MESSAGE_LIMIT = 16_384;
const LATER = 4_000; /* the reader's own data go first */

export const stage = ref<Stage>('starting');
/* The invitation that the address names (#/invite/<token> or #invite=<token>), until it is used. */
export const invite = ref('');
export const info = shallowRef<Info | null>(null);
export const chat = shallowRef<Chat | null>(null);
/* The session ended by itself: the log-in page says so. */
export const sessionEnded = ref(false);
/* The account was just deleted: the log-in page says good-bye. */
export const farewell = ref(false);
/* Nobody answers at all: the start page says so. */
export const unreachable = ref(false);

export function messageLimit(): number {
    const limits = info.value?.limits ?? {};
    return limits['message'] ?? limits['limit_message'] ?? MESSAGE_LIMIT;
}

/* What was asked for before this script was loaded. */
let early: EarlySocket | undefined;
let first: Early['first'] = null;

function openSocket(): Socket {
    const socket = early?.claim();
    early = undefined;
    return socket ?? newSocket();
}

let round = 0; /* who enters or leaves later wins */

/* Shows what is kept of the account at once; the connection follows. */
async function enter(user: User): Promise<void> {
    const mine = ++round;
    const shelf = await openShelf(user.id, roomOfAddress());
    if (mine !== round) return;
    if (shelf.rooms.length === 0) shelf.first = first;
    first = null;
    saveUser(user);
    const entered = new Chat(
        user,
        Tabs.way(user.id, openSocket),
        (why) => void ending(why),
        shelf,
    );
    sessionEnded.value = false;
    farewell.value = false;
    chat.value = entered;
    stage.value = 'in';
    entered.open(roomOfAddress());
    void entered.start();
}

/* burn: the account is gone, nothing of it may stay. */
async function leave(ended: boolean, burn = false): Promise<void> {
    const left = chat.value;
    round++;
    left?.stop();
    chat.value = null;
    saveUser(null);
    sessionEnded.value = ended;
    stage.value = 'out';
    void refreshInfo();
    if (left && burn) await burnShelf(left.me.value.id, left.shelf);
    else if (left) await clearShelf(left.shelf);
}

async function ending(why: Ending): Promise<void> {
    await leave(true);
    if (why !== 'session') await enter(why);
}

async function refreshInfo(asked = post<Info>('info')): Promise<void> {
    try {
        info.value = await asked;
    } catch {
        /* what is shown from it has good defaults */
    }
}

/* Who was logged in is shown what is kept, at once; else asks until somebody answers. */
export async function start(): Promise<void> {
    const kept = loadUser();
    if (kept) {
        void refreshInfo();
        return enter(kept);
    }
    const begun = takeEarly();
    early = begun?.socket;
    first = begun?.first ?? null;
    let asking = begun?.me;
    for (let attempt = 0; ; attempt++) {
        const asked = refreshInfo(attempt === 0 ? begun?.info : undefined);
        try {
            const { user } = await (asking ?? post<{ user: User }>('me'));
            unreachable.value = false;
            return await enter(user);
        } catch (e) {
            if (e instanceof ProtocolError && e.code === 'unauthorized') {
                early?.close();
                early = undefined;
                await asked;
                stage.value = 'out';
                return;
            }
            unreachable.value = true;
        }
        asking = undefined;
        await new Promise((done) => setTimeout(done, backoff(attempt, Math.random)));
    }
}

export async function logIn(name: string, password: string): Promise<void> {
    const device = deviceName();
    const answer = patiently(() =>
        post<{ user: User }>('login', { name, password, device }),
    );
    await enter((await answer).user);
}

export async function register(fields: {
    name: string;
    password: string;
    display?: string;
    setup?: string;
    invite?: string;
}): Promise<void> {
    const device = deviceName();
    const answer = patiently(() =>
        post<{ user: User }>('register', { ...fields, device }),
    );
    await enter((await answer).user);
    dropInvite();
    void refreshInfo();
}

export async function logOut(): Promise<void> {
    chat.value?.flush();
    try {
        await post('logout');
    } catch (e) {
        if (!(e instanceof ProtocolError && e.code === 'unauthorized')) throw e;
    }
    goTo(null);
    await leave(false);
}

/* For good: the server forgets everything that is mine but the messages. */
export async function deleteAccount(password: string): Promise<void> {
    await patiently(() => post('account_delete', { password }));
    goTo(null);
    await leave(false, true);
    farewell.value = true;
}

function deviceName(): string {
    const agent = navigator.userAgent;
    const browser = /(Firefox|Edg|OPR|Chrome|Safari)\//.exec(agent)?.[1] ?? 'Browser';
    const system = /(Android|iPhone|iPad|Windows|Mac OS|Linux)/.exec(agent)?.[1];
    return system ? `${browser}, ${system}` : browser;
}

function readInvite(): void {
    const token = /^#(?:\/invite\/|invite=)([\w-]+)$/.exec(location.hash)?.[1];
    if (token) invite.value = token;
}

export function dropInvite(): void {
    invite.value = '';
    if (/invite/.test(location.hash)) history.replaceState(null, '', '#/');
}

export function goTo(room: string | null): void {
    name(room);
    chat.value?.open(room);
}

export function listen(): void {
    readInvite();
    watchPointers();
    watch(
        () => chat.value?.link.phase === 'ready',
        (ready) => ready && setTimeout(installWorker, LATER),
    );
    followAddress(
        () => chat.value?.current.value ?? null,
        (room) => chat.value?.open(room),
    );
    window.addEventListener('hashchange', readInvite);
    window.addEventListener('online', () => chat.value?.nudge());
    window.addEventListener('offline', () => chat.value?.nudge());
    window.addEventListener('pagehide', () => chat.value?.flush());
    /* Back from the browser's memory: others went on meanwhile. */
    window.addEventListener(
        'pageshow',
        (event) => event.persisted && location.reload(),
    );
    document.addEventListener('visibilitychange', () => {
        if (document.visibilityState === 'visible') chat.value?.nudge();
        else chat.value?.flush();
    });
}
