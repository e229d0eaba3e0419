import itertools

import cv2
import numpy as np
import pytest

from capture.sorting.same_view import SAME_VIEW, Views
from tests.capture.sorting.shots import Previews, exposed, shot, view


def match(a, b, **second):
    return Views(Previews({"IMG_0001.DNG": a, "IMG_0002.DNG": b})).match(
        shot(1, focal_length=50), shot(2, **{"focal_length": 50, **second})
    )


@pytest.mark.parametrize("seed", range(8))
def test_one_view_in_another_light(seed):
    picture = view(seed)
    blurred = cv2.GaussianBlur(picture, (0, 0), 4)
    moved = cv2.warpAffine(picture, np.float32([[1, 0, 9], [0, 1, -6]]), picture.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    for other in (exposed(picture, -4), exposed(picture, -2), exposed(picture, 1), exposed(picture, 0, noise=25), blurred, moved):
        assert match(picture, other) > SAME_VIEW
    assert match(picture, view(seed + 100)) < SAME_VIEW - 0.2


def test_zoom_is_undone_before_pictures_are_compared():
    wide = view(3, 214, 320)
    near = cv2.resize(wide[53:160, 80:240], (160, 107), interpolation=cv2.INTER_AREA)
    small = cv2.resize(wide, (160, 107), interpolation=cv2.INTER_AREA)
    assert match(small, near, focal_length=100) > SAME_VIEW
    assert match(near, small, focal_length=25) > SAME_VIEW
    assert match(small, near) < SAME_VIEW
    assert match(small, near, focal_length=1000) is None


def test_a_picture_turned_by_its_orientation_is_turned_back():
    picture = view(4)
    for turn in (1, 2, 3):
        assert match(picture, np.rot90(picture, turn), orientation=6) > SAME_VIEW
        assert match(picture, np.rot90(picture[:, ::-1], turn), orientation=5) > SAME_VIEW
        assert match(picture, np.rot90(picture[:, ::-1], turn), orientation=6) < SAME_VIEW


def test_what_shows_nothing_cannot_be_told():
    flat = np.full((107, 160), 7, np.uint8)
    for other in (None, flat, np.zeros((4, 4), np.uint8), np.zeros((107, 160, 3), np.uint8)):
        assert match(view(1), other) is None


def test_each_preview_is_asked_for_once_and_all_are_foreseen():
    pictures, told = Previews(default=view(1)), []
    views = Views(pictures, told.append)
    shots = [shot(i) for i in range(4)]
    views.foresee(shots)
    for one, other in itertools.combinations(shots, 2):
        assert views.match(one, other) == pytest.approx(1, abs=0.01)
    views.foresee(shots)
    assert len(pictures.asked) == views.asked == 4
    assert told == [shots]
