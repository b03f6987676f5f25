"""A device whose connection is cut again and again ends with exactly the stored log."""

import asyncio
import random

from burung import Client
from burung.checker import check
from burung.scene import direct, group
from burung.store import read_store

EVENTS = 10000


async def test_log_of_a_device_cut_at_random_is_the_stored_one(make_server):
    server = make_server(workers=2, log_level="warn")
    ani, budi, citra, dewi = server.users("ani", "budi", "citra", "dewi")
    rooms = [group(ani, budi, citra, dewi, label="one"), group(ani, budi, dewi, label="two")]
    rooms.append(direct(ani, dewi))
    rng = random.Random(4711)
    speakers = [Client(server.port, who, window=8, remember=False) for who in (ani, budi, citra)]
    watchers = [
        Client(server.port, who, name=f"watcher {n}", jitter=(0, 0.1), remember=False)
        for n, who in enumerate((dewi, dewi, dewi, budi, budi))
    ]
    for client in (*speakers, *watchers):
        client.keep()
    for client in (*speakers, *watchers):
        await client.until(lambda client=client: client.up)

    async def speak(client):
        mine = [room for room in rooms if room in client.rooms]
        for turn in range(EVENTS // len(speakers)):
            while client.unacked > 40:
                await asyncio.sleep(0.005)
            client.post(rng.choice(mine), f"{client.device.name} {turn}")
            if turn % 50 == 0:
                await asyncio.sleep(rng.uniform(0, 0.3))
        await client.until(lambda: client.unacked == 0, "all acked", 60)

    async def cut(client):
        """At any moment of a connection's life: in the handshake, in the hello, in the resume,
        or while live."""
        cuts = 0
        while True:
            await asyncio.sleep(rng.choice((0.002, 0.01, 0.03, 0.1, 0.3)))
            if client.connected:
                client.cut()
                cuts += 1
                if cuts % 10 == 0:  # now and then it gets through
                    await client.until(lambda: client.up)
                    await asyncio.sleep(0.2)

    async def come_and_go():
        """Membership changes in the middle of it all; also the cursors' events."""
        for turn in range(40):
            ani.api.call("remove", room=rooms[1], user=budi.id)
            await asyncio.sleep(rng.choice((0, 0.02, 0.1)))
            ani.api.call("add", room=rooms[1], user=budi.id)
            dewi.api.call("read", room=rooms[0], seq=3 + turn)
            await asyncio.sleep(0.1)

    cutters = [asyncio.create_task(cut(watcher)) for watcher in watchers]
    talk = [speak(speakers[0]), speak(speakers[2]), come_and_go()]
    await asyncio.gather(*talk)
    for cutter in cutters:
        cutter.cancel()
    await asyncio.gather(*cutters, return_exceptions=True)
    for watcher in watchers:
        await watcher.until(lambda watcher=watcher: watcher.up)
        for room in rooms if watcher.account is dewi else rooms[:2]:
            head = ani.api.call("room", room=room)["room"]["seq"]
            what = f"seq {head} of {room}"
            await watcher.until(
                lambda w=watcher, room=room, head=head: w.position.get(room, (0,))[0] >= head, what
            )
            await watcher.fill(room)
    for client in (*speakers, *watchers):
        await client.close()
    assert server.stop() == 0
    posts = [post for client in speakers for post in client.posts]
    ours = (*rooms, dewi.id, budi.id)
    store = {room: log for room, log in read_store(server.data).items() if room in ours}
    devices = [watcher.device for watcher in watchers]
    report = check(store, devices, posts)
    lost = [len(watcher.lost_at) for watcher in watchers]
    print(f"{lost} cuts: {report.text()}")
    assert report.ok, report.text()
    assert min(lost) > 20, "they were hardly ever cut"
