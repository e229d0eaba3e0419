"""Statistics of the pair stream, with fixed seeds: chi-squared over everything that is meant to be even."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Iterable

import numpy as np
import pytest

from cat_dataset.attributes import attribute
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import Pair, PairIndex
from tests.cat_dataset.factory import build_dataset, make_collection, make_series
from tests.cat_dataset.loading.chance import p_value

COUNT = 20_000
LEAST = 1e-3
"""Smallest chance that passes. Seeds are fixed, so a test that passes once passes always."""
FRAMES = {"rotation_z": 13, "iso": 13, "saturation": 11, "exposure": 3}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Four attributes: many series of two, one of a third, and one series that varies two at once."""
    root = tmp_path_factory.mktemp("statistics")
    make_collection(root / "series", rotations=5, isos=3, frames=13)
    make_series(root / "series", "grey", {"saturation": np.linspace(0, 100, 11).tolist()}, size=(8, 8), seed=80)
    exposures, angles = zip(*itertools.product([0.0, 1.0, 2.0], [0.0, 10.0, 20.0]), strict=True)
    make_series(root / "series", "both", {"exposure": exposures, "rotation_x": angles}, size=(8, 8), seed=90)
    return build_dataset(root, split={"train": 1.0, "validation": 0.0, "test": 0.0})


@pytest.fixture(scope="module", params=[0, 1, 2**63])
def pairs(request: pytest.FixtureRequest, dataset: Dataset) -> list[Pair]:
    index = PairIndex(dataset, seed=request.param, zero_share=0.1, mirror=0.3)
    return [index.pair(i) for i in range(COUNT)]


def evenness(things: Iterable[Hashable], kinds: int) -> float:
    """Chance of such counts of ``kinds`` kinds of things if all were equally likely."""
    counts = Counter(things)
    assert len(counts) == kinds
    return p_value(list(counts.values()))


def changing(pairs: list[Pair], name: str) -> list[Pair]:
    return [pair for pair in pairs if pair.source != pair.target and pair.edits[0].attribute == name]


def test_the_chance_itself() -> None:
    """Against closed forms: erfc for one degree of freedom, an exponential for two."""
    assert p_value([40, 60]) == pytest.approx(math.erfc(math.sqrt(2)))
    assert p_value([10, 20, 30]) == pytest.approx(math.exp(-5))
    assert p_value([18, 20, 22]) == pytest.approx(math.exp(-0.2))
    assert p_value([30, 70], [0.3, 0.7]) == 1.0


def test_attributes(pairs: list[Pair]) -> None:
    """Five attributes are drawn from; pairs of the series of two carry either or both, so they count as one kind of two shares."""
    kinds = Counter("both" if pair.series == "both" else pair.edits[0].attribute for pair in pairs)
    assert p_value([kinds[name] for name in ("rotation_z", "iso", "saturation", "both")], [1, 1, 1, 2]) > LEAST


def test_zero_share(pairs: list[Pair]) -> None:
    zero = sum(pair.source == pair.target for pair in pairs)
    assert p_value([zero, COUNT - zero], [0.1, 0.9]) > LEAST
    assert all((pair.source == pair.target) == (pair.edits[0].delta == 0) for pair in pairs)


def test_mirror_share(pairs: list[Pair]) -> None:
    mirrored = sum(pair.mirrored for pair in pairs)
    assert p_value([mirrored, COUNT - mirrored], [0.3, 0.7]) > LEAST


@pytest.mark.parametrize(("name", "kinds"), [("rotation_z", 5), ("iso", 3)])
def test_series(pairs: list[Pair], name: str, kinds: int) -> None:
    assert evenness((pair.series for pair in changing(pairs, name)), kinds) > LEAST


@pytest.mark.parametrize("name", ["rotation_z", "iso", "saturation"])
def test_sizes_and_directions(pairs: list[Pair], name: str) -> None:
    """Every size of change that an even grid has, in both directions: 2 (n - 1) kinds."""
    chosen = attribute(name)
    steps = [round(edit.encoded * chosen.span, 6) for pair in changing(pairs, name) for edit in pair.edits]
    assert evenness(steps, 2 * (FRAMES[name] - 1)) > LEAST
    assert evenness(map(abs, steps), FRAMES[name] - 1) > LEAST
    assert evenness((step > 0 for step in steps), 2) > LEAST


def test_sources_of_the_smallest_change(pairs: list[Pair], dataset: Dataset) -> None:
    """All frames that have a neighbour further on are equally likely."""
    values = dataset.values("rotation_z")
    rises = [pair for pair in changing(pairs, "rotation_z") if abs(pair.edits[0].delta) == 10 and values[pair.target] > values[pair.source]]
    assert evenness((round(values[pair.source]) for pair in rises), 12) > LEAST


def test_sentences(pairs: list[Pair]) -> None:
    assert evenness((pair.instruction.split()[0] for pair in changing(pairs, "rotation_z")), 2) > LEAST


def test_draws_do_not_hang_together(pairs: list[Pair]) -> None:
    """Attribute, direction and mirroring of a pair, and the attribute of the one after it, are independent: all cells are even."""
    single = [pair for pair in pairs if pair.series != "both" and pair.source != pair.target]
    cells = Counter((pair.edits[0].attribute, pair.edits[0].encoded > 0, pair.mirrored) for pair in single)
    assert len(cells) == 3 * 2 * 2
    assert p_value([cells[cell] for cell in sorted(cells)], [0.3 if mirrored else 0.7 for _, _, mirrored in sorted(cells)]) > LEAST
    kinds = ["both" if pair.series == "both" else pair.edits[0].attribute for pair in pairs]
    share = {"both": 2}
    following = Counter(zip(kinds[::2], kinds[1::2], strict=True))
    assert (
        p_value([following[cell] for cell in sorted(following)], [share.get(a, 1) * share.get(b, 1) for a, b in sorted(following)]) > LEAST
    )
