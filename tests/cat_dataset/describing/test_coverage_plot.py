"""The coverage plot: well-formed, true to the numbers, safe, and the same bytes every time."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.describing.coverage import Coverage, measure_coverage
from cat_dataset.describing.coverage_plot import PANEL, coverage_svg, value_range
from tests.cat_dataset.describing.test_coverage import table

NAME = "{http://www.w3.org/2000/svg}"


def some() -> dict[str, Coverage]:
    sweep = np.linspace(-90, 90, 37).tolist()
    return measure_coverage(
        table(
            [
                ("train", {"rotation_z": sweep}),
                ("test", {"rotation_z": sweep[:10]}),
                ("train", {"iso": [100.0, 200.0, 800.0]}),
                ("validation", {"exposure": [-1.0, 1.0]}),
            ]
        )
    )


def drawn(svg: str) -> list[ElementTree.Element]:
    return list(ElementTree.fromstring(svg).iter())


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in drawn(svg) if one.tag == f"{NAME}text"]


def test_every_attribute_has_a_panel_with_its_units_and_counts() -> None:
    said = texts(coverage_svg(some()))
    assert [text for text in said if text in ATTRIBUTES] == ["iso", "exposure", "rotation_z"]
    for text in ("size of the change, |Δ| in stops", "size of the change, |Δ| in EV", "size of the change, |Δ| in degrees"):
        assert text in said
    assert {"series: train 1", "series: validation 1", "series: train 1 · test 1", "ISO 100 to ISO 800", "−90° to 90°"} <= set(said)
    assert said[:3] == ["train", "validation", "test"]


def test_only_splits_that_there_are_stand_in_the_legend() -> None:
    coverage = some()
    assert texts(coverage_svg({"iso": coverage["iso"]}))[:2] == ["train", "iso"]


def test_bars_are_as_high_as_the_shares() -> None:
    one = some()["rotation_z"]
    (path,) = [
        each.get("d", "") for each in drawn(coverage_svg({"rotation_z": one})) if each.get("class") == "train" and "z" in each.get("d", "")
    ][1:]
    heights = [float(base) - float(top) for base, top in re.findall(r"M\S+ (\S+?)V(\S+?)H", path)]
    shares = [share for share in one.splits["train"].shares if share]
    assert len(heights) == len(shares)
    assert np.array(heights) / sum(heights) == pytest.approx(np.array(shares), abs=1e-3)


def test_the_same_bytes_every_time_and_nothing_from_outside() -> None:
    svg = coverage_svg(some())
    assert svg == coverage_svg(some())
    assert not re.search(r"<script|<image|<foreignObject|href|url\(|@import", svg)
    assert "prefers-color-scheme: dark" in svg


def test_hostile_text_stays_text() -> None:
    """Attribute names come from the registry; were one ever hostile, it would still be only text."""
    one = replace(some()["iso"], unit='</text><script>alert("1")</script>')
    svg = coverage_svg({"iso": one})
    assert "<script" not in svg
    assert any("<script>" in text for text in texts(svg))


@pytest.mark.parametrize("count", [1, 2, 3, len(ATTRIBUTES)])
def test_it_is_as_large_as_its_panels_and_they_lie_inside(count: int) -> None:
    values = {name: [a.low / 2 + a.high / 2, a.low / 2.01 + a.high / 2] for name, a in list(ATTRIBUTES.items())[:count]}
    svg = coverage_svg(measure_coverage(table([("train", values)])))
    root = ElementTree.fromstring(svg)
    width, height = (float(root.get(name, "0")) for name in ("width", "height"))
    assert width == PANEL * min(count, 2)
    places = [tuple(map(float, re.findall(r"[\d.]+", group.get("transform", "")))) for group in root.iter(f"{NAME}g")]
    assert len(set(places)) == count
    assert all(x + PANEL <= width and y < height for x, y in places)
    assert not re.search(r"nan|inf|e[+-]?\d", " ".join(each.get("d", "") for each in root.iter(f"{NAME}path")))


def test_value_ranges_are_rounded() -> None:
    coverage = measure_coverage(table([("train", {"light_temperature": [2527.9712, 11960.4]})]))
    assert value_range(coverage["light_temperature"]) == "2528 K to 11960 K"
