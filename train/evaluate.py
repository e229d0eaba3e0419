"""``python -m train.evaluate --adapter runs/NAME``: do the edits follow the number, on scenes the model has not seen?

For every attribute of the split: random pairs of frames of held-out series are edited, and each edit is measured by
`cat_dataset.achieved`, which does not know what was asked. Asked against achieved gives Spearman's rank correlation,
the slope and the error, in the scale's unit (EV, stops, degrees); the frame at the asked label gives the PSNR, beside
the PSNR of copying the source.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from cat_dataset.achieved import achieved_value, agreement, psnr
from cat_dataset.attributes import Attribute, attribute
from cat_dataset.command import reported, warn
from cat_dataset.errors import InputError
from cat_dataset.files import write_json
from cat_dataset.images import Rgb
from cat_dataset.instructions import Edit
from cat_dataset.loading.framing import centre_square, cut_square
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.pairs import PairIndex
from cat_dataset.progress import Progress
from cat_dataset.sheets import evenly, save_png, sheet
from cat_dataset.typer_app import run_typer
from train.data.instructions import of_pair
from train.data.loader import FrameCache, default_threads
from train.edit import Editor
from train.plots import asked_against_achieved, loss_curve
from train.sampler import edit_pictures

_SWEEPS = 2
_SWEEP_FRAMES = 7


class HeldOut:
    """The series of one split that vary one attribute alone, as pictures at the model's size."""

    def __init__(self, dataset: Dataset, split: str, size: int) -> None:
        self._dataset, self._size = dataset, size
        self._cache = FrameCache(dataset, megabytes=512)
        self._values = {name: dataset.values(name) for name in dataset.attributes}
        chosen = dataset.series[dataset.series["split"] == split]
        varies: list[list[str]] = [list(names) for names in chosen["varies"]]
        self.series = {str(s): names[0] for s, names in zip(chosen["series"], varies, strict=True) if len(names) == 1}
        several = len(chosen) - len(self.series)
        self.series = {s: name for s, name in self.series.items() if self._moves(s, attribute(name))}
        if several:
            warn(f"{several} series of the {split} split vary several attributes at once and are left out of the measurement")

    def _moves(self, series: str, chosen: Attribute) -> bool:
        """Whether any two frames differ on the attribute's scale: 0 and 360 degrees do not."""
        values = self.rows(series)[1]
        return any(abs(chosen.scale.difference(values[0], value)) > 1e-9 for value in values)

    def picture(self, row: int) -> Rgb:
        """The frame of a row as the model sees it, uint8 [size, size, 3]."""
        frame = self._cache.get(row, self._size)
        return cut_square(frame, centre_square(frame.shape), self._size)

    def rows(self, series: str) -> tuple[list[int], list[float]]:
        """Rows and natural values of a series, by rising value; of equal values the first."""
        values = self._values[self.series[series]]
        found: dict[float, int] = {}
        for row in self._dataset.rows(series):
            found.setdefault(float(values[row]), row)
        ranked = sorted(found)
        return [found[value] for value in ranked], ranked

    def value(self, row: int, name: str) -> float:
        """The natural value of an attribute in a row."""
        return float(self._values[name][row])


def evaluate(editor: Editor, dataset: Dataset, *, split: str, pairs: int, steps: int, out: Path) -> dict[str, Any]:
    """Measure every attribute that the adapter has learned and the split varies; write evaluation.json and pictures.

    Raises:
        InputError: the split has nothing to measure.
    """
    held_out = HeldOut(dataset, split, editor.base.size)
    names = [name for name in editor.tasks if name in held_out.series.values()]
    if not names:
        raise InputError(
            f"the {split} split has no series of what the adapter has learned ({', '.join(editor.tasks)}); choose another --split"
        )
    left = [name for name in editor.tasks if name not in names]
    if left:
        warn(f"not measured, because the {split} split has no series of it: {', '.join(left)}")
    progress = Progress("evaluate", len(names) * pairs, "edits")
    results = {}
    for name in names:
        results[name] = _measure(editor, dataset, held_out, attribute(name), split, pairs, steps, progress)
        asked_against_achieved(results[name]["points"], attribute(name), out / f"{name}_asked.svg")
        results[name]["sweeps"] = _sweeps(editor, held_out, attribute(name), steps, out)
    progress.close()
    report = {"split": split, "step": editor.about["step"], "base": editor.about["base"], "size": editor.base.size, "attributes": results}
    write_json(out / "evaluation.json", report)
    return report


def _measure(
    editor: Editor, dataset: Dataset, held_out: HeldOut, chosen: Attribute, split: str, count: int, steps: int, progress: Progress
) -> dict[str, Any]:
    index = PairIndex(dataset, split=split, seed=1, attributes=[chosen.name], zero_share=0.0, plain=editor.options.plain)
    drawn = [pair for pair in map(index.pair, range(4 * count)) if pair.series in held_out.series][:count]
    sources = [held_out.picture(pair.source) for pair in drawn]
    edits = edit_pictures(editor.model, sources, [of_pair(pair, editor.options) for pair in drawn], steps=steps)
    points, gained, copied = [], [], []
    for pair, source, edit in zip(drawn, sources, edits, strict=True):
        rows, values = held_out.rows(pair.series)
        start = held_out.value(pair.source, chosen.name)
        reached = achieved_value(edit, [held_out.picture(row) for row in rows], values, chosen)
        asked = chosen.scale.difference(start, held_out.value(pair.target, chosen.name))
        points.append([asked, chosen.scale.difference(start, reached)])
        target = held_out.picture(pair.target)
        gained.append(psnr(edit, target))
        copied.append(psnr(source, target))
        progress.advance(note=chosen.name)
    found = agreement([p[0] for p in points], [p[1] for p in points])
    return {
        "unit": chosen.scale.unit or chosen.unit,
        "pairs": len(drawn),
        "series": len({pair.series for pair in drawn}),
        "psnr": float(np.mean(gained)),
        "psnr_copy": float(np.mean(copied)),
        "spearman": found.spearman,
        "slope": found.slope,
        "error": found.error,
        "points": points,
    }


def _sweeps(editor: Editor, held_out: HeldOut, chosen: Attribute, steps: int, out: Path) -> list[dict[str, Any]]:
    """From the middle frame of a few series to frames over the whole range: ground truth above, edits below."""
    result: list[dict[str, Any]] = []
    for series in [s for s, name in held_out.series.items() if name == chosen.name][:_SWEEPS]:
        rows, values = held_out.rows(series)
        middle = len(rows) // 2
        picked = evenly(len(rows), _SWEEP_FRAMES)
        source, truths = held_out.picture(rows[middle]), [held_out.picture(rows[i]) for i in picked]
        deltas = [chosen.delta(values[middle], values[i]) for i in picked]
        asks = [editor.instruction([Edit(chosen.name, delta)], {chosen.name: values[middle]}) for delta in deltas]
        edits = edit_pictures(editor.model, [source] * len(asks), asks, steps=steps)
        file = f"{chosen.name}_sweep_{len(result)}.png"
        captions = ["source", *[chosen.spell_delta(delta) for delta in deltas]]
        save_png(out / file, sheet([[source, *truths], [source, *edits]], row_names=("ground truth", "edit"), captions=captions))
        result.append(
            {
                "series": series,
                "picture": file,
                "deltas": deltas,
                "psnr": [psnr(e, t) for e, t in zip(edits, truths, strict=True)],
                "psnr_copy": [psnr(source, t) for t in truths],
            }
        )
    return result


app = typer.Typer(add_completion=False)


@app.command()
def run(
    adapter: Annotated[Path, typer.Option(help="run folder of train.run")],
    shards: Annotated[str, typer.Option(help="manifests folder, or its address")] = "manifests",
    split: Annotated[str, typer.Option(help="train, validation or test")] = "test",
    pairs: Annotated[int, typer.Option(min=2, help="edits per attribute")] = 48,
    steps: Annotated[int, typer.Option(min=0, max=200, help="velocity evaluations; 0 is the base's own number")] = 0,
    out: Annotated[Path | None, typer.Option(help="folder to write  [default: <adapter>/evaluation]")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    """Measure how edits follow the number, on held-out series."""
    with reported(debug):
        torch.set_num_threads(default_threads())
        target = out or adapter / "evaluation"
        report = evaluate(Editor(adapter), open_dataset(shards), split=split, pairs=pairs, steps=steps, out=target)
        if (adapter / "log.jsonl").is_file():
            loss_curve(adapter / "log.jsonl", target / "loss.svg")
        for name, r in report["attributes"].items():
            print(
                f"{name}: {r['pairs']} edits of {r['series']} held-out series  PSNR {r['psnr']:.1f} dB (copy {r['psnr_copy']:.1f})  "
                f"Spearman {r['spearman']:.3f}  slope {r['slope']:.2f}  mean error {r['error']:.2f} {r['unit']}"
            )
        print(f"wrote {target}")


def main() -> None:
    """Console entry."""
    run_typer(app)


if __name__ == "__main__":
    main()
