"""A port that leads to a MongoDB, writes down what it is asked, and can leave that unanswered."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import bson

OP_QUERY, OP_MSG = 2004, 2013
HEADER = struct.Struct("<iiii")
CHECKSUM = 1  # flag: four bytes of it are behind the sections


@dataclass
class Command:
    name: str
    body: dict  # without the documents below
    documents: list[dict] = field(default_factory=list)  # of insert, update, delete

    @property
    def collection(self) -> str:
        return self.body[self.name]


@dataclass
class GivenUp:
    """A command, and after how many seconds without an answer its connection was closed."""

    name: str
    seconds: float


def parse(message: bytes) -> Command:
    """https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/"""
    opcode = HEADER.unpack_from(message)[3]
    if opcode == OP_QUERY:  # how a connection begins
        at = message.index(b"\0", HEADER.size + 4) + 1 + 8
        body = bson.decode(message[at:])
        return Command(next(iter(body)), body)
    assert opcode == OP_MSG, opcode
    (flags,) = struct.unpack_from("<I", message, HEADER.size)
    at, end = HEADER.size + 4, len(message) - (4 if flags & CHECKSUM else 0)
    body, documents = {}, []
    while at < end:
        (size,) = struct.unpack_from("<i", message, at + 1)
        section = message[at + 1 : at + 1 + size]
        if message[at] == 0:
            body = bson.decode(section)
        else:
            documents += bson.decode_all(section[section.index(b"\0", 4) + 1 :])
        at += 1 + size
    name = next(iter(body))
    for key in ("documents", "updates", "deletes"):
        documents += body.pop(key, [])
    return Command(name, body, documents)


def receive(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = source.recv(size - len(data))
        if not piece:
            raise EOFError
        data += piece
    return data


class Way:
    """One connection, there and back."""

    def __init__(self, tap: "MongoTap", client: socket.socket):
        self.tap, self.client = tap, client
        self.server = socket.create_connection(("127.0.0.1", tap.target), 5)
        self.server.settimeout(None)
        self.open: tuple[str, float] | None = None  # what waits for an answer, since when
        self.threads = [threading.Thread(target=run) for run in (self.there, self.back)]
        for thread in self.threads:
            thread.start()

    def there(self) -> None:
        try:
            while True:
                head = receive(self.client, HEADER.size)
                message = head + receive(self.client, HEADER.unpack(head)[0] - HEADER.size)
                command = parse(message)
                self.tap.commands.append(command)
                self.open = (command.name, time.monotonic())
                self.server.sendall(message)
        except (EOFError, OSError):
            if self.open:
                name, since = self.open
                self.tap.given_up.append(GivenUp(name, time.monotonic() - since))
        self.close()

    def back(self) -> None:
        with contextlib.suppress(OSError):
            while data := self.server.recv(65536):
                if self.tap.silent.is_set():
                    continue
                self.open = None
                self.client.sendall(data)
        self.close()

    def close(self) -> None:
        for end in (self.client, self.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class MongoTap:
    """Use as a context, around all who connect to it."""

    def __init__(self, port: int):
        self.target = port
        self.commands: list[Command] = []
        self.given_up: list[GivenUp] = []
        self.silent = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ways: list[Way] = []
        self.thread = threading.Thread(target=self.accept)

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                self.ways.append(Way(self, client))
            except OSError:  # the server is gone
                client.close()

    @contextlib.contextmanager
    def unanswered(self) -> Iterator[None]:
        """While inside, commands arrive and are done, but no answer comes back."""
        self.silent.set()
        try:
            yield
        finally:
            self.silent.clear()

    def __enter__(self) -> "MongoTap":
        self.thread.start()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()
        for way in self.ways:
            way.close()
            for thread in way.threads:
                thread.join()
            way.client.close()
            way.server.close()
