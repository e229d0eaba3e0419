"""Every benchmark, one after the other: ``make bench``.

    python -m tests.benchmarks.run_all [--quick] [--only pairs build] [--work DIR] [--write docs/performance.md]

Each runs in a process of its own and prints a Markdown table and which targets are met. ``--write`` puts what they printed into a
document, between the markers ``<!-- bench pairs -->`` and ``<!-- end pairs -->`` and so on: no figure is typed by hand.
The full run takes about half an hour and 3 GB of scratch space; ``--quick`` takes minutes and its figures mean little.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import say

PICTURES = Path("docs/pictures")


@dataclass(frozen=True)
class Run:
    """One benchmark: its name in ``--only`` and in the markers, its module, its flags, those of ``--quick``."""

    name: str
    module: str
    flags: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    scratch: bool = True

    def command(self, quick: bool, work: Path | None, plot: Path | None) -> list[str]:
        words = [sys.executable, "-m", f"tests.benchmarks.{self.module}", *self.flags, *(self.quick if quick else ())]
        if work is not None and self.scratch:
            words += ["--work", str(work)]
        if plot is not None and self.module == "bench_scale":
            words += ["--plot", str(plot)]
        return words


RUNS = (
    Run("pairs", "bench_pairs", (), ("--series", "4", "--frames", "60", "--turns", "3")),
    Run("pairs-512", "bench_pairs", ("--size", "512"), ("--series", "4", "--frames", "60", "--turns", "3")),
    Run("pairs-png", "bench_pairs", ("--format", "png", "--series", "4"), ("--frames", "30", "--turns", "3")),
    Run("loader", "bench_loader", (), ("--series", "1", "--turns", "3")),
    Run("build", "bench_build", (), ("--series", "4", "--turns", "3")),
    Run("build-png", "bench_build", ("--format", "png", "--series", "5"), ("--series", "1", "--turns", "3")),
    Run("verify", "bench_verify", (), ("--megabytes", "60", "--turns", "3"), scratch=False),
    Run("scale", "bench_scale", (), ("--frames", "10000", "100000", "--turns", "2")),
    Run("memory", "bench_memory", (), ("--series", "100", "400")),
    Run("ingest", "bench_ingest", (), ("--frames", "4", "--size", "1536", "1024", "--side", "512", "--turns", "1")),
    Run(
        "ingest-full",
        "bench_ingest",
        ("--full", "--frames", "8", "--turns", "2"),
        ("--frames", "4", "--size", "1536", "1024", "--side", "512", "--turns", "1"),
    ),
    Run("half-size", "bench_half_size", (), ("--size", "3072", "2048", "--memory", "3072", "2048", "--turns", "1")),
    Run("render", "bench_render", (), ("--triangles", "4000", "--size", "64", "--states", "4", "--turns", "1")),
    Run("render-frame", "bench_render_frame", (), ("--triangles", "4000", "--size", "64", "--rounds", "1", "--frames", "2")),
    Run("render-quality", "bench_render_quality", (), ("--size", "48", "--samples", "2", "8", "--reference", "32", "--states", "3")),
    Run("render-long", "bench_render_long", (), ("--frames", "16", "--series", "24", "--size", "16")),
    Run("train", "bench_train", (), ("--size", "64", "--turns", "1"), scratch=False),
    Run("edit-tokens", "edit_tokens", (), ("--side", "128", "--turns", "1")),
    Run("unreal-link", "bench_unreal_link", (), ("--commands", "30", "--megabytes", "2", "--turns", "1"), scratch=False),
    Run("unreal-driver", "bench_unreal_driver", (), ("--characters", "4", "--size", "128", "--pace", "0.05")),
)


def put(document: str, name: str, output: str) -> str:
    """``document`` with what stands between the markers of ``name`` replaced by ``output``.

    Raises:
        SystemExit: the markers are not there, once each and in order.
    """
    begin, end = f"<!-- bench {name} -->", f"<!-- end {name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(document)) != 1:
        raise SystemExit(f"the document has no place for {name}: add the lines {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n{output.strip()}\n{end}", document)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes: shows that everything runs, no more")
    parser.add_argument("--only", nargs="+", choices=[run.name for run in RUNS], help="these and no others")
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables between their markers in this document")
    options = parser.parse_args()
    if options.write is not None and options.quick:
        parser.error("--write takes the figures of a full run; leave --quick out")
    failed = []
    for run in RUNS:
        if options.only and run.name not in options.only:
            continue
        started = time.perf_counter()
        plot = PICTURES / "scale.png" if options.write is not None else None
        done = subprocess.run(
            run.command(options.quick, options.work, plot), stdout=subprocess.PIPE, env=os.environ, encoding="utf-8", check=False
        )
        print(f"## {run.name}\n\n{done.stdout.strip()}\n", flush=True)
        say(f"{run.name}: {time.perf_counter() - started:.0f} s")
        if done.returncode:
            failed.append(run.name)
        elif options.write is not None:
            options.write.write_text(put(options.write.read_text(encoding="utf-8"), run.name, done.stdout), encoding="utf-8")
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
