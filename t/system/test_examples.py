"""The programs in examples/ do what their README says."""

import json
import os
import signal
import subprocess
import sys

import pytest
from burung import new_cid
from burung.scene import direct, history, say
from burung.server import PASSWORD, TOP, send_signal, wait_for

HALO = TOP / "examples/halo.sh"
BOT = TOP / "examples/ping_bot.py"


def halo(server, *arguments: str, password: str = PASSWORD) -> subprocess.CompletedProcess:
    return subprocess.run(
        [HALO, f"http://127.0.0.1:{server.port}", *arguments],
        input=password + "\n",
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_halo_registers_with_the_setup_code_says_something_and_reads_it(make_server):
    server = make_server()
    done = halo(server, "ani", server.setup_code())
    assert done.returncode == 0, done.stderr
    room, sent, page = done.stdout.splitlines()
    assert json.loads(sent)["no"] == 1
    said = json.loads(page)["events"][-1]
    assert (said["body"], said["room"]) == ("Halo from curl", room.removeprefix("room "))


def test_halo_logs_in_the_second_time_and_ends_its_session(make_server):
    server = make_server()
    ani = server.user("ani")
    assert halo(server, "ani").returncode == 0
    assert len(ani.api.call("rooms")["rooms"]) == 1
    assert len(ani.api.call("sessions")["sessions"]) == 1, "only the first one is left"


def test_halo_says_what_is_wrong_and_fails(make_server):
    server = make_server()
    server.user("ani")
    done = halo(server, "ani", password="not the password")
    assert done.returncode != 0
    assert "conflict" in done.stderr


@pytest.fixture
def bot():
    """Starts bots, which are ended with the test."""
    running: list[subprocess.Popen] = []

    def start(server, name: str, password: str = PASSWORD) -> subprocess.Popen:
        log = open(server.folder / f"bot-{name}.log", "ab")  # noqa: SIM115
        running.append(
            subprocess.Popen(
                [sys.executable, BOT, f"http://127.0.0.1:{server.port}", name],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "BURUNG_PASSWORD": password},
            )
        )
        log.close()
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def listening(server, name: str, times: int = 1) -> bool:
    log = server.folder / f"bot-{name}.log"
    return log.exists() and log.read_text().count("listening in") >= times


def pongs(who, room: str) -> list[int]:
    """The seqs answered, in their order."""
    return [event["reply"] for event in history(who, room) if event.get("body") == "pong"]


def test_bot_answers_every_ping_once_also_over_lost_connections(make_server, bot):
    server = make_server(workers=2)
    ani, pinger = server.users("ani", "pingbot")
    room = direct(ani, pinger)
    bot(server, "pingbot")
    wait_for("the bot listens", lambda: listening(server, "pingbot"))
    asked = []
    for turn in range(4):
        asked += [say(ani, room, body="ping")["seq"] for _ in range(5)]
        say(ani, room, body="no question")
        if turn < 3:
            workers = server.workers()
            for pid in workers:
                send_signal(pid, signal.SIGKILL)
            asked.append(ani_says_through_the_gap(ani, room))
            server.wait_workers(without=workers)
    wait_for("all are answered", lambda: len(pongs(ani, room)) >= len(asked), timeout=60)
    assert pongs(ani, room) == asked


def ani_says_through_the_gap(ani, room: str) -> int:
    """One ping, sent with one cid until it is acknowledged."""
    fields = {"room": room, "cid": new_cid(), "body": "ping"}

    def sent():
        try:
            return ani.api.call("send", **fields)["seq"]
        except OSError:
            return None

    return wait_for("a worker answers", sent)


def test_bot_started_twice_answers_once_and_answers_in_new_rooms(make_server, bot):
    server = make_server()
    ani, pinger = server.users("ani", "pingbot")
    for count in (1, 2):
        bot(server, "pingbot")
        wait_for("the bot listens", lambda n=count: listening(server, "pingbot", n))
    room = direct(ani, pinger)
    asked = [say(ani, room, body="Ping ")["seq"] for _ in range(10)]
    wait_for("all are answered", lambda: len(pongs(ani, room)) >= 10, timeout=30)
    say(ani, room, body="that was all")
    assert sorted(pongs(ani, room)) == asked


def test_bot_ends_when_its_session_is_over_or_its_password_wrong(make_server, bot):
    server = make_server()
    _, pinger = server.users("ani", "pingbot")
    running = bot(server, "pingbot")
    wait_for("the bot listens", lambda: listening(server, "pingbot"))
    pinger.api.call("session_revoke", others=True)
    assert running.wait(20) == 0
    assert bot(server, "pingbot", "not the password").wait(20) == 1
