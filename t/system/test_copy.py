"""burungctl copy: everything from the file to a MongoDB and back, once or again."""

import os
import sqlite3
import time
import uuid

import pytest
from burung import mongo
from burung.ctl import Ctl, Done, run_ctl
from burung.scene import direct, group, history, say, say_many
from burung.server import PASSWORD, Account, Server
from burung.store import read_mongo
from test_ctl import on_terminal, parts_shown

pytestmark = pytest.mark.skipif(mongo.find() is None, reason="there is no MongoDB")


@pytest.fixture
def away():
    """The URI of an empty MongoDB."""
    return mongo.shared().uri(f"copy_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def source(make_server):
    """A stopped server, on the file, with a bit of everything."""
    server = make_server(store="sqlite")
    ani, budi, cici = server.users("ani", "budi", "cici")
    server.room = group(ani, budi, cici, kind="public", label="Kandang burung")
    server.pair = direct(ani, budi)
    say_many(ani, server.room, 120)
    say(budi, server.pair, "pagi ü")
    ani.api.call("read", room=server.room, seq=60)
    budi.api.call("mute", room=server.room, until=int(time.time() * 1000) + 3_600_000)
    server.invite = ani.api.call("invite_create")["token"]
    Ctl(server).ask("user", "remove", "cici")
    server.seen = [rooms_of(one) for one in (ani, budi)]
    assert server.stop() == 0
    return server


def rooms_of(who) -> list[dict]:
    """What the user sees of all rooms, but whether others are there."""
    return [{**room, "peer": None} for room in who.api.call("rooms")["rooms"]]


def file_of(server: Server) -> str:
    return f"sqlite:{server.data}/burung.db"


def copy(source: str, target: str, **popen) -> Done:
    return run_ctl("--json", "copy", "--from", source, "--to", target, **popen)


def copied(source: str, target: str) -> dict:
    done = copy(source, target)
    assert done.code == 0, done.err
    return done.json()


def check(server: Server) -> dict:
    answer = Ctl(server).ask("check")
    assert answer["problems_found"] == 0
    return answer


def on(store: str, make_server, like: Server) -> Server:
    """A server of another folder, with that store and the same people."""
    other = make_server(store=store, start=False)
    other.accounts = like.accounts
    return other


def test_everything_goes_to_a_mongodb_and_back(source, away, make_server):
    told = copied(file_of(source), away)
    assert (told["users"], told["sessions"], told["invites"]) == (3, 2, 1)
    assert (told["rooms"], told["directs"], told["members"]) == (2, 1, 4)
    there = on(away, make_server, source)
    before = check(source)
    assert check(there) == before
    assert told["events"] == before["events"]

    back = make_server(store="sqlite", start=False)
    assert copied(away, file_of(back)) == told
    assert check(back) == before


@pytest.mark.parametrize("turns", [1, 2], ids=["there", "there and back"])
def test_people_go_on_where_they_were(source, away, make_server, turns):
    copied(file_of(source), away)
    there = on(away, make_server, source)
    if turns == 2:
        there = on("sqlite", make_server, source)
        copied(away, file_of(there))
    there.write_conf(registration="invite")
    there.start()
    ani, budi = (move(there, source.accounts[name]) for name in ("ani", "budi"))
    assert [rooms_of(one) for one in (ani, budi)] == source.seen
    login = there.api().call("login", name="ANI", password=PASSWORD, token=True)
    assert login["user"]["admin"] is True
    new = {"name": "cici", "password": PASSWORD, "token": True, "invite": source.invite}
    cici = there.api().call("register", **new)
    found = there.api(cici["token"]).call("groups", words="burung")["rooms"]
    assert [room["id"] for room in found] == [source.room]
    assert there.api().refusal("register", **{**new, "name": "dodi"}).code == "forbidden"
    assert direct(ani, budi) == source.pair
    for room in (source.room, source.pair):
        say(budi, room, "from here on")
        assert history(ani, room)[-1]["body"] == "from here on"
    ani.api.call("remove", room=source.room, user=budi.id)
    assert there.stop() == 0
    assert check(there)["messages"] == 123


def move(server: Server, account: Account) -> Account:
    """The same person with the session of before, on that server."""
    return Account(account.id, account.name, account.token, server.api(account.token))


def test_a_later_copy_brings_what_came_since(source, away, make_server):
    copied(file_of(source), away)
    source.start()
    ani, budi = source.accounts["ani"], source.accounts["budi"]
    say(ani, source.room, "later")
    group(budi, label="a new one")
    ani.api.call("remove", room=source.room, user=budi.id)
    source.stop()
    Ctl(source).ask("user", "remove", "budi")
    Ctl(source).ask("session", "revoke", "ani", "--all")
    told = copied(file_of(source), away)
    assert (told["sessions"], told["users"]) == (0, 3)
    assert copied(file_of(source), away) == told
    assert [name["_id"] for name in read_mongo(away, "names", [("_id", 1)])] == ["ani"]
    there = on(away, make_server, source)
    assert check(there) == check(source)
    there.start()
    assert there.api(ani.token).refusal("rooms").code == "unauthorized"
    assert there.api().refusal("login", name="budi", password=PASSWORD).code == "unauthorized"


@pytest.mark.parametrize("way", ["there", "back"])
@pytest.mark.parametrize("point", ["copy.events", "copy.room", "copy.table"])
def test_an_interrupted_copy_is_finished_by_the_next(source, away, make_server, way, point):
    target = make_server(store="sqlite", start=False) if way == "back" else None
    start, end = (file_of(source), away)
    if target:
        copied(start, end)
        start, end = away, file_of(target)
    source.arm(point)
    env = {**os.environ, "BURUNG_FAILPOINTS": str(source.failpoints)}
    assert copy(start, end, env=env).code == -9
    told = copied(start, end)
    assert told["events"] == check(source)["events"]
    assert check(target or on(away, make_server, source)) == check(source)


def test_a_target_that_went_on_or_is_another_is_refused(source, away, make_server):
    copied(file_of(source), away)
    there = on(away, make_server, source)
    there.start()
    say(move(there, source.accounts["ani"]), source.room, "only there")
    assert there.stop() == 0
    was = check(there)
    done = copy(file_of(source), away)
    assert done.code == 1
    assert "neither empty nor a former copy" in done.err
    assert check(there) == was

    stranger = make_server(store="sqlite")
    stranger.user("dodi")
    stranger.stop()
    was = check(stranger)
    done = copy(away, file_of(stranger))
    assert done.code == 1
    assert "neither empty nor a former copy" in done.err
    assert check(stranger) == was


def test_a_file_that_a_server_uses_is_refused(source, away):
    source.start()
    for ends in ((file_of(source), away), (away, file_of(source))):
        done = copy(*ends)
        assert (done.code, "stop it first" in done.err) == (1, True), done.err


def heartbeat(uri: str, *, age_s: int) -> None:
    """As if a host had told that long ago that it uses the database."""
    import bson
    import pymongo

    with pymongo.MongoClient(uri) as client:
        node = {"run": bson.ObjectId(), "name": "kandang", "bus": "redis://r", "serving": 1}
        at = bson.Int64((time.time() - age_s) * 1000)
        nodes = client.get_default_database()["nodes"]
        nodes.replace_one({"_id": bson.ObjectId("0" * 24)}, {**node, "at": at}, upsert=True)


def test_hosts_at_work_on_a_mongodb_are_heeded(source, away, make_server):
    copied(file_of(source), away)
    heartbeat(away, age_s=1)
    done = copy(file_of(source), away)
    assert (done.code, "the host kandang uses the target" in done.err) == (1, True), done.err
    back = make_server(store="sqlite", start=False)
    done = copy(away, file_of(back))
    assert (done.code, "the host kandang uses the source" in done.err) == (0, True), done.err
    heartbeat(away, age_s=120)
    assert copy(file_of(source), away).err == ""


def test_a_copy_that_differs_is_told(source, away, make_server):
    copied(file_of(source), away)
    with sqlite3.connect(source.data / "burung.db") as db:
        db.execute("UPDATE events SET body='another' WHERE body='halo 7'")
        assert db.total_changes == 1
    db.close()
    done = copy(file_of(source), away)
    assert (done.code, "differ" in done.err) == (1, True), done.err


def test_a_terminal_shows_how_far_each_part_has_come(source, away):
    out, shown = on_terminal(source, "copy", "--from", file_of(source), "--to", away)
    assert parts_shown(shown) == ["copying", "comparing"]
    assert shown.count("100 %\r\n") == 2
    assert "All is there, and the same." in out


def test_the_store_of_the_configuration_is_conf(source, away, make_server):
    there = on(away, make_server, source)
    done = Ctl(there).run("copy", "--from", file_of(source), "--to", "conf")
    assert done.code == 0, done.err
    assert "All is there, and the same." in done.out
    assert check(there) == check(source)


@pytest.mark.parametrize(
    "start, end, why",
    [
        ("sqlite:/nowhere/a.db", "{away}", "no data folder /nowhere"),
        ("sqlite:{folder}/a.db", "{away}", "No such file"),
        ("{file}", "sqlite:{folder}/b.db", "the other a MongoDB"),
        ("{file}", "mongodb://", "store: "),
        ("{file}", "mongodb://127.0.0.1:1/x", "cannot be reached"),
        ("{file}", "redis://127.0.0.1/", "--to: neither"),
        ("sqlite:", "{away}", "--from: neither"),
        ("{file}", None, "--to is missing"),
    ],
)
def test_what_cannot_be_copied_is_told(source, away, start, end, why):
    names = {"away": away, "folder": source.folder, "file": file_of(source)}
    words = ["--from", start.format(**names)]
    if end:
        words += ["--to", end.format(**names)]
    done = run_ctl("copy", *words)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("burungctl: ")
    assert why in done.err
