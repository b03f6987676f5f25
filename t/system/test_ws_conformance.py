"""RFC 6455, section by section, against t/helpers/ws_echo: our server, our frames, an echo."""

import asyncio
import os
import socket
import struct
import threading

import pytest
import websockets
from burung.echo import running
from burung.raw import BINARY, CLOSE, PING, PONG, TEXT, Raw, encode

CONT = 0
MIB = 1 << 20


@pytest.fixture(scope="module")
def echo():
    """The port of a running echo server."""
    with running() as port:
        yield port


class Client(Raw):
    """A client that has shaken hands. step: how many bytes it sends at a time."""

    def __init__(self, port: int, *, step: int = 0, behind: bytes = b"", **more):
        super().__init__(port, timeout=30, **more)
        self.buffer = bytearray()
        self.step = step
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        status, _ = self.ask(behind=behind)
        assert status == 101

    def ask(self, *, behind: bytes = b""):
        fields = (
            "Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
        )
        self.socket.sendall(f"GET / HTTP/1.1\r\n{fields}\r\n".encode() + behind)
        return self.head()

    def send(self, data: bytes) -> None:
        step = self.step or len(data)
        try:
            for at in range(0, len(data), step):
                self.socket.sendall(data[at : at + step])
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server failed the connection before the last byte

    def say(self, opcode: int, payload: bytes = b"", **more) -> None:
        self.send(encode(opcode, payload, **more))

    def frame(self):
        """The next one that is not the server's own, now and then, to see whether we live."""
        while (frame := super().frame()).opcode == PING:
            pass
        return frame

    def hears(self, opcode: int, payload: bytes) -> None:
        frame = self.frame()
        assert (frame.opcode, len(frame.payload)) == (opcode, len(payload))
        assert frame.payload == payload

    def is_closed(self, code: int | None) -> None:
        """The server says this code and nothing more; None: a close frame without any."""
        frame = self.frame()
        assert (frame.opcode, frame.close_code) == (CLOSE, code)
        assert self.take_to_end() == b"", "the server went on talking after its close frame"

    def still_works(self) -> None:
        self.say(TEXT, b"still here?")
        self.hears(TEXT, b"still here?")


@pytest.fixture(params=[0, 1], ids=["whole", "bytes"])
def client(echo, request):
    """Sends what it says whole, then byte by byte."""
    with Client(echo, step=request.param) as one:
        yield one


# --- framing ------------------------------------------------------------------


@pytest.mark.parametrize("step", [0, 997], ids=["whole", "pieces"])
@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 128, 65535, 65536, 65537])
@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
def test_message_of_any_length_comes_back(echo, opcode, size, step):
    payload = (b"*" if opcode == TEXT else b"\xfe") * size
    with Client(echo, step=step) as one:
        one.say(opcode, payload)
        one.hears(opcode, payload)
        one.still_works()


def test_message_byte_by_byte(client):
    client.say(TEXT, "Pelan-pelan saja, \U0001f422.".encode() * 9)
    client.hears(TEXT, "Pelan-pelan saja, \U0001f422.".encode() * 9)


def test_message_behind_the_handshake(echo):
    with Client(echo, behind=encode(TEXT, b"early") + encode(TEXT, b"cut")[:4]) as one:
        one.hears(TEXT, b"early")
        one.send(encode(TEXT, b"cut")[4:])
        one.hears(TEXT, b"cut")


def test_many_messages_in_one_segment_keep_their_order(echo):
    with Client(echo) as one:
        one.send(b"".join(encode(TEXT, b"%d" % i) for i in range(1000)))
        for i in range(1000):
            one.hears(TEXT, b"%d" % i)


@pytest.mark.parametrize("mask", [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x00\x80\x01\xfe"])
def test_any_mask(echo, mask):
    with Client(echo, step=3) as one:
        one.say(BINARY, bytes(range(256)), mask=mask)
        one.hears(BINARY, bytes(range(256)))


@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_frame_without_a_mask_is_an_error(client, opcode):
    client.say(opcode, b"", mask=None)
    client.is_closed(1002)


@pytest.mark.parametrize(
    "length",
    [
        b"\xfe\x00\x7d",
        b"\xfe\x00\x00",
        b"\xff" + struct.pack("!Q", 125),
        b"\xff" + struct.pack("!Q", 65535),
        b"\xff" + struct.pack("!Q", 1 << 63),
        b"\xff" + struct.pack("!Q", (1 << 64) - 1),
    ],
)
def test_length_not_in_its_shortest_form_is_an_error(client, length):
    client.send(b"\x81" + length + b"\0\0\0\0")
    client.is_closed(1002)


# --- pings and pongs ----------------------------------------------------------


@pytest.mark.parametrize("payload", [b"", b"halo", b"\x00\xff\xfe\xfd", b"\xfe" * 125])
def test_ping_is_answered_with_its_payload(client, payload):
    client.say(PING, payload)
    client.hears(PONG, payload)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frame_above_125_bytes_is_an_error(client, opcode):
    client.say(opcode, b"\xfe" * 126)
    client.is_closed(1002)


@pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
def test_control_frame_in_fragments_is_an_error(client, opcode):
    client.say(opcode, fin=False)
    client.is_closed(1002)


def test_pong_nobody_asked_for_is_ignored(client):
    client.say(PONG)
    client.say(PONG, b"unasked")
    client.say(PING, b"asked")
    client.hears(PONG, b"asked")
    client.still_works()


def test_many_pings_are_answered_in_order(client):
    for i in range(10):
        client.say(PING, b"%d" % i)
    for i in range(10):
        client.hears(PONG, b"%d" % i)


# --- reserved bits and opcodes ------------------------------------------------


@pytest.mark.parametrize("rsv", range(1, 8))
@pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, PONG, CLOSE])
def test_reserved_bits_are_errors_without_an_extension(echo, opcode, rsv):
    with Client(echo) as one:
        one.say(TEXT, b"before")
        one.say(opcode, b"", rsv=rsv)
        one.say(PING)
        one.hears(TEXT, b"before")
        one.is_closed(1002)


@pytest.mark.parametrize("opcode", [3, 4, 5, 6, 7, 11, 12, 13, 14, 15])
@pytest.mark.parametrize("payload", [b"", b"payload"])
def test_reserved_opcodes_are_errors(echo, opcode, payload):
    with Client(echo) as one:
        one.say(TEXT, b"before")
        one.say(opcode, payload)
        one.say(PING)
        one.hears(TEXT, b"before")
        one.is_closed(1002)


# --- fragmentation ------------------------------------------------------------


def test_fragments_are_put_together(client):
    client.say(TEXT, b"one ", fin=False)
    client.say(CONT, b"two ", fin=False)
    client.say(CONT, b"three")
    client.hears(TEXT, b"one two three")


def test_fragments_in_one_segment(echo):
    with Client(echo) as one:
        one.send(encode(BINARY, b"a", fin=False) + encode(CONT, b"b") + encode(TEXT, b"c"))
        one.hears(BINARY, b"ab")
        one.hears(TEXT, b"c")


def test_empty_fragments_count(client):
    client.say(TEXT, fin=False)
    client.say(CONT, fin=False)
    client.say(CONT)
    client.hears(TEXT, b"")
    client.say(TEXT, fin=False)
    client.say(CONT, b"middle", fin=False)
    client.say(CONT)
    client.hears(TEXT, b"middle")


def test_pings_between_fragments_are_answered_at_once(client):
    client.say(TEXT, b"one ", fin=False)
    client.say(PING, b"1")
    client.hears(PONG, b"1")
    client.say(CONT, b"two ", fin=False)
    client.say(PING, b"2")
    client.hears(PONG, b"2")
    client.say(PONG)
    client.say(CONT, b"three")
    client.hears(TEXT, b"one two three")


@pytest.mark.parametrize("fin", [True, False])
def test_nothing_to_continue_is_an_error(client, fin):
    client.say(CONT, b"of what?", fin=fin)
    client.is_closed(1002)


def test_continuation_behind_a_whole_message_is_an_error(client):
    client.say(TEXT, b"whole")
    client.say(CONT, b"and more")
    client.hears(TEXT, b"whole")
    client.is_closed(1002)


@pytest.mark.parametrize("fin", [True, False])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_message_inside_another_is_an_error(client, opcode, fin):
    client.say(TEXT, b"not finished", fin=False)
    client.say(opcode, b"another", fin=fin)
    client.is_closed(1002)


def test_close_between_fragments_ends_the_message_unheard(client):
    client.say(TEXT, b"never ", fin=False)
    client.say(CLOSE, struct.pack("!H", 1000))
    client.say(CONT, b"finished")
    client.is_closed(1000)


# --- UTF-8 --------------------------------------------------------------------

GOOD_TEXT = [
    b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
    b"\x00",
    b"\x7f",
    b"\xc2\x80",
    b"\xdf\xbf",
    b"\xe0\xa0\x80",
    b"\xef\xbf\xbd",
    b"\xed\x9f\xbf",
    b"\xee\x80\x80",
    b"\xef\xbf\xbe",
    b"\xef\xbf\xbf",
    b"\xf0\x90\x80\x80",
    b"\xf0\x9f\xbf\xbe",
    b"\xf4\x8f\xbf\xbf",
    "Selamat pagi, 世界, \U0001f600".encode(),
]
BAD_TEXT = {
    "continuation alone": b"\x80",
    "two of them": b"\xbf\x80",
    "all 64 of them": bytes(range(0x80, 0xC0)),
    "leads of 2 with blanks": b"".join(bytes([lead, 0x20]) for lead in range(0xC0, 0xE0)),
    "leads of 3 with blanks": b"".join(bytes([lead, 0x20]) for lead in range(0xE0, 0xF0)),
    "leads of 4 with blanks": b"".join(bytes([lead, 0x20]) for lead in range(0xF0, 0xF8)),
    "five bytes": b"\xf8\x88\x80\x80\x80",
    "six bytes": b"\xfc\x84\x80\x80\x80\x80",
    "fe": b"\xfe",
    "ff": b"\xff",
    "fe fe ff ff": b"\xfe\xfe\xff\xff",
    "short of 1 in 2": b"\xc3",
    "short of 1 in 3": b"\xe2\x82",
    "short of 1 in 4": b"\xf0\x9f\x98",
    "short in the middle": b"\xf0\x9f\x98 ",
    "overlong / in 2": b"\xc0\xaf",
    "overlong / in 3": b"\xe0\x80\xaf",
    "overlong / in 4": b"\xf0\x80\x80\xaf",
    "overlong largest of 1": b"\xc1\xbf",
    "overlong largest of 2": b"\xe0\x9f\xbf",
    "overlong largest of 3": b"\xf0\x8f\xbf\xbf",
    "overlong NUL": b"\xc0\x80",
    "first high surrogate": b"\xed\xa0\x80",
    "last high surrogate": b"\xed\xaf\xbf",
    "first low surrogate": b"\xed\xb0\x80",
    "last low surrogate": b"\xed\xbf\xbf",
    "surrogate pair": b"\xed\xa0\xbd\xed\xb8\x80",
    "beyond U+10FFFF": b"\xf4\x90\x80\x80",
    "far beyond": b"\xf7\xbf\xbf\xbf",
}


@pytest.mark.parametrize("text", GOOD_TEXT, ids=lambda text: text.hex())
def test_text_in_utf8_comes_back_however_it_is_cut(client, text):
    client.say(TEXT, text)
    client.hears(TEXT, text)
    for cut in range(len(text) + 1):
        client.say(TEXT, text[:cut], fin=False)
        client.say(CONT, text[cut:])
        client.hears(TEXT, text)
    client.say(TEXT, fin=False)
    for byte in text:
        client.say(CONT, bytes([byte]), fin=False)
    client.say(CONT)
    client.hears(TEXT, text)


@pytest.mark.parametrize("text", BAD_TEXT.values(), ids=BAD_TEXT)
def test_text_that_is_not_utf8_is_an_error(client, text):
    client.say(TEXT, b"ok " + text)
    client.is_closed(1007)


@pytest.mark.parametrize("text", BAD_TEXT.values(), ids=BAD_TEXT)
def test_text_that_is_not_utf8_is_an_error_in_fragments(echo, text):
    with Client(echo) as one:
        one.say(TEXT, b"ok", fin=False)
        for byte in text:
            one.say(CONT, bytes([byte]), fin=False)
        one.say(CONT)
        one.is_closed(1007)


def test_binary_may_be_anything(client):
    for payload in BAD_TEXT.values():
        client.say(BINARY, payload)
        client.hears(BINARY, payload)


@pytest.mark.parametrize("text", [b"\xff", b"\xc0", b"\xed\xa0", b"\xf4\x90", b"\xe2\x82a"])
def test_wrong_text_is_told_before_its_frame_ends(client, text):
    whole = encode(TEXT, b"ok " + text + b"." * 100)
    client.send(whole[: 2 + 4 + 3 + len(text)])
    client.is_closed(1007)


def test_wrong_text_is_told_before_its_message_ends(client):
    client.say(TEXT, b"\xe2\x82", fin=False)
    client.say(CONT, b"a", fin=False)
    client.is_closed(1007)


# --- closing ------------------------------------------------------------------


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012])
def test_close_is_answered_with_its_code(client, code):
    client.say(CLOSE, struct.pack("!H", code))
    client.is_closed(code)


@pytest.mark.parametrize("code", [1013, 1014, 3000, 3999, 4000, 4999])
def test_close_code_of_registries_and_applications(client, code):
    client.say(CLOSE, struct.pack("!H", code) + b"because")
    client.is_closed(code)


@pytest.mark.parametrize(
    "code", [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
)
def test_close_code_that_may_not_be_sent_is_an_error(client, code):
    client.say(CLOSE, struct.pack("!H", code))
    client.is_closed(1002)


def test_close_without_a_code(client):
    client.say(CLOSE)
    client.is_closed(None)


def test_close_with_half_a_code_is_an_error(client):
    client.say(CLOSE, b"\x03")
    client.is_closed(1002)


def test_close_with_the_longest_reason(client):
    client.say(CLOSE, struct.pack("!H", 1000) + b"*" * 123)
    client.is_closed(1000)


def test_close_with_a_reason_that_is_not_text_is_an_error(client):
    client.say(CLOSE, struct.pack("!H", 1000) + b"\xce\xba\xed\xa0\x80")
    client.is_closed(1007)


@pytest.mark.parametrize("behind", [(TEXT, b"x"), (PING, b"x"), (CLOSE, b"\x03\xe8"), (3, b"")])
def test_nothing_behind_a_close_is_heard(client, behind):
    client.say(TEXT, b"before")
    client.send(encode(CLOSE, struct.pack("!H", 1000)) + encode(*behind))
    client.hears(TEXT, b"before")
    client.is_closed(1000)


def test_flood_behind_a_broken_frame_does_not_hide_the_close(echo):
    """The server must read on, or its reset would overtake its close frame."""
    with Client(echo) as one:
        one.send(encode(TEXT, b"", rsv=7) + b"x" * 3_000_000)
        one.is_closed(1002)


def test_socket_that_just_ends_leaves_the_server_well(echo):
    for cut in range(1, 106, 5):
        with Client(echo) as one:
            one.send(encode(TEXT, b"x" * 100)[:cut])
    with Client(echo) as one:
        one.still_works()


# --- limits and load ----------------------------------------------------------


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("size", [MIB, 4 * MIB, 16 * MIB])
def test_large_message(echo, opcode, size):
    payload = os.urandom(1000).hex().encode() * (size // 2000 + 1)
    with Client(echo) as one:
        one.say(opcode, payload[:size])
        one.hears(opcode, payload[:size])


@pytest.mark.parametrize("piece", [1000, 65536, MIB])
def test_large_message_in_fragments(echo, piece):
    payload = os.urandom(4 * MIB)
    with Client(echo) as one:
        for at in range(0, len(payload), piece):
            last = at + piece >= len(payload)
            one.say(CONT if at else BINARY, payload[at : at + piece], fin=last)
        one.hears(BINARY, payload)


@pytest.mark.parametrize("step", [61, 1024, 100_000])
def test_large_message_in_small_segments(echo, step):
    payload = os.urandom(300_000)
    with Client(echo, step=step) as one:
        one.say(BINARY, payload)
        one.hears(BINARY, payload)


def test_frame_above_the_limit_is_refused_by_its_header(echo):
    with Client(echo) as one:
        one.send(b"\x82\xff" + struct.pack("!Q", 16 * MIB + 1) + b"\0\0\0\0")
        one.is_closed(1009)


def test_fragments_above_the_limit_are_refused(echo):
    with Client(echo) as one:
        one.say(BINARY, bytes(16 * MIB), fin=False)
        one.say(CONT, b"x")
        one.is_closed(1009)


def test_client_that_reads_late_loses_nothing(echo):
    """More than every buffer holds: the server must stop reading, and go on."""
    count, payload = 1000, os.urandom(65536)
    with Client(echo) as one:
        sender = threading.Thread(
            target=lambda: [one.say(BINARY, payload) for _ in range(count)], daemon=True
        )
        sender.start()
        sender.join(timeout=0.5)
        for _ in range(count):
            one.hears(BINARY, payload)
        sender.join(timeout=10)
        assert not sender.is_alive()


# --- an independent client ----------------------------------------------------


async def test_library_client_talks(echo):
    uri = f"ws://127.0.0.1:{echo}/"
    async with websockets.connect(uri, max_size=None) as one:
        assert one.protocol.extensions == [], "compression was offered and must be declined"
        for message in ("halo", b"\x00\xff", "", "x" * 70_000, os.urandom(2 * MIB)):
            await one.send(message)
            assert await one.recv() == message
        await one.send(["in ", "several ", "fragments"])
        assert await one.recv() == "in several fragments"
        await asyncio.wait_for(await one.ping(b"here?"), 10)
        await one.close(4000, "done")
        assert (one.close_code, one.close_reason) == (4000, "")


async def test_library_clients_side_by_side(echo):
    async def converse(number: int) -> int:
        async with websockets.connect(f"ws://127.0.0.1:{echo}/") as one:
            for i in range(20):
                await one.send(f"{number}:{i}")
                assert await one.recv() == f"{number}:{i}"
        return number

    assert sum(await asyncio.gather(*(converse(n) for n in range(50)))) == sum(range(50))
