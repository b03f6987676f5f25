"""The master: signals, replacement of workers, refusals to start that say what to do."""

import asyncio
import contextlib
import os
import pwd
import re
import signal
import sqlite3
import subprocess
import time

import pytest
from burung import Client, Refused, Server, ServerDied, http_request, new_cid
from burung.load import Load, within
from burung.raw import Raw
from burung.scene import RawDevice, group, history, online, open_elsewhere, room_of, say, say_many
from burung.server import binary, children_of, running, send_signal, wait_for
from burung.store import read_store

root = pytest.mark.skipif(os.getuid() != 0, reason="needs root")


def command(server, *arguments, env=None):
    """burungd to its end: exit code, all that it printed."""
    done = subprocess.run(
        [binary(), *arguments],
        capture_output=True,
        cwd=server.folder,
        env={**server.environment(), **(env or {})},
        timeout=30,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


# TERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_term_drains_and_ends_with_zero(make_server, number):
    server = make_server()
    ani = server.user("ani")
    devices = [Client(server.port, ani) for _ in range(6)]
    for device in devices:
        await device.open()
    workers = server.workers()
    server.signal(number)
    retries = set()
    for device in devices:
        code, reason = await device.closed(15)
        assert code == 1001
        retries.add(int(re.fullmatch(r"retry=(\d+)", reason).group(1)))
        await device.close()
    assert len(retries) > 1, "the hints are not spread"
    assert all(0 < retry <= 60_000 for retry in retries)
    assert server.wait_exit(15) == 0
    assert not any(map(running, workers))


async def test_term_stores_and_acks_what_it_accepted(make_server):
    server = make_server(workers=2)
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    devices = [Client(server.port, who, window=500) for who in (ani, ani, budi, budi)]
    for device in devices:
        await device.open()
    posts = [device.post(room, f"{n}") for n in range(300) for device in devices]
    await devices[0].until(lambda: devices[0].acked_at)
    server.signal(signal.SIGTERM)
    for device in devices:
        code, _ = await device.closed(20)
        assert code == 1001
        await device.close()
    assert server.wait_exit(20) == 0
    acked = {post.cid for post in posts if post.acked}
    log = read_store(server.data)[room]
    stored = {event.cid for event in log if event.kind == "message"}
    assert acked <= stored, "acked but not stored"
    assert stored <= acked, "stored but not acked, though the connection ended politely"
    assert stored


def test_term_ends_in_time_with_clients_that_do_not_answer(make_server):
    server = make_server()
    ani = server.user("ani")
    with RawDevice(server, ani) as silent, Raw(server.port) as half:
        silent.hello()
        half.send(b"POST /api/me HTTP/1.1\r\nHost: x\r\nContent-Le")
        server.signal(signal.SIGTERM)
        assert server.wait_exit(30) == 0


def test_term_serves_what_it_has_taken_and_takes_no_new_connections(make_server):
    """The master keeps its sockets to the end, since a successor may get them: who comes meanwhile
    waits, and is not served by a worker that goes."""
    server = make_server(workers=1)
    with Raw(server.port) as first, Raw(server.port) as second:
        for half in (first, second):
            half.send(b"GET /healthz HTTP/1.1\r\n")
            port = half.socket.getsockname()[1]
            wait_for("taken", lambda port=port: server.worker_of(port))
            wait_for("read", lambda port=port: not server.unread(port))
        server.signal(signal.SIGTERM)
        server.wait_log(r"draining")
        with Raw(server.port) as late:
            late.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            for half in (first, second):
                half.send(b"Host: x\r\n\r\n")
                assert half.head()[0] == 200, "what was begun is not answered"
            assert server.wait_exit(15) == 0
            assert late.take_to_end() == b"", "served by a worker that drains"
    assert not server.accepts()


# HUP


async def test_hup_replaces_the_workers_and_connections_resume(make_server):
    server = make_server(workers=2, limit_message=16384)
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    old = server.wait_workers(2)
    speaker = Client(server.port, ani, window=4)
    devices = [speaker, *(Client(server.port, budi) for _ in range(4))]
    for device in devices:
        device.keep()
    for device in devices:
        await device.until(lambda device=device: device.up)
    stop = asyncio.Event()

    async def talk():
        count = 0
        while not stop.is_set():
            if speaker.unacked < 20:
                speaker.post(room, str(count))
                count += 1
            await asyncio.sleep(0.01)

    talking = asyncio.create_task(talk())
    server.write_conf(limit_message=100)
    server.signal(signal.SIGHUP)
    until = time.monotonic() + 30
    while set(server.workers()) & set(old) or len(server.workers()) < 2:
        assert time.monotonic() < until, server.log_tail()
        assert server.accepts(), "nobody listened during the replacement"
        await asyncio.sleep(0.02)
    await asyncio.sleep(0)
    stop.set()
    await talking
    await speaker.until(lambda: speaker.unacked == 0, "all acked", 30)
    head = room_of(ani, room)["seq"]
    for device in devices:
        await device.until(lambda d=device: d.position[room][0] == head, "everything", 30)
        assert {code for code, _ in device.closes} <= {1001}, device.closes
        assert all(re.fullmatch(r"retry=\d+", reason) for _, reason in device.closes)
        assert device.closes, "was not asked to reconnect"
        assert not device.device.oddities
        await device.close()
    assert ani.api.refusal("send", room=room, cid=new_cid(), body="x" * 101).code == "too_large"
    assert [event["body"] for event in history(ani, room)[3:]] == [str(n) for n in range(head - 3)]


def test_hup_with_a_bad_configuration_changes_nothing(make_server):
    server = make_server()
    old = server.wait_workers()
    server.conf_path.write_text(server.conf_path.read_text() + "workers_of_the_world = many\n")
    server.signal(signal.SIGHUP)
    server.wait_log(r"workers_of_the_world")
    assert server.is_ready()
    assert server.workers() == old


def test_hup_names_what_cannot_change_while_running(make_server):
    server = make_server(workers=2)
    old = server.wait_workers(2)
    server.write_conf(workers=3)
    server.signal(signal.SIGHUP)
    server.wait_log(r'keys that need a restart changed .*keys="workers"')
    server.wait_log(r"workers replaced")
    server.wait_workers(2, without=old)
    assert server.is_ready()


def test_hup_while_the_worker_to_be_replaced_dies_leaves_no_worker_too_many(make_server):
    server = make_server(workers=1)
    (old,) = server.wait_workers(1)
    stopped = server.arm("worker.before_accept", "stop")
    server.signal(signal.SIGHUP)
    wait_for("a new worker before it accepts", lambda: not stopped.exists())
    new = server.stopped()
    assert new != old
    send_signal(old, signal.SIGKILL)
    wait_for("the old one's place is taken again", lambda: len(server.workers()) == 2)
    server.wait_log(rf"worker accepts place=1 pid=(?!{old}\b)")
    send_signal(new, signal.SIGCONT)
    server.wait_workers(1)
    before = server.workers()
    server.signal(signal.SIGHUP)
    server.wait_workers(1, without=before)


def registrations(server) -> set[str]:
    """What the workers that serve say of it."""
    return {server.api().call("info")["registration"] for _ in range(40)}


def test_hup_whose_first_new_worker_does_not_start_leaves_all_as_it_was(make_server, tmp_path):
    logs = [tmp_path / "one.log", tmp_path / "two.log"]
    server = make_server(start=False, workers=2, log_file=str(logs[0]))
    server.start()
    old = server.wait_workers(2)
    server.write_conf(registration="closed", log_file=str(logs[1]))
    armed = server.arm("worker.before_accept")
    server.signal(signal.SIGHUP)
    wait_for("the first died", lambda: not armed.exists())
    armed.touch()
    wait_for("the second died", lambda: not armed.exists())
    armed.touch()
    wait_for("the third died", lambda: not armed.exists())
    wait_for("it is given up", lambda: "the former configuration stays" in logs[1].read_text())
    wait_for("done", lambda: "workers replaced" in logs[0].read_text())
    assert server.workers() == old
    assert registrations(server) == {"open"}
    server.signal(signal.SIGUSR1)
    wait_for("the log is the former", lambda: "log reopened" in logs[0].read_text())
    server.signal(signal.SIGHUP)
    new = server.wait_workers(2, without=old)
    assert registrations(server) == {"closed"}
    assert not set(old) & set(new)


def test_hup_goes_on_when_a_later_new_worker_dies(make_server):
    server = make_server(workers=3)
    old = server.wait_workers(3)
    server.write_conf(registration="closed")
    first = server.arm("worker.before_accept", "stall-1")
    server.signal(signal.SIGHUP)
    wait_for("the first is about to serve", lambda: not first.exists())
    second = server.arm("worker.before_accept")
    server.wait_workers(3, without=old)
    assert not second.exists(), "none was killed"
    server.wait_log("workers replaced")
    assert "the former configuration stays" not in server.log()
    assert registrations(server) == {"closed"}


def test_hup_again_and_again_leaves_the_workers_complete(make_server):
    server = make_server(workers=2)
    old = server.wait_workers(2)
    for _ in range(5):
        server.signal(signal.SIGHUP)
    server.wait_workers(2, without=old, timeout=30)
    assert server.is_ready()


# USR1


def test_usr1_reopens_the_log(make_server, tmp_path):
    log = tmp_path / "burungd.log"
    server = make_server(start=False, log_file=str(log))
    server.start()
    wait_for("log lines", lambda: log.exists() and log.stat().st_size)
    log.rename(tmp_path / "burungd.log.1")
    server.signal(signal.SIGUSR1)
    wait_for("a new log file", log.exists)
    [worker, *_] = server.wait_workers()
    send_signal(worker, signal.SIGKILL)
    wait_for("lines in the new file", lambda: log.stat().st_size)
    server.wait_workers(without=[worker])
    assert str(worker) in log.read_text()


# Workers


async def test_killed_worker_is_replaced_at_once(make_server):
    server = make_server(workers=2)
    ani = server.user("ani")
    async with online(server, ani) as device:
        pid = server.worker_of(device.local_port)
        with within(2):
            send_signal(pid, signal.SIGKILL)
            code, _ = await device.closed()
            assert code in (None, 1006)
            server.wait_workers(2, without=[pid])
    server.wait_log(rf"\b{pid}\b")


def test_worker_that_dies_again_and_again_is_not_forked_in_a_frenzy(make_server):
    server = make_server(workers=2)
    seen: set[int] = set()
    until = time.monotonic() + 6
    while time.monotonic() < until:
        for pid in children_of(server.pid):
            seen.add(pid)
            send_signal(pid, signal.SIGKILL)
        time.sleep(0.002)
    assert 4 <= len(seen) <= 60, f"{len(seen)} forks in 6 s"
    assert running(server.pid)
    server.wait_workers(2, timeout=60)
    server.wait_ready(60)


def test_stopped_worker_that_holds_the_write_lock_is_replaced(make_server):
    """Else nobody could ever write again."""
    server = make_server(workers=2)
    ani = server.user("ani")
    room = group(ani)
    old = server.wait_workers(2)
    path = server.arm("append.before_commit", "stop")
    with Raw(server.port, timeout=1) as raw:
        body = f'{{"room":"{room}","cid":"{new_cid()}","body":"stopped"}}'.encode()
        raw.send(
            b"POST /api/send HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            + f"Authorization: Bearer {ani.token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        wait_for("somebody stopped", lambda: not path.exists())
    stopped = server.stopped()
    assert stopped in old
    began = time.monotonic()
    while True:
        try:
            answer = http_request(
                server.port,
                "POST",
                "/api/send",
                f'{{"room":"{room}","cid":"{new_cid()}","body":"after"}}'.encode(),
                {"Content-Type": "application/json", "Authorization": f"Bearer {ani.token}"},
                timeout=2,
            )
            if answer.status == 200:
                break
        except OSError:
            pass
        assert time.monotonic() - began < 20, server.log_tail()
    assert not running(stopped)
    server.wait_workers(2, without=[stopped])


def test_workers_end_with_a_killed_master(make_server):
    server = make_server(workers=4)
    workers = server.wait_workers(4)
    server.process.kill()
    server.process.wait()
    server.expect_gone(workers)
    server.start()


@root
def test_workers_run_as_the_configured_user(make_server):
    server = make_server(start=False, user="nobody")
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chmod(server.folder, 0o755)
    os.chown(server.data, nobody, -1)
    server.start()
    for pid in server.wait_workers():
        assert os.stat(f"/proc/{pid}").st_uid == nobody
    server.user("ani")


def test_names_of_the_processes_say_what_they_are(make_server):
    server = make_server(workers=2)

    def titles():
        return [open(f"/proc/{pid}/cmdline").read() for pid in server.wait_workers(2)]

    wait_for("titles", lambda: all("worker" in title for title in titles()))
    assert all("burungd" in title for title in titles())
    assert len({title.split("(")[0] for title in titles()}) == 2


# Refusals to start


def test_second_server_on_the_same_data_is_refused(make_server):
    server = make_server()
    ani = server.user("ani")
    other = Server(data=str(server.data))
    code, text = command(other, "-c", str(other.conf_path))
    other.destroy()
    assert code not in (0, None)
    assert str(server.data) in text
    assert str(server.pid) in text or "another" in text.lower() or "already" in text.lower()
    assert ani.api.call("me")["user"]["name"] == "ani", "the first one suffered"


def test_second_server_is_refused_while_a_worker_of_the_first_is_left(make_server):
    """The lock is held by whoever may still write."""
    server = make_server(workers=2)
    workers = server.wait_workers(2)
    send_signal(server.pid, signal.SIGSTOP)
    try:
        other = Server(data=str(server.data))
        code, text = command(other, "-c", str(other.conf_path))
        other.destroy()
        assert code != 0, text
    finally:
        send_signal(server.pid, signal.SIGCONT)
    assert server.workers() == workers


def test_port_in_use_is_said_so(make_server):
    server = make_server()
    other = Server(listen=f"127.0.0.1:{server.port}")
    code, text = command(other, "-c", str(other.conf_path))
    other.destroy()
    assert code != 0
    assert str(server.port) in text
    assert "in use" in text


def test_data_folder_that_cannot_be_made_is_said_so(make_server):
    server = make_server(start=False, data="/proc/nowhere/data")
    code, text = command(server, "-c", str(server.conf_path))
    assert code != 0
    assert "/proc/nowhere/data" in text


def test_missing_data_folder_is_made(make_server):
    server = make_server(start=False)
    server.data.rmdir()
    server.start()
    assert (server.data / "burung.db").exists()
    assert os.stat(server.data).st_mode & 0o077 == 0, "others may look into the data"


def test_database_is_readable_by_its_owner_only(make_server):
    server = make_server()
    for path in server.data.rglob("*"):
        if path.is_file():
            assert os.stat(path).st_mode & 0o077 == 0, path


def test_database_file_alone_is_whole_after_a_stop(make_server, tmp_path):
    """A copy of it is a backup."""
    server = make_server()
    ani = server.user("ani")
    room = group(ani)
    say_many(ani, room, 500)
    server.stop()
    (tmp_path / "burung.db").write_bytes((server.data / "burung.db").read_bytes())
    assert len(read_store(tmp_path)[room]) == 502


@pytest.mark.parametrize("damage", ["garbage", "page", "other"])
def test_corrupt_database_is_refused_with_advice(make_server, damage):
    server = make_server()
    ani = server.user("ani")
    room = group(ani)
    say_many(ani, room, 500, "x" * 200)
    server.stop()
    path = server.data / "burung.db"
    for leftover in ("burung.db-wal", "burung.db-shm"):  # would heal what is damaged
        (server.data / leftover).unlink(missing_ok=True)
    data = bytearray(path.read_bytes())
    if damage == "garbage":
        path.write_bytes(b"this is not a database" * 1000)
    elif damage == "page":
        for start in range(8192, len(data) - 4096, 8192):
            data[start : start + 2000] = os.urandom(2000)
        path.write_bytes(data)
    else:
        path.unlink()
        db = sqlite3.connect(path)
        db.execute("CREATE TABLE recipes (name)")
        db.execute("PRAGMA user_version = 4000")
        db.commit()
        db.close()
    before = path.read_bytes()
    server.log_path.write_text("")
    with pytest.raises(ServerDied):
        server.start()
    assert server.process.returncode != 0
    assert str(path) in server.log()
    assert re.search(r"backup|restore|version|newer|another|not a", server.log(), re.I)
    assert path.read_bytes() == before, "it was changed all the same"


# -t and -V


def test_check_of_a_good_configuration(make_server):
    server = make_server(start=False)
    code, text = command(server, "-t", "-c", str(server.conf_path))
    assert code == 0, text
    assert not (server.data / "burung.db").exists(), "a check made a database"


BAD_LINES = [
    ("workers = many", "workers", "1 to 64"),
    ("workers = 0", "workers", "1 to 64"),
    ("workers = 65", "workers", "1 to 64"),
    ("listen = nowhere", "listen", "127.0.0.1:8080"),
    ("listen = 127.0.0.1:99999", "listen", "127.0.0.1:8080"),
    ("log_level = loud", "log_level", "info"),
    ("registration = perhaps", "registration", "closed"),
    ("store = oracle", "store", "sqlite"),
    ("public_url = chat", "public_url", "https://"),
    ("limit_message = -1", "limit_message", "64"),
    ("limit_queue = 70000", "limit_queue", "limit_frame"),
    ("no_such_key = 1", "no_such_key", ""),
    ("just words", "", "key = value"),
]


@pytest.mark.parametrize(("line", "key", "hint"), BAD_LINES, ids=[line[0] for line in BAD_LINES])
def test_check_of_a_bad_configuration_says_where_and_what(make_server, line, key, hint):
    server = make_server(start=False)
    name = line.split(" ")[0]
    lines = [old for old in server.conf_path.read_text().splitlines() if not old.startswith(name)]
    server.conf_path.write_text("\n".join(["# first line", "", line, *lines]) + "\n")
    for arguments in (("-t", "-c"), ("-c",)):
        code, text = command(server, *arguments, str(server.conf_path))
        assert code != 0
        assert f"{server.conf_path}:3:" in text or (key == "limit_queue" and key in text), text
        assert key in text
        assert hint in text, text


def test_key_given_twice_is_refused(make_server):
    server = make_server(start=False)
    server.conf_path.write_text(server.conf_path.read_text() + "workers = 3\n")
    code, text = command(server, "-t", "-c", str(server.conf_path))
    assert code != 0
    assert "workers" in text


def test_environment_wins_over_the_file(make_server):
    server = make_server(start=False, workers=2, env={"BURUNG_WORKERS": "3"})
    server.start()
    server.wait_workers(3)


def test_bad_environment_is_named(make_server):
    server = make_server(start=False)
    code, text = command(server, "-t", "-c", str(server.conf_path), env={"BURUNG_WORKERS": "many"})
    assert code != 0
    assert "BURUNG_WORKERS" in text


def test_missing_configuration_file_is_named(make_server):
    server = make_server(start=False)
    code, text = command(server, "-c", "/nowhere/burungd.conf")
    assert code != 0
    assert "/nowhere/burungd.conf" in text


def test_version(make_server):
    code, text = command(make_server(start=False), "-V")
    assert code == 0
    assert re.match(r"burungd \d+\.\d+\.\d+", text)


def test_unknown_option_shows_the_usage(make_server):
    code, text = command(make_server(start=False), "-Z")
    assert code != 0
    assert "-c" in text
    assert "-t" in text


# Troubles of the host


@root
async def test_full_disk_is_said_and_overcome_without_a_restart(make_server, tmp_path):
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", mount], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no tmpfs can be mounted: {made.stderr.decode().strip()}")
    try:
        server = make_server(start=False, data=str(mount / "data"))
        server.data = mount / "data"
        server.start()
        await fill_and_free(server, mount)
        server.stop()
        acked_are_stored(server)
    finally:
        subprocess.run(["umount", "-l", mount], check=True)


async def fill_and_free(server, mount):
    ani, budi = server.users("ani", "budi")
    server.room = group(ani, budi)
    workers = server.wait_workers()
    say(ani, server.room, "before")
    ballast = mount / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    async with online(server, ani, budi) as (one, two):
        server.acked = []
        with pytest.raises(Refused) as refused:
            for n in range(200):
                text = f"{n} " + "y" * 8000
                answer = await one.call("send", room=server.room, cid=new_cid(), body=text)
                server.acked.append((answer["seq"], text))
        assert refused.value.code == "busy"
        assert history(budi, server.room), "what is stored can still be read"
        ballast.unlink()
        post = two.post(server.room, "after")
        await two.until(lambda: post.acked, "works again", 30)
        server.acked.append((post.acks[0][0], post.body))
    assert server.workers() == workers, "a worker was replaced"


def acked_are_stored(server):
    log = read_store(server.data)[server.room]
    for seq, text in server.acked:
        assert log[seq - 1].body == text


def test_many_idle_connections_do_not_starve_the_server(make_server):
    server = make_server(workers=2, limit_connections=40)
    ani = server.user("ani")
    idle = []
    try:
        for _ in range(200):
            raw = Raw(server.port, timeout=2)
            idle.append(raw)
        # Beyond the limit connections wait or are turned away; the server lives.
        assert running(server.pid)
    finally:
        for raw in idle:
            raw.socket.close()
    wait_for("served again", lambda: answered(ani))


def cpu_seconds(pids):
    ticks = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def test_running_out_of_descriptors_is_survived_without_burning(make_server):
    server = make_server(workers=2, wrapper=("prlimit", "--nofile=100:100"))
    ani = server.user("ani")
    workers = server.wait_workers()
    burned, logged = cpu_seconds(workers), len(server.log())
    idle = []
    try:
        for _ in range(400):  # twice what both may have; the rest waits in the backlog
            raw = Raw(server.port, timeout=2)
            idle.append(raw)
        with Load() as load:
            time.sleep(3)  # the time in which it would burn
        burned = cpu_seconds(workers) - burned
        print(f"burned {burned:.2f} s, stretch {load.stretch:.2f}")
        assert burned < 1.5 / load.stretch, "half of what a busy process gets"
        assert len(server.log()) - logged < 20_000
    finally:
        for raw in idle:
            raw.socket.close()
    wait_for("served again", lambda: answered(ani), 30)
    assert server.workers() == workers


def answered(account):
    try:
        return account.api.call("me")["user"]["id"] == account.id
    except OSError:
        return False


async def test_watch_over_everything_after_a_worker_moved(make_server):
    """A device goes on hearing rooms whose members sit on a worker that was replaced."""
    server = make_server(workers=2)
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    one, two = Client(server.port, ani), Client(server.port, budi)
    await one.open()
    stays = server.worker_of(one.local_port)
    goes = await open_elsewhere(server, two, than=stays)
    for turn in range(5):
        send_signal(goes, signal.SIGKILL)
        await two.closed()
        server.wait_workers(2, without=[goes])
        goes = await open_elsewhere(server, two, than=stays)
        await two.call("send", room=room, cid=new_cid(), body=f"turn {turn}")
        await one.tells(ev="message", body=f"turn {turn}")
        await one.call("send", room=room, cid=new_cid(), body=f"back {turn}")
        await two.tells(ev="message", body=f"back {turn}")
    assert not one.device.oddities + two.device.oddities
    await one.close()
    await two.close()
