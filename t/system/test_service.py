"""burungd under a service manager: what it tells it, and sockets that outlive a restart."""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest
from burung.server import binary, free_port, running, wait_for

ACTIVATE = shutil.which("systemd-socket-activate")
# The shell's pid becomes burungd's. $0 is the descriptor that becomes number 3.
HAND_OVER = ("bash", "-c", 'exec 3<&"$0"; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"')


class Manager:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, address: str):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)
        self.said: list[dict[str, str]] = []

    def hear(self) -> list[dict[str, str]]:
        with contextlib.suppress(BlockingIOError):
            while True:
                lines = self.socket.recv(4096).decode().splitlines()
                self.said.append(dict(line.split("=", 1) for line in lines))
        return self.said

    def times(self, key: str) -> int:
        return sum(key in each for each in self.hear())

    def states(self) -> list[str]:
        """READY, RELOADING, STOPPING in the order they were said."""
        return [
            key for each in self.hear() for key in each if each[key] == "1" and key != "WATCHDOG"
        ]


@pytest.fixture(params=["file", "abstract"])
def manager(request, tmp_path):
    name = str(tmp_path / "notify")
    if request.param == "abstract":
        name = f"@burung-{os.getpid()}-{time.monotonic_ns()}"
    it = Manager("\0" + name[1:] if name[0] == "@" else name)
    it.name = name
    yield it
    it.socket.close()


def test_service_manager_hears_ready_reloading_and_stopping(manager, make_server):
    server = make_server(start=False, env={"NOTIFY_SOCKET": manager.name})
    server.start(ready=False)
    wait_for("READY", lambda: manager.times("READY"))
    assert server.is_ready(), "said READY before a worker answered"
    before = server.wait_workers()
    server.signal(signal.SIGHUP)
    wait_for("READY again", lambda: manager.times("READY") == 2)
    assert not set(before) & set(server.wait_workers(without=before))
    assert server.stop() == 0
    assert manager.states() == ["READY", "RELOADING", "READY", "STOPPING"]
    for each in manager.said:
        assert "STATUS" in each
        assert ("RELOADING" in each) == ("MONOTONIC_USEC" in each)


def test_bad_configuration_on_hup_is_no_reload(manager, make_server):
    server = make_server(start=False, env={"NOTIFY_SOCKET": manager.name})
    server.start()
    wait_for("READY", lambda: manager.times("READY"))
    server.write_conf(registration="perhaps")
    server.signal(signal.SIGHUP)
    wait_for("refusal", lambda: "configuration refused" in server.log())
    server.stop()
    assert manager.states() == ["READY", "STOPPING"]


def test_watchdog_is_fed_unless_all_workers_stand_still(tmp_path, make_server):
    manager = Manager(str(tmp_path / "notify"))
    env = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "400000"}
    server = make_server(start=False, env=env)
    server.start()
    first, second = server.wait_workers()
    wait_for("signs of life", lambda: manager.times("WATCHDOG") >= 3)
    try:
        os.kill(first, signal.SIGSTOP)
        server.wait_log(rf"worker silent .*pid={first}\b")
        had = manager.times("WATCHDOG")
        wait_for("more signs of life", lambda: manager.times("WATCHDOG") > had + 1)
        os.kill(second, signal.SIGSTOP)
        server.wait_log(rf"worker silent .*pid={second}\b")
        manager.hear()
        had = manager.times("WATCHDOG")
        until = time.monotonic() + 1.5  # seven signs of life would fit in
        while time.monotonic() < until:
            assert manager.times("WATCHDOG") == had
            time.sleep(0.05)
    finally:
        for pid in (first, second):
            os.kill(pid, signal.SIGCONT)
    wait_for("signs of life again", lambda: manager.times("WATCHDOG") > had)
    server.stop()
    manager.socket.close()


def test_watchdog_of_another_process_is_not_ours(tmp_path, make_server):
    manager = Manager(str(tmp_path / "notify"))
    env = {
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "100000",
        "WATCHDOG_PID": "1",
    }
    server = make_server(start=False, env=env)
    server.start()
    server.stop()
    assert manager.times("WATCHDOG") == 0
    manager.socket.close()


# Sockets that are handed over


@contextlib.contextmanager
def held_socket(port: int):
    """A listening socket that stays open whatever the server does."""
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", port))
        held.listen(4096)
        held.set_inheritable(True)
        yield held


def hand_over(server, held: socket.socket) -> None:
    server.wrapper = (*HAND_OVER, str(held.fileno()))
    server.pass_fds = (held.fileno(),)


class Visitors(threading.Thread):
    """Connects and asks, again and again: what came of it."""

    def __init__(self, port: int):
        super().__init__()
        self.port, self.over = port, threading.Event()
        self.answered, self.refused, self.cut = 0, 0, 0

    def visit(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            line.connect()
        except ConnectionRefusedError:
            self.refused += 1
            return
        try:
            line.request("GET", "/healthz")
            self.answered += line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            self.cut += 1
        finally:
            line.close()

    def run(self) -> None:
        while not self.over.is_set():
            self.visit()


def test_restart_refuses_no_connection_when_the_socket_is_handed_over(make_server):
    server = make_server(start=False)
    with held_socket(server.port) as held:
        hand_over(server, held)
        server.start()
        visitors = [Visitors(server.port) for _ in range(4)]
        for each in visitors:
            each.start()
        try:
            for _ in range(3):
                had = visitors[0].answered
                wait_for("visits", lambda had=had: visitors[0].answered > had + 20)
                server.restart()
        finally:
            for each in visitors:
                each.over.set()
                each.join(30)
        server.stop()
    answered = sum(each.answered for each in visitors)
    assert answered > 100
    assert sum(each.refused for each in visitors) == 0
    assert sum(each.cut for each in visitors) == 0, f"of {answered}"


def test_socket_that_the_configuration_does_not_name_is_closed_with_a_warning(make_server):
    server = make_server(start=False)
    with held_socket(free_port()) as held:
        hand_over(server, held)
        server.start()
        port = held.getsockname()[1]
    wait_for("closed", lambda: socket.socket().connect_ex(("127.0.0.1", port)) != 0)
    assert f'address="127.0.0.1 port {port}"' in server.log()
    assert server.is_ready(), "the address of the configuration is not served"


def test_descriptor_that_is_no_listening_socket_is_not_taken(make_server, tmp_path):
    server = make_server(start=False)
    with open(tmp_path / "file", "w") as file:
        os.set_inheritable(file.fileno(), True)
        server.wrapper = (*HAND_OVER, str(file.fileno()))
        server.pass_fds = (file.fileno(),)
        server.start()
    assert "descriptor not taken" in server.log()


def test_descriptors_for_another_process_are_left_alone(make_server):
    server = make_server(start=False, env={"LISTEN_PID": "1", "LISTEN_FDS": "1"})
    server.start()
    assert "handed over" not in server.log()
    assert "not taken" not in server.log()


@pytest.mark.skipif(not ACTIVATE, reason="systemd-socket-activate is not installed")
def test_first_connection_starts_it_under_systemds_own_activation(make_server):
    server = make_server(start=False)
    log = open(server.log_path, "ab")  # noqa: SIM115
    process = subprocess.Popen(
        [ACTIVATE, "-l", f"127.0.0.1:{server.port}", binary(), "-c", server.conf_path],
        stderr=log, stdout=log, env=server.environment(), cwd=server.folder,
    )  # fmt: skip
    try:
        wait_for("listens", server.accepts)
        line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        line.request("GET", "/readyz")
        assert line.getresponse().status == 200
        line.close()
        assert "handed over but" not in server.log()
    finally:
        process.terminate()
        process.wait(20)
        log.close()
    assert process.returncode == 0, server.log()
    assert not running(process.pid)
