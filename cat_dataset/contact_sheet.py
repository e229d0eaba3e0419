"""``python -m cat_dataset.contact_sheet SERIES...``: finished series, a row each, with the label above every frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from cat_dataset.attributes import attribute
from cat_dataset.command import reported
from cat_dataset.errors import UsageError
from cat_dataset.files import write_bytes
from cat_dataset.images import Rgb, decode_rgb, encode_jpeg, encode_png
from cat_dataset.series import Frame, read_series
from cat_dataset.sheets import evenly, sheet, stack
from cat_dataset.typer_app import run_typer


def contact_sheet(folders: Sequence[Path], *, columns: int = 7, side: int = 160) -> Rgb:
    """At most ``columns`` frames of every series, evenly spread over the values of what varies, the first attribute first.

    Raises:
        SeriesError: a folder is no finished series.
        InputError: a frame cannot be decoded.
    """
    rows = []
    for folder in folders:
        series = read_series(folder)
        names = series.varies
        frames = sorted(series.frames, key=lambda frame: [frame.values[name] for name in names])
        picked = [frames[at] for at in evenly(len(frames), columns)]
        pictures = [decode_rgb((folder / frame.file).read_bytes(), where=str(folder / frame.file)) for frame in picked]
        rows.append(sheet([pictures], captions=[_caption(frame) for frame in picked], side=side))
    return stack(rows)


def _caption(frame: Frame) -> str:
    return "  ".join(attribute(name).spell(value) for name, value in frame.values.items())


app = typer.Typer(add_completion=False)


@app.command()
def run(
    series: Annotated[list[Path], typer.Argument(help="folders of finished series")],
    out: Annotated[Path, typer.Option(help="picture to write, .png or .jpg")] = Path("sheet.png"),
    columns: Annotated[int, typer.Option(min=2, max=50, help="frames of each series")] = 7,
    side: Annotated[int, typer.Option(min=16, max=4096, help="long side of a frame in pixels")] = 160,
    debug: Annotated[bool, typer.Option("--debug", help="show tracebacks")] = False,
) -> None:
    """Lay finished series out as a contact sheet, to look at."""
    with reported(debug):
        encoders: dict[str, Callable[[Rgb], bytes]] = {".png": encode_png, ".jpg": encode_jpeg}
        if out.suffix.lower() not in encoders:
            raise UsageError(f"--out {out} must end in .png or .jpg")
        write_bytes(out, encoders[out.suffix.lower()](contact_sheet(series, columns=columns, side=side)))
        for number, folder in enumerate(series, start=1):
            frames = len(read_series(folder).frames)
            print(f"row {number}: {folder.name}, {len(evenly(frames, columns))} of {frames} frames")
        print(f"wrote {out}")


def main() -> None:
    """Entry point."""
    run_typer(app)


if __name__ == "__main__":
    main()
