"""What is measured: each scenario starts a server, lets chatload work, and returns figures."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from servers import LOAD_CPU, Failed, Running, on_cpu

WARM_UP = 1000


@dataclass
class Bench:
    """What all scenarios need."""

    build: Path
    data: Path  # on the disk whose speed shall count
    seconds: float
    scale: float  # of the number of clients, for a quick look


@dataclass
class Scenario:
    name: str
    title: str
    run: Callable[[Bench, object], dict[str, float]]
    peers: tuple[str, ...]
    # figure -> (unit, target of burung, is more better)
    figures: dict[str, tuple[str, float | None, bool]]


def chatload(bench: Bench, profile: str, server: Running, *args) -> list[dict]:
    """The lines that chatload prints."""
    command = [bench.build / "bench/chatload", "-p", server.port, "-P", profile]
    command += ["--pids", server.pid, *args]
    if server.people:
        command += ["--people", server.people]
    out = subprocess.run(on_cpu(LOAD_CPU, command), capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in out.stdout.splitlines()]
    if out.returncode != 0 or not lines:
        raise Failed(f"chatload: {out.stdout[-500:]}{out.stderr[-500:]}")
    return lines


def pick(lines: list[dict], what: str) -> list[dict]:
    return [line for line in lines if line["what"] == what]


def with_server(bench: Bench, peer, clients: int, rooms: int, use: Callable, **how):
    """use(server, clients, rooms) with a server of its own in a folder of its own."""
    clients = max(rooms, int(clients * bench.scale))
    with (
        tempfile.TemporaryDirectory(dir=bench.data) as folder,
        peer.start(Path(folder), clients, rooms, **how) as server,
    ):
        return use(server, clients, rooms)


def highest(clients: int, rooms: int, senders: int) -> Callable:
    """The most deliveries a second with p99 <= 100 ms and nothing lost."""

    def run(bench: Bench, peer) -> dict[str, float]:
        def use(server: Running, n: int, r: int) -> dict[str, float]:
            window = 16 if senders < 100 else 1
            args = ["-n", n, "-r", r, "-s", min(senders, n), "-t", bench.seconds, "-W", window]
            lines = chatload(bench, peer.profile, server, *args, "--search")
            best = pick(lines, "best")[0]
            stages = pick(lines, "stage")
            good = [s for s in stages if s["ok"]] or stages
            top = max(good, key=lambda s: s["deliveries"])
            return {
                "deliveries": best["deliveries"],
                "cpu": top["cpu_s_per_million"],
                "closed loop": stages[0]["deliveries"],
                "closed loop cpu": stages[0]["cpu_s_per_million"],
                "p99": top["p99_ms"],
                "own": max(s["server_cores"] for s in stages),
                "others": max(s["other_cores"] for s in stages),
            }

        return with_server(bench, peer, clients, rooms, use)

    return run


def fixed_rate(bench: Bench, peer) -> dict[str, float]:
    def use(server: Running, n: int, r: int) -> dict[str, float]:
        rate = 20000 * r / n
        args = ["-n", n, "-r", r, "-s", min(100, n), "-t", bench.seconds, "-R", rate]
        stage = pick(chatload(bench, peer.profile, server, *args), "stage")[0]
        return {
            "p50": stage["p50_ms"],
            "p99": stage["p99_ms"],
            "cpu": stage["cpu_s_per_million"],
            "lost": stage["lost"],
            "others": stage["other_cores"],
        }

    return with_server(bench, peer, 1000, 10, use)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pairs(bench: Bench, peer) -> dict[str, float]:
    def use(server: Running, n: int, r: int) -> dict[str, float]:
        args = ["-n", n, "-r", r, "-s", n, "-t", bench.seconds, "-W", 1]
        before = {name: cpu_seconds(pid) for name, pid in server.parts.items()}
        stage = pick(chatload(bench, peer.profile, server, *args), "stage")[0]
        parts = {name: cpu_seconds(pid) - before[name] for name, pid in server.parts.items()}
        acked = max(stage["acked"] * bench.seconds, 1)
        return {
            "messages": stage["acked"],
            "ack p50": stage["ack_p50_ms"],
            "ack p99": stage["ack_p99_ms"],
            "cpu": stage["cpu_s_per_million"] * 2,
            **{f"cpu of {name}": spent * 1e6 / acked for name, spent in parts.items()},
            "others": stage["other_cores"],
        }

    return with_server(bench, peer, 50, 25, use)


def joined(bench: Bench, peer) -> dict[str, float]:
    def use(server: Running, n: int, r: int) -> dict[str, float]:
        lines = chatload(bench, peer.profile, server, "-n", n, "-r", r)
        connect = pick(lines, "connect")[0]
        return {"joined": connect["per_second"], "cpu": connect["cpu_us_each"]}

    return with_server(bench, peer, 10000, 1000, use)


def storm(bench: Bench, peer) -> dict[str, float]:
    """The worker is killed under all of them, which come back as the browser's client does."""

    def use(server: Running, n: int, r: int) -> dict[str, float]:
        command = [bench.build / "bench/chatload", "-p", server.port, "-P", peer.profile]
        command += ["--pids", server.pid, "--people", server.people, "--storm"]
        command += ["-n", n, "-r", r, "-s", r, "-R", 50]
        with subprocess.Popen(
            on_cpu(LOAD_CPU, command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as load:
            json.loads(load.stdout.readline())
            # So that its end is not taken for a failing start.
            time.sleep(6)
            [worker] = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
            print("now", file=load.stdin, flush=True)
            os.kill(int(worker), signal.SIGKILL)
            row = json.loads(load.stdout.readline())
            load.stdin.close()
        if not (row["back"] and row["heard"]):
            raise Failed(f"not all came back and heard everything: {row}")
        return {
            "p50": row["p50_ms"] / 1000,
            "p99": row["p99_ms"] / 1000,
            "max": row["max_ms"] / 1000,
            "cpu": row["cpu_us_each"],
            "broken": row["broken"],
            "failed": sum(row["failed"].values()),
        }

    return with_server(bench, peer, 10000, 1000, use)


def idle_each(bench: Bench, peer) -> dict[str, float]:
    """After some have come and gone, so that what the first ones cost once does not count."""

    def use(server: Running, n: int, r: int) -> dict[str, float]:
        warm = min(WARM_UP, n)
        chatload(bench, peer.profile, server, "-n", warm, "-r", min(r, warm))
        time.sleep(2)
        lines = chatload(bench, peer.profile, server, "-n", n, "-r", r, "--idle", 10)
        return {"private": pick(lines, "idle")[0]["private_each"]}

    return with_server(bench, peer, 10000, 1000, use)


def idle_many(bench: Bench, peer) -> dict[str, float]:
    def use(server: Running, n: int, r: int) -> dict[str, float]:
        lines = chatload(bench, peer.profile, server, "-n", n, "-r", r, "-w", 4, "--idle", 12)
        idle = pick(lines, "idle")[0]
        return {"all": idle["private_all"] / 1e6, "each": idle["private_each"]}

    return with_server(bench, peer, 60000, 6000, use, workers=4, cpu=None)


def memory_of(pid: int) -> tuple[float, float]:
    """Proportional and private MB of a process and its children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    pss = private = 0.0
    for each in (pid, *map(int, children)):
        for line in Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
            name, *rest = line.split()
            if name == "Pss:":
                pss += int(rest[0]) * 1024 / 1e6
            elif name.startswith("Private_"):
                private += int(rest[0]) * 1024 / 1e6
    return pss, private


def start_up(bench: Bench, peer) -> dict[str, float]:
    """From exec to the first 200 of /readyz: with an empty folder, and with a database."""

    def first(server: Running, n: int, r: int) -> dict[str, float]:
        time.sleep(2)
        pss, private = memory_of(server.pid)
        return {"first start": server.started_ms, "memory": pss, "private": private}

    figures = with_server(bench, peer, 0, 0, first, workers=2, cpu=None)
    figures["start"] = with_server(
        bench, peer, 1000, 100, lambda s, n, r: s.started_ms, workers=2, cpu=None
    )
    return figures


RELAYS = ("burung", "shared", "raw", "batch", "nchan", "centrifugo")
DELIVERIES = {
    "deliveries": ("/s", None, True),
    "cpu": ("CPU s per million", None, False),
    "closed loop": ("/s", None, True),
    "closed loop cpu": ("CPU s per million", None, False),
    "p99": ("ms", None, False),
    "own": ("cores that it got at most", None, False),
    "others": ("cores busy with other work", None, False),
}

SCENARIOS = [
    Scenario(
        "A",
        "1 room of 1,000, 20 of them post: deliveries at p99 of at most 100 ms",
        highest(1000, 1, 20),
        RELAYS,
        DELIVERIES | {"deliveries": ("/s", 2e6, True), "cpu": ("CPU s per million", 0.5, False)},
    ),
    Scenario(
        "B",
        "1,000 rooms of 10, one of each posts: deliveries at p99 of at most 100 ms",
        highest(10000, 1000, 1000),
        RELAYS,
        DELIVERIES | {"deliveries": ("/s", 60e3, True)},
    ),
    Scenario(
        "C",
        "10,000 idle connections in rooms of 10: private memory of each",
        idle_each,
        RELAYS,
        {"private": ("bytes", 400, False)},
    ),
    Scenario(
        "D",
        "10 rooms of 100, 20,000 deliveries a second: how long each takes",
        fixed_rate,
        RELAYS,
        {
            "p50": ("ms", 3, False),
            "p99": ("ms", 15, False),
            "cpu": ("CPU s per million", None, False),
            "lost": ("", 0, False),
            "others": ("cores busy with other work", None, False),
        },
    ),
    Scenario(
        "E",
        "25 rooms of 2, everyone has one message on the way: stored messages",
        pairs,
        ("burung", "shared"),
        {
            "messages": ("/s", 10e3, True),
            "ack p50": ("ms", None, False),
            "ack p99": ("ms", None, False),
            "cpu": ("CPU s per million messages", None, False),
            "cpu of store": ("CPU s per million messages", None, False),
            "cpu of redis": ("CPU s per million messages", None, False),
            "others": ("cores busy with other work", None, False),
        },
    ),
    Scenario(
        "F",
        "10,000 devices log in by token and are synced",
        joined,
        RELAYS,
        {"joined": ("/s", 8e3, True), "cpu": ("CPU µs each", None, False)},
    ),
    Scenario(
        "storm",
        "the only worker is killed under 10,000 devices: until they are synced again",
        storm,
        ("burung", "shared"),
        {
            "p50": ("s", None, False),
            "p99": ("s", 5, False),
            "max": ("s", None, False),
            "cpu": ("CPU µs each", None, False),
            "broken": ("events not told once and in order", 0, False),
            "failed": ("attempts that failed", None, False),
        },
    ),
    Scenario(
        "idle",
        "60,000 idle connections over 4 workers: private memory of all processes",
        idle_many,
        ("burung",),
        {"all": ("MB", 40, False), "each": ("bytes", None, False)},
    ),
    Scenario(
        "start",
        "2 workers: from exec to the first 200 of /readyz, and the idle server's memory",
        start_up,
        ("burung",),
        {
            "start": ("ms", 100, False),
            "first start": ("ms", 100, False),
            "memory": ("MB", 12, False),
            "private": ("MB", None, False),
        },
    ),
]
