"""Limits: how often, how many, from where, and that a flood hurts only itself."""

import asyncio
import json
import os
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from burung import Client, new_cid
from burung.raw import TEXT, Raw, encode
from burung.scene import direct, group, history, online, open_elsewhere, say
from burung.server import PASSWORD, UNLIMITED

FLOOD = Path(__file__).resolve().parents[1] / "lib/burung/flood.py"


def codes(answers):
    return [answer["error"]["code"] if "error" in answer else "ok" for answer in answers]


def ask(api, op, fields, **headers):
    return api.raw(op, json.dumps(fields).encode(), **headers).json()


async def ask_many(device, op, count, **fields):
    futures = [device.ask(op, **fields) for _ in range(count)]
    done = await asyncio.gather(*futures, return_exceptions=True)
    return [
        {"error": {"code": d.code, "ms": d.retry_ms}} if isinstance(d, Exception) else d
        for d in done
    ]


def wrong(server, name, address="192.0.2.1"):
    fields = {"name": name, "password": "a wrong password"}
    return ask(server.api(), "login", fields, X_Forwarded_For=address)


# Log-ins and registrations


def test_wrong_passwords_for_a_name_from_an_address_are_limited_on_all_workers(make_server):
    server = make_server(trusted_proxies="127.0.0.1", limit_logins="1/min 10")
    ani = server.user("ani")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: wrong(server, "ani"), range(16)))
    assert codes(answers).count("unauthorized") == 10, codes(answers)
    for answer in answers:
        if answer["error"]["code"] == "slow_down":
            assert 50_000 < answer["error"]["retry_ms"] <= 60_000
    right = {"name": "ani", "password": PASSWORD, "token": True}
    slow = ask(server.api(), "login", right, X_Forwarded_For="192.0.2.1")
    assert codes([slow]) == ["slow_down"], "guessing goes on unseen"
    other = ask(server.api(), "login", right, X_Forwarded_For="192.0.2.2")
    assert other["user"]["id"] == ani.id, "another address is not concerned"


def test_right_passwords_are_not_counted(make_server):
    server = make_server(limit_logins="1/h 2", limit_logins_address="1/h 2")
    server.user("ani")
    right = {"name": "ani", "password": PASSWORD, "token": True}
    for _ in range(5):
        assert "user" in ask(server.api(), "login", right)


def test_wrong_passwords_from_an_address_are_limited_whatever_the_name(make_server):
    server = make_server(trusted_proxies="127.0.0.1", limit_logins_address="1/min 5")
    server.user("ani")
    answers = [wrong(server, f"name{i}", "2001:db8:1:2::1") for i in range(5)]
    assert set(codes(answers)) == {"unauthorized"}
    same_network = "2001:db8:1:2:ffff::9"
    assert codes([wrong(server, "name9", same_network)]) == ["slow_down"]
    assert codes([wrong(server, "name9", "2001:db8:1:3::1")]) == ["unauthorized"]


def test_wrong_passwords_for_an_account_are_limited_whatever_the_address(make_server):
    server = make_server(trusted_proxies="127.0.0.1", limit_logins_account="1/min 5")
    server.user("ani")
    answers = [wrong(server, "ani", f"192.0.2.{i}") for i in range(6)]
    assert codes(answers) == ["unauthorized"] * 5 + ["slow_down"]
    assert codes([wrong(server, "budi", "192.0.2.9")]) == ["unauthorized"]


def test_guessing_the_password_of_a_stolen_session_is_slowed_down(make_server):
    server = make_server(limit_logins="1/min 10")
    ani = server.user("ani")

    def guess(op):
        fields = {"old": "a wrong guess", "new": "x" * 20, "password": "a wrong guess"}
        return ani.api.refusal(op, **fields)

    with ThreadPoolExecutor(4) as pool:
        refused = list(pool.map(guess, ["password", "account_delete"] * 7))
    assert [one.code for one in refused].count("unauthorized") == 10
    assert all(one.retry_ms > 0 and one.status == 429 for one in refused if one.code == "slow_down")


def test_addresses_of_a_proxy_that_is_not_trusted_are_not_believed(make_server):
    server = make_server(limit_logins_address="1/min 3")
    server.user("ani")
    answers = [wrong(server, "ani", f"192.0.2.{i}") for i in range(4)]
    assert codes(answers) == ["unauthorized"] * 3 + ["slow_down"]


def test_registrations_from_an_address_are_limited(make_server):
    server = make_server(trusted_proxies="127.0.0.1", limit_registrations="1/h 3")
    server.user("first")

    def register(i, address):
        fields = {"name": f"user{i}", "password": PASSWORD, "token": True}
        return ask(server.api(), "register", fields, X_Forwarded_For=address)

    answers = [register(i, "192.0.2.1") for i in range(4)]
    assert codes(answers) == ["ok"] * 3 + ["slow_down"]
    assert codes([register(9, "192.0.2.2")]) == ["ok"]


def test_unknown_name_costs_the_time_of_a_wrong_password(make_server):
    server = make_server(limit_logins=0, limit_logins_address=0, limit_logins_account=0)
    server.user("ani")

    def took(name):
        began = time.monotonic()
        assert codes([wrong(server, name)]) == ["unauthorized"]
        return time.monotonic() - began

    times = [(took("ani"), took("nobody.of.this.name")) for _ in range(12)]
    known, unknown = (min(each) for each in zip(*times, strict=True))
    print(f"wrong password {known * 1000:.1f} ms, unknown name {unknown * 1000:.1f} ms")
    assert known / 2 < unknown < known * 2


# Requests


async def test_requests_of_a_connection_are_limited_and_it_stays_open(make_server):
    server = make_server(limit_requests_connection="1/h 30")
    ani = server.user("ani")
    async with online(server, ani) as device, online(server, ani) as other:
        answers = codes(await ask_many(device, "ping", 33))
        assert answers == ["ok"] * 29 + ["slow_down"] * 4, "hello counts, too"
        assert codes(await ask_many(other, "ping", 20)) == ["ok"] * 20
        for answer in await ask_many(device, "ping", 3):
            assert answer["error"]["ms"] > 0


async def test_requests_of_a_user_are_limited_over_all_connections_and_workers(make_server):
    server = make_server(limit_requests_user="1/h 60")
    ani, budi = server.users("ani", "budi")
    async with AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(online(server, ani)) for _ in range(5)]
        devices.append(Client(server.port, ani))
        stack.push_async_callback(devices[-1].close)
        await open_elsewhere(server, devices[-1], than=server.worker_of(devices[0].local_port))
        answers = await asyncio.gather(*(ask_many(device, "ping", 10) for device in devices))
        stored = [code for each in answers for code in codes(each)].count("ok")
        assert stored == 60 - len(devices), "hello counts, and nothing counts twice"
        assert codes([ask(ani.api, "me", {})]) == ["slow_down"], "HTTP is another door"
        assert ask(budi.api, "me", {})["user"]["id"] == budi.id


def test_frames_that_are_no_requests_are_limited_too(make_server):
    server = make_server(limit_requests_connection="20/s 30")
    ani = server.user("ani")
    with Raw(server.port) as raw:
        raw.upgrade(Authorization=f"Bearer {ani.token}")
        raw.send(encode(TEXT, b"no JSON") * 200)
        began = time.monotonic()
        for _ in range(70):
            assert b"bad_request" in raw.frame().payload
        assert time.monotonic() - began > 0.7, "there was no limit"


async def test_limits_change_on_hup(make_server):
    server = make_server(limit_sends_user="1/h 1")
    ani = server.user("ani")
    room = group(ani)
    say(ani, room)
    assert ani.api.refusal("send", room=room, cid=new_cid(), body="x").code == "slow_down"
    before = server.workers()
    server.write_conf(limit_sends_user="1/h 3")
    server.signal(signal.SIGHUP)
    server.wait_workers(without=before)
    answers = [ask(ani.api, "send", {"room": room, "cid": new_cid(), "body": "x"}) for _ in "abc"]
    assert codes(answers) == ["ok", "ok", "slow_down"], "what was used before is forgotten"


def test_requests_by_http_are_limited_by_session_before_it_is_looked_up(make_server):
    server = make_server(limit_requests_connection="1/h 20")
    ani = server.user("ani")
    answers = [ani.api.raw("me", b"{}") for _ in range(22)]
    assert [answer.status for answer in answers] == [200] * 20 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) > 100
    assert answers[-1].json()["error"]["retry_ms"] > 100_000
    forged = server.api("0" * 64)
    assert [forged.raw("me", b"{}").status for _ in range(21)] == [401] * 20 + [429]
    nobody = server.api()
    statuses = [nobody.raw("info", b"{}").status for _ in range(25)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


async def test_typing_is_limited(make_server):
    server = make_server(limit_typing="1/min 5")
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    async with online(server, ani) as device:
        answers = codes(await ask_many(device, "typing", 8, room=room))
        assert answers == ["ok"] * 5 + ["slow_down"] * 3


# Messages


async def test_messages_of_a_user_are_limited_and_keep_their_order(make_server):
    server = make_server(limit_sends_user="20/s 30")
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    async with online(server, ani, window=50) as device, online(server, budi) as other:
        posts = [device.post(room, f"message {i}") for i in range(60)]
        began = time.monotonic()
        await device.until(lambda: not device.unacked, "all stored", 30)
        assert time.monotonic() - began > 1, "there was no limit"
        await other.call("ping")
    bodies = [event["body"] for event in history(budi, room) if event["ev"] == "message"]
    assert bodies == [post.body for post in posts]


async def test_send_that_was_refused_holds_back_later_ones_to_its_room_only(make_server):
    server = make_server(limit_sends_user="1/s 2")
    ani, budi = server.users("ani", "budi")
    room, elsewhere = group(ani, budi), direct(ani, budi)
    async with online(server, ani) as device:
        refused, answers = new_cid(), []
        while codes(answers)[-1:] != ["slow_down"]:  # two, and one for each second they took
            assert len(answers) < 30, "there is no limit"
            refused = new_cid()
            answers += await ask_many(device, "send", 1, room=room, cid=refused, body="x")
        assert codes(answers[:2]) == ["ok", "ok"]
        later = {"room": room, "cid": new_cid(), "body": "later"}
        assert (await device.refusal("send", **later)).code == "busy"
        await asyncio.sleep(answers[-1]["error"]["ms"] / 1000 + 0.05)
        assert (await device.refusal("send", **later)).code == "busy", "it overtook the refused one"
        assert "seq" in await device.call("send", room=elsewhere, cid=new_cid(), body="x")
        await device.call("drop", room=room, cid=refused)
        await asyncio.sleep(1.1)
        assert "seq" in await device.call("send", **later)


async def test_send_refused_for_the_limit_on_requests_holds_back_later_ones(make_server):
    server = make_server(limit_requests_connection="1/h 4")
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    async with online(server, ani) as device:
        cids = [new_cid() for _ in range(7)]
        futures = [device.ask("send", room=room, cid=cid, body=cid) for cid in cids]
        done = await asyncio.gather(*futures, return_exceptions=True)
        outcome = [getattr(one, "code", "ok") for one in done]
        first = outcome.index("slow_down")
        assert first == 3, "hello counts, too"
        assert "ok" not in outcome[first:], outcome
        stored = [event["body"] for event in history(budi, room) if event["ev"] == "message"]
        assert stored == cids[:first]


def test_messages_in_one_send_count_each(make_server):
    server = make_server(limit_sends_user="1/h 60")
    ani = server.user("ani")
    room = group(ani)

    def many(count):
        return [{"cid": new_cid(), "body": "x"} for _ in range(count)]

    assert "results" in ask(ani.api, "send", {"room": room, "messages": many(50)})
    assert codes([ask(ani.api, "send", {"room": room, "messages": many(11)})]) == ["slow_down"]
    assert "results" in ask(ani.api, "send", {"room": room, "messages": many(10)})
    assert ani.api.refusal("send", room=room, cid=new_cid(), body="x").code == "slow_down"


# Rooms


def test_rooms_made_are_limited_and_what_made_none_is_not_counted(make_server):
    server = make_server(limit_rooms="1/h 3")
    ani, budi = server.users("ani", "budi")
    fields = {"kind": "private", "label": "x", "cid": new_cid()}
    room = ani.api.call("room_create", **fields)["room"]["id"]
    for _ in range(5):
        assert ani.api.call("room_create", **fields)["room"]["id"] == room
        assert ani.api.refusal("room_create", kind="secret", label="x").code == "bad_request"
        assert ani.api.refusal("direct", user="ab" * 12).code == "not_found"
    direct(ani, budi)
    direct(ani, budi)
    group(ani)
    refused = ani.api.refusal("room_create", kind="private", label="y")
    assert (refused.code, refused.status) == ("slow_down", 429)
    group(budi)


def test_rooms_owned_are_limited_until_one_is_handed_over(make_server):
    server = make_server(limit_rooms_owned=2)
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    group(ani)
    assert ani.api.refusal("room_create", kind="public", label="x").code == "forbidden"
    direct(ani, budi)
    ani.api.call("role", room=room, user=budi.id, role="owner")
    group(ani)


# Connections


async def test_connections_of_a_user_are_limited_on_the_host(make_server):
    server = make_server(limit_connections_user=4)
    ani, budi = server.users("ani", "budi")
    devices = [await Client(server.port, ani).open() for _ in range(4)]
    fifth = Client(server.port, ani)
    await fifth.connect()
    code, reason = await fifth.closed()
    assert code == 4429
    assert 10_000 <= int(reason.removeprefix("retry=")) <= 20_000
    await fifth.close()
    async with online(server, budi):
        pass
    await devices.pop().close()
    await opens_again(server, ani, devices)
    worker = server.worker_of(devices[0].local_port)
    lost = [each for each in devices if server.worker_of(each.local_port) == worker]
    os.kill(worker, signal.SIGKILL)
    for device in lost:
        await device.closed()
    server.wait_workers(without=[worker])
    for _ in lost:
        await opens_again(server, ani, devices)
    for device in devices:
        await device.close()


async def opens_again(server, account, devices):
    """The place of one that has gone is free as soon as the server has noticed."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        device = Client(server.port, account)
        await device.connect()
        try:
            await device.hello()
        except Exception:
            await device.close()
            await asyncio.sleep(0.05)
            continue
        devices.append(device)
        return
    raise AssertionError("there is no place for another connection")


async def test_connections_from_an_address_are_limited_behind_a_trusted_proxy(make_server):
    server = make_server(trusted_proxies="127.0.0.1", limit_connections_address=3)
    ani = server.user("ani")

    def client(address):
        headers = {"Authorization": f"Bearer {ani.token}", "X-Forwarded-For": address}
        return Client(server.port, ani, headers=headers)

    devices = [await client("192.0.2.1").open() for _ in range(3)]
    refused = client("192.0.2.1")
    await refused.connect()
    assert (await refused.closed())[0] == 4429
    devices.append(await client("192.0.2.2").open())
    for device in [*devices, refused]:
        await device.close()


# What people and bots do stays far below


async def test_with_the_limits_as_they_are_a_quick_person_and_a_bot_notice_nothing(make_server):
    server = make_server(**dict.fromkeys(UNLIMITED), start=False)
    server.write_conf(**dict.fromkeys(UNLIMITED))
    server.start()
    ani, bot = server.users("ani", "bot")
    room = group(ani, bot)
    for i in range(60):
        say(bot, room, f"report {i}")
    async with online(server, ani) as device:
        await asyncio.gather(*(device.call("history", room=room) for _ in range(100)))
        for i in range(40):
            await device.call("send", room=room, cid=new_cid(), body=f"halo {i}")
            await device.call("typing", room=room) if i % 10 == 0 else None


# A flood


async def beat(device, room, until, times):
    """Sends a message every 25 ms and notes how long the ack took."""
    while time.monotonic() < until:
        began = time.monotonic()
        await device.call("send", room=room, cid=new_cid(), body="steady")
        times.append(time.monotonic() - began)
        await asyncio.sleep(max(0, began + 0.025 - time.monotonic()))


async def measure(devices, rooms, seconds):
    times = []
    until = time.monotonic() + seconds
    await asyncio.gather(*(beat(d, r, until, times) for d, r in zip(devices, rooms, strict=True)))
    times.sort()
    return {
        "n": len(times),
        "p50": round(times[len(times) // 2] * 1000, 1),
        "p99": round(times[len(times) * 99 // 100] * 1000, 1),
    }


async def flood(server, flooder, seconds):
    room = group(flooder)
    return await asyncio.create_subprocess_exec(
        sys.executable,
        str(FLOOD),
        str(server.port),
        flooder.token,
        room,
        "10",
        str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )


LIMITED = {
    "limit_requests_connection": "50/s 500",
    "limit_requests_user": "100/s 1000",
    "limit_sends_connection": "20/s 100",
    "limit_sends_user": "20/s 100",
}


@pytest.mark.parametrize("limits", [LIMITED, {}], ids=["limited", "unlimited"])
async def test_flood_of_one_user_leaves_the_others_what_they_had(make_server, limits):
    """Unlimited, only the figures are shown: what the limits are for."""
    server = make_server(**limits)
    people = server.users("ani", "budi", "cici", "dodi")
    flooder = server.user("flooder")
    rooms = [group(one) for one in people]
    async with AsyncExitStack() as stack:
        devices = [await stack.enter_async_context(online(server, one)) for one in people]
        quiet = await measure(devices, rooms, 3)
        process = await flood(server, flooder, 5)
        await asyncio.sleep(1)
        flooded = await measure(devices, rooms, 3)
        counts = json.loads((await process.communicate())[0])
    print(
        f"\n{'limited' if limits else 'unlimited'}: quiet {quiet} ms, flooded {flooded} ms,"
        f" the flood got {counts}"
    )
    if limits:
        assert counts["stored"] < 100 + 20 * 8
        assert counts.get("slow_down", 0) > 10
        # Behind its first 100 the flood gets a small share of what is stored, though it asks on
        # ten connections without waiting; unlimited it gets nearly all.
        assert flooded["n"] > 2 * (counts["stored"] - 100)
