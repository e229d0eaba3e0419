from pathlib import Path

import pytest

from capture.reading.formats import Kind
from capture.reading.merge import merged
from capture.reading.shot import Reading, Shot, Statement

EMPTY = Shot(Path("a.dng"), Kind.RAW, 96, 64, "")


def _merged(*statements, shot=EMPTY):
    return merged(shot, statements)


def test_the_most_trusted_reader_that_knows_a_value_gives_it():
    shot = _merged(
        Statement("exiv2", {"iso": 100, "f_number": 4, "shutter": 1, "focal_length": 50}),
        Statement("libraw", {"iso": 100, "f_number": 4, "shutter": 1}),
        Statement("exiftool", {"iso": 100, "f_number": 4}),
        Statement("exif", {"iso": 100}),
    )
    readers = (shot.iso.reader, shot.f_number.reader, shot.shutter.reader, shot.focal_length.reader)
    assert readers == ("exif", "exiftool", "libraw", "exiv2")
    assert shot.compensation is None
    assert shot.remarks == ()


@pytest.mark.parametrize(
    ("name", "taken", "agrees", "differs"),
    [
        ("iso", 100, 106, 108), ("shutter", 1 / 60, 1 / 64, 1 / 65), ("f_number", 4, 4.13, 4.15), ("compensation", 0, 0.09, -0.11),
        ("focal_length", 50, 50.4, 51), ("camera_kelvin", 5000, 5040, 5100), ("focus_distance", 2, 2.01, 2.1),
    ],
)  # fmt: skip
def test_readers_that_differ_by_more_than_rounding_are_kept_and_named(name, taken, agrees, differs):
    shot = _merged(Statement("exif", {name: taken}), Statement("exiftool", {name: agrees}), Statement("libraw", {name: differs}))
    assert getattr(shot, name) == Reading(taken, "exif", {"libraw": differs})
    (remark,) = shot.remarks
    assert remark.startswith(f"a.dng: {name} is ")
    assert "for exif, which is taken, and" in remark


def test_merging_again_neither_repeats_nor_loses_remarks():
    first = merged(Shot(Path("a.dng"), Kind.RAW, 96, 64, "", remarks=("a.dng: kept",)), [Statement("exif", {"iso": 100})])
    second = _merged(*first.statements, Statement("exiftool", {"iso": 200}), shot=first)
    third = _merged(*second.statements, Statement("side-car", {"iso": 400}), shot=second)
    assert len(second.remarks) == 2
    assert second.iso.others == {"exiftool": 200}
    assert third.iso == Reading(400, "side-car", {"exif": 100, "exiftool": 200})
    assert third.remarks == ("a.dng: kept", "a.dng: iso is 400 for side-car, which is taken, and 100 for exif and 200 for exiftool")


def test_texts_and_flags():
    shot = _merged(
        Statement("exif", {"flash": 0, "automatic_white_balance": 0, "orientation": 6, "seconds": 5e8}, {"make": "Canon", "model": "EOS"}),
        Statement("exiftool", {"flash": 1}, {"serial": "abcd", "lens": "50 mm", "white_balance_mode": "Tungsten", "model": "other"}),
    )
    assert (shot.flash, shot.automatic_white_balance, shot.orientation, shot.seconds) == (False, False, 6, 5e8)
    assert (shot.camera, shot.lens, shot.white_balance_mode) == ("Canon EOS abcd", "50 mm", "tungsten")
    assert _merged(Statement("exif", {"automatic_white_balance": 0})).white_balance_mode == "manual"
    unknown = _merged(Statement("exif"))
    assert (unknown.flash, unknown.automatic_white_balance, unknown.white_balance_mode, unknown.camera) == (None, None, "", "")
    assert (unknown.orientation, unknown.seconds) == (1, None)
