"""nginx as it is configured in nginx/, before burungds, on ports and folders of a test's own."""

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
from pathlib import Path

import websockets.sync.client as ws

from burung.server import TOP, wait_for

NGINX = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
HOST = "chat.example.org"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


class Front:
    """nginx with files of ours; a subclass says in `site` which, with what exchanged in them."""

    def __init__(self, folder: Path, port: int, plain_port: int):
        self.folder, self.port, self.plain_port = folder, port, plain_port
        self.process: subprocess.Popen | None = None
        self.make_certificate()
        temps = "".join(f"\t{kind}_temp_path {folder}/{kind};\n" for kind in TEMPORARY)
        (folder / "nginx.conf").write_text(
            ("user root;\n" if os.geteuid() == 0 else "")
            + f"daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\n"
            + f"error_log {folder}/error.log info;\nevents {{}}\n"
            + f"http {{\n{temps}\taccess_log off;\n\tinclude {folder}/site*.conf;\n}}\n"
        )

    def exchange(self, name: str, *pairs: tuple[str, str]) -> str:
        """A file of nginx/ with its ports, paths and certificate changed to ours, and what more
        pairs say; each must be there."""
        text = (TOP / "nginx" / name).read_text()
        for old, new in (
            (r"listen 443 ", f"listen 127.0.0.1:{self.port} "),
            (r"listen 80;", f"listen 127.0.0.1:{self.plain_port};"),
            (r"\tlisten \[::\].*\n", ""),
            (r"/etc/nginx/burung-chat\.", f"{self.folder}/burung-chat."),
            (r"/var/log/nginx/error\.log", f"{self.folder}/site-error.log"),
            *pairs,
        ):
            text, count = re.subn(old, new, text)
            assert count > 0, f"{old} is not in {name}"
        return text

    def make_certificate(self) -> None:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
             "-addext", f"subjectAltName=DNS:{HOST}",
             "-keyout", self.folder / "burung-chat.key", "-out", self.folder / "burung-chat.crt"],
            check=True, capture_output=True,
        )  # fmt: skip

    def command(self, *more: str) -> list:
        return [NGINX, "-p", self.folder, "-c", self.folder / "nginx.conf",
                "-e", self.folder / "error.log", *more]  # fmt: skip

    def start(self) -> None:
        self.process = subprocess.Popen(self.command(), stderr=subprocess.DEVNULL)
        wait_for("nginx listens", self.listens)

    def listens(self) -> bool:
        assert self.process.poll() is None, (self.folder / "error.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(20)

    def logs(self) -> str:
        """All that it has logged."""
        return "".join(path.read_text() for path in self.folder.glob("*.log"))

    # As a client

    def context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.folder / "burung-chat.crt"))

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(
            ("127.0.0.1", self.port), timeout=20, source_address=(source, 0)
        )

    def ask(self, method: str, path: str, body: bytes | None = None, *, source="127.0.0.1", **more):
        """(status, headers, body)"""
        line = http.client.HTTPSConnection(HOST, self.port)
        line.sock = self.context().wrap_socket(self.connect(source), server_hostname=HOST)
        try:
            headers = {name.replace("_", "-"): value for name, value in more.items()}
            line.request(method, path, body=body, headers=headers)
            answer = line.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            line.close()

    def post_in_two(self, path: str, first: bytes, last: bytes, between):
        """(status, body). `between` is called when only the first part of the body is sent."""
        line = http.client.HTTPSConnection(HOST, self.port)
        line.sock = self.context().wrap_socket(self.connect(), server_hostname=HOST)
        try:
            line.putrequest("POST", path)
            line.putheader("Content-Type", "application/json")
            line.putheader("Content-Length", str(len(first + last)))
            line.endheaders(first)
            between()
            line.send(last)
            answer = line.getresponse()
            return answer.status, answer.read()
        finally:
            line.close()

    def call(self, op: str, fields: dict, **more):
        return self.ask(
            "POST", f"/api/{op}", json.dumps(fields).encode(),
            Content_Type="application/json", **more,
        )  # fmt: skip

    def socket(self, **headers: str):
        return ws.connect(
            f"wss://{HOST}:{self.port}/ws",
            sock=self.connect(),
            ssl=self.context(),
            server_hostname=HOST,
            additional_headers=headers,
            proxy=None,
        )
