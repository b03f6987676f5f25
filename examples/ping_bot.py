#!/usr/bin/env python3
"""ping_bot.py - answers "ping" with "pong" in every room it is in, each one exactly once.

    ping_bot.py http://127.0.0.1:8080 NAME

The password comes from the environment (BURUNG_PASSWORD) or from standard input. Needs Python
3.11 and the package websockets, 14 or newer.

What a client has to do so that nothing is lost or said twice is all here: it keeps what it
wants to say until that is acknowledged, sends it again with the same cid when it does not know
the outcome, and on a new connection names the last event it has of each room."""

import asyncio
import contextlib
import getpass
import hashlib
import json
import logging
import os
import random
import sys
import urllib.error
import urllib.request
from collections import deque

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

SILENCE = 25  # seconds, then the bot asks whether anybody is there
PATIENCE = 5  # seconds for that answer
SESSION_OVER = 4401
log = logging.getLogger("ping_bot")


def log_in(server: str, name: str, password: str) -> str:
    """A token; raises HTTPError when the server does not want us."""
    fields = {"name": name, "password": password, "token": True, "device": "ping_bot"}
    request = urllib.request.Request(
        f"{server}/api/login",
        json.dumps(fields).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["token"]


def cid_for(room: str, seq: int) -> str:
    """The cid of the answer to one message. Made from that message, so that a bot that was
    started anew cannot answer it a second time either."""
    return hashlib.sha256(f"pong {room} {seq}".encode()).hexdigest()[:32]


class Lost(Exception):
    """The connection is of no use any more."""


class Bot:
    def __init__(self, server: str, token: str):
        self.url = "ws" + server.removeprefix("http") + "/ws"
        self.token = token
        self.me = ""
        self.known: dict[str, tuple[int, str]] = {}  # room → the last event's seq and cid
        self.outbox: dict[str, deque[dict]] = {}  # room → messages not yet acknowledged
        self.socket = None
        self.listed: dict[str, tuple[int, str]] = {}  # as the server told on this connection
        self.asked: dict[int, str] = {}  # id of a send under way → its room
        self.last_id = 0
        self.tasks: set[asyncio.Task] = set()

    async def run(self) -> None:
        """Until the session is over."""
        failures = 0
        while True:
            try:
                async with connect(
                    self.url,
                    additional_headers={"Authorization": f"Bearer {self.token}"},
                    ping_interval=None,
                    max_size=None,
                ) as self.socket:
                    await self.say_hello()
                    failures = 0
                    await self.listen()
            except ConnectionClosed as closed:
                if closed.rcvd is not None and closed.rcvd.code == SESSION_OVER:
                    log.error("the session is over")
                    return
                log.info("connection lost: %s", closed)
            except (OSError, InvalidHandshake, Lost, TimeoutError) as error:
                log.info("no connection: %s", error)
            for task in self.tasks:
                task.cancel()
            await asyncio.sleep(random.uniform(0, min(30, 0.5 * 2**failures)))
            failures = min(failures + 1, 6)

    async def ask(self, op: str, **fields) -> int:
        self.last_id += 1
        await self.socket.send(json.dumps({"id": self.last_id, "op": op, **fields}))
        return self.last_id

    async def say_hello(self) -> None:
        self.asked.clear()
        self.listed.clear()
        hello = await self.ask("hello", rooms=self.known)
        answer = await self.hear()
        if answer.get("re") != hello or "error" in answer:
            raise Lost(f"hello: {answer}")
        self.me = answer["user"]["id"]
        await self.take_rooms(answer)

    async def hear(self) -> dict:
        """The next frame. After some silence asks for one, since a dead line is silent too."""
        try:
            async with asyncio.timeout(SILENCE):
                return json.loads(await self.socket.recv())
        except TimeoutError:
            await self.ask("ping")
        async with asyncio.timeout(PATIENCE):
            return json.loads(await self.socket.recv())

    async def listen(self) -> None:
        while True:
            frame = await self.hear()
            if "re" in frame:
                self.on_answer(frame)
            elif "ev" in frame:
                await self.on_event(frame)
            elif frame["sig"] == "rooms":
                await self.take_rooms(frame)
            elif frame["sig"] == "reset":
                self.known.pop(frame["room"], None)
                if frame["room"] in self.listed:
                    self.known[frame["room"]] = self.listed[frame["room"]]

    async def take_rooms(self, page: dict) -> None:
        """A page of the rooms one is in; what is on none of them is gone."""
        for room in page["rooms"]:
            self.listed[room["id"]] = (room["seq"], room["cid"])
            self.known.setdefault(room["id"], self.listed[room["id"]])
        if page["more"]:
            return
        for room in self.known.keys() - self.listed.keys():
            self.forget(room)
        log.info("listening in %d rooms", len(self.known))
        for room in list(self.outbox):
            await self.send_next(room)

    def forget(self, room: str) -> None:
        self.known.pop(room, None)
        self.outbox.pop(room, None)

    async def on_event(self, event: dict) -> None:
        room, seq = event["room"], event["seq"]
        if room == self.me:  # about oneself
            if event["ev"] == "removed":
                self.forget(event["body"]["room"])
            return
        if room in self.known and seq != self.known[room][0] + 1:
            raise Lost(f"event {seq} after {self.known[room][0]} in {room}")
        self.known[room] = (seq, event["cid"])
        theirs = event["ev"] == "message" and event["from"] != self.me
        if theirs and event["body"].strip().lower() == "ping":
            await self.say(room, cid_for(room, seq), "pong", seq)

    # Saying something

    async def say(self, room: str, cid: str, body: str, reply: int) -> None:
        box = self.outbox.setdefault(room, deque())
        box.append({"cid": cid, "body": body, "reply": reply})
        if len(box) == 1:
            await self.send_next(room)

    async def send_next(self, room: str) -> None:
        """One under way in each room; the others wait in the outbox."""
        if self.outbox.get(room) and room not in self.asked.values():
            self.asked[await self.ask("send", room=room, **self.outbox[room][0])] = room

    def on_answer(self, frame: dict) -> None:
        room = self.asked.pop(frame["re"], None)
        if room is None or not self.outbox.get(room):
            return
        error = frame.get("error")
        wait = 0.0
        if error and error["code"] in ("busy", "slow_down"):
            wait = error.get("retry_ms", 1000) / 1000
        else:
            message = self.outbox[room].popleft()
            if error:
                log.warning("not sent to %s: %s (%s)", room, error["message"], message["body"])
        task = asyncio.create_task(self.send_later(room, wait))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def send_later(self, room: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(ConnectionClosed):  # it stays in the outbox
            await self.send_next(room)


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    server, name = sys.argv[1].rstrip("/"), sys.argv[2]
    password = os.environ.get("BURUNG_PASSWORD")
    if password is None:
        password = getpass.getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        token = log_in(server, name, password)
    except urllib.error.HTTPError as error:
        print(f"login: {error.read().decode()}", file=sys.stderr)
        return 1
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(Bot(server, token).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
