"""The rows of rooms and members, made anew from the logs, and the comparison with those that the
server kept: every change of a row must have its event, and every event its effect."""

from dataclasses import dataclass, field
from pathlib import Path

from burung.checker import Report, Store
from burung.records import Event
from burung.store import mongo_uri, open_database, read_mongo

ROW_DIFFERS = "row is not the fold of the logs"

KINDS = {1: "public", 2: "private", 3: "direct", 4: "self"}
ROLES = {1: "member", 2: "admin", 3: "owner"}


@dataclass
class Member:
    role: str
    joined: int
    read_seq: int
    read_no: int
    muted: int = 0
    archived: int = 0  # 1 + the room's no when it was; 0: not


@dataclass
class Room:
    kind: str = "self"
    label: str = ""
    topic: str = ""
    seq: int = 0
    no: int = 0
    at: int = 0
    cid: str = ""
    last_message: int = 0
    members: int = 0


@dataclass
class Rows:
    rooms: dict[str, Room] = field(default_factory=dict)
    members: dict[tuple[str, str], Member] = field(default_factory=dict)


def read_rows(data: Path) -> Rows:
    """Those that the server kept."""
    rows = Rows()
    uri = mongo_uri(data)
    if uri:
        return read_mongo_rows(uri)
    with open_database(data) as db:
        for id_, kind, label, topic, seq, no, at, cid, last, members in db.execute(
            "SELECT id,kind,label,topic,seq,no,at,cid,last_message,members FROM rooms"
        ):
            rows.rooms[id_.hex()] = Room(
                KINDS[kind], label, topic, seq, no, at, cid.hex(), last, members
            )
        for room, user, role, *rest in db.execute(
            "SELECT room,user,role,joined,read_seq,read_no,muted,archived FROM members"
        ):
            rows.members[room.hex(), user.hex()] = Member(ROLES[role], *rest)
    db.close()
    return rows


def read_mongo_rows(uri: str) -> Rows:
    rows = Rows()
    for d in read_mongo(uri, "rooms", [("_id", 1)]):
        names = "label", "topic", "seq", "no", "at"
        rows.rooms[str(d["_id"])] = Room(
            KINDS[d["kind"]],
            *(d[name] for name in names),
            d["cid"].hex(),
            d["last_message"],
            d["members"],
        )
    for d in read_mongo(uri, "members", [("_id", 1)]):
        if d["role"] == 0:  # was one
            continue
        names = "joined", "read_seq", "read_no"
        rows.members[str(d["room"]), str(d["user"])] = Member(
            ROLES[d["role"]],
            *(d[name] for name in names),
            d.get("muted", 0),
            d.get("archived", 0),
        )
    return rows


def fold(store: Store) -> Rows:
    """Those that the logs make."""
    rows = Rows()
    for id_, events in store.items():
        rows.rooms[id_] = fold_room(rows, id_, events)
    for id_, events in store.items():
        if rows.rooms[id_].kind == "self":
            rows.rooms[id_].members = 1  # the user, without a row of members
            fold_self(rows, store, id_, events)
    for id_, _ in rows.members:
        rows.rooms[id_].members += 1
    return rows


def fold_room(rows: Rows, id_: str, events: list[Event]) -> Room:
    room = Room()
    for event in events:
        room.seq, room.no, room.at, room.cid = event.seq, event.no, event.at, event.cid
        if event.kind == "message":
            room.last_message = event.seq
        elif event.kind in ("create", "rename", "topic", "visibility"):
            vars(room).update(event.body)  # its fields are those of the row
        fold_member(rows.members, id_, event)
    return room


def fold_member(members: dict, room: str, event: Event) -> None:
    if event.kind == "message":
        me = members[room, event.sender]
        me.read_seq, me.read_no = event.seq, event.no
    elif event.kind == "join":
        user, role = event.body["user"], event.body["role"]
        members[room, user] = Member(role, event.seq, event.seq, event.no)
    elif event.kind == "role":
        members[room, event.body["user"]].role = event.body["role"]
        if event.body["role"] == "owner":
            members[room, event.sender].role = "admin"
    elif event.kind == "leave":
        del members[room, event.body["user"]]
        if "heir" in event.body:
            members[room, event.body["heir"]].role = "owner"


def fold_self(rows: Rows, store: Store, user: str, events: list[Event]) -> None:
    """Entries count from the last `added` of their room on: those before belong to an earlier
    membership."""
    for event in events:
        if "room" not in event.body:
            continue
        me = rows.members.get((event.body["room"], user))
        if me is None:
            continue
        if event.kind == "added":
            me.muted = me.archived = 0
        elif event.kind == "read":
            fold_cursor(me, event.body)
        elif event.kind == "mute":
            still = is_archived(me, store[event.body["room"]], event.body["no"])
            me.archived = event.body["no"] + 1 if still else 0
            me.muted = event.body["until"]
        elif event.kind == "archive":
            me.archived = event.body["no"] + 1 if event.body["on"] else 0


def fold_cursor(me: Member, body: dict) -> None:
    if body["seq"] > me.read_seq:
        me.read_seq, me.read_no = body["seq"], body["no"]


def is_archived(me: Member, log: list[Event], no: int) -> bool:
    """When the room had `no` messages."""
    if me.archived == 0:
        return False
    last_at = next((e.at for e in log if e.kind == "message" and e.no == no), 0)
    return no < me.archived or last_at < me.muted


def check_rows(report: Report, store: Store, rows: Rows) -> None:
    made = fold(store)
    compare(
        report, "room", made.rooms, {id_: rows.rooms[id_] for id_ in rows.rooms if id_ in store}
    )
    kept = {key: row for key, row in rows.members.items() if key[0] in store}
    compare(report, "member", made.members, kept)
    report.counts["rows compared"] = len(made.rooms) + len(made.members)


def compare(report: Report, what: str, made: dict, kept: dict) -> None:
    for key in made.keys() | kept.keys():
        if made.get(key) != kept.get(key):
            example = f"{what} {key}: {kept.get(key)}, from the logs {made.get(key)}"
            report.add(ROW_DIFFERS, example)
