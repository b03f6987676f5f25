"""A burungd of one's own: its port, its data folder, its processes."""

import contextlib
import hashlib
import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from burung import mongo
from burung.api import Api, http_request

TOP = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery"
# Tests ask faster than people do; those of the limits set their own.
UNLIMITED = (
    "limit_registrations",
    "limit_requests_connection",
    "limit_requests_user",
    "limit_sends_connection",
    "limit_sends_user",
    "limit_typing",
    "limit_rooms",
    "limit_connections_address",
    "limit_connections_user",
)
# What a sanitizer, or the server itself on a defect, leaves in the log.
DEFECTS = re.compile(
    r"ERROR: AddressSanitizer|ERROR: LeakSanitizer|WARNING: ThreadSanitizer"
    r"|runtime error:|AddressSanitizer:DEADLYSIGNAL|Assertion .* failed|objects leaked"
)


class ServerDied(Exception):
    """burungd did not come up, or ended when it should not have."""


def binary() -> Path:
    return Path(os.environ.get("BURUNGD", TOP / "build/test/burungd"))


def free_port() -> int:
    """A port below the range the kernel gives to clients, so that none of them takes it while
    the server is being restarted."""
    for _ in range(200):
        port = random.randint(15000, 31000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def wait_for(what: str, condition: Callable, timeout: float = 15, every: float = 0.02):
    """The first truthy value of condition(); fails the test after timeout seconds."""
    until = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise AssertionError(f"waited {timeout:g} s in vain: {what}")
        time.sleep(every)


def stat_of(pid: int) -> tuple[str, int] | None:
    """(state letter, parent's pid), None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent = text.rpartition(")")[2].split()[:2]
    return state, int(parent)


def children_of(pid: int) -> list[int]:
    """Living children, zombies left out, oldest first."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            stat = stat_of(int(entry))
            if stat and stat[1] == pid and stat[0] not in "ZX":
                found.append(int(entry))
    return sorted(found)


def running(pid: int) -> bool:
    stat = stat_of(pid)
    return stat is not None and stat[0] not in "ZX"


def send_signal(pid: int, number: int) -> bool:
    """False when it is gone already."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


@dataclass
class Account:
    id: str
    name: str
    token: str
    api: Api


class Server:
    """Use as a context: started on entry; on exit stopped and its log searched for defects.

    Keyword arguments are configuration keys. What is not given is set so that tests are
    quick: cheap password hashes, two workers, the port and folder its own. With
    BURUNG_TEST_STORE=mongo the store is a MongoDB, a database of its own for each folder."""

    def __init__(
        self,
        *,
        folder: Path | None = None,
        env: dict | None = None,
        wrapper: tuple[str, ...] = (),  # a command that becomes burungd, as prlimit does
        **conf,
    ):
        self.folder = Path(folder or tempfile.mkdtemp(prefix="burung-"))
        self.port = free_port()
        self.data = self.folder / "data"
        self.failpoints = self.folder / "failpoints"
        self.conf_path = self.folder / "burungd.conf"
        self.log_path = self.folder / "log"
        self.conf = {
            "listen": f"127.0.0.1:{self.port}",
            "data": str(self.data),
            "workers": 2,
            "limit_login_memory": 8,
            **dict.fromkeys(UNLIMITED, 0),
            **conf,
        }
        if os.environ.get("BURUNG_TEST_STORE") == "mongo" and "store" not in conf:
            tag = hashlib.sha256(str(self.folder).encode()).hexdigest()[:16]
            self.conf["store"] = mongo.shared().uri(f"t_{tag}")
        self.env = env or {}
        self.wrapper = wrapper
        self.pass_fds: tuple[int, ...] = ()  # descriptors that it inherits
        self.process: subprocess.Popen | None = None
        self.accounts: dict[str, Account] = {}
        self._setup: str | None = None
        self._workers_were: list[int] = []
        for each in (self.data, self.failpoints):
            each.mkdir(mode=0o700, exist_ok=True)
        self.write_conf()

    def write_conf(self, **changes) -> None:
        """Changes keys of the configuration file; None removes one. Takes effect on HUP."""
        for key, value in changes.items():
            if value is None:
                self.conf.pop(key, None)
            else:
                self.conf[key] = value
        lines = [f"{key} = {value}\n" for key, value in self.conf.items()]
        self.conf_path.write_text("".join(lines))

    def environment(self) -> dict[str, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("BURUNG_")}
        env["BURUNG_FAILPOINTS"] = str(self.failpoints)
        env.setdefault("ASAN_OPTIONS", "detect_leaks=1")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        env.update(self.env)
        return env

    # Life and death

    def spawn(self, *arguments: str) -> subprocess.Popen:
        """burungd with these arguments, its output appended to the log."""
        with open(self.log_path, "ab") as log:
            return subprocess.Popen(
                [*self.wrapper, binary(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment(),
                pass_fds=self.pass_fds,
            )

    def start(self, *, ready: bool = True) -> None:
        assert self.process is None or self.process.poll() is not None
        self.process = self.spawn("-c", str(self.conf_path))
        if ready:
            self.wait_ready()

    def is_ready(self) -> bool:
        if self.process.poll() is not None:
            raise ServerDied(f"burungd ended with {self.process.returncode}:\n{self.log()}")
        try:
            return http_request(self.port, "GET", "/readyz", timeout=2).status == 200
        except OSError:
            return False

    def accepting(self) -> list[int]:
        """The pids of the workers that take connections, as any of them says on the admin
        socket; [] while nobody answers."""
        with contextlib.suppress(OSError, http.client.HTTPException):
            return [w["pid"] for w in self.status()["workers"] if w["accepting"]]
        return []

    def status(self) -> dict:
        folder = os.open(Path(self.conf["data"]) / "run", os.O_PATH)
        line = http.client.HTTPConnection("admin", timeout=2)
        try:
            line.sock = socket.socket(socket.AF_UNIX)
            line.sock.settimeout(2)
            # Its path may be longer than an address holds.
            line.sock.connect(f"/proc/self/fd/{folder}/admin.sock")
            line.request("POST", "/admin/status", b"{}", {"Content-Type": "application/json"})
            return json.loads(line.getresponse().read())
        finally:
            line.close()
            os.close(folder)

    def accepts(self) -> bool:
        """Does anybody listen?"""
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def wait_ready(self, timeout: float = 30) -> None:
        """All workers serve: /readyz speaks for the one that answers."""
        wait_for(f"ready: {self.folder}", self.is_ready, timeout)
        count = int(self.env.get("BURUNG_WORKERS", self.conf["workers"]))
        if count > 1:
            wait_for(
                f"all workers accept: {self.folder}",
                lambda: len(self.accepting()) >= count,
                timeout,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def workers(self) -> list[int]:
        self._workers_were = children_of(self.pid)
        return list(self._workers_were)

    def wait_workers(self, count: int | None = None, *, without=(), timeout: float = 20):
        """The workers' pids once there are as many as configured, none of `without`, and all
        accept."""
        count = count or int(self.conf["workers"])

        def complete():
            now = self.workers()
            if len(now) != count or set(now) & set(without):
                return None
            return now if set(self.accepting()) == set(now) else None

        return wait_for(f"{count} workers that accept", complete, timeout)

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def stop(self, timeout: float = 30) -> int:
        """TERM, and the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.workers()
            self.process.terminate()
        return self.wait_exit(timeout)

    def wait_exit(self, timeout: float = 30) -> int:
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            log = self.log()
            self.kill()
            raise AssertionError(f"burungd did not end within {timeout:g} s:\n{log}") from None

    def kill(self) -> None:
        """KILL to the master; returns when its workers are gone too, and ends those that are
        not after some seconds, with an error."""
        workers = self.workers()
        self.process.kill()
        self.process.wait()
        self.expect_gone(workers)

    def expect_gone(self, pids: list[int], timeout: float = 5) -> None:
        try:
            wait_for("workers ended with the master", lambda: not any(map(running, pids)), timeout)
        except AssertionError:
            for pid in pids:
                send_signal(pid, signal.SIGKILL)
            raise

    def restart(self) -> None:
        self.stop()
        self.start()

    def __enter__(self) -> "Server":
        try:
            self.start()
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, kind, error, trace) -> None:
        try:
            code = self.stop()
            if kind is None:
                self.assert_clean()
                assert code in (0, -signal.SIGKILL), f"exit code {code}:\n{self.log_tail()}"
        finally:
            self.destroy(keep=kind is not None)

    def destroy(self, *, keep: bool = False) -> None:
        """Ends what still runs and removes the folder; a kept one is named on stdout."""
        if self.process and self.process.poll() is None:
            self._workers_were = self.workers()
            self.process.kill()
            self.process.wait()
        for pid in self._workers_were:
            stat = stat_of(pid)
            if stat and stat[1] == 1 and "burungd" in cmdline_of(pid):
                send_signal(pid, signal.SIGKILL)
        if keep or os.environ.get("BURUNG_KEEP"):
            print(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # The log

    def log(self) -> str:
        try:
            return self.log_path.read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def log_tail(self, lines: int = 60) -> str:
        return "\n".join(self.log().splitlines()[-lines:])

    def defects(self) -> list[str]:
        return [line for line in self.log().splitlines() if DEFECTS.search(line)]

    def assert_clean(self) -> None:
        """No sanitizer's report and no failed assertion in the log."""
        found = self.defects()
        assert not found, f"defects in the log of {self.folder}:\n{self.log_tail(200)}"

    def wait_log(self, pattern: str, timeout: float = 15) -> re.Match:
        return wait_for(f"log has {pattern!r}", lambda: re.search(pattern, self.log()), timeout)

    # Failpoints

    def arm(self, point: str, how: str = "kill") -> Path:
        """Arms a failpoint for the first process that passes; the file's path."""
        path = self.failpoints / f"{point}.{how}"
        path.touch()
        return path

    # Accounts

    def setup_code(self) -> str:
        if self._setup is None:
            self._setup = self.wait_log(r"setup code.*?code=([A-Za-z0-9-]+)").group(1)
        return self._setup

    def api(self, token: str | None = None) -> Api:
        return Api(self.port, token)

    def user(self, name: str, **fields) -> Account:
        """An account of this name, registered at the first call."""
        if name in self.accounts:
            return self.accounts[name]
        nobody = self.api()
        if not self.accounts and nobody.call("info")["setup"]:
            fields["setup"] = self.setup_code()
        answer = nobody.call("register", name=name, password=PASSWORD, token=True, **fields)
        token = answer["token"]
        account = Account(answer["user"]["id"], name, token, self.api(token))
        self.accounts[name] = account
        return account

    def users(self, *names: str) -> list[Account]:
        return [self.user(name) for name in names]

    def stopped(self) -> int:
        """The pid of the one worker that a failpoint has stopped, waited for: its file is gone a
        moment before the process stands still."""

        def standing() -> list[int]:
            stats = {pid: stat_of(pid) for pid in self.workers()}
            return [pid for pid, stat in stats.items() if stat and stat[0] == "T"]

        [pid] = wait_for("a worker stands still", standing)
        return pid

    def worker_of(self, client_port: int) -> int | None:
        """The pid of the worker that holds the connection from this local port."""
        inode = self.inode_of(client_port)
        if inode is None:
            return None
        for pid in self.workers():
            try:
                for entry in os.scandir(f"/proc/{pid}/fd"):
                    if os.readlink(entry.path) == f"socket:[{inode}]":
                        return pid
            except OSError:
                continue
        return None

    def inode_of(self, client_port: int) -> str | None:
        """The socket's at the server's end, of the connection from this local port."""
        end = self._end_of(client_port)
        return end[9] if end else None

    def unread(self, client_port: int) -> int:
        """Bytes from this local port that the server has not read."""
        end = self._end_of(client_port)
        return int(end[4].split(":")[1], 16) if end else 0

    def _end_of(self, client_port: int) -> list[str] | None:
        """The kernel's line about the server's end of that connection."""
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            local = int(fields[1].split(":")[1], 16)
            remote = int(fields[2].split(":")[1], 16)
            if (local, remote) == (self.port, client_port):
                return fields
        return None


def cmdline_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
