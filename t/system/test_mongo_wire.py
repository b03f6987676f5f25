"""What a MongoDB is asked, as it goes over the wire: firm writes, reads of what a majority has,
nothing that not every server of its protocol has, and for no longer than some seconds, whatever
the URI says."""

import json
import time
import uuid
from collections import Counter

import pytest
from burung import Refused, Server, mongo, new_cid
from burung.ctl import Ctl, run_ctl
from burung.mongo_tap import Command, MongoTap
from burung.raw import TEXT, Raw, encode
from burung.scene import group, say
from burung.server import free_port, wait_for
from test_api_documents import Script, Stage, log_in_and_out

pytestmark = pytest.mark.skipif(
    not (mongo.find() or "mongodb").startswith("/"), reason="there is no MongoDB of one's own"
)

# What must be overruled.
WEAK = (
    "w=1&journal=false&wtimeoutMS=60000&readConcernLevel=local&readPreference=nearest"
    "&retryWrites=true&retryReads=true"
    "&serverSelectionTimeoutMS=60000&connectTimeoutMS=60000&socketTimeoutMS=60000"
    "&waitQueueTimeoutMS=60000"
)
WRITES = {"insert", "update", "delete", "createIndexes"}
READS = {"find", "getMore"}
OTHERS = {"hello", "isMaster", "ismaster", "ping", "endSessions", "killCursors"}
# The fields that may be lost in a fail-over, and are found again from the logs or told anew.
SOON = {
    "members": {"read_seq", "read_no"},
    "rooms": {"seq", "no", "at", "cid", "last_message", "members"},
    "room_words": {"room"},
    "names": set(),
    "users": {"last_seen"},
    "sessions": {"used", "expires"},
}


def weak(port: int, database: str) -> str:
    return f"mongodb://127.0.0.1:{port}/{database}?{WEAK}"


@pytest.fixture(scope="module")
def tap():
    with mongo.Mongo() as store, MongoTap(store.port) as tap:
        yield tap


@pytest.fixture(scope="module")
def commands(tap) -> list[Command]:
    """Those of all that people and administrators do."""
    with Server(workers=1, store=weak(tap.port, "wire")) as server:
        stage = Stage(server)
        try:
            for each in server.users("ani", "budi", "citra"):
                stage.open(each)
            Script(stage, stage.by_http, "http").play()
            log_in_and_out(stage)
        finally:
            stage.close()
        ctl = Ctl(server)
        ctl.ask("user", "disable", "budi")
        ctl.ask("user", "enable", "budi")
        ctl.ask("user", "admin", "budi")
        ctl.ask("user", "remove", "citra")
        ctl.ask("check")
    return list(tap.commands)


@pytest.fixture(scope="module")
def copied(tap) -> list[Command]:
    """Those of a copy."""
    with Server(workers=1, store="sqlite") as other:
        ani, budi = other.users("ani", "budi")
        say(ani, group(ani, budi, kind="public"))
        other.stop()
        begin = len(tap.commands)
        target = weak(tap.port, f"copy_{uuid.uuid4().hex[:12]}")
        done = run_ctl("copy", "--from", f"sqlite:{other.data}/burung.db", "--to", target)
        assert done.code == 0, done.err
        return tap.commands[begin:]


def test_rooms_that_nobody_knows_are_read_together(tap, commands):
    """After a start all are unknown; one by one each would take three round trips."""
    with Server(workers=1, store=f"mongodb://127.0.0.1:{tap.port}/together") as server:
        ani, budi = server.users("ani", "budi")
        rooms = {group(ani, budi) for _ in range(20)}
        server.stop()
        server.start()
        with Raw(server.port) as device:
            assert device.upgrade(Authorization=f"Bearer {ani.token}")[0] == 101
            device.send(encode(TEXT, b'{"id": 99, "op": "hello"}'))
            while json.loads(device.frame().payload).get("sig") != "synced":
                pass
            begin = len(tap.commands)
            messages = [{"cid": new_cid(), "body": "good morning"}]
            asked = [
                json.dumps({"id": i, "op": "send", "room": room, "messages": messages})
                for i, room in enumerate(rooms)
            ]
            device.send(b"".join(encode(TEXT, text.encode()) for text in asked))
            acked = set()
            while len(acked) < len(rooms):
                frame = json.loads(device.frame().payload)
                assert "error" not in frame, frame
                acked |= {frame["re"]} if "re" in frame else set()
        finds = [c for c in tap.commands[begin:] if c.name == "find"]
    for collection in ("rooms", "members"):
        keys = [c.body["filter"].get("_id") for c in finds if c.collection == collection]
        together = [key["$in"] for key in keys if isinstance(key, dict)]
        # The first may be stored before the others are parsed.
        assert sum(map(len, together)) >= len(rooms) - 2, keys
        assert len(keys) <= 4, keys


def names_in(document):
    """All keys, however deep."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from names_in(value)
    elif isinstance(document, list):
        for value in document:
            yield from names_in(value)


def is_firm(command: Command) -> bool:
    concern = dict(command.body.get("writeConcern", {}))
    wait = concern.pop("wtimeout", None)
    return concern == {"w": "majority", "j": True} and 2000 <= wait <= 5000


def set_by(update: dict | list) -> set[str]:
    """The fields that an update sets; a pipeline is one that sets them if the row is behind."""
    if isinstance(update, list):
        [stage] = update
        _, merged, _ = stage["$replaceWith"]["$cond"]
        parts = [part for part in merged["$mergeObjects"] if part != "$$ROOT"]
        return {name for part in parts for name in part.get("$literal", part)}
    return {
        name
        for operator, fields in update.items()
        if operator not in ("$setOnInsert", "$unset")
        for name in fields
    }


def changed(command: Command) -> set[str]:
    return {name for document in command.documents for name in set_by(document["u"])}


def test_every_kind_of_command_was_seen(commands):
    seen = Counter(command.name for command in commands)
    assert seen["insert"] > 20 and seen["update"] > 100 and seen["delete"] > 5
    assert seen["find"] > 300 and seen["createIndexes"] >= 10
    assert not seen.keys() - WRITES - READS - OTHERS
    events = [c for c in commands if c.name == "find" and c.collection == "events"]
    assert any("sort" in c.body for c in events), "no history was read"


def test_writes_wait_for_a_majority_and_its_journals(commands, copied):
    for command in (*commands, *copied):
        if command.name not in WRITES or is_firm(command):
            continue
        assert command.body.get("writeConcern") == {"w": 1}, command
        assert command.name == "update" and command.collection in SOON, command
        lost = changed(command) - SOON[command.collection]
        assert not lost, f"{lost} may be lost: {command}"
    some = [c for c in commands if c.name == "update" and "role" in changed(c)]
    assert len(some) > 5, "no role was written"


def test_rows_are_asked_for_by_their_keys_alone(commands):
    """There are servers that read all rows when more is asked than the key."""
    updates = [
        document
        for command in commands
        if command.name == "update" and command.collection in ("rooms", "members")
        for document in command.documents
    ]
    assert len(updates) > 50
    for update in updates:
        assert update["q"].keys() == {"_id"}, update
    finds = [c for c in commands if c.name == "find" and c.collection == "members"]
    by_key = [c.body["filter"] for c in finds if "_id" in c.body["filter"]]
    assert len(by_key) > 10
    assert all(query.keys() == {"_id"} for query in by_key), by_key


def test_reads_see_what_a_majority_has_at_the_primary(commands):
    for command in commands:
        if command.name == "find":
            assert command.body.get("readConcern") == {"level": "majority"}, command
        preference = command.body.get("$readPreference", {"mode": "primary"})
        if command.name in READS | WRITES:
            assert preference["mode"] in ("primary", "primaryPreferred"), command


def test_nothing_is_asked_that_not_every_server_can(commands, copied):
    forbidden = {
        "$where", "$text", "$regex", "$expr", "$function", "hint", "collation",
        "txnNumber", "startTransaction", "autocommit", "min", "max", "tailable",
    }  # fmt: skip
    for command in (*commands, *copied):
        used = forbidden & set(names_in([command.body, command.documents]))
        assert not used, f"{used} in {command}"
        if command.name == "createIndexes":
            for index in command.body["indexes"]:
                assert set(index["key"].values()) <= {1, -1}, index
                assert index.keys() <= {"key", "name", "unique"}, index


def test_pages_of_events_have_two_bounds(commands):
    """What has a bound on one side only may be sorted by a server that finds no index for it."""
    pages = [c for c in commands if c.name == "find" and "seq" in c.body["filter"]]
    ranges = [c.body["filter"]["seq"] for c in pages if c.collection == "events"]
    assert len(ranges) > 50
    for bounds in ranges:
        if isinstance(bounds, dict):
            above, below = bounds.keys() & {"$gt", "$gte"}, bounds.keys() & {"$lt", "$lte"}
            assert (above and below) or "$in" in bounds, bounds


def test_silent_server_is_given_up_within_seconds(tap, commands):
    with Server(workers=1, store=weak(tap.port, "silent")) as server:
        ani = server.user("ani")
        room = group(ani)
        begin = len(tap.given_up)

        def given_up(*names: str) -> list[float]:
            return [one.seconds for one in tap.given_up[begin:] if one.name in names]

        with tap.unanswered():
            with pytest.raises(Refused, match="busy"):
                ani.api.call("send", room=room, cid=new_cid(), body="halo", patience=0)
            asked = wait_for("the answer's", lambda: given_up("insert", "find", "update"), 20)
            began = wait_for("a connection's", lambda: given_up("hello", "isMaster"), 20)
        assert min(asked) >= 2 and max(asked) < 5.5, asked
        assert min(began) >= 1 and max(began) < 5.5, began
        wait_for("back", server.is_ready)


def test_server_that_is_not_there_is_given_up_within_seconds(make_server):
    server = make_server(start=False, store=weak(free_port(), "nowhere"))
    began = time.monotonic()
    said = Ctl(server).fails("user", "list")
    assert "store" in said
    assert time.monotonic() - began < 8, "longer than the server is looked for"
