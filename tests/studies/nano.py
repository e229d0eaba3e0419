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

from cat_dataset.command import reported
from cat_dataset.errors import RunFailed
from tests.studies.nano_table import results_of, table_of, write_between

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

    def commands(self, run: Path, variant: str, seed: int) -> list[str]:
        """Those that are still to be run for one run."""
        manifests, folder = shlex.quote((self.data / "manifests").as_posix()), shlex.quote(run.as_posix())
        if (run / "evaluation" / "evaluation.json").is_file():
            return []
        resume = " --resume" if any(run.glob("checkpoints/step-*")) else ""
        return [
            f"python -m train.run --shards {manifests} --base nano --out {folder} --seed {seed} --max-steps {self.steps} --threads 1 "
            f"--validate-every {self.steps} {VARIANTS[variant]}{resume}",
            f"python -m train.evaluate --adapter {folder} --shards {manifests} --split test --pairs {self.pairs}",
        ]


def make(plan: Plan, *, print_only: bool = False) -> None:
    """Run what is not finished.

    Raises:
        RunFailed: a command failed; names it.
    """
    for run, variant, seed in plan.runs():
        for command in plan.commands(run, variant, seed):
            print(f"$ {command}", flush=True)
            if not print_only and subprocess.run([sys.executable, *shlex.split(command)[1:]], check=False).returncode:
                raise RunFailed(f"{command} failed; what is finished is kept")


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Train nano in several ways and compare them.")
    parser.add_argument("--data", type=Path, default=Path("study"), help="the folder that tests.studies.nano_data made")
    parser.add_argument("--out", type=Path, default=Path("study/runs"))
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=32, help="measured edits per attribute")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--write", type=Path, help="a Markdown file whose table is replaced")
    parser.add_argument("--print", action="store_true", help="print the commands alone")
    chosen = parser.parse_args()
    with reported(False):
        plan = Plan(data=chosen.data, out=chosen.out, steps=chosen.steps, pairs=chosen.pairs, seeds=tuple(chosen.seeds))
        make(plan, print_only=chosen.print)
        if chosen.write and not chosen.print:
            results = results_of(chosen.data / "manifests", {v: [r for r, o, _ in plan.runs() if o == v] for v in VARIANTS})
            write_between(chosen.write, "study", table_of(results))


if __name__ == "__main__":
    main()
