"""How one is called, and an account that is given up."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from burung.scene import online, say
from burung.server import PASSWORD


def group(owner, *others, kind="private"):
    ids = [one.id for one in others]
    return owner.api.call("room_create", kind=kind, label="group", members=ids)["room"]["id"]


def direct(one, other):
    return one.api.call("direct", user=other.id)["room"]


async def test_display_name_reaches_those_who_share_a_room_and_the_own_devices(server, name):
    ani, budi, cici, dodi = server.users(name("ani"), name("budi"), name("cici"), name("dodi"))
    group(ani, budi)
    direct(ani, cici)
    async with (
        online(server, ani) as mine,
        online(server, budi) as in_group,
        online(server, cici) as in_direct,
        online(server, dodi) as stranger,
    ):
        answer = await mine.call("profile", display="Ani 🐦 Wijaya")
        assert answer["user"]["display"] == "Ani 🐦 Wijaya"
        for told in (mine, in_group, in_direct):
            signal = await told.tells(sig="user")
            assert signal["user"]["id"] == ani.id
            assert signal["user"]["display"] == "Ani 🐦 Wijaya"
        await stranger.call("ping")
        assert not stranger.told(sig="user")
        (user,) = (await stranger.call("users", ids=[ani.id]))["users"]
        assert user["display"] == "Ani 🐦 Wijaya"
        found = await stranger.call("people", prefix="ani 🐦")
        assert ani.id in {one["id"] for one in found["users"]}


def test_empty_display_name_shows_the_name_again(server, name):
    ani = server.user(name("ani"), display="Somebody")
    assert ani.api.call("profile", display="")["user"]["display"] == ani.name
    assert ani.api.call("me")["user"]["display"] == ani.name


@pytest.mark.parametrize("good", ["x", "é" * 64, "🐦" * 64, "a b  c", "<b>&amp;"])
def test_display_name_that_is_allowed(server, name, good):
    ani = server.user(name("ani"))
    assert ani.api.call("profile", display=good)["user"]["display"] == good


@pytest.mark.parametrize("bad", ["é" * 65, "   ", "a\nb", "a\x00b", 7, None, ["x"]], ids=range(7))
def test_display_name_that_is_refused(server, name, bad):
    ani = server.user(name("ani"), display="before")
    assert ani.api.refusal("profile", display=bad).code == "bad_request"
    assert ani.api.call("me")["user"]["display"] == "before"


# Giving up


async def test_deleted_account_leaves_groups_and_its_rooms_stay_readable(server, name):
    server.user("first")
    ani, budi, cici = server.users(name("ani"), name("budi"), name("cici"))
    room = group(ani, budi, cici)
    pair = direct(ani, cici)["id"]
    say(ani, room, "I was here")
    say(ani, pair, "and here")
    async with online(server, ani) as mine, online(server, cici) as other:
        await mine.call("account_delete", password=PASSWORD)
        assert (await mine.closed())[0] == 4401
        left = await other.tells(ev="leave", room=room)
        assert left["body"] == {"user": ani.id, "heir": budi.id}
        signal = await other.tells(sig="user")
        assert signal["user"]["id"] == ani.id
        assert signal["user"]["gone"] is True
    assert ani.api.refusal("me").code == "unauthorized"
    for where, text in ((room, "I was here"), (pair, "and here")):
        page = cici.api.call("history", room=where)
        (message,) = [event for event in page["events"] if event["ev"] == "message"]
        assert (message["from"], message["body"]) == (ani.id, text)
    (user,) = cici.api.call("users", ids=[ani.id])["users"]
    assert user["gone"] is True
    assert ani.name not in json.dumps(user)
    assert cici.api.call("room", room=pair)["room"]["peer"]["gone"] is True
    assert ani.id not in {one["id"] for one in cici.api.call("people", prefix=ani.name)["users"]}
    assert budi.api.call("room", room=room)["room"]["role"] == "owner"


def test_name_of_a_deleted_account_is_free_for_somebody_else(server, name):
    server.user("first")
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(ani, budi)
    ani.api.call("account_delete", password=PASSWORD)
    nobody = server.api()
    assert nobody.refusal("login", name=ani.name, password=PASSWORD).code == "unauthorized"
    again = nobody.call("register", name=ani.name, password=PASSWORD, token=True)
    assert again["user"]["id"] != ani.id
    assert server.api(again["token"]).refusal("history", room=room).code == "not_found"


def test_deleted_account_cannot_be_added_nor_written_to_anew(server, name):
    server.user("first")
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(budi)
    ani.api.call("account_delete", password=PASSWORD)
    assert budi.api.refusal("add", room=room, user=ani.id).code == "not_found"
    assert budi.api.refusal("direct", user=ani.id).code == "not_found"
    fields = {"kind": "private", "label": "x", "members": [ani.id]}
    assert budi.api.refusal("room_create", **fields).code == "not_found"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"password": "not the password"}, "unauthorized"),
        ({}, "bad_request"),
        ({"password": 7}, "bad_request"),
        ({"password": ""}, "bad_request"),
    ],
    ids=range(4),
)
def test_deletion_without_the_password_is_refused(server, name, fields, code):
    server.user("first")
    ani = server.user(name("ani"))
    assert ani.api.refusal("account_delete", **fields).code == code
    assert ani.api.call("me")["user"]["id"] == ani.id


def test_account_is_deleted_once_when_asked_twice_at_once(server, name):
    server.user("first")
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(budi, ani)
    body = json.dumps({"password": PASSWORD}).encode()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: ani.api.raw("account_delete", body).json(), range(3)))
    codes = [answer["error"]["code"] for answer in answers if "error" in answer]
    assert len(codes) == 2, answers
    assert set(codes) <= {"not_found", "unauthorized"}
    page = budi.api.call("history", room=room)
    assert [event["ev"] for event in page["events"]].count("leave") == 1


def test_only_administrator_cannot_give_up(make_server):
    server = make_server()
    first = server.user("first")
    assert first.api.refusal("account_delete", password=PASSWORD).code == "forbidden"
    assert first.api.call("me")["user"]["admin"] is True


async def test_deletion_while_writing_leaves_no_message_behind_the_leave(server, name):
    server.user("first")
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(budi, ani)
    async with online(server, ani, window=20) as mine:
        for i in range(300):
            mine.post(room, f"message {i}")
        await asyncio.to_thread(ani.api.call, "account_delete", password=PASSWORD)
        await mine.closed()
    events = budi.api.call("history", room=room, limit=200)["events"]
    (leave,) = [event["seq"] for event in events if event["ev"] == "leave"]
    assert not [e for e in events if e["seq"] > leave and e["from"] == ani.id]
