"""``python -m render.people.make``: writes characters."""

from __future__ import annotations

import argparse
from pathlib import Path

from cat_dataset.command import reported
from cat_dataset.progress import Progress
from render.blender.figure.person_file import SUFFIX, write_person


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m render.people.make", description="Make characters from the package anny.")
    parser.add_argument("--out", type=Path, default=Path("characters"))
    parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    with reported():
        from render.people.body import person
        from render.people.drawing import draw

        progress = Progress("people", options.count, "characters")
        for index in range(options.count):
            recipe = draw(options.seed, index)
            write_person(options.out / f"{recipe.name}{SUFFIX}", person(recipe))
            progress.advance(note=recipe.name)
        progress.close()


if __name__ == "__main__":
    main()
