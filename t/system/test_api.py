"""Every command over HTTP: the answer's shape, and every error of the protocol's table."""

import json
import re
import sqlite3
import time
from http.client import HTTPException

import pytest
from burung import Client, Refused, http_request, new_cid
from burung.scene import direct, group, history, locked_store, say, say_many
from burung.server import PASSWORD, wait_for

JSON = {"Content-Type": "application/json"}
HEX24 = re.compile(r"[0-9a-f]{24}")
HEX32 = re.compile(r"[0-9a-f]{32}")
NOBODY = "ff" * 12


@pytest.fixture(scope="module")
def ani(server):
    return server.user("ani", display="Ani")


@pytest.fixture(scope="module")
def budi(server, ani):
    return server.user("budi")


@pytest.fixture(scope="module")
def citra(server, ani):
    return server.user("citra")


def post(server, op, body=b"{}", **headers):
    return http_request(server.port, "POST", f"/api/{op}", body, {**JSON, **headers})


def get(server, path, method="GET", **headers):
    return http_request(server.port, method, path, None, headers)


# Shapes


def check_user(user):
    assert user.keys() - {"admin", "last_seen"} == {"id", "name", "display"}
    assert HEX24.fullmatch(user["id"])


def check_room(room, *, mine):
    keys = {"id", "kind", "label", "topic", "members", "seq", "no", "at", "cid", "last"}
    if room["kind"] == "direct":
        check_user(room["peer"])
        keys.add("peer")
    if mine:
        keys |= {"role", "joined", "read_seq", "read_no", "muted", "archived"}
        assert 1 <= room["joined"] <= room["seq"]
    assert room.keys() == keys
    assert HEX24.fullmatch(room["id"])
    assert HEX32.fullmatch(room["cid"])
    assert abs(room["at"] - time.time() * 1000) < 3600_000


def check_event(event, room):
    assert event.keys() - {"reply"} == {"ev", "room", "seq", "no", "at", "from", "cid", "body"}
    assert event["room"] == room
    assert HEX24.fullmatch(event["from"])
    assert HEX32.fullmatch(event["cid"])


def test_info(server, ani):
    info = server.api().call("info")
    assert info.keys() == {"version", "registration", "setup", "limits"}
    assert info["setup"] is False
    limits = info["limits"]
    assert limits["message"] == 16384
    assert limits["frame"] == 65536
    assert (limits["password_min"], limits["members"], limits["page"]) == (8, 100, 200)


def test_register_and_login(server, ani):
    fields = {"name": "Dewi.1", "password": PASSWORD, "device": "phone"}
    made = server.api().call("register", **fields, display="Dewi ☀", token=True)
    assert made.keys() == {"user", "token"}
    check_user(made["user"])
    assert (made["user"]["name"], made["user"]["display"]) == ("Dewi.1", "Dewi ☀")
    again = server.api().call("login", **fields)
    assert again.keys() == {"user"}
    assert again["user"]["id"] == made["user"]["id"]


def test_setup_is_over_though_the_worker_died_that_made_the_first_account(make_server):
    server = make_server()
    server.setup_code()
    server.arm("register.stored")
    with pytest.raises((OSError, HTTPException)):
        server.user("ani")
    server.wait_workers()
    nobody = server.api()
    assert nobody.call("info")["setup"] is False
    assert nobody.call("login", name="ani", password=PASSWORD, token=True)["user"]["admin"] is True
    made = nobody.call("register", name="budi", password=PASSWORD, token=True)
    assert "admin" not in made["user"]


def test_me(ani):
    answer = ani.api.call("me")
    assert answer.keys() == {"user"}
    check_user(answer["user"])
    assert answer["user"]["admin"] is True


def test_logout_answers_with_nothing(server, ani):
    token = server.api().call("login", name="ani", password=PASSWORD, token=True)["token"]
    assert server.api(token).call("logout") == {}
    assert server.api(token).refusal("me").code == "unauthorized"


async def test_logout_over_the_socket_is_answered_before_the_close(server, ani):
    token = server.api().call("login", name="ani", password=PASSWORD, token=True)["token"]
    device = Client(server.port, ani, headers={"Authorization": f"Bearer {token}"})
    await device.open()
    assert await device.call("logout") == {"re": device._next_id - 1}
    assert (await device.closed())[0] == 4401
    await device.close()


def test_ping_answers_with_nothing(ani):
    assert ani.api.call("ping") == {}


@pytest.mark.parametrize("kind", ["public", "private"])
def test_room_create_and_room(ani, budi, kind):
    fields = {"kind": kind, "label": "Warung", "members": [budi.id, ani.id, budi.id]}
    room = ani.api.call("room_create", **fields)["room"]
    check_room(room, mine=True)
    assert (room["kind"], room["label"], room["members"]) == (kind, "Warung", 2)
    assert (room["role"], room["seq"], room["no"], room["last"]) == ("owner", 3, 0, None)
    answer = budi.api.call("room", room=room["id"])
    assert answer.keys() == {"room"}
    check_room(answer["room"], mine=True)
    assert answer["room"]["role"] == "member"


def test_room_with_a_hundred_members_is_made_and_with_more_is_not(server, ani):
    people = server.users(*(f"crowd{i:03}" for i in range(101)))
    ids = [who.id for who in people]
    assert (
        ani.api.call("room_create", kind="private", label="x", members=ids[:100])["room"]["members"]
        == 101
    )
    refused = ani.api.refusal("room_create", kind="private", label="x", members=ids)
    assert refused.code == "bad_request"
    assert "members" in refused.message


def test_room_create_that_fails_makes_nothing(ani, budi):
    cid = new_cid()
    fields = {"kind": "private", "label": "half", "cid": cid}
    refused = ani.api.refusal("room_create", **fields, members=[budi.id, NOBODY])
    assert refused.code == "not_found"
    mine = ani.api.call("rooms", limit=200)["rooms"]
    assert "half" not in [room["label"] for room in mine]
    made = ani.api.call("room_create", **fields, members=[budi.id])["room"]
    assert made["members"] == 2


def test_direct_room(ani, budi):
    room = ani.api.call("direct", user=budi.id)["room"]
    check_room(room, mine=True)
    assert (room["kind"], room["label"], room["peer"]["id"]) == ("direct", "", budi.id)


def test_direct_room_with_oneself_is_refused(ani):
    refused = ani.api.refusal("direct", user=ani.id)
    assert refused.code == "bad_request"
    assert "user" in refused.message


def test_join_and_leave(ani, budi):
    room = group(ani, kind="public")
    seen = budi.api.call("room", room=room)["room"]
    check_room(seen, mine=False)
    joined = budi.api.call("join", room=room)["room"]
    check_room(joined, mine=True)
    assert (joined["role"], joined["members"], joined["seq"]) == ("member", 2, 3)
    assert budi.api.call("leave", room=room) == {"seq": 4}
    assert "role" not in budi.api.call("room", room=room)["room"]
    assert budi.api.call("leave", room=room) == {}, "leaving twice"
    assert history(ani, room)[-1]["seq"] == 4


def test_add_role_and_remove(ani, budi):
    room = group(ani)
    assert ani.api.call("add", room=room, user=budi.id) == {"seq": 3}
    assert ani.api.call("role", room=room, user=budi.id, role="admin") == {"seq": 4}
    assert ani.api.call("role", room=room, user=budi.id, role="admin") == {}
    assert ani.api.call("remove", room=room, user=budi.id) == {"seq": 5}
    assert ani.api.call("remove", room=room, user=budi.id) == {}
    events = history(ani, room)
    assert [event["ev"] for event in events] == ["create", "join", "join", "role", "leave"]
    join, role, leave = (event["body"] for event in events[2:])
    assert join == {"user": budi.id, "name": "budi", "display": "budi", "role": "member"}
    assert role == {"user": budi.id, "role": "admin"}
    assert leave == {"user": budi.id}


def test_join_event_names_who_joined(ani):
    room = group(ani)
    assert history(ani, room)[1]["body"]["display"] == "Ani"


def test_members(ani, budi):
    room = group(ani, budi)
    answer = budi.api.call("members", room=room)
    assert answer.keys() == {"members"}
    for member in answer["members"]:
        assert member.keys() == {"user", "role"}
        check_user(member["user"])
    assert [member["role"] for member in answer["members"]] == ["owner", "member"]


def test_rooms(ani, budi):
    for _ in range(3):
        group(ani, budi)
    newest = group(ani, budi)
    say(budi, newest, "the last word")
    answer = ani.api.call("rooms", limit=3)
    assert answer.keys() == {"rooms", "next"}
    for room in answer["rooms"]:
        check_room(room, mine=True)
    assert answer["rooms"][0]["id"] == newest
    last = answer["rooms"][0]["last"]
    check_event(last, newest)
    assert last["body"] == "the last word"


def test_groups_and_people(ani, citra):
    room = group(ani, kind="public", label="Zebra crossing")
    found = citra.api.call("groups", prefix="zebra c")
    assert found.keys() == {"rooms"}
    assert [one["id"] for one in found["rooms"]] == [room]
    check_room(found["rooms"][0], mine=False)
    people = citra.api.call("people", prefix="CIT")
    assert people.keys() == {"users"}
    assert [user["name"] for user in people["users"]] == ["citra"]
    check_user(people["users"][0])


def test_users(ani, budi):
    users = ani.api.call("users", ids=[budi.id, NOBODY])["users"]
    assert [user["id"] for user in users] == [budi.id]


def test_history(ani, budi):
    room = group(ani, budi)
    first = say(ani, room, "one")
    say(budi, room, "two", reply=first["seq"])
    page = ani.api.call("history", room=room)
    assert page.keys() == {"events", "first", "last", "users"}
    for event in page["events"]:
        check_event(event, room)
    assert [event["seq"] for event in page["events"]] == [1, 2, 3, 4, 5]
    assert page["events"][-1]["reply"] == first["seq"]
    assert {user["id"] for user in page["users"]} == {ani.id, budi.id}


def test_history_names_those_whom_events_are_about(ani, budi, citra):
    room = group(ani, budi)
    ani.api.call("add", room=room, user=citra.id)
    page = budi.api.call("history", room=room, limit=1)
    assert page["events"][0]["body"]["user"] == citra.id
    assert {user["id"] for user in page["users"]} == {ani.id, citra.id}


def read_all(who, room, mode):
    """The log by pages from one end to the other; the pages' lengths too."""
    events, lengths, at = [], [], {"after": 0} if mode == "after" else {}
    while True:
        page = who.api.call("history", room=room, limit=200, **at)
        lengths.append(len(page["events"]))
        events = events + page["events"] if mode == "after" else page["events"] + events
        if page["last" if mode == "after" else "first"]:
            return events, lengths
        at = {mode: events[-1 if mode == "after" else 0]["seq"]}


@pytest.mark.parametrize("mode", ["after", "before"])
@pytest.mark.parametrize("letter", ["a", "\x01"], ids=["plain", "escaped"])
def test_long_texts_make_short_pages_that_miss_nothing(ani, mode, letter):
    room = group(ani)
    count = 80
    for i in range(0, count, 2):
        batch = [{"cid": new_cid(), "body": f"{n} " + letter * 8000} for n in (i, i + 1)]
        ani.api.call("send", room=room, messages=batch[: 1 if letter == "\x01" else 2])
        if letter == "\x01":
            ani.api.call("send", room=room, messages=batch[1:])
    start = {"after": 0} if mode == "after" else {}
    page = ani.api.raw("history", json.dumps({"room": room, "limit": 200, **start}).encode())
    assert len(page.body) < 700_000, "a page must fit into a device's queue"
    assert len(page.json()["events"]) > 1
    events, lengths = read_all(ani, room, mode)
    assert [event["seq"] for event in events] == list(range(1, count + 3))
    assert len(lengths) > 1


def test_page_around_a_long_text_holds_it(ani):
    room = group(ani)
    for n in range(0, 60, 3):
        batch = [{"cid": new_cid(), "body": f"{n + i} " + "a" * 16000} for i in range(3)]
        ani.api.call("send", room=room, messages=batch)
    page = ani.api.call("history", room=room, around=30, limit=200)
    seqs = [event["seq"] for event in page["events"]]
    assert seqs == list(range(seqs[0], seqs[-1] + 1))
    assert seqs[0] < 30 < seqs[-1]
    assert (page["first"], page["last"]) == (False, False)


def test_send_read_typing_and_presence(ani, budi):
    room = group(ani, budi)
    sent = say(ani, room, "halo")
    assert sent.keys() == {"seq", "no", "at"}
    batch = [{"cid": new_cid(), "body": "a"}, {"cid": new_cid(), "body": "b"}]
    results = ani.api.call("send", room=room, messages=batch)["results"]
    assert [result.keys() for result in results] == [{"cid", "seq", "no", "at"}] * 2
    assert [result["cid"] for result in results] == [one["cid"] for one in batch]
    assert budi.api.call("read", room=room, seq=sent["seq"]) == {}
    assert budi.api.call("room", room=room)["room"]["read_seq"] == sent["seq"]
    assert budi.api.call("typing", room=room) == {}

    def ani_is_offline():  # a moment after her last device of another test went
        [user] = budi.api.call("presence", users=[ani.id])["users"]
        assert user["id"] == ani.id
        return user["online"] is False

    wait_for("ani is offline", ani_is_offline)


# Pages


@pytest.mark.parametrize("op", ["rooms", "people", "groups", "members"])
def test_next_is_taken_only_as_it_was_given_and_where(server, ani, op):
    rooms = [group(ani, kind="public", label=f"page {n}") for n in range(3)]
    ani.api.call("add", room=rooms[0], user=server.user("budi").id)
    fields = {"room": rooms[0]} if op == "members" else {}
    next_ = ani.api.call(op, limit=1, **fields)["next"]
    ani.api.call(op, limit=1, next=next_, **fields)
    garbled = ["", "x", next_[:-1], next_[:1] + "z" + next_[2:], next_ * 50]
    for one in garbled:
        refused = ani.api.refusal(op, next=one, **fields)
        assert (refused.code, "next" in refused.message) == ("bad_request", True), one
    for other in {"rooms", "people", "groups"} - {op}:
        assert ani.api.refusal(other, next=next_).code == "bad_request"


# Errors: each code of the table, its status and its shape


def refusals(server, ani, budi, citra):
    room, cid = group(ani, budi), new_cid()
    public = group(ani, kind="public")
    say(ani, room, "first", cid=cid)
    send = {"room": room, "cid": new_cid()}
    return [
        ("bad_request", 400, ani, "room", {}),
        ("unauthorized", 401, None, "me", {}),
        ("unauthorized", 401, None, "login", {"name": "ani", "password": "wrong password"}),
        ("forbidden", 403, budi, "role", {"room": room, "user": ani.id, "role": "member"}),
        ("not_member", 403, citra, "history", {"room": public}),
        ("not_found", 404, citra, "history", {"room": room}),
        ("not_found", 404, ani, "add", {"room": room, "user": NOBODY}),
        ("not_found", 404, ani, "direct", {"user": NOBODY}),
        ("not_found", 404, ani, "nonsense", {}),
        ("not_found", 404, ani, "me/", {}),
        ("conflict", 409, ani, "send", {"room": room, "cid": cid, "body": "second"}),
        ("conflict", 409, None, "register", {"name": "ANI", "password": PASSWORD}),
        ("too_large", 413, ani, "send", {**send, "body": "a" * 16385}),
    ]


def test_errors_have_their_status_and_shape(server, ani, budi, citra):
    for code, status, who, op, fields in refusals(server, ani, budi, citra):
        api = who.api if who else server.api()
        reply = api.raw(op, json.dumps(fields).encode())
        assert reply.status == status, (op, reply.body)
        assert reply.json().keys() == {"error"}
        error = reply.json()["error"]
        assert error["code"] == code, op
        assert error.keys() == {"code", "message"}, op
        assert error["message"]
        assert reply.headers["Retry-After"] is None


def test_wrong_passwords_for_one_name_are_slowed_down_and_others_are_not(make_server):
    server = make_server(workers=1)
    ani, _ = server.users("ani", "budi")
    guess = json.dumps({"name": "ANI", "password": "wrong password"}).encode()
    replies = []
    while not replies or replies[-1].status == 401:
        assert len(replies) < 50, "nobody slows down who guesses"
        replies.append(post(server, "login", guess))
    last = replies[-1]
    assert last.status == 429
    assert last.json()["error"]["code"] == "slow_down"
    assert 0 < last.json()["error"]["retry_ms"] <= 10_000
    assert 1 <= int(last.headers["Retry-After"]) <= 10
    assert len(replies) > 5, "a few slips must be free"
    server.api().call("login", patience=0, name="budi", password=PASSWORD)
    assert ani.api.call("me")["user"]["id"] == ani.id


def test_right_passwords_are_not_counted(make_server):
    server = make_server(workers=1)
    server.user("ani")
    for _ in range(30):
        server.api().call("login", patience=0, name="ani", password=PASSWORD)


def test_store_that_cannot_be_written_is_busy_and_changes_nothing(make_server):
    server = make_server()
    ani, budi = server.users("ani", "budi")
    room = group(ani)
    with locked_store(server):
        for op, fields in (
            ("add", {"room": room, "user": budi.id}),
            ("room_create", {"kind": "public", "label": "busy"}),
        ):
            reply = ani.api.raw(op, json.dumps(fields).encode())
            assert reply.status == 503, reply.body
            assert reply.json()["error"]["code"] == "busy"
            assert reply.json()["error"]["retry_ms"] > 0
            assert int(reply.headers["Retry-After"]) >= 1
        assert ani.api.call("me")["user"]["id"] == ani.id, "reading goes on"
    assert [event["ev"] for event in history(ani, room)] == ["create", "join"]
    ani.api.call("add", room=room, user=budi.id)


# HTTP itself


def test_empty_body_is_an_empty_object(server, ani):
    reply = post(server, "me", b"", Authorization=f"Bearer {ani.token}")
    assert reply.json()["user"]["id"] == ani.id


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_commands_are_posted(server, ani, method):
    reply = get(server, "/api/me", method, Authorization=f"Bearer {ani.token}")
    assert reply.status == 405
    assert reply.headers["Allow"] == "POST"


def test_bearer_wins_over_the_cookie(server, ani, budi):
    reply = post(server, "me", Authorization=f"Bearer {budi.token}", Cookie=f"burung={ani.token}")
    assert reply.json()["user"]["id"] == budi.id
    bad = post(server, "me", Authorization="Bearer wrong", Cookie=f"burung={ani.token}")
    assert bad.status == 401
    other = post(server, "me", Authorization="Basic YTpi", Cookie=f"burung={ani.token}")
    assert other.status == 401


@pytest.mark.parametrize("token", ["", "x", "0" * 64, "g" * 64, "0" * 65, "0" * 2000])
def test_token_that_is_none_is_unauthorized(server, ani, token):
    assert post(server, "me", Authorization=f"Bearer {token}").status == 401
    assert post(server, "me", Cookie=f"burung={token}").status == 401


def test_health(server, ani):
    for path in ("/healthz", "/readyz"):
        reply = get(server, path)
        assert (reply.status, reply.body) == (200, b"ok\n")
        assert reply.headers["Cache-Control"] == "no-store"
        assert get(server, path, "HEAD").body == b""
        wrong = http_request(server.port, "POST", path, b"{}", JSON)
        assert (wrong.status, wrong.headers["Allow"]) == (405, "GET, HEAD")


def test_without_a_client_the_first_page_says_how_to_get_one(server):
    reply = get(server, "/")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain")
    assert b"www" in reply.body
    assert get(server, "/no/such/thing").status == 404


def test_sessions_are_stored_by_hash_and_last_ninety_days(make_server):
    server = make_server()
    ani = server.user("ani")
    server.stop()
    with sqlite3.connect(server.data / "burung.db") as db:
        hashes = [row[0] for row in db.execute("SELECT hash FROM sessions")]
        expires = [row[0] for row in db.execute("SELECT expires FROM sessions")]
    assert len(hashes) == 1
    assert bytes.fromhex(ani.token) != hashes[0]
    days = (expires[0] / 1000 - time.time()) / 86400
    assert 89.9 < days <= 90


def set_session(server, used, expires):
    """Rewrites the only session of a server that does not run."""
    with sqlite3.connect(server.data / "burung.db") as db:
        db.execute("UPDATE sessions SET used = ?, expires = ?", (used, expires))


def session_used(server):
    with sqlite3.connect(f"file:{server.data}/burung.db?mode=ro", uri=True) as db:
        return db.execute("SELECT used, expires FROM sessions").fetchone()


def test_session_over_is_refused_and_one_in_use_is_renewed(make_server):
    server = make_server()
    ani = server.user("ani")
    now = int(time.time() * 1000)
    server.stop()
    set_session(server, now - 7200_000, now + 60_000)
    server.start()
    assert ani.api.call("me")["user"]["id"] == ani.id
    wait_for("the session is renewed", lambda: session_used(server)[0] >= now)
    assert session_used(server)[1] >= now + 89 * 86400_000
    server.stop()
    set_session(server, now - 7200_000, now - 1)
    server.start()
    with pytest.raises(Refused, match="unauthorized"):
        ani.api.call("me")


def test_direct_rooms_of_others_are_not_told_of(ani, budi, citra):
    room = direct(ani, budi)
    say_many(ani, room, 3)
    for op in ("room", "history", "members", "join", "leave"):
        assert citra.api.refusal(op, room=room).code == "not_found", op
