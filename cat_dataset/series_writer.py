"""Writing a series frame by frame, so that a killed producer resumes and ends with the same bytes.

Finished frames are journaled (``journal.jsonl``: the plan first, then a line per frame, fsynced). A frame counts only
once it is journaled; a torn or damaged line is dropped and its frame made again; ``series.json`` comes last and the journal goes.
Standard library only: also used inside Blender and Unreal.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

from cat_dataset.command import warn
from cat_dataset.errors import SeriesConflict
from cat_dataset.files import JSON_CAP, adopt, folder_lock, json_bytes, sha256_file, write_bytes, write_json
from cat_dataset.picture_header import picture_size
from cat_dataset.series import SERIES_JSON, Frame, Series, check_series, frame_from_json, read_series

JOURNAL = "journal.jsonl"


def is_complete(folder: Path, settings: Mapping[str, Any]) -> bool:
    """Whether ``folder`` holds a finished series made with these ``settings``.

    What a producer that was killed right after its last write left beside the series is removed.

    Raises:
        SeriesConflict: finished, or begun, with other settings; names the first that differs.
    """
    if not (folder / SERIES_JSON).is_file():
        begun = _plan_of(folder)
        if begun is not None:
            _refuse_other(folder, begun.get("settings"), json.loads(json_bytes(dict(settings))), "was begun")
        return False
    series = read_series(folder)
    _refuse_other(folder, series.provenance.get("settings"), json.loads(json_bytes(dict(settings))), "was made")
    with suppress(OSError):
        (folder / JOURNAL).unlink(missing_ok=True)
        (folder / ".lock").unlink(missing_ok=True)
    return True


class SeriesWriter:
    """A series being made. Use as a context manager: it holds the folder's lock.

    ``settings`` is everything the pixels depend on (a JSON object); ``versions`` the tools that make them. A journal
    that was begun with others is refused rather than mixed.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any], versions: Mapping[str, str]) -> None:
        self.folder = folder
        self.settings: dict[str, Any] = json.loads(json_bytes(dict(settings)))
        self.versions = dict(versions)
        self.done: dict[int, Frame] = {}
        self._lock = folder_lock(folder)

    def __enter__(self) -> SeriesWriter:
        self._lock.__enter__()
        try:
            if (self.folder / SERIES_JSON).is_file():
                raise SeriesConflict(f"{self.folder} is a finished series; delete it to make it again")
            (self.folder / "frames").mkdir(parents=True, exist_ok=True)
            self._open_journal()
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._lock.__exit__(kind, error, trace)

    def staging_path(self, index: int, extension: str = "png") -> Path:
        """Where the producer writes the pixels of frame ``index`` before `commit`."""
        return self.folder / "frames" / f"partial-{index:04d}.{extension}"

    def commit(
        self,
        index: int,
        values: Mapping[str, float],
        measured: Mapping[str, float] | None = None,
        extension: str = "png",
        *,
        state: Mapping[str, Any] | None = None,
        passes: Mapping[str, Path] | None = None,
    ) -> Frame:
        """Take the picture at `staging_path` as frame ``index``: hash it, give it its name, journal it.

        ``passes`` are further pictures of the frame by name, staged anywhere in the series folder's file system.
        """
        staged = self.staging_path(index, extension)
        width, height = picture_size(staged)
        frame = Frame(
            file=f"frames/{index:04d}.{extension}",
            sha256=sha256_file(staged),
            width=width,
            height=height,
            values={name: float(value) for name, value in values.items()},
            measured={name: float(value) for name, value in (measured or {}).items()},
            state=state or {},
            passes={name: self._adopt_pass(name, index, path) for name, path in (passes or {}).items()},
        )
        adopt(staged, self.folder / frame.file)
        self._append({"index": index, **frame.as_json()})
        self.done[index] = frame
        return frame

    def _adopt_pass(self, name: str, index: int, staged: Path) -> dict[str, str]:
        """Hash a staged pass and give it its name."""
        file = f"passes/{name}/{index:04d}{staged.suffix}"
        sha256 = sha256_file(staged)
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
        adopt(staged, self.folder / file)
        return {"file": file, "sha256": sha256}

    def finish(
        self,
        *,
        source: str,
        scene: Mapping[str, str],
        object: str,
        varies: tuple[str, ...],
        constants: Mapping[str, Any] | None = None,
        provenance: Mapping[str, Any] | None = None,
    ) -> Series:
        """Write ``series.json`` and drop the journal.

        Raises:
            SeriesError: the frames do not make a series (the journal is kept).
        """
        series = Series(
            id=self.folder.name,
            source=source,
            scene=scene,
            object=object,
            varies=varies,
            frames=tuple(self.done[index] for index in sorted(self.done)),
            constants=constants or {},
            provenance={**(provenance or {}), "settings": self.settings, "versions": self.versions},
        )
        check_series(series, str(self.folder))
        for stray in (self.folder / "frames").glob("*partial*"):
            stray.unlink()
        write_json(self.folder / SERIES_JSON, series.as_json())
        (self.folder / JOURNAL).unlink()
        return series

    def _open_journal(self) -> None:
        path = self.folder / JOURNAL
        plan = {"settings": self.settings, "versions": self.versions}
        lines = path.read_bytes().split(b"\n") if path.is_file() else []
        begun = self._parse(lines[0]) if lines else None
        if begun is None:
            write_bytes(path, json.dumps(plan, sort_keys=True).encode() + b"\n")
            return
        _refuse_other(self.folder, begun.get("settings"), self.settings, "was begun")
        _refuse_other(self.folder, begun.get("versions"), self.versions, "was begun")
        whole = lines[0] + b"\n"
        for line in lines[1:-1]:
            entry = self._entry(line)
            if entry is None:
                warn(f"{path} has a damaged line; making its frame again")
                continue
            index, frame = entry
            changed = [file for file, sha256 in frame.files().items() if not self._holds(file, sha256)]
            if changed:
                warn(f"{self.folder / changed[0]} changed since it was made; making it again")
                continue
            self.done[index] = frame
            whole += line + b"\n"
        write_bytes(path, whole)

    def _holds(self, file: str, sha256: str) -> bool:
        return (self.folder / file).is_file() and sha256_file(self.folder / file) == sha256

    def _append(self, entry: Mapping[str, Any]) -> None:
        with open(self.folder / JOURNAL, "ab") as stream:
            stream.write(json.dumps(entry, sort_keys=True).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())

    @classmethod
    def _entry(cls, line: bytes) -> tuple[int, Frame] | None:
        """Index and frame of a journal line; None where it is not one that `commit` can have written."""
        entry = cls._parse(line)
        try:
            frame = frame_from_json(entry)
        except ValueError:
            return None
        index = entry.get("index") if entry else None
        if type(index) is not int or index < 0 or frame.file not in (f"frames/{index:04d}.png", f"frames/{index:04d}.jpg"):
            return None
        finite = all(math.isfinite(value) for value in (*frame.values.values(), *frame.measured.values()))
        return (index, frame) if finite else None

    @staticmethod
    def _parse(line: bytes) -> dict[str, Any] | None:
        try:
            entry = json.loads(line.decode("utf-8"))
        except (ValueError, RecursionError):
            return None
        return entry if isinstance(entry, dict) else None


def _plan_of(folder: Path) -> dict[str, Any] | None:
    """The plan that ``folder``'s journal was begun with; None where there is no journal, or no whole first line."""
    try:
        with open(folder / JOURNAL, "rb") as stream:
            return SeriesWriter._parse(stream.readline(JSON_CAP))
    except FileNotFoundError:
        return None


def _refuse_other(folder: Path, found: Any, wanted: Mapping[str, Any], what: str) -> None:
    difference = _first_difference(found if isinstance(found, dict) else {}, wanted)
    if difference is not None:
        key, there, here = difference
        raise SeriesConflict(
            f"{folder} {what} with {key} = {there}, not {here}; choose another --out, or delete that folder to make it again"
        )


def _first_difference(found: Mapping[str, Any], wanted: Mapping[str, Any], prefix: str = "") -> tuple[str, str, str] | None:
    """Dotted key and both values, shortened, of the first setting in which two JSON objects differ."""
    for key in sorted({*found, *wanted}, key=lambda key: (key == "sha256", key)):  # a hash of the rest says least
        one, two = found.get(key), wanted.get(key)
        if isinstance(one, dict) and isinstance(two, dict):
            deeper = _first_difference(one, two, f"{prefix}{key}.")
            if deeper is not None:
                return deeper
        elif one != two:
            return f"{prefix}{key}", _shortened(one), _shortened(two)
    return None


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
