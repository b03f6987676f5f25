"""A MongoDB that is killed, stands still or is not there yet: nothing that was acknowledged is
lost, nothing ends, who sends is told in time, and it goes on by itself."""

import asyncio
import time

import pytest
from burung import Refused, http_request, mongo, new_cid
from burung.load import within
from burung.scene import group, history, online, say
from burung.server import wait_for

pytestmark = pytest.mark.skipif(
    not (mongo.find() or "mongodb").startswith("/"), reason="there is no MongoDB to be stopped"
)
TOLD_S = 2
BACK_S = 5
NEVER_S = 60


@pytest.fixture
def store():
    with mongo.Mongo() as own:
        yield own


@pytest.fixture
def served(store, make_server):
    return make_server(store=store.uri("away"))


def made(server):
    ani, budi = server.users("ani", "budi")
    return ani, budi, group(ani, budi)


async def send_until_stored(device, message: dict) -> dict:
    """The same message again and again, as a client does; it comes back in time."""
    until = time.monotonic() + NEVER_S
    with within(BACK_S):
        while True:
            try:
                return await device.call("send", timeout=NEVER_S, **message)
            except Refused as refused:
                assert refused.code == "busy", refused
            assert time.monotonic() < until, "it does not come back"
            await asyncio.sleep(0.1)


def wait_back(server) -> None:
    with within(BACK_S):
        wait_for("ready", lambda: ready(server), timeout=NEVER_S)


async def told_busy(device, message: dict) -> None:
    with within(TOLD_S, waits=1.6):
        refused = await device.refusal("send", **message)
    assert refused.code == "busy"
    assert refused.retry_ms


async def test_sends_to_a_frozen_store_are_refused_in_time_and_stored_once(served, store):
    ani, budi, room = made(served)
    messages = [{"room": room, "cid": new_cid(), "body": str(i)} for i in range(4)]
    async with online(served, ani) as device, online(served, budi) as other:
        with store.frozen():
            for message in messages:
                await told_busy(device, message)
            with within(1):  # sockets are read
                await other.call("ping")
        seqs = [(await send_until_stored(device, message))["seq"] for message in messages]
    assert seqs == list(range(seqs[0], seqs[0] + 4))
    stored = [event["cid"] for event in history(ani, room) if event["ev"] == "message"]
    assert stored == [message["cid"] for message in messages], "lost, twice or out of order"


async def test_message_that_is_stored_late_is_heard_by_the_others(served):
    ani, budi, room = made(served)
    message = {"room": room, "cid": new_cid(), "body": "late"}
    async with online(served, ani) as device, online(served, budi) as other:
        point = served.arm("append.before_commit", "stall-3000")
        await told_busy(device, message)
        assert not point.exists()
        with within(BACK_S):
            heard = await other.tells(NEVER_S, ev="message", cid=message["cid"])
        assert (await device.call("send", **message))["seq"] == heard["seq"]


async def test_store_that_is_killed_loses_nothing_that_was_acknowledged(served, store):
    ani, _, room = made(served)
    workers = served.workers()
    acked, number = [], 0
    async with online(served, ani) as device:
        for _ in range(3):
            for _ in range(10):
                message = {"room": room, "cid": new_cid(), "body": str(number)}
                await send_until_stored(device, message)
                acked.append(message["cid"])
                number += 1
            store.kill()
            away = {"room": room, "cid": new_cid(), "body": "away"}
            await told_busy(device, away)
            await device.call("drop", room=room, cid=away["cid"])
            wait_for("said so", lambda: not ready(served))
            store.start()
            wait_back(served)
    stored = [event["cid"] for event in history(ani, room) if event["ev"] == "message"]
    assert [cid for cid in stored if cid in acked] == acked
    assert len(set(stored)) == len(stored)
    assert served.workers() == workers, "a worker ended"


def ready(server) -> bool:
    return http_request(server.port, "GET", "/readyz").status == 200


def test_server_starts_without_its_store_and_says_so(store, make_server):
    store.kill()
    server = make_server(store=store.uri("later"), start=False)
    server.start(ready=False)
    server.wait_log("store cannot be reached")
    wait_for("it listens", server.accepts)
    assert http_request(server.port, "GET", "/healthz").status == 200
    assert not ready(server)
    store.start()
    wait_back(server)
    ani = server.user("ani")
    assert say(ani, group(ani), "halo")
