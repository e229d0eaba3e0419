"""The demo's stages: the project's own commands, as a user would type them, at sizes for two CPU cores."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from cat_dataset.errors import RunFailed

_MODULES = {
    "cat-ingest": "capture.ingest",
    "cat-build-shards": "cat_dataset.build",
    "cat-verify": "cat_dataset.verify",
    "cat-edit": "train.edit",
}
"""The module behind each console script: run as ``python -m``, so that the demo needs no PATH."""


@dataclass(frozen=True)
class Stage:
    """A title and the commands it runs, each as a user types it (a word per entry)."""

    title: str
    commands: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Done:
    """A finished stage and its wall-clock seconds."""

    stage: Stage
    seconds: float


def data_stages(folder: Path, *, tiny: bool) -> list[Stage]:
    """Render, photograph, ingest, pack and verify, under ``folder``."""
    series, dslr = str(folder / "series"), folder / "dslr"
    assets = ("builtin:car", "builtin:mug", "builtin:house", "builtin:lamp")
    rotate = (
        ("--views", "1", "--states", "3", "--size", "64", "--samples", "1")
        if tiny
        else ("--views", "3", "--states", "13", "--size", "128", "--samples", "8")
    )
    scenes, small = (("4", "2") if tiny else ("40", "16")), ("--size", "192", "128") if tiny else ("--size", "384", "256")
    simulate = ("python", "-m", "capture.simulate")
    manifests = str(folder / "manifests")
    return [
        Stage(
            "Render rotations",
            (
                (
                    "python",
                    "-m",
                    "render.blender.rotate",
                    "--asset",
                    *assets,
                    "--hdri",
                    "builtin:forest",
                    "builtin:city",
                    *rotate,
                    "--out",
                    series,
                ),
            ),
        ),
        Stage(
            "Photograph with the simulated camera",
            (
                (
                    *simulate,
                    "--out",
                    str(dslr / "exposure"),
                    "--vary",
                    "exposure",
                    "--scenes",
                    scenes[0],
                    "--frames",
                    "9",
                    "--range",
                    "-2",
                    "2",
                    *small,
                ),
                (*simulate, "--out", str(dslr / "iso"), "--vary", "iso", "--scenes", scenes[1], "--frames", "6", *small),
            ),
        ),
        Stage("Ingest", (("cat-ingest", str(dslr / "exposure" / "*"), str(dslr / "iso" / "*"), "--out", series),)),
        Stage(
            "Build and verify shards",
            (
                (
                    "cat-build-shards",
                    "--series",
                    series,
                    "--shards",
                    str(folder / "shards"),
                    "--manifests",
                    manifests,
                    "--split",
                    "0.7/0.1/0.2",
                ),
                ("cat-verify", manifests),
            ),
        ),
    ]


def model_stages(folder: Path, *, tiny: bool, resume: bool) -> list[Stage]:
    """Train nano and measure it on held-out series."""
    manifests, run = str(folder / "manifests"), str(folder / "runs" / "nano")
    steps = "4" if tiny else "1500"
    again = ("--resume",) if resume else ()
    train = ("python", "-m", "train.run", "--shards", manifests, "--base", "nano", "--out", run, "--max-steps", steps, *again)
    evaluate = ("python", "-m", "train.evaluate", "--adapter", run, "--shards", manifests, "--pairs", "6" if tiny else "48")
    return [Stage("Train nano", (train,)), Stage("Measure on held-out scenes", (evaluate,))]


def edit_stage(folder: Path, picture: Path, low: float, high: float, count: int) -> Stage:
    """Edit one held-out picture over a range of exposures."""
    strip = str(folder / "edit_sweep.png")
    run = str(folder / "runs" / "nano")
    words = ("cat-edit", str(picture), "Increase the exposure by 1 EV", "--adapter", run)
    return Stage("Edit a held-out picture", ((*words, "--sweep", f"{low:g}", f"{high:g}", str(count), "--out", strip),))


def run_stage(stage: Stage, number: int, total: int) -> Done:
    """Run a stage's commands one after another, their output passed through.

    Raises:
        RunFailed: a command failed; names it.
    """
    print(f"\n[{number}/{total}] {stage.title}", file=sys.stderr, flush=True)
    start = time.monotonic()
    for words in stage.commands:
        print(f"$ {spell(words)}", file=sys.stderr, flush=True)
        status = subprocess.run(_runnable(words), check=False).returncode
        if status != 0:
            raise RunFailed(
                f"the demo stopped: {spell(words)} ended with status {status}; its message is above. Run the demo again to go on"
            )
    return Done(stage, time.monotonic() - start)


def spell(words: tuple[str, ...]) -> str:
    """A command as it is typed in a shell."""
    return " ".join(f'"{word}"' if " " in word else word for word in words)


def _runnable(words: tuple[str, ...]) -> list[str]:
    head = [sys.executable] if words[0] == "python" else [sys.executable, "-m", _MODULES[words[0]]]
    expanded: list[str] = []
    for word in words[1:]:
        if word.endswith("*"):
            expanded += sorted(str(path) for path in Path(word).parent.iterdir() if path.is_dir())
        else:
            expanded.append(word)
    return head + expanded
