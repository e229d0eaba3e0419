"""What is encoded beforehand is what the pairs show and say: no less, and no frame more."""

from __future__ import annotations

import pytest

from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.factory import build_dataset, make_series
from train.adapter.options import AdapterOptions
from train.data.instructions import of_pair
from train.data.needs import FrameKeys, Shown, frames, sentences

ENOUGH = 600


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """A series of two turns and ISO, one of exposure, and one of gamma with the first one's frames."""
    root = tmp_path_factory.mktemp("needs")
    make_series(
        root / "series", "tumble", {"rotation_x": [0.0, 90.0, 0.0], "rotation_z": [0.0, 0.0, 90.0], "iso": [100.0, 200.0, 400.0]}, seed=1
    )
    make_series(root / "series", "light", {"exposure": [0.0, 1.0, 2.0]}, object="the lamp", seed=2)
    make_series(root / "series", "again", {"gamma": [1.0, 1.1, 1.2]}, seed=1)
    return build_dataset(root, split={"train": 1.0, "validation": 0.0, "test": 0.0})


@pytest.mark.parametrize("options", [{}, {"mirror": 1.0}, {"mirror": 0.5}, {"attributes": ["exposure"]}, {"composite_share": 0.0}])
def test_frames_are_exactly_those_that_pairs_show(several: Dataset, options: dict[str, object]) -> None:
    index, keys = PairIndex(several, **options), FrameKeys(several)  # type: ignore[arg-type]
    found = frames(several, index, keys)
    shown = {keys(Shown(row=row, mirrored=pair.mirrored)) for pair in map(index.pair, range(ENOUGH)) for row in (pair.source, pair.target)}
    assert found.keys() == shown
    assert all(keys(where) == key for key, where in found.items())


def test_equal_frames_are_kept_once(several: Dataset) -> None:
    assert len(several) == 9
    assert len(frames(several, PairIndex(several), FrameKeys(several))) == 6


def test_directions_are_all_that_pairs_can_say(several: Dataset) -> None:
    index, options = PairIndex(several, mirror=0.5), AdapterOptions()
    said = {part for pair in map(index.pair, range(ENOUGH)) for part in of_pair(pair, options).parts}
    onward = {part for i in range(ENOUGH) for part in of_pair(index.onward(index.pair(i)), options).parts}
    assert said | onward <= sentences(index, options, [])
    assert len(said | onward) > 0.8 * len(sentences(index, options, []))


def test_numbers_are_those_of_the_planned_pairs(several: Dataset) -> None:
    index, options = PairIndex(several), AdapterOptions(wording="numbers")
    pairs = [index.pair(i) for i in range(40)]
    assert sentences(index, options, pairs) == {part for pair in pairs for part in pair.instruction.split("; ")}
