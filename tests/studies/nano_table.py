"""The tables of docs/nano.md, from evaluation.json files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cat_dataset.attributes import attribute
from cat_dataset.errors import InputError
from cat_dataset.files import read_json, write_bytes
from cat_dataset.manifests import open_dataset
from train.measure import HeldOut

_COPY = "copy-source"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """One attribute of one run. ``error`` is in the scale's unit; ``share`` is its share of the widest change in a series."""

    psnr: float
    spearman: float
    slope: float
    error: float
    share: float


Results = dict[str, dict[str, list[Figures]]]
"""By attribute, then by variant: a value per seed."""


def results_of(manifests: Path, variants: Mapping[str, Sequence[Path]]) -> tuple[Results, dict[str, str]]:
    """Figures of the runs of each variant, copying the source beside them, and each attribute's unit."""
    widest = ranges(manifests)
    found: Results = {}
    units: dict[str, str] = {}
    for variant, runs in variants.items():
        for run in runs:
            for name, values in read_json(run / "evaluation" / "evaluation.json")["attributes"].items():
                units[name] = values["unit"]
                own = found.setdefault(name, {_COPY: [_copied(values, widest[name])]})
                known = {key: float("nan") if values[key] is None else values[key] for key in ("psnr", "spearman", "slope", "error")}
                own.setdefault(variant, []).append(Figures(share=known["error"] / widest[name], **known))
    return found, units


def table_of(results: tuple[Results, dict[str, str]]) -> str:
    """Markdown: a row per attribute and variant, mean ± standard deviation over the seeds."""
    found, units = results
    lines = ["| attribute | variant | PSNR, dB | Spearman | slope | error | error, % of range |", "|---|---|---|---|---|---|---|"]
    for name in sorted(found, key=lambda name: attribute(name).task):
        variants = found[name]
        for variant in [*(v for v in variants if v != _COPY), _COPY]:
            cells = [_cell([getattr(f, key) for f in variants[variant]], digits) for key, digits in _COLUMNS]
            error = f"{cells[3]} {units[name]}"
            lines.append(f"| {name} | {variant} | {cells[0]} | {cells[1]} | {cells[2]} | {error} | {cells[4]} |")
    return "\n".join(lines)


_COLUMNS = (("psnr", 1), ("spearman", 3), ("slope", 2), ("error", 2), ("share", -1))


def write_between(path: Path, name: str, text: str) -> None:
    """Put ``text`` between the marks ``<!-- name -->`` and ``<!-- /name -->`` of a Markdown file.

    Raises:
        InputError: it has no such marks.
    """
    old = path.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = old.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise InputError(f"{path} lacks the marks {start} and {end}; put them where the table belongs")
    write_bytes(path, f"{before}{start}\n{text}\n{end}{after}".encode())


def _cell(values: Sequence[float], digits: int) -> str:
    """Mean and, of several values, standard deviation; -1 digits: per cent."""
    scaled, places = (np.array(values) * 100, 1) if digits < 0 else (np.array(values), digits)
    if not np.isfinite(scaled).all():
        return "–"
    mean = f"{scaled.mean():.{places}f}"
    return mean if len(values) == 1 else f"{mean} ± {scaled.std(ddof=1):.{places}f}"


def _copied(values: Mapping[str, Any], span: float) -> Figures:
    """Of an edit that returns the source: nothing is achieved, so no ranks and no slope."""
    error = float(np.mean([abs(asked) for asked, _ in values["points"]]))
    return Figures(psnr=values["psnr_copy"], spearman=float("nan"), slope=0.0, error=error, share=error / span)


def ranges(manifests: Path) -> dict[str, float]:
    """The widest change within a test series of each attribute, in its scale's unit."""
    held_out = HeldOut(open_dataset(str(manifests)), "test", 64)
    found: dict[str, float] = {}
    for series, name in held_out.series.items():
        scale, values = attribute(name).scale, held_out.rows(series)[1]
        widest = max(abs(scale.difference(one, other)) for one in values for other in values)
        found[name] = max(found.get(name, 0.0), widest)
    return found
