"""One device of one user over WebSocket: it connects, resumes, sends again what was not acked,
and writes down everything it is told."""

import asyncio
import json
import random
import time
from collections import deque
from collections.abc import Callable

import websockets.asyncio.client as ws
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from burung.api import Refused, new_cid
from burung.records import Device, Event, Post, Stream
from burung.server import Account

PASSING = ("busy", "slow_down")  # errors that ask to try again


class Disconnected(Exception):
    """The connection ended before the answer came."""

    def __init__(self, code: int | None = None, reason: str = ""):
        super().__init__(f"closed with {code} {reason}")
        self.code = code
        self.reason = reason


class Box:
    """What this device wants said in one room, oldest first; `sent` of them are under way."""

    def __init__(self) -> None:
        self.queue: deque[Post] = deque()
        self.sent = 0
        self.answered = 0  # of those under way
        self.refused_for: float | None = None  # seconds to wait before sending them again
        self.turns = 0


class Client:
    """open() makes one connection; keep() makes a new one whenever it breaks, until close().

    With the room's position known from before, a connection resumes. What was told is in
    `device`; every frame of the present connection in `frames`."""

    def __init__(
        self,
        port: int,
        account: Account,
        *,
        name: str | None = None,
        window: int = 1,
        patience: float = 5.0,
        jitter: tuple[float, float] = (0.0, 0.3),
        headers: dict[str, str] | None = None,
        remember: bool = True,
    ):
        self.port = port
        self.account = account
        self.device = Device(name or account.name, account.id)
        self.window = window  # posts under way in one room
        self.patience = patience  # for an answer; then the connection is made anew
        self.jitter = jitter
        self.headers = {"Authorization": f"Bearer {account.token}"} if headers is None else headers
        self.remember = remember  # keep the frames; long runs do without
        self.rooms: dict[str, dict] = {}  # Room objects as last told
        self.posts: list[Post] = []
        self.frames: list[dict] = []
        self.signals: list[dict] = []
        self.connected_at: list[float] = []
        self.lost_at: list[float] = []
        self.closes: list[tuple[int | None, str]] = []
        self.acked_at: list[float] = []
        self.told_at: list[float] = []
        self.position: dict[str, tuple[int, str | None]] = {}  # room → last seq and its cid
        # Room → seq of the own join, as last known: what is sent counts under that membership.
        self.joined: dict[str, int] = {}
        self._boxes: dict[str, Box] = {}
        self._streams: dict[str, Stream] = {}
        # Memberships that are over, to be heard to this seq still; the oldest first.
        self._leaving: dict[str, list[tuple[Stream, int]]] = {}
        self._heard: dict[str, int] = {}  # room → the highest seq heard on this connection
        self._pending: dict[int, tuple[float, Callable[[dict | None], None]]] = {}
        self._next_id = 1
        self._socket: ws.ClientConnection | None = None
        self._out: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: list[asyncio.Task] = []
        self._keeper: asyncio.Task | None = None
        self._waiters: set[tuple[Callable, asyncio.Future]] = set()
        self._last_frame = 0.0
        self._greeted = False
        self._listed: set[str] = set()  # rooms of this connection
        self.up = False
        self.stopped = False

    # Connecting

    async def open(self, *, resume: bool = True) -> "Client":
        """Connects, says hello and takes in the answer with all its pages."""
        await self.connect()
        await self.hello(resume=resume)
        return self

    async def connect(self) -> None:
        """The handshake only; no hello."""
        self._streams = {}
        self._leaving = {}
        self._heard = {}
        self._boxes_rewind()
        self.frames = []
        self._greeted = False
        self._out = asyncio.Queue()
        self._socket = await ws.connect(
            f"ws://127.0.0.1:{self.port}/ws",
            additional_headers=self.headers,
            compression=None,
            proxy=None,
            ping_interval=None,
            open_timeout=self.patience,
            close_timeout=1,
            max_size=None,
            max_queue=None,
        )
        self._last_frame = time.monotonic()
        self._tasks = [
            asyncio.create_task(self._read(self._socket)),
            asyncio.create_task(self._write(self._socket, self._out)),
        ]

    async def hello(self, *, resume: bool = True) -> dict:
        named = {}
        if resume:
            named = {
                room: [seq, cid]
                for room, (seq, cid) in self.position.items()
                if cid is not None and room != self.account.id
            }
        answer = await self.call("hello", _on_answer=self._on_hello(named), rooms=named)
        await self.until(lambda: self.up or self._socket is None, "all pages of hello")
        if not self.up:
            raise Disconnected(*self.closes[-1])
        return answer

    def _on_hello(self, named: dict) -> Callable[[dict], None]:
        """Takes the answer in at once, before the next frame is looked at."""

        def take(answer: dict) -> None:
            if "error" in answer:
                return
            self._listed = set()
            self._begin(self.account.id, answer["self"]["seq"], None)
            for room in named:
                self._begin(room, *self.position[room])
            self._greeted = True
            self._take_rooms(answer)

        return take

    def _take_rooms(self, page: dict) -> None:
        for room in page["rooms"]:
            id_ = room["id"]
            self.rooms[id_] = room
            self._join(id_, room["joined"])
            self._listed.add(id_)
            if id_ not in self._streams:
                self._begin(id_, room["seq"], room["cid"])
        if not page["more"]:
            known = set(self.rooms) | set(self._streams) - {self.account.id}
            for gone in known - self._listed:
                self._forget(gone)
            self.up = True
            self._pump_all()

    def _begin(self, room: str, seq: int, cid: str | None) -> None:
        """From here on the room's events after seq are expected."""
        stream = Stream(room, seq)
        self._streams[room] = stream
        self.device.streams.append(stream)
        self.position[room] = (seq, cid)
        self.device.member_of.add(room)

    def _join(self, room: str, seq: int) -> None:
        self.joined[room] = max(seq, self.joined.get(room, 0))

    def _forget(self, room: str) -> None:
        self.rooms.pop(room, None)
        self.position.pop(room, None)
        self._streams.pop(room, None)
        self.device.member_of.discard(room)

    def keep(self) -> None:
        """Stays connected until close()."""
        self._keeper = asyncio.create_task(self._keep())

    async def _keep(self) -> None:
        while not self.stopped:
            try:
                async with asyncio.timeout(self.patience * 2):
                    await self.open()
                self.connected_at.append(time.monotonic())
                await self._watch()
            except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, Disconnected):
                pass
            except Refused as refused:
                if refused.code not in PASSING:
                    self.device.oddities.append(f"hello refused: {refused}")
            self.cut()
            await asyncio.sleep(random.uniform(*self.jitter))

    async def _watch(self) -> None:
        """Until the connection is gone, or silent for too long."""
        while self._socket is not None:
            now = time.monotonic()
            oldest = min((since for since, _ in self._pending.values()), default=now)
            if now - oldest > self.patience:
                return
            if now - self._last_frame > self.patience / 2 and not self._pending:
                self._request("ping", {}, lambda answer: None)
            await asyncio.sleep(0.05)

    def cut(self) -> None:
        """Breaks the TCP connection without a word."""
        if self._socket is not None:
            self._socket.transport.abort()
            self._gone(None, "cut")

    async def close(self) -> None:
        """Ends it politely and for good."""
        self.stopped = True
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
        if self._socket is not None:
            self._gone(1000, "")
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def closed(self, timeout: float = 10) -> tuple[int | None, str]:
        """Waits for the server to close; code and reason."""
        count = len(self.closes)
        if self._socket is not None:
            await self.until(lambda: len(self.closes) > count, "closed by the server", timeout)
        return self.closes[-1]

    def _gone(self, code: int | None, reason: str) -> None:
        self._socket = None
        self.up = False
        self.closes.append((code, reason))
        self.lost_at.append(time.monotonic())
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        pending, self._pending = self._pending, {}
        for _, answer in pending.values():
            answer(None)
        self._boxes_rewind()
        self._wake()

    @property
    def connected(self) -> bool:
        """Is there a WebSocket, greeted or not?"""
        return self._socket is not None

    @property
    def local_port(self) -> int:
        return self._socket.local_address[1]

    # Frames

    async def _read(self, socket: ws.ClientConnection) -> None:
        try:
            async for text in socket:
                if socket is not self._socket:
                    return
                self._last_frame = time.monotonic()
                if isinstance(text, bytes):
                    self.device.oddities.append("binary frame")
                    continue
                self._take(json.loads(text))
        except ConnectionClosed:
            pass
        if socket is self._socket:
            self._gone(socket.close_code, socket.close_reason or "")

    @staticmethod
    async def _write(socket: ws.ClientConnection, out: asyncio.Queue) -> None:
        try:
            while True:
                await socket.send(await out.get())
        except ConnectionClosed:
            pass

    def _take(self, frame: dict) -> None:
        if self.remember:
            self.frames.append(frame)
        if "re" in frame:
            pending = self._pending.pop(frame["re"], None)
            if pending is None:
                self.device.oddities.append(f"answer to nothing: {frame}")
            else:
                pending[1](frame)
        elif "ev" in frame:
            self._on_event(frame)
        elif "sig" in frame:
            self._on_signal(frame)
        else:
            self.device.oddities.append(f"frame of no kind: {frame}")
        self._wake()

    def _on_event(self, frame: dict) -> None:
        self.told_at.append(self._last_frame)
        event = Event.of(frame)
        stream = self._stream_of(event)
        if stream is None:
            self.device.oddities.append(f"event of an unknown room: {frame}")
            return
        if not self._greeted:
            self.device.oddities.append(f"event before the answer to hello: {frame}")
        if event.seq != stream.last + 1:
            self.device.oddities.append(f"seq {event.seq} after {stream.last} in {event.room}")
        stream.events.append(event)
        self._heard[event.room] = max(event.seq, self._heard.get(event.room, 0))
        self._keep_event(event)
        if stream is self._streams.get(event.room):
            self.position[event.room] = (event.seq, event.cid)
        self._follow(event)

    def _stream_of(self, event: Event) -> Stream | None:
        """Logs are in order each, not with one another: what the self room says about a room
        may come before or behind that room's own events."""
        for stream, end in self._leaving.get(event.room, ()):
            if event.seq <= end:
                return stream
        if event.room not in self._streams and event.kind == "join" and self._is_me(event):
            self._begin(event.room, event.seq - 1, None)
        return self._streams.get(event.room)

    def _is_me(self, event: Event) -> bool:
        return event.body["user"] == self.account.id

    def _follow(self, event: Event) -> None:
        """What events of membership do to the rooms this device hears. A leave that is older
        than the list of rooms was followed by a return."""
        listed = self.rooms.get(event.room, {"seq": 0})["seq"]
        if event.kind == "join" and self._is_me(event):
            self._join(event.room, event.seq)
        if event.kind == "leave" and self._is_me(event) and event.seq > listed:
            leaving = self._leaving.get(event.room, [])
            if any(event.seq == end for _, end in leaving):
                self._leaving[event.room] = [each for each in leaving if each[1] > event.seq]
            else:
                self._forget(event.room)
        elif event.kind == "added":
            room, seq = event.body["room"], event.body["seq"]
            self._listed.add(room)
            self._join(room, seq)
            # One that comes behind what it tells of may be over already.
            if room not in self._streams and seq > self._heard.get(room, 0):
                self._begin(room, seq - 1, None)
        elif event.kind == "removed":
            room, seq = event.body["room"], event.body["seq"]
            stream = self._streams.get(room)
            if stream is not None and stream.last < seq:
                self._leaving.setdefault(room, []).append((stream, seq))
                self._forget(room)

    def _keep_event(self, event: Event) -> None:
        log = self.device.log.setdefault(event.room, {})
        known = log.setdefault(event.seq, event)
        if known != event:
            self.device.oddities.append(f"two events of one seq: {known} and {event}")

    def _on_signal(self, frame: dict) -> None:
        self.signals.append(frame)
        if frame["sig"] == "rooms":
            self._take_rooms(frame)
        elif frame["sig"] == "reset":
            room = frame["room"]
            self.device.log.pop(room, None)
            self.device.filled.discard(room)
            if room in self._listed:
                self._begin(room, self.rooms[room]["seq"], self.rooms[room]["cid"])
            else:  # its page is still to come
                self._streams.pop(room, None)

    # Waiting

    def _wake(self) -> None:
        for waiter in list(self._waiters):
            condition, future = waiter
            if not future.done() and condition():
                future.set_result(None)
                self._waiters.discard(waiter)

    async def until(self, condition: Callable, what: str = "condition", timeout: float = 15):
        """Waits until condition() holds; looked at after every frame and loss of connection.
        Its value."""
        if not condition():
            future = asyncio.get_running_loop().create_future()
            waiter = (condition, future)
            self._waiters.add(waiter)
            try:
                async with asyncio.timeout(timeout):
                    await future
            except TimeoutError:
                message = f"{self.device.name} waited {timeout:g} s in vain: {what}"
                raise AssertionError(message) from None
            finally:
                self._waiters.discard(waiter)
        return condition()

    def told(self, **wanted) -> list[dict]:
        """Frames of this connection in which all these fields have these values; `sender` is
        the field `from`."""
        if "sender" in wanted:
            wanted["from"] = wanted.pop("sender")
        return [
            frame
            for frame in self.frames
            if all(name in frame and frame[name] == value for name, value in wanted.items())
        ]

    async def tells(self, timeout: float = 15, **wanted) -> dict:
        """The first such frame, waited for."""
        found = await self.until(lambda: self.told(**wanted), f"told {wanted}", timeout)
        return found[0]

    # Asking

    def _request(self, op: str, fields: dict, answer: Callable[[dict | None], None]) -> int:
        id_ = self._next_id
        self._next_id += 1
        self._pending[id_] = (time.monotonic(), answer)
        self.say({"id": id_, "op": op, **fields})
        return id_

    def say(self, message: object) -> None:
        """Sends a frame as it is: an object as JSON, a string unchanged."""
        if self._socket is None:
            raise Disconnected
        text = message if isinstance(message, str | bytes) else json.dumps(message)
        self._out.put_nowait(text)

    def ask(self, op: str, *, _on_answer: Callable | None = None, **fields) -> asyncio.Future:
        """A future of the answer: the object, or Refused, or Disconnected."""
        future = asyncio.get_running_loop().create_future()

        def take(answer: dict | None) -> None:
            if answer is not None and _on_answer:
                _on_answer(answer)
            if future.done():
                return
            if answer is None:
                future.set_exception(Disconnected(*self.closes[-1]))
            elif "error" in answer:
                future.set_exception(Refused(op, answer["error"]))
            else:
                future.set_result(answer)

        self._request(op, fields, take)
        return future

    async def call(self, op: str, *, timeout: float = 15, **fields) -> dict:
        future = self.ask(op, **fields)
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise AssertionError(f"{op} was not answered within {timeout:g} s") from None

    async def refusal(self, op: str, **fields) -> Refused:
        """The error of a command that must be refused."""
        try:
            answer = await self.call(op, **fields)
        except Refused as refused:
            return refused
        raise AssertionError(f"{op} was not refused: {answer}")

    # Sending until acked

    def post(self, room: str, body: str) -> Post:
        """Puts a message into the outbox; it is sent, and sent again, until it is acked."""
        box = self._boxes.setdefault(room, Box())
        post = Post(room, self.account.id, new_cid(), body, box.turns)
        box.turns += 1
        box.queue.append(post)
        self.posts.append(post)
        self._pump(room)
        return post

    @property
    def unacked(self) -> int:
        return sum(len(box.queue) for box in self._boxes.values())

    def _boxes_rewind(self) -> None:
        for box in self._boxes.values():
            self._rewind(box)

    @staticmethod
    def _rewind(box: Box) -> None:
        box.queue = deque(post for post in box.queue if not post.acked and not post.refusal)
        box.sent = box.answered = 0
        box.refused_for = None

    def _pump_all(self) -> None:
        for room in self._boxes:
            self._pump(room)

    def _pump(self, room: str) -> None:
        box = self._boxes[room]
        if not self.up or box.refused_for is not None:
            return
        while box.sent < min(len(box.queue), self.window):
            post = box.queue[box.sent]
            box.sent += 1
            fields = {"room": room, "cid": post.cid, "body": post.body}
            if room in self.joined:
                fields["joined"] = self.joined[room]
            self._request("send", fields, lambda answer, p=post: self._on_answer(p, answer))

    def _on_answer(self, post: Post, answer: dict | None) -> None:
        if answer is None:
            return
        box = self._boxes[post.room]
        box.answered += 1
        if "error" not in answer:
            post.acks.append((answer["seq"], answer["no"], self._last_frame))
            self.acked_at.append(self._last_frame)
        elif answer["error"]["code"] in PASSING:
            wait = answer["error"].get("retry_ms", 100) / 1000
            box.refused_for = max(box.refused_for or 0, min(wait, 2))
        else:
            post.refusal = answer["error"]["code"]
        if box.answered == box.sent and box.refused_for is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(box.refused_for, self._again, post.room, self._socket)
        elif box.refused_for is None:
            while box.queue and (box.queue[0].acked or box.queue[0].refusal):
                box.queue.popleft()
                box.sent -= 1
                box.answered -= 1
            self._pump(post.room)

    def _again(self, room: str, socket: object) -> None:
        """Everything refused once more, in order; the connection may be another by now."""
        if socket is self._socket:
            self._rewind(self._boxes[room])
            self._pump(room)

    # History

    async def fill(self, room: str) -> None:
        """Reads by pages what this device's log lacks from the room's beginning on."""
        log = self.device.log.setdefault(room, {})
        end = max(self.position[room][0], max(log, default=0))
        while missing := next((seq for seq in range(end, 0, -1) if seq not in log), None):
            page = await self.call("history", room=room, before=missing + 1, limit=200)
            assert page["events"], f"history before {missing + 1} is empty"
            for frame in page["events"]:
                self._keep_event(Event.of(frame))
            assert missing in log, f"history before {missing + 1} lacks {missing}"
        self.device.filled.add(room)
