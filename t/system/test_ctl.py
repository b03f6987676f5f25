"""burungctl: every command against a running server and against a stopped one."""

import asyncio
import contextlib
import json
import os
import pty
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import threading

import pytest
from burung import Client, Refused
from burung.ctl import Ctl, ctl_binary, run_ctl
from burung.scene import direct, group, history, members, room_of, say, say_many
from burung.server import PASSWORD, wait_for

NOBODY = 65534


@pytest.fixture(params=["running", "stopped"])
def place(request, make_server):
    """A server with two people and a room, running or stopped: what works with one must work
    with the other."""
    server = make_server()
    ani, budi = server.users("ani", "budi")
    server.room = group(ani, budi, label="Kandang")
    say_many(ani, server.room, 12)
    if request.param == "stopped":
        assert server.stop() == 0
    return server


@pytest.fixture
def ctl(place):
    return Ctl(place)


def start(server) -> None:
    if server.process.poll() is not None:
        server.start()


def login(server, name: str, password: str = PASSWORD) -> dict:
    return server.api().call("login", name=name, password=password, token=True)


# Accounts


def test_a_user_is_added_and_can_log_in(place, ctl):
    user = ctl.ask("user", "add", "cici", "--display", "Cici Ü", text="rahasia sekali\n")["user"]
    assert (user["name"], user["display"], user["admin"]) == ("cici", "Cici Ü", False)
    assert "taken" in ctl.fails("user", "add", "CICI", text="rahasia sekali\n")
    start(place)
    assert login(place, "cici", "rahasia sekali")["user"]["id"] == user["id"]


def test_a_generated_password_works(place, ctl):
    done = ctl.run("user", "add", "dodi", "--generate", "--admin")
    assert done.code == 0, done.err
    password = done.out.split("password: ")[1].strip()
    start(place)
    assert login(place, "dodi", password)["user"]["admin"] is True


def test_users_are_listed_and_shown(place, ctl):
    users = {user["name"]: user for user in ctl.ask("user", "list")["users"]}
    assert users.keys() == {"ani", "budi"}
    assert users["ani"]["admin"] is True
    assert [u["name"] for u in ctl.ask("user", "list", "--prefix", "bu")["users"]] == ["budi"]
    shown = ctl.ask("user", "show", "BUDI")
    assert (shown["user"]["id"], shown["rooms"], shown["sessions"]) == (users["budi"]["id"], 1, 1)
    assert ctl.ask("user", "show", users["budi"]["id"]) == shown
    table = ctl.run("user", "list").out.splitlines()
    assert table[0].split()[:3] == ["NAME", "DISPLAY", "ADMIN"]
    assert len(table) == 3


def test_lists_go_on_over_pages(make_server):
    server = make_server(start=False)
    ctl = Ctl(server)
    for n in range(3):
        ctl.ask("user", "add", f"user{n}", text="long enough\n")
    path = server.data / "burung.db"
    with sqlite3.connect(path) as db:
        rows = [
            (os.urandom(12), f"many{n:03}", f"many{n:03}", "", f"many{n:03}", "", 0, 1, 0, 0)
            for n in range(450)
        ]
        db.executemany(
            "INSERT INTO users (id,name,folded,display,display_folded,passhash,admin,created,"
            "last_seen,state) VALUES (?,?,?,?,?,?,?,?,?,?)",
            rows,
        )
    names = [user["name"] for user in ctl.ask("user", "list")["users"]]
    assert len(names) == 453
    assert names == sorted(set(names))


def test_a_new_password_ends_all_sessions(place, ctl):
    ctl.ask("user", "passwd", "budi", text="sama sekali lain\n")
    assert ctl.ask("session", "list", "budi")["sessions"] == []
    start(place)
    with pytest.raises(Refused, match="unauthorized"):
        login(place, "budi")
    assert login(place, "budi", "sama sekali lain")["user"]["name"] == "budi"


def test_a_disabled_user_is_kept_out_until_enabled(place, ctl):
    assert ctl.ask("user", "disable", "budi")["user"]["state"] == "disabled"
    assert ctl.ask("user", "disable", "budi")["user"]["state"] == "disabled"
    assert "disabled" in ctl.fails("session", "add", "budi")
    start(place)
    with pytest.raises(Refused, match="forbidden"):
        login(place, "budi")
    with pytest.raises(Refused, match="unauthorized"):
        place.accounts["budi"].api.call("me")
    assert ctl.ask("user", "enable", "budi")["user"]["state"] == "active"
    assert login(place, "budi")["user"]["name"] == "budi"


def test_the_administrators_mark_is_set_and_taken(place, ctl):
    assert ctl.ask("user", "admin", "budi")["user"]["admin"] is True
    assert ctl.ask("user", "admin", "budi", "--off")["user"]["admin"] is False


def test_a_removed_user_leaves_groups_and_frees_the_name(place, ctl):
    ani, budi = place.accounts["ani"], place.accounts["budi"]
    ctl.ask("user", "remove", "ani")
    assert "no user" in ctl.fails("user", "remove", "ani")
    start(place)
    assert members(budi, place.room) == {budi.id: "owner"}
    events = history(budi, place.room)
    assert events[-1]["ev"] == "leave"
    assert events[5]["from"] == ani.id, "what was written stays"
    gone = budi.api.call("users", ids=[ani.id])["users"][0]
    assert (gone["name"], gone["display"], gone["gone"]) == ("", "", True)
    again = Ctl(place).ask("user", "add", "ani", text="another person\n")["user"]
    assert again["id"] != ani.id
    assert Ctl(place).ask("check")["ok"] is True


# Sessions


def test_a_session_is_added_listed_and_revoked(place, ctl):
    token = ctl.run("session", "add", "budi", "--device", "bot").out.strip()
    sessions = ctl.ask("session", "list", "budi")["sessions"]
    assert sorted(s["device"] for s in sessions) == ["", "bot"]
    start(place)
    api = place.api(token)
    assert api.call("me")["user"]["name"] == "budi"
    bot = next(s["id"] for s in sessions if s["device"] == "bot")
    assert ctl.ask("session", "revoke", "budi", bot) == {"revoked": 1}
    with pytest.raises(Refused, match="unauthorized"):
        api.call("me")
    assert "no such session" in ctl.fails("session", "revoke", "budi", bot)
    assert ctl.ask("session", "revoke", "budi", "--all") == {"revoked": 1}
    assert ctl.ask("session", "revoke", "budi", "--all") == {"revoked": 0}


@pytest.mark.parametrize("how", ["disable", "passwd", "remove", "revoke"])
async def test_devices_on_all_workers_are_closed_at_once(make_server, how):
    server = make_server()
    ctl = Ctl(server)
    budi = server.users("ani", "budi")[1]
    clients = [await Client(server.port, budi, name=f"d{n}").open() for n in range(6)]
    command = {
        "disable": ("user", "disable", "budi"),
        "passwd": ("user", "passwd", "budi"),
        "remove": ("user", "remove", "budi"),
        "revoke": ("session", "revoke", "budi", "--all"),
    }[how]
    await asyncio.to_thread(ctl.ask, *command, text="sama sekali lain\n")
    for client in clients:
        async with asyncio.timeout(10):
            while not client.closes:
                await asyncio.sleep(0.01)
        assert client.closes[0][0] == 4401
        await client.close()


# Rooms


def test_rooms_are_listed_and_shown(place, ctl):
    rooms = ctl.ask("room", "list")["rooms"]
    assert [(r["id"], r["kind"], r["label"]) for r in rooms] == [(place.room, "private", "Kandang")]
    assert (rooms[0]["members"], rooms[0]["messages"]) == (2, 12)
    shown = ctl.ask("room", "show", place.room)
    assert {m["name"]: m["role"] for m in shown["members"]} == {"ani": "owner", "budi": "member"}
    assert "Kandang" in ctl.run("room", "show", place.room).out
    assert "no such room" in ctl.fails("room", "show", "0" * 24)
    ani = place.accounts["ani"].id
    assert "no such room" in ctl.fails("room", "show", ani), "self rooms are not shown"


# The whole


def all_serve(ctl: Ctl) -> dict | None:
    status = ctl.ask("status")
    serving = [worker for worker in status["workers"] if worker["accepting"]]
    return status if len(serving) == ctl.server.conf["workers"] else None


def test_status_tells_of_the_workers(server):
    server.users("ani", "budi")
    ctl = Ctl(server)
    server.wait_workers()
    status = wait_for("both serve", lambda: all_serve(ctl))
    assert sorted(w["pid"] for w in status["workers"]) == sorted(server.workers())
    assert status["memory"] > 1_000_000
    ani, budi = server.accounts["ani"], server.accounts["budi"]
    room = group(ani, budi)
    say_many(ani, room, 50)
    assert ctl.ask("status")["stored"] >= status["stored"] + 50
    assert str(server.workers()[0]) in ctl.run("status").out


def test_status_goes_on_while_watched(server):
    watch = subprocess.Popen(
        [ctl_binary(), "-c", server.conf_path, "--json", "status", "--watch"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        lines = [watch.stdout.readline() for _ in range(2)]
        assert all('"workers"' in line for line in lines)
    finally:
        watch.terminate()
        watch.wait(10)
        watch.stdout.close()


def test_config_is_the_one_in_effect(place, ctl):
    config = ctl.ask("config")["config"]
    assert config["listen"] == f"127.0.0.1:{place.port}"
    assert config["limit_login_memory"] == "8"
    assert config["limit_frame"] == "65536"
    assert f"workers = {place.conf['workers']}" in ctl.run("config").out.splitlines()


def test_the_log_level_changes_in_all_processes(make_server):
    server = make_server()
    ctl = Ctl(server)
    assert ctl.ask("log-level") == {"level": "info"}
    assert ctl.ask("log-level", "error") == {"level": "error"}
    assert ctl.ask("status")["log_level"] == "error"
    assert "must be" in ctl.fails("log-level", "loud")
    before = len(server.log())
    ctl.ask("log-level", "debug")
    server.signal(signal.SIGHUP)
    server.wait_log("workers replaced")
    assert ctl.ask("log-level") == {"level": "info"}, "as the configuration says"
    assert len(server.log()) > before


def test_check_finds_what_is_wrong(place, ctl):
    good = ctl.ask("check")
    assert good["ok"] is True
    assert (good["users"], good["rooms"], good["messages"]) == (2, 1, 12)
    assert "All is well." in ctl.run("check").out
    place.stop()
    ways = [
        ("DELETE FROM events WHERE room=? AND seq=7", "comes after"),
        ("UPDATE events SET no=no+1 WHERE room=? AND seq=9", "is not"),
        ("UPDATE rooms SET seq=seq+1 WHERE id=?", "head"),
        ("UPDATE rooms SET members=5 WHERE id=?", "counts"),
        ("UPDATE members SET role=3 WHERE room=? AND role=1", "another role"),
        ("DELETE FROM members WHERE room=? AND role=1", "by its log only"),
        ("UPDATE members SET read_seq=999 WHERE room=?", "not there"),
        ("UPDATE rooms SET label='x' WHERE id=?", "another label"),
        ("UPDATE rooms SET topic='x' WHERE id=?", "another label"),
        ("UPDATE rooms SET kind=3-kind WHERE id=?", "another label"),
    ]
    path = place.data / "burung.db"
    shutil.copy(path, place.folder / "good.db")
    for sql, said in ways:
        shutil.copy(place.folder / "good.db", path)
        with sqlite3.connect(path) as db:
            db.execute(sql, (bytes.fromhex(place.room),))
        db.close()
        done = ctl.run("check")
        assert (done.code, said in done.out) == (1, True), f"{sql}: {done.out}"
        answer = ctl.run("--json", "check").json()
        assert answer["ok"] is False
        assert answer["problems_found"] == len(answer["problems"]) > 0
        assert answer["digest"] != good["digest"]


# Progress


def on_terminal(server, *arguments: str) -> tuple[str, str]:
    """stdout, and what a terminal shows of stderr."""
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [ctl_binary(), "-c", str(server.conf_path), *arguments],
            stdout=subprocess.PIPE,
            stderr=theirs,
            text=True,
            timeout=60,
        )
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # the end of it
            while piece := os.read(ours, 65536):
                shown += piece
    finally:
        os.close(ours)
    assert done.returncode == 0, shown
    return done.stdout, shown.decode()


def parts_shown(shown: str) -> list[str]:
    """Each line of bars, as it was in the end: the part's name; all must be whole lines."""
    lines = shown.split("\r\n")
    assert lines[-1] == "", f"a line was left open: {lines[-1]!r}"
    last = [line.rsplit("\r", 1)[-1] for line in lines[:-1]]
    return [re.fullmatch(r"(\w+) +\[(#| )+\] +\d+ %", line)[1] for line in last]


def linger(server) -> None:
    """The work lasts long enough to be told about."""
    if server.process.poll() is None:
        server.arm("admin.progress", "stall-500")


def test_check_shows_on_a_terminal_how_far_it_has_come(place):
    linger(place)
    out, shown = on_terminal(place, "check")
    assert parts_shown(shown) == ["checking"]
    assert shown.endswith("100 %\r\n")
    assert "All is well." in out and "[" not in out


def test_backup_shows_on_a_terminal_how_far_each_part_has_come(place):
    linger(place)
    out, shown = on_terminal(place, "backup", str(place.folder / "shown.db"))
    running = place.process.poll() is None
    assert parts_shown(shown) == ["copying", "fetching" if running else "writing"]
    assert shown.endswith("100 %\r\n")
    assert out.startswith("copied to:")


def test_json_shows_no_progress(place):
    linger(place)
    out, shown = on_terminal(place, "--json", "check")
    assert shown == ""
    assert json.loads(out)["ok"] is True
    out, shown = on_terminal(place, "--json", "backup", str(place.folder / "silent.db"))
    assert shown == ""
    assert json.loads(out)["bytes"] > 0


# Backup and restore


def test_a_backup_is_restored_with_the_same_digest(place, ctl):
    copy = place.folder / "copy.db"
    digest = ctl.ask("check")["digest"]
    assert ctl.ask("backup", str(copy)) == {"file": str(copy), "bytes": copy.stat().st_size}
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert "is there already" in ctl.fails("backup", str(copy))
    start(place)
    ani = place.accounts["ani"]
    say(ani, place.room, "after the copy")
    assert "stop it first" in ctl.fails("restore", str(copy))
    place.stop()
    assert ctl.ask("restore", str(copy)) == {"digest": digest}
    assert ctl.ask("check")["digest"] == digest
    start(place)
    assert room_of(ani, place.room)["no"] == 12
    say(ani, place.room, "and on")
    assert room_of(ani, place.room)["no"] == 13


def test_a_backup_under_load_is_whole(make_server):
    server = make_server()
    ctl = Ctl(server)
    ani, budi = server.users("ani", "budi")
    rooms = [group(ani, budi), direct(ani, budi)]
    ended = threading.Event()

    def talk(who, room):
        while not ended.is_set():
            say_many(who, room, 50)

    threads = [threading.Thread(target=talk, args=a) for a in zip((ani, budi), rooms, strict=True)]
    for thread in threads:
        thread.start()
    try:
        wait_for("some messages", lambda: room_of(ani, rooms[0]).get("no", 0) > 300)
        copies = [server.folder / f"copy{n}.db" for n in range(3)]
        for copy in copies:
            ctl.ask("backup", str(copy))
        assert ctl.ask("check")["ok"] is True
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert not [p.name for p in (server.data / "run").iterdir() if p.name != "admin.sock"]
    server.stop()
    counts = []
    for copy in copies:
        ctl.ask("restore", str(copy))
        answer = ctl.ask("check")
        assert answer["ok"] is True
        counts.append(answer["messages"])
    assert counts == sorted(counts)
    assert counts[0] > 300


def test_a_backup_is_restored_into_an_empty_folder(place, ctl, tmp_path):
    copy = tmp_path / "copy.db"
    ctl.ask("backup", str(copy))
    folder = tmp_path / "new"
    folder.mkdir()
    done = run_ctl("--data", str(folder), "restore", str(copy))
    assert done.code == 0, done.err
    assert ".old" not in done.out
    answer = run_ctl("--json", "--data", str(folder), "check").json()
    assert answer["digest"] == ctl.ask("check")["digest"]


def test_what_is_no_backup_is_not_restored(make_server):
    server = make_server()
    ctl = Ctl(server)
    server.user("ani")
    server.stop()
    before = ctl.ask("check")["digest"]
    good = server.folder / "good.db"
    ctl.ask("backup", str(good))
    bad = server.folder / "bad.db"
    for content in (b"", b"not a database at all" * 500, good.read_bytes()[:9000]):
        bad.write_bytes(content)
        ctl.fails("restore", str(bad))
        assert ctl.ask("check")["digest"] == before
    ctl.fails("restore", str(server.folder / "nowhere.db"))
    with sqlite3.connect(bad.with_name("other.db")) as other:
        other.execute("CREATE TABLE a (b)")
    other.close()
    assert "another program" in ctl.fails("restore", str(bad.with_name("other.db")))
    with sqlite3.connect(good) as db:
        db.execute("UPDATE rooms SET seq=9")
    db.close()
    assert "nothing was changed" in ctl.fails("restore", str(good))
    assert ctl.ask("check")["digest"] == before
    assert not list(server.data.glob("burung.db.restore*"))
    assert ctl.run("restore", str(good), "--force").code == 0
    assert ctl.run("check").code == 1


# Who may, and what is said


def test_only_the_servers_user_and_root_are_let_in(server):
    socket = server.data / "run" / "admin.sock"
    assert stat.S_IMODE(socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    for path in (server.folder, server.data, socket.parent):
        path.chmod(0o755)
    socket.chmod(0o666)
    try:
        done = run_ctl("--data", str(server.data), "user", "list", user=NOBODY)
        assert done.code == 1
        assert "own user and root" in done.err
    finally:
        socket.chmod(0o600)
        socket.parent.chmod(0o700)
        server.data.chmod(0o700)
    done = run_ctl("--data", str(server.data), "user", "list", user=NOBODY)
    assert (done.code, "sudo" in done.err) == (1, True), done.err


def test_the_socket_goes_with_the_server_and_comes_again(make_server):
    server = make_server()
    socket = server.data / "run" / "admin.sock"
    server.kill()
    assert socket.exists(), "nobody could remove it"
    assert "no burungd is at work" in Ctl(server).fails("status")
    server.start()
    wait_for("both workers", lambda: len(Ctl(server).ask("status")["workers"]) == 2)
    server.stop()
    assert not socket.exists()


def test_a_server_that_does_not_answer_is_not_gone_around(make_server):
    server = make_server()
    (server.data / "run" / "admin.sock").unlink()
    said = Ctl(server).fails("user", "list")
    assert "does not answer" in said


def test_a_long_path_has_a_socket_too(make_server):
    server = make_server(start=False)
    long = server.folder / ("d" * 100) / "data"
    long.mkdir(parents=True)
    server.write_conf(data=str(long))
    server.start()
    assert run_ctl("--json", "--data", str(long), "status").json()["workers"]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("fly",),
        ("user",),
        ("user", "fly"),
        ("user", "add"),
        ("user", "add", "a", "b"),
        ("user", "list", "--watch"),
        ("--fly",),
        ("backup",),
        ("status", "now"),
        ("session", "revoke", "ani"),
        ("-c", "x", "--data", "y", "status"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(arguments):
    done = run_ctl(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("burungctl: ")


def test_help_and_version_need_no_server():
    assert "user add NAME" in run_ctl("--help").out
    assert run_ctl("-V").out.startswith("burungctl ")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("user", "add", "x"), "long enough\n"),
        (("user", "add", "good.name"), "short\n"),
        (("user", "add", "good.name"), ""),
        (("user", "add", "bad name"), "long enough\n"),
        (("user", "add", "good.name", "--display", "\x1b[31m"), "long enough\n"),
        (("user", "show", "nobody"), ""),
        (("user", "show", '"}\\'), ""),
        (("user", "passwd", "nobody"), "long enough\n"),
        (("user", "disable", "nobody"), ""),
        (("user", "enable", "nobody"), ""),
        (("user", "admin", "nobody"), ""),
        (("user", "remove", "nobody"), ""),
        (("session", "add", "nobody"), ""),
        (("session", "list", "nobody"), ""),
        (("session", "revoke", "ani", "zzz"), ""),
        (("room", "show", "zzz"), ""),
        (("backup", "/nowhere/at/all"), ""),
    ],
)
def test_garbage_is_refused_alike(place, ctl, arguments, text):
    ctl.fails(*arguments, text=text)


def test_a_missing_folder_or_database_is_told(tmp_path):
    done = run_ctl("--data", str(tmp_path / "no"), "user", "list")
    assert (done.code, "no data folder" in done.err) == (1, True)
    done = run_ctl("--data", str(tmp_path), "user", "list")
    assert (done.code, "no database" in done.err) == (1, True)
    done = run_ctl("-c", str(tmp_path / "no.conf"), "user", "list")
    assert (done.code, "no.conf" in done.err) == (1, True)


def test_the_first_account_may_be_made_before_the_first_start(make_server):
    server = make_server(start=False)
    ctl = Ctl(server)
    ctl.ask("user", "add", "ani", "--admin", text=PASSWORD + "\n")
    server.start()
    assert "setup code" not in server.log()
    assert server.api().call("info")["setup"] is False
    assert login(server, "ani")["user"]["admin"] is True


def test_an_account_made_here_ends_the_setup(make_server):
    server = make_server()
    assert server.api().call("info")["setup"] is True
    Ctl(server).ask("user", "add", "ani", "--admin", text=PASSWORD + "\n")
    wait_for("no setup", lambda: server.api().call("info")["setup"] is False)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_root_leaves_nothing_of_its_own_in_anothers_folder(make_server):
    server = make_server(start=False)
    server.folder.chmod(0o755)
    os.chown(server.data, NOBODY, NOBODY)
    ctl = Ctl(server)
    ctl.ask("user", "add", "ani", text=PASSWORD + "\n")
    ctl.ask("backup", str(server.folder / "copy.db"))
    ctl.ask("restore", str(server.folder / "copy.db"))
    owners = {path.name: path.stat().st_uid for path in server.data.rglob("*")}
    assert set(owners.values()) == {NOBODY}, owners
    assert (server.folder / "copy.db").stat().st_uid == 0
