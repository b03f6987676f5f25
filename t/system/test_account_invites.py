"""Registration by invitation: single-use links from administrators."""

import json
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from burung.server import PASSWORD

DAY_MS = 24 * 3600 * 1000


@pytest.fixture(scope="module")
def server():
    from burung import Server

    with Server(workers=2, registration="invite", public_url="https://chat.example.org") as shared:
        shared.user("first")
        yield shared


def register(server, name, **fields):
    return server.api().call("register", name=name, password=PASSWORD, token=True, **fields)


def refusal(server, name, **fields):
    return server.api().refusal("register", name=name, password=PASSWORD, token=True, **fields)


def invite(server, **fields):
    return server.user("first").api.call("invite_create", **fields)


def test_info_tells_that_an_invitation_is_needed(server):
    assert server.api().call("info")["registration"] == "invite"


def test_invitation_makes_one_account(server, name):
    made = invite(server)
    now = time.time() * 1000
    assert abs(made["invite"]["expires"] - now - 7 * DAY_MS) < 60_000
    assert made["path"] == f"/#invite={made['token']}"
    assert made["url"] == f"https://chat.example.org/#invite={made['token']}"
    answer = register(server, name("ani"), invite=made["token"])
    assert "admin" not in answer["user"]
    again = refusal(server, name("budi"), invite=made["token"])
    assert (again.code, again.status) == ("forbidden", 403)
    (listed,) = [
        one
        for one in server.user("first").api.call("invites")["invites"]
        if one["id"] == made["invite"]["id"]
    ]
    assert listed["user"] == answer["user"]["id"]
    assert listed["used"] >= listed["created"]
    assert made["token"] not in json.dumps(listed)


@pytest.mark.parametrize("given", [None, "", "no such token", "0" * 64, "é" * 32], ids=range(5))
def test_registration_without_a_good_invitation_is_refused(server, name, given):
    fields = {} if given is None else {"invite": given}
    assert refusal(server, name("ani"), **fields).code == "forbidden"
    assert refusal(server, "first", **fields).code == "forbidden", "tells which names exist"


def test_invitation_of_a_wrong_type_is_refused(server, name):
    assert refusal(server, name("ani"), invite=7).code == "bad_request"


def test_invitation_is_used_once_when_two_register_at_once(server, name):
    token = invite(server)["token"]

    def one(i):
        body = {"name": name(f"at.once{i}"), "password": PASSWORD, "token": True, "invite": token}
        return server.api().raw("register", json.dumps(body).encode()).json()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(one, range(6)))
    assert sum("user" in answer for answer in answers) == 1, answers
    codes = {answer["error"]["code"] for answer in answers if "error" in answer}
    assert codes <= {"forbidden", "slow_down"}


def test_taken_name_leaves_the_invitation_good(server, name):
    token = invite(server)["token"]
    assert refusal(server, "first", invite=token).code == "conflict"
    register(server, name("ani"), invite=token)


def test_revoked_invitation_is_not_good_and_revoking_twice_is_success(server, name):
    made = invite(server)
    admin = server.user("first").api
    for _ in range(2):
        admin.call("invite_revoke", invite=made["invite"]["id"])
    assert refusal(server, name("ani"), invite=made["token"]).code == "forbidden"
    listed = admin.call("invites")["invites"]
    assert made["invite"]["id"] not in {one["id"] for one in listed}


def test_only_administrators_invite(server, name):
    token = register(server, name("ani"), invite=invite(server)["token"])["token"]
    made = invite(server)
    member = server.api(token)
    assert member.refusal("invite_create").code == "forbidden"
    assert member.refusal("invites").code == "forbidden"
    assert member.refusal("invite_revoke", invite=made["invite"]["id"]).code == "forbidden"
    assert server.api().refusal("invite_create").code == "unauthorized"
    register(server, name("budi"), invite=made["token"])


@pytest.mark.parametrize("days", [0, 366, -1, "7", 1.5, 2**40], ids=range(6))
def test_invitation_for_an_impossible_time_is_refused(server, days):
    assert server.user("first").api.refusal("invite_create", days=days).code == "bad_request"


def test_revoking_garbage_is_refused(server):
    assert server.user("first").api.refusal("invite_revoke", invite="x").code == "bad_request"
    assert server.user("first").api.refusal("invite_revoke").code == "bad_request"


def test_invitations_come_by_pages_newest_first(server):
    admin = server.user("first").api
    made = [invite(server)["invite"]["id"] for _ in range(5)]
    listed, next_ = [], None
    while True:
        fields = {"limit": 2} if next_ is None else {"limit": 2, "next": next_}
        page = admin.call("invites", **fields)
        listed += [one["id"] for one in page["invites"]]
        next_ = page.get("next")
        if next_ is None:
            break
    assert set(made) <= set(listed)
    assert len(set(listed)) == len(listed)
    assert admin.refusal("invites", next="nonsense").code == "bad_request"


def test_expired_invitation_is_not_good_and_the_token_is_not_stored(make_server):
    server = make_server(registration="invite")
    server.user("first")
    made = invite(server, days=1)
    server.stop()
    for path in server.data.rglob("*"):
        if path.is_file():
            assert made["token"].encode() not in path.read_bytes(), path
    with sqlite3.connect(server.data / "burung.db") as db:
        db.execute("UPDATE invites SET expires=?", (int(time.time() * 1000) - 1,))
    db.close()
    server.start()
    assert refusal(server, "late", invite=made["token"]).code == "forbidden"


def test_closed_registration_takes_no_invitation(make_server):
    server = make_server(registration="closed")
    server.user("first")
    token = invite(server)["token"]
    assert refusal(server, "budi", invite=token).code == "forbidden"
