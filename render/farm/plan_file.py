"""Reads a plan: what to render with what, in YAML. See docs/farm.md."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError, UsageError
from render.farm.sweeps import OF_THE_PLAN, Sweep, read_sweep, sound_text

PLAN_CAP = 4 << 20
"""Bytes of the largest plan that is read at all."""
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
    raw = _mapping(_yaml(path), str(path))
    check_keys(raw, KEYS, str(path))
    render = _mapping(raw.get("render") or {}, f"{path}: render")
    common = {key: raw[key] for key in ("views", "seed", "out") if key in raw}
    for key in OF_THE_PLAN:
        if key in render:
            raise UsageError(f"{path}: render.{key} belongs to the plan itself; its keys are {', '.join(KEYS)}")
    given = raw.get("sweeps")
    if not isinstance(given, list) or not given:
        raise UsageError(f"{path}: sweeps must list at least one sweep, like '- {{script: rotate, axis: z}}'")
    sweeps = tuple(
        read_sweep(_mapping(entry, f"{path}: sweeps[{index}]"), {**common, **render}, str(path), f"sweeps[{index}]")
        for index, entry in enumerate(given)
    )
    return Plan(path, _names(raw, "assets", path), _names(raw, "hdris", path), sweeps[0].views, sweeps[0].out, sweeps)


def check_keys(raw: Mapping[Any, Any], known: Iterable[str], where: str) -> None:
    """Refuse keys that are not ``known``.

    Raises:
        UsageError: names the key, and the nearest known one.
    """
    known = list(known)
    for key in raw:
        if key not in known:
            near = get_close_matches(str(key), known, n=1)
            raise UsageError(
                f"{where}: unknown key {key!r}; " + (f"did you mean {near[0]!r}?" if near else f"known keys: {', '.join(known)}")
            )


def _yaml(path: Path) -> Any:
    try:
        import yaml
    except ImportError:
        raise UsageError("plans are YAML, and PyYAML is not installed; pip install pyyaml") from None
    if not path.is_file():
        raise InputError(f"{path} does not exist; give the plan to render")
    if path.stat().st_size > PLAN_CAP:
        raise InputError(f"{path} is larger than a plan can be ({PLAN_CAP} bytes); name folders instead of single files")
    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
        root = loader.get_single_node()
        twice = _named_twice(root)
        if twice is not None:
            raise InputError(f"{path} says {twice.value!r} twice, the second time in line {twice.start_mark.line + 1}; leave one out")
        return loader.construct_document(root) if root is not None else None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())[:300]}") from None


def _named_twice(root: Any) -> Any:
    """The YAML node of a key that its mapping has already, of which PyYAML would keep the last in silence; None if none has."""
    waiting, seen = [root], set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen or not isinstance(getattr(node, "value", None), list):
            continue
        seen.add(id(node))
        keys: set[str] = set()
        for child in node.value:
            if not isinstance(child, tuple):
                waiting.append(child)
                continue
            key, value = child
            if isinstance(key.value, str):
                if key.value in keys:
                    return key
                keys.add(key.value)
            waiting.append(value)
    return None


def _mapping(raw: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, dict):
        raise UsageError(f"{where} must hold keys and values, like 'seed: 1'")
    return raw


def _names(raw: Mapping[str, Any], key: str, path: Path) -> tuple[str, ...]:
    given = raw.get(key)
    names = [given] if isinstance(given, str) else given
    if not isinstance(names, list) or not names or not all(isinstance(name, str) and name.strip() for name in names):
        raise UsageError(f"{path}: {key} must name files, folders or builtin:NAME, as one text or a list of them")
    return tuple(sound_text(name, f"{path}: {key}") for name in names)
