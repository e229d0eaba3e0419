"""Whether a JPEG is all there: decoders fill in what is missing without a word."""

from __future__ import annotations

import re

_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""In entropy-coded data, the first byte pair that is neither a stuffed 0xFF, a fill byte nor a restart."""


def is_whole_jpeg(data: bytes, *, walk_scans: bool = True) -> bool:
    """Whether the segments of a JPEG run up to an end-of-image marker (ISO/IEC 10918-1, annex B).

    Without ``walk_scans`` it is enough that such a marker follows the first scan's head (0xFF bytes are stuffed inside a
    scan, so it is no picture data): for the hot path of bytes whose checksum was compared already.
    """
    if data[:2] != b"\xff\xd8":
        return False
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return False
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
        elif marker == 0xD9:
            return True
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:
            at += 2
        elif marker == 0xDA and not walk_scans:
            return data.rfind(b"\xff\xd9", at) >= 0
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if marker == 0xDA:
                scan_end = _MARKER.search(data, at)
                at = scan_end.start() if scan_end else len(data)
    return data[at : at + 2] == b"\xff\xd9"
