"""A server, or burungctl, that is told at a chosen allocation that there is no memory."""

import contextlib
import mmap
import os
import re
import signal
import sqlite3
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path

from burung.checker import Report, check_store
from burung.scene import group
from burung.server import TOP, Server, ServerDied, wait_for
from burung.store import read_store
from burung.talk import PATIENCE, Person, Wrong, conversation

# Not a build with AddressSanitizer: that has an allocator of its own.
RELEASE = Path(os.environ.get("BURUNGD_RELEASE", TOP / "build/release/burungd"))
CTL = RELEASE.with_name("burungctl")
SHIM = Path(os.environ.get("BURUNG_FAIL_ALLOC_SO", TOP / "build/test/t/helpers/fail_alloc.so"))
# How a process says that it ends for want of memory.
ENDED = re.compile(r"\] fatal .*(?:memory|libcrypto|libevent|no thread)")
DIED = re.compile(r"worker died place=\d+ pid=\d+ (signal|exit)=(\d+)")


class Control:
    """What t/helpers/fail_alloc.c reads and counts."""

    # pid, all, at, place, count, failed, places, bytes, blocks
    SHAPE = struct.Struct("=iIQQQQQqq")
    PLACES = 65536

    def __init__(self, path: Path):
        size = self.SHAPE.size + 8 * self.PLACES
        path.write_bytes(bytes(size))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), size)

    def arm(self, pid: int, at: int, *, place: int = 0, on: bool = False, note: bool = False):
        """The at-th allocation of pid (-1: of all together) from now on fails, or the at-th in
        that place, and with `on` all behind it; 0: none does. `note`: places are noted."""
        self.disarm()
        noted = 0 if note else 2**64 - 1
        struct.pack_into("=IQQQQQ", self.memory, 4, on, at, place, 0, 0, noted)
        struct.pack_into("=i", self.memory, 0, pid)

    def disarm(self) -> None:
        struct.pack_into("=i", self.memory, 0, 0)

    def _fields(self) -> tuple:
        return self.SHAPE.unpack_from(self.memory)

    @property
    def count(self) -> int:
        return self._fields()[4]

    @property
    def failed(self) -> int:
        return self._fields()[5]

    @property
    def in_use(self) -> tuple[int, int]:
        """Bytes and blocks, of all processes; only differences have a meaning."""
        return self._fields()[7:9]

    def places(self) -> list[int]:
        """Those noted, each once, in order."""
        count = min(self._fields()[6], self.PLACES)
        return list(dict.fromkeys(struct.unpack_from(f"={count}Q", self.memory, self.SHAPE.size)))


class Starving(Server):
    """One worker of a build without sanitizers, with fail_alloc.so in all processes."""

    def __init__(self, **options):
        super().__init__(workers=1, **options)
        www = self.folder / "www"
        www.mkdir()
        (www / "index.html").write_text("<!doctype html><title>Chat</title>")
        self.write_conf(www=www)
        path = self.folder / "fail_alloc"
        self.control = Control(path)
        self.env |= {"LD_PRELOAD": str(SHIM), "BURUNG_FAIL_ALLOC": str(path)}

    def spawn(self, *arguments: str) -> subprocess.Popen:
        with open(self.log_path, "ab") as log:
            return subprocess.Popen(
                [RELEASE, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment(),
            )

    def worker(self) -> int:
        """Not asked whether it accepts: that allocates, too."""
        return wait_for("one worker", lambda: len(self.workers()) == 1 and self._workers_were)[0]


class Ended:
    """What became of a worker in one round, by the log."""

    def __init__(self, log: str):
        self.deaths = DIED.findall(log)
        self.said = ENDED.findall(log)
        self.trace = log.partition("fail_alloc: here\n")[2].split("\n20")[0]

    @property
    def trouble(self) -> str | None:
        for how, number in self.deaths:
            if (how, number) != ("signal", "6") or not self.said:
                return f"ended by {how} {number}"
        return None


class Sweep:
    """Round after round on one data folder, or on the store and bus of the configuration. Use as a
    context."""

    def __init__(self, **conf):
        self.server = Starving(**conf)
        self.troubles: list[str] = []
        self.rounds = self.failed = self.died = 0

    def __enter__(self) -> "Sweep":
        self.server.start()
        ani, budi = self.server.users("ani", "budi")
        room = group(ani, budi)
        self.people = [Person(self.server, each, room) for each in (ani, budi)]
        self.people[0].send("the first")
        return self

    def __exit__(self, *_) -> None:
        self.server.destroy()

    def places(self) -> list[int]:
        """The places that allocate in a conversation with a fresh worker, in order."""
        control = self.server.control
        self.talk()
        self.restart()
        control.arm(self.server.worker(), 0, note=True)
        self.talk()
        control.disarm()
        return control.places()

    def restart(self) -> None:
        for person in self.people:
            person.cut()
        self.server.restart()

    def talk(self) -> None:
        for person in self.people:
            person.cut()
        conversation(self.server, *self.people)

    def round(self, place: int, *, at: int = 1, on: bool = False) -> Ended:
        """A conversation in which the at-th allocation of that place fails; with `on` all behind
        it too, as long as that worker lives."""
        server = self.server
        self.restart()  # a place may be passed only once in a worker's life
        before = server.log_path.stat().st_size
        server.control.arm(server.worker(), at, place=place, on=on)
        trouble = None
        try:
            self.talk()
            self.failed += server.control.failed > 0
            server.control.disarm()
            self.check()
        except (Wrong, AssertionError) as wrong:
            trouble = f"{type(wrong).__name__}: {wrong}"
        server.control.disarm()
        ended = Ended(server.log_path.read_bytes()[before:].decode(errors="replace"))
        self.rounds += 1
        self.died += bool(ended.deaths)
        trouble = ended.trouble or trouble
        if trouble:
            self.troubles.append(f"place {place:#x}: {trouble}\n{ended.trace}")
        return ended

    def check(self) -> None:
        """What was acknowledged in this round is stored once, as it was sent."""
        ani = self.people[0]
        acked = {cid: pair for person in self.people for cid, pair in person.acked.items()}
        events: list[dict] = []
        while not events or events[0]["seq"] > min(seq for seq, _ in acked.values()):
            before = {"before": events[0]["seq"]} if events else {}
            page = ani.ask("history", room=ani.room, limit=200, **before)["events"]
            events = page + events
        stored = [(e["cid"], (e["seq"], e["body"])) for e in events if e["cid"] in acked]
        assert sorted(stored) == sorted(acked.items()), "stored other than acknowledged"
        for person in self.people:
            person.hear_to(events[-1]["seq"])
            person.acked.clear()

    def judge(self) -> None:
        """After the last round: nothing was wrong, and the database is whole."""
        print(f"{self.rounds} rounds, {self.failed} failures, the worker ended in {self.died}")
        assert self.server.stop() == 0
        self.server.assert_clean()
        if (file := self.server.data / "burung.db").exists():
            with sqlite3.connect(file) as db:
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        report = Report()
        check_store(report, read_store(self.server.data))
        assert report.ok, report.text()
        assert not self.troubles, "\n".join(self.troubles)


class Start:
    """A server that is started and stopped again and again. Use as a context."""

    def __init__(self):
        self.server = Starving()
        self.troubles: list[str] = []
        self.came_up = self.gave_up = 0

    def __enter__(self) -> "Start":
        self.server.start()  # makes the database
        self.server.stop()
        return self

    def __exit__(self, *_) -> None:
        self.server.destroy()

    def up(self) -> int | None:
        """None once it answers, else the exit code."""
        server = self.server
        server.start(ready=False)

        def decided() -> bool:
            return server.process.poll() is not None or server.is_ready()

        with contextlib.suppress(ServerDied):
            wait_for("ready, or ended", decided, PATIENCE)
        return server.process.poll()

    def places(self) -> list[int]:
        self.server.control.arm(-1, 0, note=True)
        assert self.up() is None
        self.server.control.disarm()
        assert self.server.stop() == 0
        return self.server.control.places()

    def round(self, place: int) -> None:
        """It comes up, if need be with a second worker, or says why not."""
        server = self.server
        before = server.log_path.stat().st_size
        server.control.arm(-1, 1, place=place)
        trouble = None
        try:
            code = self.up()
            server.control.disarm()
            if code is None:
                code = server.stop()
                trouble = f"stopped with {code}" if code else None
                self.came_up += 1
            else:
                self.gave_up += 1
        except AssertionError as wrong:
            code, trouble = 0, str(wrong)
            server.kill()
        log = server.log_path.read_bytes()[before:].decode(errors="replace")
        ended = Ended(log)
        if code not in (0, 1) and not (code == -6 and ended.said):
            trouble = f"ended with {code}"
        if code == 1 and "burungd: " not in log:
            trouble = "ended without a word"
        trouble = ended.trouble or trouble
        if trouble:
            self.troubles.append(f"place {place:#x}: {trouble}\n{ended.trace}\n{log[-600:]}")

    def judge(self) -> None:
        print(f"{self.came_up} came up all the same, {self.gave_up} gave up")
        assert self.up() is None
        assert self.server.stop() == 0
        assert not self.troubles, "\n".join(self.troubles)


@dataclass
class Asked:
    """What became of one burungctl."""

    code: int
    err: str
    places: list[int]

    @property
    def says_why(self) -> bool:
        return self.code == -signal.SIGABRT and ENDED.search(self.err) is not None


def ask_ctl(server: Starving, arguments: list[str], place: int = 0) -> Asked:
    """burungctl, with its first allocation in that place failing; 0: none, its places noted."""
    server.control.arm(-1, 1 if place else 0, place=place, note=not place)
    done = subprocess.run(
        [CTL, "-c", str(server.conf_path), *arguments],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env=server.environment(),
    )
    server.control.disarm()
    if place == 0:
        assert done.returncode == 0, done.stderr
    return Asked(done.returncode, done.stderr, server.control.places() if not place else [])
