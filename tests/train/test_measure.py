from __future__ import annotations

import pytest

from cat_dataset.attributes import attribute
from train.measure import changes


@pytest.mark.parametrize(
    ("name", "start", "end", "reached", "wanted"),
    [
        ("hue", 90, -90, -88, (180, 182)),
        ("hue", -90, 90, 88, (180, 178)),
        ("hue", -90, 90, -92, (180, -2)),
        ("rotation_z", 0, 120, -90, (120, -90)),
        ("rotation_z", 170, -170, -175, (20, 15)),
        ("exposure", -8, -10, -9.5, (-2, -1.5)),
        ("iso", 200, 800, 400, (2, 1)),
    ],
)
def test_an_edit_that_misses_by_little_has_a_small_error(
    name: str, start: float, end: float, reached: float, wanted: tuple[float, float]
) -> None:
    assert changes(attribute(name), start, end, reached) == pytest.approx(wanted)
