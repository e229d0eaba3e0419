"""The demo's stages: the project's own commands, as a user would type them, at sizes for two CPU cores."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cat_dataset.errors import RunFailed

_MODULES = {
    "cat-ingest": "capture.ingest",
    "cat-build-shards": "cat_dataset.building.command",
    "cat-verify": "cat_dataset.checking.command",
    "cat-edit": "train.edit",
}
"""The module behind each console script: run as ``python -m``, so that the demo needs no PATH."""


@dataclass(frozen=True)
class Stage:
    """A title and the commands it runs, each as a user types it."""

    title: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Done:
    """A finished stage and its wall-clock seconds."""

    stage: Stage
    seconds: float


@dataclass(frozen=True)
class Sizes:
    """How much the demo makes."""

    rotate: str
    picture: str
    exposures: int
    isos: int
    steps: int
    pairs: int


FULL = Sizes("--views 3 --states 13 --size 128 --samples 8", "384 256", exposures=40, isos=16, steps=1500, pairs=48)
TINY = Sizes("--views 1 --states 3 --size 64 --samples 1", "192 128", exposures=4, isos=2, steps=4, pairs=6)
"""Enough to see that everything runs, not that it learns."""


def data_stages(folder: Path, sizes: Sizes) -> list[Stage]:
    """Render, photograph, ingest, pack and verify, under ``folder``."""
    demo = _quoted(folder)
    assets, skies = "builtin:car builtin:mug builtin:house builtin:lamp", "builtin:forest builtin:city"
    camera = f"python -m capture.simulate --size {sizes.picture}"
    return [
        Stage(
            "Render rotations",
            (f"python -m render.blender.rotate --asset {assets} --hdri {skies} {sizes.rotate} --out {demo}/series",),
        ),
        Stage(
            "Photograph with the simulated camera",
            (
                f"{camera} --vary exposure --range -2 2 --frames 9 --scenes {sizes.exposures} --out {demo}/dslr/exposure",
                f"{camera} --vary iso --frames 6 --scenes {sizes.isos} --out {demo}/dslr/iso",
            ),
        ),
        Stage("Ingest", (f"cat-ingest {demo}/dslr/exposure/* {demo}/dslr/iso/* --out {demo}/series",)),
        Stage(
            "Build and verify shards",
            (
                f"cat-build-shards --series {demo}/series --shards {demo}/shards --manifests {demo}/manifests --split 0.7/0.1/0.2",
                f"cat-verify {demo}/manifests",
            ),
        ),
    ]


def model_stages(folder: Path, sizes: Sizes, *, resume: bool) -> list[Stage]:
    """Train nano and measure it on held-out series."""
    demo = _quoted(folder)
    train = f"python -m train.run --shards {demo}/manifests --base nano --out {demo}/runs/nano --max-steps {sizes.steps}"
    evaluate = f"python -m train.evaluate --adapter {demo}/runs/nano --shards {demo}/manifests --pairs {sizes.pairs}"
    return [Stage("Train nano", (f"{train} --resume" if resume else train,)), Stage("Measure on held-out scenes", (evaluate,))]


def edit_stage(folder: Path, picture: Path) -> Stage:
    """Edit one held-out picture over a range of exposures."""
    demo = _quoted(folder)
    words = f'cat-edit {_quoted(picture)} "Increase the exposure by 1 EV" --adapter {demo}/runs/nano'
    return Stage("Edit a held-out picture", (f"{words} --sweep -2 2 5 --out {demo}/edit_sweep.png",))


def run_stage(stage: Stage, number: int, total: int) -> Done:
    """Run a stage's commands one after another, their output passed through.

    Raises:
        RunFailed: a command failed; names it.
    """
    print(f"\n[{number}/{total}] {stage.title}", file=sys.stderr, flush=True)
    start = time.monotonic()
    for command in stage.commands:
        print(f"$ {command}", file=sys.stderr, flush=True)
        status = subprocess.run(_runnable(command), check=False).returncode
        if status != 0:
            raise RunFailed(f"the demo stopped: {command} ended with status {status}; its message is above. Run the demo again to go on")
    return Done(stage, time.monotonic() - start)


def _quoted(path: Path) -> str:
    """A path as it is typed in a shell; forward slashes work everywhere."""
    return shlex.quote(path.as_posix())


def _runnable(command: str) -> list[str]:
    """The command for this interpreter, without a shell: console scripts as modules, a last ``*`` as the folders it means."""
    first, *rest = shlex.split(command)
    head = [sys.executable] if first == "python" else [sys.executable, "-m", _MODULES[first]]
    for word in rest:
        if word.endswith("/*"):
            head += sorted(str(path) for path in Path(word).parent.iterdir() if path.is_dir())
        else:
            head.append(word)
    return head
