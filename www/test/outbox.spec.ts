import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Connection } from '../src/protocol/connection';
import { BATCH, Outbox } from '../src/protocol/outbox';
import type { Outgoing } from '../src/protocol/outgoing';
import { FakeNet, ROOM, room, settle, type Frame } from './fake_socket';

class Shelf {
    readonly kept = new Map<string, string>();
    load(): Outgoing[] {
        return [...this.kept.values()].map((text) => JSON.parse(text) as Outgoing);
    }
    save(entries: readonly Outgoing[]): void {
        for (const entry of entries) this.kept.set(entry.cid, JSON.stringify(entry));
    }
    remove(cid: string): void {
        this.kept.delete(cid);
    }
}

let net: FakeNet;
let shelf: Shelf;
let connection: Connection;
let outbox: Outbox;
let joined: number | undefined;

function build(): void {
    net = new FakeNet();
    connection = new Connection(net.open, {
        resume: () => ({}),
        onHello: () => true,
        onRooms: () => outbox.flush(),
        onEvent: () => undefined,
        onSignal: () => undefined,
        onPhase: () => undefined,
    });
    outbox = new Outbox(
        {
            leads: () => true,
            ready: () => connection.phase === 'ready',
            request: (op, fields) => connection.request(op, fields),
            joined: () => joined,
        },
        shelf,
        () => undefined,
    );
    connection.start();
}

beforeEach(() => {
    vi.useFakeTimers();
    shelf = new Shelf();
    joined = undefined;
    build();
});

afterEach(() => {
    outbox.close();
    connection.stop();
    vi.useRealTimers();
});

/* The texts of a send, whichever form it has. */
function texts(frame: Frame | undefined): string[] {
    if (!frame) return [];
    if (frame['messages'])
        return (frame['messages'] as { body: string }[]).map((m) => m.body);
    return [frame['body'] as string];
}

function cids(frame: Frame): string[] {
    if (frame['messages'])
        return (frame['messages'] as { cid: string }[]).map((m) => m.cid);
    return [frame['cid'] as string];
}

function sends(): Frame[] {
    return net.last.of('send');
}

async function store(firstSeq: number): Promise<void> {
    const frame = sends().at(-1)!;
    const results = cids(frame).map((cid, i) => ({
        cid,
        seq: firstSeq + i,
        no: 1,
        at: 1,
    }));
    net.last.answer('send', frame['messages'] ? { results } : results[0]!);
    await settle();
}

async function reconnect(): Promise<void> {
    net.last.hangUp(1006);
    await settle();
    vi.advanceTimersByTime(1_000);
    net.last.welcome([room()]);
    await settle();
}

function states(): string[] {
    return outbox.list(ROOM).map((entry) => entry.state);
}

describe('the outbox', () => {
    it('has one send per room in flight and then sends the rest together', async () => {
        net.last.welcome([room()]);
        for (const text of ['1', '2', '3']) outbox.add(ROOM, text);
        expect(sends().map(texts)).toEqual([['1']]);
        await store(1);
        expect(sends().map(texts)).toEqual([['1'], ['2', '3']]);
    });

    it('does not let one room wait for another', () => {
        net.last.welcome([room()]);
        outbox.add(ROOM, 'here');
        outbox.add('d'.repeat(24), 'there');
        expect(sends().map(texts)).toEqual([['here'], ['there']]);
    });

    it('puts at most 50 messages and less than a frame into one send', async () => {
        for (let i = 0; i < 120; i++) outbox.add(ROOM, String(i));
        net.last.welcome([room()]);
        await store(1);
        await store(51);
        await store(101);
        expect(sends().map((frame) => texts(frame).length)).toEqual([BATCH, BATCH, 20]);
        expect(sends().flatMap(texts)).toEqual([...Array(120).keys()].map(String));

        for (let i = 0; i < 8; i++) outbox.add(ROOM, '"'.repeat(16_000));
        await store(121);
        while (outbox.list(ROOM).some((entry) => entry.state === 'sending'))
            await store(900);
        const sizes = sends().map((frame) => JSON.stringify(frame).length);
        expect(Math.max(...sizes)).toBeLessThan(65_536);
        expect(sends().flatMap(texts).length).toBe(128);
    });

    it('sends what was not acknowledged again, with the same cid and in order', async () => {
        net.last.welcome([room()]);
        outbox.add(ROOM, '1');
        outbox.add(ROOM, '2');
        const first = cids(sends()[0]!);
        expect(states()).toEqual(['sending', 'waiting']);
        await reconnect();
        expect(texts(sends()[0])).toEqual(['1', '2']);
        expect(cids(sends()[0]!)[0]).toBe(first[0]);
        await store(1);
        expect(states()).toEqual(['sent', 'sent']);
    });

    it('says under which membership it sends, the newest that is known', async () => {
        joined = 3;
        net.last.welcome([room()]);
        outbox.add(ROOM, '1');
        outbox.add(ROOM, '2');
        expect(sends()[0]!['joined']).toBe(3);
        joined = 9;
        await reconnect();
        expect(sends()[0]!['joined']).toBe(9);
        expect(texts(sends()[0])).toEqual(['1', '2']);
    });

    it('sends under the last known membership to a room it was taken out of', async () => {
        joined = 3;
        outbox.add(ROOM, '1');
        joined = undefined;
        connection.stop();
        build();
        net.last.welcome([]);
        expect(sends()[0]!['joined']).toBe(3);
    });

    it('keeps unsent messages over a restart of the browser', async () => {
        outbox.add(ROOM, '1', 7);
        outbox.add(ROOM, '2');
        const before = outbox.list(ROOM).map((entry) => entry.cid);
        connection.stop();
        build();
        net.last.welcome([room()]);
        expect(texts(sends()[0])).toEqual(['1', '2']);
        expect(cids(sends()[0]!)).toEqual(before);
        expect((sends()[0]!['messages'] as { reply?: number }[])[0]!.reply).toBe(7);
        await store(1);
        expect(shelf.kept.size).toBe(0);
    });

    it('forgets nothing before the acknowledgement', async () => {
        net.last.welcome([room()]);
        outbox.add(ROOM, '1');
        expect(shelf.kept.size).toBe(1);
        await reconnect();
        expect(shelf.kept.size).toBe(1);
        await store(1);
        expect(shelf.kept.size).toBe(0);
    });

    it('shows a message as sent until its event is there, in either order', async () => {
        net.last.welcome([room()]);
        const { cid } = outbox.add(ROOM, '1');
        await store(1);
        expect(states()).toEqual(['sent']);
        outbox.delivered(ROOM, cid);
        expect(states()).toEqual([]);

        const early = outbox.add(ROOM, '2');
        outbox.delivered(ROOM, early.cid);
        expect(states()).toEqual([]);
        expect(shelf.kept.size).toBe(0);
        await store(2);
        outbox.add(ROOM, '3');
        expect(texts(sends().at(-1))).toEqual(['3']);
    });

    it('tries again with the same cids when the server is busy', async () => {
        net.last.welcome([room()]);
        outbox.add(ROOM, '1');
        outbox.add(ROOM, '2');
        net.last.refuse('send', 'busy', 700);
        await settle();
        expect(sends().length).toBe(1);
        vi.advanceTimersByTime(700);
        expect(cids(sends()[1]!)[0]).toBe(cids(sends()[0]!)[0]);
        expect(texts(sends()[1])).toEqual(['1', '2']);
    });

    it('tries again after a time-out, since the outcome is unknown', async () => {
        net.last.welcome([room()]);
        outbox.add(ROOM, '1');
        const { cid } = outbox.list(ROOM)[0]!;
        vi.advanceTimersByTime(15_000);
        await settle();
        net.last.say({ sig: 'typing', room: ROOM, user: 'x' });
        vi.advanceTimersByTime(1_000);
        expect(sends().map((frame) => frame['cid'])).toEqual([cid, cid]);
    });

    it('finds the one message of many that is refused, and sends the others', async () => {
        for (const text of ['1', 'bad', '3']) outbox.add(ROOM, text);
        net.last.welcome([room()]);
        expect(texts(sends()[0])).toEqual(['1', 'bad', '3']);
        net.last.refuse('send', 'too_large');
        await settle();
        expect(texts(sends()[1])).toEqual(['1']);
        await store(1);
        expect(texts(sends()[2])).toEqual(['bad']);
        net.last.refuse('send', 'too_large');
        await settle();
        expect(texts(sends()[3])).toEqual(['3']);
        await store(2);
        expect(states()).toEqual(['sent', 'failed', 'sent']);
        expect(outbox.list(ROOM)[1]!.error).toBe('too_large');
    });

    it('sends a failed message again on demand, last and with its cid', async () => {
        net.last.welcome([room()]);
        const { cid } = outbox.add(ROOM, '1');
        net.last.refuse('send', 'not_member');
        await settle();
        expect(states()).toEqual(['failed']);
        outbox.retry(ROOM, cid);
        expect(sends().at(-1)!['cid']).toBe(cid);
        await store(1);
        expect(states()).toEqual(['sent']);
    });

    it('tells the server that a refused message is given up', async () => {
        net.last.welcome([room()]);
        const entry = outbox.add(ROOM, '1');
        expect(outbox.removable(entry)).toBe(false);
        net.last.refuse('send', 'busy', 60_000);
        await settle();
        outbox.remove(ROOM, entry.cid);
        expect(net.last.of('drop')[0]).toMatchObject({ room: ROOM, cid: entry.cid });
        expect(states()).toEqual([]);
        expect(shelf.kept.size).toBe(0);
    });

    it('does not delete what may be stored already', async () => {
        net.last.welcome([room()]);
        const entry = outbox.add(ROOM, '1');
        net.last.hangUp(1006);
        await settle();
        outbox.remove(ROOM, entry.cid);
        expect(states()).toEqual(['waiting']);
    });
});
