from dataclasses import replace

from capture.sorting.explain import explain
from capture.sorting.plan import plan_folder
from tests.capture.sorting.shots import FOLDER, Previews, series, shot, view


def lines(shots, **options):
    return explain(plan_folder(shots, folder=FOLDER, preview=Previews(default=view(1))), **options)


def test_a_series_is_told_with_what_varies_and_what_is_held():
    text = lines(series(1, "iso", (400, 100, 200), focal_length=35), notes=["2 other files are ignored"])
    assert text == [
        "card: 3 pictures, 1 series of 3 pictures",
        "  note: 2 other files are ignored",
        "",
        "Series 1 of 1: card",
        "  Maker One, 35mm, 96×64 RAW",
        "  taken 2001-09-09 01:46:41 to 2001-09-09 01:46:43",
        "  the same in all: f/8, 1/60 s, 35 mm",
        "  varies: ISO, 3 frames from ISO 100 to ISO 400",
        "    file          time      ISO",
        "    IMG_0002.DNG  01:46:42  ISO 100",
        "    IMG_0003.DNG  01:46:43  ISO 200",
        "    IMG_0001.DNG  01:46:41  ISO 400",
    ]


def test_the_frame_and_the_tag_that_spoil_are_told_with_what_to_do():
    few = [shot(1), shot(2, iso=200), shot(3, f_number=4), shot(4, iso=400)]
    text = "\n".join(lines(few))
    assert "card: 4 pictures, 0 series of 0 pictures" in text
    assert "No series: 4 pictures (IMG_0001.DNG, IMG_0002.DNG, IMG_0003.DNG and 1 more)" in text
    assert "why: more than one setting varies (ISO: 100 (2×), 200, 400; aperture: f/8 (3×), f/4); nearest is a series of iso: " in text
    assert "IMG_0003.DNG has f/4, the other 3 have f/8; leave those out, or name the setting that counts with --attribute" in text
    assert "    IMG_0003.DNG  01:46:43  ISO 100  f/4" in text


def test_everything_is_told_once():
    spoilt = [shot(i, shutter=2.0**-i, iso=800 if i == 3 else 100) for i in range(1, 9)]
    text = lines([*spoilt, shot(20, camera="Phone")], unreadable=["cut.dng ends before its picture does"])
    assert text[0] == "card: 10 pictures, 1 series of 7 pictures"
    joined = "\n".join(text)
    for told in ("IMG_0003.DNG has ISO 800", "IMG_0020.DNG is the only picture of its kind", "cut.dng ends before"):
        assert joined.count(told) == 1
    assert "    IMG_0008.DNG  01:46:48  1/256 s  -14 EV" in text


def test_a_long_table_is_cut_in_the_middle_and_unknown_times_are_marked():
    shots = series(1, "iso", [100 + 40 * i for i in range(90)])
    text = lines([replace(one, seconds=None if i else 1e9) for i, one in enumerate(shots)])
    assert "    … 50 more …" in text
    assert len(text) < 60
    assert "?" in text[-1]
    assert any("a date that cannot be" in line for line in lines([replace(one, seconds=1e300) for one in shots[:3]]))
