"""Plain WebDataset tars, byte for byte reproducible, that keep whole series together.

Members are ``<series>_<frame>.png`` (or ``.jpg``) then ``.json``. Every JSON sample has the same keys and every value is a
float: loaders that infer a schema from the first samples lose what comes later in another shape.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cat_dataset.attributes import attribute
from cat_dataset.series import Series

BLOCK = 512
END = 2 * BLOCK
"""Zero bytes that end a tar, at least; it is then padded to a whole record."""
RECORD = 20 * BLOCK


def member_name(series: str, frame: int, extension: str) -> str:
    """Name of a member; the part before the dot is the sample's key."""
    return f"{series}_{frame:04d}.{extension}"


_OWNER = b"0000644\0" + 2 * b"0000000\0"
_TIME, _KIND, _REST = b"\0" + 11 * b"0" + b"\0", b"0" + bytes(100) + b"ustar\x0000", bytes(247)
_SUM = sum(_OWNER + _TIME + _KIND + _REST) + 8 * ord(" ")


def tar_header(name: str, size: int) -> bytes:
    """The 512-byte USTAR header (POSIX.1-1988) of a file that depends on nothing but its name and size.

    Raises:
        ValueError: the name has more than 100 bytes, or the size more than 8 GiB.
    """
    encoded, digits = name.encode("utf-8"), b"%011o" % size
    if len(encoded) > 100 or len(digits) > 11:
        raise ValueError(f"{name!r} with {size} bytes does not fit into a USTAR header")
    total = _SUM + sum(encoded) + sum(digits)
    return b"".join((encoded, bytes(100 - len(encoded)), _OWNER, digits, _TIME, b"%06o\0 " % total, _KIND, _REST))


def archive_size(content: int) -> int:
    """Bytes of a finished tar whose members take ``content``."""
    return -(-(content + END) // RECORD) * RECORD


class TarFile:
    """A tar being written front to back, with its SHA-256 known all along."""

    def __init__(self, path: Path) -> None:
        self._stream = open(path, "wb", buffering=1 << 20)  # noqa: SIM115 - closed by close()
        self._digest = hashlib.sha256()
        self.path, self.size = path, 0

    def add(self, name: str, data: bytes) -> int:
        """Append a member; returns the offset of its data."""
        self.append(tar_header(name, len(data)))
        offset = self.size
        self.append(data)
        self.append(bytes(-len(data) % BLOCK))
        return offset

    def append(self, raw: bytes) -> None:
        """Append bytes as they are."""
        self._stream.write(raw)
        self._digest.update(raw)
        self.size += len(raw)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Take back what the body appended if it fails."""
        size, digest = self.size, self._digest.copy()
        try:
            yield
        except BaseException:
            self._stream.flush()
            self._stream.seek(size)
            self._stream.truncate()
            self.size, self._digest = size, digest
            raise

    def close(self, *, end: bool = True) -> tuple[int, str]:
        """Write the ``end`` of the archive (not for a part of one) and sync it; returns (bytes, sha256)."""
        if end:
            self.append(bytes(archive_size(self.size) - self.size))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        return self.size, self._digest.hexdigest()

    def abandon(self) -> None:
        """Close without finishing and remove the file; does nothing after `close`."""
        if not self._stream.closed:
            with suppress(OSError):  # a full disk: what is still held cannot be written
                self._stream.close()
            self.path.unlink(missing_ok=True)


def padded(size: int) -> int:
    """Bytes that ``size`` bytes of data take in a tar."""
    return size + -size % BLOCK


def sample_json(
    series: str, number: int, *, source: str, object: str, labels: Mapping[str, float], width: int, height: int, sha256: str
) -> bytes:
    """The JSON member of a frame; ``labels`` in natural units, ``sha256`` of the picture as stored."""
    named = [{"attribute": name, "value": float(value), "unit": attribute(name).unit} for name, value in labels.items()]
    sample = {
        "series": series, "frame": number, "source": source, "object": object, "labels": named,
        "width": width, "height": height, "sha256": sha256,
    }  # fmt: skip
    return json.dumps(sample, ensure_ascii=False, allow_nan=False).encode("utf-8")


def series_sample(series: Series, number: int, sha256: str) -> bytes:
    """`sample_json` of a frame of a series, stored with that hash."""
    frame = series.frames[number]
    labels = {name: frame.values[name] for name in series.varies}
    return sample_json(
        series.id, number, source=series.source, object=series.object, labels=labels,
        width=frame.width, height=frame.height, sha256=sha256,
    )  # fmt: skip
