"""Rooms: only members read, send and hear; who may do what; lists in pages."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from burung import new_cid
from burung.scene import direct, group, history, members, online, room_of, say

OK = "ok"
NOBODY = "ff" * 12


@pytest.fixture(scope="module")
def cast(server):
    """Somebody of every standing; `other` is one more member to act upon."""
    names = ("owner", "admin", "member", "other", "stranger", "guest")
    return dict(zip(names, server.users(*names), strict=True))


def make_room(cast, kind):
    """owner, admin, member and other in a group; or owner and member in a direct room."""
    if kind == "direct":
        return direct(cast["owner"], cast["member"])
    people = (cast["admin"], cast["member"], cast["other"])
    room = group(cast["owner"], *people, kind=kind)
    cast["owner"].api.call("role", room=room, user=cast["admin"].id, role="admin")
    return room


def outcome(api, op, **fields):
    answer = api.raw(op, json.dumps(fields).encode()).json()
    return answer["error"]["code"] if "error" in answer else OK


# Operation → its fields for a given cast; then what becomes of it for each kind and standing.
FIELDS = {
    "room": lambda cast: {},
    "history": lambda cast: {},
    "members": lambda cast: {},
    "send": lambda cast: {"cid": new_cid(), "body": "halo"},
    "read": lambda cast: {"seq": 1},
    "typing": lambda cast: {},
    "add": lambda cast: {"user": cast["guest"].id},
    "remove other": lambda cast: {"user": cast["other"].id},
    "remove admin": lambda cast: {"user": cast["admin"].id},
    "remove owner": lambda cast: {"user": cast["owner"].id},
    "role": lambda cast: {"user": cast["other"].id, "role": "admin"},
    "leave": lambda cast: {},
}
MEMBER_MAY = ("room", "history", "members", "send", "read", "typing")

EXPECTED = []
for kind in ("public", "private"):
    refusal = "not_member" if kind == "public" else "not_found"
    for op in FIELDS:
        if op != "leave":
            stranger = OK if (kind, op) == ("public", "room") else refusal
            EXPECTED.append((kind, "stranger", op, stranger))
    for op in MEMBER_MAY:
        EXPECTED += [(kind, who, op, OK) for who in ("member", "admin", "owner")]
    for op in ("add", "remove other", "remove admin", "remove owner", "role"):
        EXPECTED.append((kind, "member", op, "forbidden"))
    EXPECTED += [
        (kind, "admin", "add", OK),
        (kind, "admin", "remove other", OK),
        (kind, "admin", "remove owner", "forbidden"),
        (kind, "admin", "role", "forbidden"),
        (kind, "owner", "add", OK),
        (kind, "owner", "remove other", OK),
        (kind, "owner", "remove admin", OK),
        (kind, "owner", "role", OK),
        (kind, "member", "leave", OK),
        (kind, "admin", "leave", OK),
        (kind, "owner", "leave", OK),
    ]
EXPECTED += [("direct", "stranger", op, "not_found") for op in FIELDS]
EXPECTED += [("direct", "member", op, OK) for op in MEMBER_MAY]
EXPECTED += [("direct", "member", op, "forbidden") for op in ("add", "leave", "remove owner")]
EXPECTED += [("direct", "owner", "role", "forbidden"), ("private", "stranger", "join", "not_found")]
EXPECTED += [("direct", "stranger", "join", "not_found"), ("public", "stranger", "join", OK)]
FIELDS["join"] = lambda cast: {}


@pytest.mark.parametrize(("kind", "who", "op", "expected"), EXPECTED)
def test_who_may_do_what(cast, kind, who, op, expected):
    room = make_room(cast, kind)
    before = room_of(cast["owner"], room)["seq"]
    fields = FIELDS[op](cast)
    if op == "role" and kind == "direct":
        fields["user"] = cast["member"].id
    assert outcome(cast[who].api, op.split()[0], room=room, **fields) == expected
    if expected != OK:
        assert room_of(cast["owner"], room)["seq"] == before, "refused, and yet something changed"


@pytest.mark.parametrize("op", list(FIELDS))
def test_room_that_does_not_exist_is_not_found(cast, op):
    fields = FIELDS[op](cast)
    assert outcome(cast["owner"].api, op.split()[0], room=NOBODY, **fields) == "not_found"


@pytest.mark.parametrize("op", ["send", "history", "add", "leave", "join", "role", "remove other"])
def test_self_room_is_written_by_no_client_and_unknown_to_others(cast, op):
    me = cast["owner"]
    if op != "history":
        assert outcome(me.api, op.split()[0], room=me.id, **FIELDS[op](cast)) != OK
    assert outcome(me.api, op.split()[0], room=cast["admin"].id, **FIELDS[op](cast)) == "not_found"


def test_creator_owns_the_room_and_its_log_begins_with_create(cast):
    owner = cast["owner"]
    label = "Pasar & “kaki lima”"
    answer = owner.api.call("room_create", kind="private", label=label, members=[cast["member"].id])
    room = answer["room"]
    assert (room["kind"], room["label"], room["role"]) == ("private", label, "owner")
    assert (room["members"], room["no"], room["last"]) == (2, 0, None)
    events = history(owner, room["id"])
    assert [event["ev"] for event in events] == ["create", "join", "join"]
    assert events[0]["body"] == {"kind": "private", "label": label}
    assert events[1]["body"]["user"] == owner.id
    assert events[2]["body"]["user"] == cast["member"].id
    assert events[2]["from"] == owner.id
    assert members(owner, room["id"]) == {owner.id: "owner", cast["member"].id: "member"}


def test_room_create_repeated_with_the_same_cid_is_the_same_room(cast):
    api, cid = cast["owner"].api, new_cid()
    first = api.call("room_create", kind="public", label="satu", cid=cid)["room"]
    again = api.call("room_create", kind="public", label="satu", cid=cid)["room"]
    assert first["id"] == again["id"]
    assert len(history(cast["owner"], first["id"])) == 2


def test_room_create_refuses_unknown_members(cast):
    refused = cast["owner"].api.refusal("room_create", kind="public", label="x", members=[NOBODY])
    assert refused.code == "not_found"


def test_direct_room_is_the_same_from_both_sides(cast):
    owner, guest = cast["owner"], cast["guest"]
    room = owner.api.call("direct", user=guest.id)["room"]
    assert room["kind"] == "direct"
    assert room["label"] == ""
    assert room["peer"]["id"] == guest.id
    other_side = guest.api.call("direct", user=owner.id)["room"]
    assert other_side["id"] == room["id"]
    assert other_side["peer"]["id"] == owner.id


def test_direct_room_opened_at_once_by_both_is_one_room(server, name):
    with ThreadPoolExecutor(12) as pool:
        for turn in range(8):
            ani, budi = server.users(name(f"ani{turn}"), name(f"budi{turn}"))
            pairs = [(ani, budi), (budi, ani)] * 6
            rooms = set(pool.map(lambda pair: direct(*pair), pairs))
            assert len(rooms) == 1
            kinds = [event["ev"] for event in history(ani, rooms.pop())]
            assert kinds == ["create", "join", "join"]


def test_direct_room_with_nobody_is_not_found(cast):
    assert cast["owner"].api.refusal("direct", user=NOBODY).code == "not_found"


def test_joining_twice_changes_nothing(cast):
    room = group(cast["owner"], kind="public")
    for _ in range(3):
        answer = cast["guest"].api.call("join", room=room)["room"]
        assert answer["role"] == "member"
    events = history(cast["guest"], room)
    assert [event["ev"] for event in events] == ["create", "join", "join"]
    assert members(cast["guest"], room)[cast["guest"].id] == "member"


def test_adding_a_member_and_removing_nobody_change_nothing(cast):
    room = group(cast["owner"], cast["member"])
    seq = room_of(cast["owner"], room)["seq"]
    cast["owner"].api.call("add", room=room, user=cast["member"].id)
    cast["owner"].api.call("remove", room=room, user=cast["stranger"].id)
    assert room_of(cast["owner"], room)["seq"] == seq


def test_new_member_reads_all_history(cast):
    room = group(cast["owner"])
    say(cast["owner"], room, "before you came")
    cast["owner"].api.call("add", room=room, user=cast["guest"].id)
    assert "before you came" in [event["body"] for event in history(cast["guest"], room)]


def test_removed_member_has_no_access_and_may_come_back(cast):
    owner, member = cast["owner"], cast["member"]
    room = group(owner, member)
    owner.api.call("remove", room=room, user=member.id)
    for op in ("room", "history", "members", "send", "read", "typing"):
        assert outcome(member.api, op, room=room, **FIELDS[op](cast)) == "not_found"
    owner.api.call("add", room=room, user=member.id)
    say(member, room)
    kinds = [event["ev"] for event in history(member, room)]
    assert kinds == ["create", "join", "join", "leave", "join", "message"]


def test_owner_leaving_hands_over_to_the_oldest_admin(cast):
    owner, member, other, guest = (cast[who] for who in ("owner", "member", "other", "guest"))
    room = group(owner, member, other, guest)
    for admin in (guest, other):
        owner.api.call("role", room=room, user=admin.id, role="admin")
    owner.api.call("leave", room=room)
    assert members(member, room) == {other.id: "owner", member.id: "member", guest.id: "admin"}
    leave = history(member, room)[-1]
    assert (leave["ev"], leave["body"]["user"]) == ("leave", owner.id)
    assert leave["body"]["heir"] == other.id


def test_owner_leaving_without_admins_hands_over_to_the_oldest_member(cast):
    owner, member, other = cast["owner"], cast["member"], cast["other"]
    room = group(owner, other, member)
    owner.api.call("leave", room=room)
    assert members(member, room) == {other.id: "owner", member.id: "member"}


def test_last_member_can_leave(cast):
    room = group(cast["owner"])
    cast["owner"].api.call("leave", room=room)
    assert outcome(cast["owner"].api, "room", room=room) == "not_found"


def test_ownership_is_handed_over_by_role(cast):
    owner, member = cast["owner"], cast["member"]
    room = group(owner, member)
    owner.api.call("role", room=room, user=member.id, role="owner")
    assert members(owner, room) == {owner.id: "admin", member.id: "owner"}
    assert owner.api.refusal("role", room=room, user=owner.id, role="owner").code == "forbidden"
    assert owner.api.refusal("remove", room=room, user=member.id).code == "forbidden"


def test_admin_removes_members_but_not_admins(cast):
    room = make_room(cast, "private")
    admin, other = cast["admin"], cast["other"]
    cast["owner"].api.call("role", room=room, user=other.id, role="admin")
    assert admin.api.refusal("remove", room=room, user=other.id).code == "forbidden"
    cast["owner"].api.call("role", room=room, user=other.id, role="member")
    admin.api.call("remove", room=room, user=other.id)
    assert other.id not in members(admin, room)


def test_stranger_does_not_see_private_rooms_in_any_list(cast):
    private = group(cast["owner"], label="zz hidden")
    public = group(cast["owner"], kind="public", label="zz shown")
    found = [room["id"] for room in cast["stranger"].api.call("groups", prefix="zz")["rooms"]]
    assert public in found
    assert private not in found
    mine = [room["id"] for room in cast["stranger"].api.call("rooms", limit=200)["rooms"]]
    assert private not in mine
    assert public not in mine


def pages(api, op, key, **fields):
    """All pages of a list; each full but the last."""
    found, more = [], {}
    while True:
        page = api.call(op, **fields, **more)
        found.append(page[key])
        if "next" not in page:
            assert all(len(one) == fields["limit"] for one in found[:-1])
            return [entry for one in found for entry in one]
        more = {"next": page["next"]}
        assert len(found) < 100, "pages without end"


def test_people_by_prefix_in_pages(server):
    asker = server.user("asker")
    names = [f"pp.{i:02}" for i in range(23)]
    server.users(*reversed(names))
    server.user("pq.not-me")
    for limit in (1, 7, 23, 200):
        found = pages(asker.api, "people", "users", prefix="pp.", limit=limit)
        assert [user["name"] for user in found] == names
    assert pages(asker.api, "people", "users", prefix="PP.1", limit=200) != []
    assert asker.api.call("people", prefix="nobody-like-this")["users"] == []


def test_groups_by_prefix_in_pages(cast):
    api = cast["owner"].api
    labels = [f"Kelompok {i:02}" for i in range(23)] + ["kelompok 23"]
    ids = {
        api.call("room_create", kind="public", label=label)["room"]["id"]: label
        for label in reversed(labels)
    }
    for limit in (1, 7, 24, 200):
        found = pages(cast["stranger"].api, "groups", "rooms", prefix="kelompok", limit=limit)
        assert [room["label"] for room in found] == labels
        assert {room["id"] for room in found} == set(ids)
        assert all("role" not in room for room in found)


def test_groups_with_equal_labels_are_all_listed(cast):
    rooms = {group(cast["owner"], kind="public", label="sama saja") for _ in range(5)}
    found = pages(cast["stranger"].api, "groups", "rooms", prefix="sama", limit=2)
    assert {room["id"] for room in found} == rooms
    assert len(found) == 5


def test_members_in_pages_oldest_first(server, name):
    owner = server.user(name("owner"))
    people = server.users(*(name(f"m{i:02}") for i in range(12)))
    room = group(owner, *people)
    found = pages(owner.api, "members", "members", room=room, limit=5)
    assert [member["user"]["id"] for member in found] == [who.id for who in (owner, *people)]


def test_my_rooms_by_last_activity_in_pages(server, name):
    me = server.user(name("me"))
    rooms = [group(me, label=f"r{i}") for i in range(9)]
    for room in (rooms[3], rooms[0], rooms[7]):
        say(me, room)
    found = [room["id"] for room in pages(me.api, "rooms", "rooms", limit=4)]
    assert found[:3] == [rooms[7], rooms[0], rooms[3]]
    assert sorted(found) == sorted(rooms)


def test_public_group_lists_no_content_to_strangers(cast):
    room = group(cast["owner"], kind="public")
    say(cast["owner"], room, "only for members")
    seen = cast["stranger"].api.call("room", room=room)["room"]
    assert "role" not in seen
    assert "only for members" not in str(seen)
    listed = cast["stranger"].api.call("groups", limit=200)
    assert "only for members" not in str(listed)


async def test_only_members_hear(server, name):
    owner, member, stranger = server.users(name("owner"), name("member"), name("strange"))
    room = group(owner, member, kind="public")
    open_room = group(owner, stranger)
    async with online(server, owner, member, stranger) as (one, two, three):
        await one.call("send", room=room, cid=new_cid(), body="for members")
        await one.call("send", room=open_room, cid=new_cid(), body="for you")
        await two.tells(ev="message", room=room, body="for members")
        await three.tells(ev="message", room=open_room, body="for you")
        assert not three.told(room=room)


async def test_removed_device_hears_leave_and_removed_and_then_nothing(server, name):
    owner, member = server.users(name("owner"), name("member"))
    room, still = group(owner, member), group(owner, member)
    async with online(server, owner, member) as (one, two):
        await one.call("remove", room=room, user=member.id)
        await one.call("send", room=room, cid=new_cid(), body="behind your back")
        await one.call("send", room=still, cid=new_cid(), body="to your face")
        await two.tells(ev="message", body="to your face")
        removed = await two.tells(ev="removed", room=member.id)
        assert removed["body"]["room"] == room
        assert not two.told(ev="message", room=room)
        assert two.told(ev="leave", room=room)[0]["body"]["user"] == member.id


async def test_added_device_hears_the_room_from_its_join_on(server, name):
    owner, member = server.users(name("owner"), name("member"))
    room = group(owner)
    say(owner, room, "early")
    async with online(server, owner, member) as (one, two):
        await one.call("add", room=room, user=member.id)
        await one.call("send", room=room, cid=new_cid(), body="welcome")
        added = await two.tells(ev="added", room=member.id)
        await two.tells(ev="message", room=room, body="welcome")
        assert [frame["ev"] for frame in two.told(room=room)] == ["join", "message"]
        assert added["body"] == {"room": room, "seq": two.told(ev="join")[0]["seq"]}


async def test_hello_lists_the_rooms_and_forgets_those_left(server, name):
    owner, member = server.users(name("owner"), name("member"))
    kept, left = group(owner, member), group(owner, member)
    async with online(server, member) as device:
        assert set(device.rooms) == {kept, left}
        device.cut()
        owner.api.call("remove", room=left, user=member.id)
        await device.open()
        assert set(device.rooms) == {kept}
        assert device.rooms[kept]["role"] == "member"


async def test_hello_pages_many_rooms(server, name):
    me = server.user(name("me"))
    rooms = [group(me, label=f"r{i}") for i in range(205)]
    async with online(server, me) as device:
        assert set(device.rooms) == set(rooms)
        first = device.told(re=1)[0]
        assert len(first["rooms"]) == 200
        assert first["more"] is True
        rest = [frame for frame in device.signals if frame["sig"] == "rooms"]
        assert sum(len(frame["rooms"]) for frame in rest) == 5
        assert rest[-1]["more"] is False


async def test_join_shows_at_once_on_ones_other_devices(server, name):
    owner, me = server.users(name("owner"), name("me"))
    room = group(owner, kind="public")
    async with online(server, me, me) as (phone, desk):
        await phone.call("join", room=room)
        await desk.tells(ev="added")
        await asyncio.gather(
            desk.tells(ev="join", room=room),
            phone.tells(ev="join", room=room),
        )
