import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capture.writing.plots import Point, scatter, ticks


@given(st.floats(-1e5, 1e5), st.floats(1e-3, 1e5))
def test_ticks_are_few_round_and_inside(low, width):
    found = ticks(low, low + width)
    assert 2 <= len(found) <= 11
    assert all(low - 1e-6 * width - 1e-9 <= tick <= low + width * (1 + 1e-6) + 1e-9 for tick in found)


def test_a_point_lies_where_its_numbers_say_and_its_name_is_no_markup():
    points = [Point(0.0, 0.0, 0.1, "proved", "<script>"), Point(2.0, 1.0, 0.1, "refused", "b")]
    root = ET.fromstring(scatter(points, "brightness <b>", "EV & more"))
    circles = [one for one in root.iter() if one.tag.endswith("circle")]
    assert len(circles) == 2
    (x0, y0), (x1, y1) = ((float(one.get("cx")), float(one.get("cy"))) for one in circles)
    assert x1 > x0
    assert y1 < y0
    low, high = -0.12, 2.12  # both axes have one range, 6 % more than the values
    assert (x1 - x0) / (y0 - y1) == pytest.approx(2 * (420 - 58 - 14) / (300 - 14 - 46), rel=0.01)
    assert high > low
    assert "<script>" not in scatter(points, "x", "")


def test_equal_values_still_make_a_plot():
    ET.fromstring(scatter([Point(3.0, 3.0, 0.0, "proved", "a")], "x", ""))
