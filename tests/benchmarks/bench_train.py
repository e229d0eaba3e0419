"""Our training step against a plain loop written like diffusers' own Kontext script, on a small random Kontext (`train.bench`).

python -m tests.benchmarks.bench_train [--turns 9] [--size 128]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch

from tests.benchmarks.measure import verdict
from train.bench.loops import Setting, compare

STEP, WAIT = 0.8, 0.02
"""Targets: our step over the plain loop's, and the share of our time spent waiting for data."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--size", type=int, default=128, help="side of the pictures in pixels")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as work:
        loops, table = compare(Setting(work=Path(work), size=options.size, batch=2, rank=16, turns=options.turns, steps=2, gpu=False))
    print(table + "\n")
    ours = loops[-1]
    for peer in loops[:2]:
        print(verdict(f"our step / {peer.name}", ours.median / peer.median, STEP, at_least=False))
    print(verdict("our share of time spent waiting for data", ours.wait or 0.0, WAIT, at_least=False))


if __name__ == "__main__":
    main()
