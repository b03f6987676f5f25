"""A Redis of one's own on this machine, and a way to it that can be cut."""

import contextlib
import shutil
import socket
import subprocess
import threading

from burung.mongo import Service
from burung.server import free_port, wait_for


def missing() -> bool:
    return shutil.which("redis-server") is None


class Redis(Service):
    """Use as a context. It keeps nothing; started again it has the same port."""

    def __init__(self, *arguments: str):
        self.arguments = arguments
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", "/tmp", *self.arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for("Redis answers", lambda: self.say("PING") is not None, every=0.005)

    def say(self, *words: str) -> str | None:
        """A command, and the first line of its answer; None: there was none."""
        text = f"*{len(words)}\r\n" + "".join(f"${len(w.encode())}\r\n{w}\r\n" for w in words)
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as line:
                line.sendall(text.encode())
                return line.makefile().readline().strip() or None
        except OSError:
            return None

    def __enter__(self) -> "Redis":
        self.start()
        return self

    def __exit__(self, kind, error, trace) -> None:
        if self.process.poll() is None:
            self.kill()


class Line:
    """A TCP port that leads to another one, until it is cut: what went through then hangs, as
    behind a firewall that drops, and new connections get no answer. Use as a context."""

    def __init__(self, port: int):
        self.target = port
        self.cut = threading.Event()
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(0.05)
        self.port = self.listener.getsockname()[1]
        self.sockets: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._accept)]

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def _accept(self) -> None:
        while not self.ended.is_set():
            try:
                client, _ = self.listener.accept()
            except OSError:
                continue
            self.sockets.append(client)
            if self.cut.is_set():
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), 2)
            except OSError:
                client.close()
                continue
            self.sockets.append(server)
            for pair in ((client, server), (server, client)):
                self.threads.append(threading.Thread(target=self._pump, args=pair))
                self.threads[-1].start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        source.settimeout(0.05)
        while not self.ended.is_set():
            if self.cut.is_set():
                self.ended.wait(0.02)
                continue
            try:
                data = source.recv(65536)
                if data and not self.cut.is_set():
                    sink.sendall(data)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if not data:
                with contextlib.suppress(OSError):
                    sink.shutdown(socket.SHUT_RDWR)
                return

    def mend(self) -> None:
        """What hung before is closed; new connections go through."""
        for one in self.sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self.sockets.clear()
        self.cut.clear()

    def __enter__(self) -> "Line":
        self.threads[0].start()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.ended.set()
        for thread in self.threads:
            thread.join()
        for one in (*self.sockets, self.listener):
            one.close()
