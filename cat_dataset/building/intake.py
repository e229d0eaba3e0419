"""One series into a tar: every byte read once, and on that way checked, decoded, measured, hashed and stored."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from cat_dataset.checksums import crc32
from cat_dataset.describing.licences import licences
from cat_dataset.errors import InputError, SeriesError
from cat_dataset.files import JSON_CAP, parse_json, slug
from cat_dataset.fingerprint import dhash, luminance
from cat_dataset.folders import Folder
from cat_dataset.images import check_picture, decode_rgb, encode_jpeg, encode_png
from cat_dataset.series import SERIES_JSON, Series, parse_series
from cat_dataset.shards import BLOCK, TarFile, member_name, padded, series_sample

FRAME_CAP = 1 << 30
"""Bytes of the largest picture file that is read."""


@dataclass(frozen=True)
class Packed:
    """A series in a tar: the rows of its frames (without split and shard), and its row of series.parquet (likewise)."""

    frames: list[dict[str, Any]]
    series: dict[str, Any]


def read_described(root: Folder, name: str) -> tuple[Series, str]:
    """The series in folder ``name`` of ``root``, checked, and the SHA-256 of its series.json.

    Raises:
        InputError: unfinished, too large, not JSON, or against the contract.
    """
    path = f"{root}/{name}/{SERIES_JSON}"
    try:
        data = root.read(f"{name}/{SERIES_JSON}", 0, JSON_CAP + 1)
    except FileNotFoundError:
        raise SeriesError(f"{root}/{name} has no {SERIES_JSON}: it is unfinished; run its producer again, or delete it") from None
    if len(data) > JSON_CAP:
        raise SeriesError(f"{path} has more than the {JSON_CAP} bytes allowed for a JSON file; it is not one of ours")
    series = parse_series(parse_json(data, path), name, path)
    try:
        json.dumps(series.as_json(), ensure_ascii=False, allow_nan=False).encode("utf-8")
    except ValueError as error:
        raise SeriesError(f"{path} holds text or a number that cannot be stored ({error}); make the series again") from None
    return series, hashlib.sha256(data).hexdigest()


def frame_sizes(root: Folder, series: Series) -> list[int]:
    """Bytes of every frame file.

    Raises:
        SeriesError: one is missing, empty or too large.
    """
    try:
        listed = root.files(f"{series.id}/frames")
    except PermissionError:
        raise SeriesError(f"no permission for {root}/{series.id}/frames; mend its permissions, or move the series away") from None
    sizes = []
    for frame in series.frames:
        size, path = listed.get(PurePosixPath(frame.file).name), f"{root}/{series.id}/{frame.file}"
        if size is None:
            raise SeriesError(f"{path} is missing; make the series again")
        if not 0 < size <= FRAME_CAP:
            raise SeriesError(f"{path} has {size} bytes, which no frame of ours has; make the series again")
        sizes.append(size)
    return sizes


def stored_size(series: Series, sizes: Iterable[int], image_format: str) -> int | None:
    """Bytes that `add_series` will append, or None where pictures are encoded anew and nobody can know."""
    if not series.frames[0].file.endswith(f".{image_format}"):
        return None
    samples = (len(series_sample(series, number, frame.sha256)) for number, frame in enumerate(series.frames))
    return sum(2 * BLOCK + padded(size) + padded(sample) for size, sample in zip(sizes, samples, strict=True))


def add_series(tar: TarFile, root: Folder, series: Series, digest: str, *, image_format: str, decode: bool) -> Packed:
    """Append every frame of ``series`` and its sample; ``decode`` also decodes every picture and measures it.

    Raises:
        SeriesError: a frame is not the one that series.json describes, or damaged; nothing was appended then.
    """
    frames: list[dict[str, Any]] = []
    hashes: list[str] = []
    looked_at = {0, (len(series.frames) - 1) // 2, len(series.frames) - 1}
    with tar.all_or_nothing():
        for number, frame in enumerate(series.frames):
            path = f"{root}/{series.id}/{frame.file}"
            data, own = _frame_data(root, series, number, path)
            rgb = None
            if decode or not frame.file.endswith(f".{image_format}"):
                rgb = decode_rgb(data, where=path)
            if not frame.file.endswith(f".{image_format}") and rgb is not None:
                data = encode_png(rgb) if image_format == "png" else encode_jpeg(rgb)
                own = hashlib.sha256(data).hexdigest()
            if rgb is not None and number in looked_at:
                hashes.append(dhash(rgb))
            offset = tar.add(member_name(series.id, number, image_format), data)
            tar.add(member_name(series.id, number, "json"), series_sample(series, number, own))
            frames.append(
                {
                    "series": series.id, "frame": number, "offset": offset, "size": len(data), "crc32": crc32(data),
                    "sha256": own, "width": frame.width, "height": frame.height,
                    "luminance": None if rgb is None else luminance(rgb),
                    **{f"value_{name}": frame.values[name] for name in series.varies},
                }
            )  # fmt: skip
    return Packed(frames, _series_row(series, digest, hashes))


def _frame_data(root: Folder, series: Series, number: int, path: str) -> tuple[bytes, str]:
    """A frame file's bytes, which are what series.json says, and their SHA-256."""
    frame = series.frames[number]
    try:
        data = root.read(f"{series.id}/{frame.file}", 0, FRAME_CAP)
    except FileNotFoundError:
        raise SeriesError(f"{path} is missing; make the series again") from None
    except PermissionError:
        raise SeriesError(f"no permission for {path}; mend its permissions, or move the series away") from None
    own = hashlib.sha256(data).hexdigest()
    if own != frame.sha256:
        raise SeriesError(f"{path} does not match its sha256 in {SERIES_JSON}; make the series again")
    try:
        size = check_picture(data, path)
    except InputError as error:
        raise SeriesError(str(error)) from None
    kind = "jpg" if data.startswith(b"\xff\xd8") else "png"
    if not frame.file.endswith(f".{kind}"):
        raise SeriesError(f"{path} is a .{kind} picture by its content; make the series again")
    if size != (frame.width, frame.height):
        raise SeriesError(f"{path} is {size[0]}×{size[1]}, {SERIES_JSON} says {frame.width}×{frame.height}; make the series again")
    return data, own


def _series_row(series: Series, digest: str, hashes: list[str]) -> dict[str, Any]:
    return {
        "series": series.id, "source": series.source, "object": series.object, "varies": list(series.varies),
        "frames": len(series.frames), "digest": digest, "licences": licences(series.provenance), "dhashes": hashes,
        "constants": json.dumps(series.constants, sort_keys=True, ensure_ascii=False),
        "provenance": json.dumps(series.provenance, sort_keys=True, ensure_ascii=False),
        **{f"scene_{slug(key)}": value for key, value in series.scene.items()},
    }  # fmt: skip
