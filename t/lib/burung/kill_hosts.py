"""The kill harness on three hosts (hosts.py): everything that can go is killed, frozen or cut off
in turn while people talk through nginx; then the comparison, and how long each recovery took."""

import asyncio
import os
import signal
import time
from dataclasses import dataclass, field

from burung.checker import Report, quantile
from burung.client import PASSING, Client
from burung.hosts import Host, Hosts
from burung.kill import FAILPOINTS, Plan, Run, first_from
from burung.load import Load
from burung.records import Event, Post
from burung.server import running, send_signal

LATE_S = 1.0  # an ack or a delivery that took longer waited for something to recover
# What is promised on a quiet machine; stretched by what else runs (load.py).
SLOW_S = 2.0  # an answer to a send, be it busy, while the store is away; and to a ping
TIMER_S = 1.6  # of those
BACK_S = 5.0  # from the blow to the next connection, where others stand in
GOES_S = 5.0  # from the blow, or the return of what was away, to everybody's next ack and delivery
EVERYBODY = "burung:0:all"  # the channel of all workers
ENDED = "process ended because something else was away"
SLOW_REFUSAL = "send was neither stored nor refused in time"
DEAF = "socket was not read"
LATE_BACK = "connection was not back in time"
LATE_GOES = "somebody was without ack or delivery for too long"
NO_RECOVERY = "somebody was still without ack or delivery long after a fault"


class Device(Client):
    """Notes when each message was sent, and when it was shown here for the first time."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.posted: dict[str, float] = {}  # cid → when
        self.heard: dict[str, float] = {}
        self.answers: list[tuple[float, float, str, str]] = []  # asked, answered, op, code

    def post(self, room: str, body: str) -> Post:
        post = super().post(room, body)
        self.posted[post.cid] = time.monotonic()
        return post

    def _keep_event(self, event: Event) -> None:
        super()._keep_event(event)
        if event.kind == "message":
            self.heard.setdefault(event.cid, time.monotonic())

    def _request(self, op, fields, answer):
        asked = time.monotonic()

        def take(frame: dict | None) -> None:
            code = "lost" if frame is None else frame.get("error", {}).get("code", "ok")
            self.answers.append((asked, time.monotonic(), op, code))
            answer(frame)

        return super()._request(op, fields, take)


@dataclass
class Fault:
    """One thing that was done, and what it cost. Seconds count from `since`: when something was
    killed that others can stand in for, or when what was away came back."""

    what: str
    began: float
    since: float = 0
    ended: float = 0
    lost: int = 0  # connections
    back: list[float] = field(default_factory=list)  # to the next connection, of those
    goes: float = 0  # until everybody had had an ack and a delivery again
    ack: float = 0  # to the last ack that came late: what had piled up is worked off
    slowest: float = 0  # from post to the last device
    delivery: float = 0  # until the last late message was shown on every device
    busy: int = 0  # sends refused for the moment
    answer: float = 0  # the slowest answer to a send, stored or refused
    ping: float = 0  # the slowest answer to a ping
    stretch: float = 1  # what the times are to be divided by

    def figures(self) -> dict:
        return {
            "fault": self.what,
            "lasted": round(self.since - self.began, 2),
            "connections lost": self.lost,
            "back p50": round(quantile(self.back, 0.5), 2) if self.back else None,
            "back max": round(max(self.back), 2) if self.back else None,
            "goes on": round(self.goes, 2),
            "last late ack": round(self.ack, 2),
            "last late delivery": round(self.delivery, 2),
            "slowest delivery": round(self.slowest, 2),
            "busy": self.busy,
            "slowest answer to a send": round(self.answer, 2),
            "slowest ping": round(self.ping, 2),
            "stretch": round(self.stretch, 2),
        }


class HostsRun(Run):
    def __init__(self, server: Hosts, plan: Plan, names: list[str], times: int, away: float):
        super().__init__(server, plan)
        self.hosts = server
        self.names, self.times, self.away = names, times, away
        self.done: list[Fault] = []
        self.ended_processes: list[str] = []
        self.load = Load()

    async def go(self) -> Report:
        with self.load:
            return await super().go()

    def client(self, account, **options) -> Client:
        return Device(self.server.port, account, **options)

    # What is done

    async def faults(self) -> None:
        await asyncio.sleep(2)
        await self.one("nothing")
        for _ in range(self.times):
            names = list(self.names)
            self.random.shuffle(names)
            for name in names:
                await self.one(name)

    async def one(self, name: str) -> None:
        fault = Fault(name, time.monotonic())
        self.done.append(fault)
        self.outage(name)
        pids = self.hosts.pids()
        spared = await getattr(self, name.replace(" ", "_"))()
        fault.since = fault.began if spared == "stood in for" else time.monotonic()
        if spared == "nobody may end":
            gone = [pid for pid in pids if not running(pid)]
            if gone:
                self.ended_processes.append(f"{name}: {len(gone)} processes")
        try:
            await self.when(f"recovered from {name}", lambda: not self.wanting(fault.since), 45)
            while not await asyncio.to_thread(self.hosts.all_ready):
                assert time.monotonic() < fault.since + 60, f"not ready: {name}"
                await asyncio.sleep(0.1)
        except AssertionError as error:
            self.ended_processes.append(f"{error.args[0][:80]}: {self.wanting(fault.since)}")
        await asyncio.sleep(2.5)
        fault.ended = time.monotonic()
        print(f"{fault.ended - self.done[0].began:6.1f} s: {name} survived", flush=True)

    def wanting(self, since: float) -> dict[str, list[str]]:
        """What has not recovered yet, and whose."""
        clients = self.clients
        ways = {
            "connection": lambda c: c.up,
            "ack": lambda c: c.acked_at and c.acked_at[-1] > since,
            "delivery": lambda c: c.told_at and c.told_at[-1] > since,
            "outbox": lambda c: self.oldest(c) <= LATE_S,
        }
        found = {what: [c.device.name for c in clients if not way(c)] for what, way in ways.items()}
        return {what: names for what, names in found.items() if names}

    @staticmethod
    def oldest(client: Device) -> float:
        """For how long the oldest message without an answer waits."""
        now = time.monotonic()
        heads = [box.queue[0] for box in client._boxes.values() if box.queue]
        return max((now - client.posted[p.cid] for p in heads if not p.acked), default=0)

    def any_host(self) -> Host:
        return self.random.choice(self.hosts.hosts)

    # Each says whether others stand in meanwhile, or whether nobody may end because of it.

    async def nothing(self) -> str:
        await asyncio.sleep(5)
        return "stood in for"

    async def worker_killed(self) -> str:
        """The one with the most descriptors: on a quiet machine the others may have no clients."""
        pids = [pid for host in self.hosts.hosts for pid in host.wait_workers()]
        pids.sort(key=lambda pid: len(os.listdir(f"/proc/{pid}/fd")))
        send_signal(pids[-1], signal.SIGKILL)
        return "stood in for"

    async def worker_killed_at_a_commit(self) -> str:
        point = FAILPOINTS[len(self.done) % len(FAILPOINTS)]
        path = max(self.hosts.hosts, key=lambda host: host.status()["connections"]).arm(point)
        try:
            await self.when(f"{path.name} is consumed", lambda: not path.exists(), 30)
        except AssertionError:
            path.unlink(missing_ok=True)
            self.not_consumed.append(path.name)
        self.done[-1].began = time.monotonic()
        return "stood in for"

    async def workers_of_a_host_killed(self) -> str:
        for pid in self.any_host().wait_workers():
            send_signal(pid, signal.SIGKILL)
        return "stood in for"

    async def host_killed(self) -> str:
        await self.kill_hosts([self.any_host()], 3)
        return "stood in for"

    async def two_hosts_killed(self) -> str:
        await self.kill_hosts(self.random.sample(self.hosts.hosts, 2), 6)
        return "stood in for"

    async def kill_hosts(self, hosts: list[Host], seconds: float) -> None:
        for host in hosts:
            host.process.kill()
        for host in hosts:
            await asyncio.to_thread(host.die)
        await asyncio.sleep(seconds)
        for host in hosts:
            host.start(ready=False)

    async def host_unplugged(self) -> str:
        machine = self.any_host().machine
        machine.unplug()
        await asyncio.sleep(8)
        machine.plug()
        return "nobody may end"

    async def redis_killed(self) -> str:
        self.hosts.redis.kill()
        await asyncio.sleep(self.random.uniform(0, 2))
        await asyncio.to_thread(self.hosts.redis.start)
        return "nobody may end"

    async def redis_frozen(self) -> str:
        self.hosts.redis.signal(signal.SIGSTOP)
        await asyncio.sleep(5)
        self.hosts.redis.signal(signal.SIGCONT)
        return "nobody may end"

    async def redis_dropped_its_subscribers(self) -> str:
        """Those whose output buffer is full: the limit is small and what is published large."""
        redis = self.hosts.redis
        limit = "CONFIG", "SET", "client-output-buffer-limit"
        assert redis.say(*limit, "pubsub 1mb 1mb 0") == "+OK"
        all_of_them = self.hosts.conf["workers"]
        await self.when(
            "all workers subscribe", lambda: redis.subscribers(EVERYBODY) == all_of_them, 30
        )
        told = redis.say("PUBLISH", EVERYBODY, b"x" * (1 << 21))
        assert told == f":{all_of_them}", told
        assert redis.say(*limit, "pubsub 32mb 8mb 60") == "+OK"
        return "nobody may end"

    async def redis_cut_off_from_a_host(self) -> str:
        machine = self.any_host().machine
        machine.part_from(self.hosts.redis.machine)
        await asyncio.sleep(6)
        machine.rejoin()
        return "nobody may end"

    async def store_killed(self) -> str:
        self.hosts.store.kill()
        await asyncio.to_thread(self.hosts.store.start)
        return "nobody may end"

    async def store_away(self) -> str:
        self.hosts.store.kill()
        before = sum(fault.what == "store away" for fault in self.done[:-1])
        await self.ping_for(min(self.away, 10) if before else self.away)
        await asyncio.to_thread(self.hosts.store.start)
        return "nobody may end"

    async def store_frozen(self) -> str:
        self.hosts.store.signal(signal.SIGSTOP)
        await self.ping_for(6)
        self.hosts.store.signal(signal.SIGCONT)
        return "nobody may end"

    async def store_cut_off_from_a_host(self) -> str:
        machine = self.any_host().machine
        machine.part_from(self.hosts.store.machine)
        await self.ping_for(6)
        machine.rejoin()
        return "nobody may end"

    async def nginx_reloaded(self) -> str:
        self.hosts.front.reload()
        return "nobody may end"

    async def nginx_killed(self) -> str:
        await asyncio.to_thread(self.hosts.front.kill)
        await asyncio.to_thread(self.hosts.front.start)
        return "nobody may end"

    async def ping_for(self, seconds: float) -> None:
        """Everybody's socket must be read all the time, whatever else waits."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for client in self.clients:
                if client.up:
                    client._request("ping", {}, lambda answer: None)
            await asyncio.sleep(0.5)

    # What it cost

    def judge(self) -> Report:
        report = super().judge()
        for fault, until in zip(
            self.done, [*(f.began for f in self.done[1:]), float("inf")], strict=True
        ):
            self.count(fault, until)
            self.in_time(fault, report)
        for what in self.ended_processes:
            report.add(ENDED if "processes" in what else NO_RECOVERY, what)
        return report

    def in_time(self, fault: Fault, report: Report) -> None:
        fault.stretch = self.load.between(fault.began, fault.ended)
        limits = [(LATE_GOES, fault.goes, GOES_S, 0)]
        if fault.what.startswith("store"):
            limits.append((SLOW_REFUSAL, fault.answer, SLOW_S - TIMER_S, TIMER_S))
            limits.append((DEAF, fault.ping, SLOW_S - TIMER_S, TIMER_S))
        if fault.back:
            unseen = self.plan.patience if fault.what == "host unplugged" else 0
            limits.append((LATE_BACK, max(fault.back), BACK_S, unseen))
        for promise, took, limit, waits in limits:
            if took > waits + limit * fault.stretch:
                report.add(promise, f"{fault.what}: {took:.2f} s, stretch {fault.stretch:.2f}")

    def count(self, fault: Fault, until: float) -> None:
        for client in self.clients:
            for times in (client.acked_at, client.told_at):
                first = first_from(times, fault.since)
                fault.goes = max(fault.goes, (first or float("inf")) - fault.since)
            for at in client.lost_at:
                if fault.began <= at < min(until, fault.ended):
                    fault.lost += 1
                    again = [t for t in client.connected_at if t > at]
                    fault.back += [again[0] - fault.since] if again else []
            for asked, answered, op, code in client.answers:
                if not fault.began <= asked < until:
                    continue
                fault.busy += op == "send" and code in PASSING
                if code == "lost":
                    continue
                if op == "send":
                    fault.answer = max(fault.answer, answered - asked)
                if op == "ping":
                    fault.ping = max(fault.ping, answered - asked)
            for post in client.posts:
                self.count_post(fault, until, client, post)

    def count_post(self, fault: Fault, until: float, client: Device, post: Post) -> None:
        posted = client.posted[post.cid]
        if not fault.began <= posted + LATE_S < until or not post.acked:
            return
        acked = post.acks[0][2]
        if acked - posted > LATE_S and acked > fault.began:
            fault.ack = max(fault.ack, acked - fault.since)
        if post.room in self.commons:
            shown = max(c.heard.get(post.cid, 0) for c in self.clients)
            fault.slowest = max(fault.slowest, shown - posted)
            if shown - posted > LATE_S and shown > fault.began:
                fault.delivery = max(fault.delivery, shown - fault.since)


# The names of all, as their methods are called.
FAULTS = [
    "worker killed",
    "worker killed at a commit",
    "workers of a host killed",
    "host killed",
    "two hosts killed",
    "host unplugged",
    "redis killed",
    "redis frozen",
    "redis dropped its subscribers",
    "redis cut off from a host",
    "store killed",
    "store away",
    "store frozen",
    "store cut off from a host",
    "nginx reloaded",
    "nginx killed",
]
