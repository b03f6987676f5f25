"""Live delivery and resume: each event once, in order, on every device, whatever was missed."""

import asyncio
import json
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from burung import Client, Disconnected, Server, new_cid
from burung.load import within
from burung.raw import TEXT, encode
from burung.scene import (
    RawDevice,
    direct,
    group,
    history,
    online,
    open_elsewhere,
    room_of,
    say,
    say_many,
)
from burung.server import send_signal, wait_for


def synced(client):
    return any(frame["sig"] == "synced" for frame in client.signals)


async def resume(client):
    client.signals.clear()
    await client.open()
    await client.until(lambda: synced(client), "synced")


def shown(client, room):
    """The device's log of a room, as (seq, body)."""
    return [(seq, event.body) for seq, event in sorted(client.device.log.get(room, {}).items())]


async def reaches(client, room, seq):
    await client.until(lambda: client.position[room][0] >= seq, f"position {seq}")


async def test_message_is_heard_on_all_workers_and_devices(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(ani, budi)
    async with online(server, ani) as one:
        devices = [Client(server.port, who) for who in (ani, budi, budi)]
        here = server.worker_of(one.local_port)
        try:
            for device in devices:
                assert await open_elsewhere(server, device, than=here) != here
            for turn in range(20):
                sender = [one, *devices][turn % 4]
                await sender.call("send", room=room, cid=new_cid(), body=str(turn))
            for device in [one, *devices]:
                await reaches(device, room, 23)
                assert [body for _, body in shown(device, room)] == [str(i) for i in range(20)]
                assert not device.device.oddities
        finally:
            for device in devices:
                await device.close()


@pytest.mark.parametrize("missed", [0, 1, 50, 400, 500])
async def test_resume_brings_exactly_what_was_missed(server, name, missed):
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(ani, budi)
    say_many(ani, room, 3, "seen")
    async with online(server, budi) as device:
        say(ani, room, "the last one heard")
        await reaches(device, room, 7)
        device.cut()
        say_many(ani, room, missed, "missed")
        await resume(device)
        await reaches(device, room, 7 + missed)
        assert not [frame for frame in device.signals if frame["sig"] == "reset"]
        bodies = ["the last one heard"] + [f"missed {i + 1}" for i in range(missed)]
        assert [body for _, body in shown(device, room)] == bodies


@pytest.mark.parametrize("missed", [501, 1300])
async def test_too_much_missed_resets_the_room(server, name, missed):
    ani, budi = server.users(name("ani"), name("budi"))
    room, quiet = group(ani, budi), group(ani, budi)
    async with online(server, budi) as device:
        say(ani, room, "heard")
        await reaches(device, room, 4)
        device.cut()
        say_many(ani, room, missed, "missed")
        say(ani, quiet, "missed in the other room")
        await resume(device)
        resets = [frame["room"] for frame in device.signals if frame["sig"] == "reset"]
        assert resets == [room]
        await reaches(device, quiet, 4)
        say(ani, room, "after")
        await reaches(device, room, 5 + missed)
        assert shown(device, room) == [(5 + missed, "after")]
        await device.fill(room)
        whole = history(ani, room)
        assert sorted(device.device.log[room]) == [event["seq"] for event in whole]


async def test_named_event_with_another_cid_resets_the_room(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(ani, budi)
    say_many(ani, room, 5)
    async with online(server, budi) as device:
        device.cut()
        device.position[room] = (device.position[room][0], new_cid())
        await resume(device)
        assert [frame for frame in device.signals if frame["sig"] == "reset"] == [
            {"sig": "reset", "room": room}
        ]


async def test_named_seq_beyond_the_end_resets_the_room(server, name):
    ani = server.user(name("ani"))
    room = group(ani)
    async with online(server, ani) as device:
        device.cut()
        device.position[room] = (1000, new_cid())
        await resume(device)
        assert [frame["room"] for frame in device.signals if frame["sig"] == "reset"] == [room]
        await device.call("send", room=room, cid=new_cid(), body="goes on")
        await device.tells(ev="message", body="goes on")


@pytest.mark.parametrize("missed", [30, 400])
async def test_live_events_during_a_resume_come_behind_what_was_missed(server, name, missed):
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(ani, budi)
    async with online(server, ani, budi) as (sender, device):
        say(ani, room)
        await reaches(device, room, 4)
        for turn in range(3):
            device.cut()
            say_many(ani, room, missed, f"missed {turn}")
            stop = asyncio.Event()

            async def talk(stop=stop):
                """More than 500 before the hello would be a reset instead of a resume."""
                count = 0
                while not stop.is_set() and (count < 50 or synced(device)):
                    await sender.call("send", room=room, cid=new_cid(), body="live")
                    count += 1
                return count

            talking = asyncio.create_task(talk())
            await resume(device)
            stop.set()
            assert await talking > 0
            await reaches(device, room, room_of(ani, room)["seq"])
        # No hole, no repeat: online() asserts that no oddity was noticed.
        assert [seq for seq, _ in shown(device, room)] == list(
            range(4, device.position[room][0] + 1)
        )


async def test_many_rooms_resume_together(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    rooms = [group(ani, budi, label=f"r{i}") for i in range(30)]
    async with online(server, budi) as device:
        device.cut()
        for turn, room in enumerate(rooms):
            say_many(ani, room, turn, f"room {turn}")
        await resume(device)
        for turn, room in enumerate(rooms):
            await reaches(device, room, 3 + turn)
            assert [body for _, body in shown(device, room)] == [
                f"room {turn} {i + 1}" for i in range(turn)
            ]


async def test_membership_won_and_lost_while_away_is_seen_on_return(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    left, stays = group(ani, budi), group(ani, budi)
    async with online(server, budi) as device:
        device.cut()
        ani.api.call("remove", room=left, user=budi.id)
        say(ani, left, "not for you")
        won = group(ani, budi)
        say(ani, won, "said before you looked")
        await resume(device)
        assert set(device.rooms) == {stays, won}
        assert not device.told(room=left)
        say(ani, won, "live")
        await device.tells(ev="message", room=won, body="live")


async def test_removed_and_added_again_while_away_resumes_without_a_hole(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(ani, budi)
    async with online(server, budi) as device:
        say(ani, room, "heard")
        await reaches(device, room, 4)
        device.cut()
        ani.api.call("remove", room=room, user=budi.id)
        say(ani, room, "while you were out")
        ani.api.call("add", room=room, user=budi.id)
        await resume(device)
        say(ani, room, "live")
        await device.tells(ev="message", room=room, body="live")
        await device.fill(room)
        assert sorted(device.device.log[room]) == list(range(1, 9))


async def test_resume_on_another_worker_is_the_same(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room = group(ani, budi)
    async with online(server, budi) as device:
        for turn in range(5):
            pid = server.worker_of(device.local_port)
            device.cut()
            say_many(ani, room, 20, f"turn {turn}")
            await open_elsewhere(server, device, than=pid)
            await reaches(device, room, 3 + 20 * (turn + 1))
        assert [seq for seq, _ in shown(device, room)] == list(range(4, 104))


ROOMS = 300


@pytest.fixture(scope="module")
def scattered():
    """A server, and two people with so many rooms that it takes 15 s in the mean until the poll in
    the background comes to a certain one of them."""
    with Server(workers=2) as server:
        ani, budi = server.users("ani", "budi")
        with ThreadPoolExecutor(4) as pool:
            rooms = list(pool.map(lambda _: group(ani, budi), range(ROOMS)))
        yield server, ani, budi, rooms


@pytest.mark.parametrize(
    "point", ["append.after_commit", "append.before_ack", "bus.before_publish", "bus.after_publish"]
)
async def test_last_message_of_a_dying_worker_is_heard_at_once(scattered, point):
    """Nothing comes behind it that would show the gap, nobody sends it again, and the successor
    cannot tell yet: the master does."""
    for _ in range(10):
        if await dies_with_last_words(scattered, point):
            return
    raise AssertionError(f"nobody died at {point} with a message that was stored")


async def dies_with_last_words(scattered, point) -> bool:
    """False: whoever passed the point had something else to tell, as both have now and then."""
    server, ani, budi, rooms = scattered
    room, body = random.choice(rooms), f"the last words {new_cid()}"
    one, two = Client(server.port, ani), Client(server.port, budi)
    await one.open()
    await open_elsewhere(server, two, than=server.worker_of(one.local_port))
    successor = server.arm("worker.before_bus", "stop")
    path = server.arm(point, "kill")
    try:
        lost = one.ask("send", room=room, cid=new_cid(), body=body)
        try:
            await lost
            return False
        except Disconnected:
            assert not path.exists()
        with within(2):
            stored = body in [event.get("body") for event in history(ani, room)]
            if stored:
                await two.tells(ev="message", body=body)
        return stored
    finally:
        await asyncio.to_thread(wait_for, "a successor", lambda: not successor.exists())
        send_signal(server.stopped(), signal.SIGCONT)
        assert not two.device.oddities
        await one.close()
        await two.close()
        server.wait_workers(2)


async def test_message_of_a_worker_that_died_before_the_commit_is_neither_stored_nor_heard(
    make_server,
):
    server = make_server(workers=2)
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    one, two = Client(server.port, ani), Client(server.port, budi)
    await one.open()
    await open_elsewhere(server, two, than=server.worker_of(one.local_port))
    server.arm("append.before_commit", "kill")
    with pytest.raises(Disconnected):
        await one.ask("send", room=room, cid=new_cid(), body="never said")
    await two.call("send", room=room, cid=new_cid(), body="next")
    await two.tells(ev="message", body="next")
    assert [event["body"] for event in history(budi, room)[3:]] == ["next"]
    assert not two.told(body="never said")
    await one.close()
    await two.close()


async def test_same_person_on_ten_devices_hears_all_on_each(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    room = direct(ani, budi)
    async with online(server, *[budi] * 10) as devices:
        say_many(ani, room, 60)
        for device in devices:
            await reaches(device, room, 63)
            assert len(device.told(ev="message", room=room)) == 60


# Slow readers


async def test_slow_reader_is_closed_resumes_without_loss_and_hurts_nobody(make_server, name):
    server = make_server(limit_queue=131072)
    ani, budi, citra = server.users("ani", "budi", "citra")
    room = group(ani, budi, citra)
    count, text = 480, "x" * 16000
    async with online(server, ani, citra) as (sender, quick):
        with RawDevice(server, budi, receive_buffer=4096, timeout=60) as slow:
            room_then = next(r for r in slow.hello()["rooms"] if r["id"] == room)
            worst = 0.0
            for turn in range(count):
                began = time.monotonic()
                await sender.call("send", room=room, cid=new_cid(), body=f"{turn} {text}")
                await reaches(quick, room, 4 + turn + 1)
                worst = max(worst, time.monotonic() - began)
            heard, code = await asyncio.to_thread(read_to_close, slow)
        assert code == 4001
        assert len(heard) < count, "it was not slow at all"
        assert worst < 5, f"others waited {worst:.1f} s for the slow one"
    assert [frame["seq"] for frame in heard] == list(
        range(room_then["seq"] + 1, room_then["seq"] + 1 + len(heard))
    )
    again = Client(server.port, budi)
    last = heard[-1] if heard else {"seq": room_then["seq"], "cid": room_then["cid"]}
    again.position[room] = (last["seq"], last["cid"])
    await again.open()
    await reaches(again, room, 4 + count)
    assert not again.device.oddities
    assert len(heard) + len(again.told(ev="message", room=room)) == count
    await again.close()


def test_resume_larger_than_the_queue_is_paced_by_the_reader(make_server):
    """Pages are made only as fast as they are taken; the reader is not cut off for it."""
    server = make_server(limit_queue=131072)
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    first = room_of(budi, room)
    count, text = 450, "z" * 16000
    for n in range(0, count, 3):
        messages = [{"cid": new_cid(), "body": f"{n + i} {text}"} for i in range(3)]
        ani.api.call("send", room=room, messages=messages)
    with RawDevice(server, budi, receive_buffer=8192, timeout=30) as device:
        answer = device.ask("hello", rooms={room: [first["seq"], first["cid"]]})
        assert "error" not in answer
        seqs = []
        for _ in range(count):
            event = device.hear()
            seqs.append(event["seq"])
            if len(seqs) % 50 == 0:
                # Longer than the server takes to make a page: it has to wait for us.
                time.sleep(0.2)
    assert seqs == list(range(first["seq"] + 1, first["seq"] + 1 + count))


@pytest.mark.parametrize(
    ("limits", "length"),
    [({}, 10800), ({"limit_message": 65536, "limit_frame": 262144}, 43000)],
    ids=["default", "largest"],
)
async def test_message_that_grows_by_escaping_reaches_other_workers(make_server, limits, length):
    """As JSON it is six times as long, maybe longer than what the bus carries."""
    server = make_server(workers=2, **limits)
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    one, two = Client(server.port, ani), Client(server.port, budi)
    await one.open()
    await open_elsewhere(server, two, than=server.worker_of(one.local_port))
    bodies = ["a" + "\x01" * (length - 1), "b" + "\x02" * (length - 1), "short"]
    for body in bodies:
        await one.call("send", room=room, cid=new_cid(), body=body)
    await reaches(two, room, 6)
    assert [body for _, body in shown(two, room)] == bodies
    assert not two.device.oddities
    await one.close()
    await two.close()


def read_to_close(slow):
    """The events up to the close frame, and its code."""
    heard = []
    while (frame := slow.frame()).opcode != 8:
        if frame.opcode == TEXT:
            told = json.loads(frame.payload)
            if told.get("ev") == "message":
                heard.append(told)
    return heard, frame.close_code


async def test_device_that_never_reads_does_not_hold_its_memory_for_ever(make_server):
    server = make_server(limit_queue=131072, workers=1)
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    sleepers = [RawDevice(server, budi, receive_buffer=4096) for _ in range(10)]
    try:
        for sleeper in sleepers:
            sleeper.hello()
        text = "y" * 16000
        for _ in range(10):
            messages = [{"cid": new_cid(), "body": text} for _ in range(3)]
            for _ in range(12):
                ani.api.call("send", room=room, messages=[dict(m, cid=new_cid()) for m in messages])
        # Those that stopped reading are gone from the server, though they never closed.
        [worker] = server.workers()
        ports = {sleeper.socket.getsockname()[1] for sleeper in sleepers}
        until = time.monotonic() + 20
        while any(server.worker_of(port) == worker for port in ports):
            assert time.monotonic() < until, "slow devices were never let go"
            await asyncio.sleep(0.1)
    finally:
        for sleeper in sleepers:
            sleeper.socket.close()


async def test_client_that_sends_without_reading_answers_is_held_not_fed(make_server):
    """Pipelining without end must not make the server's memory grow with it."""
    # Freed memory must not count as held.
    env = {"ASAN_OPTIONS": "quarantine_size_mb=1"}
    server = make_server(limit_queue=131072, workers=1, env=env)
    ani = server.user("ani")
    group(ani)
    [worker] = server.workers()
    with RawDevice(server, ani, receive_buffer=4096, timeout=2) as device:
        device.hello()
        flood = b"".join(
            encode(TEXT, b'{"id":%d,"op":"rooms","limit":200}' % n) for n in range(2000)
        )
        before = resident(worker)
        sent = 0
        try:
            for _ in range(20):
                await asyncio.to_thread(device.send, flood)
                sent += 1
        except OSError:
            pass  # closed or not read any more: both are right
        assert resident(worker) - before < 64 * 1024, f"grew after {sent} floods"


def resident(pid):
    """KiB."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmRSS"):
                return int(line.split()[1])
    raise AssertionError("no VmRSS")
