"""What must be found in three folders of real pictures. Skipped where those are absent."""

import cv2
import pytest

from capture.reading.read import read_shot
from capture.sorting.explain import explain
from capture.sorting.listing import list_files
from capture.sorting.plan import plan_folder


def small(shot):
    grey = cv2.imread(str(shot.path), cv2.IMREAD_GRAYSCALE)
    scale = 160 / max(grey.shape)
    return cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


@pytest.fixture
def plan(real_data):
    def of(name):
        listing = list_files(real_data / "series" / name)
        return plan_folder([read_shot(path) for path in listing.files], folder=listing.folder, preview=small)

    return of


def test_fourteen_shutter_times_with_a_pause_of_86_seconds_are_one_series(plan):
    """X-H1 on a tripod, ISO 400, f/1.4: 1/1000 s, 86 s later on to 1/4000 s, then 1/800 to 1/160 s."""
    found = plan("exposure_xh1_ex1")
    (made,) = found.plans
    assert (made.id, made.attribute, len(made.shots), made.set_aside) == ("exposure_xh1_ex1", "exposure", 14, ())
    assert (made.shots[0].path.name, made.shots[-1].path.name) == ("DSCF6020.jpg", "DSCF6028.jpg")
    assert (found.refused, found.strays) == ((), ())
    assert 0 < found.previews <= 6


def test_three_frames_three_stops_apart(plan):
    """5D Mark II, 1/8, 1 and 8 s within three seconds by its clock (a frame of 8 s is dated 2 s after that of 1 s)."""
    found = plan("exposure_5d2_frobisher")
    (made,) = found.plans
    assert (made.attribute, made.values, found.previews) == ("exposure", (-9.0, -6.0, -3.0), 0)


def test_a_walk_with_brackets_in_which_iso_changes(plan):
    """RX100 VI, hand-held on a balcony at night, everything automatic (P mode, bracketing by exposure compensation).

    8191 and 8192: one view, 9 mm, the very same settings. 8193: zoomed to 11.29 mm, ISO 2500. 8194 and 8195: the first two of a
    bracket of five that was broken off. 8196-8200 and 8201-8205: whole brackets of two views, 0, -0.7, +0.7, -1.3, +1.3 EV,
    all at ISO 6400 but the fourth, which the camera took at ISO 4000 instead of a shorter time.
    """
    found = plan("bracket_rx100m6_groups")
    frames = [[one.path.stem[-4:] for one in made.shots] for made in found.plans]
    assert frames == [["8195", "8194"], ["8197", "8196", "8198", "8200"], ["8202", "8201", "8203", "8205"]]
    assert {made.attribute for made in found.plans} == {"exposure"}
    assert [made.set_aside for made in found.plans] == [
        (),
        (("DSC08199.JPG", "has ISO 4000, the other 4 have ISO 6400; it is left out"),),
        (("DSC08204.JPG", "has ISO 4000, the other 4 have ISO 6400; it is left out"),),
    ]
    assert found.plans[0].scene == found.plans[1].scene != found.plans[2].scene
    (refused,) = found.refused
    assert [one.path.stem for one in refused.shots] == ["DSC08191", "DSC08192"]
    assert "nothing varies in 2 pictures (ISO: 3200 (2×); aperture: f/2.8 (2×); shutter: 1/4 s (2×)" in refused.reason
    (stray,) = found.strays
    assert stray.shot.path.stem == "DSC08193"
    assert "was taken apart from the others" in stray.reason
    text = "\n".join(explain(found))
    assert "15 pictures, 3 series of 10 pictures" in text
    assert text.count("has ISO 4000, the other 4 have ISO 6400") == 2
