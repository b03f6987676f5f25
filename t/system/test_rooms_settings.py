"""What groups are called, are about and who finds them; who owns them; what members mute and
archive for themselves. Each with the wrong role, a vanished target, repeated, at once, and with
garbage."""

import asyncio
import json
import random
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from burung import Refused, new_cid
from burung.scene import direct, group, history, members, online, open_elsewhere, room_of, say
from burung.store import open_database, read_store

OK = "ok"
NOBODY = "ff" * 12
CHANGES = {
    "rename": {"label": "new name"},
    "topic": {"topic": "birds only"},
    "visibility": {"kind": "public"},
}
WISHES = {"mute": {"until": 9_000_000_000_000}, "archive": {"on": True}}
HOUR = 3_600_000


@pytest.fixture(scope="module")
def cast(server):
    names = ("owner", "admin", "member", "other", "stranger")
    return dict(zip(names, server.users(*names), strict=True))


def make_room(cast, kind="private", label="old name"):
    room = group(
        cast["owner"], cast["admin"], cast["member"], cast["other"], kind=kind, label=label
    )
    cast["owner"].api.call("role", room=room, user=cast["admin"].id, role="admin")
    return room


def outcome(api, op, **fields):
    answer = api.raw(op, json.dumps(fields).encode()).json()
    return answer["error"]["code"] if "error" in answer else OK


def soon():
    return int(time.time() * 1000) + HOUR


# Rights


RIGHTS = []
for op in CHANGES:
    owner_only = op == "visibility"
    RIGHTS += [
        (op, "private", "stranger", "not_found"),
        (op, "private", "member", "forbidden"),
        (op, "private", "admin", "forbidden" if owner_only else OK),
        (op, "private", "owner", OK),
        (op, "public", "stranger", "not_member"),
        (op, "public", "member", "forbidden"),
        (op, "public", "owner", OK),
        (op, "direct", "stranger", "not_found"),
        (op, "direct", "member", "forbidden"),
        (op, "direct", "owner", "forbidden"),
    ]
for op in WISHES:
    RIGHTS += [(op, kind, "member", OK) for kind in ("private", "public", "direct")]
    RIGHTS += [(op, "private", "stranger", "not_found"), (op, "public", "stranger", "not_member")]
    RIGHTS += [(op, "direct", "stranger", "not_found")]


@pytest.mark.parametrize(("op", "kind", "who", "expected"), RIGHTS)
def test_who_may_change_what(cast, op, kind, who, expected):
    pair = cast["owner"], cast["member"]
    room = direct(*pair) if kind == "direct" else make_room(cast, kind)
    fields = dict((CHANGES | WISHES)[op])
    if kind == "public" and op == "visibility":
        fields["kind"] = "private"
    before = room_of(cast["owner"], room)
    if op in WISHES:  # the direct room is the same in all cases
        cast["member"].api.call("mute", room=room, until=0)
        cast["member"].api.call("archive", room=room, on=False)
    assert outcome(cast[who].api, op, room=room, **fields) == expected
    after = room_of(cast["owner"], room)
    if expected != OK or op in WISHES:
        assert after == before, "something changed for others"
    else:
        assert after["seq"] == before["seq"] + 1
        assert after.items() >= fields.items()


@pytest.mark.parametrize("op", [*CHANGES, *WISHES])
def test_room_that_is_not_there_is_not_found(cast, op):
    fields = (CHANGES | WISHES)[op]
    assert outcome(cast["owner"].api, op, room=NOBODY, **fields) == "not_found"
    assert outcome(cast["owner"].api, op, room=cast["owner"].id, **fields) != OK, "self room"
    assert outcome(cast["owner"].api, op, room=cast["admin"].id, **fields) == "not_found"


GARBAGE = {
    "rename": [{"label": bad} for bad in ("", "  ", "x" * 65, "a\nb", "\u202e", 7, None, [])]
    + [{}],
    "topic": [{"topic": bad} for bad in (" ", "x" * 251, "a\nb", "a\x00b", 7, None, {})] + [{}],
    "visibility": [{"kind": bad} for bad in ("direct", "self", "", "PUBLIC", 1, True)] + [{}],
    "mute": [{"until": bad} for bad in (-1, "0", 1.5, True, 1 << 54, [])] + [{}],
    "archive": [{"on": bad} for bad in (0, 1, "true", {}, [])] + [{}],
    "role": [{"role": bad} for bad in ("none", "", "king", 3)] + [{}],
}


@pytest.fixture(scope="module")
def heap(cast):
    """The room that gets all the garbage."""
    return make_room(cast)


CASES = [(op, fields) for op, all_fields in GARBAGE.items() for fields in all_fields]


@pytest.mark.parametrize(("op", "fields"), CASES)
def test_garbage_is_a_bad_request_and_changes_nothing(cast, heap, op, fields):
    room = heap
    before = room_of(cast["owner"], room)
    fields = {"user": cast["other"].id, **fields} if op == "role" else fields
    assert outcome(cast["owner"].api, op, room=room, **fields) == "bad_request"
    for bad in ("", "zz", 5, None):
        good = {"user": cast["other"].id, "role": "admin"} | CHANGES.get(op, {})
        good |= WISHES.get(op, {})
        assert outcome(cast["owner"].api, op, **{**good, "room": bad}) == "bad_request"
    good["room"] = room
    assert outcome(cast["owner"].api, op, **good, cid="no cid") == "bad_request"
    assert room_of(cast["owner"], room) == before


# Repeating


def test_what_is_so_already_is_success_without_an_event(cast):
    room, api = make_room(cast), cast["owner"].api
    for op, fields in CHANGES.items():
        api.call(op, room=room, **fields)
        seq = room_of(cast["owner"], room)["seq"]
        assert api.call(op, room=room, **fields) == {}
        assert room_of(cast["owner"], room)["seq"] == seq
    api.call("topic", room=room, topic="")
    seq = room_of(cast["owner"], room)["seq"]
    api.call("topic", room=room, topic="")
    assert room_of(cast["owner"], room)["seq"] == seq


def test_change_asked_again_with_its_cid_is_done_once(cast):
    room, api, cid = make_room(cast), cast["owner"].api, new_cid()
    first = api.call("rename", room=room, label="mine", cid=cid)
    assert first["seq"] == history(cast["owner"], room)[-1]["seq"]
    cast["admin"].api.call("rename", room=room, label="theirs")
    assert api.call("rename", room=room, label="mine", cid=cid) == first
    assert room_of(cast["owner"], room)["label"] == "theirs"
    assert api.refusal("rename", room=room, label="else", cid=cid).code == "conflict"
    assert api.refusal("topic", room=room, topic="mine", cid=cid).code == "conflict"
    cid = new_cid()
    other = cast["other"].id
    api.call("remove", room=room, user=other, cid=cid)
    api.call("add", room=room, user=other)
    api.call("remove", room=room, user=other, cid=cid)
    assert other in members(cast["owner"], room), "removed twice by one request"


def test_transfer_to_somebody_who_left_is_not_found(cast):
    room = make_room(cast)
    cast["other"].api.call("leave", room=room)
    refused = cast["owner"].api.refusal("role", room=room, user=cast["other"].id, role="owner")
    assert refused.code == "not_found"
    assert (
        cast["owner"].api.refusal("role", room=room, user=NOBODY, role="admin").code == "not_found"
    )
    assert members(cast["owner"], room)[cast["owner"].id] == "owner"


# At once


def at_once(*calls):
    """Runs them together; their outcomes."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(*call) for call in calls]]


def ask(who, op, **fields):
    return lambda: outcome(who.api, op, **fields)


def test_two_handovers_at_once_leave_one_owner(cast):
    for _ in range(8):
        room = make_room(cast)
        heirs = [cast["admin"], cast["member"], cast["other"]]
        results = at_once(
            *([ask(cast["owner"], "role", room=room, user=heir.id, role="owner")] for heir in heirs)
        )
        assert sorted(results) == ["forbidden", "forbidden", OK]
        roles = members(cast["owner"], room)
        assert roles[heirs[results.index(OK)].id] == "owner"
        assert list(roles.values()).count("owner") == 1


def test_owner_leaves_while_the_heir_leaves(cast):
    for _ in range(8):
        room = make_room(cast)
        results = at_once(
            [ask(cast["owner"], "leave", room=room)], [ask(cast["admin"], "leave", room=room)]
        )
        assert results == [OK, OK]
        roles = members(cast["member"], room)
        assert roles == {cast["member"].id: "owner", cast["other"].id: "member"}


def test_rename_while_the_renamer_is_removed_is_before_or_not_at_all(cast):
    seen = set()
    for turn in range(12):
        room = make_room(cast)
        with ThreadPoolExecutor(2) as pool:

            def rename(room=room):
                return [
                    outcome(cast["admin"].api, "rename", room=room, label=f"name {n}")
                    for n in range(4)
                ]

            both = pool.submit(rename)
            time.sleep(turn * 0.001)
            removed = outcome(cast["owner"].api, "remove", room=room, user=cast["admin"].id)
            renames = both.result()
        assert removed == OK
        assert renames == sorted(renames, reverse=True), "refused and then allowed"
        events = history(cast["owner"], room)
        gone = [e["ev"] for e in events].index("leave")
        named = [e["body"]["label"] for e in events[:gone] if e["ev"] == "rename"]
        assert not [e for e in events[gone:] if e["ev"] == "rename"], "renamed after the removal"
        assert len(named) == renames.count(OK)
        assert room_of(cast["owner"], room)["label"] == (named or ["old name"])[-1]
        seen.add(len(named))
    assert seen, "no rounds"


async def test_renames_at_once_on_two_workers_end_with_the_last_event(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(ani, budi, kind="public", label=name("start"))
    ani.api.call("role", room=room, user=budi.id, role="admin")
    async with online(server, ani, budi) as (one, two):
        two.cut()
        await open_elsewhere(server, two, than=server.worker_of(one.local_port))
        asks = [
            device.ask("rename", room=room, label=f"{device.account.name} {n}")
            for n in range(20)
            for device in (one, two)
        ]
        await asyncio.gather(*asks)
        events = [event for event in history(ani, room) if event["ev"] == "rename"]
        assert len(events) == 40
        last = events[-1]
        for device in (one, two):
            await device.tells(ev="rename", room=room, seq=last["seq"])
            told = [frame["seq"] for frame in device.told(ev="rename", room=room)]
            assert told == [event["seq"] for event in events]
        seen = room_of(ani, room)
        assert (seen["label"], seen["seq"]) == (last["body"]["label"], last["seq"])
        found = ani.api.call("groups", prefix=last["body"]["label"])["rooms"]
        assert [one["id"] for one in found] == [room]


# The directory


def found(who, **fields):
    return [room["id"] for room in who.api.call("groups", **fields)["rooms"]]


def test_directory_follows_renames_and_visibility(cast):
    owner, stranger = cast["owner"], cast["stranger"]
    room = group(owner, cast["member"], kind="public", label="Merpati putih")
    assert found(stranger, prefix="merp") == found(stranger, words="PUTIH") == [room]
    owner.api.call("rename", room=room, label="Elang hitam")
    assert found(stranger, prefix="merp") == found(stranger, words="putih") == []
    assert found(stranger, prefix="elang") == found(stranger, words="hitam") == [room]
    owner.api.call("visibility", room=room, kind="private")
    assert found(stranger, prefix="elang") == found(stranger, words="hitam") == []
    assert outcome(stranger.api, "room", room=room) == "not_found"
    assert outcome(stranger.api, "join", room=room) == "not_found"
    owner.api.call("rename", room=room, label="Elang Jawa")
    owner.api.call("visibility", room=room, kind="public")
    assert found(stranger, words="jawa") == [room]
    assert stranger.api.call("join", room=room)["room"]["role"] == "member"


def test_directory_by_words_in_pages_lists_each_group_once(cast, name):
    word = name("w").replace(".", "")
    labels = [f"{word} {word}x number {n:02}" for n in range(23)] + [f"a,{word}-B"]
    rooms = {group(cast["owner"], kind="public", label=label) for label in labels}
    group(cast["owner"], kind="private", label=f"{word} private")
    for limit in (1, 7, 24, 200):
        seen, more = [], {}
        while True:
            page = cast["stranger"].api.call("groups", words=word.upper(), limit=limit, **more)
            seen += [room["id"] for room in page["rooms"]]
            if "next" not in page:
                break
            assert len(page["rooms"]) == limit
            more = {"next": page["next"]}
        assert len(seen) == len(rooms)
        assert set(seen) == rooms
    assert len(found(cast["stranger"], words=f"{word} number 07")) == 1
    assert found(cast["stranger"], words=f"{word} number nothing") == []


@pytest.mark.parametrize(
    "fields",
    [
        {"words": ""},
        {"words": " ?! "},
        {"words": "a b c d e f g h i"},
        {"words": "x" * 65},
        {"words": 5},
        {"words": "a", "prefix": "a"},
        {"words": "a", "next": "zz"},
        {"words": "a", "next": "67" + "00" * 20},
    ],
)
def test_search_that_cannot_be_is_a_bad_request(cast, fields):
    assert outcome(cast["stranger"].api, "groups", **fields) == "bad_request"


def test_position_of_one_kind_of_search_is_refused_by_the_other(cast):
    for n in range(2):
        group(cast["owner"], kind="public", label=f"pos {n}")
    by_label = cast["owner"].api.call("groups", prefix="pos", limit=1)["next"]
    by_words = cast["owner"].api.call("groups", words="pos", limit=1)["next"]
    assert outcome(cast["owner"].api, "groups", words="pos", next=by_label) == "bad_request"
    assert outcome(cast["owner"].api, "groups", prefix="pos", next=by_words) == "bad_request"


# Told to everybody


async def test_changes_are_told_to_all_members_and_to_nobody_else(server, name):
    owner, member, stranger = server.users(name("owner"), name("member"), name("strange"))
    room = group(owner, member, kind="public", label="before")
    async with online(server, owner, member, stranger) as (one, two, three):
        await one.call("rename", room=room, label="after")
        await one.call("topic", room=room, topic="what it is about")
        await one.call("visibility", room=room, kind="private")
        await two.tells(ev="visibility", room=room)
        told = [(frame["ev"], frame["body"]) for frame in two.told(room=room)]
        assert told == [
            ("rename", {"label": "after"}),
            ("topic", {"topic": "what it is about"}),
            ("visibility", {"kind": "private"}),
        ]
        await three.call("ping")
        assert not three.told(room=room)
        two.cut()
        owner.api.call("rename", room=room, label="while away")
        await two.open()
        await two.tells(ev="rename", room=room)
        assert two.rooms[room]["label"] == "while away"
        assert two.rooms[room]["topic"] == "what it is about"


async def test_mute_and_archive_are_told_to_ones_own_devices_only(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room, until = group(ani, budi), soon()
    async with online(server, ani, ani, budi) as (phone, desk, other):
        await phone.call("mute", room=room, until=until)
        await phone.call("archive", room=room, on=True)
        mute = await desk.tells(ev="mute", room=ani.id)
        archive = await desk.tells(ev="archive", room=ani.id)
        assert mute["body"] == {"room": room, "until": until, "archived": False, "no": 0}
        assert archive["body"] == {"room": room, "on": True, "no": 0}
        desk.cut()
        await desk.open()
        assert desk.rooms[room].items() >= {"muted": until, "archived": True}.items()
        await other.call("send", room=room, cid=new_cid(), body="still heard")
        await desk.tells(ev="message", room=room)
        assert not other.told(ev="mute")
        assert not other.told(ev="archive")
        assert room_of(budi, room).items() >= {"muted": 0, "archived": False}.items()


# What an archive is


def test_archived_room_comes_back_with_the_next_message(cast):
    room, me = make_room(cast), cast["member"]
    me.api.call("archive", room=room, on=True)
    cast["owner"].api.call("topic", room=room, topic="a topic is no message")
    assert room_of(me, room)["archived"] is True
    say(cast["owner"], room)
    assert room_of(me, room)["archived"] is False
    listed = {one["id"]: one for one in me.api.call("rooms", limit=200)["rooms"]}
    assert listed[room]["archived"] is False
    me.api.call("archive", room=room, on=True)
    say(me, room)
    assert room_of(me, room)["archived"] is False, "one's own message too"


def test_muted_room_stays_archived_until_a_message_after_the_mute(cast):
    room, me = make_room(cast), cast["member"]
    me.api.call("mute", room=room, until=soon())
    me.api.call("archive", room=room, on=True)
    say(cast["owner"], room)
    assert room_of(me, room)["archived"] is True
    me.api.call("mute", room=room, until=0)
    assert room_of(me, room).items() >= {"muted": 0, "archived": True}.items()
    say(cast["owner"], room)
    assert room_of(me, room)["archived"] is False


def test_mute_that_ran_out_lets_the_next_message_bring_the_room_back(cast):
    room, me = make_room(cast), cast["member"]
    for ahead in (400 << turn for turn in range(6)):
        until = int(time.time() * 1000) + ahead
        me.api.call("archive", room=room, on=True)
        me.api.call("mute", room=room, until=until)
        if say(cast["owner"], room, "while muted")["at"] < until:
            break  # else it ran out before, on a busy machine
    else:
        raise AssertionError(f"no message within {ahead} ms")
    assert room_of(me, room)["archived"] is True
    while (answer := say(cast["owner"], room, "once more"))["at"] < until:
        assert room_of(me, room)["archived"] is True
        time.sleep(0.02)
    assert answer["at"] >= until
    assert room_of(me, room)["archived"] is False


def test_leaving_ends_mute_and_archive(cast):
    room, me = make_room(cast, "public"), cast["member"]
    me.api.call("mute", room=room, until=soon())
    me.api.call("archive", room=room, on=True)
    me.api.call("leave", room=room)
    assert "muted" not in room_of(me, room)
    joined = me.api.call("join", room=room)["room"]
    assert joined.items() >= {"muted": 0, "archived": False}.items()


def test_mutes_at_once_by_ones_own_devices_end_with_the_last_entry(make_server):
    own = make_server(workers=2)
    me, other = own.users("mine", "other")
    room = group(me, other)
    rng = random.Random(7)
    moments = [soon() + rng.randrange(HOUR) for _ in range(24)]
    at_once(*([ask(me, "mute", room=room, until=until)] for until in moments))
    seen = room_of(me, room)["muted"]
    assert own.stop() == 0
    entries = [event for event in read_store(own.data)[me.id] if event.kind == "mute"]
    assert len(entries) == len(set(moments))
    assert entries[-1].body["until"] == seen


# A database of an earlier version


def test_database_of_the_first_schema_is_brought_up_to_date(make_server):
    server = make_server(start=False)
    schema = Path(__file__).resolve().parents[2] / "src/store/sqlite/schema/001_start.sql"
    with sqlite3.connect(server.data / "burung.db") as db:
        db.executescript(schema.read_text())
        db.execute("PRAGMA application_id=0x42757275")
        db.execute("PRAGMA user_version=1")
        rows = [(b"a" * 12, 1, "Pasar ÉCOLE", 1), (b"b" * 12, 2, "Pasar gelap", 1)]
        for id_, kind, label, seq in rows:
            db.execute(
                "INSERT INTO rooms VALUES (?,?,?,lower(?),0,?,0,1,zeroblob(16),0)",
                (id_, kind, label, label, seq),
            )
    db.close()
    server.start()
    ani = server.user("ani")
    assert found(ani, words="école") == found(ani, prefix="PASAR é") == [(b"a" * 12).hex()]
    assert room_of(ani, (b"a" * 12).hex())["topic"] == ""
    assert server.stop() == 0
    with open_database(server.data) as db:
        assert db.execute("SELECT count(*) FROM room_words").fetchone() == (2,)
    db.close()


async def test_refused_change_leaves_the_connection_and_its_order_alone(server, name):
    owner, member = server.users(name("owner"), name("member"))
    room = group(owner, member)
    async with online(server, member) as device:
        asks = [device.ask("rename", room=room, label="no"), device.ask("visibility", room=room)]
        sent = device.ask("send", room=room, cid=new_cid(), body="yes")
        answers = await asyncio.gather(*asks, sent, return_exceptions=True)
        assert [a.code for a in answers[:2] if isinstance(a, Refused)] == [
            "forbidden",
            "bad_request",
        ]
        assert answers[2]["seq"] == 4
