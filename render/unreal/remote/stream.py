"""One TCP connection that an editor has opened to us: bytes in and out with a deadline, every way of ending told apart."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

from render.unreal.errors import EditorGone, EditorSilent
from render.unreal.remote.deadline import Deadline
from render.unreal.remote.framing import LIMIT, Framer

PIECE = 1 << 18


class Stream:
    """A connected socket that carries JSON objects. ``name`` says in messages whose it is."""

    def __init__(self, connected: socket.socket, name: str, limit: int = LIMIT) -> None:
        self._socket, self._name = connected, name
        self._framer = Framer(limit)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: bytes, deadline: Deadline) -> None:
        """Send all of ``message``.

        Raises:
            EditorGone: the connection is closed.
            EditorSilent: the editor did not take it in time.
        """
        self._socket.settimeout(deadline.timeout())
        try:
            self._socket.sendall(message)
        except TimeoutError as error:
            raise EditorSilent(f"{self._name} has not taken a command of {len(message)} bytes in {deadline.seconds:g} s") from error
        except OSError as error:
            raise EditorGone(f"{self._name} has closed the connection ({error.strerror or error})") from error

    def read(self, deadline: Deadline) -> Iterator[dict[str, Any]]:
        """The objects that the next piece of the stream completes: none, one or several.

        Raises:
            EditorGone: the connection is closed; whatever had come of an object is lost.
            EditorSilent: nothing more came in time.
            BadReply: it is not JSON, or too long.
        """
        if deadline.passed:  # also where the editor never stops talking
            raise self._silent(deadline)
        self._socket.settimeout(deadline.timeout())
        try:
            piece = self._socket.recv(PIECE)
        except TimeoutError as error:
            raise self._silent(deadline) from error
        except OSError as error:
            raise self._gone(error.strerror or str(error)) from error
        if not piece:
            raise self._gone("closed")
        return self._framer.feed(piece)

    @property
    def ended(self) -> bool:
        """Whether the other side has closed it while nobody was reading."""
        self._socket.settimeout(0)
        try:
            return not self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def close(self) -> None:
        self._socket.close()

    def _silent(self, deadline: Deadline) -> EditorSilent:
        so_far = f" ({self._framer.waiting} bytes of an answer have come)" if self._framer.waiting else ""
        return EditorSilent(f"{self._name} has not answered in {deadline.seconds:g} s{so_far}; the command may still be running in it")

    def _gone(self, how: str) -> EditorGone:
        so_far = f" after {self._framer.waiting} bytes of an answer" if self._framer.waiting else ""
        return EditorGone(f"{self._name} has gone: connection lost ({how}){so_far}; what it was told may be done or not")
