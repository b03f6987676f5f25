"""Reads the logs out of the SQLite file of a server that was stopped."""

import json
import sqlite3
from pathlib import Path

from burung.checker import Store
from burung.records import Event

# As in src/model/event.h.
KINDS = {
    1: "create",
    2: "join",
    3: "leave",
    4: "role",
    5: "message",
    6: "rename",
    7: "topic",
    8: "visibility",
    64: "added",
    65: "removed",
    66: "read",
    67: "session_revoked",
    68: "mute",
    69: "archive",
}


def open_database(data: Path) -> sqlite3.Connection:
    path = data / "burung.db"
    assert path.exists(), f"{path} is missing"
    return sqlite3.connect(path)


def read_store(data: Path) -> Store:
    """Every room's events in the order of seq, self rooms too."""
    store: Store = {}
    with open_database(data) as db:
        rows = db.execute(
            "SELECT room, seq, no, kind, sender, cid, body, at, target FROM events"
            " ORDER BY room, seq"
        )
        for row in rows:
            event = event_of(row)
            store.setdefault(event.room, []).append(event)
    db.close()
    return store


def event_of(row: tuple) -> Event:
    room, seq, no, kind, sender, cid, body, at, target = row
    name = KINDS[kind]
    text = body.decode() if isinstance(body, bytes) else body
    return Event(
        room.hex(),
        seq,
        no,
        name,
        sender.hex(),
        cid.hex(),
        text if name == "message" else json.loads(text),
        at,
        target or None,
    )
