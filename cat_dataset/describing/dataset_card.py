"""The dataset card, manifests/README.md: what is in a dataset, in words and numbers, under the header of the Hugging Face Hub.

It is made from the tables alone, so equal datasets give equal cards. Text that came with the series (licences, sources,
folder names) is set as code, in which neither Markdown nor YAML can be broken.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from typing import Any

import pandas as pd

from cat_dataset.describing.card_header import card_header, splits_held
from cat_dataset.describing.card_schema import schema_section
from cat_dataset.describing.coverage import MOST_SERIES, Coverage
from cat_dataset.describing.coverage_plot import spelled, value_range
from cat_dataset.describing.licences import NOT_STATED, count_licences
from cat_dataset.describing.markdown import code, quoted, table
from cat_dataset.describing.near_duplicates import LEAST_BITS, MOST_PAIRS, THRESHOLD, NearDuplicates

HEADING = "# Manifests of a CAT dataset"
"""The first heading of every card: by it a README.md is known to be ours."""
SHOWN = 10
"""Near-duplicates, and licences, that are listed one by one."""


def dataset_card(info: Mapping[str, Any], series: pd.DataFrame, coverage: Mapping[str, Coverage], near: NearDuplicates) -> str:
    """The card as Markdown.

    Args:
        info: dataset.json.
        series: the series table, with at least ``split``, ``source``, ``frames``, ``licences`` and ``dhashes``.
        coverage: from `cat_dataset.describing.coverage.measure_coverage`; the plot of it lies beside the card.
        near: from `cat_dataset.describing.near_duplicates.near_duplicates`.
    """
    licences = count_licences(series["licences"])
    rejected = int(info.get("rejected", 0))
    lines = [
        *card_header(info, licences),
        "",
        HEADING,
        "",
        f"Pictures of scenes in which one attribute, or a few, change by known amounts. They lie in WebDataset tars in "
        f"{code(info['shards_folder'])}; the tables here say what they are and where their bytes begin. `cat-verify` re-reads and "
        "re-hashes everything. Every field of every format is explained in `docs/formats.md` of cat-dataset, every attribute in "
        "`docs/attributes.md`.",
        "",
        *_contents(info, series),
        "",
        *_coverage(coverage),
        "",
        *_licences(licences, len(series)),
        "",
        *_near(near, int((series["dhashes"].map(len) == 0).sum())),
    ]
    if rejected:
        lines += ["", "## Left out", "", f"{rejected:,} series could not be packed; `rejected.parquet` names them and says why."]
    lines += ["", *schema_section(rejected > 0), "", *_reading(info)]
    return "\n".join(lines) + "\n"


def _contents(info: Mapping[str, Any], series: pd.DataFrame) -> list[str]:
    sources = sorted(series["source"].unique())
    rows = []
    for split in splits_held(info):
        shards = [shard for shard in info["shards"] if shard["split"] == split]
        rows.append((split, series[series["split"] == split], len(shards), sum(shard["bytes"] for shard in shards)))
    if len(rows) > 1:
        rows.append(("all", series, len(info["shards"]), sum(shard["bytes"] for shard in info["shards"])))
    cells = [
        (name, f"{len(own):,}", f"{int(own['frames'].sum()):,}", *(f"{int((own['source'] == source).sum()):,}" for source in sources),
         f"{count:,}", f"{size / 1e6:,.1f}")
        for name, own, count, size in rows
    ]  # fmt: skip
    head = ("split", "series", "frames", *(f"from {code(source)}" for source in sources), "shards", "MB")
    keys = info["split"].get("by")
    rule = f"the scene keys {', '.join(map(code, keys))}" if keys else "what they show (character, asset, scene; for captures also the sky)"
    return [
        "## Contents",
        "",
        *table(head, cells, "l" + "r" * (len(head) - 1)),
        "",
        f"Scenes are split, never frames: series belong together by {rule}.",
    ]


def _coverage(coverage: Mapping[str, Coverage]) -> list[str]:
    head = ("attribute", "split", "series", "frames", "lowest", "highest", "different values")
    rows = [
        (
            code(name) if number == 0 else "",
            split,
            f"{own.series:,}",
            f"{own.frames:,}",
            spelled(name, own.low),
            spelled(name, own.high),
            f"{own.distinct:,}",
        )
        for name, one in coverage.items()
        for number, (split, own) in enumerate(one.splits.items())
    ]
    ranges = "; ".join(f"{name} {value_range(one)}" for name, one in coverage.items())
    caption = (
        "Sizes of the changes between every two frames of a series, in the unit in which equal steps look equal; angles go the "
        "short way round."
    )
    if any(one.sampled for one in coverage.values()):
        caption += f" Counted in at most {MOST_SERIES} series of each split, spread evenly over it."
    return [
        "## Coverage",
        "",
        *table(head, rows, "llrrrrr"),
        "",
        f"![Sizes of the changes by attribute and split; values: {ranges}](coverage.svg)",
        "",
        caption,
    ]


def _licences(licences: Mapping[str, int], total: int) -> list[str]:
    lines = ["## Licences", "", "As the producers of the series state them; one series may name several (an object's and a sky's).", ""]
    named = [(code(text), f"{count:,}") for text, count in licences.items() if text != NOT_STATED]
    rest = len(named) - SHOWN
    if rest > 0:
        named = [*named[:SHOWN], (f"{rest:,} more, in `series.parquet`", "")]
    if NOT_STATED in licences:
        named.append((f"**{NOT_STATED}**", f"{licences[NOT_STATED]:,}"))
        left = licences[NOT_STATED]
        warning = f"For {left:,} of {total:,} series a licence, or that of a part, is not stated: ask their makers before you publish them."
        return [*lines, *table(("licence", "series"), named, "lr"), "", warning]
    return [*lines, *table(("licence", "series"), named, "lr")]


def _near(near: NearDuplicates, without: int) -> list[str]:
    lines = ["## Look-alikes across splits", ""]
    if not near.compared and without:
        return [*lines, "Not looked for: the pictures were packed without being decoded (`--no-decode`)."]
    found = f"{len(near.pairs):,}" if near.complete else f"More than {MOST_PAIRS:,}"
    alike = "pair of series in different splits looks" if found == "1" else "pairs of series in different splits look"
    said = (
        f"{found} {alike} alike: the 256-bit difference hashes of their first, middle or last frames differ in at most "
        f"{THRESHOLD} bits. {near.compared:,} hashes were compared."
    )
    if near.flat:
        said += f" {near.flat:,} were not, because their pictures are nearly flat (fewer than {LEAST_BITS} set or unset bits)."
    if without:
        said += f" {without:,} series have none, because they were packed without being decoded."
    lines.append(said)
    if near.pairs:
        rows = [(code(pair.one), pair.one_split, code(pair.other), pair.other_split, str(pair.bits)) for pair in near.pairs[:SHOWN]]
        lines += ["", *table(("series", "split", "series", "split", "bits"), rows, "llllr")]
        if len(near.pairs) > SHOWN:
            lines += ["", f"These are the first {SHOWN}."]
    return lines


def _reading(info: Mapping[str, Any]) -> list[str]:
    """Lines of Python that work in the folder that holds ``manifests/``."""
    folder = info["shards_folder"]
    if "://" not in folder:
        folder = posixpath.normpath(posixpath.join("manifests", folder))
    split, shard = info["shards"][0]["split"], f"{folder}/{info['shards'][0]['file']}"
    return f'''## Reading

Run these in the folder that holds `manifests/`. Our own reader gives pairs with instructions:

```python
from cat_dataset.manifests import open_dataset
from cat_dataset.pairs import PairIndex

dataset = open_dataset("manifests")
pair = PairIndex(dataset, split="{split}", seed=0).pair(0)
```

Hugging Face `datasets` gives single frames with their labels:

```python
from datasets import load_dataset  # pip install datasets

frames = load_dataset("manifests")
table = load_dataset("parquet", data_files="manifests/frames.parquet")
```

Stock `webdataset` reads the tars alone, `duckdb` and `pandas` the tables:

```python
import duckdb
import webdataset

samples = webdataset.WebDataset({quoted(shard)}, shardshuffle=False).decode("rgb8")
sizes = duckdb.sql("select split, count(*), sum(size) from 'manifests/frames.parquet' group by split")
```

`mlcroissant` reads the tables and the pictures. It unpacks tars into one cache by their relative names, so give every
dataset a cache of its own before importing it:

```python
import os

os.environ["CROISSANT_CACHE"] = "croissant-cache"
import mlcroissant  # pip install mlcroissant[parquet,image]

frames = mlcroissant.Dataset("manifests/croissant.json").records("frames")
```'''.splitlines()
