"""``report.html``: what a series shows, what its files claim, what the pixels say, and what was left out. From series.json alone."""

from __future__ import annotations

import base64
import html
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from capture.writing.plots import COLOURS, Point, scatter
from cat_dataset.attributes import attribute
from cat_dataset.files import write_bytes
from cat_dataset.images import decode_rgb, encode_jpeg
from cat_dataset.series import Frame, Series, read_series
from cat_dataset.sheets import evenly

REPORT = "report.html"
STRIP = 48
"""Frames that the strip shows at most, evenly spread; those not proved are always among them."""
THUMBNAIL = 160

_COLUMNS = (
    ("iso", "ISO", "{:g}"), ("shutter_s", "shutter", ""), ("f_number", "f-number", "f/{:.3g}"),
    ("compensation_ev", "compensation", "{:+.2g} EV"),
    ("focal_length_mm", "focal length", "{:.4g} mm"), ("focus_distance_m", "focus", "{:.3g} m"),
    ("kelvin", "white balance", "{:.0f} K"), ("duv", "Duv", "{:+.4f}"), ("camera_kelvin", "camera says", "{:.0f} K"),
)  # fmt: skip
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2328; max-width: 76rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { line-height: 1.2; margin-bottom: .2rem; } h2 { margin-top: 2.2rem; border-bottom: 1px solid #d0d7de; padding-bottom: .2rem; }
.lead { color: #57606a; margin-top: 0; }
.strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.2rem, 1fr)); gap: .7rem; }
.strip figure { margin: 0; border: 1px solid #d0d7de; border-top-width: 4px; border-radius: 6px; overflow: hidden; background: #f6f8fa; }
.strip img { width: 100%; display: block; } .strip figcaption { padding: .35rem .5rem; font-size: .82rem; overflow-wrap: anywhere; }
.strip b { font-size: .95rem; } .verdict { font-weight: 600; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .85rem; white-space: nowrap; }
th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #e6e9ed; } th:first-child, td:first-child { text-align: left; }
td.text { text-align: left; white-space: normal; min-width: 20rem; } td.varies { font-weight: 600; background: #ddf4ff; }
.plots { display: flex; flex-wrap: wrap; gap: 1.2rem; } .plots figure { margin: 0; } .plots figcaption { font-weight: 600; }
svg text { font: 11px system-ui, sans-serif; fill: #1f2328; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt { color: #57606a; } dd { margin: 0; overflow-wrap: anywhere; }
"""


def write_report(folder: Path) -> None:
    """Write the report of the finished series in ``folder``; the same series gives the same bytes."""
    series = read_series(folder)
    write_bytes(folder / REPORT, report_html(series, folder).encode("utf-8"))


def report_html(series: Series, folder: Path) -> str:
    """The page; pictures are read from ``folder`` and stand inside it."""
    name = series.varies[0]
    values = [frame.values[name] for frame in series.frames]
    spell = attribute(name).spell
    camera, lens = series.scene.get("camera", "unknown camera"), series.constants.get("lens")
    lead = f"{len(series.frames)} frames of {_text(series.object)}, {_text(attribute(name).noun)} from {_text(spell(values[0]))} to "
    lead += f"{_text(spell(values[-1]))}; {_text(camera)}{f', {_text(lens)}' if lens else ''}."
    body = [
        f"<h1>{_text(series.id)}</h1><p class=lead>{lead}</p>",
        _summary(series),
        "<h2>Frames</h2>", _strip(series, folder),
        *_plots(series),
        "<h2>What the files say</h2>", _tags(series),
        *_checks(series),
        *_left_out(series),
        "<h2>How it was made</h2>", _made(series),
    ]  # fmt: skip
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{_text(series.id)}</title><style>{_STYLE}</style>'
    return head + "<body>" + "\n".join(body) + "</body></html>\n"


def _proof(frame: Frame) -> Mapping[str, Any]:
    found = frame.state.get("proof")
    return found if isinstance(found, dict) else {}


def _summary(series: Series) -> str:
    counts = Counter(str(_proof(frame).get("verdict", "")) for frame in series.frames)
    if set(counts) == {""}:
        return "<p>Exact developments of one picture: every label is true by construction.</p>"
    left = series.provenance.get("refused", [])
    said = [f"{_badge(verdict)} {count}" for verdict, count in sorted(counts.items(), key=lambda one: list(COLOURS).index(one[0]))]
    if left:
        said.append(f"{_badge('refused')} {len(left)}")
    return f"<p>{' &nbsp; '.join(said)}</p>"


def _badge(verdict: str) -> str:
    return f'<span class=verdict style="color:{COLOURS.get(verdict, "#57606a")}">{_text(verdict)}</span>'


def _strip(series: Series, folder: Path) -> str:
    frames = series.frames
    chosen = set(evenly(len(frames), STRIP))
    chosen |= {i for i, frame in enumerate(frames) if _proof(frame).get("verdict", "proved") != "proved" or _proof(frame).get("flags")}
    cells = []
    for index in sorted(chosen)[: 4 * STRIP]:
        frame, proof = frames[index], _proof(frames[index])
        verdict = str(proof.get("verdict", ""))
        flags = ", ".join(str(flag) for flag in proof.get("flags", ()))
        lines = [f"<b>{_text(attribute(series.varies[0]).spell(frame.values[series.varies[0]]))}</b>", _text(frame.state.get("source", ""))]
        if verdict:
            lines.append(_badge(verdict) + (f" · {_text(flags)}" if flags else ""))
        lines.append(f"{frame.measured.get('clipped_share', 0.0):.1%} clipped")
        style = f"border-top-color:{COLOURS.get(verdict, '#d0d7de')}"
        picture, caption = _thumbnail(folder / frame.file), "<br>".join(lines)
        cells.append(f'<figure style="{style}"><img alt="" src="{picture}"><figcaption>{caption}</figcaption></figure>')
    more = f"<p>{len(cells)} of {len(frames)} frames.</p>" if len(cells) < len(frames) else ""
    return f"<div class=strip>{''.join(cells)}</div>{more}"


def _thumbnail(path: Path) -> str:
    picture = decode_rgb(path.read_bytes(), where=str(path))
    scale = THUMBNAIL / max(picture.shape[:2])
    if scale < 1:
        size = max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale))
        picture = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    return "data:image/jpeg;base64," + base64.b64encode(encode_jpeg(picture, 85)).decode("ascii")


def _all_proofs(series: Series) -> list[tuple[str, Mapping[str, Any]]]:
    """File name and proof of every frame, those that were refused by it included."""
    found = [(str(frame.state.get("source", frame.file)), _proof(frame)) for frame in series.frames]
    return found + [(str(one["file"]), one["proof"]) for one in series.provenance.get("refused", []) if isinstance(one.get("proof"), dict)]


def _plots(series: Series) -> list[str]:
    points: dict[tuple[str, str], list[Point]] = {}
    for name, proof in _all_proofs(series):
        for check in proof.get("checks", ()):
            if check.get("claimed") is not None and check.get("measured") is not None:
                one = Point(float(check["claimed"]), float(check["measured"]), float(check["tolerance"] or 0), str(check["verdict"]), name)
                points.setdefault((str(check["name"]), str(check.get("unit", ""))), []).append(one)
    drawn = [
        f"<figure><figcaption>{_text(_words(name))}</figcaption>{scatter(some, name, unit)}</figure>"
        for (name, unit), some in points.items()
        if len(some) > 1
    ]
    text = "<p>Each point is a frame, against the reference frame. The band is what is tolerated.</p>"
    return ["<h2>Claimed against measured</h2>", text, f"<div class=plots>{''.join(drawn)}</div>"] if drawn else []


def _tags(series: Series) -> str:
    own = {
        "exposure": "shutter_s",
        "aperture": "f_number",
        "white_balance": "kelvin",
        "focal_length": "focal_length_mm",
        "focus_distance": "focus_distance_m",
    }
    varies = own.get(series.varies[0], series.varies[0])
    tags = [{**_constant_tags(series), **frame.measured} for frame in series.frames]
    columns = [column for column in _COLUMNS if any(tag.get(column[0]) is not None for tag in tags)]
    rows = []
    for frame, tag in zip(series.frames, tags, strict=True):
        cells = [_text(frame.state.get("source", frame.file)), _text(attribute(series.varies[0]).spell(frame.values[series.varies[0]]))]
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        for key, _, form in columns:
            value = tag.get(key)
            shown = "" if value is None else _shutter(value) if key == "shutter_s" else form.format(value)
            row += f"<td{' class=varies' if key == varies else ''}>{_text(shown)}</td>"
        rows.append(f"<tr>{row}</tr>")
    readers = series.provenance.get("readers", {})
    head = "".join(f"<th>{_text(label)}</th>" for _, label, _ in columns)
    said = ", ".join(f"{_words(name)}: {reader}" for name, reader in readers.items() if reader)
    return f"<div class=scroll><table><tr><th>file</th><th>label</th>{head}</tr>{''.join(rows)}</table></div><p>Read by: {_text(said)}.</p>"


def _constant_tags(series: Series) -> dict[str, Any]:
    return {key: value for key, value in series.constants.items() if isinstance(value, (int, float)) and not isinstance(value, bool)}


def _checks(series: Series) -> list[str]:
    rows = []
    for name, proof in _all_proofs(series):
        for check in proof.get("checks", ()):
            numbers = [check.get(key) for key in ("claimed", "measured", "residual", "tolerance")]
            cells = "".join(f"<td>{'' if value is None else f'{value:.3g}'}</td>" for value in numbers)
            rows.append(
                f"<tr><td>{_text(name)}</td><td>{_text(_words(check['name']))}</td>{cells}<td>{_text(check.get('unit', ''))}</td>"
                f"<td>{_badge(str(check['verdict']))}</td><td class=text>{_text(check.get('sentence', ''))}</td></tr>"
            )
    if not rows:
        return []
    head = "".join(f"<th>{name}</th>" for name in ("file", "check", "claimed", "measured", "residual", "tolerance", "unit", "verdict", ""))
    return ["<h2>Checks</h2>", f"<div class=scroll><table><tr>{head}</tr>{''.join(rows)}</table></div>"]


def _left_out(series: Series) -> list[str]:
    found = [(one["file"], one["reason"]) for one in series.provenance.get("refused", [])]
    found += [(one[0], f"set aside: {one[1]}") for one in series.provenance.get("set_aside", [])]
    if not found:
        return []
    rows = "".join(f"<tr><td>{_text(name)}</td><td class=text>{_text(reason)}</td></tr>" for name, reason in found)
    return ["<h2>Left out</h2>", f"<div class=scroll><table><tr><th>file</th><th style='text-align:left'>why</th></tr>{rows}</table></div>"]


def _made(series: Series) -> str:
    recipe, versions = series.provenance.get("recipe", {}), series.provenance.get("versions", {})
    lines: list[tuple[str, Any]] = [("notes", note) for note in series.constants.get("notes", ())]
    if "formula" in series.provenance:
        lines.append(("formula", series.provenance["formula"]))
    lines += [("development", ", ".join(f"{_words(key)} {value}" for key, value in recipe.items()))]
    lines += [("tools", ", ".join(f"{key} {value}" for key, value in versions.items()))]
    lines += [("check it", f"cat-ingest --verify {series.id} (with the path of the series) makes every frame again and compares bits")]
    return f"<dl>{''.join(f'<dt>{_text(key)}</dt><dd>{_text(value)}</dd>' for key, value in lines)}</dl>"


def _shutter(seconds: float) -> str:
    return f"1/{1 / seconds:.4g} s" if seconds < 0.5 else f"{seconds:.3g} s"


def _words(name: Any) -> str:
    return str(name).replace("_", " ")


def _text(value: Any) -> str:
    return html.escape(str(value))
