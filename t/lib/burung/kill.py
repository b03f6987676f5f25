"""The kill harness: clients that talk while processes are killed, stopped or cut off, and then
the comparison of what they saw with what is stored. Used by t/system and by t/kill."""

import asyncio
import contextlib
import random
import signal
import time
from bisect import bisect_left
from dataclasses import dataclass, field

from burung.changes import Changes
from burung.checker import Report, check
from burung.client import Client
from burung.fold import check_rows, read_rows
from burung.logins import Logins
from burung.records import Outage
from burung.server import Account, Server, running, send_signal
from burung.store import read_store

FAILPOINTS = (
    "append.before_commit",
    "append.after_commit",
    "append.before_ack",
    "bus.before_publish",
    "bus.after_publish",
)


@dataclass
class Plan:
    fault: str = "kill"  # kill, stop, master, reload
    seconds: float = 30
    period: float = 2  # between faults
    clients: int = 20
    rooms: int = 5
    members: int = 12  # of each room
    rate: float = 4  # messages a second of each client
    changes: float = 2  # of members, names, wishes: a second in each room
    logins: float = 0.5  # second devices that come and are logged out, a second
    points: int = 0  # failpoints that must be passed: it takes longer until then, up to 5 times
    patience: float = 4  # of a client, for an answer
    settle: float = 60  # to become quiet in the end
    seed: int = field(default_factory=lambda: random.randrange(1 << 32))


class Run:
    """One round on a running server; go() ends with the server stopped."""

    def __init__(self, server: Server, plan: Plan):
        self.server = server
        self.plan = plan
        self.random = random.Random(plan.seed)
        self.clients: list[Client] = []
        self.rooms: dict[str, list[Client]] = {}  # whose members come and go
        self.commons: dict[str, list[Client]] = {}  # the one in which all stay
        self.outages: list[Outage] = []
        self.armed: list[str] = []
        self.not_consumed: list[str] = []
        self._points = iter(())
        self.changes = Changes(self.rooms, plan.changes, self.random)
        self.logins = Logins(server, self.clients, plan.logins, self.random)

    async def go(self) -> Report:
        self.prepare()
        self.changes.prepare()
        for client in self.clients:
            client.keep()
        await self.when("all clients connected", lambda: all(c.up for c in self.clients), 30)
        senders = [asyncio.create_task(self.talk(client)) for client in self.clients]
        changers = self.changes.start()
        visitor = self.logins.start()
        try:
            await self.faults()
            await self.changes.finish(changers)
            await self.logins.finish(visitor)
        finally:
            for task in (*senders, *changers, visitor):
                task.cancel()
            await asyncio.gather(*senders, *changers, visitor, return_exceptions=True)
        await self.settle()
        for client in self.clients:
            await client.close()
        assert self.server.stop() == 0, self.server.log_tail()
        return self.judge()

    # The people and what they say

    def prepare(self) -> None:
        tag = f"{self.random.randrange(1 << 24):06x}"
        names = [f"c{i}.{tag}" for i in range(self.plan.clients)]
        accounts = self.server.users(*names)
        for i, account in enumerate(accounts):
            # Every other one has many messages under way at once.
            window = 1 if i % 2 else 8
            patience = self.plan.patience
            self.clients.append(
                self.client(account, window=window, patience=patience, remember=False)
            )
        for i in range(self.plan.rooms):
            members = self.random.sample(self.clients, self.plan.members)
            owner, *others = [client.account for client in members]
            answer = owner.api.call(
                "room_create",
                kind="private",
                label=f"room {i} {tag}",
                members=[account.id for account in others],
            )
            self.rooms[answer["room"]["id"]] = members
        owner, *others = accounts
        answer = owner.api.call(
            "room_create",
            kind="private",
            label=f"commons {tag}",
            members=[account.id for account in others],
        )
        self.commons[answer["room"]["id"]] = self.clients

    def client(self, account: Account, **options) -> Client:
        return Client(self.server.port, account, **options)

    def all_rooms(self) -> dict[str, list[Client]]:
        return self.rooms | self.commons

    async def talk(self, client: Client) -> None:
        rooms = [room for room, members in self.all_rooms().items() if client in members]
        count = 0
        while rooms:
            await asyncio.sleep(self.random.expovariate(self.plan.rate))
            if client.unacked < 100:
                count += 1
                client.post(self.random.choice(rooms), f"{client.account.name} {count}")

    # What is done to the server

    async def faults(self) -> None:
        fault = {
            "kill": self.kill_one,
            "stop": self.stop_one,
            "master": self.kill_master,
            "reload": self.reload,
        }
        start = time.monotonic()
        turn = 0
        while not self.enough(time.monotonic() - start):
            began = time.monotonic()
            await fault[self.plan.fault](turn)
            turn += 1
            await asyncio.sleep(max(0, began + self.plan.period - time.monotonic()))

    def enough(self, seconds: float) -> bool:
        passed = len(self.armed) - len(self.not_consumed)
        limit = self.plan.seconds * (5 if passed < self.plan.points else 1)
        return seconds >= limit

    def outage(self, what: str) -> None:
        self.outages.append(Outage(what, time.monotonic()))

    async def kill_one(self, turn: int) -> None:
        """In turns a worker (now and then all of them) at any moment, and the one that passes
        a failpoint."""
        if turn % 2:
            await self.spring(FAILPOINTS[turn // 2 % len(FAILPOINTS)], "kill")
            return
        workers = self.server.workers()
        if turn % 12 == 6:
            self.outage("all workers killed")
            for pid in workers:
                send_signal(pid, signal.SIGKILL)
        elif workers:
            self.outage("worker killed")
            send_signal(self.random.choice(workers), signal.SIGKILL)

    async def spring(self, point: str, how: str) -> None:
        """Arms a failpoint and waits until a process fell into it."""
        self.armed.append(f"{point}.{how}")
        path = self.server.arm(point, how)
        try:
            await self.when(f"{path.name} is consumed", lambda: not path.exists(), 15)
        except AssertionError:
            path.unlink(missing_ok=True)
            self.not_consumed.append(path.name)
        self.outage(f"{point}.{how}")

    async def stop_one(self, turn: int) -> None:
        """A worker stopped for a while; now and then one that is just about to commit, so that
        it holds the lock for writing, or one between its commit and what follows."""
        if turn % 3 == 1:
            point = FAILPOINTS[turn // 3 % len(FAILPOINTS)]
            before = self.server.workers()
            await self.spring(point, "stop")
            pids = before
        else:
            pids = [self.random.choice(self.server.wait_workers())]
            self.outage("worker stopped")
            send_signal(pids[0], signal.SIGSTOP)
        await asyncio.sleep(self.random.choice((0.3, 1, 3, 7)))
        for pid in pids:
            if running(pid):
                send_signal(pid, signal.SIGCONT)

    async def kill_master(self, turn: int) -> None:
        workers = self.server.workers()
        self.outage("master killed")
        self.server.process.kill()
        self.server.process.wait()
        gone = time.monotonic() + 5
        while any(map(running, workers)):
            assert time.monotonic() < gone, "workers outlived their master"
            await asyncio.sleep(0.01)
        self.server.start(ready=False)
        await self.when("server is back", self.server.accepts, 30)

    async def reload(self, turn: int) -> None:
        """All workers replaced; every other time one is killed in the middle of it."""
        self.outage("reload")
        self.server.signal(signal.SIGHUP)
        if turn % 2:
            await asyncio.sleep(self.random.uniform(0, 0.5))
            workers = self.server.workers()
            if workers:
                send_signal(self.random.choice(workers), signal.SIGKILL)

    # The end

    async def settle(self) -> None:
        limit = self.plan.settle
        clients = self.clients
        await self.when("all workers run", self.all_workers, limit)
        await self.when("all is acked", lambda: not any(c.unacked for c in clients), limit)
        await self.when("every client is connected", lambda: all(c.up for c in clients), limit)
        for room, members in self.all_rooms().items():
            head = members[0].account.api.call("room", room=room)["room"]["seq"]

            def arrived(room=room, members=members, head=head) -> bool:
                return all(c.position.get(room, (0,))[0] >= head for c in members)

            with contextlib.suppress(AssertionError):  # the checker says who and what
                await self.when("everybody heard everything", arrived, limit)
            for client in members:
                await client.fill(room)

    def all_workers(self) -> bool:
        return len(self.server.workers()) == int(self.server.conf["workers"])

    def judge(self) -> Report:
        store = read_store(self.server.data)
        devices = [client.device for client in self.clients]
        posts = [post for client in self.clients for post in client.posts]
        ours = {device.user for device in devices} | set(self.all_rooms())
        self.measure()
        store = {room: events for room, events in store.items() if room in ours}
        report = check(store, devices, posts, outages=self.outages)
        check_rows(report, store, read_rows(self.server.data))
        self.changes.check(report, store)
        self.logins.check(report)
        return report

    def measure(self) -> None:
        """For each outage and each client that lost its connection by it: how long until the
        first ack and the first delivery on its next connection."""
        # A failpoint's victim is noticed a moment after it died.
        begins = [outage.at - 0.05 for outage in self.outages]
        ends = [*begins[1:], time.monotonic()]
        for outage, begin, end in zip(self.outages, begins, ends, strict=True):
            for client in self.clients:
                lost = first_from(client.lost_at, begin)
                if lost is None or lost >= end:
                    continue
                ack = first_from(client.acked_at, lost)
                told = first_from(client.told_at, lost)
                if ack is not None:
                    outage.to_ack.append(ack - outage.at)
                if told is not None:
                    outage.to_delivery.append(told - outage.at)

    async def when(self, what: str, condition, timeout: float) -> None:
        until = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > until:
                log = self.server.log_tail()
                raise AssertionError(f"waited {timeout:g} s in vain: {what}\n{log}")
            await asyncio.sleep(0.01)


def first_from(times: list[float], since: float) -> float | None:
    index = bisect_left(times, since)
    return times[index] if index < len(times) else None


async def run(server: Server, plan: Plan) -> tuple[Run, Report]:
    """A whole round; prints the figures."""
    this = Run(server, plan)
    report = await this.go()
    print(f"{plan.fault}, seed {plan.seed}: {report.text()}")
    return this, report
