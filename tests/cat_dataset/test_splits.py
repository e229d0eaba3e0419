"""The split: by what is depicted, deterministic, stable as the dataset grows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.errors import ManifestError, UsageError
from cat_dataset.splits import SPLITS, Member, assign, group, lacking, parse_fractions, tokens

USUAL = {"train": 0.9, "validation": 0.05, "test": 0.05}

members = st.lists(
    st.builds(
        Member,
        id=st.integers(0, 10**6).map("s{}".format),
        source=st.sampled_from(["blender", "unreal", "dslr", "developed"]),
        scene=st.dictionaries(st.sampled_from(["asset", "character", "scene", "hdri", "camera"]), st.integers(0, 6).map(str), max_size=3),
        varies=st.sampled_from([("iso",), ("rotation_z",), ("iso", "exposure")]),
        frames=st.integers(2, 300),
    ),
    min_size=1,
    max_size=40,
    unique_by=lambda member: member.id,
)
fractions = st.sampled_from([USUAL, {"train": 0.5, "validation": 0.0, "test": 0.5}, {"train": 1.0, "validation": 0.0, "test": 0.0}])


def member(name: str, source: str = "blender", varies: tuple[str, ...] = ("rotation_z",), frames: int = 10, **scene: str) -> Member:
    return Member(name, source, scene, varies, frames)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (member("a", asset="chair", hdri="dusk", camera="x"), [("asset", "chair")]),
        (member("a", source="unreal", character="ada", asset="coat"), [("character", "ada"), ("asset", "coat")]),
        (member("a", source="dslr", hdri="dusk", camera="x"), [("hdri", "dusk")]),
        (member("a", source="dslr", scene="desk", hdri="dusk"), [("scene", "desk"), ("hdri", "dusk")]),
        (member("a", hdri="dusk"), [("hdri", "dusk")]),
        (member("a", camera="x"), [("series", "a")]),
    ],
)
def test_what_a_series_shows(one: Member, expected: list[tuple[str, str]]) -> None:
    assert tokens(one) == expected


def test_split_by_replaces_the_rule() -> None:
    assert tokens(member("a", asset="chair", hdri="dusk"), ["hdri"]) == [("hdri", "dusk")]
    assert tokens(member("a", asset="chair"), ["hdri"]) == [("series", "a")]


def test_groups_join_through_others() -> None:
    tied = [member("a", asset="x"), member("b", asset="y"), member("c", character="p", asset="x"), member("d", character="p", asset="y")]
    assert [sorted(one.id for one in entry) for entry in group([*tied, member("e", asset="z")])] in (
        [list("abcd"), ["e"]],
        [["e"], list("abcd")],
    )


@given(members, fractions)
def test_no_scene_is_in_two_splits(listed: list[Member], shares: dict[str, float]) -> None:
    splits = assign(listed, shares)
    assert splits.keys() == {one.id for one in listed}
    assert {shares[split] > 0 for split in splits.values()} == {True}
    seen: dict[tuple[str, str], set[str]] = {}
    for one in listed:
        for token in tokens(one):
            seen.setdefault(token, set()).add(splits[one.id])
    assert all(len(where) == 1 for where in seen.values())


@given(members, fractions, st.randoms())
def test_order_does_not_matter(listed: list[Member], shares: dict[str, float], random) -> None:
    shuffled = random.sample(listed, len(listed))
    assert assign(listed, shares) == assign(shuffled, shares)


@given(members, members, fractions)
def test_growth_moves_nothing(before: list[Member], more: list[Member], shares: dict[str, float]) -> None:
    old = assign(before, shares)
    previous = {token: old[one.id] for one in before for token in tokens(one)}
    grown = before + [one for one in more if one.id not in old]
    try:
        new = assign(grown, shares, previous=previous)
    except ManifestError as error:  # a new series may tie two splits together: then it is named, never silently moved
        assert "tied together" in str(error)
        return
    assert {name: new[name] for name in old} == old
    assert assign(grown, shares, previous={token: new[one.id] for one in grown for token in tokens(one)}) == new


def test_shares_are_met_per_attribute() -> None:
    listed = [member(f"r{i}", asset=f"r{i}") for i in range(60)] + [
        member(f"i{i}", source="dslr", varies=("iso",), scene=f"i{i}") for i in range(20)
    ]
    splits = assign(listed, USUAL)
    for kind, counts in (("r", (54, 3, 3)), ("i", (18, 1, 1))):
        assert tuple(sum(splits[one.id] == split for one in listed if one.id[0] == kind) for split in SPLITS) == counts


@pytest.mark.parametrize("count", [3, 4, 5, 10])
def test_every_split_gets_a_scene_where_there_are_enough(count: int) -> None:
    splits = assign([member(f"r{i}", asset=f"r{i}") for i in range(count)], USUAL)
    assert sorted(splits.values()).count("train") == count - 2
    assert set(splits.values()) == set(SPLITS)


def test_too_few_scenes_go_to_train_and_it_is_said() -> None:
    listed = [member("a", asset="a"), member("b", asset="b")]
    splits = assign(listed, USUAL)
    assert set(splits.values()) == {"train"}
    assert [line.split(" is empty")[0] for line in lacking(listed, splits, USUAL)] == ["the validation split", "the test split"]


def test_an_attribute_that_a_split_lacks_is_said() -> None:
    listed = [member(f"r{i}", asset=f"r{i}") for i in range(9)] + [member("i", varies=("iso",), scene="i")]
    lines = lacking(listed, assign(listed, USUAL), USUAL)
    assert lines == [
        f"the {split} split has no iso: too few scenes vary it, or they keep an earlier split (--fresh-split deals all anew)"
        for split in ("validation", "test")
    ]


def test_a_series_that_ties_two_splits_is_named() -> None:
    previous = {("asset", "x"): "train", ("character", "p"): "test"}
    with pytest.raises(ManifestError, match=r"character=p \(test\) and asset=x \(train\).*--fresh-split"):
        assign([member("new", asset="x", character="p")], USUAL, previous=previous)


@pytest.mark.parametrize("text", ["", "1", "0.9/0.1", "0.9/0.05/0.5", "a/b/c", "1/0/0/0", "2/-1/0", "nan/0/1"])
def test_bad_fractions(text: str) -> None:
    with pytest.raises(UsageError, match="three shares"):
        parse_fractions(text)


def test_fractions() -> None:
    assert parse_fractions("0.9/0.05/0.05") == USUAL


def test_the_largest_group_goes_where_most_is_wanted() -> None:
    """An asset of four series and two of one: the four are for training."""
    listed = [member(f"car{i}", asset="car") for i in range(4)] + [member("house", asset="house"), member("mug", asset="mug")]
    splits = assign(listed, USUAL)
    assert {splits[f"car{i}"] for i in range(4)} == {"train"}
    assert {splits["house"], splits["mug"]} == {"validation", "test"}
