"""Knows finished series for finished without asking Blender about each.

Whether a series was made with the plan's settings only Blender can say, since some of them are its own (device, denoiser).
It is asked about one series of each sweep; the others are compared with that one.
"""

from __future__ import annotations

from typing import Any

from cat_dataset.errors import InputError
from cat_dataset.files import read_json
from cat_dataset.series import SERIES_JSON
from render.farm.jobs import Job

OF_THE_JOB = ("asset", "hdri", "view", "sky_turn")
"""Settings in which the series of one sweep differ; the id stands for them."""


class Confirmed:
    """The settings of one confirmed series of each sweep."""

    def __init__(self) -> None:
        self._settings: dict[str, Any] = {}

    def learn(self, job: Job) -> None:
        """A worker has finished ``job``, or found it finished with the right settings."""
        if job.sweep.key not in self._settings:
            self._settings[job.sweep.key] = _settings(job)

    def knows(self, job: Job) -> bool:
        """Whether ``job`` is finished for certain; False where a worker must look."""
        known = self._settings.get(job.sweep.key)
        return known is not None and _settings(job) == known


def _settings(job: Job) -> Any:
    """The settings recorded in a finished series, but for those of the job; None where there is no whole one."""
    try:
        content = read_json(job.folder / SERIES_JSON)
        settings = content["provenance"]["settings"]
        if content["id"] != job.series or len(content["frames"]) != job.frames:
            return None
        return {key: value for key, value in settings.items() if key not in OF_THE_JOB}
    except (InputError, OSError, KeyError, TypeError, AttributeError):
        return None
