"""One HTTP request with a total deadline and a limit on its answer."""

from __future__ import annotations

import http.client
import io
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

from render.unreal.errors import BadReply, EditorGone, EditorSilent
from render.unreal.remote.deadline import Deadline

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LIMIT = 8 * 1024 * 1024
PIECE = 1 << 16


def request(host: str, port: int, method: str, route: str, body: bytes | None, deadline: Deadline, limit: int = LIMIT) -> tuple[int, bytes]:
    """Status and body of the answer.

    Raises:
        EditorGone: nobody listens there, or the connection was lost.
        EditorSilent: not all of the answer has come in time.
        BadReply: it is not HTTP, or longer than ``limit`` bytes.
    """
    where = f"Remote Control at {host}:{port}"
    try:
        with closing(http.client.HTTPConnection(host, port)) as connection:
            connection.sock = _Plug(socket.create_connection((host, port), deadline.timeout()), deadline)
            connection.request(method, f"/{route}", body, {"Content-Type": "application/json", "Connection": "close"})
            answer = connection.getresponse()
            found = bytearray()
            while len(found) <= limit:
                piece = answer.read1(PIECE)
                if not piece:
                    if answer.length:
                        raise EditorGone(f"{where} has closed the connection in the middle of its answer")
                    return answer.status, bytes(found)
                found += piece
    except TimeoutError as error:
        raise EditorSilent(f"{where} has not answered in {deadline.seconds:g} s") from error
    except http.client.RemoteDisconnected as error:
        raise EditorGone(f"{where} has closed the connection without an answer") from error
    except http.client.HTTPException as error:
        raise BadReply(f"{where} does not speak HTTP ({type(error).__name__})") from error
    except OSError as error:
        raise EditorGone(f"{where} cannot be reached: {error.strerror or error}") from error
    raise BadReply(f"{where} answers more than {limit} bytes")


class _Plug:
    """A socket for ``http.client`` on which every wait, for a header as for the body, ends at the same deadline."""

    def __init__(self, plug: socket.socket, deadline: Deadline) -> None:
        self._plug, self._deadline = plug, deadline

    def sendall(self, data: Any) -> None:
        self._plug.settimeout(self._deadline.timeout())
        self._plug.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Source(self._plug, self._deadline))

    def close(self) -> None:
        self._plug.close()


class _Source(io.RawIOBase):
    """What comes in at a socket, until the deadline."""

    def __init__(self, plug: socket.socket, deadline: Deadline) -> None:
        self._plug, self._deadline = plug, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if self._deadline.passed:
            raise TimeoutError
        self._plug.settimeout(self._deadline.timeout())
        return self._plug.recv_into(buffer)
