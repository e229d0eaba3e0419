"""The dataset card: true to the tables, valid for the Hub, and not to be broken by what series say of themselves."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cat_dataset.describing.card_header import HUB_LICENCES, size_category
from cat_dataset.describing.coverage import Coverage, measure_coverage
from cat_dataset.describing.dataset_card import HEADING, SHOWN, dataset_card
from cat_dataset.describing.licences import NOT_STATED, count_licences
from cat_dataset.describing.markdown import code, quoted, table
from cat_dataset.describing.near_duplicates import NearDuplicates, NearPair, near_duplicates
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.tables import FRAME_COLUMNS, REJECTED_COLUMNS, SERIES_COLUMNS
from tests.cat_dataset.factory import build_dataset, make_series

NOTHING_NEAR = NearDuplicates((), 6, 0, True)


@pytest.fixture(scope="module")
def dataset(packed: Path) -> Dataset:
    return open_dataset(packed / "manifests")


def card(dataset: Dataset, near: NearDuplicates = NOTHING_NEAR, series: pd.DataFrame | None = None, **changes: Any) -> str:
    info = {**dataset.info, **changes}
    return dataset_card(info, dataset.series if series is None else series, covered(str(dataset.manifests)), near)


@cache
def covered(manifests: str) -> dict[str, Coverage]:
    return measure_coverage(open_dataset(manifests))


def header(text: str) -> dict[str, Any]:
    """What the Hub reads."""
    assert text.startswith("---\n")
    loaded = yaml.safe_load(text.split("\n---\n", maxsplit=1)[0][4:])
    assert isinstance(loaded, dict)
    return loaded


def tables(text: str) -> list[list[list[str]]]:
    """Every table of the card as GitHub reads it: rows of cells, their text without markup."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text.split("\n---\n", 1)[1]):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and token.level >= 4 and found:
            found[-1][-1].append("".join(child.content for child in token.children or []))
    return found


def with_licences(dataset: Dataset, per_series: list[list[str]]) -> pd.DataFrame:
    series = dataset.series.copy()
    series["licences"] = (per_series * len(series))[: len(series)]
    return series


def test_counts_by_split_and_source(dataset: Dataset) -> None:
    contents = tables(card(dataset))[0]
    assert contents[0] == ["split", "series", "frames", "from blender", "from dslr", "shards", "MB"]
    rows = {row[0]: row[1:] for row in contents[1:]}
    for split, own in dataset.series.groupby("split"):
        by_source = [int((own["source"] == source).sum()) for source in ("blender", "dslr")]
        assert [int(cell) for cell in rows[str(split)][:4]] == [len(own), own["frames"].sum(), *by_source]
    assert [int(cell) for cell in rows["all"][:5]] == [6, 18, 3, 3, len(dataset.info["shards"])]


def test_coverage_of_every_attribute_and_split(dataset: Dataset) -> None:
    text = card(dataset)
    coverage = tables(text)[1]
    assert len(coverage) - 1 == sum(len(one.splits) for one in measure_coverage(dataset).values())
    assert ["iso", "train", "1", "3", "ISO 100", "ISO 200", "3"] in coverage
    assert "](coverage.svg)" in text


def test_the_same_bytes_every_time(dataset: Dataset, packed: Path) -> None:
    assert card(dataset) == card(open_dataset(packed / "manifests"))
    assert str(packed) not in card(dataset)


def test_the_header_is_what_the_hub_asks_for(dataset: Dataset) -> None:
    fields = header(card(dataset, series=with_licences(dataset, [["CC0-1.0", "Apache-2.0"], ["CC0-1.0"]])))
    assert fields["license"] == ["apache-2.0", "cc0-1.0"]
    assert fields["size_categories"] == ["n<1K"]
    assert fields["task_categories"] == ["image-to-image"]
    assert fields["configs"] == [
        {
            "config_name": "default",
            "data_files": [{"split": split, "path": f"../shards/{split}-*.tar"} for split in ("train", "validation", "test")],
        }
    ]
    hub = pytest.importorskip("huggingface_hub")
    assert hub.DatasetCard(card(dataset)).data.pretty_name == "CAT dataset"


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        ([["MIT"]], ["mit"]),
        ([["MIT"], []], ["unknown"]),
        ([["MIT", NOT_STATED]], ["unknown"]),
        ([["MIT"], ["All rights reserved"]], ["other"]),
    ],
)
def test_licence_of_the_header(dataset: Dataset, licences: list[list[str]], expected: list[str]) -> None:
    fields = header(card(dataset, series=with_licences(dataset, licences)))
    assert fields["license"] == expected
    assert ("license_name" in fields) == (expected == ["other"])
    assert HUB_LICENCES.isdisjoint({"other", "unknown"})


def test_licences_are_counted_and_what_lacks_them_is_said(dataset: Dataset) -> None:
    text = card(dataset, series=with_licences(dataset, [["MIT"], ["MIT", "CC0-1.0"], []]))
    assert [["licence", "series"], ["MIT", "4"], ["CC0-1.0", "2"], [NOT_STATED, "2"]] in tables(text)
    assert "For 2 of 6 series a licence, or that of a part, is not stated" in text
    assert "not stated" not in card(dataset, series=with_licences(dataset, [["MIT"]]))
    many = card(dataset, series=with_licences(dataset, [[f"licence {k}" for k in range(SHOWN + 5)]]))
    assert "5 more, in `series.parquet`" in many


def test_near_duplicates_are_listed(dataset: Dataset) -> None:
    pairs = tuple(NearPair(f"one_{k}", "train", f"other_{k}", "test", k) for k in range(SHOWN + 2))
    text = card(dataset, near=NearDuplicates(pairs, 40, 3, True))
    assert f"{SHOWN + 2} pairs of series in different splits look alike" in text
    assert "3 were not, because their pictures are nearly flat" in text
    (listed,) = [each for each in tables(text) if each[0][-1] == "bits"]
    assert listed[1] == ["one_0", "train", "other_0", "test", "0"]
    assert len(listed) == SHOWN + 1
    assert "More than 10,000 pairs" in card(dataset, near=NearDuplicates(pairs, 40, 3, False))
    assert "0 pairs of series" in card(dataset)
    assert "1 pair of series in different splits looks alike" in card(dataset, near=NearDuplicates(pairs[:1], 40, 3, True))


def test_a_build_that_did_not_decode_says_so(dataset: Dataset) -> None:
    series = dataset.series.assign(dhashes=[[] for _ in range(len(dataset.series))])
    near = near_duplicates(series["dhashes"].tolist(), series["series"].tolist(), series["split"].tolist())
    assert "Not looked for: the pictures were packed without being decoded" in card(dataset, near, series)


def test_what_was_left_out(dataset: Dataset) -> None:
    assert "rejected.parquet" not in card(dataset)
    text = card(dataset, rejected=3)
    assert "3 series could not be packed; `rejected.parquet` names them" in text
    assert {f"`{name}`" for name in REJECTED_COLUMNS} <= set(text.split())


def test_every_column_is_explained(dataset: Dataset) -> None:
    described = {row[0]: row[1] for each in tables(card(dataset)) if each[0] == ["column", "type", "meaning"] for row in each[1:]}
    assert described.keys() == FRAME_COLUMNS.keys() | SERIES_COLUMNS.keys() | {"value_<attribute>", "scene_<key>"}
    assert described["luminance"] == "float32"
    assert described["licences"] == "list of string"


def test_the_python_on_it_runs(dataset: Dataset, packed: Path) -> None:
    """All but `datasets` and `mlcroissant`, which test_stock_readers runs."""
    blocks = card(dataset).split("```python\n")[1:]
    programs = [block.split("```")[0] for block in blocks]
    assert len(programs) == 4
    for program in programs:
        if "datasets" not in program and "mlcroissant" not in program:
            pytest.importorskip("duckdb")
            done = subprocess.run([sys.executable, "-c", program], cwd=packed, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("folder", "shown"),
    [("../shards", "shards/"), (".", "manifests/"), ("../../big", "../big/"), ("s3://bucket/set", "s3://bucket/set/")],
)
def test_where_the_shards_lie(dataset: Dataset, folder: str, shown: str) -> None:
    text = card(dataset, shards_folder=folder)
    assert f'WebDataset("{shown}{dataset.info["shards"][0]["file"]}"' in text
    assert header(text)["configs"][0]["data_files"][0]["path"] == f"{folder}/train-*.tar"


def test_only_splits_that_there_are(tmp_path: Path) -> None:
    make_series(tmp_path / "series", "only", {"iso": [100.0, 200.0]})
    built = build_dataset(tmp_path)
    text = card(built)
    assert "validation-" not in text
    assert [row[0] for row in tables(text)[0]] == ["split", built.series["split"].iloc[0]]


hostile = st.text(st.sampled_from("|`\\\n\r<>&#*_[](){}!-\"': a\u2028\u0085é漢\x1b"), max_size=12) | st.text(max_size=12)


@settings(max_examples=40)
@given(hostile, hostile)
def test_text_of_others_stays_text(dataset: Dataset, licence: str, folder: str) -> None:
    named = " ".join(licence.split())
    folder = folder.replace("\ud800", "")
    text = card(dataset, series=with_licences(dataset, [[licence]]), shards_folder=f"../x{folder}")
    shape = [[len(row) for row in each] for each in tables(text)]
    assert shape == [[len(row) for row in each] for each in tables(card(dataset, series=with_licences(dataset, [["plain"]])))]
    assert text.count(f"\n{HEADING}\n") == 1
    assert "<script" not in MarkdownIt("commonmark").enable("table").render(text.split("\n---\n", 1)[1])
    assert header(text)["configs"][0]["data_files"][0]["path"] == f"../x{folder}/train-*.tar"
    if named.isprintable() and named.isalnum():
        assert [named, "6"] in [row for each in tables(text) for row in each]


@given(hostile)
def test_code_spans_show_what_they_hold(text: str) -> None:
    (inline,) = [token for token in MarkdownIt("commonmark").parse(f"x {code(text)} y") if token.type == "inline"]
    shown = [child.content for child in inline.children or [] if child.type == "code_inline"]
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    assert shown == ([flat] if flat else [])


@given(hostile)
def test_quoted_is_read_back(text: str) -> None:
    text = "".join(c for c in text if not "\ud800" <= c <= "\udfff")
    assert yaml.safe_load(f"key: {quoted(text)}")["key"] == text
    assert eval(quoted(text)) == text  # our own spelling of a Python literal


def test_tables_escape_bars() -> None:
    assert table(("a",), [("x|y",), ("x\\|y",)])[2:] == ["| x\\|y |", "| x\\ \\|y |"]


@pytest.mark.parametrize(
    ("frames", "name"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (99_999, "10K<n<100K"), (10_000_000, "10M<n<100M"), (10**12, "n>1T")],
)
def test_size_categories(frames: int, name: str) -> None:
    assert size_category(frames) == name


def test_licence_counts_of_a_real_series(dataset: Dataset) -> None:
    assert count_licences(dataset.series["licences"]) == {NOT_STATED: 6}
