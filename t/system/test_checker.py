"""The checker finds each kind of breach: it passes a sound record and fails each broken one."""

import copy
from dataclasses import replace

import pytest
from burung import checker
from burung.checker import check
from burung.records import Device, Event, Outage, Post, Stream

ROOM = "aa" * 12
ANI, BUDI = "01" * 12, "02" * 12


def cid(n: int) -> str:
    return f"{n:032x}"


def sound():
    """A room where Ani and Budi say three things each; Budi reconnects in the middle."""
    store = {ROOM: [Event(ROOM, 1, 0, "create", ANI, cid(0), {}, 1000)]}
    posts = []
    for turn in range(3):
        for sender in (ANI, BUDI):
            seq = len(store[ROOM]) + 1
            body = f"{sender} {turn}"
            event = Event(ROOM, seq, seq - 1, "message", sender, cid(seq), body, 1000 + seq)
            store[ROOM].append(event)
            posts.append(Post(ROOM, sender, event.cid, body, turn, [(seq, seq - 1, 0.0)]))
    events = store[ROOM]
    log = {ROOM: {event.seq: event for event in events}}
    ani = Device("ani", ANI, [Stream(ROOM, 1, events[1:])], copy.copy(log), [], {ROOM}, {ROOM})
    streams = [Stream(ROOM, 1, events[1:4]), Stream(ROOM, 4, events[4:])]
    budi = Device("budi", BUDI, streams, copy.deepcopy(log), [], {ROOM}, {ROOM})
    return store, [ani, budi], posts


def lose_acked(store, devices, posts):
    store[ROOM].pop()


def ack_other_seq(store, devices, posts):
    posts[0].acks.append((3, 2, 0.0))


def ack_other_no(store, devices, posts):
    posts[0].acks = [(2, 9, 0.0)]


def change_body(store, devices, posts):
    posts[2].body = "something else"


def store_twice(store, devices, posts):
    store[ROOM].append(replace(store[ROOM][-1], seq=8, no=7))


def store_unsent(store, devices, posts):
    posts.pop()


def store_refused(store, devices, posts):
    posts[1].acks = []
    posts[1].refusal = "not_member"


def leave_hole(store, devices, posts):
    store[ROOM][3:] = [replace(event, seq=event.seq + 1) for event in store[ROOM][3:]]


def repeat_seq(store, devices, posts):
    store[ROOM][4] = replace(store[ROOM][4], seq=4)


def begin_late(store, devices, posts):
    store[ROOM].pop(0)


def miscount(store, devices, posts):
    store[ROOM][5] = replace(store[ROOM][5], no=6)


def swap_turns(store, devices, posts):
    posts[0].turn, posts[2].turn = posts[2].turn, posts[0].turn


def tell_twice(store, devices, posts):
    devices[0].streams[0].events.insert(3, devices[0].streams[0].events[2])


def tell_again_after_resume(store, devices, posts):
    devices[1].streams[1].events.insert(0, store[ROOM][3])


def skip(store, devices, posts):
    devices[0].streams[0].events.pop(2)


def skip_after_resume(store, devices, posts):
    devices[1].streams[1].events.pop(0)


def reorder(store, devices, posts):
    events = devices[0].streams[0].events
    events[1], events[2] = events[2], events[1]


def tell_unstored(store, devices, posts):
    last = devices[0].streams[0].events[-1]
    devices[0].streams[0].events.append(replace(last, seq=8, no=7, cid=cid(99)))


def tell_other_body(store, devices, posts):
    events = devices[0].streams[0].events
    events[2] = replace(events[2], body="garbled")


def tell_other_order(store, devices, posts):
    events = devices[1].streams[1].events
    one, two = events[0], events[1]
    events[0] = replace(two, seq=one.seq, no=one.no)
    events[1] = replace(one, seq=two.seq, no=two.no)


def never_tell_the_end(store, devices, posts):
    devices[1].streams[1].events.pop()


def never_tell_the_room(store, devices, posts):
    devices[0].streams.clear()


def lose_from_log(store, devices, posts):
    devices[1].log[ROOM].pop(3)


def change_in_log(store, devices, posts):
    devices[1].log[ROOM][3] = replace(devices[1].log[ROOM][3], at=1)


def never_ack(store, devices, posts):
    posts[-1].acks = []


def note_oddity(store, devices, posts):
    devices[0].oddities.append("binary frame")


BROKEN = {
    lose_acked: checker.LOST,
    ack_other_seq: checker.OTHER_SEQ,
    ack_other_no: checker.OTHER_SEQ,
    change_body: checker.OTHER_BODY,
    store_twice: checker.STORED_TWICE,
    store_unsent: checker.STORED_UNSENT,
    store_refused: checker.STORED_REFUSED,
    leave_hole: checker.HOLE_IN_SEQ,
    repeat_seq: checker.HOLE_IN_SEQ,
    begin_late: checker.HOLE_IN_SEQ,
    miscount: checker.WRONG_NO,
    swap_turns: checker.SENDER_ORDER,
    tell_twice: checker.SHOWN_TWICE,
    tell_again_after_resume: checker.SHOWN_TWICE,
    skip: checker.SKIPPED,
    skip_after_resume: checker.SKIPPED,
    reorder: checker.REORDERED,
    tell_unstored: checker.NOT_STORED,
    tell_other_body: checker.DIFFERS,
    tell_other_order: checker.DIFFERS,
    never_tell_the_end: checker.UNDELIVERED,
    never_tell_the_room: checker.UNDELIVERED,
    lose_from_log: checker.LOG_DIFFERS,
    change_in_log: checker.LOG_DIFFERS,
    never_ack: checker.UNACKED,
    note_oddity: checker.ODDITY,
}


def test_sound_record_passes():
    report = check(*sound())
    assert report.ok, report.text()
    assert report.counts["messages acked"] == 6
    assert report.counts["deliveries"] == 12


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
def test_broken_record_fails(damage):
    store, devices, posts = sound()
    damage(store, devices, posts)
    report = check(store, devices, posts)
    assert BROKEN[damage] in report.breaches, report.text()
    assert BROKEN[damage] in report.text()


def test_every_kind_of_breach_has_a_broken_record():
    kinds = {value for key, value in vars(checker).items() if key.isupper()}
    assert kinds == set(BROKEN.values())


def test_unfinished_run_may_lack_acks_and_ends():
    store, devices, posts = sound()
    never_ack(store, devices, posts)
    never_tell_the_end(store, devices, posts)
    assert check(store, devices, posts, complete=False).ok


def test_message_stored_without_an_ack_is_no_breach_when_unfinished():
    store, devices, posts = sound()
    for post in posts:
        post.acks = []
    assert check(store, devices, posts, complete=False).ok


def test_report_names_recovery_times():
    outage = Outage("worker killed", 0.0, [0.1, 0.2, 0.4], [0.3])
    text = check(*sound(), outages=[outage]).text()
    assert "p50 0.200 s, p99 0.400 s, max 0.400 s (3 cases)" in text
    assert "first delivery after it: p50 0.300 s" in text
