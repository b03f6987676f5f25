/* Is it what doc/PROTOCOL.md says? A server (or a proxy before it) may answer anything;
 * what is not as it must be for this client to work is not taken in. */
import type { HelloAnswer, HistoryAnswer, Room, RoomEvent } from './types';

type Fields = Record<string, unknown>;

export function isObject(value: unknown): value is Fields {
    return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function texts(value: Fields, names: readonly string[]): boolean {
    return names.every((name) => typeof value[name] === 'string');
}

function numbers(value: Fields, names: readonly string[]): boolean {
    return names.every((name) => Number.isSafeInteger(value[name]));
}

export function isEvent(value: unknown): value is RoomEvent {
    return (
        isObject(value) &&
        texts(value, ['ev', 'room', 'from', 'cid']) &&
        numbers(value, ['seq', 'no', 'at']) &&
        (value['seq'] as number) > 0
    );
}

export function isRoom(value: unknown): value is Room {
    return (
        isObject(value) &&
        texts(value, ['id', 'kind', 'label']) &&
        numbers(value, ['members', 'seq', 'no', 'at']) &&
        (value['role'] === undefined || numbers(value, ['read_seq', 'read_no'])) &&
        (value['last'] === null ||
            value['last'] === undefined ||
            isEvent(value['last']))
    );
}

export function areRooms(value: unknown): value is Room[] {
    return Array.isArray(value) && value.every(isRoom);
}

export function isHello(value: unknown): value is HelloAnswer {
    return (
        isObject(value) &&
        isObject(value['user']) &&
        texts(value['user'], ['id']) &&
        isObject(value['self']) &&
        numbers(value['self'], ['seq']) &&
        areRooms(value['rooms'])
    );
}

/* A page of that room, by rising seq and without a hole. */
export function isHistory(value: unknown, room: string): value is HistoryAnswer {
    if (!isObject(value) || !Array.isArray(value['events'])) return false;
    let before = 0;
    for (const event of value['events'] as unknown[]) {
        if (!isEvent(event) || event.room !== room) return false;
        if (before > 0 && event.seq !== before + 1) return false;
        before = event.seq;
    }
    return typeof value['first'] === 'boolean' && typeof value['last'] === 'boolean';
}
