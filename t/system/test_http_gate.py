"""The gate in front of libevhtp: what it lets through, what it refuses, and how."""

import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import time
from random import Random

import pytest
from burung.probe import Answer, Probe, Wire, get, post, wait_for

HSTS = "strict-transport-security"
UPGRADE = get(
    "/ws",
    "Connection: keep-alive, Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)


@pytest.fixture(scope="module")
def probe():
    with Probe() as shared:
        yield shared


def settle(side: Wire) -> None:
    """Returns when the server has read what was sent before on other connections: a round trip
    through its one loop."""
    assert side.send(get("/counts")).answer().status == 200


def readable(wire: Wire, seconds: float = 0) -> bool:
    return bool(wire.buffer) or bool(select.select([wire.socket], [], [], seconds)[0])


def assert_refused(wire: Wire, status: int) -> Answer:
    answer = wire.answer()
    assert answer.status == status, answer.text
    assert answer.headers["connection"] == "close"
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.startswith(f"{status} ") and answer.text.endswith(".\n")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert wire.closed(), f"behind the refusal: {wire.buffer!r}"
    return answer


# Requests in pieces ---------------------------------------------------------------------------

PIECES = {
    "get": (get("/echo/a?header=x-probe", "X-Probe: value"), b"value value\nbody 0\n"),
    "post": (post("/echo/b?header=x-probe", b'{"a":1}', "X-Probe: v"), b'value v\nbody 7\n{"a":1}'),
    "late": (get("/later/c?ms=0"), b"late /later/c\n"),
}


@pytest.mark.parametrize("kind", PIECES)
def test_a_request_in_two_segments_is_read_right_at_every_split_point(probe, kind):
    request, expected = PIECES[kind]
    with probe.wire() as side, probe.wire() as wire:
        for at in range(1, len(request)):
            wire.send(request[:at])
            settle(side)
            assert not readable(wire), f"an answer to {request[:at]!r}"
            answer = wire.send(request[at:]).answer()
            assert (answer.status, answer.body[-len(expected) :]) == (200, expected), at


@pytest.mark.parametrize("kind", PIECES)
def test_a_request_byte_by_byte_is_read_right(probe, kind):
    request, expected = PIECES[kind]
    with probe.wire() as side, probe.wire() as wire:
        for byte in request:
            wire.send(bytes([byte]))
            settle(side)
        assert wire.answer().body.endswith(expected)


def test_two_requests_cut_at_every_point_are_both_answered(probe):
    both = PIECES["post"][0] + PIECES["get"][0]
    with probe.wire() as side, probe.wire() as wire:
        for at in range(1, len(both)):
            wire.send(both[:at])
            settle(side)
            wire.send(both[at:])
            assert wire.answer().body.endswith(PIECES["post"][1]), at
            assert wire.answer().body.endswith(PIECES["get"][1]), at


def test_an_empty_line_before_a_request_is_dropped_once(probe):
    with probe.wire() as wire:
        assert wire.send(b"\r\n" + get("/echo")).answer().status == 200
        assert wire.send(b"\r\n" + get("/echo")).answer().status == 200
        assert_refused(wire.send(b"\r\n\r\n" + get("/echo")), 400)


# Pipelining -----------------------------------------------------------------------------------


def test_pipelined_requests_are_answered_in_order_though_answers_come_late(probe):
    with probe.wire() as wire:
        wire.send(b"".join(get(f"/later/{n}?ms={(20 - n) * 3}") for n in range(20)))
        for n in range(20):
            assert wire.answer().text == f"late /later/{n}\n"


def test_pipelined_bodies_stay_with_their_requests(probe):
    bodies = [b"%d" % n * (n * 37) for n in range(1, 40)]
    with probe.wire() as wire:
        wire.send(b"".join(post(f"/echo/{len(body)}", body) for body in bodies))
        for body in bodies:
            answer = wire.answer()
            assert answer.text.startswith(f"POST /echo/{len(body)}?")
            assert answer.body.endswith(b"body %d\n%s" % (len(body), body))


def test_a_request_behind_a_late_one_waits_until_that_is_answered(probe):
    with probe.wire() as side, probe.wire() as wire:
        wire.send(get("/later/x"))
        wait_for(lambda: probe.counts()["waiting"] == 1)
        wire.send(get("/echo"))
        settle(side)
        assert not readable(wire)
        assert side.send(get("/release")).answer().text == "released\n"
        assert wire.answer().text == "late /later/x\n"
        assert wire.answer().text.startswith("GET /echo?")


def test_a_client_that_pipelines_without_reading_is_not_read_without_end(probe):
    before = probe.memory_kib()
    flood = get("/big?n=100000") * 500
    with probe.wire() as wire:
        wire.socket.setblocking(False)
        sent = 0
        end = time.monotonic() + 5
        while time.monotonic() < end and select.select([], [wire.socket], [], 0.5)[1]:
            sent += wire.socket.send(flood)
        assert not select.select([], [wire.socket], [], 0)[1], f"it swallowed {sent} bytes"
        assert probe.memory_kib() - before < 40_000
        assert probe.ask(get("/echo")).status == 200


# What must be refused -------------------------------------------------------------------------

HOST = b"Host: probe\r\n"
JSON = b"Content-Type: application/json\r\n"
SMUGGLED = get("/echo/smuggled")
REFUSED = {
    "CL and TE": (
        b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 6\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
        400,
    ),
    "TE and CL": (
        b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n"
        b"Content-Length: 4\r\n\r\n5c\r\n",
        400,
    ),
    "TE chunked": (
        b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        411,
    ),
    "TE identity": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: identity\r\n\r\n",
        411,
    ),
    "TE by a tab": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Transfer-Encoding:\tchunked\r\n\r\n",
        411,
    ),
    "two equal CL": (
        b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 5\r\n"
        b"Content-Length: 5\r\n\r\n[1,2]",
        400,
    ),
    "two different CL": (
        b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 5\r\n"
        b"Content-Length: 0\r\n\r\n[1,2]",
        400,
    ),
    "CL list": (b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 5, 5\r\n\r\n", 400),
    "CL +5": (b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: +5\r\n\r\n", 400),
    "CL -5": (b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: -5\r\n\r\n", 400),
    "CL hex": (b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 0x5\r\n\r\n", 400),
    "CL inner blank": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 5 5\r\n\r\n", 400),
    "CL overflow": (
        b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 18446744073709551621\r\n\r\n",
        413,
    ),
    "obs-fold": (b"GET /echo HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", 400),
    "bare LF": (b"GET /echo HTTP/1.1\nHost: probe\n\n", 400),
    "bare LF in a header": (b"GET /echo HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n\r\n", 400),
    "bare CR": (b"GET /echo HTTP/1.1\r\n" + HOST + b"X: a\rb\r\n\r\n", 400),
    "NUL": (b"GET /echo HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n", 400),
    "blank before the colon": (b"GET /echo HTTP/1.1\r\nHost : probe\r\n\r\n", 400),
    "no Host": (b"GET /echo HTTP/1.1\r\n\r\n", 400),
    "two Hosts": (b"GET /echo HTTP/1.1\r\n" + HOST + b"Host: other\r\n\r\n", 400),
    "HTTP/3.9": (b"GET /echo HTTP/3.9\r\n" + HOST + b"\r\n", 505),
    "HTTP/0.9": (b"GET /echo\r\n\r\n", 400),
    "lower-case method": (b"get /echo HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "garbage": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "absolute form": (b"GET http://probe/echo HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "CONNECT": (b"CONNECT probe:80 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "fragment": (b"GET /echo#a HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "wrong escape": (b"GET /echo/%zz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "long address": (b"GET /" + b"a" * 2048 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "endless address": (b"GET /" + b"a" * 30000, 414),
    "long headers": (b"GET /echo HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20000 + b"\r\n\r\n", 431),
    "many headers": (b"GET /echo HTTP/1.1\r\n" + HOST + b"X: a\r\n" * 100 + b"\r\n", 431),
    "form": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=b",
        415,
    ),
    "multipart": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n"
        b"Content-Type: multipart/form-data; boundary=a\r\n\r\n--a",
        415,
    ),
    "body without a type": (
        b"POST /echo HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}",
        415,
    ),
    "other expectation": (b"POST /echo HTTP/1.1\r\n" + HOST + b"Expect: 200\r\n\r\n", 417),
    "long body": (
        b"POST /echo HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 65537\r\n\r\n",
        413,
    ),
}


@pytest.mark.parametrize("behind", [b"", SMUGGLED], ids=["alone", "with a request behind"])
@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_says_why_and_ends_the_connection(probe, kind, behind):
    request, status = REFUSED[kind]
    with probe.wire() as wire:
        assert_refused(wire.send(request + behind), status)


@pytest.mark.parametrize("kind", REFUSED)
def test_a_refusal_comes_after_the_answers_before_it(probe, kind):
    request, status = REFUSED[kind]
    with probe.wire() as wire:
        wire.send(get("/later/x?ms=20") + get("/echo") + request)
        assert wire.answer().text == "late /later/x\n"
        assert wire.answer().status == 200
        assert_refused(wire, status)


def test_200_000_headers_are_refused_and_cost_nothing(probe):
    before = probe.memory_kib()
    with probe.wire() as wire:
        wire.send(b"GET /echo HTTP/1.1\r\n" + HOST)
        wire.socket.sendall(b"X: a\r\n" * 200_000 + b"\r\n")
        assert wire.answer().status == 431
    assert probe.memory_kib() - before < 20_000


@pytest.mark.parametrize(
    ("kind", "status"),
    [("application/x-www-form-urlencoded", 415), ("application/json", 413)],
)
def test_a_post_of_5_mb_is_sent_whole_and_then_the_refusal_is_read(probe, kind, status):
    with probe.wire() as wire:
        head = get("/echo", f"Content-Type: {kind}", "Content-Length: 5000000", method="POST")
        wire.send(head + b"a=b&" * 1_250_000)
        assert wire.answer().status == status
    assert probe.ask(get("/echo")).status == 200


def test_a_refused_client_that_never_stops_sending_is_cut_off(probe):
    with probe.wire() as wire:
        wire.send(get("/echo", "Content-Type: text/plain", "Content-Length: 1", method="POST"))
        sent = 0
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while sent < 100_000_000:
                wire.send(b"x" * 100_000)
                sent += 100_000
        assert sent > 1_000_000


def test_a_refused_client_that_keeps_its_side_open_is_cut_off_in_time(probe):
    with probe.wire(timeout=8) as wire:
        wire.send(b"bad\r\n\r\n")
        assert_refused(wire, 400)
        with probe.wire() as side:
            wait_for(lambda: "connections 1 " in side.send(get("/counts")).answer().text)


def test_the_largest_body_is_accepted(probe):
    body = b"[" + b"1," * 32767 + b"]"
    assert len(body) == 65536
    assert probe.ask(post("/echo", body)).body.endswith(body)


def mutated(random: Random, data: bytes) -> bytes:
    for _ in range(random.randint(1, 4)):
        at, kind = random.randrange(len(data)), random.randrange(4)
        odd = bytes([random.choice(b"\r\n\0 :\t,;%/0\xff")])
        cut = data[at : at + random.randint(1, 20)]
        if kind == 0:
            data = data[:at] + odd + data[at + 1 :]
        elif kind == 1:
            data = data[:at] + odd + data[at:]
        elif kind == 2:
            data = data[:at] + data[at + len(cut) :] or b"x"
        else:
            data = data[:at] + cut + data[at:]
    return data


def test_mutated_requests_get_whole_answers_or_none(probe):
    seeds = [request for request, _ in PIECES.values()] + [
        request for request, _ in REFUSED.values() if len(request) < 500
    ]
    random = Random(20)
    for _ in range(600):
        data = mutated(random, random.choice(seeds) + random.choice(seeds))
        with probe.wire() as wire:
            try:
                wire.send(data)
                wire.socket.shutdown(socket.SHUT_WR)
                while wire.more():
                    pass
            except (BrokenPipeError, ConnectionResetError):
                pass
            rest = wire.buffer
            while rest:
                head, end, rest = rest.partition(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 ") and end, (data, wire.buffer)
                length = re.search(rb"Content-Length: (\d+)", head)
                rest = rest[int(length[1]) if length else 0 :]
    assert probe.ask(get("/echo")).status == 200


# Expect ---------------------------------------------------------------------------------------


def test_expect_gets_100_and_then_its_answer(probe):
    request = post("/echo", b"{}", "Expect: 100-continue")
    with probe.wire() as wire:
        wire.send(request[:-2])
        assert wire.until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue"
        answer = wire.send(b"{}").answer()
        assert (answer.status, answer.interim) == (200, [])
        assert wire.send(get("/echo")).answer().status == 200


def test_expect_with_the_body_already_there_gets_no_100(probe):
    with probe.wire() as wire:
        assert wire.send(post("/echo", b"{}", "Expect: 100-continue")).answer().interim == []


@pytest.mark.parametrize(
    ("kind", "length", "status"),
    [("application/json", 65537, 413), ("text/plain", 5, 415)],
)
def test_expect_with_a_body_that_is_refused_gets_no_100(probe, kind, length, status):
    with probe.wire() as wire:
        wire.send(
            get(
                "/echo",
                f"Content-Type: {kind}",
                f"Content-Length: {length}",
                "Expect: 100-continue",
                method="POST",
            )
        )
        assert assert_refused(wire, status).interim == []


# Deadlines ------------------------------------------------------------------------------------


def drip(wire: Wire, data: bytes) -> float:
    """Sends a byte every 50 ms until something comes back; how long that took."""
    begin = time.monotonic()
    for byte in data:
        try:
            wire.send(bytes([byte]))
        except (BrokenPipeError, ConnectionResetError):
            break
        if readable(wire, 0.05):
            break
    return time.monotonic() - begin


def test_headers_that_drip_are_cut_off_in_time():
    with Probe("-H", "500") as probe, probe.wire() as wire:
        assert drip(wire, get("/echo", "X: " + "a" * 1000)) < 3
        assert_refused(wire, 408)


def test_a_body_that_drips_is_cut_off_in_time():
    with Probe("-B", "500") as probe, probe.wire() as wire:
        request = post("/echo", b"1" * 1000)
        wire.send(request[:-1000])
        assert drip(wire, request[-1000:]) < 3
        assert_refused(wire, 408)


def test_empty_lines_do_not_put_off_the_deadline():
    with Probe("-H", "500") as probe, probe.wire() as wire:
        assert drip(wire, b"\r\n" + b"G" * 500) < 3
        assert_refused(wire, 408)


def test_a_client_that_says_nothing_is_closed_without_a_word():
    with Probe("-H", "300") as probe, probe.wire() as wire:
        assert wire.closed()


def test_a_connection_idle_between_requests_is_closed_without_a_word():
    with Probe("-I", "300") as probe, probe.wire() as wire:
        assert wire.send(get("/echo")).answer().status == 200
        assert wire.closed()


def test_a_late_answer_is_under_no_deadline():
    with Probe("-H", "200", "-I", "200", "-B", "200") as probe, probe.wire() as wire:
        assert wire.send(get("/later/x?ms=700")).answer().text == "late /later/x\n"


# Answers --------------------------------------------------------------------------------------


def test_head_is_get_without_the_body(probe):
    with probe.wire() as wire:
        whole = wire.send(get("/status?s=200")).answer()
        head = wire.send(get("/status?s=200", method="HEAD")).answer(head=True)
        assert wire.send(get("/echo")).answer().text.startswith("GET /echo?")
    assert head.status == 200
    assert head.headers["content-length"] == whole.headers["content-length"] == "4"
    assert head.headers.keys() == whole.headers.keys()


@pytest.mark.parametrize("status", [204, 304])
def test_answers_that_have_no_body_have_none(probe, status):
    with probe.wire() as wire:
        answer = wire.send(get(f"/status?s={status}")).answer()
        assert (answer.status, "content-length" in answer.headers) == (status, False)
        assert wire.send(get("/echo")).answer().status == 200


def test_every_answer_has_the_security_headers(probe):
    for request in (get("/echo"), get("/nothing"), get("/status?s=500"), b"bad\r\n\r\n"):
        headers = probe.ask(request).headers
        policy = headers["content-security-policy"]
        assert policy.startswith(
            "default-src 'self'; img-src 'self' data: blob:; object-src 'none'"
        )
        for rule in ("base-uri 'none'", "frame-ancestors 'none'", "form-action 'self'"):
            assert rule in policy
        assert "unsafe" not in policy and "*" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "camera=()" in headers["permissions-policy"]
        assert headers["server"] == "burungd"
        assert headers["cache-control"] == "no-store"
        assert time.strptime(headers["date"], "%a, %d %b %Y %H:%M:%S GMT")
        assert HSTS not in headers


@pytest.mark.parametrize(
    ("request_line", "headers", "keeps"),
    [
        (b"GET /echo HTTP/1.1\r\n", b"", True),
        (b"GET /echo HTTP/1.1\r\n", b"Connection: close\r\n", False),
        (b"GET /echo HTTP/1.0\r\n", b"", False),
        (b"GET /echo HTTP/1.0\r\n", b"Connection: keep-alive\r\n", True),
    ],
)
def test_a_connection_is_kept_as_the_client_asks(probe, request_line, headers, keeps):
    with probe.wire() as wire:
        wire.send(request_line + HOST + headers + b"\r\n")
        said = wire.answer().headers.get("connection")
        if keeps:
            assert said == ("keep-alive" if b"1.0" in request_line else None)
            assert wire.send(get("/echo")).answer().status == 200
        else:
            assert said == "close"
            assert wire.closed()


def test_a_client_that_asks_and_shuts_its_side_reads_its_answer(probe):
    with probe.wire() as wire:
        wire.send(get("/big?n=3000000"))
        wire.socket.shutdown(socket.SHUT_WR)
        assert len(wire.answer().body) == 3_000_000
        assert wire.closed()


def test_a_large_answer_reaches_a_slow_reader_whole_and_the_next_follows(probe):
    with probe.wire() as wire:
        wire.send(get("/big?n=8000000") + get("/echo"))
        while len(wire.buffer) < 100_000:
            wire.buffer += wire.socket.recv(1000)
        assert len(wire.answer().body) == 8_000_000
        assert wire.answer().text.startswith("GET /echo?")


def test_a_line_break_in_an_answers_header_ends_the_process_before_it_is_sent():
    probe = Probe()
    with probe.wire() as wire:
        assert wire.send(get("/split")).closed()
    assert probe.process.wait(10) == -signal.SIGABRT
    assert probe.stop() != 0
    assert "line break" in probe.errors()


def test_an_unknown_path_is_404(probe):
    assert probe.ask(get("/nothing")).status == 404


def test_a_prefix_route_has_what_is_below_it_only(probe):
    assert probe.ask(get("/echo/a/b")).text.startswith("GET /echo/a/b?")
    assert probe.ask(get("/echoes")).status == 404


def test_other_methods_reach_the_handler(probe):
    assert "method 3" in probe.ask(get("/echo", method="PATCH")).text


@pytest.mark.parametrize(
    ("name", "value"),
    [("a", "1"), ("b", "x=y"), ("__Host-burung", "t"), ("none", "(none)"), ("long", "(none)")],
)
def test_a_cookie_is_found_by_its_name(probe, name, value):
    jar = "Cookie: xa=0; a=1; b=x=y;__Host-burung=t ; long=" + "z" * 40
    assert f"value {value}\n" in probe.ask(get(f"/echo?cookie={name}", jar)).text


# The client's address -------------------------------------------------------------------------

FORWARDED = ("X-Forwarded-For: 9.9.9.9, 1.2.3.4", "X-Forwarded-Proto: https")


def test_what_an_untrusted_client_says_of_itself_is_not_believed(probe):
    answer = probe.ask(get("/echo", *FORWARDED))
    assert "peer 127.0.0.1 tls 0" in answer.text
    assert HSTS not in answer.headers


def test_a_trusted_proxy_is_believed():
    with Probe("-T", "127.0.0.0/8") as probe:
        answer = probe.ask(get("/echo", *FORWARDED))
        assert "peer 1.2.3.4 tls 1" in answer.text
        assert answer.headers[HSTS].startswith("max-age=")


def test_a_proxy_on_a_unix_socket_is_believed_when_trusted(tmp_path):
    path = str(tmp_path / "http.sock")
    with Probe("-U", path, "-T", "unix") as probe, Wire(path) as wire:
        assert "peer 1.2.3.4 tls 1" in wire.send(get("/echo", *FORWARDED)).answer().text
        assert "peer unix tls 0" in wire.send(get("/echo")).answer().text
        assert "peer 127.0.0.1 tls 0" in probe.ask(get("/echo", *FORWARDED)).text


# Clients that go ------------------------------------------------------------------------------


def test_a_client_gone_before_its_answer_is_noticed_and_harms_nothing():
    with Probe() as probe:
        with probe.wire() as wire:
            wire.send(get("/later/a") + get("/echo"))
            wait_for(lambda: probe.counts()["waiting"] == 1)
        wait_for(lambda: probe.counts()["connections"] == 1)  # the one that asks
        assert probe.counts()["waiting"] == 1
        probe.ask(get("/release"))
        assert probe.counts()["waiting"] == 0
        assert probe.counts()["late"] == 1


def test_clients_that_reset_at_every_point_leave_nothing_behind():
    request = get("/later/a?ms=5") + post("/echo", b"{}") + UPGRADE + b"xyz"
    with Probe() as probe, probe.wire() as side:
        settle(side)
        before = probe.descriptors()
        for at in range(0, len(request), 3):
            with probe.wire() as wire:
                wire.send(request[:at])
                if at % 2:
                    settle(side)
                linger = struct.pack("ii", 1, 0)
                wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        wait_for(lambda: probe.counts()["waiting"] == 0)
        wait_for(lambda: probe.descriptors() == before)


# Upgrade --------------------------------------------------------------------------------------


def test_an_upgrade_hands_over_the_socket_and_what_came_behind_the_request(probe):
    with probe.wire() as wire:
        wire.send(UPGRADE + b"frames right behind")
        answer = wire.answer()
        assert answer.status == 101
        assert answer.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert answer.headers["upgrade"] == "websocket"
        assert wire.take(28) == b"first 19:frames right behind"
        assert wire.send(b"echo").take(4) == b"echo"


def test_an_upgrade_in_two_segments_works_at_every_split_point(probe):
    whole = UPGRADE + b"abc"
    with probe.wire() as side:
        for at in range(1, len(whole)):
            with probe.wire() as wire:
                wire.send(whole[:at])
                settle(side)
                wire.send(whole[at:])
                assert wire.answer().status == 101
                wire.until(b":")
                assert wire.send(b"d").take(len(whole[max(at, len(UPGRADE)) :]) + 1)


def test_an_upgrade_waits_for_the_answers_before_it(probe):
    with probe.wire() as wire:
        wire.send(get("/later/a?ms=50") + get("/echo") + UPGRADE + b"z")
        assert wire.answer().text == "late /later/a\n"
        assert wire.answer().status == 200
        assert wire.answer().status == 101
        assert wire.take(9) == b"first 1:z"


def test_upgraded_connections_are_no_http_connections_and_outlive_its_deadlines():
    with Probe("-H", "1000", "-I", "1000") as probe:
        wires = []
        for _ in range(20):
            wires.append(probe.wire())
            assert wires[-1].send(UPGRADE).answer().status == 101
        wait_for(lambda: probe.counts()["upgraded"] == 20)
        assert probe.counts()["connections"] == 1  # the one that asks
        with probe.wire() as idle:
            assert idle.closed()
        for wire in wires:
            wire.take(8)
            assert wire.send(b"alive").take(5) == b"alive"
            wire.socket.close()
        wait_for(lambda: probe.counts()["upgraded"] == 0)


def test_a_get_of_the_socket_without_the_handshake_is_answered(probe):
    assert probe.ask(get("/ws")).status == 426


# The server as a whole ------------------------------------------------------------------------


def test_a_server_without_descriptors_waits_says_so_once_and_recovers():
    with Probe("-n", "40") as probe:
        wires = [probe.wire() for _ in range(60)]
        wait_for(lambda: "accept failed" in probe.errors())
        before = probe.cpu_seconds()
        time.sleep(1)  # the load: a second without descriptors
        assert probe.cpu_seconds() - before < 0.3
        for wire in wires:
            wire.socket.close()
        assert probe.ask(get("/echo")).status == 200
        assert probe.errors().count("accept failed") == 1


def test_a_drain_answers_what_is_under_way_and_ends_what_is_idle():
    with Probe() as probe:
        with probe.wire() as idle, probe.wire() as busy, probe.wire() as half:
            assert idle.send(get("/echo")).answer().status == 200
            half.send(get("/release")[:-2])
            busy.send(get("/later/a"))
            wait_for(lambda: probe.counts()["waiting"] == 1)
            probe.process.terminate()
            assert idle.closed()
            answer = half.send(b"\r\n").answer()
            assert (answer.text, answer.headers["connection"]) == ("released\n", "close")
            answer = busy.answer()
            assert (answer.text, answer.headers["connection"]) == ("late /later/a\n", "close")
            assert busy.closed()
        assert probe.process.wait(10) == 0


def test_a_server_that_ends_at_once_leaves_no_memory_behind():
    with Probe() as probe, probe.wire() as side:
        sent = (
            get("/echo"),
            get("/echo")[:-2],
            post("/echo", b"12345")[:-3],
            get("/later/a?ms=300"),
        )
        wires = [
            probe.wire().send(request) for request in (*sent, get("/big?n=9000000"), b"bad\r\n\r\n")
        ]
        settle(side)
        probe.process.send_signal(signal.SIGUSR1)
        assert probe.process.wait(10) == 0, probe.errors()
        for wire in wires:
            wire.socket.close()


def test_several_processes_share_one_listening_socket():
    with Probe("-w", "3") as probe:
        wires = [probe.wire() for _ in range(60)]
        for wire in wires:
            wire.send(get("/counts"))
        processes = {wire.answer().text.rpartition(" ")[2] for wire in wires}
        assert 1 <= len(processes) <= 3
        for wire in wires:
            assert wire.send(get("/echo")).answer().status == 200
            wire.socket.close()
        assert "accept" not in probe.errors()


def test_a_server_that_pauses_accepts_nobody_and_serves_those_it_has():
    with Probe() as probe, probe.wire() as old:
        assert old.send(get("/pause")).answer().status == 200
        with probe.wire() as new:
            new.send(get("/echo"))
            for _ in range(5):
                assert "connections 1" in old.send(get("/counts")).answer().text
            assert not readable(new)


# Other people's clients -----------------------------------------------------------------------


def test_pythons_client_keeps_its_connection(probe):
    from http.client import HTTPConnection

    connection = HTTPConnection("127.0.0.1", probe.port, timeout=10)
    connection.connect()
    local = connection.sock.getsockname()
    for n in range(20):
        body = b'{"n":%d}' % n
        connection.request("POST", "/echo", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200 and answer.read().endswith(body)
        connection.request("HEAD", "/echo")
        assert connection.getresponse().read() == b""
    assert connection.sock.getsockname() == local
    connection.close()


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_curl_reads_several_answers_on_one_connection(probe):
    urls = [f"http://127.0.0.1:{probe.port}/later/{n}?ms=1" for n in range(10)]
    run = subprocess.run(
        ["curl", "-sS", "-w", "%{num_connects}\n", *urls], capture_output=True, timeout=20
    )
    assert run.returncode == 0, run.stderr
    expected = "".join(f"late /later/{n}\n{int(n == 0)}\n" for n in range(10))
    assert run.stdout.decode() == expected


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_wrk_meets_no_errors(probe):
    url = f"http://127.0.0.1:{probe.port}/echo"
    run = subprocess.run(
        ["wrk", "-t1", "-c20", "-d1", url], capture_output=True, timeout=20, text=True
    )
    assert run.returncode == 0, run.stderr
    assert "Socket errors" not in run.stdout and "Non-2xx" not in run.stdout, run.stdout
    assert int(run.stdout.split(" requests in")[0].split()[-1]) > 100


NGINX = """
daemon off; master_process off; pid {dir}/pid; error_log stderr; worker_rlimit_nofile 1024;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {dir}; proxy_temp_path {dir}; fastcgi_temp_path {dir};
    uwsgi_temp_path {dir}; scgi_temp_path {dir};
    upstream probe {{ server 127.0.0.1:{port}; keepalive 4; }}
    server {{
        listen unix:{dir}/nginx.sock;
        location / {{
            proxy_pass http://probe; proxy_http_version 1.1;
            proxy_set_header Connection ""; proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For 203.0.113.7;
            proxy_set_header X-Forwarded-Proto https;
        }}
        location /ws {{
            proxy_pass http://probe; proxy_http_version 1.1;
            proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade;
        }}
    }}
}}
"""


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_in_front_keeps_connections_and_passes_upgrades(tmp_path):
    with Probe("-T", "127.0.0.1") as probe:
        conf = tmp_path / "nginx.conf"
        conf.write_text(NGINX.format(dir=tmp_path, port=probe.port))
        nginx = subprocess.Popen(
            ["nginx", "-p", str(tmp_path), "-c", str(conf)], stderr=subprocess.DEVNULL
        )
        try:
            path = tmp_path / "nginx.sock"
            wait_for(path.exists)
            with Wire(str(path)) as wire:
                for n in range(30):
                    body = b'{"n":%d}' % n * 50
                    answer = wire.send(post("/echo", body)).answer()
                    assert "peer 203.0.113.7 tls 1" in answer.text
                    assert answer.body.endswith(body)
                assert probe.counts()["connections"] <= 3
            with Wire(str(path)) as wire:
                assert wire.send(UPGRADE + b"behind").answer().status == 101
                wire.until(b":")
                assert wire.take(6) == b"behind"
        finally:
            nginx.terminate()
            nginx.wait(10)
