"""Reads a plan: what to render with what, in YAML. See docs/farm.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cat_dataset.errors import UsageError
from render.farm.sweeps import OF_THE_PLAN, Sweep, read_sweeps
from render.plan_yaml import check_keys, mapping, read_yaml, sound_text

KEYS = ("assets", "hdris", "views", "seed", "out", "render", "sweeps")


@dataclass(frozen=True)
class Plan:
    """A plan that was read and checked, but for the assets and skies themselves."""

    path: Path
    assets: tuple[str, ...]
    hdris: tuple[str, ...]
    views: int
    out: Path
    sweeps: tuple[Sweep, ...]


def read_plan(path: Path) -> Plan:
    """The plan in ``path``.

    Raises:
        InputError: missing, too large, or not YAML. UsageError: a key or a value says something impossible; names it.
    """
    raw = mapping(read_yaml(path, "name folders instead of single files"), str(path))
    check_keys(raw, KEYS, str(path))
    render = mapping(raw.get("render") or {}, f"{path}: render")
    common = {key: raw[key] for key in ("views", "seed", "out") if key in raw}
    for key in OF_THE_PLAN:
        if key in render:
            raise UsageError(f"{path}: render.{key} belongs to the plan itself; its keys are {', '.join(KEYS)}")
    given = raw.get("sweeps")
    if not isinstance(given, list) or not given:
        raise UsageError(f"{path}: sweeps must list at least one sweep, like '- {{script: rotate, axis: z}}'")
    sweeps = tuple(
        sweep
        for index, entry in enumerate(given)
        for sweep in read_sweeps(mapping(entry, f"{path}: sweeps[{index}]"), {**common, **render}, str(path), f"sweeps[{index}]")
    )
    return Plan(path, _names(raw, "assets", path), _names(raw, "hdris", path), sweeps[0].views, sweeps[0].out, sweeps)


def _names(raw: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    given = raw.get(key)
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise UsageError(f"{path}: {key} must name files, folders or builtin:NAME, as one text or a list of them")
    return tuple(sound_text(name, f"{path}: {key}") for name in names)
