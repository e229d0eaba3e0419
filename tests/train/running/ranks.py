"""What each process does in test_distributed: ``torchrun ... -m tests.train.running.ranks JOB``, where JOB is a JSON file.

Every part of it is a run of its own; what the runs raise goes to ``<out>/rank<r>.json``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from cat_dataset.errors import CatError
from cat_dataset.interrupt import GentleInterrupt
from train.config import TrainConfig
from train.run import train


def main(job: dict[str, Any]) -> None:
    rank, out = int(os.environ["RANK"]), Path(job["out"])
    settings: dict[str, Any] = job["settings"]
    said: dict[str, list[str]] = {}

    def run(name: str, interrupt: GentleInterrupt | None = None, **more: object) -> None:
        said[name] = []
        try:
            train(TrainConfig.of(**{**settings, "out": str(out / name), **more}), interrupt)
        except CatError as error:
            said[name] = [type(error).__name__, str(error)]

    run("ddp", max_steps=4)
    run("fsdp2", max_steps=4, sharding="fsdp2", accumulate=2, resume=True)
    run("damaged", max_steps=4, shards=job["damaged"] if rank == 1 else settings["shards"])
    run("diverged", max_steps=9, learning_rate=1e37)
    run("unequal", max_steps=4, batch=3)
    interrupt = GentleInterrupt("step", echo_s=60)
    if rank == 1:
        os.kill(os.getpid(), signal.SIGTERM)
        while not interrupt.signal:
            pass
    run("stopped", interrupt, max_steps=4)
    (out / f"rank{rank}.json").write_text(json.dumps(said), encoding="utf-8")


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
