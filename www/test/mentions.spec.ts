import { describe, expect, it } from 'vitest';
import type { Room, RoomEvent } from '../src/protocol/types';
import { RoomFold } from '../src/state/fold';
import { mentioning } from '../src/state/mentions';

describe('a mention', () => {
    const ofAni = mentioning('ani');

    it('is @name, in whatever case, with what belongs to the sentence around it', () => {
        for (const text of ['@ani', 'hey @Ani!', '(@ani)', 'see you, @ani.', '“@ani”'])
            expect(ofAni(text), text).toBe(true);
    });

    it('is not a part of a longer name, a word or an address', () => {
        for (const text of ['@anita', '@ani.w', '@ani-77', 'x@ani', 'me@ani.example'])
            expect(ofAni(text), text).toBe(false);
        expect(ofAni('ani')).toBe(false);
    });

    it('takes the dots of a name as dots', () => {
        expect(mentioning('a.b')('@a.b')).toBe(true);
        expect(mentioning('a.b')('@axb')).toBe(false);
    });
});

describe('the mentions of a room', () => {
    const ME = 'a'.repeat(24);
    const OTHER = 'b'.repeat(24);
    const room: Room = {
        id: 'c'.repeat(24),
        kind: 'private',
        label: 'Garden',
        members: 2,
        seq: 0,
        no: 0,
        at: 0,
        cid: '',
        read_seq: 0,
        read_no: 0,
        last: null,
    };
    const says = (seq: number, body: string, from = OTHER): RoomEvent => ({
        ev: 'message',
        room: room.id,
        seq,
        no: seq,
        at: seq,
        from,
        cid: String(seq),
        body,
    });

    it('are those of others, unread ones, each once', () => {
        const fold = new RoomFold(room, ME, 0, mentioning('ani'));
        fold.add(says(1, 'hi @ani'));
        fold.add(says(1, 'hi @ani'));
        fold.add(says(2, 'hi all'));
        fold.add(says(3, '@ani again'));
        expect(fold.unreadMentions).toBe(2);
        fold.read(1, 1);
        expect(fold.unreadMentions).toBe(1);
        fold.add(says(4, '@ani is me', ME));
        expect(fold.unreadMentions).toBe(0);
    });

    it('are known of the last message before anything is cached, and outlive trimming', () => {
        const last = says(9, 'where is @ani?');
        const fold = new RoomFold(
            { ...room, seq: 9, no: 9, last },
            ME,
            0,
            mentioning('ani'),
        );
        expect(fold.unreadMentions).toBe(1);
        for (let seq = 10; seq < 60; seq++) fold.add(says(seq, 'bla'));
        fold.trim(5);
        expect(fold.unreadMentions).toBe(1);
    });
});
