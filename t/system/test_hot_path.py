"""What a delivery may cost, in system calls and instructions: counted, so no clock is involved."""

import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from burung import Server, new_cid
from burung.raw import PING, TEXT, Raw, encode
from burung.scene import group
from burung.server import TOP, binary, wait_for

DEVICES = 50
AT_ONCE = 50  # messages that one `send` may carry
TOLD_EVERY_S = 0.5  # who came and went
RELEASE = Path(os.environ.get("BURUNGD_RELEASE", TOP / "build/release/burungd"))
# Instructions in user space, as measured on Debian 12; with other versions of the libraries they
# are others. A tenth more is a regression.
A_MESSAGE = 40_000  # parsing, checking, storing and publishing it, however many hear of it
A_DEVICE = 790  # one more device, in a turn in which it is told something, however much
A_DELIVERY = 8  # at most: one more message to one more device in such a turn; it is none now
A_LOG_IN = 194_000  # token, upgrade, hello, and the end
DEBIAN_12 = "VERSION_CODENAME=bookworm" in Path("/etc/os-release").read_text()
LEEWAY = 1.1 if DEBIAN_12 else 1.5

needs_strace = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
needs_callgrind = pytest.mark.skipif(
    not shutil.which("callgrind_annotate") or not RELEASE.exists(),
    reason="valgrind or a release build (build/release) is missing",
)


class Under(Server):
    """A server that runs under a tool; one worker, so that all devices meet there."""

    def __init__(self, tool: list, program: Path, **options):
        super().__init__(workers=1, **options)
        self.command = [*tool, program]

    def spawn(self, *arguments: str) -> subprocess.Popen:
        with open(self.log_path, "ab") as log:
            return subprocess.Popen(
                [*self.command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment(),
            )


class Device(Raw):
    """A device that has said hello, unless it is to come later."""

    def __init__(self, server: Server, token: str, *, hello: bool = True):
        super().__init__(server.port, timeout=60)
        status, _ = self.upgrade(Authorization=f"Bearer {token}")
        assert status == 101
        if hello:
            self.hello()

    def hello(self) -> None:
        self.ask(id=1, op="hello")
        self.until(lambda frame: frame.get("sig") == "synced")

    def ask(self, **command) -> None:
        self.send(encode(TEXT, json.dumps(command).encode()))

    def next(self) -> dict:
        while (frame := self.frame()).opcode == PING:
            pass
        assert frame.opcode == TEXT, frame
        return json.loads(frame.payload)

    def until(self, wanted) -> list[dict]:
        """All frames up to the one that is wanted."""
        frames = [self.next()]
        while not wanted(frames[-1]):
            frames.append(self.next())
        return frames

    def hear(self, count: int) -> None:
        """Reads so many messages."""
        for _ in range(count):
            self.until(lambda frame: frame.get("ev") == "message")

    def answered(self, number: int = 9) -> list[dict]:
        """Pings; all frames up to the answer."""
        self.ask(id=number, op="ping")
        return self.until(lambda frame: frame.get("re") == number)


@contextmanager
def room_full(server: Server, count: int = DEVICES):
    """Two people with half of the devices each: (devices, room). The first one sends."""
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    with ExitStack() as stack:
        devices = [
            stack.enter_context(Device(server, (ani, budi)[i % 2].token)) for i in range(count)
        ]
        # who came is told half a second later, to all devices in one turn
        devices[0].until(lambda frame: frame.get("sig") == "presence")
        for device in devices:
            device.answered()  # what was told on joining has been read
        yield devices, room


def some_messages(count: int) -> list[dict]:
    return [{"cid": new_cid(), "body": f"message {i} of a burst"} for i in range(count)]


def send_at_once(devices: list[Device], room: str, count: int = AT_ONCE) -> None:
    """One `send` with many messages, heard by everyone."""
    devices[0].ask(id=2, op="send", room=room, messages=some_messages(count))
    for device in devices:
        device.hear(count)


# --- system calls -----------------------------------------------------------------

WRITES = {"sendmsg", "sendto", "write", "writev"}
MEMORY = {"mmap", "munmap", "mprotect", "madvise", "brk"}  # mostly the sanitizer's


class Trace:
    """The system calls of the worker, from now on."""

    def __init__(self, server: Server, path: Path):
        self.server, self.path = server, path
        (self.worker,) = server.workers()
        self.since = path.stat().st_size

    def lines(self) -> list[tuple[int, str, str]]:
        """(thread, name, the rest), the loop's thread being the worker's pid."""
        tasks = {int(tid) for tid in os.listdir(f"/proc/{self.worker}/task")}
        with open(self.path) as f:
            f.seek(self.since)
            found = re.findall(r"^(\d+) +(?:<\.\.\. )?(\w+)(.*)", f.read(), re.MULTILINE)
        return [(int(tid), name, rest) for tid, name, rest in found if int(tid) in tasks]

    def calls(self) -> list[tuple[int, str]]:
        return [(tid, name) for tid, name, rest in self.lines() if rest.startswith("(")]

    def loop(self) -> list[str]:
        return [name for tid, name in self.calls() if tid == self.worker]

    def loop_awake(self) -> list[str]:
        """Without the turns in which only timers were due: those depend on how long all takes."""
        calls, awake = [], True
        for tid, name, rest in self.lines():
            if tid != self.worker:
                continue
            if name == "epoll_wait" and " = " in rest:
                awake = not rest.endswith(" = 0")
            if awake and rest.startswith("("):
                calls.append(name)
        return calls

    def commits(self) -> int:
        """Waits for the disk, apart from those of a checkpoint's thread."""
        return sum(name in ("fdatasync", "fsync") for _, name in self.calls())


@pytest.fixture
def traced(tmp_path):
    """(server under strace, path of the trace). The tracer is a grandchild: signals go to the
    server. Leaks cannot be looked for by a process that is traced already."""
    trace = tmp_path / "trace"
    tool = ["strace", "-D", "-f", "--quiet=all", "-s", "0", "-o", trace]
    with Under(tool, binary(), env={"ASAN_OPTIONS": "detect_leaks=0"}) as server:
        yield server, trace


@needs_strace
def test_messages_of_a_turn_leave_in_one_write_per_device(traced):
    server, path = traced
    with room_full(server) as (devices, room):
        trace = Trace(server, path)
        send_at_once(devices, room)
        devices[0].answered()
        calls = trace.loop()
        writes = sum(name in WRITES for name in calls)
        # Two turns more: the answers to the sender; the store's threads are woken by a write.
        assert DEVICES <= writes <= DEVICES + 8, sorted(calls)
        # Reading, waiting, waking: the same however many devices there are.
        others = Counter(name for name in trace.loop_awake() if name not in WRITES | MEMORY)
        assert others.total() <= DEVICES, others


@needs_strace
def test_what_waits_during_a_commit_shares_the_next_one_and_its_writes(traced):
    server, path = traced
    count = 50  # of the 64 requests that one device may have under way
    with room_full(server) as (devices, room):
        sender = devices[0]
        for attempt in range(3):
            armed = server.arm("append.before_commit", f"stall-{2000 << attempt}")
            trace = Trace(server, path)
            sender.ask(id=2, op="send", room=room, cid=new_cid(), body="the first")
            wait_for("the commit stalls", lambda armed=armed: not armed.exists())
            asked = [{"id": 3, "op": "send", "room": room, **m} for m in some_messages(count)]
            sender.send(b"".join(encode(TEXT, json.dumps(one).encode()) for one in asked))
            early = sender.answered()
            heard = sum(frame.get("ev") == "message" for frame in early)
            sender.hear(count + 1 - heard)
            for device in devices[1:]:
                device.hear(count + 1)
            sender.answered()
            if heard == 0:
                break  # all of them had come before the stall ended
        else:
            raise AssertionError("50 messages were not read within a stall of 8 s")
        writes = sum(name == "sendmsg" for name in trace.loop())
        assert trace.commits() <= 2
        assert writes <= 2 * DEVICES + 8


@needs_strace
def test_who_comes_with_many_others_is_told_in_a_write_for_all(traced):
    server, path = traced
    people = server.users(*(f"person{i}" for i in range(16)))
    group(*people)
    with ExitStack() as stack:
        devices = [stack.enter_context(Device(server, who.token, hello=False)) for who in people]
        trace = Trace(server, path)
        began = time.monotonic()
        for device in devices:  # they come here: quickly one after the other
            device.hello()
        first, told = devices[0], {people[0].id}
        while len(told) < len(people):
            frame = first.until(lambda frame: frame.get("sig") == "presence")[-1]
            assert frame["online"] and frame["user"] not in told
            told.add(frame["user"])
        turns = int((time.monotonic() - began) / TOLD_EVERY_S)
        writes = sum(name == "sendmsg" for name in trace.loop())
        print(f"{writes} writes, told {turns} times")
        # Each gets its answer to hello; one by one the others would take 16 * 15 / 2 more.
        assert writes <= (3 + turns) * len(people), writes


# --- instructions -----------------------------------------------------------------


class Cost(NamedTuple):
    """Instructions of a worker, all threads, from its start to its end."""

    whole: float
    told: float  # of those: making what each device is told, and writing it


# What a turn of the loop ends with; what comes by the clock is not in there.
TELLING = {"hub_turn_end", "pool_settle"}


def inclusive(counted: str, functions: set[str]) -> int:
    """What these took, with all that they called, in a file of callgrind's."""
    names = dict(re.findall(r"^c?fn=\((\d+)\) (.+)$", counted, re.MULTILINE))
    calls = re.findall(r"^cfn=\((\d+)\).*\ncalls=.*\n\S+ (\d+)$", counted, re.MULTILINE)
    missing = functions - set(names.values())
    assert not missing, f"no longer called so: {missing}"
    return sum(int(cost) for number, cost in calls if names[number] in functions)


def instructions(use) -> Cost:
    """With use(server) between."""
    tool = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=callgrind.out.%p"]
    with Under(tool, RELEASE) as server:
        (worker,) = server.workers()
        use(server)
        server.stop()
        counted = (server.folder / f"callgrind.out.{worker}").read_text()
    total = re.search(r"^(?:summary|totals): (\d+)", counted, re.MULTILINE)
    assert total, "callgrind wrote no sum"
    return Cost(int(total[1]), inclusive(counted, TELLING))


def of_each(use, few: int, many: int) -> Cost:
    """What one more costs: use(server, n) does it n times."""
    more = instructions(lambda server: use(server, many))
    less = instructions(lambda server: use(server, few))
    return Cost(*((m - n) / (many - few) for m, n in zip(more, less, strict=True)))


def talk(devices: int, count: int):
    def use(server: Server, rounds: int) -> None:
        with room_full(server, devices) as (all_of_them, room):
            for _ in range(rounds):
                send_at_once(all_of_them, room, count)
                all_of_them[0].answered()

    return use


@needs_callgrind
def test_instructions_per_message_device_and_delivery_stay_few():
    few, many = 10, DEVICES
    with_few, with_many, one_few, one_many = (
        of_each(talk(devices, count), 2, 12) for count in (AT_ONCE, 1) for devices in (few, many)
    )
    # A device, told so much in a turn:
    all_of_them = (with_many.told - with_few.told) / (many - few)
    one = (one_many.told - one_few.told) / (many - few)
    delivery = (all_of_them - one) / (AT_ONCE - 1)
    device = one - delivery
    message = (with_few.whole - few * all_of_them) / AT_ONCE
    print(
        f"{message:.0f} instructions for a message, {device:.0f} for a device and turn, "
        f"{delivery:.1f} for each delivery"
    )
    assert message < A_MESSAGE * LEEWAY
    assert device < A_DEVICE * LEEWAY
    assert delivery < A_DELIVERY


def come_and_go(server: Server, times: int) -> None:
    ani, budi = server.users("ani", "budi")
    group(ani, budi)
    for _ in range(times):
        with Device(server, ani.token) as device:
            device.answered()


@needs_callgrind
def test_instructions_per_log_in_stay_few():
    each = of_each(come_and_go, 20, 120).whole
    print(f"{each:.0f} instructions for a log-in")
    assert each < A_LOG_IN * LEEWAY
