"""HTTP clients that others wrote, behind one face: each keeps its connections, and counts them."""

import asyncio
import http.client
import json
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import aiohttp
import httpx
import requests

from burung.server import TOP

AT_ONCE = 8
NO_COOKIES = DefaultCookiePolicy(allowed_domains=[])  # a test sends what it wants to be sent
TIMEOUT_S = 30


@dataclass
class Request:
    """At most one of body; pieces, which are sent one by one behind a Content-Length; and
    chunked, which are sent without any."""

    method: str
    path: str
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[bytes] | None = None
    chunked: list[bytes] | None = None

    def sent_headers(self) -> dict[str, str]:
        if self.pieces is None:
            return dict(self.headers)
        return {**self.headers, "Content-Length": str(sum(map(len, self.pieces)))}

    def stream(self) -> Iterator[bytes]:
        for piece in self.pieces if self.pieces is not None else self.chunked:
            time.sleep(0.002)
            yield piece

    def streams(self) -> bool:
        return self.pieces is not None or self.chunked is not None

    def payload(self) -> bytes | Iterator[bytes] | None:
        return self.stream() if self.streams() else self.body


@dataclass
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    def json(self):
        return json.loads(self.body)


def lowered(headers) -> dict[str, str]:
    """Node makes a list of Set-Cookie."""
    return {
        name.lower(): value if isinstance(value, str) else ", ".join(value)
        for name, value in headers.items()
    }


class Client:
    """One who asks: `ask` one after the other, `ask_all` several at once."""

    name: str
    connects: int | None = 0  # connections made so far; None: it does not tell
    ends_heads = False  # it ends a connection that it asked HEAD on, of its own accord

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, request: Request) -> Answer:
        raise NotImplementedError

    def ask_all(self, these: list[Request]) -> list[Answer]:
        with ThreadPoolExecutor(AT_ONCE) as threads:
            return list(threads.map(self.ask, these))

    def rest(self) -> None:
        """It may be a while until it asks again: what would not notice then that the server
        ended an idle connection lets go of it."""

    def close(self) -> None:
        pass


class Standard(Client):
    """http.client; a connection per thread, made anew where the server ended it."""

    name = "http.client"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.own = threading.local()

    def ask(self, request: Request) -> Answer:
        line = getattr(self.own, "line", None)
        if line is None:
            line = self.own.line = http.client.HTTPConnection("127.0.0.1", self.port)
            line.timeout = TIMEOUT_S
        if line.sock is None:
            self.connects += 1
        line.request(
            request.method,
            request.path,
            request.payload(),
            request.sent_headers(),
            encode_chunked=request.chunked is not None,
        )
        answer = line.getresponse()
        return Answer(answer.status, lowered(answer.headers), answer.read())

    def rest(self) -> None:
        line = getattr(self.own, "line", None)
        if line is not None:
            line.close()

    def close(self) -> None:
        self.rest()


class Sized:
    """A file of known length that is read in pieces, as an upload of requests is."""

    def __init__(self, request: Request) -> None:
        self.rest, self.len = request.stream(), sum(map(len, request.pieces))

    def read(self, _size: int) -> bytes:
        return next(self.rest, b"")

    def __iter__(self):
        return self.rest


class Requests(Client):
    name = "requests"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.session = requests.Session()
        self.session.cookies.set_policy(NO_COOKIES)
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=AT_ONCE)
        self.session.mount("http://", adapter)
        self.pools = adapter.poolmanager.pools

    def ask(self, request: Request) -> Answer:
        data = Sized(request) if request.pieces is not None else request.payload()
        answer = self.session.request(
            request.method,
            self.url + request.path,
            data=data,
            headers=request.headers,
            timeout=TIMEOUT_S,
            allow_redirects=False,
        )
        pools = [self.pools[key] for key in list(self.pools.keys())]
        self.connects = sum(pool.num_connections for pool in pools)
        return Answer(answer.status_code, lowered(answer.headers), answer.content)

    def close(self) -> None:
        self.session.close()


class Httpx(Client):
    """httpx, which speaks through h11."""

    name = "httpx"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.client = httpx.Client(timeout=TIMEOUT_S, cookies=CookieJar(NO_COOKIES))

    def traced(self, event: str, _info: dict) -> None:
        if event == "connection.connect_tcp.complete":
            self.connects += 1

    def ask(self, request: Request) -> Answer:
        answer = self.client.request(
            request.method,
            self.url + request.path,
            content=request.payload(),
            headers=request.sent_headers(),
            extensions={"trace": self.traced},
        )
        return Answer(answer.status_code, lowered(answer.headers), answer.content)

    def close(self) -> None:
        self.client.close()


class Aiohttp(Client):
    name = "aiohttp"

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.loop = asyncio.new_event_loop()
        self.session = self.loop.run_until_complete(self.make())

    async def make(self) -> aiohttp.ClientSession:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(self.made)
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE),
            timeout=aiohttp.ClientTimeout(TIMEOUT_S),
            trace_configs=[trace],
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def made(self, *_) -> None:
        self.connects += 1

    async def stream(self, request: Request):
        for piece in request.stream():
            yield piece

    async def one(self, request: Request) -> Answer:
        data = self.stream(request) if request.streams() else request.body
        sent = request.sent_headers()
        url = self.url + request.path
        async with self.session.request(request.method, url, data=data, headers=sent) as answer:
            return Answer(answer.status, lowered(answer.headers), await answer.read())

    async def several(self, these: list[Request]) -> list[Answer]:
        return await asyncio.gather(*map(self.one, these))

    def ask(self, request: Request) -> Answer:
        return self.loop.run_until_complete(self.one(request))

    def ask_all(self, these: list[Request]) -> list[Answer]:
        return self.loop.run_until_complete(self.several(these))

    def close(self) -> None:
        self.loop.run_until_complete(self.session.close())
        self.loop.close()


class Node(Client):
    """A program of Node's, in a process of its own: t/lib/http_client.mjs."""

    kind: str

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.process = subprocess.Popen(
            ["node", TOP / "t/lib/http_client.mjs", self.kind, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, request: Request) -> Answer:
        return self.ask_all([request])[0]

    def ask_all(self, these: list[Request]) -> list[Answer]:
        line = json.dumps([as_json(request) for request in these])
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        heard = json.loads(self.process.stdout.readline())
        self.connects = heard["connects"]
        wrong = [answer["error"] for answer in heard["answers"] if "error" in answer]
        assert not wrong, f"{self.name}: {wrong}"
        return [
            Answer(each["status"], lowered(each["headers"]), each["body"].encode("latin-1"))
            for each in heard["answers"]
        ]

    def close(self) -> None:
        late = threading.Timer(20, self.process.kill)
        late.start()
        self.process.communicate()
        late.cancel()


def as_json(request: Request) -> dict:
    text = {"method": request.method, "path": request.path, "headers": request.headers}
    if request.body is not None:
        text["body"] = request.body.decode("latin-1")
    for name in ("pieces", "chunked"):
        parts = getattr(request, name)
        if parts is not None:
            text[name] = [part.decode("latin-1") for part in parts]
    return text


class NodeAgent(Node):
    name, kind = "node http.Agent", "agent"


class NodeFetch(Node):
    name, kind = "node fetch", "fetch"


class Undici(Node):
    """It pipelines up to ten requests on each of two connections."""

    name, kind, ends_heads = "undici", "undici", True


CLIENTS = [Standard, Requests, Httpx, Aiohttp]
NODE_CLIENTS = [NodeAgent, NodeFetch, Undici]
