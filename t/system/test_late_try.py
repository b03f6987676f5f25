"""A try whose connection is gone lies unread at a stopped worker, while the same cid is refused
elsewhere: what was refused is not stored later, when its sender is a member again."""

import json
import os
import signal
import socket
import struct
import time
from contextlib import ExitStack, contextmanager

import pytest
from burung import new_cid
from burung.raw import TEXT, Raw, encode
from burung.scene import ELSEWHERE_S, RawDevice, group, history, room_of
from burung.server import send_signal, wait_for

FAR = 4102444800000  # the year 2100


def port_of(device: Raw) -> int:
    return device.socket.getsockname()[1]


def greeted(server, account, wanted) -> RawDevice:
    """A device at a worker that is wanted; the others weigh on theirs until it is found."""
    until = time.monotonic() + ELSEWHERE_S
    with ExitStack() as ballast:
        while time.monotonic() < until:
            device = RawDevice(server, account)
            if wanted(server.worker_of(port_of(device))):
                device.hello()
                return device
            ballast.enter_context(device)
    raise AssertionError(f"for {ELSEWHERE_S} s no connection at a worker that is wanted")


def over_websocket(server, member) -> Raw:
    return greeted(server, member, bool)


def over_http(server, member) -> Raw:
    device = Raw(server.port)
    device.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    _, headers = device.head()
    device.take(int(headers["content-length"]))
    return device


def send_over(device: Raw, member, op: str, fields: dict) -> None:
    if isinstance(device, RawDevice):
        device.send(encode(TEXT, json.dumps({"id": 9, "op": op, **fields}).encode()))
        return
    body = json.dumps(fields).encode()
    head = (
        f"POST /api/{op} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {member.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    device.send(head.encode() + body)


def cut(sock: socket.socket, how: str) -> None:
    """reset: as when a host's state is lost; end: as when a process is killed."""
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def holds(pid: int, inode: str) -> bool:
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{name}") == f"socket:[{inode}]":
                return True
        except FileNotFoundError:
            continue
    return False


class Late:
    """Two workers; what a member asks lies at one that is stopped, and the connection is gone."""

    def __init__(self, server, member, owner, way, how):
        self.server, self.member, self.how = server, member, how
        self.device = way(server, member)
        self.port = port_of(self.device)
        self.pid = server.worker_of(self.port)
        self.inode = server.inode_of(self.port)
        self.beside = greeted(server, owner, lambda at: at == self.pid)
        self.elsewhere = greeted(server, owner, lambda at: at != self.pid)
        self.again = greeted(server, member, lambda at: at != self.pid)

    @contextmanager
    def waiting(self, op: str, fields: dict):
        """Inside, the try waits; afterwards its worker has seen it, and the end behind it."""
        send_signal(self.pid, signal.SIGSTOP)
        try:
            assert self.server.stopped() == self.pid
            send_over(self.device, self.member, op, fields)
            wait_for("it lies in the socket", lambda: self.server.unread(self.port))
            cut(self.device.socket, self.how)
            yield
        finally:
            send_signal(self.pid, signal.SIGCONT)
        wait_for("the late connection is gone", lambda: not holds(self.pid, self.inode))

    def refused(self, op: str, fields: dict) -> str:
        return self.again.ask(op, **fields)["error"]["code"]

    def owner_does(self, op: str, **fields) -> None:
        assert "error" not in self.elsewhere.ask(op, **fields)


ways = pytest.mark.parametrize("way", [over_websocket, over_http])


@pytest.mark.parametrize("how", ["reset", "end"])
@ways
def test_refused_message_is_not_stored_by_a_try_that_was_late(make_server, way, how):
    server = make_server(workers=2)
    owner, member = server.users("owner", "member")
    room = group(owner, member)
    first = {"room": room, "cid": new_cid(), "body": "first"}
    first["joined"] = room_of(member, room)["joined"]
    late = Late(server, member, owner, way, how)
    with late.waiting("send", first):
        late.owner_does("remove", room=room, user=member.id)
        assert late.refused("send", first) == "not_found"
        late.owner_does("add", room=room, user=member.id)
        later = late.again.ask("send", room=room, cid=new_cid(), body="later")
    # Behind whatever the worker made of the late try.
    assert "seq" in late.beside.ask("send", room=room, cid=new_cid(), body="behind")
    stored = [event["body"] for event in history(owner, room) if event["ev"] == "message"]
    assert stored == ["later", "behind"]
    # Who knows of the new membership may send it again.
    first["joined"] = room_of(member, room)["joined"]
    assert late.again.ask("send", **first)["seq"] > later["seq"]


# What a member asks, being an admin; others are "owner", "guest" (a member) and "new" (not one).
CHANGES = {
    "rename": {"label": "late"},
    "topic": {"topic": "late"},
    "add": {"user": "new"},
    "remove": {"user": "guest"},
    "mute": {"until": FAR},
    "archive": {"on": True},
    "leave": {},
}


@ways
@pytest.mark.parametrize("op", CHANGES)
def test_refused_change_is_not_made_by_a_try_that_was_late(make_server, way, op):
    server = make_server(workers=2)
    names = ("owner", "member", "guest", "new")
    people = dict(zip(names, server.users("owner", "member", "guest", "newcomer"), strict=True))
    owner, member = people["owner"], people["member"]
    room = group(owner, member, people["guest"])
    owner.api.call("role", room=room, user=member.id, role="admin")
    fields = {"room": room, "cid": new_cid(), "known": room_of(member, room)["seq"]}
    fields |= {k: people[v].id if k == "user" else v for k, v in CHANGES[op].items()}
    late = Late(server, member, owner, way, "end")
    with late.waiting(op, fields):
        late.owner_does("remove", room=room, user=member.id)
        assert late.refused(op, fields) == "not_found"
        late.owner_does("add", room=room, user=member.id)
        late.owner_does("role", room=room, user=member.id, role="admin")
        before = history(owner, room), room_of(member, room)
    assert "seq" in late.beside.ask("send", room=room, cid=new_cid(), body="behind")
    events = history(owner, room)
    assert events[:-1] == before[0]
    assert events[-1]["body"] == "behind"
    now = room_of(member, room)
    assert {k: now[k] for k in ("muted", "archived", "label", "topic", "members", "role")} == {
        k: before[1][k] for k in ("muted", "archived", "label", "topic", "members", "role")
    }
    # Who has looked again may ask it anew.
    assert late.refused(op, fields) == "conflict"
    fields |= {"cid": new_cid(), "known": now["seq"]}
    assert "error" not in late.again.ask(op, **fields)


@ways
@pytest.mark.parametrize("op", ["visibility", "role"])
def test_what_only_an_owner_may_is_refused_for_good(make_server, way, op):
    server = make_server(workers=2)
    owner, member, guest = server.users("owner", "member", "guest")
    room = group(member, owner, guest)
    fields = {"room": room, "cid": new_cid(), "known": room_of(member, room)["seq"]}
    fields |= {"kind": "public"} if op == "visibility" else {"user": guest.id, "role": "admin"}
    late = Late(server, member, owner, way, "end")
    with late.waiting(op, fields):
        assert "error" not in late.again.ask("role", room=room, user=owner.id, role="owner")
        assert late.refused(op, fields) == "forbidden"
        late.owner_does("role", room=room, user=member.id, role="owner")
    assert "seq" in late.beside.ask("send", room=room, cid=new_cid(), body="behind")
    assert fields["cid"] not in {event["cid"] for event in history(owner, room)}
    assert late.refused(op, fields) == "conflict"


@ways
def test_refused_join_is_not_made_by_a_try_that_was_late(make_server, way):
    server = make_server(workers=2)
    owner, stranger = server.users("owner", "other")
    room = group(owner, kind="public")
    fields = {"room": room, "cid": new_cid(), "known": room_of(stranger, room)["seq"]}
    late = Late(server, stranger, owner, way, "end")
    with late.waiting("join", fields):
        late.owner_does("visibility", room=room, kind="private")
        assert late.refused("join", fields) == "not_found"
        late.owner_does("visibility", room=room, kind="public")
    assert "seq" in late.beside.ask("send", room=room, cid=new_cid(), body="behind")
    assert "role" not in room_of(stranger, room)
    assert late.refused("join", fields) == "conflict"


def test_a_change_answers_with_its_number_which_the_next_one_may_name(make_server):
    server = make_server(workers=1)
    owner, other = server.users("owner", "other")
    room = group(owner)
    known = room_of(owner, room)["seq"]
    ask = owner.api.call
    known = ask("add", room=room, user=other.id, known=known)["seq"]
    known = ask("role", room=room, user=other.id, role="admin", known=known)["seq"]
    again = {"room": room, "user": other.id, "role": "admin", "known": known}
    assert "seq" not in ask("role", **again), "it is so already"
    known = ask("remove", room=room, user=other.id, known=known)["seq"]
    known = ask("rename", room=room, label="one", known=known)["seq"]
    assert known == history(owner, room)[-1]["seq"]
    assert other.api.refusal("join", room=room, known=known).code == "not_found"
