"""Accounts and sessions: setup code, names, passwords, tokens, cookies, origins."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from burung import Client, Refused, http_request
from burung.load import within
from burung.scene import online, say
from burung.server import PASSWORD

JSON = {"Content-Type": "application/json"}


def post(server, op, fields, **headers):
    sent = {**JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return http_request(server.port, "POST", f"/api/{op}", json.dumps(fields).encode(), sent)


def login(server, account, **headers):
    return post(server, "login", {"name": account.name, "password": PASSWORD}, **headers)


def cookie_of(reply):
    """(name, value, the attributes in lower case)"""
    first, *attributes = [part.strip() for part in reply.headers["Set-Cookie"].split(";")]
    name, _, value = first.partition("=")
    pairs = (attribute.partition("=") for attribute in attributes)
    return name, value, {key.lower(): value.lower() for key, _, value in pairs}


# The first account


def test_first_account_needs_the_setup_code_and_becomes_administrator(make_server):
    server = make_server()
    nobody = server.api()
    assert nobody.call("info")["setup"] is True
    fields = {"name": "ani", "password": PASSWORD, "token": True}
    assert nobody.refusal("register", **fields).code == "forbidden"
    assert nobody.refusal("register", **fields, setup="WRONG-CODE-HERE").code == "forbidden"
    assert nobody.refusal("register", **fields, setup=7).code == "bad_request"
    first = nobody.call("register", **fields, setup=server.setup_code())
    assert first["user"]["admin"] is True
    assert nobody.call("info")["setup"] is False
    second = nobody.call("register", **{**fields, "name": "budi"})
    assert "admin" not in second["user"]


def test_two_at_once_with_the_setup_code_make_one_administrator(make_server):
    server = make_server()
    code = server.setup_code()

    def register(name):
        fields = {"name": name, "password": PASSWORD, "token": True, "setup": code}
        return post(server, "register", fields).json()

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(register, [f"first{i}" for i in range(6)]))
    made = [answer["user"] for answer in answers if "user" in answer]
    assert sum(user.get("admin", False) for user in made) == 1
    refused = {answer["error"]["code"] for answer in answers if "error" in answer}
    assert refused <= {"forbidden", "slow_down"}


def test_setup_code_is_not_printed_once_there_is_an_account(make_server):
    server = make_server()
    server.user("ani")
    server.stop()
    server.log_path.write_text("")
    server.start()
    assert "setup code" not in server.log()
    assert server.api().call("info")["setup"] is False


def test_closed_registration_lets_nobody_in_but_the_first(make_server):
    server = make_server(registration="closed")
    server.user("ani")
    assert server.api().call("info")["registration"] == "closed"
    refused = server.api().refusal("register", name="budi", password=PASSWORD)
    assert refused.code == "forbidden"


def test_info_needs_no_session_and_names_the_limits(server):
    info = server.api().call("info")
    assert info["registration"] == "open"
    assert isinstance(info["version"], str)
    assert info["version"]
    assert 16384 in info["limits"].values()


# Names and passwords


@pytest.mark.parametrize("good", ["abc", "a" * 32, "a.b_c-9", "UPPER.Case"])
def test_name_that_is_allowed(server, good):
    server.user("first")
    answer = server.api().call("register", name=good, password=PASSWORD, token=True)
    assert answer["user"]["name"] == good
    assert answer["user"]["display"] == good


BAD_NAMES = ["", "ab", "a" * 33, "a b c", "tést", "a/b/c", "abc\n", "abc\x00", "😀😀😀", "<b>"]


@pytest.mark.parametrize("bad", BAD_NAMES, ids=range(len(BAD_NAMES)))
def test_name_that_is_refused(server, bad):
    server.user("first")
    assert server.api().refusal("register", name=bad, password=PASSWORD).code == "bad_request"


def test_name_is_unique_without_case(server):
    server.user("Citra")
    for taken in ("Citra", "citra", "CITRA"):
        assert server.api().refusal("register", name=taken, password=PASSWORD).code == "conflict"
    answer = server.api().call("login", name="cITRA", password=PASSWORD, token=True)
    assert answer["user"]["name"] == "Citra"


@pytest.mark.parametrize("bad", ["", "1234567", "x" * 257])
def test_password_that_is_refused(server, bad):
    server.user("first")
    assert server.api().refusal("register", name="pass.word", password=bad).code == "bad_request"


def test_display_name_is_shown_as_given(server):
    server.user("first")
    display = "Bu Ani 🐦 <i>"
    answer = server.api().call(
        "register", name="shown", password=PASSWORD, display=display, token=True
    )
    assert answer["user"]["display"] == display
    assert server.api(answer["token"]).call("me")["user"]["display"] == display


def test_wrong_password_and_unknown_name_are_told_alike(server, name):
    account = server.user(name("ani"))
    wrong = server.api().refusal("login", name=account.name, password="not the password")
    unknown = server.api().refusal("login", name=name("nobody"), password=PASSWORD)
    assert wrong.code == unknown.code == "unauthorized"
    assert wrong.status == unknown.status == 401
    assert wrong.message == unknown.message


def test_password_is_kept_byte_for_byte(server):
    server.user("first")
    password = "  pässwörd 🐦  "
    server.api().call("register", name="bytes", password=password, token=True)
    server.api().call("login", name="bytes", password=password, token=True)
    refused = server.api().refusal("login", name="bytes", password=password.strip())
    assert refused.code == "unauthorized"


# Sessions


def test_every_command_but_the_public_ones_needs_a_session(server):
    server.user("first")
    for op in ("me", "rooms", "send", "history", "people", "groups", "users", "logout", "presence"):
        refused = server.api().refusal(op)
        assert (refused.code, refused.status) == ("unauthorized", 401), op
    assert server.api("no-such-token").refusal("me").code == "unauthorized"


def test_token_is_given_only_when_asked_for(server, name):
    account = server.user(name("ani"))
    reply = login(server, account)
    assert "token" not in reply.json()
    with_token = post(server, "login", {"name": account.name, "password": PASSWORD, "token": True})
    assert len(with_token.json()["token"]) >= 32
    assert with_token.headers["Set-Cookie"] is None


def test_cookie_is_hidden_from_scripts_and_other_sites(server, name):
    account = server.user(name("ani"))
    cookie, value, attributes = cookie_of(login(server, account))
    assert cookie == "burung"
    assert "httponly" in attributes
    assert attributes["samesite"] == "lax"
    assert attributes["path"] == "/"
    assert "secure" not in attributes
    assert "domain" not in attributes
    assert int(attributes["max-age"]) > 24 * 3600
    reply = post(server, "me", {}, Cookie=f"other=1; {cookie}={value}")
    assert reply.json()["user"]["id"] == account.id


def test_cookie_is_bound_to_tls_when_the_public_url_is_https(make_server):
    server = make_server(public_url="https://chat.example.org")
    account = server.user("ani")
    cookie, value, attributes = cookie_of(login(server, account))
    assert cookie == "__Host-burung"
    assert "secure" in attributes
    assert attributes["path"] == "/"
    assert "domain" not in attributes
    assert post(server, "me", {}, Cookie=f"{cookie}={value}").status == 200
    assert post(server, "me", {}, Cookie=f"burung={value}").status == 401


def test_cookie_is_bound_to_tls_when_a_trusted_proxy_says_so(make_server):
    server = make_server(trusted_proxies="127.0.0.1")
    account = server.user("ani")
    assert cookie_of(login(server, account))[0] == "burung"
    cookie, _, attributes = cookie_of(login(server, account, X_Forwarded_Proto="https"))
    assert cookie == "__Host-burung"
    assert "secure" in attributes


def test_cookie_does_not_believe_a_proxy_that_is_not_trusted(server, name):
    reply = login(server, server.user(name("ani")), X_Forwarded_Proto="https")
    assert cookie_of(reply)[0] == "burung"


def test_logout_ends_the_session_everywhere(server, name):
    account = server.user(name("ani"))
    cookie, value, _ = cookie_of(login(server, account))
    reply = post(server, "logout", {}, Cookie=f"{cookie}={value}")
    assert reply.status == 200
    assert cookie_of(reply)[2].get("max-age") == "0"
    assert post(server, "me", {}, Cookie=f"{cookie}={value}").status == 401
    assert account.api.call("me")["user"]["id"] == account.id, "another session ended too"


async def test_logout_closes_that_sessions_devices_only(server, name):
    account = server.user(name("ani"))
    token = server.api().call("login", name=account.name, password=PASSWORD, token=True)["token"]
    async with online(server, account) as stays:
        ends = Client(server.port, account, headers={"Authorization": f"Bearer {token}"})
        await ends.open()
        server.api(token).call("logout")
        code, _ = await ends.closed()
        assert code == 4401
        await ends.close()
        await stays.call("ping")
        await stays.tells(ev="session_revoked", room=account.id)


async def test_socket_without_a_session_is_accepted_and_closed_with_4401(server):
    server.user("first")
    account = server.user("first")
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Cookie": "burung=nonsense"}):
        device = Client(server.port, account, headers=headers)
        await device.connect()
        code, _ = await device.closed()
        assert code == 4401
        await device.close()


async def test_socket_opens_with_a_cookie(server, name):
    account = server.user(name("ani"))
    cookie, value, _ = cookie_of(login(server, account))
    async with online(server, account, headers={"Cookie": f"{cookie}={value}"}) as device:
        assert (await device.call("me"))["user"]["id"] == account.id


def test_session_outlives_a_restart(make_server):
    server = make_server()
    account = server.user("ani")
    room = account.api.call("room_create", kind="private", label="x")["room"]["id"]
    server.restart()
    assert account.api.call("me")["user"]["id"] == account.id
    assert say(account, room)["no"] == 1


def test_token_and_password_are_not_in_the_database_nor_in_the_log(make_server):
    server = make_server(log_level="debug")
    account = server.user("ani")
    room = account.api.call("room_create", kind="private", label="x")["room"]["id"]
    say(account, room, "a very private text")
    server.stop()
    for path in server.data.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert account.token.encode() not in data, path
            assert PASSWORD.encode() not in data, path
    log = server.log()
    for secret in (account.token, PASSWORD, "a very private text"):
        assert secret not in log


# Origins


def own(server):
    return f"http://127.0.0.1:{server.port}"


FOREIGN = ["http://evil.example", "null", "http://127.0.0.1:1", "https://localhost.evil.example"]


@pytest.mark.parametrize("origin", FOREIGN)
def test_request_from_a_foreign_origin_is_refused(server, name, origin):
    account = server.user(name("ani"))
    reply = login(server, account, Origin=origin)
    assert reply.status == 403
    assert reply.json()["error"]["code"] == "forbidden"
    assert reply.headers["Set-Cookie"] is None
    bearer = post(server, "me", {}, Origin=origin, Authorization=f"Bearer {account.token}")
    assert bearer.status == 403


def test_request_from_the_own_origin_is_served(server, name):
    assert login(server, server.user(name("ani")), Origin=own(server)).status == 200


def test_request_from_an_allowed_origin_is_served(make_server):
    server = make_server(allowed_origins="https://chat.example.org, https://app.example.org")
    account = server.user("ani")
    for origin in ("https://chat.example.org", "https://app.example.org", own(server)):
        assert login(server, account, Origin=origin).status == 200, origin
    for origin in ("http://chat.example.org", "https://chat.example.org.evil.example"):
        assert login(server, account, Origin=origin).status == 403, origin


def test_public_url_is_an_own_origin(make_server):
    server = make_server(public_url="https://chat.example.org")
    account = server.user("ani")
    headers = {"Origin": "https://chat.example.org", "Host": "chat.example.org"}
    assert login(server, account, **headers).status == 200


@pytest.mark.parametrize("origin", FOREIGN)
async def test_socket_from_a_foreign_origin_is_refused(server, name, origin):
    account = server.user(name("ani"))
    headers = {"Authorization": f"Bearer {account.token}", "Origin": origin}
    device = Client(server.port, account, headers=headers)
    with pytest.raises(Exception, match="403"):
        await device.connect()


@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", None]
)
def test_body_of_another_type_is_not_taken(server, name, kind):
    account = server.user(name("ani"))
    headers = {"Authorization": f"Bearer {account.token}"}
    if kind:
        headers["Content-Type"] = kind
    reply = http_request(server.port, "POST", "/api/me", b"{}", headers)
    assert reply.status == 415
    assert b"json" in reply.body, "it does not say what is expected"


def test_json_with_a_charset_is_taken(server, name):
    account = server.user(name("ani"))
    headers = {
        "Authorization": f"Bearer {account.token}",
        "Content-Type": "application/json; charset=utf-8",
    }
    assert http_request(server.port, "POST", "/api/me", b"{}", headers).status == 200


def test_answers_are_not_cached_nor_sniffed(server, name):
    reply = post(server, "me", {}, Authorization=f"Bearer {server.user(name('ani')).token}")
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Content-Type"].startswith("application/json")


def test_flood_of_wrong_passwords_leaves_the_others_served(make_server):
    """Hashes are dear: they wait in a line of their own, and one that is full says so."""
    server = make_server()
    account = server.user("ani")

    def guess(_):
        refused = server.api().refusal("login", name=account.name, password="wrong password")
        if refused.code == "slow_down":
            assert refused.status == 429
            assert refused.retry_ms > 0
        return refused.code

    with ThreadPoolExecutor(40) as pool:
        guesses = pool.map(guess, range(200))
        for _ in range(20):
            with within(1.5):  # the line itself keeps the processors busy
                account.api.call("me")
        assert set(guesses) <= {"unauthorized", "slow_down"}


def test_unknown_api_path_and_wrong_method(server):
    server.user("first")
    refused = server.api(server.user("first").token).refusal("no_such_command")
    assert (refused.code, refused.status) == ("not_found", 404)
    reply = http_request(server.port, "GET", "/api/me", None, {"Accept": "text/html"})
    assert reply.status in (404, 405)


def test_users_by_ids(server, name):
    ani, budi = server.users(name("ani"), name("budi"))
    found = ani.api.call("users", ids=[ani.id, budi.id, "ee" * 12])["users"]
    assert {user["id"] for user in found} == {ani.id, budi.id}
    with pytest.raises(Refused, match="bad_request"):
        ani.api.call("users", ids=[])
    with pytest.raises(Refused, match="bad_request"):
        ani.api.call("users", ids=[f"{i:024x}" for i in range(201)])
