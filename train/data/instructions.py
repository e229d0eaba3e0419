"""What the model is told: of a training pair, and of edits that a user asks for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cat_dataset.attributes import attribute
from cat_dataset.instructions import Edit, build
from cat_dataset.pairs import Pair
from train.adapter.options import AdapterOptions
from train.requests import UNKNOWN, Instruction


def of_pair(pair: Pair, options: AdapterOptions) -> Instruction:
    """What the model is told of a pair."""
    return Instruction(
        tasks=tuple(edit.task for edit in pair.edits),
        numbers=tuple(edit.encoded for edit in pair.edits),
        parts=tuple(
            build(Edit(edit.attribute, edit.delta, edit.object), pair.variant, numbers=options.says_numbers) for edit in pair.edits
        ),
        sources=tuple(UNKNOWN if edit.start is None else attribute(edit.attribute).place(edit.start) for edit in pair.edits),
    )


def of_edits(edits: Sequence[Edit], values: Mapping[str, float], options: AdapterOptions) -> Instruction:
    """What the model is told to make ``edits`` of a picture with these natural ``values``.

    Turns are told the short way round, as pairs are: 300 degrees are -60.

    Raises:
        UsageError: an impossible change, or one that needs a value that is not given.
    """
    edits = [replace(edit, delta=attribute(edit.attribute).delta(0.0, edit.delta)) for edit in edits]
    chosen = [attribute(edit.attribute) for edit in edits]
    return Instruction(
        tasks=tuple(one.task for one in chosen),
        numbers=tuple(edit.encoded(values.get(edit.attribute), plain=options.plain) for edit in edits),
        parts=tuple(build(edit, numbers=options.says_numbers) for edit in edits),
        sources=tuple(one.place(values[one.name]) if one.name in values else UNKNOWN for one in chosen),
    )
