"""Commands over HTTP: POST /api/<op>, one connection each, blocking."""

import http.client
import json
import os
import time
from dataclasses import dataclass, field


class Refused(Exception):
    """The server answered a command with an error."""

    def __init__(self, op: str, error: dict, status: int | None = None):
        super().__init__(f"{op}: {error.get('code')}: {error.get('message')}")
        self.op = op
        self.code = error.get("code")
        self.message = error.get("message")
        self.retry_ms = error.get("retry_ms")
        self.status = status


@dataclass
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)


def http_request(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    *,
    timeout: float = 20,
    host: str = "127.0.0.1",
) -> Reply:
    """One request on a connection of its own."""
    conn = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        conn.request(method, path, body=body, headers=headers or {})
        answer = conn.getresponse()
        return Reply(answer.status, answer.headers, answer.read())
    finally:
        conn.close()


def new_cid() -> str:
    return os.urandom(16).hex()


@dataclass
class Api:
    """Who asks: a token, a cookie header, or nobody."""

    port: int
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"

    def raw(self, op: str, body: bytes, **headers: str) -> Reply:
        sent = {"Content-Type": "application/json", **self.headers}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return http_request(self.port, "POST", f"/api/{op}", body, sent, host=self.host)

    def call(self, op: str, *, patience: float = 20, **fields) -> dict:
        """The answer. Waits and asks again for as long as it is told to slow down or that the
        server is busy, at most `patience` seconds; Refused for every other error."""
        until = time.monotonic() + patience
        while True:
            reply = self.raw(op, json.dumps(fields).encode())
            answer = reply.json()
            if "error" not in answer:
                assert reply.status == 200, f"{op}: status {reply.status} without an error"
                return answer
            refused = Refused(op, answer["error"], reply.status)
            waits = refused.code in ("slow_down", "busy")
            if not waits or time.monotonic() > until:
                raise refused
            time.sleep(min((refused.retry_ms or 100) / 1000, 2))

    def refusal(self, op: str, **fields) -> Refused:
        """The error of a command that must be refused."""
        reply = self.raw(op, json.dumps(fields).encode())
        answer = reply.json()
        assert "error" in answer, f"{op} was not refused: {answer}"
        return Refused(op, answer["error"], reply.status)
