"""CPU seconds of whole sweeps: ours against the ways that others render them.

    python -m tests.benchmarks.bench_render [--triangles 252000] [--size 256] [--samples 16] [--states 37] [--turns 2]

One scene for all: a bumpy ring of many triangles on the plain floor under the sky builtin:forest, turned through ``--states`` angles.
Ours is ``python -m render.blender.rotate`` as users run it, from process start to the written series, with its hull, mask check, hashes
and journal; the others (`tests.benchmarks.render_peers`) render the frames of that very series and nothing else. Where nothing
is kept from frame to frame, the sweep is reckoned from a few of its frames. The pictures of all are compared.
One CPU thread each; CPU seconds of whole processes.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path

import cv2

from tests.benchmarks.heavy_asset import write_ring
from tests.benchmarks.measure import cpu_seconds, ratios, say, spread, table, verdict
from tests.benchmarks.render_frames import ROOT

OURS = "ours"
PEERS = {
    "one process per frame": "frame",
    "one process, scene loaded anew for each frame": "reloaded",
    "one process per asset (objaverse, zero123)": "still",
    "one process, persistent data, automatic map": "kept",
    "BlenderProc-style: the same, keyframed": "keyframed",
}
NAIVE, STYLE = "one process per frame", "BlenderProc-style: the same, keyframed"
FEW, MORE = 2, 5
"""Frames from which a sweep is reckoned that keeps nothing: the difference is what each further frame costs."""
ALIKE_DB = 30.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triangles", type=int, default=252_000)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--states", type=int, default=37)
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        asset = Path(folder) / "ring.obj"
        triangles = write_ring(asset, options.triangles)
        print(
            f"{triangles} triangles, floor, sky; {options.size} px, {options.samples} samples, denoised, {options.states} frames; "
            f"one thread of Blender {version('bpy')}; median (least to most) of {options.turns} turns\n"
        )
        flags = ["--asset", asset, "--hdri", "builtin:forest", "--floor", "plain", "--views", 1, "--threads", 1]
        seconds = _sweeps(
            Path(folder), asset, [*flags, "--size", options.size, "--samples", options.samples], options.states, options.turns
        )
        print(_sweep_table(seconds, options.states))


def _sweeps(folder: Path, asset: Path, flags: Sequence[object], states: int, turns: int) -> dict[str, list[float]]:
    """CPU seconds of the whole sweep, by way of rendering it, turn by turn."""
    seconds: dict[str, list[float]] = {name: [] for name in (OURS, *PEERS)}
    for turn in range(turns):
        out = folder / f"turn{turn}"
        seconds[OURS].append(_spent(["render.blender.rotate", *flags, "--states", states, "--out", out / "ours"]))
        (series,) = (out / "ours").iterdir()
        say(f"turn {turn + 1}: ours {seconds[OURS][-1]:.1f} CPU s")
        for name, mode in list(PEERS.items())[:: 1 if turn % 2 else -1]:
            command = ["tests.benchmarks.render_peers", mode, series, asset, out / mode]
            if mode == "frame":
                found = states * statistics.mean(_spent([*command, "--frame", index]) for index in (0, states - 1))
            elif mode in ("reloaded", "still"):
                few, more = (_spent([*command, "--frames", min(count, states)]) for count in (FEW, MORE))
                found = few + (states - FEW) * (more - few) / (min(MORE, states) - FEW)
            else:
                found = _spent(command)
            seconds[name].append(found)
            say(f"turn {turn + 1}: {name} {seconds[name][-1]:.1f} CPU s")
            _compare(out / mode, series / "frames")
        shutil.rmtree(out)
    return seconds


def _spent(words: Iterable[object]) -> float:
    """CPU seconds of ``python -m words...``."""
    start = cpu_seconds()
    done = subprocess.run([sys.executable, "-m", *map(str, words)], cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return cpu_seconds() - start


def _compare(theirs: Path, ours: Path) -> None:
    """See that every picture in ``theirs`` shows what ours of that name does, and that there is one."""
    pictures = sorted(theirs.glob("*.png"))
    worst = min(cv2.PSNR(cv2.imread(str(path)), cv2.imread(str(ours / path.name))) for path in pictures)
    if worst < ALIKE_DB:
        raise SystemExit(f"{theirs.name} renders something else: {worst:.1f} dB")


def _sweep_table(seconds: dict[str, list[float]], states: int) -> str:
    rows = [
        [name, spread(found, 1), spread([one / states for one in found]), spread(ratios(found, seconds[OURS]))]
        for name, found in seconds.items()
    ]
    naive, style = (statistics.median(ratios(seconds[name], seconds[OURS])) for name in (NAIVE, STYLE))
    lines = [table(["whole sweep", "CPU s", "CPU s per frame", "this / ours"], rows), ""]
    lines.append(verdict(f"{NAIVE} / ours", naive, 2.5, at_least=True))
    lines.append(verdict(f"{STYLE} / ours", style, 1.15, at_least=True))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
