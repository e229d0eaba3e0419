"""``kill -9`` at random moments: of workers, which the command replaces, and of the command itself, which is run again.

python -m tests.render.farm.kills [--times 20]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.render.farm.plans import TINY, alive, cat_render, start, workers_of, write_plan
from tests.render.runs import hashes

SAME, FAILED, DIFFERENT, FALSE = "recovered, same bytes", "NOT RECOVERED", "OTHER BYTES", "SOMETHING FALSE WAS LEFT"


def killed_workers(work: Path, expected: dict[str, str], times: int, takes: float, seed: int = 0, **changes: object) -> Counter[str]:
    """Kill a random one of two workers at random moments, until ``times`` were killed; what came of each kill.

    ``takes`` is the time of an undisturbed run: the moments lie up to half of that apart.
    """
    rng = random.Random(seed)
    tally: Counter[str] = Counter()
    while tally.total() < times:
        folder = work / f"workers{tally.total()}"
        process = start(write_plan(folder, **changes), "--workers", 2, "--retries", times)
        kills = 0
        while process.poll() is None and tally.total() + kills < times:
            time.sleep(rng.uniform(0.0, 0.5 * takes))
            victims = workers_of(process)
            if victims and process.poll() is None:
                with suppress(ProcessLookupError):
                    os.kill(rng.choice(victims), signal.SIGKILL)
                    kills += 1
        _, errors = process.communicate(timeout=600)
        outcome = _outcome(process.returncode == 0, folder / "series", expected)
        if outcome != SAME:
            print(errors)
        tally[outcome] += kills
        shutil.rmtree(folder)
    return tally


def killed_commands(work: Path, expected: dict[str, str], times: int, takes: float, seed: int = 0, **changes: object) -> Counter[str]:
    """Kill the command itself at random moments, ``times`` times, and run it again each time until it ends well."""
    rng = random.Random(seed)
    tally: Counter[str] = Counter()
    while tally.total() < times:
        folder = work / f"commands{tally.total()}"
        plan, kills, honest = write_plan(folder, **changes), 0, True
        while tally.total() + kills < times:
            process = start(plan, "--workers", 2)
            time.sleep(rng.uniform(0.05, 0.8) * takes)
            if process.poll() is not None:
                process.communicate()
                break
            workers = workers_of(process)
            process.kill()
            process.communicate()
            kills += 1
            deadline = time.monotonic() + 10
            while any(alive(worker) for worker in workers) and time.monotonic() < deadline:
                time.sleep(0.01)
            honest &= not any(alive(worker) for worker in workers) and _nothing_false(folder / "series", expected)
        ended = cat_render(plan, "--workers", 2)
        outcome = _outcome(ended.returncode == 0, folder / "series", expected) if honest else FALSE
        if outcome != SAME:
            print(ended.stderr)
        tally[outcome] += kills
        shutil.rmtree(folder)
    return tally


def _outcome(ended_well: bool, out: Path, expected: dict[str, str]) -> str:
    return FAILED if not ended_well else SAME if hashes(out) == expected else DIFFERENT


def _nothing_false(out: Path, expected: dict[str, str]) -> bool:
    """Whether every series that claims to be complete is so to the byte."""
    found = hashes(out)
    complete = {name.split("/")[0] for name in found if name.endswith("/series.json")}
    return all(found.get(name) == value for name, value in expected.items() if name.split("/")[0] in complete)


def main() -> None:
    """Kill, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    plan = {"render": {**TINY, "states": 24}, "sweeps": [{"script": "rotate"}, {"script": "translate"}]}
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        work = Path(name)
        begun = time.monotonic()
        run = cat_render(write_plan(work / "whole", **plan), "--workers", 2)
        takes = time.monotonic() - begun
        assert run.returncode == 0, run.stderr
        expected = hashes(work / "whole" / "series")
        kinds: dict[str, Callable[..., Counter[str]]] = {"workers": killed_workers, "cat-render": killed_commands}
        for what, kill in kinds.items():
            print(
                f"kill -9 of {what}:",
                ", ".join(f"{count} {outcome}" for outcome, count in kill(work, expected, times, takes, **plan).items()),
                flush=True,
            )


if __name__ == "__main__":
    main()
