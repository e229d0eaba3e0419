"""The lines of ``cat-ingest --explain``: what a folder holds, what would be made of it, and what spoils the rest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from capture.reading.shot import Shot
from capture.sorting.plan import FolderPlan, Plan, Refused
from capture.sorting.settings import Setting, settings_of, some
from cat_dataset.attributes import ATTRIBUTES

ROWS = 40
"""Rows of a table of frames; of longer ones the middle is left out."""


def explain(plan: FolderPlan, notes: Sequence[str] = (), unreadable: Sequence[str] = ()) -> list[str]:
    """What ``plan`` says, for a photographer. ``notes`` are those of the listing, ``unreadable`` a line for each unreadable file."""
    used = sum(len(one.shots) for one in plan.plans)
    aside = sum(len(one.set_aside) for one in plan.plans)
    refused = sum(len(group.shots) for group in plan.refused)
    total = used + aside + refused + len(plan.strays) + len(unreadable)
    lines = [f"{plan.folder}: {_count(total, 'picture')}, {_count(len(plan.plans), 'series', 'series')} of {_count(used, 'picture')}"]
    lines += [f"  note: {line}" for line in (*notes, *plan.notes)]
    for number, one in enumerate(plan.plans, 1):
        lines += ["", f"Series {number} of {len(plan.plans)}: {one.id}", *_series(one)]
    for group in plan.refused:
        lines += ["", f"No series: {_named(group.shots)}", *_group(group)]
    if plan.strays:
        lines += ["", f"In no series: {_count(len(plan.strays), 'picture')}"]
        lines += [f"  {left.shot.path.name} {left.reason}" for left in plan.strays]
    if unreadable:
        lines += ["", f"Cannot be read: {_count(len(unreadable), 'file')}"]
        lines += [f"  {reason}" for reason in unreadable]
    return lines


def _series(plan: Plan) -> list[str]:
    attribute = ATTRIBUTES[plan.attribute]
    low, high = attribute.spell(plan.values[0]), attribute.spell(plan.values[-1])
    lines = [*_body(plan.shots), f"  varies: {attribute.noun}, {len(plan.shots)} frames from {low} to {high}"]
    lines += _table(plan.shots, [(attribute.noun, [attribute.spell(value) for value in plan.values])])
    lines += [f"  set aside: {name} {reason}" for name, reason in plan.set_aside]
    told = {f"{name} {reason}" for name, reason in plan.set_aside}
    return lines + [f"  note: {line}" for line in plan.notes if line not in told]


def _group(group: Refused) -> list[str]:
    return [*_body(group.shots), f"  why: {group.reason}", *_table(group.shots, [])]


def _body(shots: Sequence[Shot]) -> list[str]:
    first = shots[0]
    made = [first.camera or "unknown camera", first.lens or "lens not named", f"{first.width}×{first.height} {first.kind}"]
    times = sorted(shot.seconds for shot in shots if shot.seconds is not None)
    when = f"{_moment(times[0])} to {_moment(times[-1])}" if times else "time not stated"
    held = [setting.tell(first) for setting in settings_of(shots)[:6] if setting.read(first) is not None and not _changes(setting, shots)]
    return [f"  {', '.join(made)}", f"  taken {when}", *([f"  the same in all: {', '.join(held)}"] if held else [])]


def _changes(setting: Setting, shots: Sequence[Shot]) -> bool:
    return len({setting.tell(shot) for shot in shots}) > 1


def _table(shots: Sequence[Shot], labels: Sequence[tuple[str, Sequence[str]]]) -> list[str]:
    """A row for each shot: its name, time and every setting that is not the same in all, then the labels."""
    columns = [("file", [shot.path.name for shot in shots])]
    if len({shot.seconds for shot in shots}) > 1:
        columns.append(("time", ["?" if shot.seconds is None else _moment(shot.seconds)[11:] for shot in shots]))
    for setting in settings_of(shots):
        if _changes(setting, shots):
            columns.append((setting.noun, [setting.tell(shot) for shot in shots]))
    columns += [(f"label: {name}", list(cells)) for name, cells in labels if list(cells) not in [shown for _, shown in columns]]
    widths = [max(len(title), *(len(cell) for cell in cells)) for title, cells in columns]
    rows = [[title for title, _ in columns], *([cells[index] for _, cells in columns] for index in range(len(shots)))]
    lines = ["    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if len(lines) > ROWS + 1:
        half = ROWS // 2
        lines = [*lines[: half + 1], f"    … {len(shots) - 2 * half} more …", *lines[-half:]]
    return lines


def _moment(seconds: float) -> str:
    """The camera's own clock time."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return "a date that cannot be"


def _named(shots: Sequence[Shot]) -> str:
    names = [shot.path.name for shot in shots]
    return f"{_count(len(names), 'picture')} ({some(names, 3)})"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
