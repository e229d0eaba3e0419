"""What each process does in test_distributed. Every part of it is a run of its own; what they raise goes to ``<out>/rank<r>.json``."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

from accelerate.state import AcceleratorState

from cat_dataset.errors import CatError
from cat_dataset.interrupt import GentleInterrupt
from train.config import TrainConfig
from train.run import train


def walk(rank: int, out: Path, settings: dict[str, Any], damaged: str, later: str) -> None:
    """All the runs, as one of two processes.

    Args:
        damaged: manifests of data that are damaged.
        later: of data that are good for two steps.
    """
    AcceleratorState._reset_state(reset_partial_state=True)  # a fork has its parent's, of one process
    said: dict[str, list[str]] = {}

    def run(name: str, interrupt: GentleInterrupt | None = None, **more: object) -> None:
        said[name] = []
        try:
            train(TrainConfig.of(**{**settings, "out": str(out / name), **more}), interrupt)
        except CatError as error:
            said[name] = [type(error).__name__, str(error)]

    run("ddp", max_steps=4)
    run("fsdp2", max_steps=4, sharding="fsdp2", accumulate=2, resume=True)
    run("damaged_run", max_steps=4, shards=damaged if rank == 1 else settings["shards"])
    run("later_run", max_steps=9, checkpoint_every=9, shards=later if rank == 1 else settings["shards"])
    run("diverged", max_steps=9, learning_rate=1e37)
    run("unequal", max_steps=4, batch=3)
    interrupt = GentleInterrupt("step", echo_s=60)
    if rank == 1:
        os.kill(os.getpid(), signal.SIGTERM)
        while not interrupt.signal:
            time.sleep(0.01)
    run("stopped", interrupt, max_steps=4)
    (out / f"rank{rank}.json").write_text(json.dumps(said), encoding="utf-8")
