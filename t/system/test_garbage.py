"""Whatever a client sends, it gets a proper error and its connection stays."""

import json
import random
import re

import pytest
from burung import http_request, new_cid
from burung.raw import CLOSE, TEXT, Raw, encode
from burung.scene import RawDevice, direct, group, online

ID = "0123456789abcdef01234567"
# Each command with fields of the right form.
SOUND = {
    "send": {"room": ID, "cid": "00" * 16, "body": "halo"},
    "drop": {"room": ID, "cid": "00" * 16},
    "history": {"room": ID},
    "read": {"room": ID, "seq": 1},
    "typing": {"room": ID},
    "presence": {"users": [ID]},
    "room": {"room": ID},
    "room_create": {"kind": "private", "label": "x"},
    "direct": {"user": ID},
    "join": {"room": ID},
    "leave": {"room": ID},
    "add": {"room": ID, "user": ID},
    "remove": {"room": ID, "user": ID},
    "role": {"room": ID, "user": ID, "role": "member"},
    "members": {"room": ID},
    "users": {"ids": [ID]},
}
OPTIONAL = {
    "send": {"reply": 1},
    "history": {"before": 1, "after": 1, "around": 1, "limit": 1},
    "room_create": {"members": [ID], "cid": "00" * 16},
    "members": {"limit": 1},
    "rooms": {"limit": 1},
    "people": {"limit": 1, "prefix": "x"},
    "groups": {"limit": 1, "prefix": "x"},
}
WRONG = {
    str: [5, 1.5, True, [], {}, ["x"], {"a": "b"}],
    int: ["1", 1.5, True, [], {}, -1, 2**53, 2**63, 2**64, 1e300],
    list: [5, "x", True, {}, [5], [[]], [{}], ["x"], ["zz" * 12]],
}
FORMS = {  # of strings that are ids
    "room": ["", "x", "zz" * 12, ID[:-1], ID + "0", ID.upper()[:-1] + "\x00", "é" * 12],
    "user": ["", "x", "zz" * 12, ID[:-1], ID + "0"],
    "cid": ["", "x", "zz" * 16, "0" * 31, "0" * 33],
    "kind": ["", "direct", "self", "PUBLIC", "x" * 60000],
    "role": ["", "none", "king", "x" * 60000],
    "label": ["", "x" * 65, "x" * 60000, "a\x00b", "  "],
    "prefix": ["a\x00b"],
}


def cases():
    for op, fields in SOUND.items():
        for field in fields:
            yield op, field, "missing", {k: v for k, v in fields.items() if k != field}
    for op in SOUND | OPTIONAL:
        sound, more = SOUND.get(op, {}), OPTIONAL.get(op, {})
        for field, value in {**sound, **more}.items():
            wrongs = WRONG[type(value)] + FORMS.get(field, [])
            for wrong in wrongs:
                yield op, field, repr(wrong)[:24], {**sound, field: wrong}


CASES = list(cases())


@pytest.fixture(scope="module")
def ani(server):
    return server.user("ani")


def representable(fields):
    """False for what no document may hold; such a frame is refused before its id is read."""
    text = json.dumps(fields)
    return not re.search(r"\\u0000|e\+|\b\d{16,20}\b(?!\")", text)


def test_missing_and_wrong_fields_are_named_and_the_connection_stays(server, ani):
    failures = []
    with RawDevice(server, ani) as device:
        device.hello()
        for n, (op, field, what, fields) in enumerate(CASES, 10):
            device.say({"id": n, "op": op, **fields})
            answer = device.hear()
            error = answer.get("error", {})
            good = error.get("code") == "bad_request"
            if representable(fields):
                good = good and answer["re"] == n and field in error["message"]
            if len(str(fields)) > 1000:
                good = good or error.get("code") == "too_large"
            if not good:
                failures.append(f"{op} {field} {what}: {answer}")
        assert device.ask("ping") == {"re": 1}
    assert len(CASES) > 250
    assert not failures, "\n".join(failures)


def test_missing_and_wrong_fields_over_http(server, ani):
    failures = []
    for op, field, what, fields in CASES:
        if op == "drop" or "\x00" in str(fields):
            continue
        refused = ani.api.refusal(op, **fields)
        if refused.code not in ("bad_request", "too_large") or refused.status not in (400, 413):
            failures.append(f"{op} {field} {what}: {refused.status} {refused.code}")
    assert not failures, "\n".join(failures)


NOT_OBJECTS = [
    "",
    " ",
    "x",
    "{",
    "}",
    "[]",
    "[1,2]",
    "1",
    "null",
    "true",
    '"text"',
    "{}{}",
    '{"id":1,"op":"ping"} x',
    '{"id":1,"op":"ping",}',
    "{'id':1}",
    '{"id":1 "op":"ping"}',
    '{"id":1,"op":"ping"',
    '{"id":NaN,"op":"ping"}',
    '{"id":Infinity,"op":"ping"}',
    '{"id":01,"op":"ping"}',
    '{"id":1,"op":"pi\nng"}',
    '{"id":1,"op":"\\x41"}',
    "/* c */ {}",
    "[" * 1000,
    '{"a":' * 1000,
    "{" * 30000,
]


def test_text_that_is_not_an_object_is_answered_with_re_null(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        for text in NOT_OBJECTS:
            device.send(encode(TEXT, text.encode()))
            answer = device.hear()
            assert answer["re"] is None, text
            assert answer["error"]["code"] == "bad_request", text
        assert device.ask("ping") == {"re": 1}


def deep(levels):
    return json.loads("[" * levels + "]" * levels)


def test_nesting_of_sixteen_is_taken_and_of_seventeen_is_not(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        assert device.ask("ping", extra=deep(15)) == {"re": 1}
        device.say({"id": 1, "op": "ping", "extra": deep(16)})
        answer = device.hear()
        assert (answer["re"], answer["error"]["code"]) == (None, "bad_request")
        assert device.ask("ping") == {"re": 1}


async def test_unknown_fields_are_ignored(server, ani):
    async with online(server, ani) as device:
        await device.call("ping", whatever={"a": [1, 2, {"b": None}]}, room=7)
        await device.call("me", password="?")


@pytest.mark.parametrize(
    "op", [None, 7, True, [], {}, "", "nonsense", "SEND", "x" * 60000, "x" + "é" * 60]
)
def test_unknown_command_is_answered_by_its_id(server, ani, op):
    with RawDevice(server, ani) as device:
        device.hello()
        device.say({"id": 900, "op": op} if op is not None else {"id": 900})
        answer = device.hear()
        assert answer["re"] == 900
        assert answer["error"]["code"] in ("bad_request", "not_found")
        assert device.ask("ping") == {"re": 1}


@pytest.mark.parametrize("id_", [0, 1, 7, 2**53 - 1])
def test_any_integer_is_an_id(server, ani, id_):
    with RawDevice(server, ani) as device:
        device.hello()
        device.say({"id": id_, "op": "ping"})
        answer = device.hear()
        assert answer["re"] == id_
        assert "error" not in answer


@pytest.mark.parametrize("id_", ["1", -1, 1.5, True, [], {}, 2**53, -(2**53), 2**70])
def test_anything_else_as_an_id_is_refused_with_re_null(server, ani, id_):
    with RawDevice(server, ani) as device:
        device.hello()
        device.say({"id": id_, "op": "ping"})
        answer = device.hear()
        assert answer["re"] is None
        assert answer["error"]["code"] == "bad_request"
        assert device.ask("ping") == {"re": 1}


SURROGATES = [
    r"\ud800",
    r"\udc00",
    r"\ud800\ud800",
    r"\ud800x",
    r"\u0000",
    r"a\u0000b",
]


@pytest.mark.parametrize("escape", SURROGATES)
def test_text_that_is_no_unicode_is_refused(server, ani, escape):
    room = group(ani)
    with RawDevice(server, ani) as device:
        device.hello()
        text = f'{{"id":1,"op":"send","room":"{room}","cid":"{new_cid()}","body":"{escape}"}}'
        device.send(encode(TEXT, text.encode()))
        assert device.hear()["error"]["code"] == "bad_request"
        assert device.ask("ping") == {"re": 1}


def test_escaped_text_is_read_as_what_it_means(server, ani):
    room = group(ani)
    with RawDevice(server, ani) as device:
        device.hello()
        escape = r"\ud83d\udc26 \u00e9 \" \\ \/ \b\f\n\r\t"
        text = f'{{"id":1,"op":"send","room":"{room}","cid":"{new_cid()}","body":"{escape}"}}'
        device.send(encode(TEXT, text.encode()))
        heard = [device.hear(), device.hear()]
        event = next(frame for frame in heard if "ev" in frame)
        assert event["body"] == '\U0001f426 é " \\ / \b\f\n\r\t'


def test_doubled_key_is_refused(server, ani):
    """Two checks that read different ones of two equal keys could be played off."""
    with RawDevice(server, ani) as device:
        device.hello()
        device.send(encode(TEXT, b'{"id":1,"op":"ping","op":"me"}'))
        answer = device.hear()
        assert (answer["re"], answer["error"]["code"]) == (None, "bad_request")
        assert device.ask("ping") == {"re": 1}


BODIES = [b"x", b"[]", b"null", b"1", b"{", b'{"a":}', b"\xff\xfe", b"{}x", b"[" * 5000]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_http_body_that_is_not_an_object(server, ani, body):
    refused = ani.api.raw("me", body)
    assert refused.status == 400
    assert refused.json()["error"]["code"] == "bad_request"


def test_http_body_over_the_limit(server, ani):
    reply = ani.api.raw("me", b'{"x":"' + b"a" * 70000 + b'"}')
    assert reply.status == 413


def test_websocket_commands_are_refused_over_http_and_the_other_way(server, ani):
    assert ani.api.refusal("hello").code in ("bad_request", "not_found")
    for op in ("login", "register"):
        with RawDevice(server, ani) as device:
            device.hello()
            answer = device.ask(op, name="ani", password="x" * 10)
            assert answer["error"]["code"] in ("bad_request", "not_found")


@pytest.mark.parametrize("rooms", [[], "x", 5, {"x": [1, "y"]}, {ID: 5}, {ID: []}, {ID: [1]}])
def test_hello_with_a_strange_list_of_rooms_is_refused(server, ani, rooms):
    with RawDevice(server, ani) as device:
        answer = device.ask("hello", rooms=rooms)
        assert answer["error"]["code"] == "bad_request"


@pytest.mark.parametrize(
    "named",
    [{ID: [1, "00" * 16]}, {ID: [0, "00" * 16]}, {f"{i:024x}": [i, "0" * 32] for i in range(500)}],
    ids=["unknown", "zero", "many"],
)
def test_hello_that_names_rooms_not_ones_own_is_answered(server, ani, named):
    with RawDevice(server, ani) as device:
        answer = device.ask("hello", rooms=named)
        assert "error" not in answer
        assert not {room["id"] for room in answer["rooms"]} & named.keys()


def test_hello_that_names_other_peoples_rooms_tells_nothing(server, ani):
    budi, citra = server.users("budi", "citra")
    room = direct(budi, citra)
    with RawDevice(server, ani) as device:
        answer = device.ask("hello", rooms={room: [1, "00" * 16]})
        assert room not in {listed["id"] for listed in answer["rooms"]}
        assert device.ask("ping") == {"re": 1}


def test_next_that_was_not_given_by_the_server(server, ani):
    for op in ("rooms", "people", "groups"):
        for token in ("", "x", "AAAA", "é", "../..", "x" * 5000, "\x00", 5, {}):
            answer = ani.api.raw(op, json.dumps({"next": token}).encode())
            assert answer.status in (200, 400, 413), (op, token)


def test_random_frames_never_harm_the_server(server, ani):
    rng = random.Random(20260722)
    words = [*SOUND, "hello", "ping", "me", "logout ", "rooms", "people"]
    values = [None, 0, -1, 2**53 - 1, 1.5, "", "x", ID, [], {}, [ID], {"a": 1}, True, "\ud7ff" * 50]
    keys = sorted({key for fields in SOUND.values() for key in fields} | {"limit", "next", "rooms"})
    with RawDevice(server, ani) as device:
        device.hello()
        for n in range(1500):
            fields = {rng.choice(keys): rng.choice(values) for _ in range(rng.randrange(5))}
            device.say({"id": n + 10, "op": rng.choice(words), **fields})
            while (answer := device.hear()).get("re", "") != n + 10:
                pass
            code = answer.get("error", {}).get("code")
            assert code not in ("internal",), (fields, answer)


HTTP_GARBAGE = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    b"get / HTTP/1.1\r\nHost: x\r\n\r\n" + b"\x00" * 100,
    b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"POST /api/me HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    b"POST /api/me HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"POST /api/me HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /api/me HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"GET /a\x00b HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.mark.parametrize("data", HTTP_GARBAGE, ids=range(len(HTTP_GARBAGE)))
def test_broken_http_is_answered_in_the_400s_or_closed(server, data):
    with Raw(server.port, timeout=20) as raw:
        raw.send(data)
        answer = b""
        try:
            raw.socket.shutdown(1)
            answer = raw.take_to_end()
        except OSError:
            pass
        if answer:
            assert answer.startswith(b"HTTP/1.")
            assert answer.split(b" ")[1][:1] in (b"4", b"5"), answer[:100]
    assert http_request(server.port, "GET", "/healthz").body.startswith(b"ok")


def test_path_does_not_lead_out_of_the_clients_folder(server):
    for path in (
        "/../../../../etc/passwd",
        "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc/passwd",
        "//etc/passwd",
        "/assets/../../burungd.conf",
    ):
        reply = http_request(server.port, "GET", path)
        assert b"root:" not in reply.body, path
        assert b"limit_login_memory" not in reply.body, path


def test_frames_behind_a_close_are_not_answered(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        ping = encode(TEXT, b'{"id":5,"op":"ping"}')
        device.send(encode(CLOSE, b"\x03\xe8") + ping)
        frame = device.close_frame()
        assert frame.close_code == 1000
        assert not device.take_to_end()
