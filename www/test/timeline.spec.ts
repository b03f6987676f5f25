import { describe, expect, it } from 'vitest';
import type { Outgoing } from '../src/protocol/outgoing';
import type { RoomEvent } from '../src/protocol/types';
import { reuse, timeline, type MessageRow, type Row } from '../src/state/timeline';
import { ME, message, ROOM } from './fake_socket';

const NOON = new Date(2026, 10, 20, 12).getTime();

function outgoing(cid: string, body: string): Outgoing {
    return {
        cid,
        room: ROOM,
        body,
        order: NOON + 60_000,
        state: 'sending',
        tried: true,
        refused: false,
        kept: true,
    };
}

type Given = Partial<Parameters<typeof timeline>[0]> & { events?: RoomEvent[] };

/* events: one part without a hole. */
function rowsOf({ events = [], ...input }: Given): Row[] {
    return timeline({
        parts: events.length > 0 ? [events] : [],
        newest: 0,
        outgoing: [],
        me: ME,
        direct: false,
        removable: () => false,
        ...input,
    });
}

function bodies(rows: Row[]): string[] {
    return rows.filter((r): r is MessageRow => r.type === 'message').map((r) => r.body);
}

describe('the rows of a conversation', () => {
    it('group one sender’s messages and part the days', () => {
        const rows = rowsOf({
            events: [
                message(1, { at: NOON - 86_400_000 }),
                message(2, { at: NOON }),
                message(3, { at: NOON + 1_000 }),
                message(4, { at: NOON + 2_000, from: ME }),
            ],
        });
        expect(rows.map((row) => row.type)).toEqual([
            'day',
            'message',
            'day',
            'message',
            'message',
            'message',
        ]);
        const edges = rows
            .filter((row): row is MessageRow => row.type === 'message')
            .map((row) => [row.own, row.first, row.last]);
        expect(edges).toEqual([
            [false, true, true],
            [false, true, false],
            [false, false, true],
            [true, true, true],
        ]);
    });

    it('replace a pending message by its event, under the same key', () => {
        const cid = 'f'.repeat(32);
        const before = rowsOf({ outgoing: [outgoing(cid, 'hi')] });
        const event = message(9, { from: ME, cid, body: 'hi', at: NOON + 61_000 });
        const after = rowsOf({ events: [event], outgoing: [outgoing(cid, 'hi')] });
        expect(bodies(before)).toEqual(['hi']);
        expect(bodies(after)).toEqual(['hi']);
        expect(after.at(-1)!.key).toBe(before.at(-1)!.key);
    });

    it('do not take another’s message for one’s own with the same cid', () => {
        const cid = 'f'.repeat(32);
        const rows = rowsOf({
            events: [message(1, { cid })],
            outgoing: [outgoing(cid, 'hi')],
        });
        expect(bodies(rows)).toEqual(['message 1', 'hi']);
    });

    it('have one line before the first new message of somebody else', () => {
        const rows = rowsOf({
            events: [
                message(1, { at: NOON }),
                message(2, { at: NOON, from: ME }),
                message(3, { at: NOON }),
                message(4, { at: NOON }),
            ],
            unreadAfter: 1,
        });
        const at = rows.findIndex((row) => row.type === 'unread');
        expect((rows[at + 1] as MessageRow).seq).toBe(3);
        expect(rows.filter((row) => row.type === 'unread').length).toBe(1);
    });

    it('leave out kinds they do not know', () => {
        expect(rowsOf({ events: [message(1, { ev: 'polka' })] })).toEqual([]);
    });

    it('are the same objects as before where nothing changed', () => {
        const events = [message(1, { at: NOON }), message(2, { at: NOON })];
        const before = rowsOf({ events });
        const more = [...events, message(3, { at: NOON })];
        const after = reuse(rowsOf({ events: more }), before);
        expect(after.map((row) => before.includes(row))).toEqual([
            true,
            true,
            false,
            false,
        ]);
        expect((after[2] as MessageRow).last).toBe(false);
    });

    it('say who comes and goes in a group, but not between two people', () => {
        const founder = 'c'.repeat(24);
        const events = [
            message(1, { ev: 'create', from: founder, body: {} }),
            message(2, { ev: 'join', from: founder, body: { user: founder } }),
            message(3, { ev: 'join', from: founder, body: { user: ME } }),
        ];
        const notes = rowsOf({ events }).filter((row) => row.type === 'note');
        expect(notes.map((row) => row.key)).toEqual(['note 1', 'note 3']);
        expect(rowsOf({ events, direct: true })).toEqual([]);
    });

    it('name people who came one after the other together', () => {
        const join = (seq: number, user: string, from = user) =>
            message(seq, { ev: 'join', no: 0, at: NOON + seq, from, body: { user } });
        const events = [
            join(1, 'a'),
            join(2, 'b'),
            join(3, 'c', 'a'),
            join(4, 'd', 'a'),
            join(5, 'e', 'b'),
            message(6, { at: NOON + 6 }),
            join(7, 'f'),
            message(8, {
                ev: 'leave',
                no: 1,
                at: NOON + 8,
                from: 'f',
                body: { user: 'f' },
            }),
            join(9, 'f'),
        ];
        const rows = rowsOf({ events });
        const runs = rows.flatMap((row) =>
            row.type === 'note' ? [row.events.map((event) => event.seq)] : [],
        );
        expect(runs).toEqual([[1, 2], [3, 4], [5], [7], [8], [9]]);
        expect(rowsOf({ events, direct: true }).map((row) => row.type)).toEqual([
            'day',
            'message',
        ]);
        const later = reuse(rowsOf({ events }), rows);
        expect(later.every((row, at) => row === rows[at])).toBe(true);
    });

    it('never show a hole as continuous', () => {
        const parts = [
            [message(4, { at: NOON }), message(5, { at: NOON })],
            [message(9, { at: NOON }), message(10, { at: NOON })],
        ];
        const rows = rowsOf({ parts, newest: 12 });
        const shown = rows.map((row) => {
            if (row.type === 'gap') return `${row.first}–${row.last}`;
            return row.type === 'message' ? row.seq : row.type;
        });
        expect(shown).toEqual(['1–3', 'day', 4, 5, '6–8', 'day', 9, 10, '11–12']);
        const [, five, nine] = rows.filter((row) => row.type === 'message');
        expect([five!.last, five!.faced]).toEqual([true, true]);
        expect([nine!.first, nine!.named]).toEqual([true, true]);
    });

    it('have the line of what is new only where its place is known', () => {
        const types = (parts: RoomEvent[][], unreadAfter: number) =>
            rowsOf({ parts, newest: 9, unreadAfter }).map((row) => row.type);
        const newest = [message(8, { at: NOON }), message(9, { at: NOON })];
        expect(types([newest], 5)).not.toContain('unread');
        expect(types([newest], 7)).toContain('unread');
        expect(types([[message(5, { at: NOON })], newest], 4)[1]).toBe('unread');
    });

    it('group by sender and minute, and name the sender once', () => {
        const rows = rowsOf({
            events: [0, 30_000, 61_000, 12 * 60_000].map((ms, at) =>
                message(at + 1, { at: NOON + ms }),
            ),
        });
        const edges = rows
            .filter((row): row is MessageRow => row.type === 'message')
            .map(({ first, last, named, faced }) => [first, last, named, faced]);
        expect(edges).toEqual([
            [true, false, true, false],
            [false, true, false, false],
            [true, true, false, true],
            [true, true, true, true],
        ]);
    });
});
