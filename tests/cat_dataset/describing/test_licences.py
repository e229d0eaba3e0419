"""Licences out of any provenance."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.describing.licences import LONGEST, MOST, NOT_STATED, count_licences, licences


@pytest.mark.parametrize(
    ("provenance", "expected"),
    [
        ({}, []),
        ({"tool": "CC0", "settings": {"by": "MIT"}}, []),
        ({"licences": {"asset": "Apache-2.0", "hdri": "CC0-1.0"}}, ["Apache-2.0", "CC0-1.0"]),
        ({"licences": {"asset": "not recorded", "hdri": "CC0-1.0"}}, ["CC0-1.0", NOT_STATED]),
        ({"license": "MIT", "assets": [{"asset_license": "CC-BY-4.0"}, {"LICENCE": "MIT"}]}, ["CC-BY-4.0", "MIT"]),
        ({"licences": ["  two\n words ", None, 7, ["x"]]}, [NOT_STATED, "two words", "x"]),
        ({"licence": "y" * 999}, ["y" * LONGEST]),
    ],
)
def test_what_is_found(provenance: dict[str, Any], expected: list[str]) -> None:
    assert licences(provenance) == expected


def test_it_is_bounded() -> None:
    assert len(licences({"licences": [f"L{k}" for k in range(999)]})) == MOST
    deep: Any = "MIT"
    for _ in range(100_000):
        deep = {"licence": deep}
    assert licences(deep) == ["MIT"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["license", "a", "licences", "b"]), inner, max_size=3),
)


@given(st.dictionaries(st.sampled_from(["license", "licences", "x"]), json_values))
def test_any_json_gives_clean_lines(provenance: dict[str, Any]) -> None:
    found = licences(provenance)
    assert found == sorted(set(found))
    assert all(text == " ".join(text.split()) and text for text in found)


def test_counts_by_series() -> None:
    counts = count_licences([["MIT", "CC0-1.0"], ["CC0-1.0", NOT_STATED], [], ["MIT", "CC0-1.0"], ["A"]])
    assert list(counts.items()) == [("CC0-1.0", 3), ("MIT", 2), ("A", 1), (NOT_STATED, 2)]
    assert count_licences([["MIT"]]) == {"MIT": 1}
