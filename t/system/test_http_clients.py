"""HTTP by clients that others wrote, against a real burungd: what they send is understood, what
they get is what belongs to their request, and errors are read before the connection ends."""

import json
import re
import shutil
import subprocess
from contextlib import closing, contextmanager

import pytest
from burung.api import new_cid
from burung.http_clients import AT_ONCE, CLIENTS, NODE_CLIENTS, Client, Request
from burung.server import PASSWORD, Server, free_port, wait_for

JSON = {"Content-Type": "application/json"}
BODY_MAX = 65536
PAGE = b"<!doctype html><title>Burung</title>"
SCRIPT = b"".join(b"const line%d = %d;\n" % (n, n) for n in range(4000))
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def needs(program: str):
    return pytest.mark.skipif(not shutil.which(program), reason=f"{program} is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    www = tmp_path_factory.mktemp("www")
    (www / "assets").mkdir()
    (www / "index.html").write_bytes(PAGE)
    (www / "assets" / "app-1234.js").write_bytes(SCRIPT)
    limits = dict.fromkeys(("limit_logins", "limit_logins_address", "limit_logins_account"), 0)
    with Server(workers=2, www=www, **limits) as one:
        yield one


@pytest.fixture(scope="module", params=[*CLIENTS, *NODE_CLIENTS], ids=lambda kind: kind.name)
def lasting(request, server):
    if request.param in NODE_CLIENTS and not shutil.which("node"):
        pytest.skip("node is not installed")
    with closing(request.param(server.port)) as one:
        yield one


@pytest.fixture
def client(lasting):
    yield lasting
    lasting.rest()


class Person:
    """Somebody with an account, who asks by a client of one's choice."""

    def __init__(self, server: Server, name: str):
        self.name = name
        self.api = server.user(name).api
        self.headers = {**JSON, "Authorization": f"Bearer {self.api.token}"}

    def command(self, op: str, **fields) -> Request:
        return Request("POST", f"/api/{op}", json.dumps(fields).encode(), self.headers)

    def room(self) -> str:
        return self.api.call("room_create", kind="private", label="letters")["room"]["id"]

    def expect_me(self, client: Client) -> None:
        answer = client.ask(self.command("me"))
        assert (answer.status, answer.json()["user"]["name"]) == (200, self.name)


@pytest.fixture
def ani(server, name):
    return Person(server, name("ani"))


@contextmanager
def connects_at_most(client: Client, count: int):
    before = client.connects
    yield
    if client.connects is not None:
        assert client.connects - before <= count


# --- what goes well -----------------------------------------------------------


def test_login_commands_and_files_on_one_connection(client, ani):
    login = {"name": ani.name, "password": PASSWORD}
    room = ani.room()
    with connects_at_most(client, 1):
        answer = client.ask(Request("POST", "/api/login", json.dumps(login).encode(), JSON))
        assert answer.status == 200
        cookie = {**JSON, "Cookie": answer.headers["set-cookie"].partition(";")[0]}
        answer = client.ask(Request("POST", "/api/me", b"", cookie))
        assert answer.json()["user"]["name"] == ani.name
        for n in range(30):
            sent = {"room": room, "cid": new_cid(), "body": f"letter {n} \U0001f426"}
            answer = client.ask(Request("POST", "/api/send", json.dumps(sent).encode(), cookie))
            assert (answer.status, answer.json()["no"]) == (200, n + 1)
            if n % 10 == 0:
                assert client.ask(Request("GET", "/assets/app-1234.js")).body == SCRIPT


def test_known_files_and_heads_leave_the_connection_in_step(client, ani):
    """304 and the answers to HEAD have no body: who waits for one would hang, who finds one
    that it does not expect is out of step."""
    with connects_at_most(client, 4 if client.ends_heads else 1):
        first = client.ask(Request("GET", "/"))
        assert (first.status, first.body) == (200, PAGE)
        tag = {"If-None-Match": first.headers["etag"]}
        for _ in range(3):
            known = client.ask(Request("GET", "/", headers=tag))
            assert (known.status, known.body) == (304, b"")
            head = client.ask(Request("HEAD", "/assets/app-1234.js"))
            assert (head.status, head.body) == (200, b"")
            assert int(head.headers["content-length"]) == len(SCRIPT)
            part = client.ask(Request("GET", "/", headers={"Range": "bytes=0-3"}))
            assert (part.status, part.body) == (200, PAGE)
            ani.expect_me(client)


@pytest.mark.parametrize("size", [2, BODY_MAX])
def test_bodies_in_pieces_up_to_the_limit(client, ani, size):
    body = b"{}" + b" " * (size - 2)
    step = max(size // 16, 1)
    pieces = [body[at : at + step] for at in range(0, size, step)]
    with connects_at_most(client, 1):
        for sent in ({"pieces": pieces}, {"pieces": pieces}, {"body": body}):
            answer = client.ask(Request("POST", "/api/me", headers=ani.headers, **sent))
            assert (answer.status, answer.json()["user"]["name"]) == (200, ani.name)


def test_many_at_once_each_get_their_own_answer(client, ani):
    """The number in the answer to a send is that of the very message; refusals in between."""
    room = ani.room()
    these = []
    for n in range(150):
        these.append(ani.command("send", room=room, cid=new_cid(), body=f"letter {n}"))
        if n % 5 == 0:
            these.append(Request("POST", "/api/send", b"{}", JSON))
            these.append(Request("POST", "/api/no_such", b"{}", ani.headers))
            these.append(Request("GET", "/assets/app-1234.js"))
    with connects_at_most(client, AT_ONCE):
        answers = client.ask_all(these)
    seqs = {}
    for request, answer in zip(these, answers, strict=True):
        if request.path == "/api/no_such":
            assert (answer.status, answer.json()["error"]["code"]) == (404, "not_found")
        elif request.method == "GET":
            assert (answer.status, answer.body) == (200, SCRIPT)
        elif request.headers is JSON:
            assert (answer.status, answer.json()["error"]["code"]) == (401, "unauthorized")
        else:
            assert answer.status == 200
            seqs[json.loads(request.body)["cid"]] = answer.json()["seq"]
    assert len(seqs) == 150
    assert stored(ani, room) == seqs


def stored(person: Person, room: str) -> dict[str, int]:
    """The messages of a room: cid, seq."""
    found, before = {}, None
    while True:
        more = {} if before is None else {"before": before}
        events = person.api.call("history", room=room, **more)["events"]
        found.update((e["cid"], e["seq"]) for e in events if e["ev"] == "message")
        if not events or events[0]["seq"] == 1:
            return found
        before = events[0]["seq"]


# --- what is refused ----------------------------------------------------------

MEGABYTES = b"x" * 5_000_000
PARTS = [MEGABYTES[:100_000]] * 50


def refused(token: dict[str, str]) -> dict[str, tuple[int, Request]]:
    many = {f"X-Header-{n}": "x" for n in range(150)}
    return {
        "a byte too long": (413, Request("POST", "/api/me", b"{}".ljust(BODY_MAX + 1), token)),
        "5 MB": (413, Request("POST", "/api/me", MEGABYTES, token)),
        "5 MB in pieces": (413, Request("POST", "/api/me", headers=token, pieces=PARTS)),
        "another type": (415, Request("POST", "/api/me", b"{}", {"Content-Type": "text/plain"})),
        "chunked": (411, Request("POST", "/api/me", headers=token, chunked=[b"{", b"}"])),
        "5 MB chunked": (411, Request("POST", "/api/me", headers=token, chunked=PARTS)),
        "a long address": (414, Request("GET", "/" + "a" * 3000)),
        "long headers": (431, Request("GET", "/", headers={"X-Long": "x" * 20_000})),
        "many headers": (431, Request("GET", "/", headers=many)),
        "not JSON": (400, Request("POST", "/api/me", b"{", token)),
        "nobody": (401, Request("POST", "/api/me", b"{}", JSON)),
        "no such command": (404, Request("POST", "/api/no_such", b"{}", token)),
        "not posted": (405, Request("GET", "/api/me")),
    }


@pytest.mark.parametrize("kind", refused({}))
def test_a_refusal_is_read_and_the_next_answer_is_right(client, ani, kind):
    status, request = refused(ani.headers)[kind]
    for _ in range(2):
        answer = client.ask(request)
        assert answer.status == status
        assert answer.body.strip(), "a refusal says why"
        ani.expect_me(client)


# --- curl ---------------------------------------------------------------------


def curl(*arguments: str, body: bytes = b"") -> str:
    """What it writes. `@-` in the arguments is `body`."""
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "20", *arguments], input=body, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def headers_of(ani: Person) -> list[str]:
    return [word for name, value in ani.headers.items() for word in ("-H", f"{name}: {value}")]


@needs("curl")
@pytest.mark.parametrize(
    ("size", "status", "sent"),
    [(2, 200, 2), (BODY_MAX, 200, BODY_MAX), (BODY_MAX + 1, 413, 0), (10_000_000, 413, 0)],
)
def test_curl_waits_for_100_and_sends_no_body_that_is_refused(server, ani, size, status, sent):
    said = curl(
        *headers_of(ani), "-H", "Expect: 100-continue", "--expect100-timeout", "15",
        "--data-binary", "@-", "-o", "/dev/null",
        "-w", "%{http_code} %{size_upload} %{time_total}",
        f"http://127.0.0.1:{server.port}/api/me",
        body=b"{}".ljust(size),
    )  # fmt: skip
    code, uploaded, seconds = said.split()
    assert (int(code), int(uploaded)) == (status, sent)
    assert float(seconds) < 10, "curl did not get its 100 in time"


@needs("curl")
def test_curl_posts_gets_and_heads_on_one_connection_until_its_end_is_said(server, ani):
    url = f"http://127.0.0.1:{server.port}"
    count = ["-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n"]
    steps = [
        [*headers_of(ani), "-d", "{}", f"{url}/api/me"],
        ["-I", f"{url}/assets/app-1234.js"],
        ["--compressed", f"{url}/"],
        ["-X", "PUT", *headers_of(ani), "-d", "{}", f"{url}/api/me"],
        ["-T", str(server.conf_path), f"{url}/"],
        [*headers_of(ani), "-d", "{}", f"{url}/api/me"],
    ]
    arguments = [word for step in steps for word in ("--next", *count, *step)][1:]
    assert curl(*arguments).split("\n")[:-1] == [
        "200 1", "200 0", "200 0", "405 0", "415 0", "200 1",
    ]  # fmt: skip


@needs("curl")
@pytest.mark.parametrize(
    ("keeps", "connects"), [([], "1"), (["-H", "Connection: keep-alive"], "0")]
)
def test_curl_speaks_http_1_0(server, ani, keeps, connects):
    url = f"http://127.0.0.1:{server.port}"
    step = ["--http1.0", *keeps, *headers_of(ani), "-d", "{}", "-o", "/dev/null",
            "-w", "%{http_code} %{num_connects} ", f"{url}/api/me"]  # fmt: skip
    assert curl(*step, "--next", *step) == f"200 1 200 {connects} "


@needs("curl")
@pytest.mark.parametrize("size", [10, 3_000_000])
def test_curl_reads_the_refusal_of_a_chunked_upload(server, ani, size):
    said = curl(
        *headers_of(ani), "-H", "Transfer-Encoding: chunked", "--data-binary", "@-",
        "-w", " %{http_code}", f"http://127.0.0.1:{server.port}/api/me", body=b"x" * size,
    )  # fmt: skip
    assert re.fullmatch(r"411 Length Required: .*\n 411", said)


@needs("curl")
def test_curl_knows_the_page_by_its_tag(server, tmp_path):
    page, tag, url = tmp_path / "page", tmp_path / "tag", f"http://127.0.0.1:{server.port}/"
    step = ["--etag-save", str(tag), "--etag-compare", str(tag), "-o", str(page),
            "-w", "%{http_code}", url]  # fmt: skip
    assert curl(*step) == "200"
    assert curl(*step) == "304"
    assert page.read_bytes() == PAGE


# --- load ---------------------------------------------------------------------

LUA = """
wrk.method = "POST"
wrk.body = "{}"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer %s"
"""


@needs("wrk")
@pytest.mark.parametrize("path", ["/api/me", "/assets/app-1234.js", "/no/such/page"])
def test_wrk_with_many_connections_meets_no_errors(server, ani, tmp_path, path):
    script = tmp_path / "me.lua"
    script.write_text(LUA % ani.api.token)
    more = ["-s", str(script)] if path.startswith("/api") else ["-H", "Accept: text/html"]
    done = subprocess.run(
        ["wrk", "-t2", "-c100", "-d1", "--timeout", "20", *more,
         f"http://127.0.0.1:{server.port}{path}"],
        capture_output=True, timeout=60, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Socket errors" not in done.stdout and "Non-2xx" not in done.stdout, done.stdout
    assert int(re.search(r"(\d+) requests in", done.stdout)[1]) >= 100


@needs("ab")
def test_ab_keeps_its_connections_of_http_1_0(server, ani, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"{}")
    done = subprocess.run(
        ["ab", "-k", "-q", "-n", "1000", "-c", "20", "-T", "application/json", "-p", str(body),
         "-H", f"Authorization: Bearer {ani.api.token}",
         f"http://127.0.0.1:{server.port}/api/me"],
        capture_output=True, timeout=60, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    figures = dict(re.findall(r"^(.*): +(\d+)", done.stdout, re.M))
    assert figures["Complete requests"] == figures["Keep-Alive requests"] == "1000"
    assert figures["Failed requests"] == "0" and "Non-2xx responses" not in figures


# --- nginx in front -----------------------------------------------------------

FRONT = """
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off; client_max_body_size 8m;
    client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir};
    uwsgi_temp_path {dir}; scgi_temp_path {dir};
    upstream burungd {{ server 127.0.0.1:{to}; keepalive 2; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://burungd; proxy_http_version 1.1;
            proxy_set_header Connection ""; proxy_set_header Host $http_host;
            proxy_request_buffering {buffering};
        }}
    }}
}}
"""


@pytest.fixture
def make_front(server, tmp_path):
    """Starts an nginx that keeps its connections to the server, for whoever comes next; its
    port."""
    if not NGINX:
        pytest.skip("nginx is not installed")
    started = []

    def make(buffering: str) -> int:
        port, conf = free_port(), tmp_path / "nginx.conf"
        conf.write_text(FRONT.format(dir=tmp_path, port=port, to=server.port, buffering=buffering))
        with open(tmp_path / "stderr", "wb") as stderr:
            started.append(subprocess.Popen([NGINX, "-p", tmp_path, "-c", conf], stderr=stderr))
        wait_for("nginx runs", (tmp_path / "pid").exists)
        return port

    yield make
    for nginx in started:
        nginx.terminate()
        nginx.wait(20)


# With bodies as they come, nginx ends a client's connection without saying so before when the
# server refused a body that nginx had not sent yet; so nothing is refused there that early.
@pytest.mark.parametrize(
    ("buffering", "errors"),
    [("on", ["a byte too long", "another type", "nobody"]), ("off", ["nobody", "not JSON"])],
    ids=["whole bodies", "bodies as they come"],
)
def test_people_behind_one_nginx_never_get_each_others_answers(
    server, make_front, name, buffering, errors
):
    people = [Person(server, name(short)) for short in ("ani", "budi", "citra", "dewi")]
    front = make_front(buffering)
    for kind in CLIENTS:
        these = []
        for n in range(150):
            these.append(people[n % 4].command("me"))
            if n % 10 == 0:
                these.append(refused(people[n % 4].headers)[errors[n // 10 % len(errors)]][1])
        with closing(kind(front)) as client:
            answers = client.ask_all(these)
        for request, answer in zip(these, answers, strict=True):
            whose = [one.name for one in people if request.headers is one.headers]
            if request.body == b"{}" and whose:
                assert (answer.status, [answer.json()["user"]["name"]]) == (200, whose)
            else:
                assert answer.status in (400, 401, 413, 415)
