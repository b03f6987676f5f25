"""The servers that are measured: burungd and its peers, each started anew for every round."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

SERVER_CPU, LOAD_CPU = 0, 1

# What keeps people from flooding each other would keep the load from measuring.
LIMITS_OFF = "".join(
    f"limit_{name} = 0\n"
    for name in (
        "connections_address",
        "connections_user",
        "requests_connection",
        "requests_user",
        "sends_connection",
        "sends_user",
    )
)

NCHAN_CONF = """\
{module}
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log error;
worker_rlimit_nofile 65535;
events {{ worker_connections 40000; multi_accept on; }}
http {{
	access_log off;
	nchan_max_reserved_memory 512M;
	server {{
		listen 127.0.0.1:{port} backlog=4096;
		location = /ws {{
			nchan_pubsub websocket;
			nchan_channel_id $arg_room;
			nchan_store_messages off;
			nchan_message_buffer_length 0;
		}}
	}}
}}
"""

CENTRIFUGO_CONF = """\
{{"http_server": {{"address": "127.0.0.1", "port": "{port}"}},
 "client": {{"allowed_origins": ["*"], "insecure": true,
  "queue_max_size": 104857600}},
 "channel": {{"without_namespace": {{"allow_publish_for_client": true}}}},
 "log": {{"level": "error"}}}}
"""


class Failed(Exception):
    """A server or the load generator did not do what it should."""


@dataclass
class Running:
    """A server that answers."""

    pid: int
    port: int
    people: Path | None = None
    started_ms: float = 0
    parts: dict[str, int] = field(default_factory=dict)  # of its services: name -> pid


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def on_cpu(cpu: int | None, command: list) -> list[str]:
    """The command, kept on that CPU; everywhere when there are fewer than two."""
    if cpu is None or (os.cpu_count() or 1) < 2:
        return [str(c) for c in command]
    return ["taskset", "-c", str(cpu), *map(str, command)]


def first_line(port: int, path: str) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=2) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return s.recv(256).decode(errors="replace").partition("\r\n")[0]


def wait_answer(process: subprocess.Popen, port: int, path: str, status: str) -> None:
    """Until the answer's first line has the status (empty: until somebody listens)."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if process.poll() is not None:
            raise Failed(f"{process.args} ended with {process.returncode}")
        with contextlib.suppress(OSError):
            if not status:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            if f" {status} " in first_line(port, path) + " ":
                return
        time.sleep(0.001)
    raise Failed(f"{process.args} does not answer")


@contextlib.contextmanager
def running(command: list, folder: Path, port: int, path="", status="") -> Iterator[Running]:
    with open(folder / "log", "wb") as log:
        began = time.monotonic()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder
        )
        try:
            wait_answer(process, port, path, status)
            took = (time.monotonic() - began) * 1000
            yield Running(process.pid, port, started_ms=took)
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Burung:
    """burungd, release build; every message on disk before it is acked or delivered."""

    name, profile, title = "burung", "burung", "Burung-Chat, each message durable"

    def __init__(self, build: Path) -> None:
        self.build = build

    def missing(self) -> str:
        return "" if (self.build / "burungd").exists() else "not built"

    def seed(self, folder: Path, clients: int, rooms: int) -> Path:
        """Fills the store in memory, where each commit need not wait for a disk."""
        people = folder / "people"
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else folder
        with tempfile.TemporaryDirectory(dir=memory) as fast, open(people, "wb") as out:
            subprocess.run(
                [self.build / "bench/seed", f"{fast}/burung.db", str(clients), str(rooms)],
                check=True,
                stdout=out,
                stderr=subprocess.DEVNULL,
            )
            for file in Path(fast).glob("burung.db*"):
                shutil.move(file, folder / file.name)
        return people

    @contextlib.contextmanager
    def start(
        self, folder: Path, clients: int, rooms: int, workers: int = 1, cpu: int | None = SERVER_CPU
    ) -> Iterator[Running]:
        port, conf = free_port(), folder / "burungd.conf"
        people = self.seed(folder, clients, rooms) if clients else None
        conf.write_text(
            f"listen = 127.0.0.1:{port}\ndata = {folder}\nworkers = {workers}\n"
            "log_level = error\n" + LIMITS_OFF
        )
        command = on_cpu(cpu, [self.build / "burungd", "-c", conf])
        with running(command, folder, port, "/readyz", "200") as server:
            server.people = people
            yield server


class BurungShared(Burung):
    """The same beyond one host: MongoDB (or what the tests use in its place) and Redis, all of
    them on the server's CPU. What each of the three used is told apart."""

    name, title = "shared", "Burung-Chat on MongoDB and Redis"

    def __init__(self, build: Path) -> None:
        super().__init__(build)
        found = os.environ.get("BURUNG_TEST_MONGO") or shutil.which("mongod")
        stand_in = build.parent / "test/mongo/bin/secantusd-rs"
        self.mongo = found or (str(stand_in) if stand_in.exists() else None)

    def missing(self) -> str:
        if not shutil.which("redis-server"):
            return "not installed: redis-server"
        if not self.mongo:
            return "no mongod, and t/run contract did not install its stand-in"
        return super().missing()

    def mongo_command(self, port: int, folder: Path) -> list:
        if "secantus" in self.mongo:
            own = ["--host", "127.0.0.1", "--sync-on-commit", "--log-level", "WARNING"]
            return [self.mongo, *own, "--port", port, "--storage-path", folder]
        return [self.mongo, "--bind_ip", "127.0.0.1", "--port", port, "--dbpath", folder, "--quiet"]

    @contextlib.contextmanager
    def start(
        self, folder: Path, clients: int, rooms: int, workers: int = 1, cpu: int | None = SERVER_CPU
    ) -> Iterator[Running]:
        mongo, redis, port = free_port(), free_port(), free_port()
        (folder / "mongo").mkdir()
        uri = f"mongodb://127.0.0.1:{mongo}/bench"
        plain = ["redis-server", "--port", redis, "--save", "", "--appendonly", "no"]
        with (
            running(on_cpu(cpu, self.mongo_command(mongo, folder / "mongo")), folder, mongo) as one,
            running(on_cpu(cpu, [*plain, "--dir", folder]), folder, redis) as two,
        ):
            people, conf = folder / "people", folder / "burungd.conf"
            seed = [self.build / "bench/seed", uri, str(clients), str(rooms)]
            with open(people, "wb") as out:
                subprocess.run(seed, check=True, stdout=out, stderr=subprocess.DEVNULL)
            conf.write_text(
                f"listen = 127.0.0.1:{port}\ndata = {folder}\nworkers = {workers}\n"
                f"log_level = error\nstore = {uri}\nbus = redis://127.0.0.1:{redis}\n" + LIMITS_OFF
            )
            command = on_cpu(cpu, [self.build / "burungd", "-c", conf])
            with running(command, folder, port, "/readyz", "200") as server:
                server.people = people
                server.parts = {"store": one.pid, "redis": two.pid}
                yield server


class Rawcast:
    """The limit, bench/rawcast.c: one send per delivery, or per member and turn."""

    profile = "raw"

    def __init__(self, build: Path, name: str, program: str, title: str) -> None:
        self.name, self.title = name, title
        self.program = build / "bench" / program

    def missing(self) -> str:
        return "" if self.program.exists() else "not built"

    @contextlib.contextmanager
    def start(self, folder: Path, clients: int, rooms: int) -> Iterator[Running]:
        port = free_port()
        with running(on_cpu(SERVER_CPU, [self.program, port]), folder, port) as server:
            yield server


class Nchan:
    """nginx with nchan, a relay in memory: Debian's libnginx-mod-nchan, installed or unpacked
    into build/peers by --install."""

    name, profile, title = "nchan", "nchan", "nginx with nchan, stores nothing"
    MODULE = "usr/lib/nginx/modules/ngx_nchan_module.so"

    def __init__(self, peers: Path) -> None:
        self.peers = peers

    def module(self) -> Path | None:
        for path in (Path("/") / self.MODULE, self.peers / self.MODULE):
            if path.exists():
                return path
        return None

    def missing(self) -> str:
        if not shutil.which("nginx"):
            return "not installed: nginx"
        return "" if self.module() else "not installed: libnginx-mod-nchan (try --install)"

    def install(self) -> None:
        self.peers.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["apt-get", "download", "-q", "libnginx-mod-nchan"], cwd=self.peers, check=False
        )
        for package in self.peers.glob("libnginx-mod-nchan*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, self.peers], check=True)

    @contextlib.contextmanager
    def start(self, folder: Path, clients: int, rooms: int) -> Iterator[Running]:
        port, conf = free_port(), folder / "nginx.conf"
        module = f"load_module {self.module()};"
        conf.write_text(NCHAN_CONF.format(module=module, folder=folder, port=port))
        command = on_cpu(SERVER_CPU, ["nginx", "-p", folder, "-c", conf])
        with running(command, folder, port) as server:
            yield server


class Centrifugo:
    """Centrifugo 6 in memory; the program is looked for in PATH and in build/peers, where --install
    puts it if there is a Go compiler."""

    MODULE = "github.com/centrifugal/centrifugo/v6@latest"
    name, profile, title = "centrifugo", "centrifugo", "Centrifugo in memory, stores nothing"

    def __init__(self, peers: Path) -> None:
        self.peers = peers

    def program(self) -> str | None:
        own = self.peers / "centrifugo"
        return str(own) if own.exists() else shutil.which("centrifugo")

    def missing(self) -> str:
        return "" if self.program() else "not installed: centrifugo 6 (try --install, with Go)"

    def install(self) -> None:
        if shutil.which("go"):
            where = os.environ | {"GOBIN": str(self.peers.resolve())}
            subprocess.run(["go", "install", self.MODULE], env=where, check=False)

    @contextlib.contextmanager
    def start(self, folder: Path, clients: int, rooms: int) -> Iterator[Running]:
        port, conf = free_port(), folder / "config.json"
        conf.write_text(CENTRIFUGO_CONF.format(port=port))
        command = on_cpu(SERVER_CPU, [self.program(), "-c", conf])
        with running(command, folder, port) as server:
            yield server


def all_servers(build: Path, peers: Path) -> list:
    return [
        Burung(build),
        BurungShared(build),
        Rawcast(build, "raw", "rawcast", "limit: one send per delivery"),
        Rawcast(build, "batch", "rawcast_batch", "limit: one send per member and turn"),
        Nchan(peers),
        Centrifugo(peers),
    ]
