"""Small steps that many tests begin with: people, rooms, messages, sockets on chosen workers."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

from burung import mongo
from burung.api import new_cid
from burung.client import Client
from burung.raw import TEXT, Raw, encode
from burung.server import Account, Server


def group(owner: Account, *members: Account, kind: str = "private", label: str = "a room") -> str:
    """A new group's id."""
    ids = [member.id for member in members]
    return owner.api.call("room_create", kind=kind, label=label, members=ids)["room"]["id"]


def direct(one: Account, other: Account) -> str:
    return one.api.call("direct", user=other.id)["room"]["id"]


def say(who: Account, room: str, body: str = "halo", **fields) -> dict:
    """Sends one message by HTTP; the answer."""
    return who.api.call("send", room=room, **{"cid": new_cid(), "body": body, **fields})


def say_many(who: Account, room: str, count: int, body: str = "halo") -> None:
    """Sends by fifties: `body 1`, `body 2` …"""
    for start in range(0, count, 50):
        batch = [
            {"cid": new_cid(), "body": f"{body} {n + 1}"}
            for n in range(start, min(start + 50, count))
        ]
        who.api.call("send", room=room, messages=batch)


def room_of(who: Account, room: str) -> dict:
    return who.api.call("room", room=room)["room"]


def history(who: Account, room: str) -> list[dict]:
    """All events from the beginning, read page by page."""
    events: list[dict] = []
    while True:
        last = events[-1]["seq"] if events else 0
        page = who.api.call("history", room=room, after=last, limit=200)
        events += page["events"]
        if page["last"]:
            return events


def members(who: Account, room: str) -> dict[str, str]:
    """User id → role, of all members."""
    found: dict[str, str] = {}
    fields: dict = {}
    while True:
        page = who.api.call("members", room=room, **fields)
        found |= {member["user"]["id"]: member["role"] for member in page["members"]}
        if "next" not in page:
            return found
        fields = {"next": page["next"]}


@asynccontextmanager
async def online(server: Server, *accounts: Account, **options):
    """Open clients, closed in the end; none may have noticed a broken promise."""
    clients = [Client(server.port, account, **options) for account in accounts]
    try:
        for client in clients:
            await client.open()
        yield clients if len(clients) > 1 else clients[0]
        for client in clients:
            assert not client.device.oddities, client.device.oddities
    finally:
        for client in clients:
            await client.close()


ELSEWHERE_S = 15  # a worker that has many more connections than others takes none, long before


async def open_elsewhere(server: Server, client: Client, *, than: int) -> int:
    """Opens the client on another worker than this pid; the pid of its worker."""
    until = time.monotonic() + ELSEWHERE_S
    with ExitStack() as ballast:
        while time.monotonic() < until:
            await client.connect()
            pid = server.worker_of(client.local_port)
            if pid not in (None, than):
                await client.hello()
                return pid
            client.cut()
            ballast.enter_context(Raw(server.port))
    raise AssertionError(f"for {ELSEWHERE_S} s all connections were taken by one worker")


@contextmanager
def locked_store(server: Server) -> Iterator[None]:
    """While inside, nothing can be written: somebody else holds SQLite's write lock, or the
    MongoDB stands still."""
    if server.conf.get("store", "").startswith("mongodb"):
        with mongo.shared().frozen():
            yield
        return
    db = sqlite3.connect(server.data / "burung.db", isolation_level=None, timeout=10)
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("ROLLBACK")
    finally:
        db.close()


class RawDevice(Raw):
    """A WebSocket on a bare socket, logged in and greeted."""

    def __init__(self, server: Server, account: Account, **options):
        super().__init__(server.port, **options)
        status, _ = self.upgrade(Authorization=f"Bearer {account.token}")
        assert status == 101, status

    def say(self, message: dict) -> None:
        self.send(encode(TEXT, json.dumps(message).encode()))

    def hear(self) -> dict:
        """The next answer or event; signals, pings and pongs are skipped."""
        while True:
            frame = self.frame()
            if frame.opcode == TEXT:
                heard = json.loads(frame.payload)
                if "sig" not in heard:
                    return heard
            else:
                assert frame.opcode in (9, 10), frame

    def ask(self, op: str, **fields) -> dict:
        """The answer, or the error object; what comes before it is skipped."""
        self.say({"id": 1, "op": op, **fields})
        while (heard := self.hear()).get("re") != 1:
            pass
        return heard

    def hello(self) -> dict:
        return self.ask("hello")
