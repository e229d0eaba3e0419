"""What became of the series of a plan: what failed and what was refused, in lines, in a file for machines, and as an exit status."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cat_dataset.errors import CatError, InputError, RunFailed
from cat_dataset.files import write_json

FAILURES = "failures.json"
LISTED = 20
"""Failures that are printed; the file has all of them."""


@dataclass(frozen=True)
class Failure:
    """One series that was not made, and why. ``refused``: its input is bad, so that it was not tried again.

    ``about`` is what the series is of, by name.
    """

    series: str
    reason: str
    refused: bool
    tries: int
    about: Mapping[str, str]

    def as_json(self) -> dict[str, Any]:
        """The failure as it stands in `FAILURES`."""
        return {"series": self.series, "reason": self.reason, "refused": self.refused, "tries": self.tries, **self.about}


@dataclass
class Report:
    """What a run, or a part of one, has to say at its end."""

    total: int
    finished: int = 0
    already: int = 0
    failures: list[Failure] = field(default_factory=list)

    def absorb(self, other: Report) -> None:
        """Take in the report of a part."""
        self.finished += other.finished
        self.already += other.already
        self.failures += other.failures


def write_failures(path: Path, refused: Iterable[CatError], failures: Iterable[Failure]) -> None:
    """List what failed in ``path``; where nothing did, remove what an earlier run listed."""
    content = {"inputs": [str(error) for error in refused], "series": [one.as_json() for one in sorted(failures, key=lambda f: f.series)]}
    if content["inputs"] or content["series"]:
        write_json(path, content)
    else:
        path.unlink(missing_ok=True)


def conclude(report: Report, refused: list[CatError], listed_in: Path) -> None:
    """Say what was done and what was not.

    Raises:
        RunFailed: a series failed. InputError: something was refused.
    """
    for error in refused:
        say(f"refused: {error}")
    groups: dict[str, list[Failure]] = {}
    for failure in report.failures:
        groups.setdefault(failure.reason, []).append(failure)
    for reason, group in list(groups.items())[:LISTED]:
        others = f" and {len(group) - 1} more" if len(group) > 1 else ""
        tries = f" after {group[0].tries} tries" if group[0].tries > 1 else ""
        say(f"{'refused' if group[0].refused else 'failed'}: {group[0].series}{others}{tries}: {reason}")
    if len(groups) > LISTED:
        say(f"and {len(groups) - LISTED} more reasons in {listed_in}")
    already = f", {report.already} already complete" if report.already else ""
    print(f"{report.finished} series rendered{already}, of {report.total}", flush=True)
    if not report.failures and not refused:
        return
    failed = sum(not failure.refused for failure in report.failures)
    what = [f"{len(refused)} inputs refused"] * bool(refused)
    what += [f"{len(report.failures) - failed} series refused"] * (failed < len(report.failures)) + [f"{failed} series failed"] * bool(
        failed
    )
    kind = RunFailed if failed else InputError
    raise kind(f"{', '.join(what)}; named above and in {listed_in}; mend what they need and run the same command again")


def say(line: str) -> None:
    """A line for the user beside the progress."""
    print(line, file=sys.stderr, flush=True)
