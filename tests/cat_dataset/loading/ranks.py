"""The ranks of the tests of several processes: python -m tests.cat_dataset.loading.ranks JOBS NODES PROCESSES.

JOBS is a JSON list. Each job has manifests, way, batch, steps, workers, state (or null) and out. Rank 0 writes to ``out``
what all ranks saw, gathered over gloo. Every rank is a process with the environment that torchrun would give it; all are
forked from one, because each that torchrun starts imports torch anew, for seconds.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import distributed
from torch.utils.data import DataLoader

from cat_dataset.errors import UsageError
from cat_dataset.loading.pair_dataset import PairDataset, PairSampler
from cat_dataset.loading.streaming import PairStream
from cat_dataset.manifests import open_dataset
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.loading.hashing import digests
from train.data.streaming import StreamedPairs

INDEX: dict[str, Any] = {"seed": 3, "zero_share": 0.1, "mirror": 0.5}
SIZES: dict[str, Any] = {"size": 8, "crop": 0.7}
STREAM: dict[str, Any] = {**SIZES, "buffer_series": 2, "draws": 3}


def run(job: dict[str, Any]) -> dict[str, Any]:
    """One job in this rank: step by step, pair numbers and digests; and the state behind them."""
    rank, world, batch = distributed.get_rank(), distributed.get_world_size(), job["batch"]
    dataset = open_dataset(job["manifests"])
    index = PairIndex(dataset, **INDEX)
    loader: Any
    source: PairSampler | PairStream
    if job["way"] == "stream":
        source = PairStream(dataset, index, **STREAM, rank=rank, world=world)
        loader = DataLoader(StreamedPairs(source), batch_size=batch // world, num_workers=job["workers"])
    else:
        alone = {"rank": 0, "world": 1} if job["way"] in ("split", "whole") else {"rank": rank, "world": world}
        source = PairSampler(index, batch=batch, steps=50, **alone)
        loader = DataLoader(PairDataset(dataset, index, **SIZES), batch_sampler=source, num_workers=job["workers"])
    if job["state"]:
        source.load_state_dict(job["state"])
    if job["way"] in ("split", "whole", "twice"):
        from accelerate import Accelerator, DataLoaderConfiguration

        accelerator = Accelerator(cpu=True, dataloader_config=DataLoaderConfiguration(split_batches=job["way"] == "split"))
        loader = accelerator.prepare(loader)
    numbered: Iterator[tuple[int, Any]] = source.enumerate(loader)
    taken = list(itertools.islice(numbered, job["steps"]))
    return {
        "steps": [step for step, _ in taken],
        "numbers": [[int(number) for number in made["index"]] for _, made in taken],
        "digests": [digests(made) for _, made in taken],
        "state": source.state_dict(),
    }


def refused(job: dict[str, Any]) -> dict[str, Any]:
    """The line that a job ends with."""
    try:
        return run(job)
    except UsageError as error:
        return {"refused": str(error)}


def rank_of(jobs: list[dict[str, Any]]) -> None:
    """What one rank does."""
    distributed.init_process_group("gloo")
    for job in jobs:
        gathered: list[Any] = [None] * distributed.get_world_size()
        distributed.all_gather_object(gathered, refused(job))
        if distributed.get_rank() == 0:
            Path(job["out"]).write_text(json.dumps(gathered), encoding="utf-8")
    distributed.destroy_process_group()


def forked(jobs: list[dict[str, Any]], rank: int, nodes: int, processes: int) -> int:
    """Start a rank; its process id."""
    child = os.fork()
    if child:
        return child
    numbers = {"RANK": rank, "WORLD_SIZE": nodes * processes, "LOCAL_RANK": rank % processes, "LOCAL_WORLD_SIZE": processes}
    os.environ.update({name: str(number) for name, number in {**numbers, "GROUP_RANK": rank // processes}.items()})
    try:
        rank_of(jobs)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def main() -> None:
    jobs, nodes, processes = (json.loads(word) for word in sys.argv[1:])
    if any(job["way"] in ("split", "whole", "twice") for job in jobs):
        import accelerate  # noqa: F401  # once, not in every rank
    children = [forked(jobs, rank, nodes, processes) for rank in range(nodes * processes)]
    sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) != 0 for child in children))


if __name__ == "__main__":
    main()
