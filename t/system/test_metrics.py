"""What Prometheus reads: its form, and that it counts what happens."""

import http.client
import json
import re
import socket
import subprocess
from pathlib import Path

import pytest
from burung import Client, Refused, http_request
from burung.prometheus import Family, parse
from burung.scene import group, say, say_many
from burung.server import TOP, Server, binary, free_port, send_signal, wait_for

JSON = {"Content-Type": "application/json"}
DASHBOARD = TOP / "deploy/grafana/burung.json"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path):
        super().__init__("localhost", timeout=10)
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self.path))


def admin(server: Server, method: str, path: str, body: bytes | None = None):
    """(status, headers, text) from the admin socket."""
    conn = UnixConnection(server.data / "run" / "admin.sock")
    try:
        conn.request(method, path, body, JSON)
        answer = conn.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        conn.close()


def metrics(server: Server) -> dict[str, Family]:
    status, headers, text = admin(server, "GET", "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return parse(text)


def test_the_form_is_prometheus(server):
    families = metrics(server)
    said = subprocess.run([binary(), "-V"], capture_output=True, text=True, check=True)
    assert families["burung_info"].values(version=said.stdout.split()[-1]) == [1]
    for name in (
        "burung_connections",
        "burung_events_stored_total",
        "burung_events_delivered_total",
        "burung_slow_devices_closed_total",
        "burung_gap_repairs_total",
        "burung_store_commit_seconds",
        "burung_store_read_seconds",
        "burung_requests_refused_total",
        "burung_memory_bytes",
        "burung_worker_deaths_total",
        "burung_bus_messages_sent_total",
        "burung_start_time_seconds",
    ):
        assert name in families
    wait_for("both serve", lambda: metrics(server)["burung_worker_up"].values() == [1, 1])


@pytest.mark.parametrize(
    "text",
    [
        "a 1\n",
        "# HELP a Words.\n# TYPE a gauge\na 1",
        "# HELP a Words.\n# TYPE a gauge\na 1\na 2\n",
        "# HELP a Words.\n# TYPE a counter\na 1\n",
        "# HELP a Words.\n# TYPE a gauge\nb 1\n",
        '# HELP a Words.\n# TYPE a gauge\na{b="1" 1\n',
        '# HELP a Words.\n# TYPE a gauge\na{b="1",b="2"} 1\n',
        "# HELP a Words.\n# TYPE a gauge\n",
        '# HELP a Words.\n# TYPE a histogram\na_bucket{le="1"} 2\na_count 2\na_sum 1\n',
        '# HELP a Words.\n# TYPE a histogram\na_bucket{le="1"} 3\na_bucket{le="+Inf"} 2\n'
        "a_count 2\na_sum 1\n",
    ],
)
def test_the_reader_of_the_form_refuses_what_is_wrong(text):
    with pytest.raises(AssertionError):
        parse(text)


async def test_events_connections_and_store_are_counted(make_server):
    server = make_server()
    ani, budi = server.users("ani", "budi")
    room = group(ani, budi)
    clients = [await Client(server.port, budi, name=f"d{n}").open() for n in range(4)]
    before = metrics(server)
    say_many(ani, room, 50)
    for client in clients:
        await client.until(lambda c=client: len(c.device.log.get(room, {})) >= 50, "50 messages")
    wait_for("connections", lambda: metrics(server)["burung_connections"].sum() == 4)
    wait_for("devices", lambda: metrics(server)["burung_devices"].sum() == 4)
    after = metrics(server)

    def grew(name: str) -> float:
        return after[name].sum() - before[name].sum()

    assert grew("burung_events_stored_total") == 50
    assert grew("burung_events_delivered_total") >= 4 * 50
    commits = "burung_store_commit_seconds"
    count = sum(v for (n, _), v in after[commits].samples.items() if n.endswith("_count"))
    assert count >= 1
    assert min(after["burung_memory_bytes"].values()) > 1_000_000
    for name in ("burung_people", "burung_rooms"):  # on one worker or on both
        assert after[name].sum() == sum(n > 0 for n in after["burung_devices"].values())
    for client in clients:
        await client.close()
    wait_for("no connections", lambda: metrics(server)["burung_connections"].sum() == 0)
    for name in ("burung_devices", "burung_people", "burung_rooms"):
        wait_for(f"no {name}", lambda name=name: metrics(server)[name].sum() == 0)


def test_refusals_are_counted_by_their_code(server):
    before = metrics(server)["burung_requests_refused_total"]
    with pytest.raises(Refused):
        server.api("0" * 64).call("me")
    with pytest.raises(Refused):
        server.api().call("nosuchcommand")
    after = metrics(server)["burung_requests_refused_total"]
    for code, status in (("unauthorized", "401"), ("not_found", "404")):
        assert after.sum(code=code, status=status) == before.sum(code=code, status=status) + 1


def test_what_is_not_even_http_is_counted(server):
    before = metrics(server)["burung_http_refused_total"].sum()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as sock:
        sock.sendall(b"GET / HTTP/3.9\r\n\r\n")
        assert sock.recv(100).startswith(b"HTTP/1.1 505 ")
    wait_for(
        "the refusal is counted",
        lambda: metrics(server)["burung_http_refused_total"].sum() == before + 1,
    )


def test_a_workers_death_is_counted(make_server):
    server = make_server()
    workers = server.wait_workers()
    assert metrics(server)["burung_worker_deaths_total"].sum() == 0
    send_signal(workers[0], 9)
    server.wait_workers(without=workers[:1])
    wait_for("both serve", lambda: metrics(server)["burung_worker_up"].values() == [1, 1])
    assert sorted(metrics(server)["burung_worker_deaths_total"].values()) == [0, 1]


def test_counters_outlive_their_worker(make_server):
    server = make_server(workers=1)
    ani = server.user("ani")
    room = group(ani)
    say(ani, room)
    stored = metrics(server)["burung_events_stored_total"].sum()
    assert stored > 0
    worker = server.wait_workers()
    send_signal(worker[0], 9)
    server.wait_workers(without=worker)
    server.wait_ready()
    assert metrics(server)["burung_events_stored_total"].sum() == stored


def test_the_metrics_port_serves_nothing_else(make_server):
    port = free_port()
    server = make_server(metrics_listen=f"127.0.0.1:{port}")
    parse(http_request(port, "GET", "/metrics").body.decode())
    assert http_request(port, "HEAD", "/metrics").body == b""
    assert http_request(port, "POST", "/metrics").status == 405
    for path in ("/", "/admin/status", "/healthz", "/api/info", "/ws"):
        assert http_request(port, "GET", path).status == 404, path
        assert http_request(port, "POST", path, b"{}", JSON).status == 404, path
    assert http_request(server.port, "GET", "/metrics").status == 404
    assert http_request(server.port, "POST", "/admin/status", b"{}", JSON).status in (404, 405)


def test_the_admin_socket_tells_of_health(server):
    for path in ("/healthz", "/readyz"):
        assert admin(server, "GET", path)[::2] == (200, "ok\n")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/admin/status", None, 405),
        ("POST", "/metrics", b"", 405),
        ("POST", "/admin/", b"{}", 404),
        ("POST", "/admin/fly", b"{}", 404),
        ("POST", "/admin/user_add", b"{", 400),
        ("POST", "/admin/user_add", b"[]", 400),
        ("POST", "/admin/user_add", b"{}", 400),
        ("POST", "/admin/user_add", b'{"user":7,"password":"long enough"}', 400),
        ("POST", "/admin/user_list", b'{"prefix":[]}', 400),
        ("POST", "/admin/log_level", b'{"level":"loud"}', 400),
        ("POST", "/admin/session_revoke", b'{"user":"nobody"}', 404),
        ("POST", "/admin/room_show", b'{"room":"' + b"f" * 24 + b'"}', 404),
        ("POST", "/api/info", b"{}", 404),
        ("GET", "/", None, 404),
    ],
)
def test_garbage_on_the_admin_socket_is_answered(server, method, path, body, status):
    answer = admin(server, method, path, body)
    assert answer[0] == status, answer
    assert admin(server, "POST", "/admin/status", b"{}")[0] == 200


def test_the_dashboard_shows_metrics_that_there_are(server):
    families = metrics(server)
    dashboard = json.loads(DASHBOARD.read_text())
    queries = [t["expr"] for p in dashboard["panels"] for t in p.get("targets", [])]
    assert len(queries) >= 10
    for query in queries:
        for name in re.findall(r"burung_\w+", query):
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            assert name in families or base in families, f"{name} in {query}"
    used = {name for query in queries for name in re.findall(r"burung_\w+", query)}
    shown = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    hidden = families.keys() - shown - {"burung_info", "burung_worker_start_time_seconds"}
    assert not hidden, f"on no panel: {hidden}"
