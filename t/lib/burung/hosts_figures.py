"""What three hosts (hosts.py) do in figures: how soon a crowd is back that lost its host, and how
long a message takes to the last device of a room that is spread over all hosts."""

import asyncio
import json
import os
import subprocess
import time
from pathlib import Path

from burung.api import new_cid
from burung.checker import quantile
from burung.hosts import Host, Hosts
from burung.kill_hosts import Device
from burung.load import Load
from burung.scene import group
from burung.server import Server, binary

IN_A_ROOM = 10  # people


def rooms_for(count: int) -> int:
    return max(1, count // IN_A_ROOM)


def people(folder: Path, count: int) -> Path:
    """So many in rooms of ten: a store of SQLite, and beside it .txt with a line for each."""
    file = folder / "people.db"
    with open(file.with_suffix(".txt"), "wb") as out:
        seed = [binary().parent / "bench/seed", file, str(count), str(rooms_for(count))]
        subprocess.run(seed, stdout=out, check=True)
    return file


def crowd(hosts: Hosts, count: int, rate: float = 20) -> list[dict]:
    """A device for each of those people. A host dies under its share of them, then two at once
    under all."""
    rooms = rooms_for(count)
    load = [binary().parent / "bench/chatload", "-p", hosts.port, "-P", "burung"]
    load += ["-n", count, "-r", rooms, "-s", rooms, "-R", rate, "--storm"]
    load += ["--people", hosts.people.with_suffix(".txt")]
    with subprocess.Popen(
        list(map(str, load)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as devices:
        opened = json.loads(devices.stdout.readline())
        assert opened["ready"] == count, opened
        rows = []
        for dying in (hosts.hosts[:1], hosts.hosts[1:]):
            time.sleep(2)
            rows.append({"hosts lost": len(dying), **lose(devices, dying)})
            rows[-1]["all connected at first in s"] = opened["seconds"]
            for host in dying:
                host.start()
        devices.stdin.close()
    return rows


def lose(devices: subprocess.Popen, dying: list[Host]) -> dict:
    with Load() as load:
        print("now", file=devices.stdin, flush=True)
        for host in dying:
            host.process.kill()
        for host in dying:
            host.die()
        row = json.loads(devices.stdout.readline())
    return {
        "devices": row["clients"],
        "devices that lost their host": row["lost"],
        "all back": row["back"],
        "all heard everything": row["heard"],
        "back p50 s": round(row["p50_ms"] / 1000, 2),
        "back p99 s": round(row["p99_ms"] / 1000, 2),
        "back max s": round(row["max_ms"] / 1000, 2),
        "failed attempts": {why: n for why, n in row["failed"].items() if n},
        "messages told": row["told"],
        "holes or repeats": row["broken"],
        "load": round(os.getloadavg()[0], 1),
        "stretch": round(load.stretch, 2),
    }


async def latency(what: str, server: Server | Hosts, seconds: float, people: int = 30) -> dict:
    """One talks, 20 times a second, in a room of so many; until the last of them was told."""
    accounts = server.users(*(f"member.{n}" for n in range(people)))
    room = group(*accounts)
    clients = [Device(server.port, account, remember=False) for account in accounts]
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
