"""One sweep of a plan: its keys are the flags of its script, checked by that script's own parser."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from cat_dataset.errors import UsageError
from render.blender.sources import Source
from render.blender.worker import SCRIPTS, sweep_module
from render.plan_yaml import shown, sound_text

OF_THE_SCRIPT = ("help", "debug", "characters", "people-dir")
"""Flags that no plan has; its characters are among its assets."""
OF_THE_PLAN = ("asset", "hdri", "first-view", "views", "seed", "out")
"""Flags that a sweep cannot set: they are the plan's, or each job's own."""


@dataclass(frozen=True)
class Sweep:
    """A script and its flags, ``arguments``, but for asset, sky and view.

    ``key`` is where the plan says it (``sweeps[2]``); ``name`` the first part of its series' ids; ``frames`` how many each has.
    ``kinds`` are the suffixes of the assets that it takes, where not all; with ``one_sky`` each of them has one sky, drawn by ``seed``.
    """

    key: str
    script: str
    name: str
    arguments: tuple[str, ...]
    frames: int
    views: int
    size: int
    out: Path
    threads: int | None
    seed: int = 0
    kinds: tuple[str, ...] = ()
    one_sky: bool = False

    def takes(self, asset: Source) -> bool:
        """Whether it can render ``asset``."""
        return not self.kinds or (asset.path is not None and asset.path.suffix.lower() in self.kinds)


def read_sweeps(raw: Mapping[str, Any], shared: Mapping[str, Any], plan: str, key: str) -> list[Sweep]:
    """The sweeps that the plan's entry ``raw`` stands for: one, or one for each attribute of a group that it names.

    Raises:
        UsageError: as `read_sweep`.
    """
    script = raw.get("script")
    parted = getattr(sweep_module(script), "parted", None) if script in SCRIPTS else None
    entries = parted(raw) if parted else [raw]
    if len(entries) == 1:
        return [read_sweep(raw, shared, plan, key)]
    return [read_sweep(entry, shared, plan, f"{key}/{shown(entry['vary'])}") for entry in entries]


def read_sweep(raw: Mapping[str, Any], shared: Mapping[str, Any], plan: str, key: str) -> Sweep:
    """The sweep that the plan's entry ``raw`` describes; ``shared`` are settings common to all, which it may override.

    Raises:
        UsageError: an unknown script or key, or what the script's parser refuses; names the plan's key.
    """
    script = raw.get("script")
    if script not in SCRIPTS:
        near = get_close_matches(shown(script), SCRIPTS, n=1)
        what = "names no script" if script is None else f"names no script of ours: {shown(script)!r}"
        raise UsageError(f"{plan}: {key} {what}; " + (f"did you mean {near[0]!r}?" if near else f"script is one of {', '.join(SCRIPTS)}"))
    module = sweep_module(script)
    parser = module.parser()
    arguments: list[str] = []
    for name, value in {**shared, **{name: value for name, value in raw.items() if name != "script"}}.items():
        ours = f"{key}.{name}" if name in raw else name if name in OF_THE_PLAN else f"render.{name}"
        if name in raw and name in OF_THE_PLAN:
            raise UsageError(f"{plan}: {ours} cannot be set for one sweep; it belongs to the plan")
        arguments += _flag(parser, name, value, f"{plan}: {ours}")
    try:
        flags = parser.parse_args(arguments)
        sweep = module.sweep_of(flags)
    except UsageError as error:
        raise UsageError(f"{plan}: {_with_key(str(error), key, raw)}") from None
    return Sweep(
        key=key, script=script, name=sweep.name, arguments=tuple(arguments), frames=len(sweep.states),
        views=flags.views, size=flags.size, out=flags.out, threads=flags.threads,
        seed=flags.seed, kinds=flags.asset_kinds or (), one_sky=flags.one_sky,
    )  # fmt: skip


def _flag(parser: argparse.ArgumentParser, name: Any, value: Any, where: str) -> list[str]:
    """One key and its value as arguments: lists are several values, lists of lists the flag several times."""
    actions = {action.option_strings[-1].removeprefix("--"): action for action in parser._actions if action.option_strings}
    for hidden in OF_THE_SCRIPT:
        actions.pop(hidden, None)
    if name not in actions:
        known = [one for one in actions if one not in OF_THE_PLAN]
        near = get_close_matches(str(name).replace("_", "-"), known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the keys are {', '.join(known)}"
        raise UsageError(f"{where}: {parser.prog} has no flag --{name}; {hint}")
    if actions[name].nargs == 0:
        if not isinstance(value, bool):
            raise UsageError(f"{where} must be true or false, not {shown(value)}")
        return [f"--{name}"] if value else []
    if isinstance(value, list) and value and all(isinstance(part, list) for part in value):
        return [argument for part in value for argument in (f"--{name}", *(_word(one, where) for one in part))]
    if isinstance(value, list):
        return [f"--{name}", *(_word(part, where) for part in value)]
    return [f"--{name}={_text(value, where)}"]


def _word(value: Any, where: str) -> str:
    """One of several values: argparse would take a text with a dash for a flag of its own."""
    text = _text(value, where)
    if re.match(r"-[^0-9.]", text):
        raise UsageError(f"{where}: {text[:80]!r} begins with a dash; flags are keys of their own")
    return text


def _text(value: Any, where: str) -> str:
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")  # argparse takes -1e-05 for a flag
    if isinstance(value, str):
        return sound_text(value, where)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise UsageError(f"{where} must be a number, a text or a list of them, not {shown(value)!r}")


def _with_key(message: str, key: str, raw: Mapping[str, Any]) -> str:
    """The parser's complaint, with the plan's key instead of the flag's name where it says one."""
    message = message.removesuffix("; --help lists the flags")
    found = re.match(r"(?:argument )?--([a-z][a-z0-9-]*):? ", message)
    if found is None:
        return f"{key}: {message}"
    name = found[1]
    where = f"{key}.{name}" if name in raw else name if name in OF_THE_PLAN else f"render.{name}"
    return f"{where}: {message[found.end() :] if ': ' in found[0] else message}"
