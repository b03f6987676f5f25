"""Puts many messages into a room of a server that does not run, past the protocol.

usage: fill.py DB ROOM COUNT READ SENDER…

READ: the last sender has read so many of the messages, and wrote none after them
(one's own are read). Bodies are "line N" with
something longer now and then; every 500th answers an early one.
"""

import os
import sqlite3
import sys
import time

MESSAGE = 5
EVERY_MS = 20_000


def body(n: int) -> str:
    text = f"line {n}"
    if n % 7 == 3:
        text += " and more of it" * (n % 40)
    if n % 11 == 5:
        text += "\nanother line" * (n % 5)
    return text


def main() -> None:
    path, room_hex, count, read = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    senders = [bytes.fromhex(one) for one in sys.argv[5:]]
    room = bytes.fromhex(room_hex)
    db = sqlite3.connect(path)
    seq, no = db.execute("SELECT seq, no FROM rooms WHERE id=?", (room,)).fetchone()

    def writer(n: int) -> bytes:
        some = senders if n <= read or len(senders) == 1 else senders[:-1]
        return some[n // 3 % len(some)]

    start = int(time.time() * 1000) - count * EVERY_MS
    rows = [
        (
            room,
            seq + n,
            no + n,
            MESSAGE,
            writer(n),
            os.urandom(16),
            start + n * EVERY_MS,
            seq + 1 + n // 1000 if n % 500 == 0 else 0,
            body(n),
        )
        for n in range(1, count + 1)
    ]
    with db:
        db.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?,?,?)", rows)
        db.execute(
            "UPDATE rooms SET seq=?, no=?, at=?, cid=?, last_message=? WHERE id=?",
            (seq + count, no + count, rows[-1][6], rows[-1][5], seq + count, room),
        )
        db.execute(
            "UPDATE members SET read_seq=?, read_no=? WHERE room=? AND user=?",
            (seq + read, no + read, room, senders[-1]),
        )
    db.close()


if __name__ == "__main__":
    main()
