"""A folder of camera files as a planned series: what is read, what is set aside, and what is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture import UNFINISHED
from capture.developing.develop import Recipe, recipe_for
from capture.reading.formats import JPEG_SUFFIXES, RAW_SUFFIXES
from capture.reading.read import read_shot
from capture.reading.shot import Gains, Shot
from capture.sorting.which_varies import decide
from cat_dataset.errors import InputError, SeriesError
from cat_dataset.files import slug

OTHER_PICTURES = frozenset((".heic", ".heif", ".hif", ".tif", ".tiff", ".png", ".webp", ".avif"))


@dataclass(frozen=True)
class Plan:
    """A series to be developed: shots in the order of their labels, and the white balance of each (None for JPEG)."""

    folder: Path
    id: str
    attribute: str
    shots: tuple[Shot, ...]
    values: tuple[float, ...]
    gains: tuple[Gains | None, ...]
    recipe: Recipe
    set_aside: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def middle(self) -> int:
        """Index of the frame that the others are compared with."""
        return len(self.shots) // 2


def series_id(folder: Path) -> str:
    """The id of the series made from ``folder``: its name, made safe."""
    return slug(folder.resolve().name, 72)


def plan_series(folder: Path, *, size: int, full: bool, attribute: str | None) -> Plan:
    """Read the metadata of every camera file in ``folder`` and plan the series.

    Raises:
        InputError: missing, without camera files, or with files that cannot be read (all of them are named).
        SeriesError: fewer than two frames, mixed cameras, sizes or scenes, or no single attribute that varies.
    """
    paths, notes = list_pictures(folder)
    shots = read_shots(folder, paths)
    if len(shots) == 1:
        raise SeriesError(f"{folder} has one frame ({shots[0].path.name}); a series needs at least two to show a change")
    _refuse_mixture(folder, shots, "kind of file", lambda shot: "RAW" if shot.raw else "JPEG")
    _refuse_mixture(folder, shots, "camera", lambda shot: shot.camera or "unknown")
    _refuse_mixture(folder, shots, "size", lambda shot: f"{shot.width}×{shot.height}")
    _refuse_mixture(folder, shots, "scene", lambda shot: shot.scene.get("scene", "none named"))
    shots.sort(key=lambda shot: shot.order)
    notes += [line for shot in shots for line in shot.remarks]
    decision = decide(shots, str(folder), attribute)
    notes += decision.notes
    kept: dict[float, Shot] = {}
    set_aside = []
    for shot, value in zip(shots, decision.values, strict=True):
        if value in kept:
            set_aside.append(shot.path.name)
        else:
            kept[value] = shot
    if set_aside:
        notes.append(
            f"{len(set_aside)} of {len(shots)} pictures repeat a value of {decision.attribute} and are set aside: {_some(set_aside)}"
        )
    values = sorted(kept)
    ordered = [kept[value] for value in values]
    orientations = Counter(shot.orientation for shot in ordered).most_common()
    if len(orientations) > 1:
        notes.append(
            f"pictures are marked as turned differently; all are turned like the most of them (EXIF orientation {orientations[0][0]})"
        )
    gains = [shot.gains for shot in ordered]
    if decision.attribute != "white_balance":
        gains = [gains[len(gains) // 2]] * len(gains)
    if not ordered[0].raw and any(shot.automatic_white_balance for shot in ordered):
        notes.append("JPEGs with automatic white balance: colours may drift between frames; RAW would hold them")
    levels = sorted({shot.saturation for shot in ordered if shot.saturation})
    if len(levels) > 1:
        notes.append(f"the files state saturation levels from {levels[0]} to {levels[-1]}; all frames clip at {levels[0]}")
    return Plan(
        folder=folder, id=series_id(folder), attribute=decision.attribute, shots=tuple(ordered), values=tuple(values), gains=tuple(gains),
        recipe=recipe_for(ordered, gains, size, full, orientations[0][0]), set_aside=tuple(set_aside), notes=tuple(notes),
    )  # fmt: skip


def list_pictures(folder: Path) -> tuple[list[Path], list[str]]:
    """Camera files of ``folder`` by name, and notes on what is left out.

    Raises:
        InputError: no such folder, one that is not finished, names that are no text, or no camera file in it.
    """
    if not _is_text(str(folder)):
        raise InputError(f"the folder {str(folder)!a} has a name that is not valid text; rename it")
    if not folder.is_dir():
        what = "is a file; give the folder that holds the series" if folder.is_file() else "does not exist; check the path"
        raise InputError(f"{folder} {what}")
    if (folder / UNFINISHED).exists():
        raise InputError(f"{folder} was not finished by capture.simulate; run it again")
    files = [
        path
        for path in sorted(folder.iterdir())
        if (path.is_file() or path.is_symlink()) and not path.is_dir() and not path.name.startswith(".")
    ]
    for path in files:
        if not _is_text(path.name):
            raise InputError(f"{folder} holds a file whose name is not valid text ({ascii(path.name)[:80]}); rename it")
    raws = [path for path in files if path.suffix.lower() in RAW_SUFFIXES]
    jpegs = [path for path in files if path.suffix.lower() in JPEG_SUFFIXES]
    unread = [path for path in files if path.suffix.lower() in OTHER_PICTURES]
    others = len(files) - len(raws) - len(jpegs) - len(unread)
    notes = []
    if unread:
        notes.append(f"{len(unread)} pictures that are neither RAW nor JPEG are not read: {_some([path.name for path in unread])}")
    if others:
        notes.append(f"{others} other files are ignored")
    stems = {path.stem.lower() for path in raws}
    twins = [path for path in jpegs if path.stem.lower() in stems]
    if twins:
        notes.append(f"{len(twins)} JPEGs lie beside a RAW file of the same name; the RAW files are used")
        jpegs = [path for path in jpegs if path not in twins]
    if not raws and not jpegs:
        extra = f" ({'; '.join(notes)})" if notes else ""
        inside = any(path.is_dir() and not path.name.startswith(".") for path in folder.iterdir())
        remedy = f"its subfolders may have: give {folder}/*" if inside else "give the folder they lie in"
        raise InputError(f"{folder} has no camera files (RAW or JPEG){extra}; {remedy}")
    return sorted([*raws, *jpegs]), notes


def read_shots(folder: Path, paths: Sequence[Path]) -> list[Shot]:
    """The metadata of every file.

    Raises:
        InputError: some cannot be read; names them all, so that one run is enough to find them.
    """
    shots, refused = [], []
    for path in paths:
        try:
            shots.append(read_shot(path))
        except InputError as error:
            refused.append(str(error))
        except OSError as error:
            refused.append(f"{path} cannot be opened ({error.strerror}); mend the link or its permissions")
    if refused:
        raise refusal(folder, refused, len(paths))
    return shots


def refusal(folder: Path, refused: Sequence[str], total: int) -> InputError:
    """One error for all files of a folder that cannot be used."""
    if len(refused) == 1:
        return InputError(refused[0])
    return InputError(f"{folder}: {len(refused)} of {total} files cannot be used:\n  " + "\n  ".join(refused))


def _refuse_mixture(folder: Path, shots: Sequence[Shot], what: str, key: Callable[[Shot], str]) -> None:
    counts = Counter(key(shot) for shot in shots).most_common()
    if len(counts) < 2:
        return
    usual = counts[0][0]
    odd = [f"{shot.path.name} ({key(shot)})" for shot in shots if key(shot) != usual]
    raise SeriesError(
        f"{folder}: {len(odd)} of {len(shots)} pictures have another {what} than the rest ({usual}): {_some(odd)}; one folder, one series"
    )


def _is_text(name: str) -> bool:
    """Whether a name of the file system is Unicode; Python spells other bytes as lone surrogates."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
