"""The files of a folder as shots: read by workers, completed by the other readers; what cannot be read is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.reading.complete import complete
from capture.reading.preview import Grey, preview
from capture.reading.read import read_shot
from capture.reading.shot import Shot
from capture.reading.sidecar import SideCar, read_side_car
from capture.sandbox import Call, Sandbox
from capture.sorting.listing import Listing, list_files
from capture.sorting.plan import FolderPlan, plan_folder
from cat_dataset.errors import InputError
from cat_dataset.progress import Progress

_QUIET = 64
"""Files up to which reading shows no progress of its own."""


@dataclass(frozen=True)
class Intake:
    """What a folder holds: its readable shots, a line for every file that cannot be read, and its side-car."""

    folder: Path
    listing: Listing
    shots: tuple[Shot, ...]
    refused: tuple[str, ...]
    side_car: SideCar | None
    notes: tuple[str, ...] = ()
    """What a user who asks should know of the reading: other than `refused`, nothing is wrong."""


def read_folder(folder: Path, sandbox: Sandbox) -> Intake:
    """Read the metadata of every camera file in ``folder``.

    Raises:
        InputError: no such folder, no camera file in it, none that can be read, or an unreadable scene.yaml.
    """
    listing = list_files(folder)
    side_car = read_side_car(folder)
    left_out = set(side_car.leave_out) if side_car is not None else set()
    files = [path for path in listing.files if path.name not in left_out]
    shots, refused = read_files(files, sandbox)
    if not shots:
        raise refusal(folder, refused, len(files)) if refused else InputError(f"{folder}: its scene.yaml leaves out every picture")
    notes: list[str] = []
    shots = complete(shots, notes)
    if side_car is not None:
        shots = side_car.apply(shots)
    return Intake(folder, listing, tuple(shots), tuple(refused), side_car, tuple(notes))


def read_files(paths: tuple[Path, ...] | list[Path], sandbox: Sandbox) -> tuple[list[Shot], list[str]]:
    """Shots in the order of ``paths``, and a line for each file that cannot be read."""
    progress = Progress("reading", len(paths), "files")
    found: dict[int, Shot | InputError] = {}
    for index, value in sandbox.run([Call(read_shot, (path,), str(path)) for path in paths]):
        found[index] = value
        progress.advance()
    if len(paths) > _QUIET:
        progress.close()
    ordered = [found[index] for index in range(len(paths))]
    return [one for one in ordered if isinstance(one, Shot)], [str(one) for one in ordered if isinstance(one, InputError)]


def planned(intake: Intake, sandbox: Sandbox, attribute: str | None) -> FolderPlan:
    """The series that ``intake`` holds; previews are looked at only where metadata do not settle it."""

    previews = _Previews(sandbox)
    return plan_folder(
        intake.shots, folder=intake.folder, attribute=attribute, side_car=intake.side_car, preview=previews.of, foresee=previews.foresee
    )


class _Previews:
    """Small pictures of shots, each made once, those that are foreseen together."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.made: dict[Path, Grey | None] = {}

    def foresee(self, shots: Sequence[Shot]) -> None:
        left = [shot for shot in shots if shot.path not in self.made]
        for index, value in self.sandbox.run([Call(preview, (shot,), str(shot.path)) for shot in left]):
            self.made[left[index].path] = None if isinstance(value, InputError) else value

    def of(self, shot: Shot) -> Grey | None:
        self.foresee([shot])
        return self.made[shot.path]


def refusal(folder: Path, refused: list[str] | tuple[str, ...], total: int) -> InputError:
    """One error for all files of a folder that cannot be used."""
    if len(refused) == 1:
        return InputError(refused[0])
    return InputError(f"{folder}: {len(refused)} of {total} files cannot be used:\n  " + "\n  ".join(refused))
