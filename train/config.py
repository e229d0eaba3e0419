"""The trainer's configuration: a typed dataclass, a YAML file over its defaults, flags over the file."""

from __future__ import annotations

import argparse
import dataclasses
import math
import types
import typing
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import yaml

from cat_dataset.attributes import attribute
from cat_dataset.errors import InputError, UsageError

_CONFIG_CAP = 1 << 20
_LARGEST = 1 << 40
_MOST = {"seed": 2**63 - 1, "threads": 1024, "batch": 65536, "size": 4096, "rank": 4096}
"""Upper limits: beyond them is a slip of the keyboard, not a run."""


@dataclass(kw_only=True, slots=True)
class TrainConfig:
    """Every knob of a run. Field names are the YAML keys and, with dashes, the flags."""

    shards: str = "manifests"
    """Folder of the manifests that cat-build-shards wrote."""

    base: str = "auto"
    """``auto``, ``nano``, or a local folder with FLUX.1-Kontext-dev in diffusers format."""

    out: str = ""
    """Run folder; empty means the next free ``runs/<base>-NNN``."""

    max_steps: int = 0
    """Optimiser steps; 0 means the base's own default."""

    resume: bool = False
    """Go on from the last checkpoint in ``out`` (empty ``out``: the newest run that has one)."""

    batch: int = 0
    """Pairs per step; 0 means the base's own default."""

    learning_rate: float = 0.0
    """Peak of the schedule; 0 means the base's own default."""

    warmup: int = 50
    """Steps of linear rise to the peak; then a cosine falls to a twentieth of it."""

    weight_decay: float = 0.01
    """AdamW's decoupled weight decay."""

    clip: float = 1.0
    """Largest gradient norm."""

    ema: float = 0.99
    """Decay of the averaged weights that are saved; 0 saves the last ones."""

    seed: int = 0
    """Seeds pairs, crops, noise, times and initial weights."""

    attributes: list[str] = field(default_factory=list)
    """Train on these attributes only; empty means all in the dataset."""

    zero_share: float = 0.05
    """Share of pairs with source = target and change 0."""

    plain: bool = False
    """Encode changes as the paper's plain difference of natural values instead of on the attribute's scale."""

    crop: float = 0.5
    """Smallest random crop as a share of the picture's short side, for pixel-domain attributes; 1 means none."""

    mirror: float = 0.5
    """Share of pairs whose pictures are mirrored left to right, of series whose attributes allow it; their edits are too."""

    rank: int = 128
    """LoRA rank (Kontext; nano trains all its weights)."""

    size: int = 0
    """Side of the square training pictures in pixels; 0 means the base's own default."""

    checkpoint_every: int = 200
    """Steps between checkpoints."""

    checkpoint_minutes: float = 5.0
    """Minutes after which a checkpoint is kept in any case."""

    pictures_every: int = 200
    """Steps between logged pictures."""

    log_every: int = 10
    """Steps between lines of log.jsonl."""

    threads: int = 0
    """Torch threads; 0 means the machine's physical cores, eight at most."""

    cache_mb: int = 1024
    """Memory for decoded training frames."""

    def __post_init__(self) -> None:
        positive = {"warmup": 1, "log_every": 1, "checkpoint_every": 1, "pictures_every": 1, "rank": 1, "cache_mb": 1}
        for name, least in positive.items():
            if getattr(self, name) < least:
                raise UsageError(f"{name} must be at least {least}, not {getattr(self, name)}")
        for name in ("max_steps", "batch", "learning_rate", "size", "threads", "seed", "weight_decay"):
            if getattr(self, name) < 0:
                raise UsageError(f"{name} must not be negative, it is {getattr(self, name)}")
        if not 0 <= self.zero_share < 1:
            raise UsageError(f"zero_share must be in [0, 1), not {self.zero_share}")
        if not 0 <= self.mirror <= 1:
            raise UsageError(f"mirror must be in [0, 1], not {self.mirror}")
        if not 0 <= self.ema < 1:
            raise UsageError(f"ema must be in [0, 1), not {self.ema}")
        if not 0 < self.crop <= 1:
            raise UsageError(f"crop must be in (0, 1], not {self.crop}")
        for name, value in self.as_dict().items():
            if isinstance(value, float) and not math.isfinite(value):
                raise UsageError(f"{name} must be a finite number, not {value}")
            if isinstance(value, int) and value > _MOST.get(name, _LARGEST):
                raise UsageError(f"{name} must be at most {_MOST.get(name, _LARGEST)}, not {value}")
        for name in ("clip", "checkpoint_minutes"):
            if not getattr(self, name) > 0:
                raise UsageError(f"{name} must be positive, not {getattr(self, name)}")
        for name in self.attributes:
            attribute(name)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, as they are written to the run's config.yaml: all but ``resume``, which is no setting of the run."""
        return {name: value for name, value in dataclasses.asdict(self).items() if name != "resume"}


def parse_config(arguments: list[str] | None = None) -> tuple[TrainConfig, bool]:
    """The configuration from the command line (and the file that ``--config`` names), and whether ``--debug`` was given.

    Raises:
        UsageError: a wrong key or value; names the nearest key.
        InputError: the file is missing or not YAML.
    """
    parser = _OneLineParser(
        prog="python -m train.run",
        description="Teach a base model to edit by numbers.",
        allow_abbrev=False,
    )
    parser.add_argument("--config", metavar="FILE", help="YAML file of the keys below")
    parser.add_argument("--debug", action="store_true", help="show tracebacks")
    docs = {name: f"{text} (default: {getattr(TrainConfig(), name)!r})" for name, text in _field_docs().items()}
    for name, kind in typing.get_type_hints(TrainConfig).items():
        flag = "--" + name.replace("_", "-")
        if kind is bool:
            parser.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=docs[name])
        elif kind == list[str]:
            parser.add_argument(flag, nargs="*", default=None, help=docs[name])
        else:
            parser.add_argument(flag, type=kind, default=None, help=docs[name], metavar=kind.__name__.upper())
    given = vars(parser.parse_args(arguments))
    file, debug = given.pop("config"), given.pop("debug")
    values = _read_yaml(Path(file)) if file else {}
    values.update({key: value for key, value in given.items() if value is not None})
    return TrainConfig(**values), debug


class _OneLineParser(argparse.ArgumentParser):
    """Usage errors as ours."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (--help lists the flags)")


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"{path} does not exist; check --config")
    if path.stat().st_size > _CONFIG_CAP:
        raise InputError(f"{path} is larger than a configuration can be ({_CONFIG_CAP} bytes); check --config")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if raw is None:
        return {}
    if not isinstance(raw, dict):
        raise InputError(f"{path} must hold keys and values, like 'batch: 16'")
    return _checked(raw, str(path))


def _checked(raw: dict[str, Any], where: str) -> dict[str, Any]:
    hints = typing.get_type_hints(TrainConfig)
    for key, value in raw.items():
        if key not in hints:
            near = get_close_matches(str(key), hints, n=1)
            raise UsageError(
                f"{where}: unknown key {key!r}" + (f"; did you mean {near[0]!r}?" if near else f"; known keys: {', '.join(hints)}")
            )
        kind = hints[key]
        if kind is float and isinstance(value, int) and not isinstance(value, bool) and abs(value) < _LARGEST:
            raw[key] = float(value)
            continue
        plain = list if isinstance(kind, types.GenericAlias) else kind
        if not isinstance(value, plain) or (isinstance(value, bool) and kind is not bool):
            raise UsageError(f"{where}: {key} must be of type {plain.__name__}, not {value!r}")
        if plain is list and not all(isinstance(item, str) for item in value):
            raise UsageError(f"{where}: {key} must be a list of names, not {value!r}")
    return raw


def _field_docs() -> dict[str, str]:
    """The docstring under each field, which Python itself does not keep."""
    import ast
    import inspect
    import textwrap

    tree = ast.parse(textwrap.dedent(inspect.getsource(TrainConfig))).body[0]
    assert isinstance(tree, ast.ClassDef)
    docs: dict[str, str] = {}
    for node, after in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and isinstance(after, ast.Expr):
            docs[node.target.id] = str(ast.literal_eval(after.value)).replace("``", "").replace("%", "%%")
    return docs
