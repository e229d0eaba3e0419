"""The tables and plots of a series' report: tags, checks, what was left out."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from capture.writing.plots import COLOURS, Point, scatter
from capture.writing.record import TAG_OF
from cat_dataset.attributes import attribute
from cat_dataset.series import Frame, Series

DISAGREEMENTS = 40
OPEN_ROWS = 80
"""Checks up to which their table is shown unfolded."""
UNPROVED_ROWS = 8
"""Frames up to which the reasons why they could not be verified are shown unfolded."""

_COLUMNS = (
    ("iso", "ISO", "{:g}"), ("shutter_s", "shutter", ""), ("f_number", "f-number", "f/{:.3g}"),
    ("compensation_ev", "compensation", "{:+.2g} EV"),
    ("focal_length_mm", "focal length", "{:.4g} mm"), ("focus_distance_m", "focus", "{:.3g} m"),
    ("kelvin", "white balance", "{:.0f} K"), ("duv", "Duv", "{:+.4f}"), ("camera_kelvin", "by the camera", "{:.0f} K"),
)  # fmt: skip


def proof_of(frame: Frame) -> Mapping[str, Any]:
    """The proof as it stands in the frame's state; empty where there is none."""
    found = frame.state.get("proof")
    return found if isinstance(found, dict) else {}


def badge(verdict: str) -> str:
    """A verdict in its colour."""
    return f'<span class=verdict style="color:{COLOURS.get(verdict, "#57606a")}">{text(verdict)}</span>'


def _all_proofs(series: Series) -> list[tuple[str, Mapping[str, Any]]]:
    """File name and proof of every frame, those that were refused by it included."""
    found = [(str(frame.state.get("source", frame.file)), proof_of(frame)) for frame in series.frames]
    return found + [(str(one["file"]), one["proof"]) for one in series.provenance.get("refused", []) if isinstance(one.get("proof"), dict)]


def plots(series: Series) -> list[str]:
    """A plot for each check whose claim differs between frames."""
    points: dict[tuple[str, str], list[Point]] = {}
    for name, proof in _all_proofs(series):
        for check in proof.get("checks", ()):
            if check.get("claimed") is not None and check.get("measured") is not None:
                one = Point(float(check["claimed"]), float(check["measured"]), float(check["tolerance"] or 0), str(check["verdict"]), name)
                points.setdefault((str(check["name"]), str(check.get("unit", ""))), []).append(one)
    drawn = [
        f"<figure><figcaption>{text(words(name))}</figcaption>{scatter(some, name, unit)}</figure>"
        for (name, unit), some in points.items()
        if len({point.claimed for point in some}) > 1
    ]
    lead = "<p>Each point is a frame, against the reference frame. The band is what is tolerated.</p>"
    return ["<h2>Claimed against measured</h2>", lead, f"<div class=plots>{''.join(drawn)}</div>"] if drawn else []


def tags(series: Series) -> str:
    """A row per frame: its label and the settings its file states."""
    varies = TAG_OF.get(series.varies[0], series.varies[0])
    frames = series.frames if any(proof_of(frame) for frame in series.frames) else series.frames[:1]
    found = [{**_constant_tags(series), **frame.measured} for frame in frames]
    labelled = len(frames) == len(series.frames)
    columns = [column for column in _COLUMNS if any(tag.get(column[0]) is not None for tag in found)]
    rows = []
    for frame, tag in zip(frames, found, strict=True):
        cells = [text(frame.state.get("source", frame.file))]
        cells += [text(attribute(series.varies[0]).spell(frame.values[series.varies[0]]))] * labelled
        row = "".join(f"<td>{cell}</td>" for cell in cells)
        for key, _, form in columns:
            value = tag.get(key)
            shown = "" if value is None else _shutter(value) if key == "shutter_s" else form.format(value)
            row += f"<td{' class=varies' if labelled and key == varies else ''}>{text(shown)}</td>"
        rows.append(f"<tr>{row}</tr>")
    head = "<th>file</th>" + "<th>label</th>" * labelled + "".join(f"<th>{text(label)}</th>" for _, label, _ in columns)
    table = f"<div class=scroll><table><tr>{head}</tr>{''.join(rows)}</table></div>"
    return f"{table}<p>{text(_read_by(series))}</p>{_disagreements(series)}"


def _read_by(series: Series) -> str:
    """Which reader gave which settings."""
    names = {key: label for key, label, _ in _COLUMNS} | {"camera_kelvin": "white balance by the camera"}
    found: dict[str, list[str]] = {}
    for key, reader in series.provenance.get("readers", {}).items():
        if reader:
            found.setdefault(str(reader), []).append(names.get(key, words(key)))
    return " ".join(f"{'Computed' if reader == 'computed' else f'From {reader}'}: {', '.join(keys)}." for reader, keys in found.items())


def _disagreements(series: Series) -> str:
    """What readers say that was not taken."""
    rows = []
    for frame in series.frames:
        readings = frame.state.get("tags", {}).get("readings", {})
        for name, one in readings.items():
            others = ", ".join(f"{value:g} by {reader}" for reader, value in one.get("others", {}).items())
            if others:
                rows.append(
                    f"<li>{text(frame.state.get('source', frame.file))}: {text(words(name))} by {text(one['reader'])}, but {text(others)}"
                )
    more = f"<li>and {len(rows) - DISAGREEMENTS} more, in series.json" if len(rows) > DISAGREEMENTS else ""
    return f"<p>Readers disagree:</p><ul>{''.join(rows[:DISAGREEMENTS])}{more}</ul>" if rows else ""


def _constant_tags(series: Series) -> dict[str, Any]:
    return {key: value for key, value in series.constants.items() if isinstance(value, (int, float)) and not isinstance(value, bool)}


def checks(series: Series) -> list[str]:
    """A row per check and frame, refused frames included."""
    rows = []
    for name, proof in _all_proofs(series):
        for check in proof.get("checks", ()):
            numbers = [check.get(key) for key in ("claimed", "measured", "residual", "tolerance")]
            cells = "".join(f"<td>{'' if value is None else f'{value + 0.0:.3g}'}</td>" for value in numbers)
            named, unit, verdict = text(words(check["name"])), text(check.get("unit", "")), badge(str(check["verdict"]))
            rows.append(
                f"<tr><td>{text(name)}</td><td class=word>{named}</td>{cells}<td class=word>{unit}</td>"
                f"<td class=word>{verdict}</td><td class=text>{text(_sentence(check, name))}</td></tr>"
            )
    if not rows:
        return []
    head = "<th>file</th><th class=word>check</th>" + "".join(
        f"<th>{name}</th>" for name in ("claimed", "measured", "residual", "tolerance")
    )
    head += "".join(f"<th class=word>{name}</th>" for name in ("unit", "verdict", "in words"))
    shown = "" if len(rows) > OPEN_ROWS else " open"
    table = f"<div class=scroll><table><tr>{head}</tr>{''.join(rows)}</table></div>"
    return ["<h2>Checks</h2>", f"<details{shown}><summary>{len(rows)} checks</summary>{table}</details>"]


def unproved(series: Series) -> list[str]:
    """Frames of the series that could not be verified, and why; folded where there are many."""
    rows = []
    for frame in series.frames:
        name, proof = str(frame.state.get("source", frame.file)), proof_of(frame)
        if proof.get("verdict", "proved") != "proved":
            reasons = "; ".join(_sentence(check, name) for check in proof.get("checks", ()) if check["verdict"] != "proved")
            rows.append(f"<tr><td>{text(name)}</td><td class=text>{text(reasons)}</td></tr>")
    if not rows:
        return []
    table = f"<div class=scroll><table><tr><th>file</th><th class=word>why</th></tr>{''.join(rows)}</table></div>"
    shown = " open" if len(rows) <= UNPROVED_ROWS else ""
    return ["<h2>Could not verify</h2>", f"<details{shown}><summary>{len(rows)} of {len(series.frames)} frames</summary>{table}</details>"]


def _sentence(check: Mapping[str, Any], name: str) -> str:
    """What a check says, without the file's name, which stands beside it."""
    return str(check.get("sentence", "")).removeprefix(f"{name}: ")


def left_out(series: Series) -> list[str]:
    """Files that are not in the series, and why."""
    found = [(one["file"], one["reason"]) for one in series.provenance.get("refused", [])]
    found += [(one[0], f"set aside: {one[1]}") for one in series.provenance.get("set_aside", [])]
    if not found:
        return []
    rows = "".join(f"<tr><td>{text(name)}</td><td class=text>{text(reason)}</td></tr>" for name, reason in found)
    return ["<h2>Left out</h2>", f"<div class=scroll><table><tr><th>file</th><th class=word>why</th></tr>{rows}</table></div>"]


def _shutter(seconds: float) -> str:
    return f"1/{1 / seconds:.4g} s" if seconds < 0.5 else f"{seconds:.3g} s"


def words(name: Any) -> str:
    """A field's name as words."""
    return str(name).replace("_", " ")


def text(value: Any) -> str:
    """Anything as text that a page may hold: what files say is shown, never obeyed."""
    return html.escape(str(value))
