/* What is asked for before the rest of the client is loaded. */
import { LOADERS, pickLanguage } from '../i18n/pick';
import { EarlySocket } from '../protocol/early_socket';
import type { Socket } from '../protocol/connection';
import { post } from '../protocol/http';
import type { Info, User } from '../protocol/types';
import { loadSetting, loadUser } from './storage';

export interface Early {
    info: Promise<Info>;
    me: Promise<{ user: User }>;
    socket: EarlySocket;
    /* The newest page of the room that the address names. */
    first: { room: string; page: Promise<unknown> } | null;
}

export function newSocket(): Socket {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    return new WebSocket(`${scheme}://${location.host}/ws`) as Socket;
}

/* The address names the open room (#/r/<id>), so that back and reload work. */
export function roomOfAddress(): string | null {
    return /^#\/r\/([0-9a-f]{24})$/.exec(location.hash)?.[1] ?? null;
}

function ask<T>(op: string, fields: object = {}): Promise<T> {
    const answer = post<T>(op, fields);
    answer.catch(() => undefined); /* whoever takes it sees that */
    return answer;
}

/* Nobody was logged in here, as far as this browser knows: the server may know more. */
function askAll(): Early {
    const socket = new EarlySocket(newSocket());
    const me = ask<{ user: User }>('me');
    const room = roomOfAddress();
    const first = room ? { room, page: ask<unknown>('history', { room }) } : null;
    return { info: ask('info'), me, socket, first };
}

let asked: Early | null = null;

/* The texts are read in time, too; who needs them asks for them again. */
export function begin(): void {
    if (!loadUser()) asked = askAll();
    const tags = [loadSetting('language'), ...navigator.languages];
    LOADERS[pickLanguage(tags)]().catch(() => undefined);
}

/* Once; later everything is asked anew. */
export function takeEarly(): Early | null {
    const early = asked;
    asked = null;
    return early;
}
