"""Time our training step beside a plain loop, and print a table.

    python -m train.bench [--size 512] [--batch 4] [--rank 128] [--turns 5] [--steps 2] [--threads 1]

On a GPU: FLUX.1 Kontext's 12-billion-parameter transformer with random weights, one loop after the other. On a CPU: a small one, the
loops in turns, so that what else the machine does meets both. Ratios of one run are what counts.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import torch

from train.bench.loops import Setting, compare


def main() -> None:
    """Command line entry."""
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(
        prog="python -m train.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=512 if gpu else 128, help="side of the pictures in pixels")
    parser.add_argument("--batch", type=int, default=4 if gpu else 2, help="pairs per step")
    parser.add_argument("--rank", type=int, default=128 if gpu else 16, help="LoRA rank, of both loops")
    parser.add_argument("--turns", type=int, default=3 if gpu else 7, help="turns of each loop; the median is reported")
    parser.add_argument("--steps", type=int, default=5 if gpu else 2, help="steps in a turn")
    parser.add_argument("--threads", type=int, default=1, help="torch threads on a CPU")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as work:
        setting = Setting(
            work=Path(work), size=options.size, batch=options.batch, rank=options.rank, turns=options.turns, steps=options.steps, gpu=gpu
        )
        print(compare(setting)[1], flush=True)


if __name__ == "__main__":
    main()
