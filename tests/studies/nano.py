"""``python -m tests.studies.nano --data study --out study/runs --write docs/nano.md``: what each part of nano's training is worth.

The project's own commands: every variant is trained with three seeds for the same number of steps, then measured on the test
series. A run that is finished is not made again, one that was cut short goes on from its last checkpoint.
"""

from __future__ import annotations

import argparse
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from cat_dataset.command import reported
from cat_dataset.errors import RunFailed
from cat_dataset.manifests import Dataset, open_dataset
from tests.studies.nano_table import results_of, table_of, write_between
from train.evaluate import evaluate
from train.pipeline import NumeriKontrolPipeline

VARIANTS = {
    "full": "",
    "no-projector": "--conditioning plain --wording numbers",
    "no-task-id": "--no-task-id",
    "velocity": "--no-nano-residual",
}
"""Names, and the flags that set them apart."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is run: ``steps`` optimiser steps, ``pairs`` measured edits per attribute."""

    data: Path
    out: Path
    steps: int
    pairs: int
    seeds: tuple[int, ...]

    def runs(self) -> Iterator[tuple[Path, str, int]]:
        """Run folder, variant, seed. Seed by seed, so that a study cut short has whole seeds."""
        for seed in self.seeds:
            for variant in VARIANTS:
                yield self.out / f"{variant}-{seed}", variant, seed

    def command(self, run: Path, variant: str, seed: int) -> str:
        """What trains one run, or goes on with it."""
        resume = " --resume" if any(run.glob("checkpoints/step-*")) else ""
        return (
            f"python -m train.run --shards {shlex.quote((self.data / 'manifests').as_posix())} --base nano "
            f"--out {shlex.quote(run.as_posix())} --seed {seed} --max-steps {self.steps} --threads 1 --validate-every {self.steps} "
            f"{VARIANTS[variant]}{resume}"
        )


def make(plan: Plan) -> None:
    """Run what is not finished.

    Raises:
        RunFailed: a command failed; names it.
    """
    dataset = open_dataset(str(plan.data / "manifests"))
    for run, variant, seed in plan.runs():
        if is_measured(run):
            continue
        if not (run / "checkpoints" / f"step-{plan.steps:06d}").is_dir():
            command = plan.command(run, variant, seed)
            print(f"$ {command}", flush=True)
            if subprocess.run([sys.executable, *shlex.split(command)[1:]], check=False).returncode:
                raise RunFailed(f"{command} failed; what is finished is kept")
        measure(run, dataset, plan.pairs)


def is_measured(run: Path) -> bool:
    """Whether a run has its evaluation."""
    return (run / "evaluation" / "evaluation.json").is_file()


def measure(run: Path, dataset: Dataset, pairs: int) -> None:
    """train.evaluate's measurement of the test split, with one thread: two hinder each other where cores are shared."""
    torch.set_num_threads(1)
    pipeline = NumeriKontrolPipeline.from_pretrained(run)
    evaluate(pipeline, dataset, split="test", pairs=pairs, steps=0, out=run / "evaluation")


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Train nano in several ways and compare them.")
    parser.add_argument("--data", type=Path, default=Path("study"), help="the folder that tests.studies.nano_data made")
    parser.add_argument("--out", type=Path, default=Path("study/runs"))
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=32, help="measured edits per attribute")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--write", type=Path, help="a Markdown file whose table is replaced")
    chosen = parser.parse_args()
    with reported(False):
        plan = Plan(data=chosen.data, out=chosen.out, steps=chosen.steps, pairs=chosen.pairs, seeds=tuple(chosen.seeds))
        make(plan)
        if chosen.write:
            results = results_of(chosen.data / "manifests", {v: [run for run, other, _ in plan.runs() if other == v] for v in VARIANTS})
            write_between(chosen.write, "study", table_of(results))


if __name__ == "__main__":
    main()
