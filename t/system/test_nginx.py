"""nginx/burung-chat.conf before a real burungd: TLS, WebSocket, limits, real addresses."""

import http.client
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from burung.front import HOST, NGINX, Front
from burung.server import PASSWORD, TOP, Server, free_port, wait_for
from burung.upstream import Upstream
from websockets.exceptions import InvalidStatus

pytestmark = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")), reason="nginx or openssl is not installed"
)


class Site(Front):
    """The site for one host."""

    def __init__(self, folder: Path, server_port: int, port: int, plain_port: int):
        super().__init__(folder, port, plain_port)
        site = self.exchange(
            "burung-chat.conf",
            (r"127\.0\.0\.1:8080", f"127.0.0.1:{server_port}"),
            (r"/var/log/nginx/burung-chat.log", f"{folder}/access.log"),
        )
        (folder / "site.conf").write_text(site)


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nginx")
    www = folder / "www"
    (www / "assets").mkdir(parents=True)
    (www / "index.html").write_text("<!doctype html><title>Burung</title>")
    (www / "assets" / "app-1234.js").write_text("// the client")
    port, plain_port = free_port(), free_port()
    with Server(
        workers=2,
        www=www,
        public_url=f"https://{HOST}:{port}",
        trusted_proxies="127.0.0.1",
        limit_logins="1/h 10",
    ) as server:
        server.user("ani")
        one = Site(folder, server.port, port, plain_port)
        one.start()
        try:
            yield one
        finally:
            one.stop()


def log_in(front: Front, name: str = "ani", password: str = PASSWORD, **more):
    return front.call("login", {"name": name, "password": password}, **more)


def cookie_of(headers) -> str:
    return headers["Set-Cookie"].partition(";")[0]


def test_nginx_accepts_the_file_without_warnings(front):
    done = subprocess.run(front.command("-t"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_plain_http_is_sent_to_https(front):
    line = http.client.HTTPConnection("127.0.0.1", front.plain_port, timeout=20)
    line.request("GET", "/some/where?x=1", headers={"Host": HOST})
    answer = line.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{HOST}/some/where?x=1")
    line.close()


def test_login_through_tls_sets_a_secure_host_cookie_that_works(front):
    status, headers, _ = log_in(front)
    assert status == 200
    name, _, _ = headers["Set-Cookie"].partition("=")
    assert name == "__Host-burung"
    attributes = {each.strip() for each in headers["Set-Cookie"].split(";")[1:]}
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= attributes
    status, headers, body = front.call("me", {}, Cookie=cookie_of(headers))
    assert (status, json.loads(body)["user"]["name"]) == (200, "ani")
    assert "max-age" in headers["Strict-Transport-Security"]


def test_websocket_through_tls_hears_and_says(front):
    cookie = cookie_of(log_in(front)[1])
    origin = f"https://{HOST}:{front.port}"
    with front.socket(Cookie=cookie, Origin=origin) as line:
        line.send('{"id":1,"op":"hello"}')
        answer = json.loads(line.recv(10))
        assert (answer["re"], answer["user"]["name"]) == (1, "ani")
        made = front.call(
            "room_create", {"kind": "private", "label": "tls"}, Cookie=cookie, Origin=origin
        )
        room = json.loads(made[2])["room"]["id"]
        said = {"id": 2, "op": "send", "room": room, "cid": "ab" * 16, "body": "x" * 16384}
        line.send(json.dumps(said))
        while (frame := json.loads(line.recv(10))).get("ev") != "message":
            pass
        assert len(frame["body"]) == 16384


def test_websocket_of_a_foreign_origin_is_refused_through_nginx(front):
    with pytest.raises(InvalidStatus) as refused, front.socket(Origin="https://elsewhere.example"):
        pass
    assert refused.value.response.status_code == 403


def test_body_of_just_the_limit_passes_and_a_longer_one_is_413_in_json(front):
    body = b"{}" + b" " * (65536 - 2)
    cookie = cookie_of(log_in(front)[1])
    sent = {"Cookie": cookie, "Content_Type": "application/json"}
    assert front.ask("POST", "/api/me", body, **sent)[0] == 200
    status, headers, answer = front.ask("POST", "/api/me", body + b" ", **sent)
    assert (status, json.loads(answer)["error"]["code"]) == (413, "too_large")
    assert headers.get_content_type() == "application/json"


def test_body_is_passed_on_while_it_comes(tmp_path):
    upstream = Upstream()
    front = Site(tmp_path, upstream.port, free_port(), free_port())
    front.start()

    def first_byte_is_there() -> None:
        wait_for("the first byte", lambda: upstream.begun == ["/api/me"])
        assert not upstream.asked

    try:
        status, body = front.post_in_two("/api/me", b"{", b"}", first_byte_is_there)
        assert (status, json.loads(body)["length"]) == (200, 2)
    finally:
        front.stop()
        upstream.close()


def test_errors_of_the_server_pass_through(front):
    cookie = cookie_of(log_in(front)[1])
    status, _, body = front.call("me", {})
    assert (status, json.loads(body)["error"]["code"]) == (401, "unauthorized")
    long = {"room": "ff" * 12, "cid": "ab" * 16, "body": "x" * 16385}
    status, _, body = front.call("send", long, Cookie=cookie)
    assert (status, json.loads(body)["error"]["code"]) == (413, "too_large")
    status, _, body = front.ask("POST", "/api/me", b"{}", Content_Type="text/plain")
    assert status == 415
    assert front.ask("GET", f"/{'a' * 3000}")[0] == 414
    assert front.ask("GET", "/", X_Long="a" * 20000)[0] in (400, 431)


def test_limits_count_the_real_address_which_nobody_can_forge(front):
    """Ten wrong passwords of one address; another one may still try."""
    for n in range(10):
        forged = {"X_Forwarded_For": f"203.0.113.{n}"}
        assert log_in(front, password="a wrong one", source="127.0.0.2", **forged)[0] == 401
    status, headers, body = log_in(
        front, password="a wrong one", source="127.0.0.2", X_Forwarded_For="203.0.113.99"
    )
    assert (status, json.loads(body)["error"]["code"]) == (429, "slow_down")
    assert int(headers["Retry-After"]) >= 1
    assert log_in(front, source="127.0.0.3")[0] == 200


def test_files_of_the_client_pass_through_with_their_headers(front):
    status, headers, body = front.ask("GET", "/")
    assert status == 200
    assert b"<title>Burung" in body
    assert "default-src" in headers["Content-Security-Policy"]
    status, headers, _ = front.ask("GET", "/assets/app-1234.js")
    assert (status, headers.get_content_type()) == (200, "text/javascript")
    assert "immutable" in headers["Cache-Control"]
    etag = headers["ETag"]
    assert front.ask("GET", "/assets/app-1234.js", If_None_Match=etag)[0] == 304


def test_logs_have_the_path_but_nothing_behind_the_question_mark(tmp_path):
    """Neither the one of what was asked nor the one of errors, when burungd is away."""
    front = Site(tmp_path, free_port(), free_port(), free_port())
    front.start()
    try:
        assert front.ask("GET", "/invite?code=SECRET", Referer="https://x/?SECRET")[0] == 503
        line = http.client.HTTPConnection("127.0.0.1", front.plain_port, timeout=20)
        line.request("GET", "/invite?code=SECRET", headers={"Host": HOST})
        assert line.getresponse().status == 301
        line.close()
        wait_for("a line", lambda: '"GET /invite" 503' in front.logs())
    finally:
        front.stop()
    assert "SECRET" not in front.logs()


def test_time_outs_are_longer_than_the_servers_pings():
    site = (TOP / "nginx/burung-chat.conf").read_text()
    socket_part = site[site.index("location = /ws") :]
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        assert int(re.search(rf"{name} (\d+)s;", socket_part).group(1)) > 3 * 25


def test_absent_server_is_busy_in_json_and_comes_back(front, tmp_path):
    with Server(workers=1) as server:
        folder = tmp_path / "front"
        folder.mkdir()
        other = Site(folder, server.port, free_port(), free_port())
        other.start()
        try:
            assert other.call("info", {})[0] == 200
            server.stop()
            status, headers, body = other.call("info", {})
            assert (status, json.loads(body)["error"]["code"]) == (503, "busy")
            assert headers["Retry-After"] == "1"
            server.start()
            wait_for("it is back", lambda: other.call("info", {})[0] == 200)
        finally:
            other.stop()
