"""A folder of shots as planned series: what each is made of, what is set aside, and what is refused and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.reading.formats import Kind
from capture.reading.shot import Shot
from capture.sorting.groups import Group, split
from capture.sorting.same_view import Preview
from capture.sorting.settings import ATTRIBUTES, some
from capture.sorting.which_varies import Decision, LeftOut, decide
from cat_dataset.errors import SeriesError, UsageError
from cat_dataset.files import slug

LONGEST_ID = 72


@dataclass(frozen=True)
class Plan:
    """A series to be developed: shots in the order of their labels.

    ``scene`` names the place: series of one folder that share it must share their scene keys. ``set_aside`` holds the name of
    each shot of the group that is not in the series, and the reason. ``stand_ins`` are those among them that repeat a value,
    in the order of capture: where the proof refuses the shot that was taken first, the next may be true.
    """

    folder: Path
    id: str
    attribute: str
    shots: tuple[Shot, ...]
    values: tuple[float, ...]
    scene: str
    kinds: tuple[Kind, ...]
    set_aside: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    stand_ins: tuple[tuple[float, Shot], ...] = ()

    @property
    def middle(self) -> int:
        """Index of the frame that the others are compared with."""
        return len(self.shots) // 2


@dataclass(frozen=True)
class Refused:
    """A group of shots that makes no series, and why in one line without the folder's name."""

    folder: Path
    shots: tuple[Shot, ...]
    reason: str

    def __str__(self) -> str:
        """One line that names the folder, the shots and the reason."""
        return f"{self.folder}: {some([shot.path.name for shot in self.shots], 3)}: {self.reason}"


@dataclass(frozen=True)
class FolderPlan:
    """What becomes of a folder: every shot is in a plan (used or set aside), in a refused group, or a stray."""

    folder: Path
    plans: tuple[Plan, ...]
    refused: tuple[Refused, ...] = ()
    strays: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    previews: int = 0


def series_id(folder: Path) -> str:
    """The id of the series made from ``folder`` when it holds one: its name, made safe."""
    return slug(folder.resolve().name, LONGEST_ID)


def plan_folder(
    shots: Sequence[Shot],
    *,
    folder: Path,
    preview: Preview,
    attribute: str | None = None,
    side_car: object | None = None,
    foresee: Callable[[Sequence[Shot]], object] | None = None,
) -> FolderPlan:
    """Sort ``shots`` into series, each with the attribute that varies and the label of every shot.

    ``attribute`` overrules what the settings say in every group. A side-car with an ``attribute`` does so too.
    ``foresee`` is told of shots whose previews will be asked for next, so that they can be made together.

    Raises:
        UsageError: ``attribute`` is none of a camera series.
    """
    beside = getattr(side_car, "attribute", None)
    forced = attribute if attribute is not None else beside
    if forced is not None and forced not in ATTRIBUTES:
        said = f"--attribute {forced!r}" if attribute is not None else f"{folder}: the side-car's kind {forced!r}"
        raise UsageError(f"{said} is none of {', '.join(ATTRIBUTES)}")
    found = split(shots, preview, forced, foresee)
    decided: list[tuple[Group, Decision]] = []
    refused: list[Refused] = []
    for group in found.groups:
        try:
            decided.append((group, decide(group.shots, "", forced)))
        except SeriesError as error:
            refused.append(Refused(folder, group.shots, str(error).removeprefix(": ")))
    strays = found.strays
    if not found.groups and strays:
        refused, strays = [Refused(folder, tuple(left.shot for left in strays), _no_group(strays))], ()
    names = _names(folder, decided)
    places = _places(folder, found.groups)
    plans = [_plan(folder, name, places[group.scene], decision) for name, (group, decision) in zip(names, decided, strict=True)]
    return FolderPlan(folder, tuple(plans), tuple(refused), strays, found.notes, found.previews)


def _no_group(strays: Sequence[LeftOut]) -> str:
    if len(strays) == 1:
        return "one picture; a series needs at least two to show a change"
    return f"no two pictures belong together: {some([f'{left.shot.path.name} {left.reason}' for left in strays], 3)}"


def _plan(folder: Path, name: str, place: str, decision: Decision) -> Plan:
    taken: dict[tuple[float | None, ...], Shot] = {}
    kept: dict[float, Shot] = {}
    aside = [(left.shot.path.name, left.reason) for left in decision.left_out]
    repeated: list[tuple[float, Shot]] = []
    for shot, value, setting in zip(decision.shots, decision.values, decision.settings, strict=True):
        first = taken.setdefault(setting, kept.get(value, shot))
        if first is shot:
            kept[value] = shot
        else:
            aside.append((shot.path.name, f"repeats the {decision.attribute} of {first.path.name}, which was taken first"))
            repeated.append((value, shot))
    values = sorted(kept)
    ordered = [kept[value] for value in values]
    notes = list(decision.notes)
    if repeated:
        total, names = len(decision.shots), some([shot.path.name for _, shot in repeated])
        notes.append(f"{len(repeated)} of {total} pictures repeat a value of {decision.attribute} and are set aside: {names}")
    notes += [f"{left.shot.path.name} {left.reason}" for left in decision.left_out]
    notes += [line for shot in ordered for line in shot.remarks]
    orientations = Counter(shot.orientation for shot in ordered).most_common()
    if len(orientations) > 1:
        notes.append(
            f"pictures are marked as turned differently; all are turned like the most of them (EXIF orientation {orientations[0][0]})"
        )
    if not ordered[0].raw and any(shot.automatic_white_balance for shot in ordered):
        notes.append(f"{ordered[0].kind}s with automatic white balance: colours may drift between frames; RAW would hold them")
    levels = sorted({shot.saturation for shot in ordered if shot.saturation})
    if len(levels) > 1:
        notes.append(f"the files state saturation levels from {levels[0]} to {levels[-1]}; all frames clip at {levels[0]}")
    return Plan(
        folder=folder, id=name, attribute=decision.attribute, shots=tuple(ordered), values=tuple(values), scene=place,
        kinds=tuple(shot.kind for shot in ordered), set_aside=tuple(aside), notes=tuple(notes),
        stand_ins=tuple((value, shot) for value, shot in repeated if value in kept),
    )  # fmt: skip


def _names(folder: Path, decided: Sequence[tuple[Group, Decision]]) -> list[str]:
    """Ids: the folder's name for one series, else ``folder-attribute-firstframe``, unique."""
    if len(decided) == 1:
        return [series_id(folder)]
    names: list[str] = []
    for group, decision in decided:
        tail = f"-{decision.attribute}-{slug(group.shots[0].path.stem, 20)}"
        name = slug(folder.resolve().name, LONGEST_ID - 4 - len(tail)) + tail
        count = 2
        unique = name
        while unique in names:
            unique, count = f"{name}-{count}", count + 1
        names.append(unique)
    return names


def _places(folder: Path, groups: Sequence[Group]) -> list[str]:
    """A name for each scene number: that in the files, the folder's for the only one, else with the stem of its first shot."""
    first: dict[int, Shot] = {}
    for group in groups:
        first.setdefault(group.scene, group.shots[0])
    places = []
    for number in range(len(first)):
        shot = first[number]
        own = series_id(folder) if len(first) == 1 else f"{slug(folder.resolve().name, 50)}_{slug(shot.path.stem, 20)}"
        places.append(shot.scene.get("scene") or own)
    return places
