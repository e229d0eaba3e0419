"""The series contract: a folder that any producer can write and nothing else is needed to read.

    <series id>/series.json      written last, atomically: its presence means "complete"
    <series id>/frames/0000.png  ...

Standard library only: also used inside Blender and Unreal. Writing is in `cat_dataset.series_writer`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cat_dataset.attributes import attribute
from cat_dataset.errors import AttributeLookupError, InputError, SeriesError, UsageError
from cat_dataset.files import read_json, sha256_file
from cat_dataset.picture_header import picture_size

SCHEMA = 1
SERIES_JSON = "series.json"
SOURCES = ("blender", "unreal", "dslr", "developed")
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")
"""No dots (WebDataset cuts keys at the first one) and short enough for a USTAR member name."""
_FILE_PATTERN = re.compile(r"frames/\d{4,6}\.(png|jpg)")
_PASS_PATTERN = re.compile(r"passes/[a-z]{1,20}/\d{4,6}\.(png|exr)")


@dataclass(frozen=True)
class Frame:
    """One picture: its file relative to the series folder, its hash and size, and its labels.

    ``values`` holds what was asked, natural units, one float per varying attribute; ``measured`` whatever was measured
    beside it (free names, floats). ``state`` is what the producer's scene really held (any JSON: matrices, a lamp's watts);
    ``passes`` are further pictures of the frame (depth, normals), by name: file relative to the series folder, and sha256.
    """

    file: str
    sha256: str
    width: int
    height: int
    values: Mapping[str, float]
    measured: Mapping[str, float] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    passes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The frame as it stands in ``series.json`` and in the journal."""
        optional = {"state": dict(self.state), "passes": {name: dict(one) for name, one in self.passes.items()}}
        return {
            "file": self.file, "sha256": self.sha256, "width": self.width, "height": self.height,
            "values": dict(self.values), "measured": dict(self.measured), **{key: value for key, value in optional.items() if value},
        }  # fmt: skip

    def files(self) -> dict[str, str]:
        """Every file of the frame, relative to the series folder, with its sha256."""
        return {self.file: self.sha256, **{one["file"]: one["sha256"] for one in self.passes.values()}}


@dataclass(frozen=True)
class Series:
    """Frames of one scene in which the attributes in ``varies`` change and nothing else does.

    ``scene`` holds the keys a leak-free split groups by (asset, hdri, character, scene, camera); ``constants`` what was
    held fixed; ``provenance`` tool, versions, settings and licences.
    """

    id: str
    source: str
    scene: Mapping[str, str]
    object: str
    varies: tuple[str, ...]
    frames: tuple[Frame, ...]
    constants: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The content of ``series.json``."""
        return {
            "schema": SCHEMA, "id": self.id, "source": self.source, "scene": dict(self.scene), "object": self.object,
            "varies": list(self.varies), "frames": [frame.as_json() for frame in self.frames],
            "constants": dict(self.constants), "provenance": dict(self.provenance),
        }  # fmt: skip


def check_series(series: Series, where: str) -> Series:
    """Check the contract on a series in memory.

    Raises:
        SeriesError: names ``where``, the rule that is broken and the remedy.
    """

    def refuse(problem: str) -> SeriesError:
        return SeriesError(f"{where}: {problem}")

    if not ID_PATTERN.fullmatch(series.id):
        raise refuse(f"series id {series.id!r} must be 1-80 of a-z 0-9 _ - and start with a letter or digit")
    if series.source not in SOURCES:
        raise refuse(f"source {series.source!r} is none of {', '.join(SOURCES)}")
    if not series.varies or len(set(series.varies)) != len(series.varies):
        raise refuse("varies must name at least one attribute, each once")
    if len(series.frames) < 2:
        raise refuse(f"{len(series.frames)} frame; a series needs at least two to show a change")
    for name in series.varies:
        try:
            chosen = attribute(name)
        except AttributeLookupError as error:
            raise refuse(str(error)) from None
        for frame in series.frames:
            if name not in frame.values:
                raise refuse(f"{frame.file} has no value for {name}")
            try:
                chosen.check(frame.values[name])
            except UsageError as error:
                raise refuse(f"{frame.file}: {error}") from None
        if len({frame.values[name] for frame in series.frames}) < 2:
            raise refuse(f"{name} is said to vary and has one value in every frame")
    if len({frame.file for frame in series.frames}) != len(series.frames):
        raise refuse("two frames share one file")
    for frame in series.frames:
        if not _FILE_PATTERN.fullmatch(frame.file):
            raise refuse(f"frame file {frame.file!r} must look like frames/0000.png or frames/0000.jpg")
    extensions = sorted({frame.file.rpartition(".")[2] for frame in series.frames})
    if len(extensions) > 1:
        raise refuse(f"its frames are of two kinds ({' and '.join(extensions)}); make the series again, every frame in one format")
    sizes = {(frame.width, frame.height): frame.file for frame in series.frames}
    if len(sizes) > 1:
        each = ", ".join(f"{file} {width}×{height}" for (width, height), file in list(sizes.items())[:2])
        raise refuse(f"its frames have different sizes ({each}); make the series again, every frame in one size")
    return series


def read_series(folder: Path) -> Series:
    """Read and check ``series.json`` of ``folder``; the frames themselves are not opened (see `verify_frames`).

    Raises:
        SeriesError: absent, of another schema version, or against the contract.
    """
    path = folder / SERIES_JSON
    if not path.is_file():
        raise SeriesError(f"{folder} has no {SERIES_JSON}: it is not a finished series; run its producer again to finish it")
    return parse_series(read_json(path), folder.name, str(path))


def parse_series(raw: object, name: str, path: str) -> Series:
    """The series that the content ``raw`` of a series.json describes, checked; ``path`` names it in errors.

    Raises:
        SeriesError: of another schema version, against the contract, or not that of the folder ``name``.
    """
    if not isinstance(raw, dict):
        raise SeriesError(f"{path} is not a JSON object; make the series again")
    if raw.get("schema") != SCHEMA:
        raise SeriesError(f"{path} has schema {raw.get('schema')!r}, this version reads {SCHEMA}; make the series again or upgrade")
    try:
        series = Series(
            id=_typed(raw, "id", str),
            source=_typed(raw, "source", str),
            scene={str(k): str(v) for k, v in _typed(raw, "scene", dict).items()},
            object=_typed(raw, "object", str),
            varies=tuple(str(name) for name in _typed(raw, "varies", list)),
            frames=tuple(frame_from_json(item) for item in _typed(raw, "frames", list)),
            constants=_typed(raw, "constants", dict),
            provenance=_typed(raw, "provenance", dict),
        )
    except ValueError as error:
        raise SeriesError(f"{path}: {error}; make the series again") from None
    if series.id != name:
        raise SeriesError(f"{path} says id {series.id!r} but lies in folder {name!r}; give the folder its own name back")
    return check_series(series, path)


def verify_frames(folder: Path, series: Series) -> None:
    """Compare every frame file with its recorded hash and size.

    Raises:
        SeriesError: a frame is missing or its bytes differ.
    """
    for frame in series.frames:
        for file, sha256 in frame.files().items():
            path = folder / file
            if not path.is_file():
                raise SeriesError(f"{path} is missing; make the series again")
            if sha256_file(path) != sha256:
                raise SeriesError(f"{path} does not match the sha256 in {SERIES_JSON}; make the series again")
        path = folder / frame.file
        try:
            size = picture_size(path)
        except InputError as error:
            raise SeriesError(str(error)) from None
        if size != (frame.width, frame.height):
            raise SeriesError(f"{path} is {size[0]}×{size[1]}, {SERIES_JSON} says {frame.width}×{frame.height}; make the series again")


def find_series(root: Path) -> Iterator[Path]:
    """Folders right under ``root`` that hold a finished series, by name.

    Raises:
        SeriesError: ``root`` is no folder.
    """
    if not root.is_dir():
        raise SeriesError(f"{root} is not a folder; render or ingest a series into it first")
    for folder in sorted(root.iterdir()):
        if folder.is_dir() and (folder / SERIES_JSON).is_file():
            yield folder


def frame_from_json(raw: object) -> Frame:
    """A frame from its JSON form.

    Raises:
        ValueError: a key is absent or of another type.
    """
    if not isinstance(raw, dict):
        raise ValueError("a frame is not a JSON object")
    return Frame(
        file=_typed(raw, "file", str),
        sha256=_typed(raw, "sha256", str),
        width=_typed(raw, "width", int),
        height=_typed(raw, "height", int),
        values=_numbers(raw, "values"),
        measured=_numbers(raw, "measured"),
        state=_typed(raw, "state", dict) if "state" in raw else {},
        passes=_passes(raw),
    )


def _passes(raw: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    passes = _typed(raw, "passes", dict) if "passes" in raw else {}
    for name, one in passes.items():
        if not isinstance(one, dict) or {*one} != {"file", "sha256"} or not all(isinstance(text, str) for text in one.values()):
            raise ValueError(f"passes.{name} must hold file and sha256")
        if not _PASS_PATTERN.fullmatch(one["file"]):
            raise ValueError(f"passes.{name}: file {one['file']!r} must look like passes/depth/0000.exr")
    return passes


def _numbers(raw: Mapping[str, Any], key: str) -> dict[str, float]:
    numbers = _typed(raw, key, dict)
    for name, value in numbers.items():
        if not isinstance(value, float):
            raise ValueError(f"{key}.{name} must be a JSON float (100.0, not 100), got {value!r}")
    return dict(numbers)


def _typed(raw: Mapping[str, Any], key: str, kind: type) -> Any:
    value = raw.get(key)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError(f"{key!r} is {'absent' if key not in raw else 'not a ' + kind.__name__}")
    return value
