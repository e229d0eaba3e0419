"""Plain WebDataset tars, byte for byte reproducible, that keep whole series together.

Members are ``<series>_<frame>.png`` (or ``.jpg``) then ``.json``. Every JSON sample has the same keys and every value is a
float: loaders that infer a schema from the first samples lose what comes later in another shape.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cat_dataset.attributes import attribute
from cat_dataset.errors import SeriesError
from cat_dataset.images import check_picture, decode_rgb, encode_jpeg, encode_png
from cat_dataset.series import Series

BLOCK = 512
END = 2 * BLOCK
"""Zero bytes that end a tar, at least; it is then padded to a whole record."""
RECORD = 20 * BLOCK


def member_name(series: str, frame: int, extension: str) -> str:
    """Name of a member; the part before the dot is the sample's key."""
    return f"{series}_{frame:04d}.{extension}"


def tar_header(name: str, size: int) -> bytes:
    """The 512-byte USTAR header of a member that depends on nothing but its name and size."""
    header = tarfile.TarInfo(name)
    header.size, header.mode, header.mtime = size, 0o644, 0
    return header.tobuf(tarfile.USTAR_FORMAT)


def archive_size(content: int) -> int:
    """Bytes of a finished tar whose members take ``content``."""
    return -(-(content + END) // RECORD) * RECORD


class TarFile:
    """A tar being written front to back, with its SHA-256 known all along."""

    def __init__(self, path: Path) -> None:
        self._stream = open(path, "wb")  # noqa: SIM115 - closed by close()
        self._digest = hashlib.sha256()
        self.path, self.size = path, 0

    def add(self, name: str, data: bytes) -> int:
        """Append a member; returns the offset of its data."""
        offset = self.size + BLOCK
        self.append(tar_header(name, len(data)) + data + bytes(-len(data) % BLOCK))
        return offset

    def append(self, raw: bytes) -> None:
        """Append bytes as they are."""
        self._stream.write(raw)
        self._digest.update(raw)
        self.size += len(raw)

    def close(self) -> tuple[int, str]:
        """Write the end of the archive and sync it; returns (bytes, sha256)."""
        self.append(bytes(archive_size(self.size) - self.size))
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        return self.size, self._digest.hexdigest()

    def abandon(self) -> None:
        """Close without finishing; does nothing after `close`."""
        self._stream.close()


def add_series(tar: TarFile, folder: Path, series: Series, image_format: str) -> list[dict[str, Any]]:
    """Append every frame of ``series``; returns their rows for frames.parquet (without split and shard).

    Raises:
        SeriesError: a frame changed since it was verified, or is damaged.
    """
    rows = []
    for number, frame in enumerate(series.frames):
        data = (folder / frame.file).read_bytes()
        if hashlib.sha256(data).hexdigest() != frame.sha256:
            raise SeriesError(f"{folder / frame.file} changed while it was being packed; make the series again")
        data = stored_picture(data, frame.file, image_format, str(folder / frame.file))
        digest = hashlib.sha256(data).hexdigest()
        offset = tar.add(member_name(series.id, number, image_format), data)
        tar.add(member_name(series.id, number, "json"), _sample(series, number, digest))
        rows.append(
            {
                "series": series.id, "frame": number, "offset": offset, "size": len(data), "crc32": zlib.crc32(data),
                "sha256": digest, "width": frame.width, "height": frame.height,
                **{f"value_{name}": frame.values[name] for name in series.varies},
            }
        )  # fmt: skip
    return rows


def copied_size(folder: Path, series: Series, image_format: str) -> int | None:
    """Bytes that `add_series` will append, or None where pictures are encoded anew and nobody can know."""
    total = 0
    for number, frame in enumerate(series.frames):
        if Path(frame.file).suffix != f".{image_format}":
            return None
        for size in ((folder / frame.file).stat().st_size, len(_sample(series, number, frame.sha256))):
            total += BLOCK + size + -size % BLOCK
    return total


def stored_picture(data: bytes, name: str, image_format: str, where: str) -> bytes:
    """The bytes to store for a picture file: its own where the format fits, else encoded anew (PNG, or JPEG q95 4:4:4)."""
    if Path(name).suffix == f".{image_format}":
        check_picture(data, where)
        return data
    rgb = decode_rgb(data, where=where)
    return encode_png(rgb) if image_format == "png" else encode_jpeg(rgb)


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


def _sample(series: Series, number: int, sha256: str) -> bytes:
    frame = series.frames[number]
    labels = {name: frame.values[name] for name in series.varies}
    return sample_json(
        series.id, number, source=series.source, object=series.object, labels=labels,
        width=frame.width, height=frame.height, sha256=sha256,
    )  # fmt: skip
