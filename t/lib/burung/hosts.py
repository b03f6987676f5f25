"""Three hosts with burungd, an nginx before them, a Redis and a MongoDB behind, each a machine of
its own (net.py). nginx is where the clients are: they connect to 127.0.0.1 as to any server."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

from burung import mongo
from burung.api import Api, http_request
from burung.front import NGINX, Front
from burung.net import Machine, Net
from burung.server import (
    PASSWORD,
    TOP,
    Account,
    Server,
    ServerDied,
    binary,
    children_of,
    free_port,
    send_signal,
    wait_for,
)

PORT = 8080
REDIS_PORT = 6379
MONGO_PORT = 27017


class Host(Server):
    """burungd on a machine of its own."""

    def __init__(self, machine: Machine, folder: Path, **conf):
        self.machine = machine
        folder.mkdir()
        super().__init__(folder=folder, wrapper=machine.wrapper, **conf)
        self.port = PORT
        self.write_conf(listen=f"{machine.address}:{PORT}")

    def asks(self, method: str, path: str, timeout: float = 2):
        return http_request(self.port, method, path, timeout=timeout, host=self.machine.address)

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise ServerDied(f"burungd ended with {self.process.returncode}:\n{self.log()}")
        try:
            return self.asks("GET", "/readyz").status == 200
        except OSError:
            return False

    def accepts(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.machine.address, self.port)) == 0

    def die(self) -> None:
        """As when the power goes, but that the kernel says goodbye to its peers."""
        workers = self.workers()
        self.process.kill()
        for pid in workers:
            send_signal(pid, signal.SIGKILL)
        self.process.wait()
        self.expect_gone(workers)


class Redis:
    """A redis-server on a machine of its own; starts anew each time."""

    def __init__(self, machine: Machine, folder: Path):
        self.machine, self.folder = machine, folder
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*self.machine.wrapper, "redis-server", "--port", str(REDIS_PORT),
             "--bind", self.machine.address, "--protected-mode", "no", "--save", "",
             "--appendonly", "no", "--dir", self.folder],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        wait_for("Redis answers", lambda: self.say("PING") == "+PONG", every=0.005)

    def say(self, *words: str | bytes) -> str | None:
        """A command, and the first line of its answer."""
        parts = [word.encode() if isinstance(word, str) else word for word in words]
        text = b"*%d\r\n" % len(parts)
        text += b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)
        try:
            with socket.create_connection((self.machine.address, REDIS_PORT), 2) as line:
                line.sendall(text)
                return line.makefile().readline().strip()
        except OSError:
            return None

    def subscribers(self, channel: str) -> int:
        with socket.create_connection((self.machine.address, REDIS_PORT), 2) as line:
            line.sendall(f"PUBSUB NUMSUB {channel}\r\n".encode())
            answer = line.makefile()
            return int([answer.readline() for _ in range(4)][3][1:])

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


class Store:
    """A MongoDB, or what stands in for it, on a machine of its own."""

    def __init__(self, machine: Machine, folder: Path):
        self.machine, self.folder = machine, folder
        self.process: subprocess.Popen | None = None
        self.server = mongo.find()
        self.uri = f"mongodb://{machine.address}:{MONGO_PORT}/burung"
        folder.mkdir()

    def start(self) -> None:
        words = mongo.arguments(self.server, MONGO_PORT, self.folder)
        words = [word.replace("127.0.0.1", self.machine.address) for word in words]
        with open(self.folder.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(
                [*self.machine.wrapper, *words], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        wait_for("the store listens", self.accepts, 30, every=0.005)

    def accepts(self) -> bool:
        assert self.process.poll() is None, "the store ended by itself"
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex((self.machine.address, MONGO_PORT)) == 0

    def fill(self, people: Path) -> None:
        ctl = [binary().parent / "burungctl", "copy", "--from", f"sqlite:{people}"]
        subprocess.run([*ctl, "--to", self.uri], check=True, stdout=subprocess.DEVNULL)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)


class Gate(Front):
    """nginx/burung-chat-hosts.conf as it is, but without TLS, which would cost the clients of a
    test more than it costs nginx, and without the limits of one address: all clients have it."""

    def __init__(self, folder: Path, addresses: list[str], files: int):
        folder.mkdir()
        super().__init__(folder, free_port(), free_port())
        site = self.exchange(
            "burung-chat-hosts.conf",
            (r" ssl http2;", ";"),
            (r"access_log /var/log/nginx/burung-chat.log burung;", "access_log off;"),
            (r"rate=100r/s", "rate=100000r/s"),
            (r"burst=1000", "burst=100000"),
            (r"limit_conn burung_connections 2000", "limit_conn burung_connections 60000"),
        )
        (folder / "site.conf").write_text(site)
        upstream = (TOP / "nginx/burung-chat-upstream.conf").read_text()
        for n, address in enumerate(addresses):
            upstream = upstream.replace(f"10.0.0.1{n + 1}:8080", f"{address}:{PORT}")
        (folder / "site-upstream.conf").write_text(re.sub(r".*server 10\.0\.0.*\n", "", upstream))
        conf = folder / "nginx.conf"
        text = conf.read_text().replace("worker_processes 1", "worker_processes 2")
        text = text.replace(" info;", " warn;")
        text = text.replace("events {}", f"events {{ worker_connections {files}; }}")
        conf.write_text(text)

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def kill(self) -> None:
        """With its workers, who would go on without their master."""
        workers = children_of(self.process.pid)
        self.process.kill()
        self.process.wait()
        for pid in workers:
            send_signal(pid, signal.SIGKILL)
        wait_for("nginx is gone", lambda: not self.answers())

    def answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0


class Hosts:
    """All of it. Use as a context; `port` is nginx's. `people`: a file of SQLite whose content the
    store has before the hosts start."""

    def __init__(
        self,
        count: int = 3,
        *,
        workers: int = 2,
        files: int = 1024,
        people: Path | None = None,
        **conf,
    ):
        self.people = people
        self.folder = Path(tempfile.mkdtemp(prefix="burung-hosts-"))
        self.net = Net()
        self.redis = Redis(self.net.machine("redis", 30), self.folder)
        self.store = Store(self.net.machine("store", 20), self.folder / "store")
        bus = f"redis://{self.redis.machine.address}:{REDIS_PORT}"
        shared = {"workers": workers, "store": self.store.uri, "trusted_proxies": self.net.address}
        shared |= {"bus": bus, "log_level": "info", **conf}
        machines = [self.net.machine(f"host{n}", 10 + n) for n in range(1, count + 1)]
        self.hosts = [Host(m, self.folder / m.name, **shared) for m in machines]
        self.conf = {"workers": count * workers}
        addresses = [machine.address for machine in machines]
        self.front = Gate(self.folder / "nginx", addresses, files)
        self.port = self.front.port
        self.data = self.hosts[0].data  # its configuration leads to the store
        self.accounts: dict[str, Account] = {}

    def __enter__(self) -> "Hosts":
        try:
            self.redis.start()
            self.store.start()
            if self.people:
                self.store.fill(self.people)
            for host in self.hosts:
                host.start(ready=False)
            for host in self.hosts:
                host.wait_ready(60)
            self.front.start()
        except BaseException:
            self.destroy(keep=True)
            raise
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.destroy(keep=kind is not None)

    def stop(self) -> int:
        """TERM to all hosts; the worst of their exit codes. The logs must be clean."""
        for host in self.hosts:
            host.signal(signal.SIGTERM)
        codes = [host.wait_exit(60) for host in self.hosts]
        for host in self.hosts:
            host.assert_clean()
        return max(codes, key=abs)

    def destroy(self, *, keep: bool) -> None:
        for host in self.hosts:
            host.destroy(keep=keep)
        for each in (self.redis, self.store):
            if each.process and each.process.poll() is None:
                each.kill()
        self.front.stop()
        if keep or os.environ.get("BURUNG_KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # As Server has it

    def user(self, name: str) -> Account:
        if name in self.accounts:
            return self.accounts[name]
        nobody = Api(self.port)
        fields = {}
        if not self.accounts:
            fields["setup"] = self.hosts[0].setup_code()
        answer = nobody.call("register", name=name, password=PASSWORD, token=True, **fields)
        token = answer["token"]
        account = Account(answer["user"]["id"], name, token, Api(self.port, token))
        self.accounts[name] = account
        return account

    def users(self, *names: str) -> list[Account]:
        return [self.user(name) for name in names]

    def log_tail(self) -> str:
        return "\n".join(f"-- {host.machine.name}\n{host.log_tail(20)}" for host in self.hosts)

    def workers(self) -> list[int]:
        return [pid for host in self.hosts for pid in host.workers()]

    def all_ready(self) -> bool:
        return all(host.is_ready() for host in self.hosts)

    def pids(self) -> list[int]:
        return [pid for host in self.hosts for pid in (host.pid, *host.workers())]


def missing() -> str | None:
    """Why it cannot be had on this machine, beside the namespaces."""
    if not shutil.which("redis-server") or not NGINX:
        return "redis-server or nginx is not installed"
    server = mongo.find()
    if server is None or server.startswith("mongodb"):
        return "there is no MongoDB that can be started and killed"
    return None
