"""Does memory grow? People come, log in, talk and leave, thousands of times, and the bytes that a
worker has in use are compared, as memcheck counts them or fail_alloc.so does. Neither sees single
devices, people and rooms, which lie in slabs: those the worker counts itself."""

import itertools
import os
import re
import signal
import subprocess
import threading
import time
from dataclasses import dataclass

from burung.raw import CLOSE, Raw, encode
from burung.scene import RawDevice, group
from burung.server import PASSWORD, Account, Server, wait_for
from burung.starve import RELEASE, SHIM, Control
from burung.talk import ask_admin

LOST = ("definite", "indirect")
QUIET = 12.0  # seconds
SETTLED = 3.0  # for those who stay
BENCH = RELEASE.parent / "bench"
PEOPLE = 8
ROOMS = 4  # each has all of them
VALGRIND = (
    "valgrind",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect",
    "--errors-for-leak-kinds=definite,indirect",
    "--vgdb=no",
)


@dataclass
class Use:
    """A worker's memory in a quiet moment."""

    cycles: int
    bytes: int
    blocks: int
    held: int  # devices, people and rooms, though nobody is connected
    lost: int = 0  # bytes that nothing points to
    errors: int = 0  # that memcheck found

    def __str__(self) -> str:
        memory = f"{self.bytes:>10,} bytes in {self.blocks:,} blocks"
        return f"{self.cycles:>7,} cycles: {memory}, {self.held} objects held"


class Watched(Server):
    """One worker of a release build, under memcheck or not."""

    def __init__(self, *, memcheck: bool, **options):
        super().__init__(workers=1, log_level="warn", **options)
        self.memcheck = memcheck
        self.begun = 0  # cycles, of all workers
        self.cycles = 0  # of the present one
        self.control = Control(self.folder / "fail_alloc")
        self.memcheck_log = self.folder / "memcheck"
        if memcheck:
            self.wrapper = (*VALGRIND, f"--log-file={self.memcheck_log}")
        else:
            path = self.folder / "fail_alloc"
            self.env |= {"LD_PRELOAD": str(SHIM), "BURUNG_FAIL_ALLOC": str(path)}

    def spawn(self, *arguments: str) -> subprocess.Popen:
        with open(self.log_path, "ab") as log:
            return subprocess.Popen(
                [*self.wrapper, RELEASE, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment(),
            )

    def wait_ready(self, timeout: float = 120) -> None:
        super().wait_ready(timeout)

    # What is done

    def people(self) -> tuple[list[Account], list[str]]:
        accounts = self.users(*(f"person{i}" for i in range(PEOPLE)))
        first, *others = accounts
        return accounts, [group(first, *others, label=f"room {i}") for i in range(ROOMS)]

    def run(self, cycles: int, people: list[Account], rooms: list[str], *, at_once: int = 8):
        """So many come and go, `at_once` of them at a time."""
        ids = itertools.count(self.begun)
        end = self.begun + cycles
        wrong: list[BaseException] = []

        def some() -> None:
            try:
                while not wrong and (number := next(ids)) < end:
                    cycle(self, number, people[number % PEOPLE], rooms[number // PEOPLE % ROOMS])
            except BaseException as error:
                wrong.append(error)

        threads = [threading.Thread(target=some) for _ in range(at_once)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if wrong:
            raise wrong[0]
        self.begun = end
        self.cycles += cycles

    def seed(self, people: int) -> None:
        """Before it starts: so many people, in rooms of ten."""
        command = [BENCH / "seed", self.data / "burung.db", str(people), str(people // 10)]
        with open(self.folder / "people", "wb") as out:
            subprocess.run(command, check=True, stdout=out, stderr=subprocess.DEVNULL)

    def bytes_with(self, people: int) -> int:
        """In use while so many of them are connected and silent; then they leave."""
        command = [BENCH / "chatload", "-P", "burung", "-p", str(self.port)]
        command += ["--people", self.folder / "people", "--idle", "600"]
        command += ["-n", str(people), "-r", str(people // 10)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as load:
            try:
                wait_for("all are there", lambda: self.figure("devices") == people, 60, 0.2)
                time.sleep(SETTLED)
                bytes_ = self.control.in_use[0]
            finally:
                load.terminate()
        wait_for("all are gone", lambda: self.held() == 0, 60, 0.2)
        return bytes_

    # What is seen

    def in_use(self) -> Use:
        """When all have left. memcheck counts when a process ends: the worker is aborted, so that
        it tidies up nothing before, and another comes."""
        self.wait_quiet()
        held = self.held()
        if not self.memcheck:
            return Use(self.cycles, *self.control.in_use, held)
        (worker,) = self.wait_workers()
        os.kill(worker, signal.SIGABRT)
        (self.cycles, cycles) = 0, self.cycles
        text = wait_for("memcheck's summary", lambda: self.summary(worker), 120, 0.2)
        self.wait_workers(without=[worker], timeout=60)
        (bytes_, blocks) = numbers(r"in use at exit: ([\d,]+) bytes in ([\d,]+) blocks", text)
        lost = sum(sum(numbers(rf"{kind}ly lost: ([\d,]+)", text)) for kind in LOST)
        (errors,) = numbers(r"ERROR SUMMARY: ([\d,]+)", text)
        return Use(cycles, bytes_, blocks, held, lost, errors)

    def figure(self, name: str) -> int:
        figures = ask_admin(self, "GET", "/metrics").decode()
        return sum(map(int, re.findall(rf"^burung_{name}{{.*}} (\d+)$", figures, re.M)))

    def held(self) -> int:
        return sum(map(self.figure, ("devices", "people", "rooms")))

    def summary(self, pid: int) -> str | None:
        lines = self.memcheck_log.read_text(errors="replace").splitlines()
        text = "\n".join(line for line in lines if line.startswith(f"=={pid}=="))
        return text if "ERROR SUMMARY" in text else None

    def wait_quiet(self) -> None:
        """No connections, and none's last traces: what goes with a connection goes in the turns
        of the loop that follow; presence waits for seconds whether somebody comes back."""

        # but the one that asks
        wait_for("all connections gone", lambda: self.figure("connections") <= 1, 60, 0.2)
        time.sleep(QUIET)


def numbers(pattern: str, text: str) -> list[int]:
    found = re.search(pattern, text)
    return [int(each.replace(",", "")) for each in found.groups()] if found else [0]


def cycle(server: Server, number: int, who: Account, room: str) -> None:
    """Connect, hello, say something and be told of it, look back, leave. Every hundredth logs in
    with the password before and out behind; every tenth leaves without a word."""
    if number % 100 == 0:
        answer = server.api().call(
            "login", name=who.name, password=PASSWORD, token=True, patience=120
        )
        who = Account(who.id, who.name, answer["token"], server.api(answer["token"]))
    with RawDevice(server, who, timeout=120) as device:
        assert "error" not in device.hello()
        say(device, room, number)
        if number % 4 == 0:
            assert device.ask("history", room=room, limit=20)["events"]
        if number % 10:
            device.send(encode(CLOSE, b"\x03\xe8"))
            Raw.take_to_end(device)
    if number % 100 == 0:
        who.api.call("logout")


def say(device: RawDevice, room: str, number: int) -> None:
    """Until it is acknowledged and told, in whatever order."""
    message = {"room": room, "cid": f"{number:032x}", "body": f"halo {number}"}
    answer = event = None
    device.say({"id": 2, "op": "send", **message})
    while not (answer and event):
        heard = device.hear()
        if heard.get("re") == 2 and "error" in heard:
            assert heard["error"]["code"] == "busy", heard
            time.sleep(0.1)
            device.say({"id": 2, "op": "send", **message})
        elif heard.get("re") == 2:
            answer = heard
        elif heard.get("cid") == message["cid"]:
            event = heard
    assert event["seq"] == answer["seq"], (event, answer)
