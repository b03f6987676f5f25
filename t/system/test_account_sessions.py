"""One's own sessions: listed, revoked, renewed, over; and another password."""

import asyncio
import contextlib
import http.client
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from burung import Client
from burung.scene import online, open_elsewhere, say
from burung.server import PASSWORD

NEW = "another correct horse"
DAY_MS = 24 * 3600 * 1000


def log_in(server, account, device="one more", password=PASSWORD):
    """The token of one more session."""
    fields = {"name": account.name, "password": password, "device": device}
    return server.api().call("login", token=True, **fields)["token"]


def device_of(server, account, token):
    return Client(server.port, account, headers={"Authorization": f"Bearer {token}"})


def sessions(api):
    return api.call("sessions")["sessions"]


def test_sessions_are_listed_with_device_and_the_present_one_marked(server, name):
    ani = server.user(name("ani"), device="notebook")
    now = time.time() * 1000
    for device in ("phone", "kitchen 🍳"):
        log_in(server, ani, device)
    listed = sessions(ani.api)
    assert {one["device"] for one in listed} == {"notebook", "phone", "kitchen 🍳"}
    assert [one["device"] for one in listed if one.get("this")] == ["notebook"]
    for one in listed:
        assert abs(one["created"] - now) < 60_000
        assert one["used"] >= one["created"]
        assert one["expires"] == one["used"] + 90 * DAY_MS
    assert len({one["id"] for one in listed}) == 3


def test_sessions_of_others_are_neither_seen_nor_ended(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    (mine,) = sessions(ani.api)
    assert mine["id"] not in {one["id"] for one in sessions(budi.api)}
    budi.api.call("session_revoke", session=mine["id"])
    assert ani.api.call("me")["user"]["id"] == ani.id


async def test_revoked_session_is_closed_on_every_worker_at_once(server, name):
    ani = server.user(name("ani"))
    token = log_in(server, ani, "lost phone")
    *lost, last = [device_of(server, ani, token) for _ in range(6)]
    for device in lost:
        await device.open()
    await open_elsewhere(server, last, than=server.worker_of(lost[0].local_port))
    lost.append(last)
    async with online(server, ani) as stays:
        (gone,) = [one for one in sessions(ani.api) if one["device"] == "lost phone"]
        ani.api.call("session_revoke", session=gone["id"])
        for device in lost:
            assert (await device.closed())[0] == 4401
            await device.close()
        told = await stays.tells(ev="session_revoked", room=ani.id)
        assert told["body"]["session"] == gone["id"]
        await stays.call("ping")
    assert server.api(token).refusal("me").code == "unauthorized"
    ani.api.call("session_revoke", session=gone["id"])  # again: nothing to do


async def test_revoked_session_is_closed_though_the_worker_died_before_it_told(make_server):
    server = make_server()
    ani = server.user("ani")
    token = log_in(server, ani, "lost phone")
    *lost, last = [device_of(server, ani, token) for _ in range(6)]
    for device in lost:
        await device.open()
    await open_elsewhere(server, last, than=server.worker_of(lost[0].local_port))
    lost.append(last)
    (gone,) = [one for one in sessions(ani.api) if one["device"] == "lost phone"]
    workers = server.workers()
    armed = server.arm("ending.before_publish")
    with contextlib.suppress(OSError, http.client.HTTPException):
        await asyncio.to_thread(ani.api.call, "session_revoke", session=gone["id"])
    codes = [(await device.closed())[0] for device in lost]
    assert not armed.exists()
    assert len(set(server.wait_workers()) & set(workers)) == 1
    assert 4401 in codes, "the surviving worker did not read it from the store"
    assert set(codes) <= {4401, 1006, None}
    for device in lost:
        await device.close()
        await device.connect()
        assert (await device.closed())[0] == 4401, "it opens again"
        await device.close()


async def test_revoking_the_own_session_answers_before_it_closes(server, name):
    ani = server.user(name("ani"))
    token = log_in(server, ani)
    device = device_of(server, ani, token)
    await device.open()
    (mine,) = [one for one in sessions(server.api(token)) if one.get("this")]
    await device.call("session_revoke", session=mine["id"])
    assert (await device.closed())[0] == 4401
    await device.close()


async def test_all_other_sessions_are_revoked_at_once(server, name):
    ani = server.user(name("ani"))
    tokens = [log_in(server, ani) for _ in range(3)]
    others = [device_of(server, ani, token) for token in tokens]
    for device in others:
        await device.open()
    ani.api.call("session_revoke", others=True)
    for device in others:
        assert (await device.closed())[0] == 4401
        await device.close()
    assert [one.get("this") for one in sessions(ani.api)] == [True]


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"others": False},
        {"session": "x"},
        {"session": 7},
        {"others": "yes"},
        {"session": "ab" * 12, "others": True},
    ],
    ids=range(6),
)
def test_revoke_that_names_nothing_or_garbage_is_refused(server, name, fields):
    ani = server.user(name("ani"))
    log_in(server, ani)
    assert ani.api.refusal("session_revoke", **fields).code == "bad_request"
    assert len(sessions(ani.api)) == 2


def test_session_is_renewed_by_use_and_over_after_90_days(make_server):
    server = make_server()
    ani = server.user("ani")
    old = log_in(server, ani, "old")
    server.stop()
    hour = 3600 * 1000
    now = int(time.time() * 1000)
    with sqlite3.connect(server.data / "burung.db") as db:
        db.execute("UPDATE sessions SET expires=? WHERE device='old'", (now - 1000,))
        db.execute(
            "UPDATE sessions SET used=?, expires=? WHERE device=''",
            (now - 89 * 24 * hour, now + 24 * hour),
        )
    db.close()
    server.start()
    assert server.api(old).refusal("me").code == "unauthorized"
    before = int(time.time() * 1000)
    assert ani.api.call("me")["user"]["id"] == ani.id
    while (one := sessions(ani.api)[0])["used"] < before - 60_000:
        assert time.time() * 1000 < before + 15_000, "the session was not renewed"
        time.sleep(0.02)
    assert one["expires"] >= before + 90 * DAY_MS
    assert [one["device"] for one in sessions(ani.api)] == [""], "the one that is over is listed"


# Passwords


async def test_new_password_ends_the_other_sessions_and_only_it_logs_in(server, name):
    ani = server.user(name("ani"))
    other = device_of(server, ani, log_in(server, ani))
    await other.open()
    async with online(server, ani) as mine:
        await mine.call("password", old=PASSWORD, new=NEW)
        assert (await other.closed())[0] == 4401
        await other.close()
        await mine.call("ping")
    nobody = server.api()
    wrong = nobody.refusal("login", name=ani.name, password=PASSWORD)
    assert (wrong.code, wrong.status) == ("unauthorized", 401)
    assert nobody.call("login", name=ani.name, password=NEW, token=True)["user"]["id"] == ani.id


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"old": "not the password", "new": NEW}, "unauthorized"),
        ({"new": NEW}, "bad_request"),
        ({"old": PASSWORD}, "bad_request"),
        ({"old": PASSWORD, "new": "short"}, "bad_request"),
        ({"old": PASSWORD, "new": 12345678}, "bad_request"),
        ({"old": PASSWORD, "new": "a" * 257}, "bad_request"),
    ],
    ids=range(6),
)
def test_password_change_that_is_refused_changes_nothing(server, name, fields, code):
    ani = server.user(name("ani"))
    other = server.api(log_in(server, ani))
    assert ani.api.refusal("password", **fields).code == code
    assert other.call("me")["user"]["id"] == ani.id
    log_in(server, ani)


def test_password_change_asked_for_twice_is_done_once_and_right(server, name):
    ani = server.user(name("ani"))
    ani.api.call("password", old=PASSWORD, new=NEW)
    other = server.api(log_in(server, ani, password=NEW))
    ani.api.call("password", old=PASSWORD, new=NEW)
    assert other.refusal("me").code == "unauthorized", "it ends the other sessions again"
    log_in(server, ani, password=NEW)
    assert ani.api.refusal("password", old=PASSWORD, new="one more").code == "unauthorized"


def test_of_two_password_changes_at_once_one_wins(server, name):
    ani = server.user(name("ani"))
    both = ["the first new one", "the second new one"]

    def change(new):
        return ani.api.raw("password", f'{{"old":"{PASSWORD}","new":"{new}"}}'.encode()).json()

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(change, both))
    won = [new for new, answer in zip(both, answers, strict=True) if "error" not in answer]
    assert len(won) == 1, answers
    log_in(server, ani, password=won[0])


def test_password_is_neither_logged_nor_stored(make_server):
    server = make_server(log_level="debug")
    ani = server.user("ani")
    ani.api.call("password", old=PASSWORD, new=NEW)
    room = ani.api.call("room_create", kind="private", label="x")["room"]["id"]
    say(ani, room, "x")
    server.stop()
    assert NEW not in server.log()
    for path in server.data.rglob("*"):
        if path.is_file():
            assert NEW.encode() not in path.read_bytes(), path
