"""The coverage plot, manifests/coverage.svg: a panel per attribute with the sizes of its changes, split by split.

Written by hand rather than by a plotting library: equal coverage gives equal bytes, and a plain install can make it.
The page is painted and follows the viewer's light or dark setting, so that text stays legible wherever it is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.dataset_json import SPLITS
from cat_dataset.describing.coverage import Coverage

PANEL, PANEL_HEIGHT = 430.0, 252.0
LEFT, RIGHT, TOP, BOTTOM = 68.0, 16.0, 62.0, 56.0
"""Room around the axes of a panel."""
HEAD = 44.0

_STYLE = """
svg { --page: #ffffff; --text: #1f2328; --soft: #59636e; --rule: #e1e6ea; --train: #9cc3e6; --validation: #c2410c; --test: #6d28d9 }
@media (prefers-color-scheme: dark) {
  svg { --page: #0d1117; --text: #e6edf3; --soft: #a3acb6; --rule: #252b33; --train: #2f6496; --validation: #fb923c; --test: #c4b5fd }
}
text { font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: var(--soft) }
.name { font-size: 14px; font-weight: 600; fill: var(--text) }
.middle { text-anchor: middle }
.end { text-anchor: end }
.page { fill: var(--page) }
.rule { stroke: var(--rule) }
.axis { stroke: var(--soft) }
.train { fill: var(--train) }
.validation { stroke: var(--validation); stroke-width: 2; fill: none }
.test { stroke: var(--test); stroke-width: 2; fill: none; stroke-dasharray: 5 3 }
"""


@dataclass(frozen=True)
class _Axes:
    """Where a size of change (0 to ``reach``) and a percentage (0 to ``top``) lie in a panel."""

    reach: float
    top: float

    right = PANEL - RIGHT
    bottom = PANEL_HEIGHT - BOTTOM

    def x(self, size: float) -> str:
        return _number(LEFT + (self.right - LEFT) * min(max(size, 0.0), self.reach) / self.reach)

    def y(self, percent: float) -> str:
        return _number(self.bottom - (self.bottom - TOP) * percent / self.top)


def coverage_svg(coverage: Mapping[str, Coverage]) -> str:
    """The plot as SVG text: two panels side by side where there are two."""
    columns = min(2, len(coverage))
    width, height = columns * PANEL, HEAD + math.ceil(len(coverage) / columns) * PANEL_HEIGHT
    size = f'width="{_number(width)}" height="{_number(height)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_number(width)} {_number(height)}" {size} role="img">',
        f"<title>Sizes of the changes between two frames of a series, by attribute and split: {escape(', '.join(coverage))}</title>",
        f"<style>{_STYLE}</style>",
        f'<rect class="page" {size} rx="6"/>',
        *_legend([split for split in SPLITS if any(split in one.splits for one in coverage.values())]),
    ]
    for number, one in enumerate(coverage.values()):
        x, y = number % columns * PANEL, HEAD + number // columns * PANEL_HEIGHT
        parts += [f'<g transform="translate({_number(x)} {_number(y)})">', *_panel(one), "</g>"]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(splits: list[str]) -> list[str]:
    parts, x = [], LEFT
    for split in splits:
        swatch = "M0 -10h22v11h-22z" if split == "train" else "M0 -4h22"
        parts.append(f'<path class="{split}" transform="translate({_number(x)} 30)" d="{swatch}"/>')
        parts.append(f'<text x="{_number(x + 28)}" y="30">{split}</text>')
        x += 50 + 7 * len(split)
    return parts


def _panel(one: Coverage) -> list[str]:
    peak = 100 * max(max(split.shares) for split in one.splits.values())
    step = _round_step(peak, 4)
    axes = _Axes(one.start + one.bins * one.width, max(step, math.ceil(peak / step - 1e-9) * step))
    counts = " · ".join(f"{split} {own.series}" for split, own in one.splits.items())
    parts = [
        f'<text class="name" x="{_number(LEFT)}" y="22">{escape(one.attribute)}</text>',
        f'<text class="end" x="{_number(axes.right)}" y="22">{escape(value_range(one))}</text>',
        f'<text x="{_number(LEFT)}" y="42">series: {counts}</text>',
    ]
    for k in range(round(axes.top / step) + 1):
        y = axes.y(k * step)
        parts.append(f'<path class="{"rule" if k else "axis"}" d="M{_number(LEFT)} {y}H{_number(axes.right)}"/>')
        parts.append(f'<text class="end" dy="4" x="{_number(LEFT - 7)}" y="{y}">{k * step:.6g} %</text>')
    for split, own in one.splits.items():
        parts.append(_columns(one, own.shares, axes) if split == "train" else _outline(split, one, own.shares, axes))
    step = _round_step(axes.reach, 7, (1, 2, 5, 10, 15, 30, 45, 90) if one.unit == "degrees" else (1, 2, 5))
    for k in range(int(axes.reach / step + 1e-9) + 1):
        parts.append(f'<path class="axis" d="M{axes.x(k * step)} {_number(axes.bottom)}v4"/>')
        parts.append(f'<text class="middle" x="{axes.x(k * step)}" y="{_number(axes.bottom + 18)}">{k * step:.6g}</text>')
    middle, height = _number((LEFT + axes.right) / 2), _number((TOP + axes.bottom) / 2)
    parts.append(f'<text class="middle" transform="translate(16 {height}) rotate(-90)">share of pairs</text>')
    parts.append(f'<text class="middle" x="{middle}" y="{_number(axes.bottom + 38)}">size of the change, |Δ| in {escape(one.unit)}</text>')
    return parts


def value_range(one: Coverage) -> str:
    """The values of an attribute over all splits: ``ISO 100 to ISO 6400``."""
    low, high = min(own.low for own in one.splits.values()), max(own.high for own in one.splits.values())
    return f"{spelled(one.attribute, low)} to {spelled(one.attribute, high)}"


def spelled(name: str, value: float) -> str:
    """A value with its unit, to four digits."""
    return ATTRIBUTES[name].spell(float(f"{value:.4g}")).replace("-", "−")


def _columns(one: Coverage, shares: tuple[float, ...], axes: _Axes) -> str:
    """Bars with a little air between them."""
    path = ""
    for k, share in enumerate(shares):
        if share > 0:
            left, right = axes.x(one.start + (k + 0.05) * one.width), axes.x(one.start + (k + 0.95) * one.width)
            path += f"M{left} {_number(axes.bottom)}V{axes.y(100 * share)}H{right}V{_number(axes.bottom)}z"
    return f'<path class="train" d="{path}"/>'


def _outline(split: str, one: Coverage, shares: tuple[float, ...], axes: _Axes) -> str:
    """The upper edge of the histogram."""
    path = f"M{axes.x(one.start)} {_number(axes.bottom)}"
    for k, share in enumerate(shares):
        path += f"V{axes.y(100 * share)}H{axes.x(one.start + (k + 1) * one.width)}"
    return f'<path class="{split}" d="{path}V{_number(axes.bottom)}"/>'


def _round_step(end: float, most: int, steps: tuple[int, ...] = (1, 2, 5)) -> float:
    """The least of ``steps``, times a power of ten, that divides ``end`` into at most ``most``."""
    return min(step * 10.0**power for power in range(-9, 12) for step in steps if end / (step * 10.0**power) <= most)


def _number(value: float) -> str:
    """Coordinates to a hundredth."""
    return f"{round(value, 2):g}" if abs(value) < 1e4 else f"{value:.1f}"
