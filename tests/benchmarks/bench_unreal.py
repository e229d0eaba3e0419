"""The outside driver of Unreal: expanding a large plan, finding what is there, and its own time per state.

    python -m tests.benchmarks.bench_unreal [--characters 223] [--states 21] [--size 1024] [--work DIR]

223 characters × 9 expressions are the 2,000 series of 100 characters × 20 attributes. All figures are CPU seconds of this
process. Resuming is measured on folders with real series.json files (their frames are not looked at then) and, in a tenth of
the folders, journals. The time per state is that of accepting a staged PNG of ``--size`` pixels: read, checked, decoded,
packed anew, journaled; an engine takes seconds or minutes for such a frame, and the driver works while it renders the next.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import cv2
import numpy as np
import yaml

from cat_dataset.files import write_json
from cat_dataset.series import SERIES_JSON
from cat_dataset.series_writer import JOURNAL, SeriesWriter
from render.unreal.driver.collector import Collector
from render.unreal.driver.expansion import Task, expand
from render.unreal.driver.frames import staged_frame
from render.unreal.driver.plan_file import read_plan
from render.unreal.driver.resume import standing
from render.unreal.job import write_job
from render.unreal.status import RENDERING, Status
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


def per_state(task: Task, folder: Path) -> tuple[float, float]:
    """CPU and wall seconds for each state that is taken in."""
    size = task.plan.render.size
    job = task.for_run(tuple(range(len(task.values))), folder.resolve(), 1)
    staging = Path(job.staging)
    staging.mkdir(parents=True)
    write_job(folder / "job.json", job)
    rng = np.random.default_rng(0)
    scene = cv2.GaussianBlur(rng.integers(0, 255, (size, size, 3), np.uint8), (0, 0), 9).astype(np.float32)
    for frame in range(len(job.shown)):
        noisy = np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8)
        cv2.imwrite(str(staging / staged_frame(frame)), cv2.cvtColor(noisy, cv2.COLOR_RGB2RGBA))
    controls = {str(state.index): {name: value for name, value in state.face.items()} for state in job.states}
    for state in job.states:
        controls[str(state.index)] |= dict.fromkeys((name for one in job.states for name in one.face), 0.0) | dict(state.face)
    status = Status(job.sha256, state=RENDERING, controls=controls, engine="5.5.4-40574608")
    with SeriesWriter(task.folder, task.settings, {"unreal": "5.5"}) as writer:
        collector = Collector(task, job, writer)
        collector.look(status)
        cpu, wall = time.process_time(), time.perf_counter()
        taken = collector.look(status)
        return (time.process_time() - cpu) / taken, (time.perf_counter() - wall) / taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--characters", type=int, default=223)
    parser.add_argument("--states", type=int, default=21)
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as scratch, quiet():
        folder = Path(scratch)
        path = write_plan(folder, options.characters, options.states, options.size)
        found: list[Task] = []
        expanding = timed(lambda: found.extend(expand(read_plan(path, "expressions"))))
        manifests = timed(lambda: [task.settings for task in found])
        fill(found)
        fresh = list(expand(read_plan(path, "expressions")))
        resuming = timed(lambda: standing(fresh))
        there = standing(fresh)
        assert len(there.finished) + len(there.open) == len(found)
        assert not there.refused
        small = next(expand(read_plan(write_plan(folder / "one", 1, options.states, options.size), "expressions")))
        cpu, wall = per_state(small, folder / "one" / "try-0001")
    states = sum(len(task.values) for task in found)
    rows = [
        ["reading and expanding the plan", f"{expanding:.2f}", ""],
        ["and all manifests with their hashes", f"{expanding + manifests:.2f}", ""],
        [f"resuming: {len(there.finished)} finished and {len(there.open)} begun series", f"{expanding + resuming:.2f}", ""],
        [f"taking in a state of {options.size} px", f"{cpu:.4f}", f"{wall:.4f}"],
    ]
    print(f"{options.characters} characters, {len(found)} series, {states} states; this process alone, no engine\n")
    print(table(["outside driver of Unreal", "CPU s", "wall s"], rows) + "\n")
    print(verdict("expanding a plan of 42,000 states, CPU s", expanding + manifests, 5.0, at_least=False))
    print(verdict("resuming it, CPU s", expanding + resuming, 5.0, at_least=False))
    print(verdict("taking in a state, CPU ms", cpu * 1000, 50.0, at_least=False, digits=1))


if __name__ == "__main__":
    main()
