"""The YAML header of the dataset card: which files are pictures, by split, and what the Hugging Face Hub files a dataset under."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cat_dataset.dataset_json import SPLITS
from cat_dataset.describing.licences import NOT_STATED
from cat_dataset.describing.markdown import quoted

# fmt: off
HUB_LICENCES = frozenset((
    "apache-2.0", "mit", "openrail", "afl-3.0", "artistic-2.0", "bsl-1.0", "bsd-2-clause", "bsd-3-clause", "bsd-3-clause-clear",
    "c-uda", "cc0-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc-by-nc-2.0",
    "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0", "cdla-sharing-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "wtfpl", "ecl-2.0", "epl-1.0", "epl-2.0",
    "etalab-2.0", "eupl-1.1", "eupl-1.2", "agpl-3.0", "gfdl", "gpl-2.0", "gpl-3.0", "lgpl-2.1", "lgpl-3.0", "isc", "lppl-1.3c",
    "ms-pl", "mpl-2.0", "odc-by", "odbl", "osl-3.0", "postgresql", "ofl-1.1", "ncsa", "unlicense", "zlib", "pddl",
))
# fmt: on
"""Licence ids of the Hub (Hub documentation, "Licenses") that an asset may plausibly have; the same as SPDX's in small letters."""

_SIZES = ("1K", "10K", "100K", "1M", "10M", "100M", "1B", "10B", "100B", "1T")


def card_header(info: Mapping[str, Any], licences: Mapping[str, int]) -> list[str]:
    """The header's lines, fences included; ``licences`` are counts of series, from `cat_dataset.describing.licences.count_licences`."""
    lines = ["---", "pretty_name: CAT dataset", *_licence(licences), "task_categories:", "- image-to-image"]
    lines += ["tags:", "- image", "- image-editing", "- numeric-attributes", "- webdataset"]
    lines += ["size_categories:", f"- {size_category(info['totals']['frames'])}"]
    lines += ["configs:", "- config_name: default", "  data_files:"]
    for split in splits_held(info):
        lines += [f"  - split: {split}", f"    path: {quoted(info['shards_folder'] + f'/{split}-*.tar')}"]
    return [*lines, "---"]


def splits_held(info: Mapping[str, Any]) -> list[str]:
    """The splits that have shards."""
    return [split for split in SPLITS if any(shard["split"] == split for shard in info["shards"])]


def size_category(frames: int) -> str:
    """The Hub's class of size for a number of rows: ``n<1K``, ``1K<n<10K`` and so on."""
    place = next((k for k in range(len(_SIZES)) if frames < 1000 * 10**k), len(_SIZES))
    if place == len(_SIZES):
        return f"n>{_SIZES[-1]}"
    return f"{_SIZES[place - 1]}<n<{_SIZES[place]}" if place else f"n<{_SIZES[0]}"


def _licence(licences: Mapping[str, int]) -> list[str]:
    """Every licence where all are stated and the Hub knows them; else ``unknown``, or ``other`` with a name, which it asks for."""
    named = sorted({text.lower() for text in licences})
    if NOT_STATED in named:
        return ["license:", "- unknown"]
    if not HUB_LICENCES.issuperset(named):
        return ["license:", "- other", "license_name: as-stated-by-series"]
    return ["license:", *(f"- {text}" for text in named)]
