import cv2

from capture.sheet import LABEL_HEIGHT
from tests.capture.conftest import run


def test_a_row_per_series(tmp_path, shoot):
    run("capture.ingest", shoot("iso", 2), shoot("exposure", 4), "--out", tmp_path)
    run(
        "capture.sheet",
        tmp_path / "iso_series",
        tmp_path / "exposure_series",
        "--out",
        tmp_path / "sheet.png",
        "--columns",
        3,
        "--width",
        48,
    )
    picture = cv2.imread(str(tmp_path / "sheet.png"))
    assert picture.shape == (2 * (32 + LABEL_HEIGHT), 3 * 48, 3)
    first, last = picture[54:86, :48], picture[54:86, 96:]
    assert last.mean() > first.mean() + 50
    assert (picture[:32, 96:] == 255).all()


def test_no_series_no_sheet(tmp_path):
    assert "not a finished series" in run("capture.sheet", tmp_path, "--out", tmp_path / "a.png", expect=2).stderr
    assert "--out" in run("capture.sheet", tmp_path, "--out", tmp_path / "a.gif", expect=2).stderr
    assert list(tmp_path.iterdir()) == []
