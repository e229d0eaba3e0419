"""What a run was begun with, and what may differ when it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cat_dataset.errors import AdapterError, UsageError
from cat_dataset.files import write_bytes
from train.config import TrainConfig, keys
from train.running.options import RunningOptions

CONFIG_FILE = "config.yaml"
_CAP = 1 << 20
_FREE = {"shards", "base", "out", "max_steps", "accumulate", "threads", "cache", "cache_mb", *RunningOptions.__dataclass_fields__}
"""Keys that change neither the pairs nor what is learned of them: places (what lies there is compared by the checkpoint itself),
speed, and how long and how closely the run is watched."""


def keep_settings(run: Path, config: TrainConfig) -> None:
    """Write config.yaml."""
    write_bytes(run / CONFIG_FILE, yaml.safe_dump(config.as_dict(), sort_keys=True).encode())


def check_settings(run: Path, config: TrainConfig) -> None:
    """Whether a run may go on with ``config``.

    Raises:
        UsageError: it was begun with other settings; names them.
        AdapterError: its config.yaml is damaged.
    """
    path = run / CONFIG_FILE
    if not path.is_file():
        return  # nothing was begun here
    before = _read(path)
    now = config.as_dict()
    defaults = {name: default for name, (_, default, _) in keys().items()}
    differing = [
        f"{name} was {before.get(name, defaults.get(name))!r}, now {value!r}"
        for name, value in now.items()
        if name not in _FREE and before.get(name, defaults.get(name)) != value
    ]
    if differing:
        raise UsageError(
            f"{run} was begun with other settings: {'; '.join(differing)}; go on with --config {path} --resume, "
            "or start a new run with another --out"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > _CAP:
            raise ValueError(f"more than {_CAP} bytes")
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (ValueError, yaml.YAMLError, RecursionError) as error:
        raise AdapterError(f"{path} cannot be read ({' '.join(str(error).split())}); start a new run with another --out") from None
    if not isinstance(found, dict):
        raise AdapterError(f"{path} does not hold a run's settings; start a new run with another --out")
    return found
