"""Stands in for a burungd behind nginx: counts what it is asked, and misbehaves when told to."""

import http.server
import json
import threading


class Upstream(http.server.ThreadingHTTPServer):
    """`how`: "answer", "cut" (reads the request and closes) or "hold" (until `release`)."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int] = ("127.0.0.1", 0), name: str = ""):
        super().__init__(address, Asked)
        self.name, self.how = name, "answer"
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.missing: set[str] = set()  # paths that are not found
        self.begun: list[str] = []  # paths of those of which a byte of the body is here
        self.release = threading.Event()
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def handle_error(self, request, client_address) -> None:
        """Who asked has gone."""

    def close(self) -> None:
        self.release.set()
        self.shutdown()
        self.server_close()


class Asked(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Upstream

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(min(length, 1))
        if body:
            self.server.begun.append(self.path)
            body += self.rfile.read(length - 1)
        self.server.asked.append((self.command, self.path, dict(self.headers)))
        if self.server.how == "cut":
            self.close_connection = True
            return
        if self.server.how == "hold":
            self.server.release.wait(30)
        answer = json.dumps({"name": self.server.name, "length": len(body)}).encode()
        self.send_response(404 if self.path in self.server.missing else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET

    def log_message(self, *_) -> None:
        pass
