"""The HTTP server without the chat: t/helpers/http_probe, and a client that sends bytes as told."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from .server import binary


def wait_for(condition, *, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.01)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes = b""
    interim: list[int] = field(default_factory=list)

    @property
    def text(self) -> str:
        return self.body.decode()


class Wire:
    """One TCP (or Unix) connection. Use as a context."""

    def __init__(self, address: int | str, *, timeout: float = 10):
        family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", address) if isinstance(address, int) else address)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_) -> None:
        self.socket.close()

    def send(self, data: bytes) -> "Wire":
        self.socket.sendall(data)
        return self

    def more(self) -> bool:
        data = self.socket.recv(65536)
        self.buffer += data
        return bool(data)

    def until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            assert self.more(), f"closed; so far: {self.buffer!r}"
        head, _, self.buffer = self.buffer.partition(mark)
        return head

    def take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            assert self.more(), f"closed; so far: {self.buffer!r}"
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def closed(self) -> bool:
        """Waits for the end; True if nothing else came before it."""
        return not self.buffer and not self.more()

    def answer(self, *, head: bool = False) -> Answer:
        """One whole answer; head: it answers a HEAD, so has no body."""
        interim = []
        while True:
            first, *lines = self.until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            version, status, _ = first.split(" ", 2)
            assert version == "HTTP/1.1", first
            headers = {}
            for line in lines:
                name, value = line.split(": ", 1)
                assert name.lower() not in headers, f"{name} twice"
                headers[name.lower()] = value
            if int(status) != 100:
                break
            interim.append(100)
        answer = Answer(int(status), headers, interim=interim)
        if not head and answer.status not in (101, 204, 304):
            answer.body = self.take(int(headers["content-length"]))
        return answer


class Probe:
    """A running http_probe. Use as a context; it must end cleanly."""

    def __init__(self, *flags: str):
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        self.process = subprocess.Popen(
            [binary().parent / "t/helpers/http_probe", *flags],
            stdout=subprocess.PIPE,
            stderr=self.log,
            env={**os.environ, "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"},
        )
        self.port = int(self.process.stdout.readline())

    def __enter__(self) -> "Probe":
        return self

    def __exit__(self, kind, *_) -> None:
        code = self.stop()
        if kind is None:
            assert code == 0, self.errors()

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return -1
        finally:
            self.process.stdout.close()

    def errors(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def wire(self, **options) -> Wire:
        return Wire(self.port, **options)

    def ask(self, request: bytes) -> Answer:
        with self.wire() as wire:
            return wire.send(request).answer(head=request.startswith(b"HEAD "))

    def counts(self) -> dict[str, int]:
        words = self.ask(get("/counts")).text.split()
        return dict(zip(words[::2], map(int, words[1::2]), strict=True))

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_kib(self) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        raise AssertionError("no VmRSS")


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    """A request without a body; headers are whole lines."""
    lines = [f"{method} {path} HTTP/1.1", "Host: probe", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def post(path: str, body: bytes, *headers: str) -> bytes:
    lines = ("Content-Type: application/json", f"Content-Length: {len(body)}", *headers)
    return get(path, *lines, method="POST") + body
