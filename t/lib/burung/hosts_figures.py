"""What three hosts (hosts.py) do in figures: how soon a crowd is back that lost its host, and how
long a message takes to the last device of a room that is spread over all hosts."""

import asyncio
import contextlib
import os
import threading
import time

from burung.api import Refused, new_cid
from burung.checker import quantile
from burung.crowd import Crowd, Device
from burung.hosts import Host, Hosts
from burung.kill_hosts import Device as Timed
from burung.scene import group, room_of, say
from burung.server import Account, Server

PEOPLE = 60


class Poster(threading.Thread):
    """Says something in each room in turn, so that whoever comes back has missed something."""

    def __init__(self, rooms: dict[str, Account], rate: float):
        super().__init__(daemon=True)
        self.rooms, self.rate = rooms, rate
        self.stopping = threading.Event()
        self.said = 0

    def run(self) -> None:
        while True:
            for room, owner in self.rooms.items():
                if self.stopping.wait(1 / self.rate):
                    return
                with contextlib.suppress(OSError, ValueError, Refused):
                    say(owner, room)
                    self.said += 1

    def stop(self) -> None:
        self.stopping.set()
        self.join()


def crowd(hosts: Hosts, count: int, rate: float = 20) -> list[dict]:
    """A host dies under its share of so many devices, then two at once under theirs."""
    accounts = hosts.users(*(f"crowd.{n}" for n in range(PEOPLE)))
    rooms = {group(account): account for account in accounts}
    pairs = [(account.token, room) for room, account in rooms.items()]
    devices = [Device(*pairs[n % PEOPLE]) for n in range(count)]
    all_of_them = Crowd(hosts.port, devices)
    began = time.monotonic()
    all_of_them.open_all()
    opened = time.monotonic() - began
    rows = []
    for dying in (hosts.hosts[:1], hosts.hosts[1:]):
        rows.append(lose(all_of_them, dying, rooms, rate))
        rows[-1]["all connected at first in"] = round(opened, 2)
        for host in dying:
            host.start()
    all_of_them.close()
    return rows


def lose(crowd: Crowd, dying: list[Host], rooms: dict[str, Account], rate: float) -> dict:
    crowd.troubles.clear()
    before = {device: len(device.lost_at) for device in crowd.devices}
    poster = Poster(rooms, rate)
    poster.start()
    crowd.run(lambda: poster.said > PEOPLE, 30)
    began = time.monotonic()
    for host in dying:
        host.process.kill()
    for host in dying:
        host.die()
    crowd.run(lambda: crowd.up < len(crowd.devices), 5)
    back = crowd.run(lambda: crowd.up == len(crowd.devices), 90)
    poster.stop()
    heads = {room: room_of(owner, room)["seq"] for room, owner in rooms.items()}
    heard = crowd.run(lambda: all(d.seq == heads[d.room] for d in crowd.devices), 30)
    lost = [device for device in crowd.devices if len(device.lost_at) > before[device]]
    times = [device.synced_at[-1] - began for device in lost if device.synced]
    return {
        "hosts lost": len(dying),
        "devices": len(crowd.devices),
        "devices that lost their host": len(lost),
        "all back": back,
        "all heard everything": heard,
        "back p50": round(quantile(times, 0.5), 2) if times else None,
        "back p99": round(quantile(times, 0.99), 2) if times else None,
        "back max": round(max(times), 2) if times else None,
        "failed attempts": dict(crowd.troubles),
        "holes or repeats": len(crowd.broken),
        "load": round(os.getloadavg()[0], 1),
    }


async def latency(what: str, server: Server | Hosts, seconds: float, people: int = 30) -> dict:
    """One talks, 20 times a second, in a room of so many; until the last of them was told."""
    accounts = server.users(*(f"member.{n}" for n in range(people)))
    room = group(*accounts)
    clients = [Timed(server.port, account, remember=False) for account in accounts]
    for client in clients:
        await client.open()
    speaker = clients[0]
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        speaker.post(room, new_cid())
        await asyncio.sleep(0.05)
    cids = list(speaker.posted)
    told = lambda: all(cid in client.heard for client in clients for cid in cids)  # noqa: E731
    async with asyncio.timeout(30):
        while not told():
            await asyncio.sleep(0.05)
    acks = [(p.acks[0][2] - speaker.posted[p.cid]) * 1000 for p in speaker.posts]
    ends = [max(c.heard[cid] for c in clients) - speaker.posted[cid] for cid in cids]
    ends = [each * 1000 for each in ends]
    for client in clients:
        await client.close()
    return {
        "what": what,
        "members": people,
        "messages": len(cids),
        "ack p50 ms": round(quantile(acks, 0.5), 1),
        "ack p99 ms": round(quantile(acks, 0.99), 1),
        "last delivery p50 ms": round(quantile(ends, 0.5), 1),
        "last delivery p99 ms": round(quantile(ends, 0.99), 1),
        "load": round(os.getloadavg()[0], 1),
    }


def latencies(hosts: Hosts, seconds: float) -> list[dict]:
    """Beside the same on one host, with its local bus."""
    rows = [asyncio.run(latency("three hosts: Redis, MongoDB", hosts, seconds))]
    alone = hosts.store.uri.replace("/burung", "/alone")
    for what, conf in (
        ("one host: local bus, MongoDB", {"store": alone}),
        ("one host: local bus, SQLite", {}),
    ):
        with Server(workers=2, log_level="warn", **conf) as server:
            rows.append(asyncio.run(latency(what, server, seconds)))
    return rows
