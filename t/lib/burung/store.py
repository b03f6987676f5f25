"""Reads the logs out of the SQLite file, or the MongoDB, of a server that was stopped."""

import json
import re
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


def mongo_uri(data: Path) -> str | None:
    """Of the server with this data folder, by the configuration beside it."""
    conf = data.parent / "burungd.conf"
    found = re.search(r"^store = (mongodb\S+)", conf.read_text(), re.M) if conf.exists() else None
    return found and found.group(1)


def read_mongo(uri: str, collection: str, sort: list) -> list[dict]:
    """All documents."""
    import pymongo

    with pymongo.MongoClient(uri) as client:
        return list(client.get_default_database()[collection].find(sort=sort))


def read_store(data: Path) -> Store:
    """Every room's events in the order of seq, self rooms too."""
    store: Store = {}
    uri = mongo_uri(data)
    if uri:
        for doc in read_mongo(uri, "events", [("room", 1), ("seq", 1)]):
            fields = "seq", "no", "kind", "from", "cid", "body", "at", "target"
            room, rest = doc["room"].binary, [doc[name] for name in fields]
            rest[3] = rest[3].binary
            event = event_of((room, *rest))
            store.setdefault(event.room, []).append(event)
        return store
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
