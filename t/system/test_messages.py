"""Messages: stored once, in order, as they were sent; pages of history; cursors."""

import asyncio

import pytest
from burung import Client, Refused, Server, new_cid
from burung.scene import (
    group,
    history,
    locked_store,
    online,
    open_elsewhere,
    room_of,
    say,
    say_many,
)


@pytest.fixture(scope="module")
def ani(server):
    return server.user("ani")


@pytest.fixture(scope="module")
def budi(server):
    return server.user("budi")


@pytest.fixture
def room(ani, budi):
    return group(ani, budi)


TEXTS = [
    "halo",
    " spaces kept ",
    'line\nbreak\tand "quotes" \\ / <b>&amp;</b>',
    "🐦 Burung Chat — ñ 漢字 \u202e",
    "a\x01\x1f\x7fb",
    "\u2028\u2029\ufeff\U0010ffff",
    "a" * 16384,
    "é" * 8192,
]


@pytest.mark.parametrize("body", TEXTS, ids=range(len(TEXTS)))
async def test_text_arrives_as_it_was_sent(server, ani, budi, room, body):
    async with online(server, ani, budi) as (one, two):
        answer = await one.call("send", room=room, cid=new_cid(), body=body)
        heard = await two.tells(ev="message", room=room)
        assert heard["body"] == body
        assert (heard["seq"], heard["no"], heard["at"]) == tuple(
            answer[key] for key in ("seq", "no", "at")
        )
    assert history(budi, room)[-1]["body"] == body


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "bad_request"),
        (" \n\t ", "bad_request"),
        ("nul \x00 inside", "bad_request"),
        ("a" * 16385, "too_large"),
        ("é" * 8193, "too_large"),
    ],
    ids=["empty", "blank", "nul", "long", "long in bytes"],
)
def test_text_that_is_refused(ani, room, body, code):
    assert ani.api.refusal("send", room=room, cid=new_cid(), body=body).code == code
    assert len(history(ani, room)) == 3


def test_live_event_and_history_are_the_same(server, ani, budi, room):
    async def both():
        async with online(server, ani, budi) as (one, two):
            first = await one.call("send", room=room, cid=new_cid(), body="first")
            await two.call("send", room=room, cid=new_cid(), body="reply", reply=first["seq"])
            await one.tells(ev="message", body="reply")
            return one.told(ev="message", room=room)

    heard = asyncio.run(both())
    assert heard == history(ani, room)[3:]
    assert heard[1]["reply"] == heard[0]["seq"]


@pytest.mark.parametrize("reply", [999, 1])
def test_reply_must_name_a_message_of_the_room(ani, room, reply):
    refused = ani.api.refusal("send", room=room, cid=new_cid(), body="re", reply=reply)
    assert refused.code in ("bad_request", "not_found")


def test_same_cid_is_stored_once_and_answered_alike(ani, budi, room):
    cid = new_cid()
    first = say(ani, room, "once", cid=cid)
    say(budi, room, "between")
    for _ in range(3):
        assert say(ani, room, "once", cid=cid) == first
    assert [event["body"] for event in history(ani, room)[3:]] == ["once", "between"]


def test_same_cid_with_another_body_is_a_conflict(ani, room):
    cid = new_cid()
    say(ani, room, "once", cid=cid)
    assert ani.api.refusal("send", room=room, cid=cid, body="twice").code == "conflict"
    assert [event["body"] for event in history(ani, room)[3:]] == ["once"]


def test_same_cid_of_two_senders_and_of_two_rooms_are_different_messages(ani, budi, room):
    cid, elsewhere = new_cid(), group(ani)
    first = say(ani, room, "ani's", cid=cid)
    assert say(budi, room, "budi's", cid=cid)["seq"] == first["seq"] + 1
    assert say(ani, elsewhere, "other room", cid=cid)["no"] == 1


async def test_same_cid_at_once_on_two_workers_is_stored_once(server, ani, budi, room):
    async with online(server, ani) as one:
        two = type(one)(server.port, ani)
        try:
            await open_elsewhere(server, two, than=server.worker_of(one.local_port))
            for turn in range(30):
                cid = new_cid()
                asks = [
                    device.ask("send", room=room, cid=cid, body=f"turn {turn}")
                    for device in (one, two, one, two)
                ]
                answers = await asyncio.gather(*asks)
                assert len({(a["seq"], a["no"], a["at"]) for a in answers}) == 1
        finally:
            await two.close()
    assert len(history(ani, room)) == 33


def test_batch_of_fifty_is_stored_in_order(ani, room):
    batch = [{"cid": new_cid(), "body": f"n {i}"} for i in range(50)]
    results = ani.api.call("send", room=room, messages=batch)["results"]
    assert [result["cid"] for result in results] == [message["cid"] for message in batch]
    assert [result["seq"] for result in results] == list(range(4, 54))
    assert [result["no"] for result in results] == list(range(1, 51))
    assert [event["body"] for event in history(ani, room)[3:]] == [m["body"] for m in batch]


def test_batch_sent_again_gets_the_first_answer(ani, room):
    batch = [{"cid": new_cid(), "body": f"n {i}"} for i in range(5)]
    first = ani.api.call("send", room=room, messages=batch)
    assert ani.api.call("send", room=room, messages=batch) == first
    assert len(history(ani, room)) == 8


def test_batch_partly_stored_before_adds_the_rest_in_order(ani, room):
    batch = [{"cid": new_cid(), "body": f"n {i}"} for i in range(6)]
    ani.api.call("send", room=room, messages=batch[:3])
    ani.api.call("send", room=room, messages=batch)
    assert [event["body"] for event in history(ani, room)[3:]] == [m["body"] for m in batch]


@pytest.mark.parametrize("count", [0, 51])
def test_batch_of_none_or_too_many_is_refused(ani, room, count):
    batch = [{"cid": new_cid(), "body": "x"} for _ in range(count)]
    refused = ani.api.refusal("send", room=room, messages=batch)
    assert refused.code in ("bad_request", "too_large")


def test_batch_with_one_bad_message_stores_none(ani, room):
    batch = [{"cid": new_cid(), "body": "x"} for _ in range(5)]
    batch[3]["body"] = ""
    assert ani.api.refusal("send", room=room, messages=batch).code == "bad_request"
    taken = new_cid()
    say(ani, room, "taken", cid=taken)
    batch[3] = {"cid": taken, "body": "other body"}
    assert ani.api.refusal("send", room=room, messages=batch).code == "conflict"
    assert [event["body"] for event in history(ani, room)[3:]] == ["taken"]


async def test_hundreds_of_pipelined_sends_keep_their_order(server, ani, budi, room):
    async with online(server, ani, budi) as (one, two):
        asks = [one.ask("send", room=room, cid=new_cid(), body=str(i)) for i in range(400)]
        answers = await asyncio.gather(*asks)
        assert [answer["no"] for answer in answers] == list(range(1, 401))
        await two.until(lambda: len(two.told(ev="message", room=room)) == 400)
        assert [frame["body"] for frame in two.told(ev="message")] == [str(i) for i in range(400)]


async def test_refused_send_holds_back_the_later_ones_until_it_comes_again(server, ani, room):
    async with online(server, ani) as device:
        messages = [{"room": room, "cid": new_cid(), "body": str(i)} for i in range(3)]
        with locked_store(server):
            asks = [device.ask("send", **message) for message in messages]
            for result in await asyncio.gather(*asks, return_exceptions=True):
                assert isinstance(result, Refused)
                assert result.code == "busy"
                assert result.retry_ms > 0
        for later in messages[1:]:
            assert (await device.refusal("send", **later)).code == "busy"
        for message in messages:
            await retry(device, message)
    assert [event["body"] for event in history(ani, room)[3:]] == ["0", "1", "2"]


async def test_devices_are_told_when_the_store_is_away_and_when_it_is_back(server, ani, room):
    async with online(server, ani) as device:
        with locked_store(server):
            await device.refusal("send", room=room, cid=new_cid(), body="x")
            await device.tells(sig="store", ok=False)
        # Told by itself, without another attempt.
        await device.tells(sig="store", ok=True)


async def test_device_that_comes_while_the_store_is_away_is_told():
    with Server(workers=1) as server:
        ani = server.user("ani")
        room = group(ani)
        async with online(server, ani) as first:
            with locked_store(server):
                await first.refusal("send", room=room, cid=new_cid(), body="x")
                await first.tells(sig="store", ok=False)
                # Nobody writes meanwhile: it is hello that tells.
                later = Client(server.port, ani)
                await later.open()
                await later.tells(sig="store", ok=False)
            await later.tells(sig="store", ok=True)
            await later.close()


async def after_a_drop(server, ani, room) -> list[str]:
    """What is stored of two messages that were answered busy, of which the first is given up."""
    async with online(server, ani) as device:
        messages = [{"room": room, "cid": new_cid(), "body": str(i)} for i in range(2)]
        with locked_store(server):
            asks = [device.ask("send", **message) for message in messages]
            results = await asyncio.gather(*asks, return_exceptions=True)
            assert [result.code for result in results] == ["busy", "busy"]
        await device.call("drop", room=room, cid=messages[0]["cid"])
        await retry(device, messages[1])
    return [event["body"] for event in history(ani, room)[3:]]


async def test_dropped_send_lets_the_later_ones_pass(server, ani, room):
    assert await after_a_drop(server, ani, room) == ["1"]


async def test_refused_send_holds_back_neither_other_rooms_nor_other_devices(
    server, ani, budi, room
):
    elsewhere = group(ani)
    async with online(server, ani, budi) as (device, other):
        with locked_store(server):
            assert (await device.refusal("send", room=room, cid=new_cid(), body="x")).code == "busy"
        await retry(device, {"room": elsewhere, "cid": new_cid(), "body": "other room"})
        await retry(other, {"room": room, "cid": new_cid(), "body": "other device"})
        # Only now: nothing but the rule may hold this back.
        refused = await device.refusal("send", room=room, cid=new_cid(), body="y")
        assert refused.code == "busy"


async def retry(device, message):
    """Sends until accepted, as the answers ask for."""
    for _ in range(100):
        try:
            return await device.call("send", **message)
        except Refused as refused:
            if refused.code != "busy":
                raise
            await asyncio.sleep((refused.retry_ms or 50) / 1000)
    raise AssertionError("busy for ever")


# Pages of history


@pytest.fixture(scope="module")
def long_room(ani, budi):
    """3 events of the beginning and 120 messages: seq 1 to 123."""
    room = group(ani, budi, label="long")
    say_many(ani, room, 120, "m")
    return room


def seqs(page):
    return [event["seq"] for event in page["events"]]


@pytest.mark.parametrize(
    ("fields", "expected", "first", "last"),
    [
        ({}, range(74, 124), False, True),
        ({"limit": 200}, range(1, 124), True, True),
        ({"limit": 1}, [123], False, True),
        ({"before": 124, "limit": 3}, [121, 122, 123], False, True),
        ({"before": 11, "limit": 5}, [6, 7, 8, 9, 10], False, False),
        ({"before": 6, "limit": 5}, [1, 2, 3, 4, 5], True, False),
        ({"before": 4, "limit": 50}, [1, 2, 3], True, False),
        ({"before": 1}, [], True, False),
        ({"after": 0, "limit": 2}, [1, 2], True, False),
        ({"after": 100, "limit": 5}, range(101, 106), False, False),
        ({"after": 118, "limit": 5}, range(119, 124), False, True),
        ({"after": 121}, [122, 123], False, True),
        ({"after": 123}, [], False, True),
    ],
)
def test_page_of_history(budi, long_room, fields, expected, first, last):
    page = budi.api.call("history", room=long_room, **fields)
    assert seqs(page) == list(expected)
    assert (page["first"], page["last"]) == (first, last)


def test_page_around_an_event_holds_it_and_both_sides(budi, long_room):
    page = budi.api.call("history", room=long_room, around=60, limit=20)
    got = seqs(page)
    assert len(got) == 20
    assert got == list(range(got[0], got[0] + 20))
    assert got[0] < 60 < got[-1]
    assert (page["first"], page["last"]) == (False, False)
    assert seqs(budi.api.call("history", room=long_room, around=1, limit=10))[0] == 1
    assert seqs(budi.api.call("history", room=long_room, around=123, limit=10))[-1] == 123


def test_page_names_the_people_in_it(ani, budi, long_room):
    users = budi.api.call("history", room=long_room, limit=5)["users"]
    assert {"ani"} <= {user["name"] for user in users}
    assert all(user.keys() >= {"id", "name", "display"} for user in users)


@pytest.mark.parametrize(
    "fields",
    [{"limit": 0}, {"limit": 201}, {"before": -1}, {"after": -1}, {"before": 5, "after": 1}],
)
def test_page_that_cannot_be_is_refused(budi, long_room, fields):
    assert budi.api.refusal("history", room=long_room, **fields).code == "bad_request"


# Cursors


def unread(who, room):
    seen = room_of(who, room)
    return seen["no"] - seen["read_no"]


def test_unread_counts_messages_behind_the_cursor(ani, budi, room):
    say_many(ani, room, 7)
    assert unread(budi, room) == 7
    budi.api.call("read", room=room, seq=room_of(budi, room)["seq"] - 2)
    assert unread(budi, room) == 2
    budi.api.call("read", room=room, seq=room_of(budi, room)["seq"])
    assert unread(budi, room) == 0


def test_cursor_never_moves_back_nor_past_the_end(ani, budi, room):
    say_many(ani, room, 5)
    head = room_of(budi, room)["seq"]
    budi.api.call("read", room=room, seq=head)
    budi.api.call("read", room=room, seq=1)
    assert room_of(budi, room)["read_seq"] == head
    try:
        budi.api.call("read", room=room, seq=head + 100)
    except Refused as refused:
        assert refused.code == "bad_request"
    say(ani, room, "new")
    assert unread(budi, room) == 1


def test_sending_moves_ones_own_cursor(ani, budi, room):
    say_many(ani, room, 3)
    assert unread(budi, room) == 3
    say(budi, room, "I have seen it")
    assert unread(budi, room) == 0
    assert unread(ani, room) == 1


async def test_cursor_moves_on_ones_other_devices(server, ani, budi, room):
    say_many(ani, room, 4)
    async with online(server, budi, budi, ani) as (phone, desk, other):
        head = phone.rooms[room]
        assert head["no"] - head["read_no"] == 4
        await phone.call("read", room=room, seq=head["seq"])
        told = await desk.tells(ev="read", room=budi.id)
        assert told["body"] == {"room": room, "seq": head["seq"], "no": 4}
        await other.call("ping")
        assert not other.told(ev="read")
    async with online(server, budi) as later:
        assert later.rooms[room]["read_no"] == 4


def test_last_message_is_shown_in_the_room_whatever_happened_since(ani, budi, room):
    assert room_of(ani, room)["last"] is None
    say(ani, room, "the last word")
    ani.api.call("role", room=room, user=budi.id, role="admin")
    seen = room_of(ani, room)
    assert seen["last"] == history(ani, room)[-2]
    assert seen["last"]["body"] == "the last word"
    assert seen["seq"] == seen["last"]["seq"] + 1
