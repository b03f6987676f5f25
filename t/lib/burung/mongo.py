"""A MongoDB of one's own: started for tests, in a folder that goes with it.

BURUNG_TEST_MONGO names one that runs (mongodb://…) or a server's binary; else mongod on PATH
is taken, else what t/run installed as a stand-in. As a program it runs a command with
BURUNG_TEST_STORE_URI set: mongo.py COMMAND…"""

import atexit
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
STAND_IN = TOP / "build/test/mongo/bin/secantusd-rs"
START_S = 30


def find() -> str | None:
    """A URI, or the path of a server; None: there is none."""
    named = os.environ.get("BURUNG_TEST_MONGO")
    if named:
        return named
    return shutil.which("mongod") or (str(STAND_IN) if STAND_IN.exists() else None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def arguments(server: str, port: int, folder: Path) -> list[str]:
    if "secantus" in Path(server).name:
        own = f"--host 127.0.0.1 --port {port} --sync-on-commit --log-file-max 64MB"
        own += " --cache-size 512M --log-level WARNING"
        return [server, *own.split(), "--storage-path", str(folder)]
    own = f"--bind_ip 127.0.0.1 --port {port} --quiet"
    return [server, *own.split(), "--dbpath", str(folder)]


class Service:
    """A process of one's own that can be killed, or stand still."""

    process: subprocess.Popen | None = None

    def kill(self) -> None:
        """KILL, as a power cut; start() goes on with what is on the disk."""
        self.process.kill()
        self.process.wait()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """While inside, connections stay and come, and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)


class Mongo(Service):
    """A server of one's own, or the one that was named. Use as a context."""

    def __init__(self) -> None:
        self.server = find()
        assert self.server, "there is no MongoDB"
        self.ours = not self.server.startswith("mongodb")
        if not self.ours:
            self.address = self.server.rstrip("/")
            return
        self.folder = Path(tempfile.mkdtemp(prefix="burung-mongo-"))
        self.port = free_port()
        self.address = f"mongodb://127.0.0.1:{self.port}"

    def uri(self, database: str) -> str:
        return f"{self.address}/{database}"

    def start(self) -> None:
        if not self.ours:
            return
        with open(self.folder.with_suffix(".log"), "ab") as log:
            self.process = subprocess.Popen(
                arguments(self.server, self.port, self.folder),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until = time.monotonic() + START_S
        while not self.accepts():
            assert self.process.poll() is None, f"{self.server} ended: {self.folder}.log"
            assert time.monotonic() < until, f"{self.server} does not listen"
            time.sleep(0.02)

    def accepts(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def destroy(self) -> None:
        if not self.ours:
            return
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.with_suffix(".log").unlink(missing_ok=True)

    def __enter__(self) -> "Mongo":
        self.start()
        return self

    def __exit__(self, kind, error, trace) -> None:
        self.destroy()


_shared: Mongo | None = None


def shared() -> Mongo:
    """One for all tests of this process."""
    global _shared
    if _shared is None:
        _shared = Mongo()
        _shared.start()
        atexit.register(_shared.destroy)
    return _shared


def main() -> int:
    if find() is None:
        print("1..0 # SKIP there is no MongoDB: see doc/OPERATIONS.md")
        return 0
    if not Path("src/store/mongo/store_mongo.so").exists():
        print("1..0 # SKIP built without the MongoDB store")
        return 0
    with Mongo() as mongo:
        env = {**os.environ, "BURUNG_TEST_STORE_URI": mongo.address}
        return subprocess.run(sys.argv[1:], env=env).returncode


if __name__ == "__main__":
    sys.exit(main())
