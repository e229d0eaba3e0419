"""The demo's report: one HTML file with everything inside it."""

from __future__ import annotations

import base64
import html
import json
import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from cat_dataset.attributes import attribute
from cat_dataset.demo.stages import Done
from cat_dataset.files import read_json, write_bytes
from cat_dataset.instructions import spell as spell_number
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.progress import clock
from cat_dataset.series import read_series
from cat_dataset.sheets import evenly

TARGET = {"spearman": 0.95, "slope": 0.2, "gain_db": 8.0}
"""What the exposure edits of the demo must reach: rank correlation, distance of the slope from 1, dB over copying."""
_STRIP = 7
_STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #222; max-width: 68rem; margin: 2rem auto; padding: 0 1.2rem; }
h1 { line-height: 1.2; } h2 { margin-top: 2.6rem; border-bottom: 1px solid #ddd; padding-bottom: .2rem; }
table { border-collapse: collapse; margin: 1rem 0; } th, td { padding: .25rem .8rem; text-align: right; border-bottom: 1px solid #e5e5e5; }
th:first-child, td:first-child { text-align: left; } td.yes { color: #1a7f37; } td.no { color: #b42318; }
figure { margin: 1.2rem 0; } figcaption { color: #555; font-size: .92rem; margin-top: .3rem; }
img { max-width: 100%; } img.whole { image-rendering: auto; } .strip { display: flex; gap: 4px; }
.strip div { flex: 1; min-width: 0; text-align: center; font-size: .82rem; color: #555; } .strip img { width: 100%; display: block; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; } .plots img { height: 17rem; }
pre { background: #f6f6f6; padding: .8rem; overflow-x: auto; font-size: .85rem; }
"""


def write_report(folder: Path, done: Sequence[Done]) -> Path:
    """Write ``report.html`` into the demo's folder from what its stages left there; returns its path."""
    dataset = open_dataset(folder / "manifests")
    run = folder / "runs" / "nano"
    evaluation = read_json(run / "evaluation" / "evaluation.json")
    body = [
        "<h1>Editing pictures by numbers: what this machine made and learned</h1>",
        _summary(evaluation, done),
        "<h2>Ground truth</h2>",
        "<p>Every series shows one scene in which one attribute changes by a known amount.</p>",
        *_series_strips(folder, dataset),
        _dataset_table(dataset),
        "<h2>Training</h2>",
        _training(run, done),
        "<h2>Do the edits follow the number?</h2>",
        _measure_text(),
        _measure_table(evaluation),
        _verdict(evaluation),
        _plots(run / "evaluation", evaluation),
        *_sweeps(run / "evaluation", evaluation),
        "<h2>One picture, five numbers</h2>",
        _figure(
            folder / "edit_sweep.png",
            "A held-out simulated photograph at its full size, edited by <code>cat-edit</code>. nano computes the change at "
            f"{evaluation['size']} pixels; it is added, enlarged, to the picture.",
        ),
        "<h2>How this was made</h2>",
        _commands(done),
    ]
    page = f"<!doctype html><html lang='en'><meta charset='utf-8'><meta name='viewport' content='width=device-width'><title>cat-dataset demo</title><style>{_STYLE}</style><body>{''.join(body)}</body></html>\n"
    path = folder / "report.html"
    write_bytes(path, page.encode("utf-8"))
    return path


def _summary(evaluation: dict[str, Any], done: Sequence[Done]) -> str:
    minutes = sum(stage.seconds for stage in done) / 60
    machine = f"{os.cpu_count()} CPU cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return (
        f"<p>Rendered, photographed (simulated camera), packed, trained and measured in {minutes:.1f} minutes on {machine}. "
        f"The model is <b>nano</b>, a small FLUX-shaped transformer that sees {evaluation['size']}×{evaluation['size']} pixels: "
        "enough to prove the path from picture to number to picture, not to make pretty pictures.</p>"
    )


def _series_strips(folder: Path, dataset: Dataset) -> Iterable[str]:
    """One strip for every attribute, and one more for every further object of the rotations."""
    shown: set[tuple[str, str]] = set()
    for row in dataset.series.sort_values("series").to_dict("records"):
        name = str(row["varies"][0])
        key = (name, str(row["object"]) if attribute(name).level == "high" else "")
        if key in shown:
            continue
        shown.add(key)
        series = read_series(folder / "series" / str(row["series"]))
        frames = sorted(series.frames, key=lambda frame: frame.values[name])
        picked = [frames[at] for at in evenly(len(frames), _STRIP)]
        cells = "".join(
            f"<div>{_image(folder / 'series' / series.id / frame.file)}{_label(name, frame.values[name], frames[0].values[name])}</div>"
            for frame in picked
        )
        noun = html.escape(attribute(name).noun)
        yield f"<figure><div class='strip'>{cells}</div><figcaption>{html.escape(series.id)}: {noun}, {len(frames)} frames</figcaption></figure>"


def _label(name: str, value: float, first: float) -> str:
    """A frame's label; exposures are read more easily from the darkest frame on."""
    chosen = attribute(name)
    if name == "exposure":
        return chosen.spell_delta(value - first)
    return chosen.spell(value)


def _dataset_table(dataset: Dataset) -> str:
    rows = []
    exploded = dataset.series.explode("varies")
    for name, group in exploded.groupby("varies"):
        cells = "".join(
            f"<td>{int((group['split'] == split).sum())} / {int(group.loc[group['split'] == split, 'frames'].sum())}</td>"
            for split in ("train", "validation", "test")
        )
        rows.append(f"<tr><td>{html.escape(str(name))}</td>{cells}</tr>")
    return (
        "<table><tr><th>series / frames</th><th>train</th><th>validation</th><th>test</th></tr>"
        + "".join(rows)
        + "</table><p>Split by what is depicted: no turned object and no photographed place of the test series occurs in the training series of its kind. The skies behind the rendered objects are shared.</p>"
    )


def _training(run: Path, done: Sequence[Done]) -> str:
    last = json.loads((run / "log.jsonl").read_text(encoding="utf-8").splitlines()[-1]) if (run / "log.jsonl").is_file() else None
    seconds = next((d.seconds for d in done if d.stage.title == "Train nano"), 0.0)
    steps = f"{last['step']} steps; this run of the trainer took {clock(seconds)} minutes." if last else "Too few steps to log a loss."
    curve = run / "evaluation" / "loss.svg"
    return f"<p>{steps}</p>" + (_figure(curve, "Training loss.") if curve.is_file() else "")


def _measure_text() -> str:
    return (
        "<p>Random pairs of frames from series the model has never seen. <b>Achieved</b> is the label of the frame of that series that is nearest "
        "to the edited picture, interpolated between neighbours: it needs no model and does not know what was asked. "
        "PSNR compares the edit with the true photograph at the asked label; <i>copy</i> is what returning the source would score.</p>"
    )


def _measure_table(evaluation: dict[str, Any]) -> str:
    rows = [
        f"<tr><td>{html.escape(attribute(name).noun)}</td><td>{r['pairs']} / {r['series']}</td><td>{r['psnr']:.1f} dB</td><td>{r['psnr_copy']:.1f} dB</td>"
        f"<td>{round(r['psnr'] - r['psnr_copy'], 1) + 0.0:+.1f} dB</td><td>{r['spearman']:.3f}</td><td>{r['slope']:.2f}</td><td>{r['error']:.2f} {html.escape(_plural(r['unit']))}</td></tr>"
        for name, r in evaluation["attributes"].items()
    ]
    head = "<tr><th>attribute</th><th>edits / series</th><th>PSNR</th><th>copy</th><th>gain</th><th>Spearman</th><th>slope</th><th>mean error</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _plural(unit: str) -> str:
    return unit if unit.isupper() else f"{unit}s"


def _compared(gain: float) -> str:
    return "as near to the truth as" if abs(gain) < 0.05 else f"{abs(gain):.1f} dB {'better' if gain > 0 else 'worse'} than"


def _verdict(evaluation: dict[str, Any]) -> str:
    """The exposure edits against their target, and what the figures say of rotation."""
    parts, steps = [], evaluation["step"]
    exposure = evaluation["attributes"].get("exposure")
    if exposure:
        gain = exposure["psnr"] - exposure["psnr_copy"]
        checks = [
            (f"Spearman at least {TARGET['spearman']}", f"{exposure['spearman']:.3f}", exposure["spearman"] >= TARGET["spearman"]),
            (f"slope within {TARGET['slope']} of 1", f"{exposure['slope']:.2f}", abs(exposure["slope"] - 1) <= TARGET["slope"]),
            (f"at least {TARGET['gain_db']:g} dB better than copying", f"{gain:+.1f} dB", gain >= TARGET["gain_db"]),
        ]
        rows = "".join(
            f"<tr><td>{what}</td><td>{found}</td><td class='{'yes' if ok else 'no'}'>{'met' if ok else 'not met'}</td></tr>"
            for what, found, ok in checks
        )
        parts.append(f"<table><tr><th>exposure: the demo's target</th><th>measured</th><th></th></tr>{rows}</table>")
    for name, r in evaluation["attributes"].items():
        if not name.startswith("rotation"):
            continue
        gain = r["psnr"] - r["psnr_copy"]
        follows = (
            "follow the number"
            if r["spearman"] >= 0.9
            else "do not follow the number yet"
            if r["spearman"] < 0.5
            else "follow the number only roughly"
        )
        parts.append(
            f"<p><b>Rotation.</b> After {steps} steps the rotation edits {follows} (Spearman {r['spearman']:.2f}, slope {r['slope']:.2f}), and are "
            f"{_compared(gain)} copying the source. A change of exposure is the same function of every pixel; turning an object "
            "means knowing its unseen sides, which a model of this size does not learn from a handful of objects in minutes. The numbers above are shown so that this is plain to see.</p>"
        )
    return "".join(parts)


def _plots(folder: Path, evaluation: dict[str, Any]) -> str:
    images = "".join(_image(folder / f"{name}_asked.svg") for name in evaluation["attributes"])
    return f"<figure><div class='plots'>{images}</div><figcaption>A dot per edit. On the grey line, what was asked was done.</figcaption></figure>"


def _sweeps(folder: Path, evaluation: dict[str, Any]) -> Iterable[str]:
    for name, measured in evaluation["attributes"].items():
        for sweep in measured["sweeps"]:
            scores = "; ".join(
                f"{spell_number(round(delta, 2))}: {edit:.1f} ({copy:.1f})"
                for delta, edit, copy in zip(sweep["deltas"], sweep["psnr"], sweep["psnr_copy"], strict=True)
                if copy < 99
            )
            yield _figure(
                folder / sweep["picture"],
                f"{html.escape(attribute(name).noun)}, held-out series {html.escape(sweep['series'])}. PSNR of the edit (of the copied source), dB: {scores}.",
            )


def _commands(done: Sequence[Done]) -> str:
    lines = [f"# {d.stage.title}: {clock(d.seconds)}\n" + "\n".join(d.stage.commands) for d in done]
    return f"<pre>{html.escape(chr(10).join(lines))}</pre>"


def _figure(path: Path, caption: str) -> str:
    return f"<figure>{_image(path)}<figcaption>{caption}</figcaption></figure>"


def _image(path: Path) -> str:
    kind = {".png": "image/png", ".jpg": "image/jpeg", ".svg": "image/svg+xml"}[path.suffix]
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"<img alt='{html.escape(path.stem)}' src='data:{kind};base64,{data}'>"
