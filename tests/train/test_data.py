import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from train.data import BatchLoader, FrameCache, centre_square, random_square


def loader(dataset: Dataset, batch: int = 6, crop: float = 0.5) -> BatchLoader:
    return BatchLoader(dataset, PairIndex(dataset, zero_share=0.3), size=8, batch=batch, crop=crop, seed=5, cache_mb=1)


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


def test_semantic_attributes_are_never_cropped_or_mirrored(dataset: Dataset) -> None:
    cropped, whole = loader(dataset, batch=32), loader(dataset, batch=32, crop=1.0)
    # Only the stored size differs with the crop, so compare from equally large frames.
    whole._cache = cropped._cache
    a, b = cropped.make(0), whole.make(0)
    turns = [i for i, pair in enumerate(a.pairs) if pair.edits[0].attribute == "rotation_z"]
    assert turns
    assert all(np.array_equal(a.sources[i], b.sources[i]) for i in turns)


def test_the_cache_keeps_to_its_limit(dataset: Dataset) -> None:
    cache = FrameCache(dataset, short_side=12, megabytes=0)
    first = cache.get(0)
    cache.get(1)
    assert len(cache._frames) == 1
    assert np.array_equal(cache.get(0), first)


@given(st.integers(1, 500), st.integers(1, 500), st.floats(0.05, 1.0), st.integers(0, 2**40), st.integers(0, 2**40))
def test_squares_lie_inside_the_picture(height: int, width: int, smallest: float, seed: int, index: int) -> None:
    (top, left, side), _ = random_square((height, width, 3), smallest, seed, index)
    assert side >= 1 and top >= 0 and left >= 0 and top + side <= height and left + side <= width
    top, left, side = centre_square((height, width, 3))
    assert side == min(height, width) and top + side <= height and left + side <= width
