"""Who is online and who is typing: told to those whom it concerns, and forgotten in time."""

import asyncio
import signal
import time

import pytest
from burung import Client, new_cid
from burung.scene import direct, group, online, open_elsewhere
from burung.server import send_signal


def told_presence(client, user, state):
    return [
        frame
        for frame in client.signals
        if frame["sig"] == "presence" and frame["user"] == user and frame["online"] is state
    ]


async def until_told(client, user, state, timeout=15):
    what = f"presence of {user}: {state}"
    found = await client.until(lambda: told_presence(client, user, state), what, timeout)
    return found[-1]


async def state_of(client, user):
    [state] = (await client.call("presence", users=[user]))["users"]
    assert state["id"] == user
    return state


async def until_state(client, user, online_, timeout=15):
    until = time.monotonic() + timeout
    while (state := await state_of(client, user))["online"] is not online_:
        assert time.monotonic() < until, f"{user} is not {online_} after {timeout} s"
    return state


async def test_coming_and_going_is_told_with_last_seen(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    direct(ani, budi)
    async with online(server, ani) as one:
        assert (await state_of(one, budi.id))["online"] is False
        async with online(server, budi) as two:
            await until_told(one, budi.id, True)
            assert (await until_state(one, budi.id, True))["online"] is True
            assert (await until_state(two, ani.id, True))["online"] is True
        gone = await until_told(one, budi.id, False)
        assert abs(gone["last_seen"] - time.time() * 1000) < 60_000
        # The store hears of it a little later.
        until = time.monotonic() + 15
        while (state := await state_of(one, budi.id))["last_seen"] < gone["last_seen"] - 60_000:
            assert time.monotonic() < until, state
            await asyncio.sleep(0.05)
        assert state["online"] is False


async def test_presence_is_known_across_workers(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    group(ani, budi)
    async with online(server, ani) as one:
        two = Client(server.port, budi)
        await open_elsewhere(server, two, than=server.worker_of(one.local_port))
        await until_told(one, budi.id, True)
        await until_state(one, budi.id, True)
        await until_state(two, ani.id, True)
        await two.close()
        await until_told(one, budi.id, False)


@pytest.mark.parametrize("stays", ["here", "elsewhere"])
async def test_person_stays_online_while_one_device_is_left(server, name, stays):
    """Everybody does for some seconds: it is over when somebody is offline who left later."""
    ani, budi, cici = server.users(name("ani"), name("budi"), name("cici"))
    direct(ani, budi)
    direct(ani, cici)
    async with online(server, ani) as one:
        here = server.worker_of(one.local_port)
        phone, desk = Client(server.port, budi), Client(server.port, budi)
        third = Client(server.port, cici)
        near, far = (desk, phone) if stays == "here" else (phone, desk)
        there = await open_elsewhere(server, far, than=here)
        await open_elsewhere(server, near, than=there)
        # Where the phone is, so that both are looked at together.
        await open_elsewhere(server, third, than=server.worker_of(desk.local_port))
        await until_state(one, budi.id, True)
        await until_told(one, cici.id, True)
        await phone.close()
        await third.close()
        await until_told(one, cici.id, False)
        assert (await state_of(one, budi.id))["online"] is True
        assert not told_presence(one, budi.id, False)
        await desk.close()
        await until_state(one, budi.id, False)


async def test_person_on_a_killed_worker_goes_offline(make_server):
    server = make_server(workers=2)
    ani, budi = server.users("ani", "budi")
    direct(ani, budi)
    async with online(server, ani) as one:
        two = Client(server.port, budi)
        pid = await open_elsewhere(server, two, than=server.worker_of(one.local_port))
        await until_state(one, budi.id, True)
        send_signal(pid, signal.SIGKILL)
        await until_state(one, budi.id, False, timeout=60)
        await two.close()


async def test_presence_is_not_told_to_those_who_share_no_room(server, name):
    ani, budi, citra = server.users(name("ani"), name("budi"), name("citra"))
    direct(ani, budi)
    async with online(server, ani, citra) as (one, stranger):
        async with online(server, budi):
            await until_told(one, budi.id, True)
        await until_told(one, budi.id, False)
        await stranger.call("ping")
        assert not [frame for frame in stranger.signals if frame.get("user") == budi.id]


async def test_typing_is_told_to_the_other_members_only(server, name):
    ani, budi, citra = server.users(name("ani"), name("budi"), name("citra"))
    room, other = group(ani, budi), group(ani, citra)
    async with online(server, ani, budi, citra) as (one, two, stranger):
        await one.call("typing", room=room)
        told = await two.tells(sig="typing")
        assert (told["room"], told["user"]) == (room, ani.id)
        await one.call("send", room=other, cid=new_cid(), body="now")
        await stranger.tells(ev="message", room=other)
        assert not stranger.told(sig="typing")
        assert not one.told(sig="typing")


async def test_typing_is_heard_on_another_worker(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room = direct(ani, budi)
    async with online(server, ani) as one:
        two = Client(server.port, budi)
        await open_elsewhere(server, two, than=server.worker_of(one.local_port))
        await one.call("typing", room=room)
        await two.tells(sig="typing", room=room, user=ani.id)
        await two.close()


async def test_typing_is_not_stored(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room = direct(ani, budi)
    async with online(server, ani) as one:
        before = (await one.call("room", room=room))["room"]["seq"]
        await one.call("typing", room=room)
        assert (await one.call("room", room=room))["room"]["seq"] == before


async def test_presence_of_unknown_and_too_many_people(server, name):
    ani = server.user(name("ani"))
    async with online(server, ani) as one:
        assert (await one.refusal("presence", users=[])).code == "bad_request"
        many = [f"{i:024x}" for i in range(201)]
        assert (await one.refusal("presence", users=many)).code == "bad_request"
        answer = await one.call("presence", users=["ee" * 12])
        assert all(not user["online"] for user in answer["users"])
