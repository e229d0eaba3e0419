"""What ``cat-ingest`` does with the folders it is given: ingest, explain, develop from one picture, verify."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from capture.developing.choose import developed, recipe_for
from capture.developing.recipe import Recipe
from capture.developing.steps import values_of
from capture.options import Options
from capture.reading.complete import complete
from capture.reading.formats import kind_of
from capture.reading.shot import Gains, Shot
from capture.sandbox import Sandbox
from capture.sorting.explain import explain
from capture.sorting.listing import list_files
from capture.sorting.plan import FolderPlan, Plan, series_id
from capture.writing.developed import Development, write_developed
from capture.writing.intake import Intake, planned, read_files, read_folder, refusal
from capture.writing.record import Look
from capture.writing.series import write_series
from capture.writing.verify import verify
from capture.writing.whereabouts import recall, remember
from cat_dataset.command import harmless, note, warn
from cat_dataset.errors import CatError, InputError, SeriesError, UsageError
from cat_dataset.progress import Progress

NOTES = 12
"""Notes that are printed of one folder."""


def check_folders(folders: Sequence[Path]) -> list[Path]:
    """``folders`` without those given twice.

    Raises:
        UsageError: two of them would make series of the same name.
    """
    unique: dict[Path, Path] = {}
    for folder in folders:
        if folder.resolve() in unique:
            warn(f"{folder} is given twice; it is read once")
        unique.setdefault(folder.resolve(), folder)
    names: dict[str, Path] = {}
    for folder in unique.values():
        other = names.setdefault(series_id(folder), folder)
        if other is not folder:
            raise UsageError(
                f"{other} and {folder} would both become series {series_id(folder)!r}; rename one, or use another --out for it"
            )
    return list(unique.values())


def ingest_folders(folders: Sequence[Path], options: Options, out: Path, sandbox: Sandbox) -> None:
    """Make the series that ``folders`` hold.

    Raises:
        InputError: something could not be used; every such file and group is named. Whatever could be made is made.
    """
    tally = Tally()
    plans: list[tuple[Plan, Recipe, Sequence[Gains | None], Look]] = []
    for folder in folders:
        with tally.keeping():
            intake = read_folder(folder, sandbox)
            found = planned(intake, sandbox, options.attribute)
            _tell(folder, intake, found)
            tally.refuse(intake.refused)
            if not found.plans:
                raise _no_series(found)
            tally.refuse([str(one) for one in found.refused])
            plans += [(plan, *recipe_for(plan.shots, plan.attribute, **_pixels(options)), _look(intake, options)) for plan in found.plans]
    progress = Progress("developing", sum(len(plan.shots) for plan, *_ in plans))
    for plan, recipe, gains, look in plans:
        with tally.keeping():
            written = write_series(plan, recipe, gains, look, out, sandbox, progress)
            remember(out / plan.id, plan.folder)
            tally.lines.append(written.line)
            tally.refuse(written.refused)
    if plans:
        progress.close()
    tally.close()


def explain_folders(folders: Sequence[Path], options: Options, sandbox: Sandbox) -> None:
    """Print what each folder holds and what would be made of it.

    Raises:
        InputError: there is something that could not be used.
    """
    tally = Tally()
    for folder in folders:
        with tally.keeping():
            intake = read_folder(folder, sandbox)
            found = planned(intake, sandbox, options.attribute)
            tally.lines += explain(found, (*intake.listing.notes, *intake.notes), intake.refused)
            tally.spoilt += len(intake.refused) + len(found.refused)
    tally.close()


def develop_files(given: Sequence[Path], changes: Mapping[str, str], options: Options, out: Path, sandbox: Sandbox) -> None:
    """Make a series of exact changes from every picture in ``given`` (files, and folders of files), for each of ``changes``.

    Raises:
        InputError: something could not be used; whatever could be made is made.
    """
    tally = Tally()
    ones: list[Development] = []
    for path in given:
        with tally.keeping():
            for shot in _pictures(path, sandbox, tally):
                for attribute, text in changes.items():
                    with tally.keeping():
                        values = values_of(attribute, text, shot)
                        recipe, frames = developed(shot, attribute, values, **_pixels(options))
                        ones.append(Development(shot, attribute, values, recipe, tuple(frames)))
    _refuse_namesakes(ones)
    progress = Progress("developing", sum(len(one.values) for one in ones))
    for one in ones:
        with tally.keeping():
            look = Look(options.object_name or "scene", options.scene)
            tally.lines.append(write_developed(one, look, out, sandbox, progress))
            remember(out / one.id, one.shot.path.parent)
    if ones:
        progress.close()
    tally.close()


def verify_series(folders: Sequence[Path], given: Sequence[Path], sandbox: Sandbox) -> None:
    """Make the series in ``folders`` again, from the camera files in ``given`` or where they lay, and compare bits.

    Raises:
        InputError: bits differ, or a source is gone.
    """
    tally = Tally()
    for folder in folders:
        with tally.keeping():
            found = verify(folder, given[0] if given else recall(folder), sandbox)
            if found.faults:
                raise InputError("\n  ".join(found.faults))
            tally.lines.append(f"{folder}: {found.frames} frames made again, every bit the same")
    tally.close()


class Tally:
    """Lines for the user, and everything that could not be used, named as it turns up and counted at the end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.failed: list[CatError] = []
        self.spoilt = 0

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Context in which an error of one folder is kept for the end instead of stopping the others."""
        try:
            yield
        except UsageError:
            raise
        except CatError as error:
            self.failed.append(error)

    def refuse(self, reasons: Sequence[str]) -> None:
        """Name files that are left out because they cannot be used."""
        for reason in reasons:
            warn(f"left out: {reason}")
        self.spoilt += len(reasons)

    def close(self) -> None:
        """Print the lines; raise what was kept.

        Raises:
            CatError: something could not be used.
        """
        for line in self.lines:
            print(harmless(line))
        if len(self.failed) == 1 and not self.lines and not self.spoilt:
            raise self.failed[0]
        for error in self.failed:
            print(f"error: {harmless(str(error))}", file=sys.stderr)
        one = "1 file or group was left out"
        spoilt = one if self.spoilt == 1 else f"{self.spoilt} files or groups were left out"
        left = [spoilt if self.spoilt else "", f"{len(self.failed)} failed" if self.failed else ""]
        if self.failed or self.spoilt:
            raise InputError(f"{' and '.join(part for part in left if part)} (named above); everything else is done")


def _pixels(options: Options) -> dict[str, Any]:
    """What the options say about pixels, as the developing room takes it."""
    square = options.shape == "square"
    return {"size": options.size, "square": square, "full": options.full, "bits": options.bits, "curve": options.curve}


def _no_series(found: FolderPlan) -> SeriesError:
    """Why a folder gives no series at all."""
    reasons = [str(one) for one in found.refused] or [f"{found.folder}: {left.shot.path.name} {left.reason}" for left in found.strays]
    if len(reasons) == 1:
        return SeriesError(reasons[0])
    return SeriesError(f"{found.folder}: no series could be made:\n  " + "\n  ".join(reasons))


def _look(intake: Intake, options: Options) -> Look:
    side_car = intake.side_car
    return Look(
        options.object_name or (side_car.object if side_car else None) or "scene",
        options.scene or (side_car.scene if side_car else None),
        side_car.hdri if side_car else None,
    )


def _tell(folder: Path, intake: Intake, found: FolderPlan) -> None:
    notes = [*intake.listing.notes, *found.notes, *(line for plan in found.plans for line in plan.notes)]
    notes = list(dict.fromkeys(notes))
    strays = [f"{left.shot.path.name} {left.reason}" for left in found.strays]
    for tell, lines in ((note, notes), (warn, strays)):
        for line in lines[:NOTES]:
            tell(f"{folder}: {line}")
        if len(lines) > NOTES:
            tell(f"{folder}: and {len(lines) - NOTES} more; cat-ingest --explain {folder} shows all")


def _pictures(path: Path, sandbox: Sandbox, tally: Tally) -> list[Shot]:
    """The shots of a file, or of every file in a folder."""
    if path.is_dir():
        files = list_files(path).files
    elif kind_of(path) is None:
        raise InputError(
            f"{path} is no camera file or linear picture (.exr, .hdr); give one"
            if path.exists()
            else f"{path} does not exist; check the path"
        )
    else:
        files = (path,)
    shots, refused = read_files(files, sandbox)
    if not shots:
        raise refusal(path, refused, len(files))
    tally.refuse(refused)
    return complete(shots)


def _refuse_namesakes(ones: Sequence[Development]) -> None:
    names: dict[str, Path] = {}
    for one in ones:
        other = names.setdefault(one.id, one.shot.path)
        if other != one.shot.path:
            raise UsageError(f"{other} and {one.shot.path} would both become series {one.id!r}; rename one, or use another --out for it")
