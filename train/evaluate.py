"""``python -m train.evaluate --adapter runs/NAME``: do the edits follow the number, on scenes the model has not seen?

For every attribute of the split: random pairs of frames of held-out series are edited, and each edit is measured by
`cat_dataset.achieved`, which does not know what was asked. Asked against achieved gives Spearman's rank correlation,
the slope and the error, in the scale's unit (EV, stops, degrees); the frame at the asked label gives the PSNR, beside
the PSNR of copying the source.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from cat_dataset.achieved import psnr
from cat_dataset.attributes import Attribute, attribute
from cat_dataset.command import reported, warn
from cat_dataset.errors import InputError
from cat_dataset.files import write_json
from cat_dataset.instructions import Edit
from cat_dataset.manifests import Dataset, open_dataset
from cat_dataset.progress import Progress
from cat_dataset.sheets import evenly, save_png, sheet
from cat_dataset.typer_app import run_typer
from train.data.loader import default_threads
from train.editing.sampler import edit_pictures
from train.measure import HeldOut, summary
from train.pipeline import NumeriKontrolPipeline
from train.plots import asked_against_achieved, loss_curve

_SWEEPS = 2
_SWEEP_FRAMES = 7


def evaluate(editor: NumeriKontrolPipeline, dataset: Dataset, *, split: str, pairs: int, steps: int, out: Path) -> dict[str, Any]:
    """Measure every attribute that the adapter has learned and the split varies; write evaluation.json and pictures.

    Raises:
        InputError: the split has nothing to measure.
    """
    held_out = HeldOut(dataset, split, editor.base.size)
    held_out.warn_left_out()
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
        results[name] = _measure(editor, held_out, attribute(name), pairs, steps, progress)
        asked_against_achieved(results[name]["points"], attribute(name), out / f"{name}_asked.svg")
        results[name]["sweeps"] = _sweeps(editor, held_out, attribute(name), steps, out)
    progress.close()
    report = {"split": split, "step": editor.about["step"], "base": editor.about["base"], "size": editor.base.size, "attributes": results}
    write_json(out / "evaluation.json", report)
    return report


def _measure(
    editor: NumeriKontrolPipeline, held_out: HeldOut, chosen: Attribute, count: int, steps: int, progress: Progress
) -> dict[str, Any]:
    trials = held_out.trials(chosen.name, count, editor.options)
    edits = edit_pictures(editor.model, [trial.source for trial in trials], [trial.instruction for trial in trials], steps=steps)
    scores = []
    for trial, edit in zip(trials, edits, strict=True):
        scores.append(held_out.score(trial, edit))
        progress.advance(note=chosen.name)
    return summary(chosen, scores)


def _sweeps(editor: NumeriKontrolPipeline, held_out: HeldOut, chosen: Attribute, steps: int, out: Path) -> list[dict[str, Any]]:
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
    out: Annotated[Path | None, typer.Option(help="folder to write  (default: <adapter>/evaluation)")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    """Measure how edits follow the number, on held-out series."""
    with reported(debug):
        torch.set_num_threads(default_threads())
        target = out or adapter / "evaluation"
        report = evaluate(
            NumeriKontrolPipeline.from_pretrained(adapter), open_dataset(shards), split=split, pairs=pairs, steps=steps, out=target
        )
        if (adapter / "log.jsonl").is_file():
            loss_curve(adapter / "log.jsonl", target / "loss.svg")
        for name, r in report["attributes"].items():
            print(
                f"{name}: {r['pairs']} edits of {r['series']} series of {split}  "
                f"PSNR {r['psnr']:.1f} dB (copy {r['psnr_copy']:.1f})  Spearman {r['spearman']:.3f}  "
                f"slope {r['slope']:.2f}  mean error {r['error']:.2f} {r['unit']}"
            )
        print(f"wrote {target}")


def main() -> None:
    """Console entry."""
    run_typer(app)


if __name__ == "__main__":
    main()
