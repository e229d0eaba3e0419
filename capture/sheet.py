"""``python -m capture.sheet``: a contact sheet of finished series, a row each, with the label under every frame."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import typer
from numpy.typing import NDArray

from cat_dataset.attributes import attribute
from cat_dataset.command import reported
from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import write_bytes
from cat_dataset.series import read_series

LABEL_HEIGHT = 22


def contact_sheet(folders: list[Path], columns: int, width: int) -> NDArray[np.uint8]:
    """BGR picture: for each series ``columns`` frames, evenly spread from first to last, each ``width`` pixels wide.

    Raises:
        SeriesError: a folder is no finished series.
        InputError: a frame cannot be decoded.
    """
    rows = []
    for folder in folders:
        series = read_series(folder)
        name = series.varies[0]
        picked = [series.frames[round(at)] for at in np.linspace(0, len(series.frames) - 1, min(columns, len(series.frames)))]
        height = round(width * picked[0].height / picked[0].width)
        row = np.full((height + LABEL_HEIGHT, width * columns, 3), 255, np.uint8)
        for at, frame in enumerate(picked):
            picture = cv2.imread(str(folder / frame.file), cv2.IMREAD_COLOR)
            if picture is None:
                raise InputError(f"{folder / frame.file} cannot be decoded; delete {folder} and make the series again")
            left = at * width
            row[:height, left : left + width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
            label = f"{name} {frame.values[name]:.5g} {attribute(name).unit}"
            place = (left + 4, height + LABEL_HEIGHT - 7)
            cv2.putText(row, label, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
        rows.append(row)
    return np.vstack(rows)


app = typer.Typer(add_completion=False)


@app.command()
def sheet(
    *,
    folders: Annotated[list[Path], typer.Argument(metavar="SERIES", help="Folders of finished series.")],
    out: Annotated[Path, typer.Option(help="Picture to write, .png or .jpg.")] = Path("sheet.jpg"),
    columns: Annotated[int, typer.Option(help="Frames per series.")] = 5,
    width: Annotated[int, typer.Option(help="Width of a frame in pixels.")] = 220,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Lay series out as a contact sheet."""
    with reported(debug):
        if out.suffix.lower() not in (".png", ".jpg", ".jpeg"):
            raise UsageError(f"--out {out} must end in .png or .jpg")
        if not 2 <= columns <= 50 or not 16 <= width <= 4096:
            raise UsageError("--columns must be 2 to 50 and --width 16 to 4096")
        done, data = cv2.imencode(out.suffix.lower(), contact_sheet(folders, columns, width))
        if not done:
            raise InputError(f"OpenCV cannot write {out.suffix} on this machine; try .png")
        write_bytes(out, data.tobytes())
        print(f"{out}: {len(folders)} series")


def main() -> None:
    """Entry point."""
    app()


if __name__ == "__main__":
    main()
