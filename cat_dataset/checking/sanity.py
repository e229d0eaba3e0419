"""Labels and pictures that look suspicious although every byte is as it was built: warnings, not faults.

Nothing here opens a shard. What is looked at are the arrays of a dataset: values, hashes, brightness.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cat_dataset.attributes import ATTRIBUTES, Attribute
from cat_dataset.checking.exposure_jumps import LEAST_FRAMES, Jump, jumps
from cat_dataset.checking.regular_steps import CAMERA, Absence, Floats, absence, one_way, straight
from cat_dataset.manifests import Dataset
from cat_dataset.tables import FRAME_COLUMNS, FRAMES, TableReader

ORDER, MISSING_STEP, COPIES, EXPOSURE_JUMP, NOT_CHECKED = "order", "missing step", "copies", "exposure jump", "not checked"
NAMED = 5
"""Values or frames that one message names; the rest is counted."""


@dataclass(frozen=True)
class Finding:
    """Something suspicious: in ``series`` (empty where it concerns the dataset), at ``frame`` where there is one."""

    series: str
    frame: int | None
    kind: str
    message: str

    def __str__(self) -> str:
        place = ", ".join([*([self.series] if self.series else []), *([] if self.frame is None else [f"frame {self.frame}"])])
        return f"{place}: {self.message}" if place else self.message

    def as_json(self) -> dict[str, Any]:
        """All fields, for other programs."""
        return asdict(self)


def findings(dataset: Dataset) -> list[Finding]:
    """Everything suspicious in a dataset, in the order of its series; what concerns the whole dataset comes last."""
    names, varies = dataset.series["series"].tolist(), dataset.series["varies"].tolist()
    luminance = dataset.column("luminance")
    found: dict[int, list[Finding]] = defaultdict(list)
    for number in range(len(names)):
        values = series_values(dataset, number, varies[number])
        bright = luminance[dataset.starts[number] : dataset.starts[number + 1]].astype(np.float64)
        own = [*value_findings(names[number], values), *luminance_findings(names[number], values, bright)]
        if own:
            found[number] = own
    for number, finding in _copies(dataset):
        found[number].append(finding)
    unknown = int(np.isnan(luminance).sum())
    listed = [finding for number in sorted(found) for finding in found[number]]
    if unknown:
        message = f"the build did not decode {unknown} of {len(luminance)} frames, so their exposure was not checked"
        listed.append(Finding("", None, NOT_CHECKED, message))
    return listed


def value_findings(series: str, values: Mapping[str, Floats]) -> Iterator[Finding]:
    """What is odd in the labels of a series: natural values float64 [frames] of every attribute that varies."""
    positions = {name: straight(ATTRIBUTES[name], column) for name, column in values.items()}
    for name, position in positions.items():
        if len(values) == 1 and not one_way(position):
            yield _disorder(series, ATTRIBUTES[name], values[name], position)
        lacking = absence(ATTRIBUTES[name], position)
        if lacking is not None:
            frame = int(np.abs(position - lacking.beyond).argmin())
            yield Finding(series, frame, MISSING_STEP, _lacks(ATTRIBUTES[name], lacking))


def luminance_findings(series: str, values: Mapping[str, Floats], luminance: Floats) -> Iterator[Finding]:
    """Frames that are off the course of their neighbours: ``luminance`` 0 to 1, float64 [frames], NaN where unknown.

    Neighbours are frames that differ in one attribute and in nothing else.
    """
    if len(luminance) < LEAST_FRAMES or np.isnan(luminance).any():
        return
    seen: set[int] = set()
    positions = {name: straight(ATTRIBUTES[name], column) for name, column in values.items()}
    for name, position in positions.items():
        for line in _lines(position, [other for key, other in positions.items() if key != name]):
            for jump in jumps(position[line], luminance[line]):
                frame = int(line[jump.at])
                if frame not in seen:
                    seen.add(frame)
                    yield Finding(series, frame, EXPOSURE_JUMP, _off(jump))


def series_values(dataset: Dataset, number: int, varies: Sequence[str]) -> dict[str, Floats]:
    """The natural values of series ``number``, float64 [frames] by attribute."""
    count = int(dataset.starts[number + 1] - dataset.starts[number])
    values = {}
    for name in varies:
        labels = dataset.labels(name)
        first = int(labels.first[number])
        values[name] = labels.values[first : first + count]
    return values


def _disorder(series: str, attribute: Attribute, values: Floats, position: Floats) -> Finding:
    """The first frame that goes against the way that most go."""
    change = np.sign(np.diff(position))
    against = np.flatnonzero(change == (-1 if change.sum() >= 0 else 1))
    frame = int(against[0]) + 1
    pair = f"{attribute.spell(float(values[frame]))} after {attribute.spell(float(values[frame - 1]))}"
    steps = f"{len(against)} of {len(change)} steps go back"
    return Finding(series, frame, ORDER, f"the frames are not in the order of their {attribute.noun}: {pair} ({steps})")


def _lacks(attribute: Attribute, lacking: Absence) -> str:
    about = "about " if attribute.name in CAMERA else ""
    named = ", ".join(about + attribute.spell(float(value)) for value in lacking.values[:NAMED])
    more = f" and {len(lacking.values) - NAMED} more" if len(lacking.values) > NAMED else ""
    step = attribute.spell_delta(round(lacking.step, 2), relative=lacking.relative).lstrip("+")
    return f"steps of {step} in {attribute.noun} leave out {named}{more}"


def _off(jump: Jump) -> str:
    way = f"{abs(jump.ev):.2f} EV {'brighter' if jump.ev > 0 else 'darker'}"
    if jump.lasting:
        return f"its brightness jumps: {way} than the frames beside it let expect"
    return f"it is {way} than the frames on both sides of it let expect"


def _lines(position: Floats, others: list[Floats]) -> Iterator[NDArray[np.intp]]:
    """Frames between which only this coordinate changes, rising."""
    order = np.lexsort((position, *others))
    new = np.zeros(max(len(order) - 1, 0), np.bool_)
    for other in others:
        new |= np.diff(other[order]) != 0
    yield from np.split(order, np.flatnonzero(new) + 1)


def _copies(dataset: Dataset) -> Iterator[tuple[int, Finding]]:
    """Equal pictures under different labels or in different series, by number of their series.

    CRC-32 and size, which are at hand, say which frames may be equal; only if there are any are the hashes read.
    """
    key = dataset.columns.crc32.astype(np.uint64) << np.uint64(32) | dataset.columns.size.astype(np.uint64) & np.uint64(0xFFFFFFFF)
    rising = np.sort(key)
    repeated = np.unique(rising[1:][rising[1:] == rising[:-1]])
    if not len(repeated):
        return
    alike = np.flatnonzero(np.isin(key, repeated))
    owners = np.searchsorted(dataset.starts, alike, side="right") - 1
    groups: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row, owner, digest in zip(alike.tolist(), owners.tolist(), _hashes(dataset, alike), strict=True):
        groups[digest][owner].append(row - int(dataset.starts[owner]))
    names, varies = dataset.series["series"].tolist(), dataset.series["varies"].tolist()
    shared: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for group in groups.values():
        original = next(iter(group))
        for owner, frames in group.items():
            values = series_values(dataset, owner, varies[owner])
            others = [frame for frame in frames[1:] if _differ(values, frames[0], frame)]
            if others:
                yield owner, Finding(names[owner], others[0], COPIES, _copied(values, frames[0], others))
            if owner != original:
                shared[owner, original].append((frames[0], group[original][0]))
    for (owner, original), pairs in shared.items():
        many = "" if len(pairs) == 1 else f" and {len(pairs) - 1} more like that"
        message = f"it is the same picture, byte for byte, as frame {pairs[0][1]} of {names[original]}{many}"
        yield owner, Finding(names[owner], pairs[0][0], COPIES, message)


def _hashes(dataset: Dataset, rows: NDArray[np.intp]) -> list[str]:
    """SHA-256 of the frames ``rows`` (rising), and of no more at a time than a piece of the table has."""
    found: list[str] = []
    begin = 0
    for piece in TableReader(dataset.manifests / FRAMES, FRAME_COLUMNS).pieces(["sha256"]):
        first, after = np.searchsorted(rows, [begin, begin + len(piece)])
        found += piece.column("sha256").take(pa.array(rows[first:after] - begin)).to_pylist()
        begin += len(piece)
    return found


def _differ(values: Mapping[str, Floats], one: int, other: int) -> bool:
    return any(abs(ATTRIBUTES[name].delta(float(column[one]), float(column[other]))) > 1e-9 for name, column in values.items())


def _copied(values: Mapping[str, Floats], original: int, others: list[int]) -> str:
    here, there = (
        ", ".join(ATTRIBUTES[name].spell(float(column[frame])) for name, column in values.items()) for frame in (others[0], original)
    )
    more = f"; so do {len(others) - 1} frames more" if len(others) > 1 else ""
    return f"it is the same picture, byte for byte, as frame {original}, but says {here} instead of {there}{more}"
