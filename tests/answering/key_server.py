"""A provider on loopback that knows one key, for the pages that test keys."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class KeyServer(ThreadingHTTPServer):
    """`seen` lists the keys that were sent; `status` and `content_type` replace the usual answer."""

    def __init__(self, key: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key = key
        self.seen: list[str] = []
        self.status = 200
        self.content_type = "application/json"

    @property
    def base_url(self) -> str:
        return f"http://{self.host_and_port}/v1"

    @property
    def host_and_port(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: KeyServer

    def do_GET(self) -> None:
        key = self.headers.get("authorization", "").removeprefix("Bearer ")
        self.server.seen.append(key)
        status = self.server.status if key == self.server.key else 401
        body = json.dumps(
            {"data": [{"id": "model-a"}]}
            if status == 200
            else {"error": {"message": f"Incorrect API key provided: {key}"}}
        ).encode()
        self.send_response(status)
        self.send_header("content-type", self.server.content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def running_key_server(key: str) -> Iterator[KeyServer]:
    server = KeyServer(key)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
