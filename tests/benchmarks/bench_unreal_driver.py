"""The outside driver of Unreal: expanding a large plan, finding what is there, and its own time per state.

    python -m tests.benchmarks.bench_unreal_driver [--characters 223] [--states 21] [--size 1024] [--work DIR]

223 characters × 9 expressions are the 2,000 series of 100 characters × 20 attributes. Resuming is measured on folders with real
series.json files (their frames are not looked at then) and, in a tenth of the folders, journals. The time per state is that of
a whole series with an engine of known speed in its place: frames are read, checked, decoded, packed anew, hashed, journaled,
the repeated one is compared, the series is written. The driver does that while the engine renders the next frame.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import yaml

from cat_dataset.files import write_json
from cat_dataset.series import SERIES_JSON, read_series, verify_frames
from cat_dataset.series_writer import JOURNAL
from render.unreal.driver.expansion import Task, expand
from render.unreal.driver.frames import staged_frame
from render.unreal.driver.plan_file import Deadlines, read_plan
from render.unreal.driver.resume import standing
from render.unreal.driver.series_run import Watcher, make_series
from render.unreal.driver.watch import Condition
from render.unreal.job import Job, Rigs
from render.unreal.status import FINISHED, RENDERING, Status, write_status
from tests.benchmarks.measure import quiet, table, verdict

BEGUN = 10
"""One series in so many is begun, not finished."""


def timed(what: Callable[[], object]) -> float:
    """CPU seconds."""
    start = time.process_time()
    what()
    return time.process_time() - start


def write_plan(folder: Path, characters: int, states: int, size: int) -> Path:
    """A plan over all expressions."""
    content = {
        "project": "CatRender", "engine": "5.5", "editor": "attach", "characters": [f"Character{index:03d}" for index in range(characters)],
        "states": states, "size": size, "samples": 1, "skies": ["grey", "/Game/Skies/Studio"], "out": str(folder / "series"),
    }  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "plan.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return folder / "plan.yaml"


def fill(tasks: list[Task]) -> None:
    """Every series of the plan as a finished render leaves it, but for the pictures."""
    for number, task in enumerate(tasks):
        frames = [
            {
                "file": f"frames/{index:04d}.png", "sha256": "0" * 64, "width": 1024, "height": 1024, "values": {task.attribute: value},
                "measured": {task.attribute: value}, "state": {"controls": dict(task.job.states[index].face), "engine": "5.5.4-40574608"},
            }
            for index, value in enumerate(task.values)
        ]  # fmt: skip
        task.folder.mkdir(parents=True)
        made = {"settings": task.settings, "versions": {"unreal": "5.5"}}
        if number % BEGUN == 0:
            lines = [made, *({"index": index, **frame} for index, frame in enumerate(frames[:10]))]
            (task.folder / JOURNAL).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            continue
        series = {
            "schema": 1, "id": task.series, "source": "unreal", "scene": {"character": task.whose.key}, "object": "person",
            "varies": [task.attribute], "frames": frames, "constants": {"camera": asdict(task.job.camera)}, "provenance": made,
        }  # fmt: skip
        write_json(task.folder / SERIES_JSON, series)


class PacedEditor:
    """An engine that takes ``pace`` seconds for a frame and nothing else: it puts pictures that were made before in their place."""

    own, deadlines = True, Deadlines()

    def __init__(self, pictures: list[bytes], pace: float) -> None:
        self.pictures, self.pace, self.took = pictures, pace, 0.0
        self.wrote_cpu = 0.0

    def begin(self, manifest: Path, job: Job) -> bool:
        threading.Thread(target=self._render, args=(job,), daemon=True).start()
        return True

    def _render(self, job: Job) -> None:
        start, staging = time.perf_counter(), Path(job.staging)
        names = {name for state in job.states for name in state.face}
        controls = {str(state.index): dict.fromkeys(names, 0.0) | state.face for state in job.states}
        status = Status(job.sha256, state=RENDERING, beat=1, controls=controls, engine="5.5.4-40574608", frames_total=len(job.shown))
        write_status(Path(job.status), status)
        for frame, index in enumerate(job.shown):
            time.sleep(max(0.0, start + (frame + 1) * self.pace - time.perf_counter()))
            before = time.thread_time()
            (staging / staged_frame(frame)).write_bytes(self.pictures[index])
            status.beat, status.frames_done = status.beat + 1, frame + 1
            write_status(Path(job.status), status)
            self.wrote_cpu += time.thread_time() - before
        status.state, status.success = FINISHED, True
        write_status(Path(job.status), status)
        self.took = time.perf_counter() - start

    def inspect(self, report: Path, character: str, rigs: Rigs) -> None:
        raise NotImplementedError

    def condition(self) -> Condition:
        return Condition()

    def hurry(self) -> None:
        pass

    def close(self) -> None:
        pass


def noisy_pictures(count: int, size: int) -> list[bytes]:
    """RGBA PNGs as path tracing leaves them: smooth, with noise of two levels."""
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.integers(0, 255, (size, size, 3), np.uint8), (0, 0), 9).astype(np.float32)
    noise = [np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8) for _ in range(count)]
    return [bytes(cv2.imencode(".png", cv2.cvtColor(one, cv2.COLOR_RGB2RGBA))[1]) for one in noise]


def per_state(task: Task, pace: float) -> tuple[float, float]:
    """For each state of a whole series: CPU seconds of the driver, and wall seconds beyond the engine's own."""
    editor = PacedEditor(noisy_pictures(len(task.values), task.plan.render.size), pace)
    cpu, wall = time.process_time(), time.perf_counter()
    make_series(task, editor, Watcher(lambda states: None, lambda: None))
    cpu, wall = time.process_time() - cpu - editor.wrote_cpu, time.perf_counter() - wall
    verify_frames(task.folder, read_series(task.folder))
    return cpu / len(task.values), (wall - editor.took) / len(task.values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--characters", type=int, default=223)
    parser.add_argument("--states", type=int, default=21)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--pace", type=float, default=0.5, help="seconds that the engine takes for a frame")
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as scratch, quiet():
        folder = Path(scratch)
        path = write_plan(folder, options.characters, options.states, options.size)
        found: list[Task] = []
        expanding = timed(lambda: found.extend(expand(read_plan(path, "expressions"))))
        settings = timed(lambda: [task.settings for task in found])
        fill(found)
        fresh = list(expand(read_plan(path, "expressions")))
        resuming = timed(lambda: standing(fresh))
        there = standing(fresh)
        assert len(there.finished) + len(there.open) == len(found)
        assert not there.refused
        small = next(expand(read_plan(write_plan(folder / "one", 1, options.states, options.size), "expressions")))
        cpu, wall = per_state(small, options.pace)
    states = sum(len(task.values) for task in found)
    rows = [
        ["reading and expanding the plan", f"{expanding:.2f}", ""],
        ["and the settings of every series with their hash", f"{expanding + settings:.2f}", ""],
        [f"resuming: {len(there.finished)} finished and {len(there.open)} begun series", f"{expanding + resuming:.2f}", ""],
        [f"a state of {options.size} px, an engine that takes {options.pace:g} s for one", f"{cpu:.4f}", f"{wall:.4f}"],
    ]
    print(f"{options.characters} characters, {len(found)} series, {states} states; this process alone, no engine\n")
    print(table(["outside driver of Unreal", "CPU s", "wall s beyond the engine's"], rows) + "\n")
    print(verdict(f"expanding a plan of {states} states, CPU s", expanding + settings, 5.0, at_least=False))
    print(verdict("resuming it, CPU s", expanding + resuming, 5.0, at_least=False))
    print(verdict("a state, wall ms beyond the engine's own time", wall * 1000, 50.0, at_least=False, digits=1))
    print(f"- for comparison: a state costs the driver {cpu * 1000:.1f} ms of CPU, most of it while the engine renders the next one")


if __name__ == "__main__":
    main()
