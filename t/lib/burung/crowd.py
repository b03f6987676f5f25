"""Thousands of devices in one process: bare sockets which do what the client does when its
connection is gone - wait with jitter, connect, resume - and check what they are told."""

import collections
import heapq
import itertools
import json
import random
import selectors
import socket
import time

BACKOFF_S = (0.5, 30.0)  # as www/src/protocol/backoff.ts
PATIENCE_S = 10.0  # from connecting to synced
HANDSHAKE = (
    b"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    b"Authorization: Bearer %s\r\n\r\n"
)


def masked(opcode: int, text: bytes) -> bytes:
    """A frame of a client, with a mask of zeros."""
    if len(text) < 126:
        return bytes([0x80 | opcode, 0x80 | len(text)]) + bytes(4) + text
    return bytes([0x80 | opcode, 0xFE]) + len(text).to_bytes(2, "big") + bytes(4) + text


class Device:
    """One of them, in one room that it shares with others."""

    def __init__(self, token: str, room: str):
        self.token, self.room = token, room
        self.socket: socket.socket | None = None
        self.data = bytearray()
        self.upgraded = self.synced = False
        self.seq, self.cid = 0, ""
        self.attempts = 0
        self.began = 0.0
        self.lost_at: list[float] = []
        self.synced_at: list[float] = []


class Crowd:
    """turn() as often as possible; the rest is figures."""

    def __init__(self, port: int, devices: list[Device]):
        self.port = port
        self.devices = devices
        self.selector = selectors.DefaultSelector()
        self.due: list[tuple[float, int, Device]] = []  # a heap; the number tells equals apart
        self.numbers = itertools.count()
        self.troubles: collections.Counter[str] = collections.Counter()
        self.broken: list[str] = []
        self.opening: dict[Device, None] = {}  # the first begun first
        self.up = 0

    # Connections

    def connect(self, device: Device) -> None:
        device.socket = socket.socket()
        device.socket.setblocking(False)
        device.data.clear()
        device.upgraded = device.synced = False
        device.began = time.monotonic()
        device.socket.connect_ex(("127.0.0.1", self.port))
        self.opening[device] = None
        self.selector.register(device.socket, selectors.EVENT_WRITE, device)

    def greet(self, device: Device) -> None:
        error = device.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error:
            self.gone(device, f"connect: error {error}")
            return
        hello = {"id": 1, "op": "hello"}
        if device.seq:
            hello["rooms"] = {device.room: [device.seq, device.cid]}
        text = HANDSHAKE % device.token.encode() + masked(1, json.dumps(hello).encode())
        try:
            device.socket.send(text)
        except OSError as trouble:
            self.gone(device, f"send: {trouble.strerror}")
            return
        self.selector.modify(device.socket, selectors.EVENT_READ, device)

    def gone(self, device: Device, why: str) -> None:
        """Closed, or given up: again after a while, as the client does."""
        now = time.monotonic()
        self.selector.unregister(device.socket)
        device.socket.close()
        self.opening.pop(device, None)
        if device.synced:
            self.up -= 1
            device.lost_at.append(now)
            device.attempts = 0
            device.synced = False
        else:
            self.troubles[why] += 1
        bound = min(BACKOFF_S[1], BACKOFF_S[0] * 2 ** min(device.attempts + 1, 10))
        device.attempts += 1
        self.later(now + random.uniform(BACKOFF_S[0], bound), device)

    def later(self, when: float, device: Device) -> None:
        heapq.heappush(self.due, (when, next(self.numbers), device))

    def overdue(self, now: float) -> Device | None:
        """The one that has been opening for longest, if that is too long."""
        first = next(iter(self.opening), None)
        return first if first and now - first.began > PATIENCE_S else None

    def turn(self, timeout: float = 0.01) -> None:
        now = time.monotonic()
        while self.due and self.due[0][0] <= now:
            self.connect(heapq.heappop(self.due)[2])
        for key, events in self.selector.select(timeout):
            if events & selectors.EVENT_WRITE:
                self.greet(key.data)
            else:
                self.receive(key.data)
        while device := self.overdue(now):
            self.gone(device, "not synced in time")

    # What is told

    def receive(self, device: Device) -> None:
        try:
            data = device.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError as trouble:
            self.gone(device, f"recv: {trouble.strerror}")
            return
        if not data:
            self.gone(device, "closed" if device.upgraded else "closed before the upgrade")
            return
        device.data += data
        if not device.upgraded:
            head, end, rest = device.data.partition(b"\r\n\r\n")
            if not end:
                return
            status = bytes(head[9:12]).decode()
            if status != "101":
                self.gone(device, f"status {status}")
                return
            device.upgraded = True
            device.data = rest
        self.frames(device)

    def frames(self, device: Device) -> None:
        data, at = device.data, 0
        while len(data) - at >= 2:
            length, head = data[at + 1] & 127, 2
            if length > 125:
                head = 4 if length == 126 else 10
                length = int.from_bytes(data[at + 2 : at + head], "big")
            if len(data) - at < head + length:
                break
            opcode, text = data[at] & 15, data[at + head : at + head + length]
            at += head + length
            if opcode == 1:
                self.frame(device, json.loads(text))
            elif opcode == 9:
                device.socket.send(masked(10, bytes(text)))
            elif opcode == 8:
                code = int.from_bytes(text[:2], "big")
                self.gone(device, f"closed with {code}")
                return
        del data[:at]

    def frame(self, device: Device, frame: dict) -> None:
        if "error" in frame:
            self.gone(device, f"error {frame['error']['code']}")
        elif frame.get("re") == 1 and not device.seq:
            room = next(each for each in frame["rooms"] if each["id"] == device.room)
            device.seq, device.cid = room["seq"], room["cid"]
        elif frame.get("ev") and frame["room"] == device.room:
            if frame["seq"] != device.seq + 1:
                self.broken.append(f"{device.room}: {frame['seq']} after {device.seq}")
            device.seq, device.cid = frame["seq"], frame["cid"]
        elif frame.get("sig") == "reset":
            self.broken.append(f"{device.room}: told to start anew")
        elif frame.get("sig") == "synced":
            device.synced = True
            device.synced_at.append(time.monotonic())
            self.opening.pop(device, None)
            self.up += 1

    # Steps

    def open_all(self, at_once: int = 200, timeout: float = 120) -> None:
        waiting = collections.deque(self.devices)
        until = time.monotonic() + timeout
        while self.up < len(self.devices):
            while waiting and len(self.opening) < at_once:
                self.connect(waiting.popleft())
            self.turn()
            assert time.monotonic() < until, f"{self.up} up, {self.troubles}"

    def run(self, condition, timeout: float) -> bool:
        until = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > until:
                return False
            self.turn()
        return True

    def close(self) -> None:
        for device in self.devices:
            if device.socket:
                device.socket.close()
