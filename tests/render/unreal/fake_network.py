"""The wire of the fake editor: its multicast socket, its messages, its reading of commands and its spoilt answers."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

MAGIC, VERSION, GROUP = "ue_py", 1, "239.0.0.1"
NOISE = (b"", b"\xff\xfe{", b"[" * 40000, b"null", b'{"magic": "ue_py", "version": 1, "type": "pong", "source": 7}')


def free_port() -> int:
    """A UDP port that nobody uses, so that tests side by side do not find each other's editors."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("0.0.0.0", 0))
        return int(probe.getsockname()[1])


def message(kind: str, source: str, dest: str, data: Mapping[str, Any] | None) -> bytes:
    message = {"version": VERSION, "magic": MAGIC, "type": kind, "source": source, "dest": dest, **({"data": data} if data else {})}
    return json.dumps(message, ensure_ascii=False).encode("utf-8")


def objects(connection: socket.socket) -> Iterator[dict[str, Any]]:
    pending = b""
    while piece := connection.recv(1 << 20):
        pending += piece
        if pending.rstrip().endswith(b"}"):
            with suppress(ValueError):
                message = json.loads(pending)
                pending = b""
                yield message


def multicast(port: int, interface: str) -> tuple[socket.socket, str]:
    """A socket as the editor's, and the interface on which it listens.

    On Linux it hears the group on that interface only, not on those that others have joined.
    """
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "SO_REUSEPORT"):
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if sys.platform == "linux":
        udp.setsockopt(socket.IPPROTO_IP, 49, 0)  # IP_MULTICAST_ALL
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
    udp.bind(("0.0.0.0", port))
    for way in dict.fromkeys((interface, "127.0.0.1")):  # the second where a machine has no network
        try:
            udp.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + socket.inet_aton(way))
        except OSError:
            continue
        udp.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(way))
        udp.settimeout(0.05)
        return udp, way
    raise OSError("this machine has no interface for multicast")


def answer(connection: socket.socket, raw: bytes, faults: Mapping[str, float], ended: threading.Event) -> None:
    """Send an answer, spoilt as the faults say."""
    if "garbage" in faults:
        raw = b'{"success": tru}' + raw
    if "latin1" in faults:
        raw = raw.decode("utf-8").encode("latin-1")
    if "half" in faults:
        connection.sendall(raw[: len(raw) // 2])
        connection.shutdown(socket.SHUT_RDWR)
    elif "endless" in faults:
        connection.sendall(raw[:-3])
        while not ended.is_set():
            connection.sendall(b"x" * 65536)
    elif "drips" in faults:
        step = int(faults["drips"])
        for start in range(0, len(raw), step):
            connection.sendall(raw[start : start + step])
            time.sleep(0.0002)
    else:
        connection.sendall(raw)
