"""One path of numbers: what training shows for a change is what editing asks for, for every kind of scale."""

from __future__ import annotations

from pathlib import Path

import pytest

from cat_dataset.instructions import Edit
from cat_dataset.manifests import Dataset
from cat_dataset.pairs import PairIndex
from tests.cat_dataset.factory import build_dataset, make_series
from train.adapter.options import AdapterOptions
from train.data.instructions import of_edits, of_pair

VALUES: dict[str, dict[str, list[float]]] = {
    "stops": {"iso": [100.0, 320.0, 6400.0]},
    "f_stops": {"aperture": [1.4, 5.6, 22.0]},
    "mired": {"light_temperature": [2700.0, 5600.0, 12000.0]},
    "dioptre": {"focus_distance": [0.4, 1.5, 30.0]},
    "linear": {"exposure": [-2.0, 0.5, 3.0]},
    "angle": {"hue": [0.0, 130.0, 260.0], "translation_x": [10.0, -20.0, 0.0]},
    "half turn": {"rotation_z": [-90.0, 0.0, 90.0]},
    "turns": {"rotation_x": [10.0, 20.0, -170.0], "rotation_z": [0.0, 90.0, 170.0]},
}


@pytest.fixture(scope="module")
def every_scale(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder: Path = tmp_path_factory.mktemp("scales")
    for seed, (name, values) in enumerate(VALUES.items()):
        make_series(folder / "series", name.replace(" ", "_"), values, seed=seed)
    return build_dataset(folder, split={"train": 1.0, "validation": 0.0, "test": 0.0})


@pytest.mark.parametrize("units", ["scale", "plain"])
def test_editing_encodes_a_change_as_training_does(every_scale: Dataset, units: str) -> None:
    options = AdapterOptions(units=units)
    index = PairIndex(every_scale, seed=3, plain=options.plain, mirror=0.5)
    met: set[str] = set()
    for pair in map(index.pair, range(300)):
        shown = of_pair(pair, options)
        edits = [Edit(edit.attribute, edit.delta, edit.object) for edit in pair.edits]
        asked = of_edits(edits, {edit.attribute: edit.start for edit in pair.edits if edit.start is not None}, options)
        assert (asked.tasks, asked.sources) == (shown.tasks, shown.sources)
        assert asked.numbers == pytest.approx(shown.numbers, abs=2e-5), pair
        met.update(edit.attribute for edit in pair.edits)
    assert met >= {name for values in VALUES.values() for name in values}


@pytest.mark.parametrize(("asked", "shown"), [(300.0, -60.0), (-300.0, 60.0), (-180.0, 180.0), (360.0, 0.0), (59.5, 59.5)])
def test_turns_are_told_the_short_way_round(asked: float, shown: float) -> None:
    long, short = (of_edits([Edit("rotation_z", degrees)], {}, AdapterOptions()) for degrees in (asked, shown))
    assert long == short
    assert abs(long.numbers[0]) <= 1.0
