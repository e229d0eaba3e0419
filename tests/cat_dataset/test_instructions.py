"""Sentences: every template of every attribute reads back as the edit it was made from."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.errors import UsageError
from cat_dataset.instructions import DEFAULT_OBJECT, Edit, build, object_phrase, parse, spell, templates_of

finite = st.floats(-1e12, 1e12, allow_nan=False).map(lambda x: x + 0.0)
names = st.text(max_size=80).map(object_phrase)


@st.composite
def any_edit(draw: st.DrawFn) -> Edit:
    chosen = draw(st.sampled_from(list(ATTRIBUTES.values())))
    relative = draw(st.booleans()) and bool(templates_of(chosen, relative=True))
    takes_object = all("{object}" in template for template in templates_of(chosen, relative=relative))
    return Edit(chosen.name, draw(finite), draw(names) if takes_object else DEFAULT_OBJECT, relative)


@given(any_edit(), st.integers(0, 5))
def test_one_edit_reads_back(edit: Edit, variant: int) -> None:
    assert parse(build(edit, variant)) == [edit]


@given(st.lists(any_edit(), min_size=1, max_size=4), st.integers(0, 5))
def test_several_edits_read_back(edits: list[Edit], variant: int) -> None:
    assert parse(build(edits, variant)) == edits


@given(any_edit())
def test_case_space_and_full_stop_do_not_matter(edit: Edit) -> None:
    text = build(Edit(edit.attribute, edit.delta, DEFAULT_OBJECT, edit.relative))
    (back,) = parse("  " + text.upper().replace(" ", "  ") + ".")
    assert (back.attribute, back.delta, back.relative) == (edit.attribute, edit.delta, edit.relative)


@given(st.text(max_size=200))
def test_object_phrases_are_clean(name: str) -> None:
    phrase = object_phrase(name)
    assert 1 <= len(phrase) <= 60
    assert not set(phrase) & set(";{}[]|\n\r\t_")
    assert object_phrase(phrase) == phrase


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_spell_keeps_the_float(number: float) -> None:
    text = spell(number)
    assert "e" not in text.lower()
    assert float(text) == number


@pytest.mark.parametrize(
    ("text", "edit"),
    [
        ("Rotate the car by -30 degrees about the vertical axis", Edit("rotation_z", -30.0, "car")),
        ("Increase the ISO by 1600", Edit("iso", 1600.0)),
        ("decrease the iso by 2 stops.", Edit("iso", -2.0, relative=True)),
        ("Move the red cup by 12.5 centimetres to the left", Edit("translation_x", -12.5, "red cup")),
        ("Brighten the picture by 1.5 stops", Edit("exposure", 1.5)),
        ("Reduce exposure by 1 stop", Edit("exposure", -1.0)),
        ("Increase the ISO by 1 stop", Edit("iso", 1.0, relative=True)),
        ("rotate car by 45° about the vertical axis", Edit("rotation_z", 45.0, "car")),
        ("Rotate the car by 1 degree about vertical axis", Edit("rotation_z", 1.0, "car")),
        ("Raise the white balance by 500 K", Edit("white_balance", 500.0)),
        ("Move the cup by 3cm to the right", Edit("translation_x", 3.0, "cup")),
    ],
)
def test_known_sentences(text: str, edit: Edit) -> None:
    assert parse(text) == [edit]


def test_and_joins_edits() -> None:
    parts = parse("Increase the ISO by 800 and rotate the salt and pepper by 20 degrees about the vertical axis")
    assert parts == [Edit("iso", 800.0), Edit("rotation_z", 20.0, "salt and pepper")]


@pytest.mark.parametrize(
    "text",
    ["", "make it nicer", "Increase the magic by 5", "Rotate the car by lots of degrees", "Increase the ISO by", "Increase the ISO by 1e5"],
)
def test_unknown_sentences_name_known_ones(text: str) -> None:
    with pytest.raises(UsageError, match="say it like"):
        parse(text)


def test_an_endless_instruction_is_refused() -> None:
    with pytest.raises(UsageError, match="at most"):
        parse("a" * 100_000)


def test_a_natural_step_on_a_stop_scale_needs_the_source() -> None:
    edit = Edit("iso", 1600.0)
    with pytest.raises(UsageError, match="--from iso="):
        edit.encoded()
    assert edit.encoded(100.0) == pytest.approx(math.log2(17) / 6)
    assert Edit("iso", 3.0, relative=True).encoded() == pytest.approx(0.5)
    assert edit.encoded(plain=True) == pytest.approx(0.25)


def test_build_needs_an_edit() -> None:
    with pytest.raises(UsageError, match="at least one"):
        build([])


def test_one_is_singular() -> None:
    assert build(Edit("exposure", -1.0), 1) == "Decrease the exposure by 1 stop"
    assert build(Edit("rotation_z", 1.0, "bus stops")) == "Rotate the bus stops by 1 degree about the vertical axis"


@pytest.mark.parametrize(
    ("text", "hint"), [("Make the ISO bigger", "Increase the ISO by 1.5 stops"), ("make it nicer", "Increase the exposure by 1 EV")]
)
def test_hints_speak_of_what_was_named(text: str, hint: str) -> None:
    with pytest.raises(UsageError, match=hint):
        parse(text)


NUMBERED = re.compile(
    r" by -?7\.25(?: (?:EV|stops|octaves|mireds|dioptres|kelvins|lumens|millimetres|centimetres|metres|degrees(?: of elevation)?|percent"
    r"|points))?(?= |$)"
)
"""Number and unit in a sentence of the registry, spelled out here by hand."""
every_template = pytest.mark.parametrize(
    ("name", "relative", "variant"),
    [
        (a.name, relative, variant)
        for a in ATTRIBUTES.values()
        for relative in (False, True)
        for variant in range(len(templates_of(a, relative=relative)))
    ],
)


@every_template
def test_a_direction_is_the_sentence_less_its_number(name: str, relative: bool, variant: int) -> None:
    for size in (7.25, -7.25):
        edit = Edit(name, size, "red cup", relative)
        sentence, direction = build(edit, variant), build(edit, variant, numbers=False)
        signed = "-7.25" in sentence
        assert direction == NUMBERED.sub("", sentence, count=1) + (" backwards" if signed else "")
        assert re.fullmatch(r"[A-Z][a-z]+ the [A-Za-z' -]*[a-z]", direction.replace("ISO", "iso")), direction
        assert not {"by", "of"} & {direction.split()[-1]}


@every_template
def test_a_direction_tells_the_sign_and_nothing_of_the_size(name: str, relative: bool, variant: int) -> None:
    more, much_more, less = (build(Edit(name, size, relative=relative), variant, numbers=False) for size in (0.5, 80.0, -1.0))
    assert more == much_more != less
    assert build(Edit(name, 0.0, relative=relative), variant, numbers=False) == more


@pytest.mark.parametrize("name", [a.name for a in ATTRIBUTES.values() if a.needs_source])
def test_a_step_in_the_unit_of_the_scale_has_the_directions_that_training_uses(name: str) -> None:
    trained = {build(Edit(name, -5.0), variant, numbers=False) for variant in range(6)}
    assert build(Edit(name, -1.0, relative=True), numbers=False) in trained


def test_known_directions() -> None:
    edits = [Edit("rotation_z", -30.0, "car"), Edit("orbit_elevation", 12.0), Edit("translation_y", -3.0, "cup")]
    assert build(edits, numbers=False) == (
        "Rotate the car about the vertical axis backwards; Raise the camera; Move the cup towards the camera"
    )
