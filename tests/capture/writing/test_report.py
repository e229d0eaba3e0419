"""The page of a finished series: everything in it, nothing of what files say is obeyed."""

import html.parser
import json

from capture.writing.report import report_html
from cat_dataset.series import read_series
from tests.capture.commands import cat_ingest
from tests.capture.conftest import write_dng_file


class Page(html.parser.HTMLParser):
    """Tags, and the text outside of style."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.words = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.words.append(data)


def test_a_series_with_a_refused_frame(tmp_path, shoot):
    folder = shoot("exposure", 5, size=(192, 128), traps=["wrong_exif:2=0.7"])
    cat_ingest(folder, "--out", tmp_path / "series", expect=2)
    page = Page((tmp_path / "series" / "exposure_series" / "report.html").read_text(encoding="utf-8"))
    said = " ".join(page.words)
    assert page.tags.count("img") == 4
    assert page.tags.count("circle") >= 5  # the refused frame is in the plot
    for word in ("cat_0002.dng", "the raw numbers are", "proved", "refused", "shutter", "1/60 s", "brightness"):
        assert word in said, word
    assert "http" not in " ".join(page.words)  # nothing is fetched


def test_hostile_names_are_shown_not_obeyed(tmp_path):
    folder = tmp_path / "card"
    for index, iso in enumerate((100, 200)):
        write_dng_file(folder / f"{index}.dng", iso=iso, lens="<script>alert(1)</script>", level=2048 + 1000 * (index + 1))
    cat_ingest(folder, "--out", tmp_path / "series", "--object", "<img src=x>")
    text = (tmp_path / "series" / "card" / "report.html").read_text(encoding="utf-8")
    assert "script" not in Page(text).tags
    assert "<img src=x>" not in text
    assert "alert(1)" in text


def test_it_is_a_function_of_the_series(tmp_path, shoot):
    cat_ingest(shoot("iso", 2, size=(192, 128)), "--out", tmp_path / "series")
    made = tmp_path / "series" / "iso_series"
    assert report_html(read_series(made), made) == (made / "report.html").read_text(encoding="utf-8")
    found = json.loads((made / "series.json").read_text(encoding="utf-8"))
    assert found["frames"][0]["state"]["tags"]["readings"]["iso"]["reader"] == "exif"
