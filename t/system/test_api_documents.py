"""doc/openapi.yaml and doc/asyncapi.yaml say what the server does: all of it, and nothing else."""

import json
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
import websockets.sync.client as ws
from burung import Refused, Server, http_request, new_cid
from burung.documents import AsyncApi, OpenApi
from burung.raw import BINARY, TEXT, Raw, encode
from burung.scene import locked_store, say_many
from burung.server import PASSWORD, TOP, Account, binary, wait_for
from jsonschema import Draft7Validator
from openapi_spec_validator import validate as validate_openapi
from websockets.exceptions import ConnectionClosed

NOBODY = "ff" * 12
FAR = 4102444800000  # the year 2100
ASYNCAPI_SCHEMA = TOP / "t/node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json"

# What no test can make happen from outside.
UNPROVOKED_CODES = {
    "internal": "a defect; none is known",
}
# `busy` is provoked where messages, members, rooms and accounts are written, by taking away the
# database's write lock; each takes its 2 s there, so not of every command. Reading goes on
# meanwhile; a store that cannot be read either is what t/store_faults.c has.
WRITING = {"add", "logout", "register", "room_create", "send"}


def table() -> dict[str, set[str]]:
    """The server's commands: name → flags."""
    lines = subprocess.check_output([binary().parent / "t/helpers/commands"], text=True)
    return {name: set(flags) for name, *flags in map(str.split, lines.splitlines())}


class Device:
    """One WebSocket, whose every frame is held against the document."""

    def __init__(self, port: int, token: str, doc: AsyncApi):
        self.doc = doc
        self.frames: list[dict] = []
        self.count = 0
        connection = ws.connect(
            f"ws://127.0.0.1:{port}/ws",
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            proxy=None,
            max_size=None,
        )
        self.socket = connection.__enter__()

    def close(self) -> None:
        self.socket.close()

    def hear(self, op: str | None = None, timeout: float = 10) -> dict:
        frame = json.loads(self.socket.recv(timeout))
        self.doc.check_frame(frame, op)
        self.frames.append(frame)
        return frame

    def ask(self, op: str, *, proper: bool = True, **fields) -> dict:
        self.count += 1
        command = {"id": self.count, "op": op, **fields}
        if proper:
            self.doc.check_command(command)
        self.socket.send(json.dumps(command))
        while (answer := self.hear(op)).get("re") != self.count:
            pass
        if "error" in answer:
            raise Refused(op, answer["error"])
        return answer

    def until(self, **fields) -> dict:
        """The first frame, of those heard or to come, that has these fields."""
        for frame in self.frames:
            if fields.items() <= frame.items():
                return frame
        while not fields.items() <= (frame := self.hear()).items():
            pass
        return frame

    def close_code(self) -> int:
        try:
            while True:
                self.hear()
        except ConnectionClosed as closed:
            return closed.rcvd.code


class Stage:
    """A server with people on it, and what has been seen there."""

    def __init__(self, server: Server):
        self.server = server
        self.http = OpenApi()
        self.ws = AsyncApi()
        self.examples: dict[str, dict] = {}  # op → fields that were accepted
        self.provoked: set[tuple[str, int, str]] = set()
        self.devices: dict[str, Device] = {}

    def person(self, name: str) -> Account:
        return self.server.user(name)

    def post(self, who: Account | None, op: str, body: bytes, **headers) -> dict:
        """One request; whatever the answer is, it is documented."""
        api = who.api if who else self.server.api()
        reply = api.raw(op, body, **headers)
        kind = reply.headers.get_content_type()
        if kind != "application/json":
            self.http.response(op, reply.status, kind)
            return {"error": {"code": None}, "status": reply.status}
        answer = reply.json()
        self.http.check_answer(op, reply.status, answer)
        for name in ("Set-Cookie", "Retry-After"):
            self.http.check_header(op, reply.status, name, reply.headers[name])
        if "error" in answer:
            code = answer["error"]["code"]
            assert (reply.status in (429, 503)) == (reply.headers["Retry-After"] is not None)
            self.provoked.add((op, reply.status, code))
        return {**answer, "status": reply.status}

    def by_http(self, who: Account | None, op: str, *, proper: bool = True, **fields) -> dict:
        if proper:
            self.http.check_request(op, fields)
        answer = self.post(who, op, json.dumps(fields).encode())
        if "error" in answer:
            raise Refused(op, answer["error"], answer["status"])
        if proper and op not in self.examples:
            self.examples[op] = fields
        return answer

    def by_ws(self, who: Account, op: str, *, proper: bool = True, **fields) -> dict:
        return self.devices[who.name].ask(op, proper=proper, **fields)

    def open(self, who: Account, **hello) -> Device:
        """A new device in place of the last one."""
        if who.name in self.devices:
            self.devices.pop(who.name).close()
        device = Device(self.server.port, who.token, self.ws)
        device.ask("hello", **hello)
        self.devices[who.name] = device
        return device

    def close(self) -> None:
        for device in self.devices.values():
            device.close()


class Script:
    """The same acts over one protocol or the other."""

    def __init__(self, stage: Stage, way, tag: str):
        self.stage = stage
        self.way = way
        self.tag = tag
        self.ani, self.budi, self.citra = (stage.person(n) for n in ("ani", "budi", "citra"))

    def ask(self, who: Account, op: str, **fields) -> dict:
        return self.way(who, op, **fields)

    def refuse(self, who: Account, code: str, op: str, **fields) -> None:
        with pytest.raises(Refused) as refused:
            self.way(who, op, proper=False, **fields)
        assert refused.value.code == code, f"{op} {fields}: {refused.value}"

    def play(self) -> None:
        self.accounts()
        self.own_account()
        self.invitations()
        self.make_rooms()
        self.talk()
        self.lists()
        self.change_rooms()
        self.refusals()
        self.old_knowledge()
        self.used_cids()

    def accounts(self) -> None:
        self.ask(self.ani, "info")
        self.ask(self.ani, "me")
        self.ask(self.ani, "ping")
        self.ask(self.ani, "users", ids=[self.ani.id, self.budi.id])
        self.ask(self.ani, "presence", users=[self.ani.id, self.budi.id])

    def own_account(self) -> None:
        eka = self.person_online(f"eka.{self.tag}")
        self.ask(self.ani, "direct", user=eka.id)
        self.ask(eka, "profile", display="Eka")
        for device in ("tablet", "telephone"):
            self.log_in(eka, device=device)
        sessions = self.ask(eka, "sessions")["sessions"]
        other = next(each["id"] for each in sessions if "this" not in each)
        self.ask(eka, "session_revoke", session=other)
        self.ask(eka, "session_revoke", others=True)
        self.ask(eka, "password", old=PASSWORD, new="another password")
        self.refuse(eka, "unauthorized", "password", old=PASSWORD, new="yet another one")
        self.ask(eka, "password", old="another password", new=PASSWORD)
        self.refuse(eka, "unauthorized", "account_delete", password="a wrong one")
        self.ask(eka, "account_delete", password=PASSWORD)
        assert self.ask(self.ani, "users", ids=[eka.id])["users"][0]["gone"]
        self.refuse(self.ani, "forbidden", "account_delete", password=PASSWORD)

    def person_online(self, name: str) -> Account:
        person = self.stage.person(name)
        self.stage.open(person)
        return person

    def log_in(self, who: Account, **fields) -> None:
        self.stage.by_http(None, "login", name=who.name, password=PASSWORD, token=True, **fields)

    def invitations(self) -> None:
        ani, budi = self.ani, self.budi
        invite = self.ask(ani, "invite_create", days=1)["invite"]["id"]
        self.ask(ani, "invite_create")
        page = self.ask(ani, "invites", limit=1)
        self.ask(ani, "invites", limit=1, next=page["next"])
        self.ask(ani, "invite_revoke", invite=invite)
        self.refuse(budi, "forbidden", "invite_create")
        self.refuse(budi, "forbidden", "invites")
        self.refuse(budi, "forbidden", "invite_revoke", invite=invite)

    def make_rooms(self) -> None:
        cid = new_cid()
        made = [
            self.ask(
                self.ani,
                "room_create",
                kind=kind,
                label=f"{kind} {self.tag}",
                members=[self.budi.id],
                cid=cid,
            )
            for kind, cid in (
                ("public", new_cid()),
                ("public", new_cid()),
                ("private", cid),
                ("private", cid),
            )
        ]
        self.public, _, self.private, again = (each["room"]["id"] for each in made)
        assert again == self.private
        self.direct = self.ask(self.ani, "direct", user=self.budi.id)["room"]["id"]
        self.ask(self.citra, "room", room=self.public)
        self.ask(self.citra, "join", room=self.public)

    def talk(self) -> None:
        first = {"room": self.direct, "cid": new_cid(), "body": "halo"}
        seq = self.ask(self.ani, "send", **first)["seq"]
        assert self.ask(self.ani, "send", **first)["seq"] == seq
        self.refuse(self.ani, "conflict", "send", **{**first, "body": "other"})
        many = [{"cid": new_cid(), "body": "ya"}, {"cid": new_cid(), "body": "ya?", "reply": seq}]
        self.ask(self.budi, "send", room=self.direct, messages=many)
        answer = {"room": self.direct, "cid": new_cid(), "body": "ya.", "reply": seq}
        self.ask(self.budi, "send", **answer)
        self.ask(self.ani, "drop", room=self.direct, cid=new_cid())
        self.ask(self.ani, "read", room=self.direct, seq=seq + 1)
        joined = self.ask(self.ani, "room", room=self.direct)["room"]["joined"]
        bound = {"room": self.direct, "joined": joined}
        self.ask(self.ani, "send", **bound, cid=new_cid(), body="ya!")
        self.ask(self.ani, "send", **bound, messages=[{"cid": new_cid(), "body": "ya."}])
        self.refuse(
            self.ani, "not_member", "send", **{**answer, "joined": joined + 9, "cid": new_cid()}
        )
        self.ask(self.ani, "typing", room=self.direct)
        self.ask(self.ani, "history", room=self.direct)
        for where in ("before", "after", "around"):
            self.ask(self.ani, "history", room=self.direct, limit=2, **{where: seq})
        self.refuse(self.ani, "too_large", "send", **{**first, "body": "x" * 16385})

    def lists(self) -> None:
        for op, fields in (
            ("rooms", {}),
            ("members", {"room": self.public}),
            ("people", {"prefix": ""}),
            ("groups", {"prefix": "public"}),
            ("groups", {"words": "public"}),
        ):
            page = self.ask(self.ani, op, limit=1, **fields)
            self.ask(self.ani, op, limit=1, next=page["next"], **fields)

    def change_rooms(self) -> None:
        ani, budi, citra = self.ani, self.budi, self.citra
        self.ask(ani, "add", room=self.private, user=citra.id)
        self.ask(ani, "role", room=self.private, user=citra.id, role="admin")
        self.ask(ani, "role", room=self.private, user=citra.id, role="member")
        self.ask(ani, "remove", room=self.private, user=citra.id)
        self.ask(ani, "role", room=self.private, user=budi.id, role="owner")
        self.ask(budi, "leave", room=self.private)  # ani inherits
        self.ask(citra, "leave", room=self.public)
        self.ask(ani, "rename", room=self.private, label=f"other {self.tag}")
        self.ask(ani, "topic", room=self.private, topic="what it is about")
        for kind in ("public", "private"):
            self.ask(ani, "visibility", room=self.private, kind=kind)
        self.ask(ani, "mute", room=self.private, until=FAR - 1)
        for on in (True, False):
            self.ask(ani, "archive", room=self.private, on=on)
        for room in (self.public, self.private):
            self.ask(ani, "history", room=room, limit=200)

    def used_cids(self) -> None:
        """A cid makes a change once, and is no good for another one."""
        ani, room = self.ani, self.private
        cid, own = new_cid(), new_cid()
        self.ask(ani, "topic", room=room, topic="once", cid=cid)
        for op, fields in (
            ("topic", {"topic": "twice"}),
            ("rename", {"label": "twice"}),
            ("visibility", {"kind": "public"}),
            ("add", {"user": self.citra.id}),
            ("remove", {"user": self.budi.id}),
            ("role", {"user": self.budi.id, "role": "admin"}),
            ("join", {}),
            ("leave", {}),
        ):
            self.refuse(ani, "conflict", op, room=room, cid=cid, **fields)
        self.ask(ani, "mute", room=room, until=FAR, cid=own)
        self.refuse(ani, "conflict", "mute", room=room, until=FAR + 1, cid=own)
        self.refuse(ani, "conflict", "archive", room=room, on=True, cid=own)
        for op, fields in (
            ("add", {"user": self.budi.id}),
            ("role", {"user": self.budi.id, "role": "admin"}),
            ("remove", {"user": self.budi.id}),
            ("rename", {"label": "all"}),
            ("topic", {"topic": "all"}),
            ("visibility", {"kind": "public"}),
            ("mute", {"until": FAR - 2}),
            ("archive", {"on": False}),
            ("join", {}),
            ("leave", {}),
        ):
            known = self.ask(ani, "room", room=room)["room"]["seq"]
            self.ask(ani, op, room=room, cid=new_cid(), known=known, **fields)

    def old_knowledge(self) -> None:
        """Nobody changes what they have not seen: ani handed the room over, and inherited it."""
        ani, room = self.ani, self.private
        for op, fields in (
            ("topic", {"topic": "as of long ago"}),
            ("rename", {"label": "as of long ago"}),
            ("visibility", {"kind": "public"}),
            ("add", {"user": self.citra.id}),
            ("remove", {"user": self.budi.id}),
            ("role", {"user": self.budi.id, "role": "admin"}),
            ("mute", {"until": FAR - 5}),
            ("archive", {"on": True}),
            ("leave", {}),
        ):
            if op == "remove":
                self.ask(ani, "add", room=room, user=self.budi.id)
            self.refuse(ani, "conflict", op, room=room, known=1, **fields)
        self.ask(ani, "remove", room=room, user=self.budi.id)

    def refusals(self) -> None:
        """Every code that a document names for one command in particular."""
        ani, budi, citra = self.ani, self.budi, self.citra
        for op, fields in (
            ("send", {"cid": new_cid(), "body": "x"}),
            ("history", {}),
            ("members", {}),
            ("read", {"seq": 1}),
            ("typing", {}),
            ("add", {"user": budi.id}),
            ("remove", {"user": ani.id}),
            ("role", {"user": ani.id, "role": "member"}),
            ("rename", {"label": "x"}),
            ("topic", {"topic": "x"}),
            ("visibility", {"kind": "public"}),
            ("mute", {"until": 0}),
            ("archive", {"on": True}),
        ):
            self.refuse(citra, "not_member", op, room=self.public, **fields)
            self.refuse(citra, "not_found", op, room=self.private, **fields)
        for op in ("room", "join", "leave"):
            self.refuse(citra, "not_found", op, room=self.private)
        self.refuse(ani, "not_found", "direct", user=NOBODY)
        self.refuse(ani, "not_found", "room_create", kind="public", label="x", members=[NOBODY])
        self.refuse(ani, "forbidden", "leave", room=self.direct)
        self.refuse(ani, "forbidden", "join", room=self.direct)
        self.refuse(ani, "forbidden", "send", room=ani.id, cid=new_cid(), body="x")
        self.refuse(budi, "forbidden", "add", room=self.public, user=citra.id)
        self.refuse(budi, "forbidden", "remove", room=self.public, user=ani.id)
        self.refuse(budi, "forbidden", "rename", room=self.public, label="x")
        self.refuse(budi, "forbidden", "topic", room=self.public, topic="x")
        self.refuse(budi, "forbidden", "visibility", room=self.public, kind="private")
        self.refuse(budi, "forbidden", "role", room=self.public, user=ani.id, role="member")


def log_in_and_out(stage: Stage) -> None:
    """The commands that only HTTP has, with token and with cookie."""
    ani = stage.person("ani")
    nobody = stage.server.api()
    new = {"name": "dewi", "password": PASSWORD, "display": "Dewi", "device": "telephone"}
    stage.by_http(None, "register", **new, token=True)
    with pytest.raises(Refused, match="conflict"):
        stage.by_http(None, "register", **new)
    known = {"name": "dewi", "password": PASSWORD, "device": "telephone"}
    token = stage.by_http(None, "login", **known, token=True)["token"]
    other = stage.by_http(None, "login", **known, token=True)["token"]
    dewi = Account("", "dewi", token, stage.server.api(token))
    device = stage.open(dewi)
    watching = Device(stage.server.port, other, stage.ws)
    watching.ask("hello")
    device.ask("logout")
    assert device.close_code() == 4401
    assert watching.until(ev="session_revoked")
    cookie = nobody.raw("login", json.dumps(known).encode()).headers["Set-Cookie"]
    stage.http.check_header("login", 200, "Set-Cookie", cookie)
    dewi.api.token, dewi.api.headers = None, {"Cookie": cookie.partition(";")[0]}
    stage.by_http(dewi, "logout")
    with pytest.raises(Refused, match="unauthorized"):
        stage.by_http(None, "login", name="dewi", password="a wrong one")
    for _ in range(12):
        reply = stage.post(None, "login", b'{"name":"nobody","password":"a wrong one"}')
    assert reply["error"]["code"] == "slow_down"
    watching.close()
    fajar = stage.person("fajar")
    for op, wrong in (
        ("password", {"old": "a wrong one", "new": "another one"}),
        ("account_delete", {"password": "a wrong one"}),
    ):
        for _ in range(12):
            answer = stage.post(fajar, op, json.dumps(wrong).encode())
        assert answer["error"]["code"] == "slow_down"
    assert stage.by_http(ani, "me")["user"]["admin"] is True


def resume(stage: Stage) -> None:
    """The signals of hello: a room named that is the same, one that is not, and many rooms."""
    ani, budi = stage.person("ani"), stage.person("budi")
    room = ani.api.call("room_create", kind="private", label="again", members=[budi.id])["room"]
    say_many(budi, room["id"], 3)
    for n in range(201):
        budi.api.call("room_create", kind="private", label=f"room {n}")
    device = stage.open(ani, rooms={room["id"]: [room["seq"], room["cid"]]})
    assert device.until(ev="message", room=room["id"])
    device.until(sig="synced")
    device = stage.open(ani, rooms={room["id"]: [room["seq"], new_cid()]})
    assert device.until(sig="reset")
    device = stage.open(budi)
    assert device.until(sig="rooms", more=False)
    device.close()
    wait_for(
        "budi was seen",
        lambda: "last_seen" in stage.by_http(ani, "users", ids=[budi.id])["users"][0],
        timeout=30,
    )


def store_gone(stage: Stage) -> None:
    """What writes is told busy, and devices are told of the store."""
    server, ani = stage.server, stage.person("ani")
    device = stage.open(ani)
    asked = {op: fields for op, fields in stage.examples.items() if op in WRITING}
    asked["send"] = {**asked["send"], "cid": new_cid()}
    asked["register"] = {**asked["register"], "name": "eko"}
    with locked_store(server), ThreadPoolExecutor(len(asked)) as pool:
        answers = pool.map(
            lambda one: stage.post(ani, one[0], json.dumps(one[1]).encode()), asked.items()
        )
        for op, answer in zip(asked, answers, strict=True):
            assert answer.get("error", {}).get("code") == "busy", f"{op}: {answer}"
        device.until(sig="store", ok=False)
    device.until(sig="store", ok=True)


def garbage(stage: Stage) -> None:
    """What is refused of every command, whatever it does."""
    ani = stage.person("ani")
    for op in stage.http.ops:
        stage.post(ani, op, b"[]")
        stage.post(ani, op, b"{}", Origin="https://elsewhere.example")
        if not stage.http.is_public(op):
            stage.post(None, op, b"{}")
        assert stage.post(ani, op, b"{}", Content_Type="text/plain")["status"] == 415
        stage.provoked.add((op, 415, "bad_request"))
        assert stage.post(ani, op, b" " * 65537)["status"] == 413
        stage.provoked.add((op, 413, "too_large"))
    device = stage.open(ani)
    device.socket.send("[]")
    assert device.until(re=None)["error"]["code"] == "bad_request"


def too_often(stage: Stage) -> None:
    """Every command is slowed down: of a session, or without one of an address."""
    limits = {"limit_requests_connection": "1/h 10", "limit_requests_user": "1/h 10"}
    with Server(workers=1, **limits) as server:
        other = Stage(server)
        other.http.seen, other.provoked = stage.http.seen, stage.provoked
        ani = other.person("ani")
        for who, op in ((ani, "me"), (None, "info")):
            wait_for("slowed", lambda w=who, o=op: other.post(w, o, b"{}")["status"] == 429)
        for op in other.http.ops:
            who = None if other.http.is_public(op) else ani
            answer = other.post(who, op, b"{}")
            assert answer["error"]["code"] == "slow_down", f"{op}: {answer}"


def registration_by_invitation(stage: Stage) -> None:
    with Server(workers=1, registration="invite") as server:
        other = Stage(server)
        other.http.seen, other.provoked = stage.http.seen, stage.provoked
        ani = other.person("ani")
        other.by_http(None, "info")
        token = other.by_http(ani, "invite_create")["token"]
        new = {"name": "budi", "password": PASSWORD}
        with pytest.raises(Refused, match="forbidden"):
            other.by_http(None, "register", **new)
        other.by_http(None, "register", **new, invite=token)
        assert "used" in other.by_http(ani, "invites")["invites"][0]


def closed_registration(stage: Stage) -> None:
    with Server(workers=1, registration="closed") as closed:
        other = Stage(closed)
        other.http.seen, other.provoked = stage.http.seen, stage.provoked
        other.by_http(None, "info")
        new = {"name": "ani", "password": PASSWORD, "setup": "AAAA-BBBB-CCCC"}
        with pytest.raises(Refused, match="forbidden"):
            other.by_http(None, "register", **new)


@pytest.fixture(scope="module")
def stage():
    """Every command over both protocols, everything that can be refused, seen and noted."""
    conf = {"public_url": "http://chat.example.org", "limit_logins": "1/h 10"}
    with Server(workers=1, **conf) as server:
        stage = Stage(server)
        try:
            ani, budi, citra = server.users("ani", "budi", "citra")
            ani.api.call("direct", user=budi.id)
            for each in (ani, budi, citra):
                stage.open(each)
            stage.devices["ani"].until(sig="presence", user=budi.id)
            Script(stage, stage.by_http, "http").play()
            Script(stage, stage.by_ws, "ws").play()
            for kind in ("added", "removed"):
                stage.devices["citra"].until(ev=kind)
            for kind in ("read", "mute", "archive"):
                stage.devices["ani"].until(ev=kind)
            stage.devices["budi"].until(sig="typing")
            log_in_and_out(stage)
            resume(stage)
            garbage(stage)
            closed_registration(stage)
            registration_by_invitation(stage)
            too_often(stage)
            store_gone(stage)
            yield stage
        finally:
            stage.close()


# The documents themselves


def test_openapi_document_is_valid():
    validate_openapi(OpenApi().tree)


@pytest.mark.skipif(not ASYNCAPI_SCHEMA.exists(), reason="npm --prefix t ci was not run")
def test_asyncapi_document_is_valid():
    checker = Draft7Validator(json.loads(ASYNCAPI_SCHEMA.read_text()))
    tree = json.loads(json.dumps(AsyncApi().tree))
    errors = [f"{list(e.absolute_path)}: {e.message[:300]}" for e in checker.iter_errors(tree)]
    assert not errors


def test_both_documents_have_the_same_schemas():
    http, socket = OpenApi(), AsyncApi()
    assert http.common_part() == socket.common_part()
    assert http.tree["components"]["schemas"]["ErrorCode"] is not None


@pytest.mark.parametrize("document", [OpenApi, AsyncApi])
def test_every_reference_names_something_and_every_schema_is_used(document):
    one = document()
    used = set()

    def visit(node):
        if isinstance(node, dict):
            odd = [key for key in node if not isinstance(key, str)]
            assert not odd, f"YAML takes these keys for no strings: {odd}"
            if "$ref" in node:
                used.add(node["$ref"])
                assert one.resolve(node) is not None
            for each in node.values():
                visit(each)
        elif isinstance(node, list):
            for each in node:
                visit(each)

    visit(one.tree)
    names = {f"#/components/schemas/{name}" for name in one.tree["components"]["schemas"]}
    assert names - used == set(), "nothing uses these"


def test_documents_have_exactly_the_servers_commands():
    commands = table()
    by_http = {op for op, flags in commands.items() if "ws" not in flags}
    by_ws = {op for op, flags in commands.items() if "http" not in flags}
    assert set(OpenApi().ops) == by_http
    assert set(AsyncApi().ops) == by_ws
    public = {op for op in by_http if OpenApi().is_public(op)}
    assert public == {op for op, flags in commands.items() if "public" in flags}


# The documents and the server


def test_every_command_was_accepted_over_every_protocol(stage):
    assert set(stage.examples) == set(stage.http.ops)
    expected = {f"{what}_{op}" for op in stage.ws.ops for what in ("command", "answer")}
    assert expected - stage.ws.said == set()


def test_every_message_of_the_socket_was_said(stage):
    assert set(stage.ws.messages) - stage.ws.said == set()


def test_every_field_and_value_of_the_answers_and_requests_was_seen(stage):
    unseen = stage.http.all_fields() - stage.http.seen
    assert {field for field in unseen if field != "ErrorCode=internal"} == set()


def test_every_field_and_value_of_the_socket_was_seen(stage):
    shared = {field for field in stage.http.seen if " " not in field}
    unseen = stage.ws.all_fields() - stage.ws.seen - shared
    assert {field for field in unseen if field != "ErrorCode=internal"} == set()


def test_every_documented_refusal_was_provoked(stage):
    documented = {(op, *each) for op in stage.http.ops for each in stage.http.refusals(op)}
    missing = {
        (op, status, code)
        for op, status, code in documented - stage.provoked
        if code not in UNPROVOKED_CODES and not (code == "busy" and op not in WRITING)
    }
    assert missing == set()
    assert {code for _, _, code in stage.provoked} | set(UNPROVOKED_CODES) == set(
        stage.http.tree["components"]["schemas"]["ErrorCode"]["enum"]
    )


def required(schema: dict, document: OpenApi, fields: dict) -> list[str]:
    schema = document.resolve(schema)
    for branch in schema.get("oneOf", ()):
        if not document.errors(branch, fields):
            return branch["required"]
    return schema.get("required", [])


def test_leaving_out_a_required_field_is_refused_and_the_field_named(stage):
    tried = 0
    for op, fields in stage.examples.items():
        who = None if stage.http.is_public(op) else stage.person("ani")
        for field in required(stage.http.request(op), stage.http, fields):
            rest = {k: v for k, v in fields.items() if k != field}
            with pytest.raises(Refused) as refused:
                stage.by_http(who, op, proper=False, **rest)
            assert refused.value.code == "bad_request", f"{op} without {field}: {refused.value}"
            assert field in refused.value.message, f"{op} without {field}: {refused.value}"
            tried += 1
    assert tried > 20


def test_a_field_of_another_kind_is_refused_and_the_field_named(stage):
    for op, fields in stage.examples.items():
        who = None if stage.http.is_public(op) else stage.person("ani")
        for field in fields:
            wrong = {**fields, field: {"what": "is this"}}
            with pytest.raises(Refused) as refused:
                stage.by_http(who, op, proper=False, **wrong)
            assert refused.value.code == "bad_request", f"{op} {field}: {refused.value}"
            assert field in refused.value.message, f"{op} {field}: {refused.value}"


def test_unknown_fields_are_ignored(stage):
    ani = stage.person("ani")
    assert stage.by_http(ani, "me", proper=False, colour="blue")["user"]["id"] == ani.id


def test_unknown_commands_are_not_found(stage):
    reply = stage.person("ani").api.raw("fly", b"{}")
    assert (reply.status, reply.json()["error"]["code"]) == (404, "not_found")
    with pytest.raises(Refused, match="not_found"):
        stage.open(stage.person("ani")).ask("fly", proper=False)


def test_health_pages_are_as_documented(stage):
    for page in ("healthz", "readyz"):
        described = stage.http.tree["paths"][f"/{page}"]["get"]["responses"]["200"]
        content = stage.http.resolve(described)["content"]["text/plain"]["schema"]
        reply = http_request(stage.server.port, "GET", f"/{page}")
        assert reply.status == 200
        assert not stage.http.errors(content, reply.body.decode())


def raw_close(server: Server, account: Account | None, data: bytes) -> int:
    with Raw(server.port) as line:
        headers = {"Authorization": f"Bearer {account.token}"} if account else {}
        line.upgrade(**headers)
        line.send(data)
        return line.close_frame().close_code


def slow_reader(server: Server, account: Account) -> int:
    """Says nothing and reads nothing while the room is loud."""
    room = account.api.call("room_create", kind="private", label="loud")["room"]["id"]
    with Raw(server.port, receive_buffer=4096) as line:
        line.upgrade(Authorization=f"Bearer {account.token}")
        line.send(encode(TEXT, b'{"id":1,"op":"hello"}'))
        while json.loads(line.frame().payload).get("sig") != "synced":
            pass
        for _ in range(160):
            messages = [{"cid": new_cid(), "body": "x" * 16000} for _ in range(3)]
            account.api.call("send", room=room, messages=messages)
        return line.close_frame().close_code


def too_many(server: Server, account: Account) -> int:
    """One more connection than a user may have."""
    with Raw(server.port) as first, Raw(server.port) as second:
        for line in (first, second):
            line.upgrade(Authorization=f"Bearer {account.token}")
            line.send(encode(TEXT, b'{"id":1,"op":"ping"}'))
            last = line.frame()
        assert last.close_reason.startswith("retry=")
        return last.close_code


def test_close_codes_are_those_of_the_protocols_description():
    text = (TOP / "doc/PROTOCOL.md").read_text()
    rows = re.search(r"\| close code \|.*?\n\n", text, re.S).group(0)
    codes = re.findall(r"\d{4}", " ".join(line.split("|")[1] for line in rows.splitlines()[2:-1]))
    assert set(map(int, codes)) == AsyncApi().close_codes()


def test_every_documented_close_code_was_seen(make_server):
    server = make_server(workers=1, limit_queue=131072, limit_connections_user=1)
    ani = server.user("ani")
    seen = {
        raw_close(server, None, b""),
        raw_close(server, ani, encode(BINARY, b"{}")),
        raw_close(server, ani, encode(TEXT, b"{}", rsv=4)),
        raw_close(server, ani, encode(TEXT, b"\xff\xfe")),
        raw_close(server, ani, encode(TEXT, b"x" * 65537)),
        too_many(server, ani),
        slow_reader(server, server.user("budi")),
    }
    with Raw(server.port) as line:
        line.upgrade(Authorization=f"Bearer {ani.token}")
        line.send(encode(TEXT, b'{"id":1,"op":"ping"}'))
        line.frame()
        server.process.terminate()
        last = line.close_frame()
        assert last.close_reason.startswith("retry=")
        seen.add(last.close_code)
    server.wait_exit()
    assert seen == AsyncApi().close_codes()
