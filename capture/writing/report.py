"""``report.html``: what a series shows, what its files claim, what the pixels say, and what was left out. From series.json alone."""

from __future__ import annotations

import base64
from collections import Counter
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from capture.writing.plots import COLOURS
from capture.writing.report_tables import badge, checks, left_out, plots, proof_of, tags, text, unproved, words
from cat_dataset.attributes import attribute
from cat_dataset.files import write_bytes
from cat_dataset.images import decode_rgb, encode_jpeg
from cat_dataset.series import Series, read_series
from cat_dataset.sheets import evenly

REPORT = "report.html"
STRIP = 48
"""Frames that the strip shows at most, evenly spread; those not proved are always among them."""
THUMBNAIL = 160

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
th.word, td.word { text-align: left; }
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
    noun, first, last = attribute(name).noun, spell(values[0]), spell(values[-1])
    lead = f"{len(series.frames)} frames{'' if series.object == 'scene' else f' of {text(series.object)}'}, "
    lead += f"{'' if first.startswith(noun) else f'{text(noun)} '}from {text(first)} to {text(last)}; "
    lead += f"{text(camera)}{f', {text(lens)}' if lens else ''}."
    body = [
        f"<h1>{text(series.id)}</h1><p class=lead>{lead}</p>",
        _summary(series),
        "<h2>Frames</h2>", _strip(series, folder),
        *left_out(series),
        *unproved(series),
        *plots(series),
        "<h2>What the files say</h2>", tags(series),
        *checks(series),
        "<h2>How it was made</h2>", _made(series),
    ]  # fmt: skip
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{text(series.id)}</title><style>{_STYLE}</style>'
    return head + "<body>" + "\n".join(body) + "</body></html>\n"


def _summary(series: Series) -> str:
    counts = Counter(str(proof_of(frame).get("verdict", "")) for frame in series.frames)
    if set(counts) == {""}:
        return "<p>Exact developments of one picture: every label is true by construction.</p>"
    left = series.provenance.get("refused", [])
    said = [f"{badge(verdict)} {count}" for verdict, count in sorted(counts.items(), key=lambda one: list(COLOURS).index(one[0]))]
    if left:
        said.append(f"{badge('refused')} {len(left)}")
    return f"<p>{' &nbsp; '.join(said)}</p>"


def _strip(series: Series, folder: Path) -> str:
    frames = series.frames
    chosen = set(evenly(len(frames), STRIP))
    chosen |= {i for i, frame in enumerate(frames) if proof_of(frame).get("verdict", "proved") != "proved" or proof_of(frame).get("flags")}
    cells = []
    for index in sorted(chosen)[: 4 * STRIP]:
        frame, proof = frames[index], proof_of(frames[index])
        verdict = str(proof.get("verdict", ""))
        flags = ", ".join(str(flag) for flag in proof.get("flags", ()))
        lines = [f"<b>{text(attribute(series.varies[0]).spell(frame.values[series.varies[0]]))}</b>", text(frame.state.get("source", ""))]
        if verdict:
            lines.append(badge(verdict))
        if flags:
            lines.append(text(flags))
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


def _made(series: Series) -> str:
    recipe, versions = series.provenance.get("recipe", {}), series.provenance.get("versions", {})
    lines: list[tuple[str, Any]] = [("notes", note) for note in series.constants.get("notes", ())]
    if "formula" in series.provenance:
        lines.append(("formula", series.provenance["formula"]))
    lines += [("development", ", ".join(f"{words(key)} {value}" for key, value in recipe.items()))]
    lines += [("tools", ", ".join(f"{key} {value}" for key, value in versions.items()))]
    lines += [("check it", f"cat-ingest --verify {series.id} (with the path of the series) makes every frame again and compares bits")]
    return f"<dl>{''.join(f'<dt>{text(key)}</dt><dd>{text(value)}</dd>' for key, value in lines)}</dl>"
