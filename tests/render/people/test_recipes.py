"""Recipes: by seed and index alone, within their ranges, adults, and the same after JSON."""

from __future__ import annotations

import json

import pytest

from cat_dataset.errors import InputError
from render.people import source
from render.people.drawing import ADULT, ANCESTRIES, OLDEST, draw
from render.people.features import PAIRS, SIDED_PAIRS
from render.people.recipe import Recipe
from render.people.shape import shaped
from tests.render.people.people import CORNERS

PEOPLE = [draw(0, index) for index in range(300)]


def test_a_recipe_depends_on_seed_and_index_alone() -> None:
    assert draw(0, 7) == PEOPLE[7]
    assert draw(1, 7) != PEOPLE[7]
    assert len({json.dumps(one.to_json()) for one in PEOPLE}) == len(PEOPLE)


def test_everybody_is_an_adult_and_ancestries_add_up() -> None:
    for one in PEOPLE:
        assert ADULT <= one.phenotype["age"] <= OLDEST
        assert sum(one.phenotype[name] for name in ANCESTRIES) == pytest.approx(1.0, abs=2e-4)


def test_numbers_stay_within_their_ranges_and_use_them() -> None:
    for group in ("phenotype", "skin"):
        for name in getattr(PEOPLE[0], group):
            values = [getattr(one, group)[name] for one in PEOPLE]
            assert min(values) >= 0.0 and max(values) <= 1.0 and max(values) - min(values) > 0.15, name
    spreads: dict[str, float] = {}
    for stem, _, _, spread in (*PAIRS, *SIDED_PAIRS):
        for side in "lr":
            spreads[stem.format(side)] = max(spread, spreads.get(stem.format(side), 0.0))
    for one in PEOPLE:
        for path, amount in one.changes.items():
            assert 0.0 < amount <= 2 * spreads.get(path.rpartition("-")[0], 0.15) + 1e-4, path


def test_people_are_as_tall_as_people_are() -> None:
    """On bodies of average build, which need few targets."""
    for gender, mean in ((0, 1.76), (1, 1.63)):
        plain = {**CORNERS["elder"], "gender": float(gender), "age": 2 / 3, "muscle": 0.5, "weight": 0.5}
        heights = [
            float(shaped({**plain, "height": one.phenotype["height"]}, {})[: source.BODY, 2].max())
            for one in PEOPLE[:60]
            if round(one.phenotype["gender"]) == gender
        ]
        assert min(heights) > 1.4 and max(heights) < 2.05
        assert sum(heights) / len(heights) == pytest.approx(mean, abs=0.06)


def test_skin_eyes_and_hair_fit_together() -> None:
    dark = [one for one in PEOPLE if one.skin["melanin"] > 0.6]
    assert len(dark) > 30
    assert all(one.eyes[2] < one.eyes[0] and max(one.hair["colour"]) < 0.05 for one in dark)
    assert all(one.hair["beard"] == 0 for one in PEOPLE if one.phenotype["gender"] >= 0.5)


def test_a_recipe_survives_json() -> None:
    assert Recipe.from_json(json.loads(json.dumps(PEOPLE[3].to_json()))) == PEOPLE[3]


@pytest.mark.parametrize("raw", [{}, [], {"schema": 1}, {**PEOPLE[0].to_json(), "schema": 2}, {**PEOPLE[0].to_json(), "wings": 2}])
def test_what_is_no_recipe_is_refused(raw: object) -> None:
    with pytest.raises(InputError, match="make the characters again"):
        Recipe.from_json(raw)  # type: ignore[arg-type]
