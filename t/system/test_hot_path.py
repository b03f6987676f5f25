"""What a delivery may cost, in system calls and instructions: counted, so no clock is involved."""

import json
import os
import re
import shutil
import subprocess
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from burung import Server, new_cid
from burung.raw import PING, TEXT, Raw, encode
from burung.scene import group
from burung.server import TOP, binary, wait_for

DEVICES = 50
AT_ONCE = 50  # messages that one `send` may carry
RELEASE = Path(os.environ.get("BURUNGD_RELEASE", TOP / "build/release/burungd"))
# Instructions in user space, as measured on Debian 12; with other versions of the libraries they
# are others. A tenth more is a regression.
A_MESSAGE = 46_400  # parsing, checking, storing and publishing it, however many hear of it
A_DELIVERY = 20  # of one of fifty messages that leave together; 12 to 20
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
    """A device that has said hello."""

    def __init__(self, server: Server, token: str):
        super().__init__(server.port, timeout=60)
        status, _ = self.upgrade(Authorization=f"Bearer {token}")
        assert status == 101
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


def send_at_once(devices: list[Device], room: str) -> None:
    """One `send` with many messages, heard by everyone."""
    devices[0].ask(id=2, op="send", room=room, messages=some_messages(AT_ONCE))
    for device in devices:
        device.hear(AT_ONCE)


# --- system calls -----------------------------------------------------------------

WRITES = {"sendmsg", "sendto", "write", "writev"}
MEMORY = {"mmap", "munmap", "mprotect", "madvise", "brk"}  # mostly the sanitizer's


class Trace:
    """The system calls of the worker, from now on."""

    def __init__(self, server: Server, path: Path):
        self.server, self.path = server, path
        (self.worker,) = server.workers()
        self.since = path.stat().st_size

    def calls(self) -> list[tuple[int, str]]:
        """(thread, name), the loop's thread being the worker's pid."""
        tasks = {int(tid) for tid in os.listdir(f"/proc/{self.worker}/task")}
        with open(self.path) as f:
            f.seek(self.since)
            found = re.findall(r"^(\d+) +(\w+)\(", f.read(), re.MULTILINE)
        return [(int(tid), name) for tid, name in found if int(tid) in tasks]

    def loop(self) -> list[str]:
        return [name for tid, name in self.calls() if tid == self.worker]

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
        others = Counter(name for name in calls if name not in WRITES | MEMORY)
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
            for message in some_messages(count):
                sender.ask(id=3, op="send", room=room, **message)
            early = sender.answered()
            heard = sum(frame.get("ev") == "message" for frame in early)
            sender.hear(count + 1 - heard)
            for device in devices[1:]:
                device.hear(count + 1)
            sender.answered()
            if heard == 0:
                break  # all of them had come before the stall ended
        else:
            pytest.skip("the machine is too slow to send 50 messages within a stall")
        writes = sum(name == "sendmsg" for name in trace.loop())
        assert trace.commits() <= 2
        assert writes <= 2 * DEVICES + 8


@needs_strace
def test_who_comes_with_many_others_is_told_in_a_write_for_all(traced):
    server, path = traced
    people = server.users(*(f"person{i}" for i in range(16)))
    group(*people)
    with ExitStack() as stack:
        trace = Trace(server, path)
        first = stack.enter_context(Device(server, people[0].token))
        for who in people[1:]:
            stack.enter_context(Device(server, who.token))
        told = {people[0].id}
        while len(told) < len(people):
            frame = first.until(lambda frame: frame.get("sig") == "presence")[-1]
            assert frame["online"] and frame["user"] not in told
            told.add(frame["user"])
        writes = sum(name == "sendmsg" for name in trace.loop())
        # Each gets its answer to hello; one by one the others would take 16 * 15 / 2 more.
        assert writes <= 4 * len(people), writes


# --- instructions -----------------------------------------------------------------


def instructions(use) -> int:
    """Of a worker, all threads, from its start to its end, with use(server) between."""
    tool = ["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=callgrind.out.%p"]
    with Under(tool, RELEASE) as server:
        (worker,) = server.workers()
        use(server)
        server.stop()
        counted = (server.folder / f"callgrind.out.{worker}").read_text()
    total = re.search(r"^(?:summary|totals): (\d+)", counted, re.MULTILINE)
    assert total, "callgrind wrote no sum"
    return int(total[1])


def of_each(use, few: int, many: int) -> float:
    """What one more costs: use(server, n) does it n times."""
    more = instructions(lambda server: use(server, many))
    return (more - instructions(lambda server: use(server, few))) / (many - few)


def talk(devices: int):
    def use(server: Server, rounds: int) -> None:
        with room_full(server, devices) as (all_of_them, room):
            for _ in range(rounds):
                send_at_once(all_of_them, room)
                all_of_them[0].answered()

    return use


@needs_callgrind
def test_instructions_per_message_and_delivery_stay_few():
    few, many = 10, DEVICES
    with_few, with_many = (of_each(talk(n), 2, 12) / AT_ONCE for n in (few, many))
    delivery = (with_many - with_few) / (many - few)
    message = with_few - few * delivery
    print(f"{message:.0f} instructions for a message, {delivery:.0f} for each delivery")
    assert message < A_MESSAGE * LEEWAY
    assert delivery < A_DELIVERY * LEEWAY + 8


def come_and_go(server: Server, times: int) -> None:
    ani, budi = server.users("ani", "budi")
    group(ani, budi)
    for _ in range(times):
        with Device(server, ani.token) as device:
            device.answered()


@needs_callgrind
def test_instructions_per_log_in_stay_few():
    each = of_each(come_and_go, 20, 120)
    print(f"{each:.0f} instructions for a log-in")
    assert each < A_LOG_IN * LEEWAY
