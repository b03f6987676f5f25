"""A conversation that must come to its end whatever happens to the worker meanwhile: everything
that people do, once."""

import json
import socket
import time
from collections.abc import Callable

from burung.api import Reply, http_request, new_cid
from burung.scene import RawDevice
from burung.server import PASSWORD, Account, Server

PATIENCE = 20.0  # for one step, the worker's death included
SILENCE = 10.0  # for one answer
JSON = {"Content-Type": "application/json"}
PASSING = ("busy", "slow_down")
LOST = (OSError, EOFError)


class Wrong(Exception):
    """An answer that want of memory does not excuse."""


class Person:
    """One device that goes on through losses: connects again, resumes, asks again."""

    def __init__(self, server: Server, account: Account, room: str):
        self.server, self.account, self.room = server, account, room
        self.device: RawDevice | None = None
        self.seq, self.cid = 0, ""
        self.acked: dict[str, tuple[int, str]] = {}  # cid → seq, body

    def until(self, what: str, step: Callable):
        """What step() returns once it is not cut off and not told to wait."""
        end = time.monotonic() + PATIENCE
        while True:
            try:
                answer = step()
                code = answer.get("error", {}).get("code") if isinstance(answer, dict) else None
                if code is None:
                    return answer
                if code not in PASSING:
                    raise Wrong(f"{what}: {answer['error']}")
            except TimeoutError:
                raise Wrong(f"{what}: no answer in {SILENCE:g} s") from None
            except LOST as lost:
                self.cut()
                answer = lost
            if time.monotonic() > end:
                raise Wrong(f"{what}: not done in {PATIENCE:g} s, at last {answer}")
            time.sleep(0.01)

    # The WebSocket

    def cut(self) -> None:
        if self.device is not None:
            self.device.socket.close()
        self.device = None

    def greeted(self) -> RawDevice:
        """The present connection, or a new one that resumes."""
        if self.device is None:
            device = Listener(self)
            known = {self.room: [self.seq, self.cid]} if self.seq else {}
            answer = device.ask("hello", rooms=known)
            if "error" in answer:
                raise ConnectionError(f"hello: {answer}")
            if not self.seq:
                mine = next(each for each in answer["rooms"] if each["id"] == self.room)
                self.seq, self.cid = mine["seq"], mine["cid"]
            self.device = device
        return self.device

    def ask(self, op: str, **fields) -> dict:
        return self.until(op, lambda: self.greeted().ask(op, **fields))

    def took(self, event: dict) -> None:
        if event["room"] != self.room:
            return
        if event["seq"] != self.seq + 1:
            raise Wrong(f"{self.account.name} is told {event['seq']} after {self.seq}")
        self.seq, self.cid = event["seq"], event["cid"]

    def send(self, *bodies: str, **fields) -> None:
        cids = {new_cid(): body for body in bodies}
        messages = [{"cid": cid, "body": body, **fields} for cid, body in cids.items()]
        if len(bodies) > 1:
            results = self.ask("send", room=self.room, messages=messages)["results"]
        else:
            results = [
                {"cid": messages[0]["cid"], **self.ask("send", room=self.room, **messages[0])}
            ]
        for result in results:
            self.acked[result["cid"]] = (result["seq"], cids[result["cid"]])

    def hear_to(self, seq: int) -> None:
        """Reads until this event came."""

        def read():
            self.greeted()
            while self.seq < seq:
                self.device.hear()

        self.until(f"hear of {seq}", read)

    # HTTP

    def request(self, method: str, path: str, status: int, **options) -> Reply:
        """An answer with this status; busy ones are asked for again."""

        def once():
            reply = http_request(self.server.port, method, path, timeout=SILENCE, **options)
            if reply.status in (429, 503):
                raise ConnectionError(f"{reply.status}: {reply.body!r}")
            if reply.status != status:
                raise Wrong(f"{method} {path}: {reply.status}, not {status}: {reply.body!r}")
            return reply

        return self.until(f"{method} {path}", once)

    def call(self, op: str, **fields) -> dict:
        return self.until(op, lambda: self.account.api.raw(op, json_of(fields)).json())


class Listener(RawDevice):
    """A connection whose events go to its person."""

    def __init__(self, person: Person):
        self.person = person
        try:
            super().__init__(person.server, person.account, timeout=SILENCE)
        except AssertionError as error:
            raise Wrong(f"upgrade answered with {error}") from None

    def hear(self) -> dict:
        heard = super().hear()
        if "ev" in heard:
            self.person.took(heard)
        return heard


def conversation(server: Server, ani: Person, budi: Person) -> None:
    """Everything that people do, once: what a worker has code for, in short."""
    ani.send("halo")
    budi.send("apa kabar? " * 40, reply=ani.acked[next(reversed(ani.acked))][0])
    ani.send(*(f'"{i}"\n \u2603 \\ {"x" * 60}' for i in range(5)))
    budi.hear_to(max(seq for seq, _ in ani.acked.values()))
    look_around(budi)
    rooms(ani, budi)
    budi.cut()
    ani.send("while you were out")
    budi.hear_to(max(seq for seq, _ in ani.acked.values()))
    accounts(server, ani)
    web(server, ani)
    for person in (ani, budi):
        person.cut()
        person.ask("ping")


def look_around(who: Person) -> None:
    page = who.ask("history", room=who.room, limit=20)
    assert [e["seq"] for e in page["events"]] == list(range(page["events"][0]["seq"], who.seq + 1))
    who.ask("history", room=who.room, around=3)
    who.ask("read", room=who.room, seq=who.seq)
    who.ask("typing", room=who.room)
    who.ask("members", room=who.room)
    who.ask("presence", users=[who.account.id])
    who.ask("users", ids=[who.account.id])
    who.ask("people", prefix="a")
    who.ask("groups", words="a ro")
    who.ask("rooms")
    who.ask("sessions")
    who.ask("mute", room=who.room, until=0)
    who.ask("profile", display="Budi " + "b" * 40)
    assert who.ask("me")["user"]["display"] == "Budi " + "b" * 40
    assert who.ask("info")["registration"] == "open"


def rooms(one: Person, other: Person) -> None:
    label, cid = f"a room with a long label {new_cid()}", new_cid()
    room = one.ask("room_create", kind="private", label=label, members=[other.account.id], cid=cid)
    room = room["room"]
    seen = {name: room[name] for name in ("kind", "label", "members")}
    assert seen == {"kind": "private", "label": label, "members": 2}, room
    for op, fields in (
        ("rename", {"label": label[::-1]}),
        ("topic", {"topic": "t" * 80}),
        ("role", {"user": other.account.id, "role": "admin"}),
        ("remove", {"user": other.account.id}),
        ("add", {"user": other.account.id}),
        ("visibility", {"kind": "public"}),
    ):
        one.ask(op, room=room["id"], cid=new_cid(), **fields)
    assert one.ask("room", room=room["id"])["room"]["label"] == label[::-1]
    other.ask("leave", room=room["id"], cid=new_cid())
    other.ask("join", room=room["id"], cid=new_cid())
    one.ask("direct", user=other.account.id)
    for person in (other, one):  # who may own so many and no more
        person.ask("leave", room=room["id"], cid=new_cid())


def accounts(server: Server, who: Person) -> None:
    name = who.account.name
    answer = who.call("login", name=name, password=PASSWORD, token=True, device="another")
    other = Account(who.account.id, name, answer["token"], server.api(answer["token"]))
    log_out(Person(server, other, who.room))
    wrong = who.request(
        "POST",
        "/api/login",
        401,
        body=json_of({"name": name, "password": "wrong horse"}),
        headers={"Content-Type": "application/json"},
    )
    assert wrong.json()["error"]["code"] == "unauthorized"
    invite = who.call("invite_create", days=3)["invite"]
    assert any(each["id"] == invite["id"] for each in who.call("invites")["invites"])
    who.call("invite_revoke", invite=invite["id"])
    who.call("password", old=PASSWORD, new=PASSWORD)


def log_out(who: Person) -> None:
    """When the first try was carried out and not answered, the next one is nobody's."""
    try:
        who.call("logout")
    except Wrong as wrong:
        if "unauthorized" not in str(wrong):
            raise
        token = {"Authorization": f"Bearer {who.account.token}"}
        who.request("POST", "/api/me", 401, body=b"{}", headers=JSON | token)


def web(server: Server, who: Person) -> None:
    page = who.request("GET", "/", 200)
    assert page.body == (server.folder / "www/index.html").read_bytes()
    who.request("GET", "/", 304, headers={"If-None-Match": page.headers["ETag"]})
    who.request("GET", "/none.css", 404)
    who.request("GET", "/healthz", 200)
    who.request("GET", "/readyz", 200)
    who.request("POST", "/api/info", 400, body=b"{nonsense", headers=JSON)
    who.request("POST", "/api/info", 413, body=b"x" * 70000, headers=JSON)
    figures = who.until("metrics", lambda: ask_admin(server, "GET", "/metrics"))
    assert b"burung_connections" in figures
    users = who.until("user_list", lambda: ask_admin(server, "POST", "/admin/user_list", b"{}"))
    assert who.account.id.encode() in users, users


def ask_admin(server: Server, method: str, path: str, body: bytes = b"") -> bytes:
    """An answer of the administrators' socket."""
    head = f"{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as unix:
        unix.settimeout(SILENCE)
        unix.connect(str(server.data / "run/admin.sock"))
        unix.sendall(head.encode() + body)
        whole = b""
        while data := unix.recv(65536):
            whole += data
    head, _, body = whole.partition(b"\r\n\r\n")
    if b" 200 " not in head:
        raise ConnectionError(f"{path}: {head!r} {body!r}")
    return body


def json_of(fields: dict) -> bytes:
    return json.dumps(fields).encode()
