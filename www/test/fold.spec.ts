import { describe, expect, it } from 'vitest';
import type { Room, RoomEvent } from '../src/protocol/types';
import { RoomFold } from '../src/state/fold';
import { ME, message, room, ROOM } from './fake_socket';

/* A small generator of its own, so that a failure can be repeated. */
function generator(seed: number): () => number {
    let state = seed >>> 0;
    return () => {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        return state / 2 ** 32;
    };
}

const OTHERS = ['1', '2', '3', '4'].map((digit) => digit.repeat(24));

/* A log as a server might have it: messages, people coming and going, roles, and
 * kinds this client does not know. */
function randomLog(length: number, random: () => number): RoomEvent[] {
    const log: RoomEvent[] = [];
    let no = 0;
    for (let seq = 1; seq <= length; seq++) {
        const pick = random();
        const from = random() < 0.2 ? ME : OTHERS[Math.floor(random() * 4)]!;
        const user = OTHERS[Math.floor(random() * 4)]!;
        let ev = 'message';
        let body: unknown = `text ${seq}`;
        if (pick > 0.95) [ev, body] = ['polka', { anything: seq }];
        else if (pick > 0.9) [ev, body] = ['role', { user: ME, role: 'admin' }];
        else if (pick > 0.85) [ev, body] = ['role', { user, role: 'owner' }];
        else if (pick > 0.8) [ev, body] = ['leave', { user }];
        else if (pick > 0.72) [ev, body] = ['join', { user, role: 'member' }];
        else no++;
        log.push(message(seq, { ev, body, from, no }));
    }
    return log;
}

function summaryAt(log: RoomEvent[], seq: number): Room {
    const fold = new RoomFold(room({ members: 50 }), ME);
    for (const event of log.slice(0, seq)) fold.add(event);
    return fold.room;
}

/* Each event once or more, far from where it belongs. */
function scramble(log: RoomEvent[], random: () => number): RoomEvent[] {
    const list = log.flatMap((event) => (random() < 0.3 ? [event, event] : [event]));
    for (let i = list.length - 1; i > 0; i--) {
        const j = Math.floor(random() * (i + 1));
        [list[i], list[j]] = [list[j]!, list[i]!];
    }
    return list;
}

describe('the fold of a room', () => {
    it('is the same for 10,000 events in any order, with repeats and cuts', () => {
        const random = generator(20261123);
        const log = randomLog(10_000, random);
        const ordered = new RoomFold(room({ members: 50 }), ME);
        for (const event of log) ordered.add(event);

        const other = new RoomFold(summaryAt(log, 1234), ME);
        for (const event of scramble(log, random)) {
            other.add(event);
            if (random() < 0.0005)
                other.refresh(summaryAt(log, Math.floor(random() * 10_000)));
        }
        expect(other.room).toEqual(ordered.room);
        expect(other.unread).toBe(ordered.unread);
        expect(other.timeline()).toEqual(ordered.timeline());
        expect(other.timeline().length).toBe(10_000);
        expect(other.resumePoint()).toEqual([10_000, log[9_999]!.cid]);
    });

    it('never shows a hole as continuous, at any moment', () => {
        const random = generator(7);
        const log = randomLog(400, random);
        const fold = new RoomFold(room({ members: 50 }), ME);
        for (const event of scramble(log, random)) {
            fold.add(event);
            const shown = fold.timeline().map((e) => e.seq);
            shown.forEach((seq, i) => expect(seq).toBe(shown[0]! + i));
            if (shown.length > 0)
                expect(shown.at(-1)).toBeGreaterThanOrEqual(fold.room.seq);
        }
    });

    it('shows nothing while the newest event is missing', () => {
        const fold = new RoomFold(room({ seq: 10, no: 10 }), ME);
        for (const seq of [5, 6, 7]) fold.add(message(seq));
        expect(fold.timeline()).toEqual([]);
        expect(fold.current).toBe(false);
        expect(fold.resumePoint()).toBeUndefined();
        for (const seq of [8, 9, 10]) fold.add(message(seq));
        expect(fold.timeline().map((e) => e.seq)).toEqual([5, 6, 7, 8, 9, 10]);
        expect(fold.oldest).toBe(5);
    });

    it('counts unread messages, not events, and reading only goes forward', () => {
        const fold = new RoomFold(room({ seq: 4, no: 3, read_seq: 2, read_no: 1 }), ME);
        expect(fold.unread).toBe(2);
        fold.add(message(5, { ev: 'join', no: 3, body: { user: OTHERS[0] } }));
        expect(fold.unread).toBe(2);
        fold.read(4, 3);
        expect(fold.unread).toBe(0);
        fold.read(2, 1);
        expect(fold.unread).toBe(0);
        fold.refresh(room({ seq: 5, no: 3, read_seq: 2, read_no: 1 }));
        expect(fold.unread).toBe(0);
    });

    it('takes everything up to one’s own message as read', () => {
        const fold = new RoomFold(room({ seq: 4, no: 4 }), ME);
        expect(fold.unread).toBe(4);
        fold.add(message(5, { from: ME }));
        expect(fold.unread).toBe(0);
        expect(fold.room.read_seq).toBe(5);
    });

    it('knows by which event one became a member', () => {
        const fold = new RoomFold(room({ seq: 4, joined: 2 }), ME);
        fold.add(message(5, { ev: 'join', body: { user: OTHERS[0], role: 'member' } }));
        expect(fold.room.joined).toBe(2);
        fold.add(message(6, { ev: 'leave', body: { user: ME } }));
        fold.add(message(7, { ev: 'join', body: { user: ME, role: 'member' } }));
        expect(fold.room.joined).toBe(7);
    });

    it('does not go back when an older summary comes late', () => {
        const fold = new RoomFold(room({ seq: 4, no: 4 }), ME);
        fold.add(message(5));
        fold.refresh(room({ seq: 3, no: 3, label: 'old' }));
        expect(fold.room.seq).toBe(5);
        expect(fold.room.label).toBe('Test');
    });

    it('goes back after a reset, for the server’s log is another', () => {
        const fold = new RoomFold(room({ seq: 4, no: 4 }), ME);
        fold.add(message(5));
        fold.reset(room({ seq: 3, no: 3 }));
        expect(fold.room.seq).toBe(3);
        expect(fold.timeline()).toEqual([]);
    });

    it('follows roles, also when a room is handed over or inherited', () => {
        const fold = new RoomFold(room({ role: 'owner' }), ME);
        const give = (seq: number, ev: string, body: object) =>
            fold.add(message(seq, { ev, body, no: 0 }));
        give(1, 'role', { user: OTHERS[0], role: 'owner' });
        expect(fold.room.role).toBe('admin');
        give(2, 'leave', { user: OTHERS[0], heir: ME });
        expect(fold.room.role).toBe('owner');
        expect(fold.room.members).toBe(1);
    });

    it('forgets old events without forgetting where it is', () => {
        const fold = new RoomFold(room(), ME);
        for (let seq = 1; seq <= 500; seq++) fold.add(message(seq));
        fold.trim(100);
        expect(fold.oldest).toBe(401);
        expect(fold.timeline().length).toBe(100);
        expect(fold.room.id).toBe(ROOM);
        for (let seq = 351; seq <= 400; seq++) fold.add(message(seq));
        expect(fold.oldest).toBe(351);
    });

    it('follows what a group is called, is about, and who can join it', () => {
        const fold = new RoomFold(room({ seq: 0 }), ME);
        fold.add(message(3, { ev: 'visibility', no: 0, body: { kind: 'public' } }));
        fold.add(message(1, { ev: 'rename', no: 0, body: { label: 'Garden' } }));
        fold.add(message(2, { ev: 'topic', no: 0, body: { topic: 'Soil' } }));
        expect(fold.room).toMatchObject({
            label: 'Garden',
            topic: 'Soil',
            kind: 'public',
            seq: 3,
        });
    });

    it('takes a room out of the archive with a later message, unless it is muted', () => {
        const fold = new RoomFold(room({ seq: 0 }), ME);
        fold.add(message(1));
        fold.want({ archived: true }, 1);
        expect(fold.room.archived).toBe(true);
        fold.add(message(2));
        expect(fold.room.archived).toBe(false);

        fold.want({ muted: 5_000 }, 2);
        fold.want({ archived: true }, 2);
        fold.add(message(3));
        fold.add(message(4));
        expect(fold.room.archived).toBe(true);
        fold.add(message(5)); /* at 5,000: muted no longer */
        expect(fold.room.archived).toBe(false);
    });

    it('hears of the archive after a message that ends it', () => {
        const fold = new RoomFold(room({ seq: 0 }), ME);
        fold.add(message(1));
        fold.add(message(2));
        fold.want({ archived: true }, 1);
        expect(fold.room.archived).toBe(false);
        fold.want({ archived: true }, 2);
        expect(fold.room.archived).toBe(true);
    });

    it('keeps what is near and the newest when it must forget, and knows the holes', () => {
        const fold = new RoomFold(room({ seq: 4_000, no: 4_000 }), ME);
        for (let seq = 1; seq <= 4_000; seq++) fold.add(message(seq));
        expect(fold.narrow(1_000, 5_000)).toBe(false);
        expect(fold.narrow(1_000, 2_000)).toBe(true);
        const ends = () => fold.parts().map((part) => [part[0]!.seq, part.at(-1)!.seq]);
        expect(ends()).toEqual([
            [500, 1_500],
            [3_501, 4_000],
        ]);
        expect(fold.resumePoint()).toEqual([4_000, message(4_000).cid]);
        for (let seq = 1_501; seq <= 3_500; seq++) fold.add(message(seq));
        expect(ends()).toEqual([[500, 4_000]]);
    });
});
