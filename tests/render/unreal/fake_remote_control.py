"""Unreal's Remote Control as far as health can tell: ``GET /remote/info`` over HTTP, with faults as switches.

Shapes follow Epic's "Remote Control API HTTP Reference": an object with ``HttpRoutes`` and ``ActivePreset``; 404 with
``errorMessage`` for a route that is not there. Loopback only.

Faults: hangs, drips_head, drips_body, huge, not_json, other_json, empty, error, half, not_http, closes.
"""

from __future__ import annotations

import json
import socket
import threading
from contextlib import suppress
from types import TracebackType

ROUTES = ("/remote/info", "/remote/presets", "/remote/object/call", "/remote/object/property", "/remote/search/assets", "/remote/batch")


class FakeRemoteControl:
    """A server on ``port``. A context manager. ``heard`` lists the request lines."""

    def __init__(self, fault: str = "") -> None:
        self.heard: list[str] = []
        self._fault = fault
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> FakeRemoteControl:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=2)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with connection, suppress(OSError):
                    self._serve(connection)

    def _serve(self, connection: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            piece = connection.recv(65536)
            if not piece:
                return
            asked += piece
        line = asked.partition(b"\r\n")[0].decode("ascii")
        self.heard.append(line)
        if self._fault == "hangs":
            self._ended.wait(5)
            return
        if self._fault in ("closes", "not_http"):
            connection.sendall(b"SSH-2.0-server\r\n\r\n" if self._fault == "not_http" else b"")
            return
        known = line == "GET /remote/info HTTP/1.1"
        said: object = {"HttpRoutes": [{"Path": route, "Verb": "Get", "Description": ""} for route in ROUTES], "ActivePreset": ""}
        body = json.dumps(said if known else {"errorMessage": "Route not found"}).encode()
        body = {"not_json": b"<html>", "other_json": b"[1]", "empty": b"", "huge": b"x" * 300_000}.get(self._fault, body)
        status = "500 Internal Server Error" if self._fault == "error" else "200 OK" if known else "404 Not Found"
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        if self._fault == "half":
            body = body[: len(body) // 2]
        for part, drips in ((head, self._fault == "drips_head"), (body, self._fault == "drips_body")):
            if not drips:
                connection.sendall(part)
            for byte in part if drips else b"":
                connection.sendall(bytes([byte]))
                if self._ended.wait(0.01):
                    return
