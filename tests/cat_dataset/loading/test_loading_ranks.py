"""Real processes: four ranks on one node, then two on each of two, see what one process alone would; accelerate likewise.

Under torchrun itself: the example of docs/loading.md, see test_loading_docs.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.loading.pair_dataset import PairDataset
from cat_dataset.loading.streaming import PairStream
from cat_dataset.manifests import open_dataset
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.factory import build_dataset, make_collection
from tests.cat_dataset.loading.hashing import digest

pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("accelerate", reason="accelerate is not installed")
from tests.cat_dataset.loading.ranks import INDEX, SIZES, STREAM

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
ROOT = Path(__file__).parents[3]
BATCH = 8


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ranks")
    make_collection(root / "series", rotations=4, isos=4, frames=5)
    build_dataset(root, split={"train": 1.0, "validation": 0.0, "test": 0.0}, shard_size=12_000)
    return root


@pytest.fixture(scope="module")
def expected(root: Path) -> list[str]:
    """Every pair of the first steps, by one process."""
    dataset = open_dataset(root / "manifests")
    pairs = PairDataset(dataset, PairIndex(dataset, **INDEX), **SIZES)
    return [digest(pairs[i]) for i in range(10 * BATCH)]


def launch(root: Path, jobs: list[dict[str, Any]], *, nodes: int, processes: int) -> list[list[dict[str, Any]]]:
    """Run jobs on ``nodes`` × ``processes`` ranks; gives what every rank saw, job by job."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    jobs = [{"manifests": str(root / "manifests"), "state": None, "workers": 0, "batch": BATCH, **job} for job in jobs]
    for number, job in enumerate(jobs):
        job["out"] = str(root / f"{nodes}x{processes}-{number}.json")
    loopback = {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1", **loopback}
    done = subprocess.run(
        [sys.executable, "-m", "tests.cat_dataset.loading.ranks", json.dumps(jobs), str(nodes), str(processes)],
        cwd=ROOT, env={**os.environ, **meeting}, text=True, capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(Path(str(job["out"])).read_text(encoding="utf-8")) for job in jobs]


def in_order(ranks: list[dict[str, Any]]) -> list[str]:
    """Digests of all ranks' pairs, step by step, rank by rank."""
    return [one for step in zip(*(rank["digests"] for rank in ranks), strict=True) for share in step for one in share]


def test_one_node_of_four_then_two_nodes_of_two(root: Path, expected: list[str]) -> None:
    (four,) = launch(root, [{"way": "own", "steps": 3}], nodes=1, processes=4)
    states = [rank["state"] for rank in four]
    assert states == [states[0]] * 4 and states[0]["pairs"] == 3 * BATCH
    (two,) = launch(root, [{"way": "own", "steps": 4, "workers": 1, "state": states[0]}], nodes=2, processes=2)
    assert [rank["steps"] for rank in four] == [[0, 1, 2]] * 4
    assert [rank["steps"] for rank in two] == [[3, 4, 5, 6]] * 4
    assert in_order(four) + in_order(two) == expected[: 7 * BATCH]


def test_accelerate_and_streams_on_two_ranks(root: Path, expected: list[str]) -> None:
    jobs = [
        {"way": "split", "steps": 4, "workers": 1},
        {"way": "own", "steps": 4},
        {"way": "whole", "steps": 4},
        {"way": "twice", "steps": 4},
        {"way": "stream", "steps": 9, "workers": 2},
    ]
    split, own, whole, twice, stream = launch(root, jobs, nodes=1, processes=2)
    for job in (split, own):
        assert in_order(job) == expected[: 4 * BATCH]
        assert job[0]["steps"] == job[1]["steps"] == [0, 1, 2, 3]
        assert job[0]["state"] == job[1]["state"]
    assert all("split_batches=True" in rank["refused"] for rank in whole), "accelerate would give each rank every other batch"
    assert all("2 already" in rank["refused"] for rank in twice), "shared by the sampler, then again by accelerate"
    check_stream(root, stream)


def check_stream(root: Path, ranks: list[dict[str, Any]]) -> None:
    """What two ranks of two workers streamed is what one reader would give under the same numbers, each pair once."""
    assert [len(rank["steps"]) for rank in ranks] == [9, 9]
    assert ranks[0]["state"] == ranks[1]["state"]
    seen = {
        number: one
        for rank in ranks
        for numbers, found in zip(rank["numbers"], rank["digests"], strict=True)
        for number, one in zip(numbers, found, strict=True)
    }
    assert len(seen) == 9 * BATCH
    dataset = open_dataset(root / "manifests")
    alone: dict[int, str] = {}
    for sample in PairStream(dataset, PairIndex(dataset, **INDEX), **STREAM):
        alone[sample["index"]] = digest(sample)
        if seen.keys() <= alone.keys():
            break
        assert len(alone) < 1000, "a number that one reader does not give"
    assert seen == {number: alone[number] for number in seen}
