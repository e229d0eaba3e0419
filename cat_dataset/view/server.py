"""The web server of ``cat-view``: a handful of addresses, reading only, for this machine only unless told otherwise.

Series and frames are looked up by name and number, and the page's own files in a table: no part of an address is ever
used as a path. A page of another site cannot use us through the reader's browser: names that another site's owner could
point at this machine are refused (DNS rebinding), and pictures may not be embedded elsewhere.
"""

from __future__ import annotations

import errno
import ipaddress
import json
import re
import socket
import sys
import traceback
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cat_dataset.command import warn
from cat_dataset.dataset_json import DATASET_JSON
from cat_dataset.errors import CatError, ManifestError, UsageError
from cat_dataset.view.assets import DATA, PAGE, asset_type, assets
from cat_dataset.view.catalogue import Catalogue, NotHere, Query
from cat_dataset.view.pictures import Pictures, media_type

_SERIES = re.compile(r"/api/series/([a-z0-9_-]{1,80})")
_PICTURE = re.compile(r"/(picture|thumbnail)/([a-z0-9_-]{1,80})/([0-9]{1,9})")
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class ViewServer(ThreadingHTTPServer):
    """Serves one dataset.

    Raises:
        UsageError: the address cannot be used.
    """

    daemon_threads = True
    request_queue_size = 128
    """Connections that may wait: a page asks for dozens of pictures at once."""
    allow_reuse_address = sys.platform != "win32"  # there it would let two servers share a port

    def __init__(self, catalogue: Catalogue, pictures: Pictures, host: str, port: int, *, debug: bool = False) -> None:
        self.catalogue, self.pictures, self.debug, self.host = catalogue, pictures, debug, host
        self._described = catalogue.dataset.manifests / DATASET_JSON
        self._stamp = _stamp(self._described)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except OSError as error:
            raise UsageError(_refusal(host, port, error)) from None
        except (OverflowError, UnicodeError):
            raise UsageError(f"--host {host!r} --port {port} is no address; give a port from 0 to 65535") from None

    def check_current(self) -> None:
        """Refuse to show a dataset that was built anew meanwhile: rows of the old tables would point into new shards.

        Raises:
            ManifestError: it was.
        """
        if _stamp(self._described) != self._stamp:
            raise ManifestError("the dataset was built again, or is being built; restart cat-view to see the new one")

    def server_bind(self) -> None:
        """Bind without looking up our own name, which can take long where DNS is slow."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.host, int(self.server_address[1])

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.server_port}/"

    def trusts(self, host: str) -> bool:
        """Whether a Host header names this server: an IP address, localhost, or the name given by --host."""
        name = urlsplit(f"//{host}").hostname or ""
        if name in ("localhost", self.host.lower()):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves in the middle of a picture is no error."""
        error = sys.exc_info()[1]
        if not isinstance(error, (ConnectionError, TimeoutError)):
            self.complain(error)

    def complain(self, error: BaseException | None) -> None:
        """Say that a request failed by a mistake of ours."""
        if self.debug:
            traceback.print_exc()
        warn(f"a request failed: {type(error).__name__}: {error} (--debug shows where)")


class _Handler(BaseHTTPRequestHandler):
    server: ViewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "cat-view", ""
    timeout = 60
    """Seconds an idle connection is kept."""

    def do_GET(self) -> None:
        try:
            trusted = self.server.trusts(self.headers.get("Host", ""))
        except ValueError:
            trusted = False
        if not trusted:
            self._json({"error": "this name is not one of ours; open the address that cat-view printed"}, HTTPStatus.FORBIDDEN)
            return
        try:
            self._answer()
        except NotHere as error:
            self._json({"error": str(error)}, HTTPStatus.NOT_FOUND)
        except CatError as error:
            self._json({"error": str(error)}, HTTPStatus.INTERNAL_SERVER_ERROR)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            self.server.complain(error)
            self._json({"error": f"internal error: {type(error).__name__}"}, HTTPStatus.INTERNAL_SERVER_ERROR)

    do_HEAD = do_GET

    def _answer(self) -> None:
        try:
            parts = urlsplit(self.path)
            asked = {key: values[-1] for key, values in parse_qs(parts.query, max_num_fields=20).items()}
        except ValueError:
            raise NotHere("there is no such page") from None
        path = parts.path
        name = path[1:] or PAGE
        if name == DATA:
            self._send(b"const catViewData = null;\n", asset_type(name))
        elif name in assets():
            self._send(assets()[name], asset_type(name))
        else:
            self.server.check_current()
            self._content(path, asked)

    def _content(self, path: str, asked: dict[str, str]) -> None:
        catalogue = self.server.catalogue
        if path == "/api/dataset":
            self._json(catalogue.summary())
        elif path == "/api/list":
            query = Query(asked.get("attribute", ""), asked.get("split", ""), asked.get("text", "")[:200], bool(asked.get("flagged")))
            number = asked.get("page", "0")
            self._json(catalogue.page(query, int(number) if re.fullmatch(r"\d{1,9}", number, re.ASCII) else 0))
        elif found := _SERIES.fullmatch(path):
            self._json(catalogue.detail(catalogue.number(found[1])))
        elif found := _PICTURE.fullmatch(path):
            self._picture(found[1], catalogue.row(found[2], int(found[3])))
        else:
            raise NotHere("there is no such page")

    def _picture(self, kind: str, row: int) -> None:
        pictures = self.server.pictures
        tag = f'"{kind[0]}{pictures.tag(row)}"'
        if self.headers.get("If-None-Match") == tag:
            self._send(b"", None, HTTPStatus.NOT_MODIFIED, {"ETag": tag})
            return
        data = pictures.whole(row) if kind == "picture" else pictures.small(row)
        self._send(data, media_type(data), headers={"ETag": tag})

    def _json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(json.dumps(value, allow_nan=False).encode(), "application/json", status)

    def _send(self, body: bytes, kind: str | None, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Cache-Control": "no-cache", **(headers or {})}.items():
            self.send_header(name, value)
        if kind is not None:
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """No line per request."""


def _stamp(path: Path) -> tuple[int, int]:
    """What changes when a file is written again; zeros where there is none."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def _refusal(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return f"--host {host!r} is no address of this machine; leave it out for 127.0.0.1"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use; give another with --port, or --port 0 for any that is free"
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than you have; give one above 1023 with --port"
    return f"{host}:{port}: {error.strerror or error}; give another --host or --port"
