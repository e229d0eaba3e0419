"""The trainer's configuration: typed dataclasses, a YAML file over their defaults, flags over the file."""

from __future__ import annotations

import argparse
import dataclasses
import math
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from cat_dataset.errors import UsageError
from train.adapter.options import AdapterOptions
from train.bases.options import BaseOptions
from train.config_file import read_config_file
from train.data.options import DataOptions
from train.objective.options import ObjectiveOptions
from train.optimising.memory_options import MemoryOptions
from train.optimising.options import OptimisingOptions
from train.presets import preset
from train.running.options import RunningOptions

_LARGEST = 1 << 40
_MOST = {"seed": 2**63 - 1, "threads": 1024, "batch": 65536, "size": 4096, "rank": 4096, "validate_pairs": 10_000}
"""Upper limits: beyond them is a slip of the keyboard, not a run."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TrainConfig:
    """Every knob of a run. Field names are the YAML keys and, with dashes, the flags; those of the groups stand beside them."""

    preset: str = ""
    """The choices of a publication at once, which any other key still overrides: ``paper`` (NumeriKontrol), ``plain-kontext``,
    ``kontinuous``, ``kontinuous-paper``; empty is this trainer's own."""

    shards: str = "manifests"
    """Folder of the manifests that cat-build-shards wrote."""

    base: str = "auto"
    """``auto``, ``nano``, or FLUX.1-Kontext-dev or FLUX.2-klein in diffusers layout: a local folder or a hub id."""

    out: str = ""
    """Run folder; empty means the next free ``runs/<base>-NNN``."""

    max_steps: int = 0
    """Optimiser steps; 0 means the base's own default."""

    resume: bool = False
    """Go on from the last checkpoint in ``out`` (empty ``out``: the newest run that has one)."""

    batch: int = 0
    """Pairs per step, of all processes together; 0 means the base's own default."""

    accumulate: int = 1
    """Parts that a process's share of the batch goes through the model in."""

    seed: int = 0
    """Seeds pairs, crops, noise, times and initial weights."""

    size: int = 0
    """Side of the square training pictures in pixels; 0 means the base's own default."""

    threads: int = 0
    """Torch threads; 0 means the machine's physical cores, eight at most."""

    adapter: AdapterOptions = field(default_factory=AdapterOptions)
    bases: BaseOptions = field(default_factory=BaseOptions)
    data: DataOptions = field(default_factory=DataOptions)
    objective: ObjectiveOptions = field(default_factory=ObjectiveOptions)
    optimising: OptimisingOptions = field(default_factory=OptimisingOptions)
    memory: MemoryOptions = field(default_factory=MemoryOptions)
    running: RunningOptions = field(default_factory=RunningOptions)

    def __post_init__(self) -> None:
        if self.accumulate < 1:
            raise UsageError(f"accumulate must be at least 1, not {self.accumulate}")
        for name in ("max_steps", "batch", "size", "threads", "seed"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be negative, it is {getattr(self, name)}")

    @classmethod
    def of(cls, **values: Any) -> TrainConfig:
        """The configuration from flat keys, over those of the preset among them.

        Raises:
            UsageError: an impossible value.
        """
        values = {**preset(values.get("preset", "")), **values}
        for name, value in values.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise UsageError(f"{name} must be a finite number, not {value}")
            if isinstance(value, int) and value > _MOST.get(name, _LARGEST):
                raise UsageError(f"{name} must be at most {_MOST.get(name, _LARGEST)}, not {value}")
        groups = {
            group: options(**{f.name: values[f.name] for f in dataclasses.fields(options) if f.name in values})
            for group, options in GROUPS.items()
        }
        grouped = {f.name for options in GROUPS.values() for f in dataclasses.fields(options)}
        return cls(**groups, **{name: value for name, value in values.items() if name not in grouped})

    def as_dict(self) -> dict[str, Any]:
        """Plain values under flat keys, as they are written to config.yaml: all but ``resume``, which is no setting of the run."""
        values = dataclasses.asdict(self)
        flat = {name: value for name, value in values.items() if name not in GROUPS and name != "resume"}
        return {**flat, **{name: value for group in GROUPS for name, value in values[group].items()}}


GROUPS: dict[str, type[Any]] = {
    "adapter": AdapterOptions, "bases": BaseOptions, "data": DataOptions, "objective": ObjectiveOptions, "optimising": OptimisingOptions,
    "memory": MemoryOptions, "running": RunningOptions,
}  # fmt: skip
"""Fields of `TrainConfig` that hold options of their own, in flat keys all the same."""


def keys() -> dict[str, tuple[Any, Any, str]]:
    """Type, default and description of every flat key."""
    found: dict[str, tuple[Any, Any, str]] = {}
    classes: list[type[Any]] = [TrainConfig, *GROUPS.values()]
    for cls in classes:
        hints, docs, default = typing.get_type_hints(cls), _field_docs(cls), cls()
        found |= {name: (hints[name], getattr(default, name), docs[name]) for name in docs}
    return found


def parse_config(
    arguments: list[str] | None = None, *, prog: str = "train.run", does: str = "Teach a base model to edit by numbers."
) -> tuple[TrainConfig, bool]:
    """The configuration from the command line (and the file that ``--config`` names), and whether ``--plan`` was given.

    Raises:
        UsageError: a wrong key or value; names the nearest key.
        InputError: the file is missing or not YAML.
    """
    parser = _OneLineParser(
        prog=f"python -m {prog}",
        description=does,
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="YAML file of the keys below")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    parser.add_argument("--plan", action="store_true", help="print what it would do, cost and lack, and do nothing")
    for name, (kind, default, text) in keys().items():
        flag, doc = "--" + name.replace("_", "-"), f"{text} (default: {default!r})"
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=doc)
        elif kind == list[str]:
            parser.add_argument(flag, nargs="*", default=None, help=doc)
        else:
            parser.add_argument(flag, type=kind, default=None, help=doc, metavar=kind.__name__.upper())
    given = vars(parser.parse_args(arguments))
    file, plan, _ = given.pop("config"), given.pop("plan"), given.pop("debug")
    values = read_config_file(Path(file), {name: kind for name, (kind, _, _) in keys().items()}) if file is not None else {}
    values.update({key: value for key, value in given.items() if value is not None})
    return TrainConfig.of(**values), plan


class _OneLineParser(argparse.ArgumentParser):
    """Usage errors as ours."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists the flags)")


def _field_docs(cls: type[Any]) -> dict[str, str]:
    """The docstring under each field, which Python itself does not keep."""
    import ast
    import inspect
    import textwrap

    tree = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(tree, ast.ClassDef)
    docs: dict[str, str] = {}
    for node, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            docs[node.target.id] = str(ast.literal_eval(after.value)).replace("``", "").replace("%", "%%")
    return docs
