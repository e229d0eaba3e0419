"""What the page shows of a dataset, as JSON values: totals, one page of a filtered list, one series.

Nothing here grows with the dataset but a few arrays over its series; the texts of a series are read when it is opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cat_dataset.attributes import attribute
from cat_dataset.dataset_json import SPLITS
from cat_dataset.errors import InputError
from cat_dataset.grid import forward_all
from cat_dataset.manifests import Dataset
from cat_dataset.tables import FRAMES, SERIES
from cat_dataset.view.flags import Flags
from cat_dataset.view.parquet_rows import ParquetRows
from cat_dataset.view.sentences import describe

PAGE = 48
"""Series on a page of the list."""


class NotHere(InputError):
    """A series or frame that the dataset does not have."""


@dataclass(frozen=True)
class Query:
    """Which series to list; empty means any."""

    attribute: str = ""
    split: str = ""
    text: str = ""
    flagged: bool = False


class Catalogue:
    """An open dataset as the page sees it. Threads may share it."""

    def __init__(self, dataset: Dataset, flags: Flags) -> None:
        self.dataset, self.flags = dataset, flags
        series = dataset.series
        self.ids: list[str] = series["series"].tolist()
        self._by_name = np.argsort(series["series"].to_numpy(np.str_), kind="stable")
        self._split = series["split"].to_numpy(object)
        self._text = (series["series"] + "\n" + series["object"]).str.lower()
        self._varying = {name: dataset.labels(name).first >= 0 for name in dataset.attributes}
        self._scene = [name for name in series.columns if name.startswith("scene_")]
        self._frame_rows = ParquetRows(dataset.manifests / FRAMES)
        self._series_rows = ParquetRows(dataset.manifests / SERIES)

    def summary(self) -> dict[str, Any]:
        """Totals, and what there is to filter by."""
        counts = dict(zip(*np.unique(self._split.astype(np.str_), return_counts=True), strict=True))
        return {
            "series": len(self.ids),
            "frames": len(self.dataset),
            "bytes": int(self.dataset.columns.size.sum()),
            "attributes": [
                {"name": name, "noun": attribute(name).noun, "series": int(varying.sum())} for name, varying in self._varying.items()
            ],
            "splits": [{"name": name, "series": int(counts[name])} for name in SPLITS if name in counts],
            "checks": self.flags.state,
            "faults": self.flags.faults,
            "fault_count": self.flags.fault_count,
            "notes": self.flags.notes,
            "copy": None,
        }

    def find(self, query: Query) -> NDArray[np.int64]:
        """Numbers of the series that ``query`` asks for, by name."""
        wanted = np.ones(len(self.ids), bool)
        if query.attribute:
            wanted &= self._varying.get(query.attribute, np.zeros(len(self.ids), bool))
        if query.split:
            wanted &= self._split == query.split
        if query.text:
            wanted &= self._text.str.contains(query.text.lower(), regex=False).to_numpy(bool)
        if query.flagged:
            wanted &= self.flags.flagged(self.ids)
        return np.asarray(self._by_name[wanted[self._by_name]], np.int64)

    def page(self, query: Query, number: int) -> dict[str, Any]:
        """Page ``number`` of the series that ``query`` asks for."""
        found = self.find(query)
        shown = found[number * PAGE : (number + 1) * PAGE]
        return {"total": len(found), "size": PAGE, "cards": [self.card(int(k)) for k in shown]}

    def card(self, k: int) -> dict[str, Any]:
        """Series number ``k`` in brief: its first, middle and last state."""
        row = self.dataset.series.iloc[k]
        order = self._order(k)
        texts = {name: self._values(k, name) for name in row["varies"]}
        picked = sorted({0, len(order) // 2, len(order) - 1})
        return {
            "id": self.ids[k],
            "object": row["object"],
            "split": row["split"],
            "varies": row["varies"],
            "nouns": [attribute(name).noun for name in row["varies"]],
            "frames": len(order),
            "flags": len(self.flags.of(self.ids[k])),
            "strip": [
                {
                    "frame": int(order[at]),
                    "label": ", ".join(attribute(name).spell(float(values[order[at]])) for name, values in texts.items()),
                }
                for at in picked
            ],
        }

    def number(self, series: str) -> int:
        """The number of the series called ``series``.

        Raises:
            NotHere: there is none.
        """
        return int(np.searchsorted(self.dataset.starts, self.row(series, 0), side="right")) - 1

    def row(self, series: str, frame: int) -> int:
        """The row of a frame.

        Raises:
            NotHere: there is no such series or frame.
        """
        try:
            rows = self.dataset.rows(series)
        except InputError:
            raise NotHere(f"there is no series {series[:80]!r}") from None
        if not 0 <= frame < len(rows):
            raise NotHere(f"{series} has no frame {frame}")
        return rows[frame]

    def detail(self, k: int) -> dict[str, Any]:
        """All there is of series number ``k``; its frames in the order of their values."""
        dataset, row = self.dataset, self.dataset.series.iloc[k]
        order = self._order(k)
        rows = range(int(dataset.starts[k]), int(dataset.starts[k + 1]))
        at = rows.start + order
        further = self._frame_rows.read(rows, ["sha256", "luminance"])
        sha256, luminance = (further.column(name).to_pylist() for name in ("sha256", "luminance"))
        texts = self._series_rows.read(range(k, k + 1), ["constants", "provenance"]).to_pylist()[0]
        return {
            "id": self.ids[k],
            **{key: row[key] for key in ("object", "source", "split", "shard", "digest", "licences")},
            "scene": {key.removeprefix("scene_"): row[key] for key in self._scene if isinstance(row[key], str)},
            **texts,
            "attributes": [describe(name, row["object"]) for name in row["varies"]],
            "frames": {
                "frame": order.tolist(),
                **{name: getattr(dataset.columns, name)[at].tolist() for name in ("width", "height", "size")},
                "sha256": [sha256[frame] for frame in order],
                "luminance": [luminance[frame] for frame in order],
            },
            "values": {name: self._captions(name, self._values(k, name)[order]) for name in row["varies"]},
            "flags": [{"frame": one.frame, "kind": one.kind, "message": one.message} for one in self.flags.of(self.ids[k])],
        }

    def _values(self, k: int, name: str) -> NDArray[np.float64]:
        """Natural values of an attribute in every frame of a series that varies it."""
        labels, count = self.dataset.labels(name), int(self.dataset.starts[k + 1] - self.dataset.starts[k])
        first = int(labels.first[k])
        values: NDArray[np.float64] = labels.values[first : first + count]
        return values

    def _order(self, k: int) -> NDArray[np.int64]:
        """Frames of a series by the value of its first attribute, then of the others."""
        keys = [self._values(k, name) for name in self.dataset.series["varies"].iloc[k]]
        order: NDArray[np.int64] = np.lexsort(keys[::-1]).astype(np.int64)
        return order

    @staticmethod
    def _captions(name: str, values: NDArray[np.float64]) -> Mapping[str, Sequence[Any]]:
        chosen = attribute(name)
        return {
            "value": values.tolist(),
            "coordinate": forward_all(chosen.scale, values).tolist(),
            "text": [chosen.spell(float(value)) for value in values],
        }
