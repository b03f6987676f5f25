"""Floods a server from a process of its own: `flood.py PORT TOKEN ROOM CONNECTIONS SECONDS`.

Every connection writes messages as fast as it is read, and reads what it is answered. In the end
it prints as JSON how many were answered how."""

import json
import os
import re
import selectors
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from burung.raw import TEXT, Raw, encode

FRAMES = 3000
CODE = re.compile(rb'"code":"([a-z_]+)"')


def frames(room: str) -> bytes:
    made = []
    for i in range(FRAMES):
        ask = {"id": i, "op": "send", "room": room, "cid": os.urandom(16).hex(), "body": "x" * 500}
        made.append(encode(TEXT, json.dumps(ask).encode()))
    return b"".join(made)


def opened(port: int, token: str) -> Raw:
    raw = Raw(port)
    raw.upgrade(Authorization=f"Bearer {token}")
    raw.send(encode(TEXT, b'{"id":0,"op":"hello"}'))
    raw.frame()
    raw.socket.setblocking(False)
    return raw


class Flooder:
    def __init__(self, raw: Raw, room: str):
        self.socket = raw.socket
        self.room = room
        self.data = memoryview(b"")

    def write(self) -> None:
        if not self.data:
            self.data = memoryview(frames(self.room))
        self.data = self.data[self.socket.send(self.data[:65536]) :]


def main() -> None:
    port, token, room, connections, seconds = sys.argv[1:]
    waiting = selectors.DefaultSelector()
    for _ in range(int(connections)):
        flooder = Flooder(opened(int(port), token), room)
        waiting.register(flooder.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, flooder)
    counts: dict[str, int] = {"stored": 0, "closed": 0}
    until = time.monotonic() + float(seconds)
    while time.monotonic() < until and waiting.get_map():
        for key, what in waiting.select(0.05):
            try:
                if what & selectors.EVENT_WRITE:
                    key.data.write()
                if what & selectors.EVENT_READ:
                    got = key.fileobj.recv(1 << 20)
                    if not got:
                        raise ConnectionError
                    counts["stored"] += got.count(b'"re":') - got.count(b'"error":')
                    for code in CODE.findall(got):
                        counts[code.decode()] = counts.get(code.decode(), 0) + 1
            except BlockingIOError:
                continue
            except OSError:
                counts["closed"] += 1
                waiting.unregister(key.fileobj)
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
