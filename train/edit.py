"""``cat-edit IMAGE "INSTRUCTION" --adapter runs/NAME``: one edit, or a strip over a range of numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from cat_dataset.attributes import attribute
from cat_dataset.command import reported
from cat_dataset.errors import InputError, UsageError
from cat_dataset.images import Rgb, decode_rgb, resize_area
from cat_dataset.instructions import Edit, parse
from cat_dataset.sheets import save_png, sheet
from cat_dataset.typer_app import run_typer
from train.adapter.files import load_model
from train.data.instructions import of_edits
from train.data.loader import default_threads
from train.requests import Instruction
from train.running.checkpoint import adapter_folder
from train.sampler import edit_pictures

_FILE_CAP = 512 << 20


class Editor:
    """An adapter ready to edit pictures by numbers."""

    def __init__(self, run: Path) -> None:
        self.model, self.about = load_model(adapter_folder(run))
        self.base, self.options = self.model.base, self.model.options
        self.tasks: Mapping[str, int] = self.about["tasks"]

    def edit(
        self,
        picture: Rgb,
        requests: Sequence[Sequence[Edit]],
        *,
        values: Mapping[str, float] | None = None,
        steps: int = 0,
        seed: int = 0,
    ) -> list[Rgb]:
        """One edited picture per request, each of the size of ``picture``.

        A base that keeps the input's detail (nano) computes the change at its own size and adds it, enlarged, to the
        picture; the others give their own pixels, enlarged.

        Args:
            picture: uint8 RGB [H, W, 3].
            requests: the edits of each wanted picture.
            values: natural values of attributes in ``picture``, for edits that need them.
            steps: velocity evaluations.
            seed: of the starting noise.

        Raises:
            UsageError: an attribute the adapter has not learned, or an impossible change.
        """
        small = self.base.fit(picture)
        instructions = [self.instruction(edits, values or {}) for edits in requests]
        edited = edit_pictures(self.model, [small] * len(instructions), instructions, steps=steps, seed=seed)
        height, width = picture.shape[:2]
        if not self.base.keeps_detail:
            return [resize_area(result, width, height) for result in edited]
        return [_add_change(picture, small, result) for result in edited]

    def instruction(self, edits: Sequence[Edit], values: Mapping[str, float]) -> Instruction:
        """What the model is told to make ``edits`` of a picture with these natural ``values``.

        Raises:
            UsageError: an attribute the adapter has not learned or that is named twice, or an impossible change.
        """
        if len({edit.attribute for edit in edits}) < len(edits):
            raise UsageError("an instruction names each attribute once; add the changes up")
        for edit in edits:
            if edit.attribute not in self.tasks:
                raise UsageError(f"this adapter has not learned {edit.attribute}; it has learned {', '.join(self.tasks)}")
        return of_edits(edits, values, self.options)


def read_picture(path: Path) -> Rgb:
    """A PNG or JPEG file as uint8 RGB.

    Raises:
        InputError: missing, too large, or no whole picture.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file; check the path" if path.exists() else f"{path} does not exist; check the path")
    if path.stat().st_size > _FILE_CAP:
        raise InputError(f"{path} has more than {_FILE_CAP >> 20} MB; make it smaller")
    return decode_rgb(path.read_bytes(), where=str(path))


def sweep_edits(edits: Sequence[Edit], low: float, high: float, count: int) -> list[list[Edit]]:
    """``count`` requests in which the number of the first edit runs from ``low`` to ``high`` in equal steps."""
    if not 2 <= count <= 200:
        raise UsageError(f"--sweep needs 2 to 200 pictures, not {count}")
    if not math.isfinite(high - low):
        raise UsageError(f"--sweep {low:g} {high:g} needs two numbers with a finite distance")
    return [[replace(edits[0], delta=float(value)), *edits[1:]] for value in np.linspace(low, high, count)]


def _add_change(picture: Rgb, small: Rgb, edited: Rgb) -> Rgb:
    change = edited.astype(np.float32) - small.astype(np.float32)
    wide: Any = resize_area(change, picture.shape[1], picture.shape[0])  # type: ignore[arg-type]
    return np.asarray(np.clip(picture + wide, 0, 255).round(), dtype=np.uint8)


def _values(given: Sequence[str]) -> dict[str, float]:
    values: dict[str, float] = {}
    for item in given:
        name, _, number = item.partition("=")
        if name in values:
            raise UsageError(f"--from {name} is given twice; give one value")
        try:
            values[name] = attribute(name).check(float(number))
        except ValueError:
            raise UsageError(f"--from {item}: say it like --from iso=400") from None
    return values


app = typer.Typer(add_completion=False)


@app.command()
def run(
    image: Annotated[Path, typer.Argument(help="PNG or JPEG picture to edit")],
    instruction: Annotated[str, typer.Argument(help="for example 'Increase the exposure by 1 EV'")],
    adapter: Annotated[Path, typer.Option(help="run folder of train.run, or an adapter folder")],
    out: Annotated[Path | None, typer.Option(help="PNG to write  [default: <image>_edited.png here]")] = None,
    sweep: Annotated[tuple[float, float, int] | None, typer.Option(help="LO HI N: a strip of N edits over a range")] = None,
    source: Annotated[list[str] | None, typer.Option("--from", help="ATTRIBUTE=VALUE of the picture, like iso=400")] = None,
    steps: Annotated[int, typer.Option(min=0, max=200, help="velocity evaluations; 0 is the base's own number")] = 0,
    seed: Annotated[int, typer.Option(min=0, max=2**63 - 1, help="of the starting noise")] = 0,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    """Edit a picture by a number, with an adapter that train.run has made."""
    with reported(debug):
        torch.set_num_threads(default_threads())
        picture = read_picture(image)
        edits = parse(instruction)
        target = out or Path(f"{image.stem}_edited.png")
        if target.suffix.lower() != ".png":
            raise UsageError(f"--out {target}: the result is written as PNG; give it a name that ends in .png")
        editor = Editor(adapter)
        requests = sweep_edits(edits, *sweep) if sweep else [edits]
        results = editor.edit(picture, requests, values=_values(source or []), steps=steps, seed=seed)
        if sweep:
            captions = ["source", *[attribute(r[0].attribute).spell_delta(r[0].delta, relative=r[0].relative) for r in requests]]
            save_png(target, sheet([[picture, *results]], captions=captions, side=256))
            if len(edits) > 1:
                print(f"the range is that of the first edit, {edits[0].attribute}; the others stay as they are")
        else:
            save_png(target, results[0])
        print(f"wrote {target}")


def main() -> None:
    """Console script."""
    run_typer(app)


if __name__ == "__main__":
    main()
