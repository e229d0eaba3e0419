"""Traps in the files themselves, and that a trap spoils its own frames only."""

import imagecodecs
import numpy as np
import pytest
import rawpy

from capture.simulate.orders import TRAPS, parse_order
from cat_dataset.errors import UsageError
from tests.capture.simulate.looking import files, number, raw


@pytest.fixture
def trapped(shoot):
    def take(*traps, vary="exposure", frames=3):
        folder = shoot(vary, frames, traps=traps, name=f"{vary}_{len(shoot.truth)}", size=(96, 64))
        return files(folder), shoot.truth[folder]

    return take


def test_a_truncated_file_is_the_beginning_of_the_whole_one(trapped):
    whole, _ = trapped()
    paths, _ = trapped("truncated:2=0.6")
    data = whole[1].read_bytes()
    assert paths[1].read_bytes() == data[: round(0.6 * len(data))]
    assert [one.read_bytes() for one in (paths[0], paths[2])] == [one.read_bytes() for one in (whole[0], whole[2])]
    with pytest.raises(rawpy.LibRawIOError):
        raw(paths[1])


def test_a_file_that_ends_before_its_mosaic_is_decoded_by_libraw_without_an_error(trapped):
    whole, _ = trapped()
    paths, _ = trapped("no_strip:2")
    data, cut = whole[1].read_bytes(), paths[1].read_bytes()
    assert data.startswith(cut)
    assert imagecodecs.ljpeg_decode(data[len(cut) :]).size == 96 * 64
    assert raw(paths[1]).shape == (64, 96)


def test_a_strip_of_zeros_is_decoded_as_black_without_an_error(trapped):
    paths, _ = trapped("black:2")
    assert paths[1].read_bytes().endswith(bytes(2 * 96 * 64))
    assert not raw(paths[1]).any()
    assert raw(paths[0]).any()


def test_a_dead_strip_is_decoded_by_libraw_without_an_error(trapped):
    whole, _ = trapped()
    paths, _ = trapped("dead_strip:2")
    data, dead = whole[1].read_bytes(), paths[1].read_bytes()
    at = next(index for index, (one, two) in enumerate(zip(data, dead, strict=True)) if one != two)
    assert data[at : at + 2] == b"\xff\xd8"
    assert dead == data[:at] + bytes(len(data) - at)
    assert raw(paths[1]).shape == (64, 96)


def test_a_lens_cap_leaves_black_level_and_read_noise(trapped):
    paths, _ = trapped("lens_cap:2")
    numbers = raw(paths[1]).astype(float)
    assert numbers.mean() == pytest.approx(2048, abs=1)
    assert 3 < numbers.std() < 12


def test_a_duplicate_has_the_same_mosaic_and_another_claim(trapped):
    paths, told = trapped("duplicate:2,3")
    one, two, three = (raw(path) for path in paths)
    assert np.array_equal(one, two)
    assert np.array_equal(one, three)
    assert len({number(path, "EXIF ExposureTime") for path in paths}) == 3
    assert told[2]["traps"] == [{"trap": "duplicate", "of": "cat_0002.dng"}]
    assert told[2]["done"] == told[0]["done"] != told[2]["claimed"]
    with pytest.raises(UsageError, match="repeat the other"):
        trapped("duplicate:1,2")


@pytest.mark.parametrize("name", sorted(TRAPS))
def test_every_trap_spoils_what_it_says_and_nothing_else(trapped, name):
    whole, _ = trapped(vary="aperture")
    paths, told = trapped(f"{name}:2", vary="aperture")
    same = [one.read_bytes() == two.read_bytes() for one, two in zip(whole, paths, strict=True)]
    # the middle frame is where a breathing lens has scale 1 and automatic ISO nothing to do
    assert same == [True, name in ("breathing", "iso_drift"), True]
    assert [[one["trap"] for one in frame["traps"]] for frame in told] == [[], [name], []]


@pytest.mark.parametrize(
    ("order", "says"),
    [
        ("shaek", "did you mean shake"),
        ("zzz", "there are"),
        ("shake:0", None),
        ("shake:two", "write it as"),
        ("shake=1/2/3", "takes 2"),
        ("black=1", "takes 0"),
        ("rotated=9", "1 to 8"),
        ("shake=nan", "takes 2"),
    ],
)
def test_impossible_orders_are_refused(order, says, trapped):
    with pytest.raises(UsageError, match=says or "frames 1 to 3"):
        trapped(order)


def test_an_order_is_read():
    order = parse_order("shake:2,5=7")
    assert (order.frames, order.strength) == ((1, 4), (7.0, 0.3))
