"""The WebSocket itself: the handshake, the frames, and the codes it closes with."""

import asyncio
import json
import os
import time

import pytest
from burung import Client
from burung.raw import BINARY, CLOSE, PING, PONG, TEXT, Raw, encode
from burung.scene import RawDevice, group, history, online

ASK = b'{"id":1,"op":"ping"}'


@pytest.fixture(scope="module")
def ani(server):
    return server.user("ani")


def test_handshake_proves_that_the_key_was_read(server, ani):
    with Raw(server.port) as raw:
        status, headers = raw.upgrade(
            Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", Authorization=f"Bearer {ani.token}"
        )
        assert status == 101
        # The example of RFC 6455, section 1.3.
        assert headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        assert headers["upgrade"].lower() == "websocket"
        assert "upgrade" in headers["connection"].lower()
        assert "sec-websocket-extensions" not in headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec_WebSocket_Version": "8"}, 426),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Upgrade": "h2c"}, (400, 426)),
        ({"Connection": "close"}, (400, 426)),
    ],
)
def test_handshake_that_is_refused(server, ani, headers, status):
    with Raw(server.port) as raw:
        got, answered = raw.upgrade(**headers, Authorization=f"Bearer {ani.token}")
        assert got in (status if isinstance(status, tuple) else (status,))
        if got == 426:
            assert answered.get("sec-websocket-version", "13") == "13"


def test_frames_right_behind_the_request_are_read(server, ani):
    behind = encode(TEXT, b'{"id":1,"op":"hello"}') + encode(TEXT, b'{"id":2,"op":"ping"}')
    with Raw(server.port) as raw:
        status, _ = raw.upgrade(behind=behind, Authorization=f"Bearer {ani.token}")
        assert status == 101
        assert {json.loads(raw.frame().payload)["re"] for _ in range(2)} <= {1, 2, None}


def test_first_command_must_be_hello(server, ani):
    with RawDevice(server, ani) as device:
        assert device.ask("rooms")["error"]["code"] == "bad_request"
        assert device.ask("ping") == {"re": 1}
        assert "error" not in device.hello()
        assert "error" not in device.ask("rooms")


def test_hello_is_said_once(server, ani):
    with RawDevice(server, ani) as device:
        assert "error" not in device.hello()
        assert device.hello()["error"]["code"] == "bad_request"
        assert device.ask("ping") == {"re": 1}


BROKEN = [
    (encode(BINARY, b"\x00\x01"), 1003),
    (encode(TEXT, ASK, mask=None), 1002),
    (encode(TEXT, ASK, rsv=4), 1002),
    (encode(TEXT, ASK, rsv=1), 1002),
    (encode(3, b"x"), 1002),
    (encode(11, b"x"), 1002),
    (encode(0, b"x"), 1002),
    (encode(TEXT, b'{"id":', fin=False) + encode(TEXT, ASK), 1002),
    (encode(PING, b"x" * 126), 1002),
    (encode(PING, b"x", fin=False), 1002),
    (encode(CLOSE, b"\x03"), 1002),
    (encode(CLOSE, b"\x03\xed"), 1002),
    (encode(CLOSE, b"\x00\x00"), 1002),
    (encode(CLOSE, b"\x03\xe8\xff\xfe"), (1002, 1007)),
    (b"\x81\xfe\x00\x05\x00\x00\x00\x00hello", 1002),
    (b"\x81\xff\x80\x00\x00\x00\x00\x00\x00\x05\x00\x00\x00\x00hello", (1002, 1009)),
    (encode(TEXT, b"\xff\xfe"), 1007),
    (encode(TEXT, b'{"id":1,"op":"\xc0\x80"}'), 1007),
    (encode(TEXT, b'{"id":1,"op":"\xed\xa0\x80"}'), 1007),
    (encode(TEXT, b"\xf4\x90\x80\x80"), 1007),
    (encode(TEXT, b"\xe2\x82"), 1007),
    (encode(TEXT, b"x" * 65537), 1009),
    (encode(TEXT, b"x" * 40000, fin=False) + encode(0, b"x" * 40000), 1009),
    (b"\x81\xff\x00\x00\x00\xff\xff\xff\xff\xff\x00\x00\x00\x00", 1009),
]


@pytest.mark.parametrize(("data", "code"), BROKEN, ids=range(len(BROKEN)))
def test_broken_frame_closes_with_its_code(server, ani, data, code):
    with RawDevice(server, ani) as device:
        device.hello()
        device.send(data)
        got = device.close_frame().close_code
        assert got in (code if isinstance(code, tuple) else (code,))
        assert not device.take_to_end(), "something came behind the close"


def test_largest_frame_is_taken(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        head = b'{"id":1,"op":"ping","x":"'
        device.send(encode(TEXT, head + b"y" * (65536 - len(head) - 2) + b'"}'))
        assert device.hear() == {"re": 1}


def test_message_in_many_pieces_with_pings_between(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        pieces = [ASK[i : i + 1] for i in range(len(ASK))]
        for n, piece in enumerate(pieces):
            device.send(encode(TEXT if n == 0 else 0, piece, fin=n == len(pieces) - 1))
            device.send(encode(PING, str(n).encode()))
        frames = [device.frame() for _ in range(len(pieces) + 2)]  # and the signal synced
    texts = [json.loads(frame.payload) for frame in frames if frame.opcode == TEXT]
    pongs = [frame.payload for frame in frames if frame.opcode == PONG]
    assert texts == [{"sig": "synced"}, {"re": 1}]
    assert pongs == [str(n).encode() for n in range(len(pieces))]


def test_utf8_split_between_pieces_is_whole_again(server, ani):
    room = group(ani)
    text = {"id": 1, "op": "send", "room": room, "cid": os.urandom(16).hex(), "body": "🐦é漢"}
    data = json.dumps(text, ensure_ascii=False).encode()
    with RawDevice(server, ani) as device:
        device.hello()
        cut = data.index("🐦".encode()) + 2
        device.send(encode(TEXT, data[:cut], fin=False) + encode(0, data[cut:]))
        heard = [device.hear(), device.hear()]
        assert next(frame for frame in heard if "re" in frame)["re"] == 1
    assert history(ani, room)[-1]["body"] == "🐦é漢"


def test_frames_byte_by_byte(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        for byte in encode(TEXT, ASK) * 3:
            device.send(bytes([byte]))
        assert [device.hear() for _ in range(3)] == [{"re": 1}] * 3


def test_ping_is_answered_with_its_payload(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        for payload in (b"", b"x", b"y" * 125):
            device.send(encode(PING, payload))
            while (frame := device.frame()).opcode != PONG:
                pass
            assert frame.payload == payload


def test_unasked_pong_is_ignored(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        device.send(encode(PONG, b"hi"))
        assert device.ask("ping") == {"re": 1}


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999, None])
def test_close_is_answered_and_the_connection_ends(server, ani, code):
    with RawDevice(server, ani) as device:
        device.hello()
        device.send(encode(CLOSE, code.to_bytes(2, "big") + b"bye" if code else b""))
        frame = device.close_frame()
        assert frame.close_code in (code, 1000 if code is None else code)
        assert not device.take_to_end()


def test_hundred_pipelined_commands_are_all_answered(server, ani):
    with RawDevice(server, ani) as device:
        device.hello()
        data = b"".join(encode(TEXT, b'{"id":%d,"op":"me"}' % n) for n in range(1, 301))
        device.send(data)
        assert sorted(device.hear()["re"] for _ in range(300)) == list(range(1, 301))


async def test_two_hundred_connections_at_once(server, ani):
    devices = [Client(server.port, ani, patience=20) for _ in range(200)]
    try:
        await asyncio.gather(*(device.open() for device in devices))
        answers = await asyncio.gather(*(device.call("me") for device in devices))
        assert len(answers) == 200
        workers = {server.worker_of(device.local_port) for device in devices[::10]}
        assert len(workers) == 2, "all connections were taken by one worker"
    finally:
        await asyncio.gather(*(device.close() for device in devices))


async def test_connections_that_vanish_leave_nothing_behind(server, ani):
    workers = server.workers()
    async with online(server, ani) as warm:
        await warm.call("ping")
        before = descriptors(workers)
        for _ in range(5):
            devices = [Client(server.port, ani) for _ in range(40)]
            await asyncio.gather(*(device.open() for device in devices))
            for device in devices:
                device.cut()
            for device in devices:
                await device.close()
        until = time.monotonic() + 15
        while descriptors(workers) > before + 4:
            assert time.monotonic() < until, f"{descriptors(workers)} descriptors, were {before}"
            await asyncio.sleep(0.05)
        await warm.call("ping")


def descriptors(pids):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in pids)
