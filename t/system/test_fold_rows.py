"""The kill harness' comparison of rows with logs passes what a server made, and fails every row
that is not what the logs say."""

import random
import shutil
import time
from types import SimpleNamespace

import pytest
from burung import Server
from burung.changes import REFUSED_STORED, Changes
from burung.checker import Report
from burung.fold import ROW_DIFFERS, check_rows, read_rows
from burung.scene import direct, group, say
from burung.store import open_database, read_store


@pytest.fixture(scope="module")
def made():
    """The folder of a server on which everything that moves a row has happened."""
    with Server(workers=2) as server:
        owner, admin, member, gone = server.users("owner", "admin", "member", "gone")
        room = group(owner, admin, member, gone, kind="public", label="before")
        soon = int(time.time() * 1000) + 3_600_000
        for who, op, fields in (
            (owner, "rename", {"label": "after"}),
            (owner, "topic", {"topic": "this and that"}),
            (owner, "role", {"user": admin.id, "role": "owner"}),
            (member, "mute", {"until": soon}),
            (member, "archive", {"on": True}),
            (gone, "mute", {"until": soon}),
            (gone, "leave", {}),
            (gone, "join", {}),
            (admin, "visibility", {"kind": "private"}),
        ):
            say(owner, room, op)
            who.api.call(op, room=room, **fields)
        other = direct(owner, member)
        say(owner, other, "one")
        seq = say(owner, other, "two")["seq"]
        member.api.call("read", room=other, seq=seq - 1)
        member.api.call("archive", room=other, on=True)
        say(owner, other, "brings it back")
        member.api.call("mute", room=other, until=soon)
        admin.api.call("leave", room=room)
        server.stop()
        yield SimpleNamespace(data=server.data, room=bytes.fromhex(room))


def compare(data):
    report = Report()
    check_rows(report, read_store(data), read_rows(data))
    return report


def test_rows_of_a_server_are_the_fold_of_its_logs(made):
    report = compare(made.data)
    assert report.ok, report.text()
    assert report.counts["rows compared"] == 4 + 2 + 3 + 2


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE rooms SET label='other' WHERE id=:room",
        "UPDATE rooms SET topic='' WHERE id=:room",
        "UPDATE rooms SET kind=1 WHERE id=:room",
        "UPDATE rooms SET members=members+1 WHERE id=:room",
        "UPDATE rooms SET seq=seq-1 WHERE id=:room",
        "UPDATE rooms SET no=no-1 WHERE id=:room",
        "UPDATE rooms SET at=at+1 WHERE id=:room",
        "UPDATE rooms SET cid=zeroblob(16) WHERE id=:room",
        "UPDATE rooms SET last_message=1 WHERE id=:room",
        "UPDATE members SET role=1 WHERE room=:room AND role=3",
        "UPDATE members SET joined=joined+100 WHERE room=:room",
        "UPDATE members SET read_seq=read_seq-1 WHERE room<>:room",
        "UPDATE members SET read_no=read_no+1 WHERE room=:room",
        "UPDATE members SET muted=0 WHERE room=:room AND muted>0",
        "UPDATE members SET archived=archived-1 WHERE room=:room AND archived>0",
        "UPDATE members SET archived=9 WHERE room<>:room",
        "DELETE FROM members WHERE room=:room AND role=1",
    ],
)
def test_row_that_differs_is_found(made, tmp_path, damage):
    shutil.copytree(made.data, tmp_path / "data")
    with open_database(tmp_path / "data") as db:
        assert db.execute(damage, {"room": made.room}).rowcount > 0, "nothing was damaged"
    db.close()
    assert ROW_DIFFERS in compare(tmp_path / "data").breaches


def test_refused_change_that_is_stored_is_found(made):
    store = read_store(made.data)
    some = next(event for event in store[made.room.hex()] if event.kind == "rename")
    changes = Changes({}, 1, random.Random(1))
    changes.refused = [("rename", "00" * 16)]
    report = Report()
    changes.check(report, store)
    assert report.ok
    changes.refused.append(("rename", some.cid))
    changes.check(report, store)
    assert REFUSED_STORED in report.breaches
