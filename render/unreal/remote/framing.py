"""JSON objects out of a stream of bytes without framing, each byte looked at once.

The editor's command connection sends one JSON object after the other with nothing between them and no length in front. So
the end of an object is where its braces close, outside of strings. The scan goes on from where it stopped when more bytes
come: work is linear in the bytes however they were cut. It looks at bytes, not characters: braces, quotes and backslashes
are never part of a longer UTF-8 sequence, so a character cut in two does no harm.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from render.unreal.errors import BadReply

LIMIT = 64 * 1024 * 1024
"""Longest object, bytes."""

_MAY_CLOSE = re.compile(rb'(?<!\\)"|(?<=\\\\)"')
"""A quote without a backslash before it, or with two: those with one, of which answers are full, are passed over at once."""
_MARK = re.compile(rb'[{}"\\]')
_QUOTE, _OPEN, _CLOSE, _BACKSLASH = b'"{}\\'
_SPACE = b" \t\r\n"


class Framer:
    """Cuts a stream into JSON objects.

    Args:
        limit: longest object, bytes; a longer one is refused as soon as that is seen.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._bytes = bytearray()
        self._at = 0
        self._depth = 0
        self._in_string = False

    @property
    def waiting(self) -> int:
        """Bytes of an object that has not ended yet."""
        return len(self._bytes)

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """The objects that end within ``data``.

        Raises:
            BadReply: not JSON, not UTF-8, not an object, or longer than the limit. The stream cannot be read on after that.
        """
        self._bytes += data
        while self._ends():
            text = self._bytes[: self._at]
            del self._bytes[: self._at]
            self._at = 0
            yield _object(text)
        if len(self._bytes) > self._limit:
            raise BadReply(f"the editor's answer is longer than {self._limit} bytes")

    def _ends(self) -> bool:
        """Scan on; True when an object ends at ``_at``."""
        while self._at < len(self._bytes):
            if self._in_string:
                self._at = self._string_end()
                if self._at == len(self._bytes):
                    return False
                self._in_string = False
                self._at += 1
                continue
            if self._depth == 0:
                self._skip_space()
            else:
                mark = _MARK.search(self._bytes, self._at)
                self._at = mark.start() if mark else len(self._bytes)
            if self._at == len(self._bytes):
                return False
            byte = self._bytes[self._at]
            self._at += 1
            if byte == _OPEN:
                self._depth += 1
            elif byte == _CLOSE and self._depth:
                self._depth -= 1
                if self._depth == 0:
                    return True
            elif byte == _QUOTE and self._depth:
                self._in_string = True
            else:
                raise BadReply(f"the editor's answer is not JSON: {bytes(self._bytes[self._at - 1 : self._at + 40])!r}")
        return False

    def _string_end(self) -> int:
        """Where the string closes, or the bytes end: at a quote that no odd number of backslashes stands before."""
        at = self._bytes.find(b'"', self._at)  # text without escapes, the usual case, is several times as fast like this
        while at >= 0 and (quote := _MAY_CLOSE.search(self._bytes, at)):
            before = quote.start()
            while self._bytes[before - 1] == _BACKSLASH:
                before -= 1
            if (quote.start() - before) % 2 == 0:
                return quote.start()
            at = quote.end()
        return len(self._bytes)

    def _skip_space(self) -> None:
        while self._at < len(self._bytes) and self._bytes[self._at] in _SPACE:
            self._at += 1
        del self._bytes[: self._at]
        self._at = 0


def _object(text: bytearray) -> dict[str, Any]:
    try:
        found = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadReply(f"the editor's answer is not JSON in UTF-8 ({error})") from error
    assert isinstance(found, dict)  # it begins with a brace
    return found
