"""What became of a plan of the farm; the lines and the file are those of `render.outcome`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError
from cat_dataset.files import JSON_CAP, read_json
from render.farm.jobs import Job
from render.outcome import FAILURES, Failure


def failure_of(job: Job, reason: str, refused: bool, tries: int) -> Failure:
    """A failure of ``job``; without the path of the working folder, which says nothing elsewhere."""
    reason = reason.replace(f"{Path.cwd()}/", "")
    return Failure(job.series, reason, refused, tries, {"asset": job.asset.argument, "hdri": job.sky.argument, "sweep": job.sweep.name})


def failures_file(out: Path, index: int, count: int) -> Path:
    """Where task ``index`` of ``count`` lists its failures."""
    return out / (FAILURES if count == 1 else f"failures-{index}-of-{count}.json")


def listed_failures(out: Path) -> dict[str, Mapping[str, Any]]:
    """Everything that the failure lists in ``out`` say, by series."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(out.glob("failures*.json")):
        try:
            content = read_json(path, JSON_CAP)
        except InputError:
            continue
        entries = content.get("series") if isinstance(content, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            if isinstance(entry, dict) and isinstance(entry.get("series"), str):
                found[entry["series"]] = entry
    return found
