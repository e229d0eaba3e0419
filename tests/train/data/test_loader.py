import numpy as np

from cat_dataset.loading.pair_dataset import PairDataset
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from train.adapter.options import AdapterOptions
from train.data.loader import BatchLoader, FrameCache


def loader(dataset: Dataset, batch: int = 6, crop: float = 0.5) -> BatchLoader:
    return BatchLoader(dataset, PairIndex(dataset, zero_share=0.3), AdapterOptions(), size=8, batch=batch, crop=crop, cache_mb=1)


def test_a_step_is_a_pure_function_of_its_number(dataset: Dataset) -> None:
    one, two = loader(dataset), loader(dataset)
    one.make(0)
    a, b = one.make(3), two.make(3)
    assert a.pairs == b.pairs
    assert all(np.array_equal(x, y) for x, y in zip(a.sources + a.targets, b.sources + b.targets, strict=True))


def test_steps_come_in_order_and_equal_single_calls(dataset: Dataset) -> None:
    made = list(loader(dataset).steps(2, 9))
    assert [batch.step for batch in made] == list(range(2, 9))
    assert np.array_equal(made[4].sources[0], loader(dataset).make(6).sources[0])


def test_source_and_target_are_cut_alike(dataset: Dataset) -> None:
    """Pairs without a change must stay equal after the random crop."""
    batch = loader(dataset, batch=64).make(0)
    zero = [i for i, pair in enumerate(batch.pairs) if pair.source == pair.target]
    assert zero
    for i in zero:
        assert np.array_equal(batch.sources[i], batch.targets[i])
        assert batch.instructions[i].numbers == (0.0,)


def test_semantic_attributes_are_never_cropped(dataset: Dataset) -> None:
    a, b = loader(dataset, batch=32).make(0), loader(dataset, batch=32, crop=1.0).make(0)
    equal = [np.array_equal(one, other) for one, other in zip(a.sources, b.sources, strict=True)]
    turned = [pair.edits[0].attribute == "rotation_z" for pair in a.pairs]
    assert any(turned) and not all(turned)
    assert all(same for same, turn in zip(equal, turned, strict=True) if turn)
    assert not all(equal)


def test_the_loader_gives_what_random_access_gives(dataset: Dataset) -> None:
    """Threads and a cache change nothing: the pictures are those of `PairDataset`."""
    index = PairIndex(dataset, zero_share=0.3, mirror=0.5)
    made = BatchLoader(dataset, index, AdapterOptions(), size=8, batch=16, crop=0.6, cache_mb=1).make(1)
    pairs = PairDataset(dataset, index, size=8, crop=0.6)
    for pair, source, target in zip(made.pairs, made.sources, made.targets, strict=True):
        assert np.array_equal(source, pairs[pair.index]["source"])
        assert np.array_equal(target, pairs[pair.index]["target"])
    assert {pair.mirrored for pair in made.pairs} == {True, False}


def test_the_cache_keeps_to_its_limit(dataset: Dataset) -> None:
    cache = FrameCache(dataset, megabytes=0)
    first = cache.get(0, 12)
    cache.get(1, 12)
    assert len(cache._frames) == 1
    assert np.array_equal(cache.get(0, 12), first)


def test_the_cache_tells_sizes_apart(dataset: Dataset) -> None:
    cache = FrameCache(dataset, megabytes=1)
    assert cache.get(0, 12).shape[0] == 12
    assert cache.get(0, 6).shape[0] == 6
    assert cache.get(0, 12) is cache.get(0, 12)
