"""What a run says of itself: lines of JSON in its folder, and where asked TensorBoard and Weights & Biases.

log.jsonl          step, loss, learning rate: the same bytes for the same run
validation.jsonl   step, and per attribute PSNR, Spearman, slope, error: likewise
speed.jsonl        steps per second, share of the time spent waiting for data, peak memory: measurements
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from cat_dataset.errors import UsageError
from cat_dataset.files import write_bytes
from cat_dataset.images import Rgb

FILES = ("log", "validation", "speed")


class Sink(Protocol):
    """Somewhere else to log."""

    def numbers(self, step: int, values: Mapping[str, float]) -> None: ...

    def picture(self, step: int, name: str, picture: Rgb) -> None: ...

    def close(self) -> None: ...


def check_loggers(names: list[str]) -> None:
    """Raises:
    UsageError: one of them is not installed.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise UsageError(f'--log-to {name} needs {name}: pip install "cat-dataset[logging]" (or pip install {name})')


class RunLog:
    """The log of a run folder from ``step`` on; lines beyond it are dropped, for their steps are run again."""

    def __init__(self, run: Path, log_to: list[str], step: int, settings: Mapping[str, Any]) -> None:
        self._run = run
        for name in FILES:
            _trim(run / f"{name}.jsonl", step)
        makers: dict[str, Callable[[Path, int, Mapping[str, Any]], Sink]] = {"tensorboard": _TensorBoard, "wandb": _Wandb}
        self._sinks: list[Sink] = [makers[name](run, step, settings) for name in log_to]

    def write(self, file: str, step: int, values: Mapping[str, Any]) -> None:
        """A line of one of `FILES`. Numbers, also those in dictionaries, go to the other places too."""
        with open(self._run / f"{file}.jsonl", "a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": step, **values}, sort_keys=True, allow_nan=False) + "\n")
        flat = _flat(file if file != "log" else "train", values)
        for sink in self._sinks:
            sink.numbers(step, flat)

    def picture(self, step: int, name: str, picture: Rgb) -> None:
        """A picture, for the other places."""
        for sink in self._sinks:
            sink.picture(step, name, picture)

    def close(self) -> None:
        """Write out what is left."""
        for sink in self._sinks:
            sink.close()


class _TensorBoard:
    def __init__(self, run: Path, step: int, settings: Mapping[str, Any]) -> None:
        from torch.utils.tensorboard import SummaryWriter

        self._writer: Any = SummaryWriter(log_dir=str(run / "tensorboard"), purge_step=step + 1)

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def picture(self, step: int, name: str, picture: Rgb) -> None:
        self._writer.add_image(name, picture, step, dataformats="HWC")

    def close(self) -> None:
        self._writer.close()


class _Wandb:
    def __init__(self, run: Path, step: int, settings: Mapping[str, Any]) -> None:
        wandb: Any = importlib.import_module("wandb")

        mode = os.environ.get("WANDB_MODE") or ("online" if wandb.api.api_key else "offline")
        self._wandb = wandb
        self._run: Any = wandb.init(project="cat-dataset", name=run.name, dir=str(run), config=dict(settings), mode=mode)

    def numbers(self, step: int, values: Mapping[str, float]) -> None:
        self._run.log(dict(values), step=step)

    def picture(self, step: int, name: str, picture: Rgb) -> None:
        self._run.log({name: self._wandb.Image(picture)}, step=step)

    def close(self) -> None:
        self._run.finish()


def _flat(prefix: str, values: Mapping[str, Any]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found |= _flat(f"{prefix}/{name}", value)
        elif isinstance(value, (int, float)):
            found[f"{prefix}/{name}"] = float(value)
    return found


def _trim(path: Path, last: int) -> None:
    """Drop lines of steps beyond ``last``, and torn ones."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    write_bytes(path, "".join(line + "\n" for line in lines if 0 < _step(line) <= last).encode())


def _step(line: str) -> int:
    """The step of a line; 0 for a torn one."""
    try:
        return int(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return 0
