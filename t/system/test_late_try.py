"""A try whose connection is gone lies unread at a stopped worker, while the same cid is refused
elsewhere: what was refused is not stored later, when its sender is a member again."""

import json
import os
import signal
import socket
import struct

import pytest
from burung import new_cid
from burung.raw import TEXT, Raw, encode
from burung.scene import RawDevice, group, history, room_of
from burung.server import send_signal, wait_for


def port_of(device: Raw) -> int:
    return device.socket.getsockname()[1]


def greeted(server, account, wanted) -> RawDevice:
    """A device at a worker that is wanted."""
    for _ in range(60):
        device = RawDevice(server, account)
        if wanted(server.worker_of(port_of(device))):
            device.hello()
            return device
        device.socket.close()
    raise AssertionError("60 connections, none at a worker that is wanted")


def over_websocket(server, member) -> Raw:
    return greeted(server, member, bool)


def over_http(server, member) -> Raw:
    device = Raw(server.port)
    device.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    _, headers = device.head()
    device.take(int(headers["content-length"]))
    return device


def send_over(device: Raw, member, fields: dict) -> None:
    if isinstance(device, RawDevice):
        device.send(encode(TEXT, json.dumps({"id": 9, "op": "send", **fields}).encode()))
        return
    body = json.dumps(fields).encode()
    head = (
        "POST /api/send HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {member.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    device.send(head.encode() + body)


def cut(sock: socket.socket, how: str) -> None:
    """reset: as when a host's state is lost; end: as when a process is killed."""
    if how == "reset":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def queued(server, port: int) -> int:
    """Bytes from this port that the server has not read."""
    with open("/proc/net/tcp") as table:
        for line in list(table)[1:]:
            fields = line.split()
            ends = [int(fields[i].split(":")[1], 16) for i in (1, 2)]
            if ends == [server.port, port]:
                return int(fields[4].split(":")[1], 16)
    return 0


def holds(pid: int, inode: str) -> bool:
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{name}") == f"socket:[{inode}]":
                return True
        except FileNotFoundError:
            continue
    return False


@pytest.mark.parametrize("how", ["reset", "end"])
@pytest.mark.parametrize("way", [over_websocket, over_http])
def test_refused_message_is_not_stored_by_a_try_that_was_late(make_server, way, how):
    server = make_server(workers=2)
    owner, member = server.users("owner", "member")
    room = group(owner, member)
    first = {"room": room, "cid": new_cid(), "body": "first"}
    first["joined"] = room_of(member, room)["joined"]
    device = way(server, member)
    port, pid = port_of(device), server.worker_of(port_of(device))
    inode = server.inode_of(port)
    beside = greeted(server, owner, lambda at: at == pid)
    elsewhere, again = (greeted(server, who, lambda at: at != pid) for who in (owner, member))
    send_signal(pid, signal.SIGSTOP)
    try:
        send_over(device, member, first)
        wait_for("the send lies in the socket", lambda: queued(server, port))
        cut(device.socket, how)
        assert "error" not in elsewhere.ask("remove", room=room, user=member.id)
        assert again.ask("send", **first)["error"]["code"] == "not_found"
        assert "error" not in elsewhere.ask("add", room=room, user=member.id)
        later = again.ask("send", room=room, cid=new_cid(), body="later")
    finally:
        send_signal(pid, signal.SIGCONT)
    wait_for("the late connection is gone", lambda: not holds(pid, inode))
    # Behind whatever the worker made of the late try.
    assert "seq" in beside.ask("send", room=room, cid=new_cid(), body="behind")
    stored = [event["body"] for event in history(owner, room) if event["ev"] == "message"]
    assert stored == ["later", "behind"]
    # Who knows of the new membership may send it again.
    first["joined"] = room_of(member, room)["joined"]
    assert again.ask("send", **first)["seq"] > later["seq"]
