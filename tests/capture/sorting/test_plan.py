import math
import re
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capture.reading.formats import Kind
from capture.sorting.explain import explain
from capture.sorting.plan import plan_folder, series_id
from capture.sorting.settings import ATTRIBUTES
from cat_dataset.attributes import ATTRIBUTES as REGISTRY
from cat_dataset.errors import UsageError
from cat_dataset.series import ID_PATTERN
from tests.capture.sorting.shots import FOLDER, Previews, series, shot, view

ISOS = (100, 200, 400, 800)
STOPS = (1 / 15, 1 / 60, 1 / 250)


def plan(shots, previews=None, **options):
    return plan_folder(shots, folder=options.pop("folder", FOLDER), preview=previews or Previews(), **options)


def test_one_series_takes_the_folders_name_and_the_order_of_its_labels():
    (made,) = plan(series(1, "iso", (800, 100, 400, 200)), folder=Path("/x/My Series-042")).plans
    assert (made.id, made.scene, made.attribute, made.values) == ("my_series_042", "my_series_042", "iso", (100, 200, 400, 800))
    assert [one.path.name for one in made.shots] == ["IMG_0002.DNG", "IMG_0004.DNG", "IMG_0003.DNG", "IMG_0001.DNG"]
    assert made.kinds == (Kind.RAW,) * 4
    assert made.middle == 2


def test_several_series_have_ids_of_their_own_and_share_their_place():
    shots = [*series(1, "iso", ISOS), *series(5, "f_number", (5.6, 4, 2.8)), *series(11, "iso", ISOS), *series(21, "iso", ISOS, camera="B")]
    pictures = {one.path.name: view(2 if 11 <= int(one.path.stem[-4:]) < 21 else 1) for one in shots}
    found = plan(shots, Previews(pictures), folder=Path("Ünder " + "x" * 90))
    assert [one.attribute for one in found.plans] == ["iso", "aperture", "iso", "iso"]
    assert len({one.id for one in found.plans}) == 4
    assert all(ID_PATTERN.fullmatch(one.id) and len(one.id) <= 72 for one in found.plans)
    assert found.plans[1].id.endswith("-aperture-img_0005")
    first, second, third, fourth = (one.scene for one in found.plans)
    assert first == second == fourth != third


def test_ids_stay_unique_when_stems_do_not():
    shots = [replace(one, path=FOLDER / f"{letter}.dng", camera=letter) for letter in "äöü" for one in series(1, "iso", ISOS)]
    shots = [replace(one, path=one.path.with_name(f"{one.path.stem}{'é' * i}.dng")) for i, one in enumerate(shots)]
    found = plan(shots)
    assert len(found.plans) == 3
    assert [re.sub(".*unnamed", "", one.id) for one in found.plans] == ["", "-2", "-3"]


def test_the_scene_named_in_the_file_is_the_place():
    shots = series(1, "iso", ISOS, scene={"scene": "kitchen"})
    assert plan(shots).plans[0].scene == "kitchen"


def test_a_repeated_value_keeps_the_picture_taken_first():
    shots = [shot(1, shutter=1 / 50), shot(2, shutter=1 / 200), shot(3, shutter=1 / 50, f_number=8.05)]
    (made,) = plan(shots, Previews(default=view(1))).plans
    assert [one.path.name for one in made.shots] == ["IMG_0002.DNG", "IMG_0001.DNG"]
    assert made.set_aside == (("IMG_0003.DNG", "repeats the exposure of IMG_0001.DNG, which was taken first"),)
    assert "1 of 3 pictures repeat a value of exposure and are set aside: IMG_0003.DNG" in made.notes


def test_spoilers_and_refusals_are_named_and_nothing_is_lost():
    spoilt = [shot(i, shutter=2.0**-i, iso=800 if i == 3 else 100) for i in range(1, 9)]
    dull = [replace(one, camera="Dull") for one in (shot(11), shot(12))]
    lone = shot(20, camera="Phone")
    found = plan([*spoilt, *dull, lone], Previews(default=view(1)))
    (made,) = found.plans
    assert made.id == "card"
    assert made.set_aside == (("IMG_0003.DNG", "has ISO 800, the other 7 have ISO 100; it is left out"),)
    assert "IMG_0003.DNG has ISO 800" in "\n".join(made.notes)
    (refused,) = found.refused
    assert str(refused).startswith("card: IMG_0011.DNG, IMG_0012.DNG: nothing varies in 2 pictures")
    assert [left.shot.path.name for left in found.strays] == ["IMG_0020.DNG"]


def test_a_folder_without_any_group_is_refused():
    (refused,) = plan([shot(1)]).refused
    assert str(refused) == "card: IMG_0001.DNG: one picture; a series needs at least two to show a change"
    found = plan([shot(1), shot(2, camera="B")])
    assert found.plans == found.strays == ()
    assert "no two pictures belong together: IMG_0001.DNG is the only picture of its kind (camera: Maker One), IMG_0002.DNG is" in str(
        found.refused[0]
    )


@dataclass(frozen=True)
class Beside:
    attribute: str | None = None


def test_an_attribute_may_be_forced_by_flag_or_side_car():
    shots = [shot(i, iso=100 * 2**i, f_number=2.8 * 2 ** (i % 2)) for i in range(1, 5)]
    assert plan(shots).plans == ()
    previews = Previews(default=view(1))
    assert plan(shots, previews, attribute="iso").plans[0].values == (200, 400, 800, 1600)
    assert plan(shots, previews, side_car=Beside("iso")).plans[0].attribute == "iso"
    assert plan(shots, previews, attribute="aperture", side_car=Beside("iso")).plans[0].attribute == "aperture"
    with pytest.raises(UsageError, match="--attribute 'hue' is none of"):
        plan(shots, attribute="hue")
    with pytest.raises(UsageError, match="side-car's kind 'hue' is none of"):
        plan(shots, side_car=Beside("hue"))


def test_notes_for_the_user():
    shots = series(1, "iso", ISOS, saturation=15000)
    shots[1] = replace(shots[1], orientation=6, saturation=14000, remarks=("IMG_0002.DNG: something",))
    notes = "\n".join(plan(shots).plans[0].notes)
    assert "all are turned like the most of them (EXIF orientation 1)" in notes
    assert "saturation levels from 14000 to 15000; all frames clip at 14000" in notes
    assert "IMG_0002.DNG: something" in notes
    jpegs = [shot(i, iso=100 * i, name=f"{i}.jpg", automatic_white_balance=True) for i in (1, 2)]
    assert "JPEGs with automatic white balance" in plan(jpegs).plans[0].notes[-1]


def test_the_id_is_safe_whatever_the_folder_is_called():
    assert series_id(Path("/x/../y/Ä b")) == "b"
    assert series_id(Path("/")) == "unnamed"


_VALUES = st.none() | st.sampled_from([0.0, -1.0, 1e-320, 1e300, math.inf, math.nan, 100.0, 200.0, 400.0, 8.0, 0.01])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({
            "iso": _VALUES, "f_number": _VALUES, "shutter": _VALUES, "kelvin": _VALUES, "compensation": _VALUES, "focal_length": _VALUES,
            "focus_distance": _VALUES, "camera": st.sampled_from(["A", "B", ""]), "flash": st.none() | st.booleans(),
            "seconds": st.sampled_from([0.0, 1e9, 1e9 + 1, -1e300, 1e300]), "automatic_white_balance": st.none() | st.booleans(),
        }), max_size=14,
    ),
    st.sampled_from([None, *ATTRIBUTES]),
)  # fmt: skip
def test_whatever_files_say_every_shot_is_accounted_for_and_explained(drawn, attribute):
    shots = [shot(i, **values) for i, values in enumerate(drawn)]
    found = plan(shots, Previews({shots[0].path.name: view(1)} if shots else {}, default=view(2)), attribute=attribute)
    names = [one.path.name for made in found.plans for one in made.shots] + [name for made in found.plans for name, _ in made.set_aside]
    names += [one.path.name for group in found.refused for one in group.shots] + [left.shot.path.name for left in found.strays]
    assert sorted(names) == [one.path.name for one in shots]
    assert "\n".join(explain(found)).count(".DNG") >= len(shots)
    for made in found.plans:
        assert list(made.values) == sorted(set(made.values))
        assert len(made.values) == len(made.shots) >= 2
        for value in made.values:
            REGISTRY[made.attribute].check(value)
