"""``python -m tests.studies.nano_data --out study``: the data of the study of `nano` (docs/nano.md).

The project's own commands, one after another, as a user would type them, at a size for one CPU core: objects rendered by
Blender in front of eight panoramas, scenes photographed by the simulated camera, exact developments of its DNGs, shards. A stage
that is finished is not made again.

Train, validation and test hold different panoramas. Each panorama has random viewpoints of its own: `render.blender` draws
them per object and seed, not per sky, so a held-out sky would otherwise show viewpoints of training.
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cat_dataset.command import reported
from cat_dataset.demo.stages import Stage, run_stage
from cat_dataset.files import write_bytes

SKIES = ("city", "courtyard", "forest", "interior", "night", "studio", "sunrise", "sunset")
"""The panoramas that come with Blender. The simulated camera takes them in the same order."""
OBJECTS = "builtin:car builtin:mug builtin:house builtin:lamp builtin:face"


@dataclass(frozen=True)
class Sizes:
    """How much is made: objects, skies, viewpoints of every object before every sky, and crops of every panorama."""

    objects: str
    skies: tuple[str, ...]
    moves: int
    vectors: int
    turns: int
    crops: int
    samples: int


FULL = Sizes(OBJECTS, SKIES, moves=2, vectors=1, turns=6, crops=6, samples=8)
QUICK = Sizes("builtin:car", SKIES[:3], moves=1, vectors=1, turns=1, crops=1, samples=1)
"""Enough to see that everything runs."""


def stages(folder: Path, sizes: Sizes) -> Iterator[Stage]:
    """Render, photograph, develop, pack and verify, under ``folder``; later ones look at what the earlier ones have made."""
    place, series = shlex.quote(folder.as_posix()), shlex.quote((folder / "series").as_posix())
    # 64 pixels are nano's own size; seen from 15 to 45 degrees above, every object shows its sides and its top.
    common = f"--asset {sizes.objects} --size 64 --samples {sizes.samples} --elevations 15 45 --out {series}"
    for number, sky in enumerate(sizes.skies):
        sweeps = [
            f"translate --axis x --states 9 --views {sizes.moves} --seed {4 * number}",
            f"translate --axis z --states 9 --views {sizes.moves} --seed {4 * number + 1}",
            f"translate --axis x z --random 12 --views {sizes.vectors} --seed {4 * number + 2}",
            f"rotate --axis z --states 13 --views {sizes.turns} --seed {4 * number + 3}",
        ]
        commands = (f"python -m render.blender.{sweep} --hdri builtin:{sky} {common}" for sweep in sweeps)
        yield Stage(f"Render objects before the sky {sky}", tuple(commands))
    scenes = len(sizes.skies) * sizes.crops
    camera = f"python -m capture.simulate --size 192 160 --scenes {scenes}"
    yield Stage(
        "Photograph with the simulated camera",
        (
            f"{camera} --vary exposure --range -2 2 --frames 9 --out {place}/dslr/exposure",
            f"{camera} --vary iso --range 200 3200 --frames 9 --scene-first {scenes} --out {place}/dslr/iso",
        ),
    )
    yield Stage(
        "Ingest",
        (f"cat-ingest {place}/dslr/exposure/* {place}/dslr/iso/* --size 80 --out {series}",),
    )
    photos = " ".join(shlex.quote(photo.as_posix()) for photo in _middle_photos(folder))
    yield Stage(
        "Develop one photograph of every scene",
        (
            f"cat-ingest {photos} --white-balance 3000,3400,3900,4500,5200,6000,7000,8200,9500 --gamma 1:3:9 --hue=-90:90:13 "
            f"--saturation 40:200:9 --contrast 50:200:9 --size 80 --out {series}",
        ),
    )
    yield Stage(
        "Build and verify shards",
        (
            f"cat-build-shards --series {series} --shards {place}/shards --manifests {place}/manifests "
            "--split-by hdri --split 0.65/0.1/0.25 --fresh-split",
            f"cat-verify {place}/manifests",
        ),
    )


def make(folder: Path, sizes: Sizes) -> Path:
    """Run every stage that is not finished; returns the folder of the manifests."""
    start = time.monotonic()
    total = len(sizes.skies) + 4
    for number, stage in enumerate(stages(folder, sizes), start=1):
        mark = folder / "stages" / f"{number:02d}.txt"
        made = "".join(f"{command}\n" for command in stage.commands).encode()
        if mark.is_file() and mark.read_bytes() == made:
            continue
        done = run_stage(stage, number, total)
        write_bytes(mark, made)
        print(f"{stage.title}: {done.seconds:.0f} s", flush=True)
    print(f"{folder / 'manifests'}: {(time.monotonic() - start) / 60:.1f} minutes", flush=True)
    return folder / "manifests"


def _middle_photos(folder: Path) -> list[Path]:
    """The middle photograph of every exposure series, copied under the name of its scene: names tell developments apart."""
    photos = []
    for scene in sorted((folder / "dslr" / "exposure").iterdir()):
        frames = sorted(scene.glob("*.dng"))
        photo = folder / "dslr" / "photos" / f"{scene.name.removeprefix('exposure_')}.dng"
        photo.parent.mkdir(exist_ok=True)
        shutil.copyfile(frames[len(frames) // 2], photo)
        photos.append(photo)
    return photos


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Make the data of the study of nano.")
    parser.add_argument("--out", type=Path, default=Path("study"))
    parser.add_argument("--quick", action="store_true", help="the smallest sizes: a check that everything runs")
    chosen = parser.parse_args()
    with reported(False):
        make(chosen.out, QUICK if chosen.quick else FULL)


if __name__ == "__main__":
    main()
