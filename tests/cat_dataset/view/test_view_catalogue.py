"""What cat-view knows of a dataset: filters, pages, order, sentences, and a few rows of large tables."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cat_dataset.attributes import ATTRIBUTES, attribute
from cat_dataset.checking.faults import Fault
from cat_dataset.checking.sanity import Finding
from cat_dataset.errors import ManifestError
from cat_dataset.images import decode_rgb
from cat_dataset.instructions import Edit, build, object_phrase
from cat_dataset.manifests import Dataset
from cat_dataset.view import catalogue as module
from cat_dataset.view import flags as flags_module
from cat_dataset.view.catalogue import Catalogue, NotHere, Query
from cat_dataset.view.flags import Flags
from cat_dataset.view.parquet_rows import ParquetRows
from cat_dataset.view.pictures import Pictures
from cat_dataset.view.sentences import HOLE, describe, words
from tests.cat_dataset.view.view_site import EVIL, flip, make_site


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def catalogue(dataset: Dataset) -> Catalogue:
    return Catalogue(
        dataset, Flags([Finding("both", None, "order", "odd"), Finding("both", 1, "copies", "same"), Finding("", None, "x", "all")])
    )


def names(catalogue: Catalogue, **asked: Any) -> list[str]:
    return [catalogue.ids[k] for k in catalogue.find(Query(**asked))]


def test_filters(catalogue: Catalogue) -> None:
    everything = ["both", "evil", "iso_room", "turn_0", "turn_1", "turn_2", "turn_3"]
    assert names(catalogue) == everything
    assert names(catalogue, attribute="rotation_z") == everything[3:]
    assert names(catalogue, attribute="white_balance") == ["both"]
    assert names(catalogue, attribute="hue") == names(catalogue, attribute="nonsense") == []
    assert names(catalogue, text="MUG") == everything[3:]
    assert names(catalogue, text="turn_2") == ["turn_2"]
    assert names(catalogue, text="(.*") == []
    assert names(catalogue, text="onerror") == ["evil"]
    assert names(catalogue, flagged=True) == ["both"]
    splits = [names(catalogue, split=split) for split in ("train", "validation", "test")]
    assert sorted(one for split in splits for one in split) == everything
    assert names(catalogue, split="train", attribute="rotation_z", text="mug") == [one for one in splits[0] if one.startswith("turn")]


def test_summary(catalogue: Catalogue, dataset: Dataset) -> None:
    about = catalogue.summary()
    assert (about["series"], about["frames"]) == (7, 4 * 5 + 4 + 6 + 3)
    assert about["bytes"] == int(dataset.frames["size"].sum())
    assert {one["name"]: one["series"] for one in about["attributes"]} == {
        "iso": 1,
        "white_balance": 1,
        "exposure": 1,
        "gamma": 1,
        "rotation_z": 4,
    }
    assert sum(one["series"] for one in about["splits"]) == 7
    assert about["notes"] == ["all"]


def test_pages(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 3)
    pages = [catalogue.page(Query(), number) for number in range(4)]
    assert [[card["id"] for card in page["cards"]] for page in pages] == [
        ["both", "evil", "iso_room"],
        ["turn_0", "turn_1", "turn_2"],
        ["turn_3"],
        [],
    ]
    assert {(page["total"], page["size"]) for page in pages} == {(7, 3)}


def test_a_card(catalogue: Catalogue) -> None:
    card = catalogue.card(catalogue.number("iso_room"))
    assert card["strip"] == [{"frame": 1, "label": "ISO 100"}, {"frame": 0, "label": "ISO 800"}, {"frame": 2, "label": "ISO 1600"}]
    assert catalogue.card(catalogue.number("both"))["flags"] == 2
    assert catalogue.card(catalogue.number("evil"))["object"] == EVIL


def test_frames_are_in_the_order_of_their_values(catalogue: Catalogue, dataset: Dataset) -> None:
    detail = catalogue.detail(catalogue.number("iso_room"))
    assert detail["frames"]["frame"] == [1, 3, 0, 2]
    assert detail["values"]["iso"]["value"] == [100.0, 200.0, 800.0, 1600.0]
    assert detail["values"]["iso"]["text"] == ["ISO 100", "ISO 200", "ISO 800", "ISO 1600"]
    assert np.diff(detail["values"]["iso"]["coordinate"]) == pytest.approx([1, 2, 1])
    table = dataset.frames[dataset.frames["series"] == "iso_room"].set_index("frame").loc[[1, 3, 0, 2]]
    for name in ("sha256", "size", "width", "height"):
        assert detail["frames"][name] == table[name].tolist()
    assert detail["frames"]["luminance"] == pytest.approx(table["luminance"].tolist())
    several = catalogue.detail(catalogue.number("both"))
    assert [one["name"] for one in several["attributes"]] == ["exposure", "white_balance"]
    assert several["values"]["exposure"]["value"] == [-1, -1, 0, 0, 1.5, 1.5]
    assert several["values"]["white_balance"]["value"] == [4000, 5600] * 3
    assert several["constants"] == '{"seed": 60}'
    assert [flag["frame"] for flag in several["flags"]] == [None, 1]


def test_what_is_not_there(catalogue: Catalogue) -> None:
    assert catalogue.row("turn_0", 4) == catalogue.dataset.rows("turn_0")[4]
    for series, frame in (("nobody", 0), ("turn_0", 5), ("turn_0", -1), ("", 0)):
        with pytest.raises(NotHere):
            catalogue.row(series, frame)


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_sentences_with_a_hole_are_those_of_the_trainer(name: str) -> None:
    thing = "the 12345.5 {amount} <b>mug</b>"
    for relative in {False, attribute(name).needs_source}:
        said = words(name, thing, relative=relative)
        for delta in (0.0, 1.0, -1.0, 2.0, -0.25, 33.125, -600.0):
            expected = build(Edit(name, delta, object_phrase(thing), relative))
            key = {0.0: "none", 1.0: "plus_one", -1.0: "minus_one"}.get(delta) or ("rises" if delta > 0 else "falls")
            text = said[key].replace(HOLE, f"{abs(delta):g}") if key in ("rises", "falls") else said[key]
            assert text == expected
    assert (describe(name, "mug")["relative"] is not None) == attribute(name).needs_source


@given(st.integers(1, 60), st.integers(1, 25), st.data())
def test_some_rows_of_a_table(tmp_path_factory: pytest.TempPathFactory, count: int, group: int, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("rows") / "table.parquet"
    pq.write_table(pa.table({"a": range(count), "b": [f"text {k}" for k in range(count)]}), path, row_group_size=group)
    begin = data.draw(st.integers(0, count - 1))
    end = data.draw(st.integers(begin + 1, count))
    found = ParquetRows(path).read(range(begin, end), ["b", "a"])
    assert found.column("a").to_pylist() == list(range(begin, end))
    assert found.column("b").to_pylist() == [f"text {k}" for k in range(begin, end)]


def test_small_pictures_are_kept_within_a_limit(dataset: Dataset) -> None:
    pictures = Pictures(dataset, cache_bytes=5000)
    first = pictures.small(0)
    assert decode_rgb(first).shape == (48, 64, 3)
    for row in range(len(dataset)):
        pictures.small(row)
    assert pictures._held == sum(map(len, pictures._small.values())) <= 5000
    assert 0 < len(pictures._small) < len(dataset)
    assert pictures.small(0) == first


def test_a_damaged_picture_is_named_without_the_path_to_it(tmp_path: Path) -> None:
    dataset = make_site(tmp_path, turns=1)
    flip(dataset, 0)
    for read in (Pictures(dataset).whole, Pictures(dataset).small):
        with pytest.raises(ManifestError, match=r"^\w+-00000\.tar: \d+ bytes at offset 512 do not match their CRC-32"):
            read(0)


def test_labels_are_checked_while_the_page_is_open(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    flags = Flags.start(dataset)
    until = time.monotonic() + 20
    while flags.state == "working" and time.monotonic() < until:
        time.sleep(0.01)
    assert flags.state == "ready"
    assert [one.kind for one in flags.of("iso_room")] == ["order"]

    def fails(_: Dataset) -> list[Finding]:
        raise ManifestError("gone")

    monkeypatch.setattr(flags_module, "findings", fails)
    flags = Flags.start(dataset)
    while flags.state == "working" and time.monotonic() < until:
        time.sleep(0.01)
    assert flags.state == "failed"


def test_faults_are_counted_and_flagged_where_they_belong() -> None:
    faults = [Fault("totals", "wrong", "mend it")] + [
        Fault("hash", "differs", "copy it", "train-00000.tar", 512, "both", k) for k in range(300)
    ]
    flags = Flags([Finding("both", None, "order", "odd")], faults)
    assert (len(flags.faults), flags.fault_count, flags.notes) == (flags_module.LISTED, 301, [])
    assert flags.faults[:2] == ["wrong; mend it", "train-00000.tar, byte 512, both, frame 0: differs; copy it"]
    assert len(flags.of("both")) == 301
    assert [(one.frame, one.kind, one.message) for one in flags.of("both")[:2]] == [
        (0, "hash", "differs; copy it"),
        (1, "hash", "differs; copy it"),
    ]
    assert flags.flagged(["turn_0", "both"]).tolist() == [False, True]
