"""Takes in exactly the frames that were asked for, as they appear in the staging folder, and sees that no state leaks."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError, RunFailed
from cat_dataset.images import Rgb, decode_rgb
from cat_dataset.series_writer import SeriesWriter
from render.unreal.driver.expansion import Task
from render.unreal.driver.frames import Picture, Unfinished, read_frame, staged_frame
from render.unreal.driver.readback import measured
from render.unreal.driver.repeat import Difference, compare
from render.unreal.errors import RenderFailed
from render.unreal.job import Job
from render.unreal.status import Status

LISTED = 5


class Leaking(RunFailed):
    """A state that was rendered again does not look as it did."""


class Collector:
    """The frames of one try. ``taken`` counts those that were accepted, ``again`` tells how the repeated ones compare."""

    def __init__(self, task: Task, job: Job, writer: SeriesWriter) -> None:
        self.taken = 0
        self.again: dict[int, Difference] = {}
        self._task, self._job, self._writer = task, job, writer
        self._staging = Path(job.staging)
        self._waiting = dict(enumerate(job.shown))
        self._sizes: dict[int, tuple[int, int]] = {}
        self._held: tuple[int, Rgb] | None = None

    def look(self, status: Status) -> int:
        """Take in what has arrived since the last look; how many states that committed."""
        return sum(self._take(frame, status, last=False) for frame in list(self._waiting))

    def conclude(self, status: Status) -> int:
        """Take in the rest: the editor has said that everything is there.

        Raises:
            RenderFailed: frames are missing or cut off; names them.
        """
        committed = sum(self._take(frame, status, last=True) for frame in list(self._waiting))
        if self._waiting:
            names = [staged_frame(frame) for frame in self._waiting]
            more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
            raise RenderFailed(
                f"the render queue reported success, and of {len(self._job.shown)} frames {len(names)} are missing or cut off: "
                f"{', '.join(names[:LISTED])}{more}"
            )
        return committed

    def salvage(self, status: Status) -> int:
        """Take in what is whole after a try has come to a bad end; how many states that committed.

        Raises:
            Leaking: a state that was rendered again does not look as it did.
        """
        committed = 0
        for frame in list(self._waiting):
            with suppress(InputError, RenderFailed):  # what ended the try is the better reason
                committed += self._take(frame, status, last=True)
        return committed

    def strays(self) -> int:
        """Files in the staging folder that nobody asked for, such as warm-up frames with negative numbers."""
        expected = {staged_frame(frame) for frame in range(len(self._job.shown))}
        try:
            return sum(path.name not in expected for path in self._staging.iterdir())
        except OSError:
            return 0

    def _take(self, frame: int, status: Status, last: bool) -> bool:
        """Take in sequence frame ``frame`` if it is whole; whether that committed a state."""
        path, index = self._staging / staged_frame(frame), self._waiting[frame]
        if not last and not self._still(frame, path):
            return False
        controls = status.controls.get(str(index))
        if controls is None:
            if last:
                raise RenderFailed(f"the editor did not read back its controls at state {index}; its code is not this version's")
            return False
        try:
            picture = read_frame(path, self._job.render.size)
        except Unfinished:
            return False
        del self._waiting[frame]
        self.taken += 1
        if index in self._writer.done:
            self._compare(index, picture)
            return False
        self._commit(index, picture, controls, status)
        return True

    def _still(self, frame: int, path: Path) -> bool:
        """Whether ``path`` is as it was at the last look: who still writes it makes it longer."""
        try:
            state = path.stat()
        except OSError:
            return False
        now = (state.st_size, state.st_mtime_ns)
        before, self._sizes[frame] = self._sizes.get(frame), now
        return before == now and state.st_size > 0

    def _commit(self, index: int, picture: Picture, controls: Mapping[str, float], status: Status) -> None:
        state = self._job.states[index]
        found = measured(self._task.attribute, state, controls, status.limits)
        self._writer.staging_path(index).write_bytes(picture.png)  # commit makes it durable
        told: dict[str, Any] = {"controls": {name: round(value, 6) + 0.0 for name, value in controls.items()}, "engine": status.engine}
        self._writer.commit(index, state.values, found, state=told)
        if index == self._job.repeat:
            self._held = (index, picture.rgb)

    def _compare(self, index: int, picture: Picture) -> None:
        """A state that is there already: it must look the same.

        Raises:
            Leaking: it does not.
        """
        if self._held is not None and self._held[0] == index:
            first = self._held[1]
        else:
            path = self._writer.folder / self._writer.done[index].file
            first = decode_rgb(path.read_bytes(), where=str(path))
        difference = compare(first, picture.rgb)
        self.again[index] = difference
        if difference.leaks:
            raise Leaking(
                f"state {index} ({self._task.attribute} = {self._task.values[index]:g}) rendered again does not look as it did: "
                f"{difference}. States leak into one another (a denoiser across frames, temporal samples, hair or cloth that is "
                "simulated), or the project was changed meanwhile; its frames were discarded"
            )
