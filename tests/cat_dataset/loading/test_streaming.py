"""Pairs from shards read front to back: the same for any readers, resumed without a gap, damage named."""

from __future__ import annotations

import http.server
import io
import itertools
import json
import shutil
import tarfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cat_dataset.errors import LoadError, UsageError
from cat_dataset.folders import LocalFolder
from cat_dataset.frames import FrameReader
from cat_dataset.images import decode_rgb
from cat_dataset.loading.samples import PairSample
from cat_dataset.loading.streaming import PairStream
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.building.test_remote import RangedHandler
from tests.cat_dataset.factory import build_dataset, make_collection, make_series
from tests.cat_dataset.loading.chance import p_value
from tests.cat_dataset.loading.hashing import digest, digests

EVERYTHING = {"train": 1.0, "validation": 0.0, "test": 0.0}
SERIES, DRAWS, BUFFER = 11, 3, 3
PAIRS = SERIES * DRAWS
"""Of one epoch."""
LARGEST_GROUP = 4 * DRAWS
"""Pairs of two shards of two series."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("streaming")
    make_collection(root / "series", rotations=5, isos=5, frames=4)
    exposures, angles = zip(*itertools.product([0.0, 1.0], [0.0, 10.0]), strict=True)
    make_series(root / "series", "both", {"exposure": exposures, "rotation_x": angles}, seed=90)
    build_dataset(root, split=EVERYTHING, shard_size=24_000)
    return root


@pytest.fixture(scope="module")
def dataset(root: Path) -> Dataset:
    dataset = open_dataset(root / "manifests")
    assert len(dataset.info["shards"]) > 4
    return dataset


@pytest.fixture(scope="module")
def index(dataset: Dataset) -> PairIndex:
    return PairIndex(dataset, seed=3, zero_share=0.1, mirror=0.5)


def stream_of(dataset: Dataset, index: PairIndex, **options: Any) -> PairStream:
    return PairStream(dataset, index, **{"size": 8, "buffer_series": BUFFER, "draws": DRAWS, **options})


def take(samples: Iterator[PairSample], count: int) -> dict[int, str]:
    """Digests by pair number; no number may come twice."""
    found = {sample["index"]: digest(sample) for sample in itertools.islice(samples, count)}
    assert len(found) == count
    return found


@pytest.fixture(scope="module")
def alone(dataset: Dataset, index: PairIndex) -> dict[int, str]:
    """Six epochs by one reader."""
    return take(iter(stream_of(dataset, index)), 6 * PAIRS)


def test_numbers_count_up_and_each_epoch_has_an_order_of_its_own(dataset: Dataset, index: PairIndex) -> None:
    samples = list(itertools.islice(stream_of(dataset, index), 3 * PAIRS))
    assert [sample["index"] for sample in samples] == list(range(3 * PAIRS))
    epochs = [samples[begin : begin + PAIRS] for begin in range(0, 3 * PAIRS, PAIRS)]
    assert len({tuple(dict.fromkeys(sample["series"] for sample in epoch)) for epoch in epochs}) == 3


def test_series_directions_and_the_zero_share_are_even(dataset: Dataset) -> None:
    """Chi-squared over 60 epochs of the five ISO series."""
    samples = list(itertools.islice(stream_of(dataset, PairIndex(dataset, attributes=["iso"], mirror=0.5), size=1), 60 * 5 * DRAWS))
    assert p_value(list(Counter(sample["series"] for sample in samples).values())) > 0.001
    signs = Counter(np.sign(sample["deltas"][0]) for sample in samples)
    assert p_value([signs[1.0], signs[-1.0]]) > 0.001
    assert p_value([signs[0.0], len(samples) - signs[0.0]], [0.05, 0.95]) > 0.001


def test_pairs_are_those_of_the_series_in_the_buffer(dataset: Dataset, index: PairIndex) -> None:
    """Blocks of at most BUFFER series; each pair is `pair_within` them, and shows the frames that random access gives."""
    reader = FrameReader(dataset)
    names = dataset.series["series"].tolist()
    where = {name: number for number, name in enumerate(names)}
    blocks = list(blocks_of(dataset))
    assert max(map(len, blocks)) <= BUFFER and sorted(itertools.chain(*blocks)) == list(range(SERIES))
    seen: dict[int, list[PairSample]] = {}
    for sample in itertools.islice(stream_of(dataset, index, size=12), PAIRS):
        (block,) = [number for number, block in enumerate(blocks) if where[sample["series"]] in block]
        seen.setdefault(block, []).append(sample)
        pair = index.pair_within(sample["index"], blocks[block])
        assert (pair.series, pair.instruction) == (sample["series"], sample["instruction"])
        stored = decode_rgb(reader.read(pair.source))[:, 2:14]
        assert np.array_equal(sample["source"], stored[:, ::-1] if pair.mirrored else stored)
    assert {block: len(samples) for block, samples in seen.items()} == {k: DRAWS * len(block) for k, block in enumerate(blocks)}


def blocks_of(dataset: Dataset) -> Iterator[list[int]]:
    """The buffer's contents, worked out from the tables: shards grouped to BUFFER series at least, groups cut evenly."""
    groups: list[list[int]] = [[]]
    for shard in dataset.series["shard"].unique():
        if len(groups[-1]) >= BUFFER:
            groups.append([])
        groups[-1] += np.flatnonzero(dataset.series["shard"] == shard).tolist()
    if len(groups[-1]) < BUFFER:
        rest = groups.pop()
        groups[-1] += rest
    for group in groups:
        yield from (block.tolist() for block in np.array_split(group, -(-len(group) // BUFFER)))


@pytest.mark.parametrize(("world", "workers"), [(1, 2), (2, 1), (3, 2), (20, 1), (1, 20)])
def test_any_readers_see_the_same_pairs(dataset: Dataset, index: PairIndex, alone: dict[int, str], world: int, workers: int) -> None:
    """Also more readers than shards: all go on for ever, and none sees what another sees."""
    seen: dict[int, str] = {}
    for rank in range(world):
        stream = stream_of(dataset, index, rank=rank, world=world)
        for worker in range(workers):
            own = take(stream.pairs(worker, workers), 12)
            assert not own.keys() & seen.keys()
            seen |= own
    shared = seen.keys() & alone.keys()
    assert len(shared) >= 12
    assert {number: seen[number] for number in shared} == {number: alone[number] for number in shared}


def rounds(stream: PairStream, workers: int, steps: int, batch: int) -> list[int]:
    """Pair numbers in the order in which a DataLoader hands batches out: workers take turns."""
    readers = [stream.pairs(worker, workers) for worker in range(workers)]
    return [sample["index"] for step in range(steps) for sample in itertools.islice(readers[step % workers], batch)]


@settings(max_examples=25)
@given(
    world=st.integers(1, 3), workers=st.integers(1, 3), steps=st.integers(0, 12), batch=st.integers(1, 5),
    other=st.tuples(st.integers(1, 2), st.integers(1, 2)),
)  # fmt: skip
def test_a_resume_leaves_no_pair_out(
    dataset: Dataset, index: PairIndex, world: int, workers: int, steps: int, batch: int, other: tuple[int, int]
) -> None:
    """Whatever readers there were and come: every pair below the state's group was seen, and all from there on come."""
    seen: set[int] = set()
    states = []
    for rank in range(world):
        stream = stream_of(dataset, index, rank=rank, world=world)
        seen |= set(rounds(stream, workers, steps, batch))
        states.append(json.loads(json.dumps(stream.state_after(steps, batch=batch, workers=workers))))
    assert states == [states[0]] * world, "every rank keeps the same"
    resumed = stream_of(dataset, index)
    resumed.load_state_dict(states[0])
    first = next(iter(resumed))["index"]
    assert set(range(first)) <= seen
    missing = next(number for number in itertools.count() if number not in seen)
    assert missing - LARGEST_GROUP < first <= missing, "the group of the first pair that was not seen"
    ranks, readers = other
    again: set[int] = set()
    for rank in range(ranks):
        stream = stream_of(dataset, index, rank=rank, world=ranks)
        stream.load_state_dict(states[0])
        again |= set(rounds(stream, readers, 10 * readers, 4))
    assert min(again) == first
    assert set(range(first, first + DRAWS)) <= again


def test_a_resumed_stream_goes_on_as_the_one_that_was_not_stopped(dataset: Dataset, index: PairIndex, alone: dict[int, str]) -> None:
    for steps in (0, 1, 7, 30, 41):
        stream = stream_of(dataset, index)
        state = stream.state_after(steps, batch=4)
        stream.load_state_dict(state)
        assert stream.state_dict() == state
        found = take(iter(stream), 40)
        assert list(found) == list(range(min(found), min(found) + 40))
        assert found == {number: alone[number] for number in found}
        assert min(found) <= 4 * steps


def test_chosen_attributes_only(dataset: Dataset, root: Path, tmp_path: Path) -> None:
    """Series that are not drawn from take no place in the buffer, and shards that hold no other are not read."""
    copy = copied(root, tmp_path)
    only = PairIndex(copy, attributes=["iso"], weights={"iso": 2.0})
    assert isinstance(copy.shards, LocalFolder)
    for shard, own in copy.series.groupby("shard"):
        if not any("iso" in varies for varies in own["varies"]):
            (copy.shards.path / str(shard)).unlink()
    samples = list(itertools.islice(stream_of(copy, only), 5 * DRAWS))
    assert Counter(sample["series"][:3] for sample in samples) == {"iso": 5 * DRAWS}
    assert {sample["tasks"].tolist()[0] for sample in samples} == {1}


def frames_of_first_group(dataset: Dataset, index: PairIndex) -> list[int]:
    """Rows of the frames that the first pairs show, in order."""
    names = dict.fromkeys(sample["series"] for sample in itertools.islice(stream_of(dataset, index), 2 * DRAWS))
    block = next(
        block for block in blocks_of(dataset) if dataset.series["series"][block[0]] in names or dataset.series["series"][block[1]] in names
    )
    pairs = [index.pair_within(number, block) for number in range(DRAWS * len(block))]
    return sorted({row for pair in pairs for row in (pair.source, pair.target)})


def copied(root: Path, tmp_path: Path) -> Dataset:
    for name in ("shards", "manifests"):
        shutil.copytree(root / name, tmp_path / name)
    return open_dataset(tmp_path / "manifests")


def flip(path: Path, dataset: Dataset, row: int) -> None:
    content = bytearray(path.read_bytes())
    content[int(dataset.columns.offset[row]) + 30] ^= 1
    path.write_bytes(content)


def truncate(path: Path, dataset: Dataset, row: int) -> None:
    path.write_bytes(path.read_bytes()[: int(dataset.columns.offset[row]) + 10])


def truncate_between(path: Path, dataset: Dataset, row: int) -> None:
    path.write_bytes(path.read_bytes()[: int(dataset.columns.offset[row]) - 512])


def damage_header(path: Path, dataset: Dataset, row: int) -> None:
    content = bytearray(path.read_bytes())
    content[int(dataset.columns.offset[row]) - 512 + 150] ^= 1
    path.write_bytes(content)


def rename(name: str) -> Callable[[Path, Dataset, int], None]:
    def change(path: Path, dataset: Dataset, row: int) -> None:
        repack(path, lambda number, member, data: (name if number == 2 * row_in_shard(dataset, row) else member, data))

    change.__name__ = f"renamed {name}"
    return change


def row_in_shard(dataset: Dataset, row: int) -> int:
    shard = dataset.frames["shard"][row]
    return row - int(np.flatnonzero(dataset.frames["shard"] == shard)[0])


def repack(path: Path, change: Callable[[int, str, bytes], tuple[str, bytes]], mode: str = "w") -> None:
    with tarfile.open(path) as tar:
        members = [(one.name, tar.extractfile(one).read()) for one in tar]  # type: ignore[union-attr]
    with tarfile.open(path, mode) as tar:
        for number, (name, data) in enumerate(members):
            name, data = change(number, name, data)
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def compress(path: Path, dataset: Dataset, row: int) -> None:
    repack(path, lambda number, name, data: (name, data), "w:gz")


def remove(path: Path, dataset: Dataset, row: int) -> None:
    path.unlink()


def huge(path: Path, dataset: Dataset, row: int) -> None:
    """A header that promises 8 GiB."""
    content = bytearray(path.read_bytes())
    at = int(dataset.columns.offset[row]) - 512
    info = tarfile.TarInfo(content[at : at + 100].rstrip(b"\0").decode())
    info.size = (1 << 33) - 1
    content[at : at + 512] = info.tobuf(tarfile.USTAR_FORMAT)
    path.write_bytes(content)


FAULTS = [
    (flip, "does not match its CRC-32; copy this shard again"),
    (truncate, "is not there: the shard is cut off"),
    (truncate_between, "is not there: the shard is cut off"),
    (damage_header, "has no tar header: the shard is damaged"),
    (huge, "of 8589934591 bytes, which the manifest does not know"),
    (rename("../../evil.png"), r"is not there, but the member '\.\./\.\./evil\.png'"),
    (rename("/tmp/evil.png"), r"is not there, but the member '/tmp/evil\.png'"),
    (rename("turn_0_9999.png"), r"is not there, but the member 'turn_0_9999\.png'"),
    (rename("x\ny.png"), r"is not there, but the member 'x\\ny\.png'"),
    (compress, "(has no tar header: the shard is damaged or no plain tar|the shard is cut off)"),
    (remove, "cannot be read: the shard is gone"),
]


@pytest.mark.parametrize(("damage", "says"), FAULTS, ids=lambda one: getattr(one, "__name__", ""))
@pytest.mark.parametrize("place", ["first", "later"])
def test_damage_is_named(root: Path, tmp_path: Path, damage: Callable[[Path, Dataset, int], None], says: str, place: str) -> None:
    """One line that names shard, series and frame; what comes before it is right, and nothing is written anywhere."""
    dataset = copied(root, tmp_path)
    index = PairIndex(dataset)
    expected = take(iter(stream_of(dataset, index)), PAIRS)
    rows = frames_of_first_group(dataset, index)
    row = rows[0 if place == "first" else 3]
    shard = str(dataset.frames["shard"][rows[0]])
    assert dataset.frames["shard"][row] == shard
    named = dataset.frames.iloc[rows[0] if damage in (compress, remove) else row]
    assert isinstance(dataset.shards, LocalFolder)
    damage(dataset.shards.path / shard, dataset, row)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(LoadError, match=rf"{shard}: frame {named['frame']} of series {named['series']} .*{says}") as refused:
        for sample in itertools.islice(stream_of(dataset, index), PAIRS):
            assert digest(sample) == expected[sample["index"]]
    assert "\n" not in str(refused.value)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("workers", [0, 1, 2])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_through_a_dataloader(dataset: Dataset, index: PairIndex, alone: dict[int, str], workers: int) -> None:
    data = pytest.importorskip("torch.utils.data", reason="torch is not installed")
    from train.data.streaming import StreamedPairs

    stream = stream_of(dataset, index)
    seen: dict[int, str] = {}
    for _, batch in itertools.islice(stream.enumerate(data.DataLoader(StreamedPairs(stream), batch_size=4, num_workers=workers)), 10):
        seen |= dict(zip((int(number) for number in batch["index"]), digests(batch), strict=True))
    assert len(seen) == 40
    assert seen == {number: alone[number] for number in seen}
    state = stream.state_dict()
    assert state == stream_of(dataset, index).state_after(10, batch=4, workers=workers)
    resumed = stream_of(dataset, index)
    resumed.load_state_dict(state)
    ((step, batch),) = itertools.islice(resumed.enumerate(data.DataLoader(StreamedPairs(resumed), batch_size=4)), 1)
    assert step == 0
    assert set(range(int(batch["index"][0]))) <= seen.keys()


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_damage_inside_workers(root: Path, tmp_path: Path, workers: int) -> None:
    data = pytest.importorskip("torch.utils.data", reason="torch is not installed")
    from train.data.streaming import StreamedPairs

    dataset = copied(root, tmp_path)
    assert isinstance(dataset.shards, LocalFolder)
    index = PairIndex(dataset)
    row = frames_of_first_group(dataset, index)[1]
    flip(dataset.shards.path / str(dataset.frames["shard"][row]), dataset, row)
    batches = iter(data.DataLoader(StreamedPairs(stream_of(dataset, index)), batch_size=2, num_workers=workers))
    with pytest.raises(LoadError, match=r"^[^\n]*\.tar: frame \d of series \w+ does not match its CRC-32[^\n]*$"):
        list(itertools.islice(batches, 100))
    batches._shutdown_workers()


def test_from_s3(root: Path, dataset: Dataset, alone: dict[int, str], s3: Any) -> None:
    s3.put(str(root / "shards"), "lab/set/shards", recursive=True)
    s3.put(str(root / "manifests"), "lab/set/manifests", recursive=True)
    far = open_dataset("s3://lab/set/manifests")
    index = PairIndex(far, seed=3, zero_share=0.1, mirror=0.5)
    assert take(iter(stream_of(far, index)), 2 * PAIRS) == {number: alone[number] for number in range(2 * PAIRS)}
    shard = str(far.frames["shard"][frames_of_first_group(far, index)[0]])
    content = s3.cat_file(f"lab/set/shards/{shard}")
    s3.pipe_file(f"lab/set/shards/{shard}", content[: len(content) // 4])
    with pytest.raises(LoadError, match=rf"^s3://lab/set/shards/{shard}: frame \d+ of series \w+ [^\n]*again"):
        take(iter(stream_of(far, index)), PAIRS)
    s3.rm(f"lab/set/shards/{shard}")
    with pytest.raises(LoadError, match=rf"^s3://lab/set/shards/{shard}: frame \d of series \w+ cannot be read: the shard is gone"):
        take(iter(stream_of(far, index)), PAIRS)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": 0}, "no state of a PairStream"),
        ({"epoch": "1"}, "no state of a PairStream"),
        ({"group": 99}, "group 99 of epoch 0 does not exist"),
        ({"epoch": -1}, "group 0 of epoch -1 does not exist"),
        ({"fingerprint": ""}, "other pairs"),
    ],
)
def test_states_that_are_refused(dataset: Dataset, index: PairIndex, change: dict[str, Any], says: str) -> None:
    stream = stream_of(dataset, index)
    with pytest.raises(UsageError, match=says):
        stream.load_state_dict(stream.state_dict() | change)


def test_a_state_of_another_stream_is_refused(dataset: Dataset, index: PairIndex) -> None:
    state = stream_of(dataset, index).state_after(3, batch=2)
    for other in (
        stream_of(dataset, index, draws=5), stream_of(dataset, index, buffer_series=2), stream_of(dataset, PairIndex(dataset, seed=4)),
    ):  # fmt: skip
        with pytest.raises(UsageError, match="other pairs"):
            other.load_state_dict(state)
    stream_of(dataset, index, rank=1, world=2).load_state_dict(state)


@pytest.mark.parametrize("options", [{"buffer_series": 0}, {"draws": 0}, {"rank": 2, "world": 2}, {"size": 0}, {"crop": 0.0}])
def test_impossible_options(dataset: Dataset, index: PairIndex, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        stream_of(dataset, index, **options)


def test_over_http(root: Path, alone: dict[int, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("aiohttp", reason="needs aiohttp")
    monkeypatch.setenv("CAT_CACHE", str(tmp_path / "cache"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(RangedHandler, directory=str(root))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        far = open_dataset(f"http://127.0.0.1:{server.server_address[1]}/manifests")
        index = PairIndex(far, seed=3, zero_share=0.1, mirror=0.5)
        assert take(iter(stream_of(far, index)), PAIRS) == {number: alone[number] for number in range(PAIRS)}
        server.shutdown()
