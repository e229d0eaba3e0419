"""``cat-edit IMAGE "INSTRUCTION"``: one edit, several at once or in a chain, or a strip over a range of numbers.

What is asked is read and checked before torch is imported, so that a slip of the keyboard costs no wait.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from cat_dataset.attributes import attribute
from cat_dataset.command import note, reported
from cat_dataset.errors import AdapterError, UsageError
from cat_dataset.instructions import Edit, parse
from cat_dataset.progress import Progress
from cat_dataset.sheets import save_png, sheet
from cat_dataset.typer_app import run_typer
from train.editing.edits import check_edits, edit_flag, value_flags, values_after
from train.editing.pictures import read_picture
from train.editing.shipped import shipped_adapter


def sweep_edits(edits: Sequence[Edit], low: float, high: float, count: int) -> list[list[Edit]]:
    """``count`` requests in which the number of the first edit runs from ``low`` to ``high`` in equal steps."""
    if not 2 <= count <= 200:
        raise UsageError(f"--sweep needs 2 to 200 pictures, not {count}")
    if not math.isfinite(high - low):
        raise UsageError(f"--sweep {low:g} {high:g} needs two numbers with a finite distance")
    return [[replace(edits[0], delta=float(value)), *edits[1:]] for value in np.linspace(low, high, count)]


app = typer.Typer(add_completion=False)


@app.command()
def run(
    image: Annotated[Path, typer.Argument(help="PNG or JPEG picture to edit")],
    instruction: Annotated[str, typer.Argument(help="for example 'Increase the exposure by 1 EV'")] = "",
    edit: Annotated[list[str] | None, typer.Option(help="ATTRIBUTE=CHANGE, like exposure=+1 or iso=2stops; as often as needed")] = None,
    adapter: Annotated[
        Path | None,
        typer.Option(help="run folder of train.run, or an adapter folder  (default: the nano adapter of the package)"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="PNG to write  (default: <image>_edited.png here)")] = None,
    sweep: Annotated[tuple[float, float, int] | None, typer.Option(help="LO HI N: a strip of N edits over a range")] = None,
    chain: Annotated[bool, typer.Option("--chain", help="make the edits one after the other, not all at once")] = False,
    source: Annotated[list[str] | None, typer.Option("--from", help="ATTRIBUTE=VALUE of the picture, like iso=400")] = None,
    steps: Annotated[int, typer.Option(min=0, max=200, help="velocity evaluations; 0 is the base's own number")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="of the starting noise")] = 0,
    guidance: Annotated[float | None, typer.Option(help="how strongly the instruction is followed  (default: the base's own)")] = None,
    base: Annotated[Path | None, typer.Option(help="the base's folder, if it has moved since training")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    """Edit a picture by numbers, with an adapter that train.run has made."""
    with reported(debug):
        target = out or Path(f"{image.stem}_edited.png")
        if target.suffix.lower() != ".png":
            raise UsageError(f"--out {target}: the result is written as PNG; give it a name that ends in .png")
        edits = [*(parse(instruction) if instruction else []), *map(edit_flag, edit or [])]
        if not edits:
            raise UsageError("say what to edit: a sentence like 'Increase the exposure by 1 EV', or --edit exposure=+1")
        if sweep and chain:
            raise UsageError("--sweep and --chain exclude each other; leave one out")
        requests = sweep_edits(edits, *sweep) if sweep else [[one] for one in edits] if chain else [edits]
        values = value_flags(source or [])
        picture = read_picture(image)
        if adapter is not None and not adapter.exists():
            raise AdapterError(f"{adapter} does not exist; train one with: python -m train.run --shards manifests/ --out {adapter}")
        folder = adapter or shipped_adapter()

        import torch

        from train.data.loader import default_threads
        from train.model_files import read_adapter_json
        from train.pipeline import NumeriKontrolPipeline
        from train.running.checkpoint import adapter_folder

        torch.set_num_threads(default_threads())
        about, known = read_adapter_json(adapter_folder(folder)), values
        for request in requests:
            check_edits(request, about["tasks"], known, plain=about["options"].get("units") == "plain")
            known = values_after(known, request) if chain else known
        pipe = NumeriKontrolPipeline.from_pretrained(folder, base)
        if pipe.base.keeps_detail and min(picture.shape[:2]) > pipe.base.size:
            note(f"{pipe.base.name} sees {pipe.base.size}×{pipe.base.size} pixels; its change is enlarged and added to the picture")
        progress = Progress("edit", 1, "evaluations")

        def tell(done: int, total: int) -> None:
            progress.total = total
            progress.advance(done - progress.done)

        make = pipe.chain if chain else pipe.variants
        made = make(picture, requests, values=values, steps=steps or None, seed=seed, guidance=guidance, progress=tell)
        results = [np.asarray(result) for result in made]
        if not pipe.base.keeps_detail:
            progress.close()
        if sweep:
            captions = ["source", *[attribute(r[0].attribute).spell_delta(r[0].delta, relative=r[0].relative) for r in requests]]
            save_png(target, sheet([[picture, *results]], captions=captions, side=256))
            if len(edits) > 1:
                print(f"the range is that of the first edit, {edits[0].attribute}; the others stay as they are")
        else:
            save_png(target, results[-1])
        print(f"wrote {target}")


def main() -> None:
    """Console script."""
    run_typer(app)


if __name__ == "__main__":
    main()
