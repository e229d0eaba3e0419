"""Compares what a live editor has with what the table of expressions and poses needs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from cat_dataset.people import DIALS, METAHUMAN_BODY_CONTROLS

SLACK = 1e-5
"""As inside the editor: limits are kept in single precision there."""
TURNABLE = ("euler_transform", "rotator")


@dataclass(frozen=True)
class Control:
    """A control of the table as the rig has it, in a line, and what is wrong with it ("" if nothing is)."""

    name: str
    line: str
    problem: str


def face_controls(controls: Mapping[str, Any]) -> Iterator[Control]:
    """Every control of the face board that the table names: there, of the right type, and with room for both targets."""
    wanted: dict[str, list[tuple[str, float]]] = {}
    for dial in DIALS:
        for target in (dial.positive, *([dial.negative] if dial.negative else [])):
            for name, value in target.controls.items():
                wanted.setdefault(name, []).append((dial.name, value))
    for name in sorted(wanted):
        base, _, axis = name.partition(".")
        users = ", ".join(sorted({dial for dial, _ in wanted[name]}))
        if base not in controls:
            yield Control(name, f"{name}: absent ({users})", f"the face rig has no control {base}{_near(base, controls)}; {users} need it")
            continue
        found = controls[base]
        kind, index = found.get("type"), 1 if axis == "y" else 0
        low, high = _limit(found, "low", index), _limit(found, "high", index)
        problem = ""
        if kind != ("vector2d" if axis else "float"):
            problem = f"{name} is of type {kind}, not {'vector2d' if axis else 'float'}; {users} cannot drive it"
        for user, value in wanted[name]:
            if (low is not None and value < low - SLACK) or (high is not None and value > high + SLACK):
                problem = problem or f"{name} goes from {_shown(low)} to {_shown(high)}, and {user} needs {value:g}"
        yield Control(name, f"{name}: {kind}, {_shown(low)} to {_shown(high)} ({users})", problem)


def body_controls(controls: Mapping[str, Any]) -> Iterator[Control]:
    """Every joint of the table: at least one of its controls is there, and those that are can be turned."""
    for joint, names in METAHUMAN_BODY_CONTROLS.items():
        there = [name for name in names if name in controls]
        stiff = [name for name in there if controls[name].get("type") not in TURNABLE]
        lacking = [name for name in names if name not in controls]
        problem = ""
        if not there:
            problem = f"the body rig has none of {', '.join(names)} of the joint {joint}{_near(names[0], controls)}"
        elif stiff:
            problem = f"{stiff[0]} of the joint {joint} is of type {controls[stiff[0]].get('type')}, which cannot be turned"
        said = ", ".join(there) or "nothing"
        yield Control(joint, f"{joint}: {said}" + (f" (without {', '.join(lacking)})" if lacking and there else ""), problem)


def _near(name: str, controls: Mapping[str, Any]) -> str:
    near = get_close_matches(name, controls, n=2, cutoff=0.4)
    return f" (the nearest: {', '.join(near)})" if near else ""


def _limit(control: Mapping[str, Any], side: str, index: int) -> float | None:
    values = control.get(side)
    value = values[index] if isinstance(values, list) and index < len(values) else None
    return float(value) if isinstance(value, int | float) and abs(value) <= sys.float_info.max else None


def _shown(limit: float | None) -> str:
    return "no limit" if limit is None else f"{limit:g}"
