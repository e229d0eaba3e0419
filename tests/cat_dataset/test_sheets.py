from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cat_dataset.attributes import attribute
from cat_dataset.contact_sheet import app, contact_sheet
from cat_dataset.errors import SeriesError
from cat_dataset.images import decode_rgb
from cat_dataset.sheets import enlarge, sheet
from tests.cat_dataset.factory import make_series


def test_small_pictures_grow_by_whole_pixels() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    grown = enlarge(picture, 30)
    assert grown.shape == (20, 28, 3)
    assert np.array_equal(grown[::4, ::4], picture)


def test_pictures_stand_where_the_sheet_says() -> None:
    red, blue = np.full((8, 8, 3), (255, 0, 0), np.uint8), np.full((8, 8, 3), (0, 0, 255), np.uint8)
    drawn = sheet([[red, blue], [blue, red]], side=8)
    assert drawn.shape == (24, 24, 3)
    assert drawn[4, 4].tolist() == drawn[16, 16].tolist() == [255, 0, 0]
    assert drawn[4, 16].tolist() == drawn[16, 4].tolist() == [0, 0, 255]


@pytest.mark.parametrize(
    ("name", "value", "delta", "expected"),
    [
        ("iso", 400.0, 1600.0, ("ISO 400", "+1600 ISO")),
        ("aperture", 5.6, -1.4, ("f/5.6", "-1.4 f")),
        ("rotation_z", -30.0, 45.0, ("-30°", "+45°")),
        ("white_balance", 5600.0, -200.0, ("5600 K", "-200 K")),
        ("exposure", -8.906890, 2.0, ("-8.91 EV", "+2 EV")),
    ],
)
def test_captions(name: str, value: float, delta: float, expected: tuple[str, str]) -> None:
    assert (attribute(name).spell(value), attribute(name).spell_delta(delta)) == expected


def test_a_contact_sheet_of_series(tmp_path: Path) -> None:
    make_series(tmp_path, "a", {"iso": [100.0, 200.0, 400.0]})
    make_series(tmp_path, "b", {"rotation_z": [0.0, 10.0]})
    out = tmp_path / "sheet.png"
    result = CliRunner().invoke(app, [str(tmp_path / "a"), str(tmp_path / "b"), "--out", str(out), "--side", "32"])
    assert result.exit_code == 0, result.output
    assert decode_rgb(out.read_bytes()).shape[1] == 3 * 36
    with pytest.raises(SeriesError, match=r"no series\.json"):
        contact_sheet([tmp_path])
