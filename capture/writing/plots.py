"""Predicted against measured, as inline SVG: small, sharp, and nothing to install for whoever opens the report."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

COLOURS = {"proved": "#1a7f37", "could not verify": "#9a6700", "refused": "#cf222e"}
_WIDTH, _HEIGHT, _LEFT, _TOP, _RIGHT, _BOTTOM = 420, 300, 58, 14, 14, 46


@dataclass(frozen=True)
class Point:
    """A frame in a plot: what was claimed and measured, how far they may differ, its verdict, and its name."""

    claimed: float
    measured: float
    tolerance: float
    verdict: str
    name: str


def scatter(points: Sequence[Point], title: str, unit: str) -> str:
    """Measured over claimed, with the line on which they agree and the band of what is tolerated."""
    low, high = _range([p.claimed for p in points] + [p.measured for p in points])
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x(value: float) -> float:
        return _LEFT + (value - low) / (high - low) * inner_width

    def y(value: float) -> float:
        return _TOP + (high - value) / (high - low) * inner_height

    band: dict[float, float] = {}
    for p in points:
        band[p.claimed] = max(p.tolerance, band.get(p.claimed, 0.0))
    edge = [(claimed, band[claimed]) for claimed in sorted(band)]
    edge = [(low, edge[0][1]), *edge, (high, edge[-1][1])]
    corners = [(at, at + wide) for at, wide in edge] + [(at, at - wide) for at, wide in reversed(edge)]
    label = html.escape(f", {unit}") if unit else ""
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" role="img" aria-label="{html.escape(title)}">',
        f'<clipPath id="{_key(title)}"><rect x="{_LEFT}" y="{_TOP}" width="{inner_width}" height="{inner_height}"/></clipPath>',
        f'<g clip-path="url(#{_key(title)})">',
        f'<polygon points="{" ".join(f"{x(at):.1f},{y(height):.1f}" for at, height in corners)}" fill="#1a7f37" opacity="0.10"/>',
        f'<line x1="{x(low):.1f}" y1="{y(low):.1f}" x2="{x(high):.1f}" y2="{y(high):.1f}" stroke="#8c959f" stroke-dasharray="4 3"/></g>',
    ]
    for tick in ticks(low, high):
        text = f"{tick:g}"
        parts.append(
            f'<line x1="{x(tick):.1f}" y1="{_TOP + inner_height}" x2="{x(tick):.1f}" y2="{_TOP + inner_height + 4}" stroke="#57606a"/>'
            f'<text x="{x(tick):.1f}" y="{_TOP + inner_height + 17}" text-anchor="middle">{text}</text>'
            f'<line x1="{_LEFT - 4}" y1="{y(tick):.1f}" x2="{_LEFT}" y2="{y(tick):.1f}" stroke="#57606a"/>'
            f'<text x="{_LEFT - 7}" y="{y(tick) + 4:.1f}" text-anchor="end">{text}</text>'
        )
    parts.append(f'<rect x="{_LEFT}" y="{_TOP}" width="{inner_width}" height="{inner_height}" fill="none" stroke="#57606a"/>')
    for p in points:
        colour = COLOURS.get(p.verdict, "#57606a")
        said = html.escape(f"{p.name}: claimed {p.claimed:.3g}, measured {p.measured:.3g} ({p.verdict})")
        parts.append(f'<circle cx="{x(p.claimed):.1f}" cy="{y(p.measured):.1f}" r="4" fill="{colour}"><title>{said}</title></circle>')
    parts.append(
        f'<text x="{_LEFT + inner_width / 2}" y="{_HEIGHT - 8}" text-anchor="middle">claimed by the file{label}</text>'
        f'<text transform="translate(13 {_TOP + inner_height / 2}) rotate(-90)" text-anchor="middle">measured{label}</text></svg>'
    )
    return "".join(parts)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers inside ``low`` to ``high``, about five of them."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(index * step, 10) for index in range(first, math.floor(high / step + 1e-9) + 1)]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = 0.06 * (high - low) or max(abs(high), 1.0) * 0.1
    return low - pad, high + pad


def _key(title: str) -> str:
    return "clip-" + "".join(c if c.isalnum() else "-" for c in title.lower())
