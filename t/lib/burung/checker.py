"""Compares what every client sent and saw with what is stored; the delivery contract as code.

check() takes plain records (records.py), so that its own tests can feed it broken ones.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise

from burung.records import Device, Event, Outage, Post

Store = dict[str, list[Event]]  # room → its events, in the order of seq

# Every promise by the name of its breach.
LOST = "acked message is not stored"
OTHER_SEQ = "ack named another seq or no than the stored one"
OTHER_BODY = "stored body is not the one sent"
STORED_TWICE = "same cid of one sender stored twice"
STORED_UNSENT = "stored message was never sent"
STORED_REFUSED = "refused message is stored"
HOLE_IN_SEQ = "hole or repeat in the seq of a room's log"
WRONG_NO = "no does not count the messages"
SENDER_ORDER = "one sender's messages stored out of order"
SHOWN_TWICE = "event told twice"
SKIPPED = "event left out of a stream"
REORDERED = "event told after a later one"
NOT_STORED = "event told that is not in the store"
DIFFERS = "event told differs from the stored one"
UNDELIVERED = "device never heard the end of a room's log"
LOG_DIFFERS = "device's log in the end is not the stored one"
UNACKED = "message still without an ack at the end"
ODDITY = "client noticed a broken promise"


@dataclass
class Report:
    breaches: Counter = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter = field(default_factory=Counter)
    outages: list[Outage] = field(default_factory=list)

    def add(self, breach: str, example: str) -> None:
        self.breaches[breach] += 1
        some = self.examples.setdefault(breach, [])
        if len(some) < 5:
            some.append(example)

    @property
    def ok(self) -> bool:
        return not self.breaches

    def text(self) -> str:
        lines = [", ".join(f"{n} {what}" for what, n in self.counts.items())]
        lines += recovery_lines(self.outages)
        if self.ok:
            lines.append("0 lost, 0 twice, 0 holes, one order everywhere")
        for breach, count in self.breaches.most_common():
            lines.append(f"BROKEN {count} times: {breach}")
            lines += [f"    {example}" for example in self.examples[breach]]
        return "\n".join(lines)


def check(
    store: Store,
    devices: list[Device],
    posts: list[Post],
    *,
    outages: list[Outage] | None = None,
    complete: bool = True,
) -> Report:
    """complete: all was quiet at the end, so every message must be acked and every device
    must have heard all of its rooms."""
    report = Report(outages=outages or [])
    check_store(report, store)
    check_posts(report, store, posts, complete=complete)
    for device in devices:
        check_streams(report, store, device)
        if complete:
            check_end(report, store, device)
        for oddity in device.oddities:
            report.add(ODDITY, f"{device.name}: {oddity}")
    report.counts["rooms"] = len(store)
    report.counts["events stored"] = sum(len(events) for events in store.values())
    report.counts["messages sent"] = len(posts)
    report.counts["messages acked"] = sum(post.acked for post in posts)
    report.counts["devices"] = len(devices)
    report.counts["deliveries"] = sum(len(s.events) for d in devices for s in d.streams)
    return report


def check_store(report: Report, store: Store) -> None:
    for room, events in store.items():
        seen: set[tuple[str, str]] = set()
        no = 0
        for expected, event in enumerate(events, 1):
            if event.seq != expected:
                report.add(HOLE_IN_SEQ, f"room {room}: event {expected} has seq {event.seq}")
                break
        for event in events:
            no += event.kind == "message"
            # A self room has no messages of its own to count.
            if event.no != no:
                report.add(WRONG_NO, f"room {room} seq {event.seq}: no {event.no}, not {no}")
            key = (event.sender, event.cid)
            if key in seen:
                report.add(STORED_TWICE, f"room {room} cid {event.cid} again at seq {event.seq}")
            seen.add(key)


def check_posts(report: Report, store: Store, posts: list[Post], *, complete: bool) -> None:
    stored = {
        (event.room, event.sender, event.cid): event
        for events in store.values()
        for event in events
        if event.kind == "message"
    }
    sent: set[tuple[str, str, str]] = set()
    order: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for post in posts:
        key = (post.room, post.sender, post.cid)
        sent.add(key)
        event = stored.get(key)
        check_post(report, post, event, complete=complete)
        if event:
            order.setdefault((post.room, post.sender), []).append((post.turn, event.seq))
    for key in stored.keys() - sent:
        report.add(STORED_UNSENT, f"room {key[0]} from {key[1]} cid {key[2]}")
    for (room, sender), turns in order.items():
        turns.sort()
        for (turn, seq), (later, later_seq) in pairwise(turns):
            if later_seq < seq:
                what = f"turn {turn} is {seq}, turn {later} is {later_seq}"
                report.add(SENDER_ORDER, f"room {room} from {sender}: {what}")


def check_post(report: Report, post: Post, event: Event | None, *, complete: bool) -> None:
    where = f"room {post.room} cid {post.cid}"
    if event is None:
        if post.acked:
            report.add(LOST, f"{where} acked as {post.acks[0][0]}")
    else:
        if event.body != post.body:
            report.add(OTHER_BODY, f"{where} seq {event.seq}: {event.body!r}, not {post.body!r}")
        for seq, no, _ in post.acks:
            if (seq, no) != (event.seq, event.no):
                what = f"acked {seq}/{no}, stored {event.seq}/{event.no}"
                report.add(OTHER_SEQ, f"{where}: {what}")
        if post.refusal and not post.acked:
            report.add(STORED_REFUSED, f"{where}: {post.refusal}")
    if complete and not post.acked and not post.refusal:
        report.add(UNACKED, where)


def check_streams(report: Report, store: Store, device: Device) -> None:
    for stream in device.streams:
        room = store.get(stream.room, [])
        told: set[int] = set()
        last = stream.base
        for event in stream.events:
            where = f"{device.name} room {stream.room} seq {event.seq}"
            if event.seq in told or event.seq <= stream.base:
                report.add(SHOWN_TWICE, where)
            elif event.seq < last:
                report.add(REORDERED, f"{where} after {last}")
            elif event.seq > last + 1:
                report.add(SKIPPED, f"{where} after {last}")
            told.add(event.seq)
            last = max(last, event.seq)
            check_event(report, room, event, where)


def check_event(report: Report, room: list[Event], event: Event, where: str) -> None:
    if not 1 <= event.seq <= len(room):
        report.add(NOT_STORED, where)
    elif room[event.seq - 1] != event:
        report.add(DIFFERS, f"{where}: {event} stored as {room[event.seq - 1]}")


def check_end(report: Report, store: Store, device: Device) -> None:
    ends = {stream.room: stream.last for stream in device.streams}
    for room in device.member_of:
        events = store.get(room, [])
        if ends.get(room) != len(events):
            where = f"{device.name} room {room}"
            report.add(UNDELIVERED, f"{where}: heard to {ends.get(room)} of {len(events)}")
    for room in device.filled & device.member_of:
        log = device.log[room]
        if [log[seq] for seq in sorted(log)] != store.get(room, []):
            have = f"{len(log)} of {len(store.get(room, []))} events"
            report.add(LOG_DIFFERS, f"{device.name} room {room}: {have}")


def quantile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def recovery_lines(outages: list[Outage]) -> list[str]:
    if not outages:
        return []
    lines = [f"{len(outages)} outages"]
    for name, values in (
        ("ack", [s for outage in outages for s in outage.to_ack]),
        ("delivery", [s for outage in outages for s in outage.to_delivery]),
    ):
        if values:
            p50, p99 = quantile(values, 0.5), quantile(values, 0.99)
            figures = f"p50 {p50:.3f} s, p99 {p99:.3f} s, max {max(values):.3f} s"
            lines.append(f"to the first {name} after it: {figures} ({len(values)} cases)")
    return lines
