"""Series of exact changes to one picture: any kelvins, exposures, gammas, hues … from a single RAW or linear file."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from capture.developing.change import formula
from capture.developing.recipe import FrameRecipe, Recipe
from capture.reading.shot import Shot
from capture.sandbox import Call, Sandbox
from capture.writing.examine import develop_again
from capture.writing.record import Look, constants, measured_of, readers, scene_keys, sources_of, state_of, versions
from capture.writing.report import REPORT, write_report
from capture.writing.verify import CHUNK
from cat_dataset.attributes import attribute
from cat_dataset.errors import InputError
from cat_dataset.files import slug
from cat_dataset.progress import Progress
from cat_dataset.series_writer import SeriesWriter, is_complete


@dataclass(frozen=True)
class Development:
    """One shot, and the values that one attribute takes in its exact developments, rising."""

    shot: Shot
    attribute: str
    values: tuple[float, ...]
    recipe: Recipe
    frames: tuple[FrameRecipe, ...]

    @property
    def id(self) -> str:
        """The series' name."""
        return f"{slug(self.shot.path.stem, 72 - len(self.attribute) - 1)}-{self.attribute}"


def write_developed(one: Development, look: Look, out: Path, sandbox: Sandbox, progress: Progress) -> str:
    """Make the series of ``one`` under ``out``; a line that says what was made.

    Raises:
        InputError: the file cannot be developed.
        SeriesConflict: a series of that name, made otherwise, is there already.
    """
    folder = out / one.id
    scene = scene_keys([one.shot], slug(one.shot.path.stem, 72), look)
    settings = {
        "attribute": one.attribute, "values": list(one.values), "sources": sources_of([one.shot]), "object": look.object_name,
        "scene": scene, "development": one.recipe.as_json(),
    }  # fmt: skip
    if is_complete(folder, settings):
        progress.skip(len(one.values))
        if not (folder / REPORT).is_file():
            write_report(folder)
        return f"{folder}: already complete"
    fresh = not folder.exists()
    with SeriesWriter(folder, settings, versions()) as writer:
        left = [index for index in range(len(one.values)) if index not in writer.done]
        progress.skip(len(one.values) - len(left))
        chunks = [left[at : at + CHUNK] for at in range(0, len(left), CHUNK)]
        calls = [
            Call(develop_again, (one.shot, one.recipe, [one.frames[index] for index in chunk]), str(one.shot.path)) for chunk in chunks
        ]
        for at, value in sandbox.run(calls):
            if isinstance(value, InputError):
                if fresh:
                    shutil.rmtree(folder, ignore_errors=True)
                raise value
            _commit(one, writer, chunks[at], value)
            progress.advance(len(chunks[at]), one.id)
        writer.finish(
            source="developed", scene=scene, object=look.object_name, varies=(one.attribute,),
            constants=constants(one.attribute, [one.shot], one.shot.remarks),
            provenance={
                "tool": "cat-ingest", "sources": sources_of([one.shot]), "recipe": one.recipe.as_json(), "readers": readers([one.shot]),
                "formula": formula(one.attribute), "refused": [],
            },
        )  # fmt: skip
    write_report(folder)
    spell = attribute(one.attribute).spell
    return (
        f"{folder}: {len(one.values)} frames, {one.attribute}: {spell(one.values[0])} to {spell(one.values[-1])}, exact, from one picture"
    )


def _commit(one: Development, writer: SeriesWriter, indices: Sequence[int], made: Sequence[tuple[bytes, float]]) -> None:
    for index, (picture, clipped) in zip(indices, made, strict=True):
        writer.staging_path(index).write_bytes(picture)
        measured = {key: value for key, value in measured_of(one.shot, None, clipped).items() if key != one.attribute}
        writer.commit(index, {one.attribute: one.values[index]}, measured, state=state_of(one.shot, one.frames[index], None, None))
