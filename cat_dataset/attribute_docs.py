"""docs/attributes.md, made from the registry: ``python -m cat_dataset.attribute_docs > docs/attributes.md``."""

from __future__ import annotations

import sys

from cat_dataset.attributes import ATTRIBUTES, Attribute
from cat_dataset.instructions import Edit, build, templates_of

_HEAD = """# Attributes

Everything the toolkit can change by a known amount. This page is made from the registry (`cat_dataset/attributes.py`) by
`python -m cat_dataset.attribute_docs`.

- **task** is permanent: never re-used, and both signs of an edit share it.
- **scale** is the coordinate in which equal steps look equal; **span** is the step, in the scale's unit, that the model
  sees as 1.0. Where scale and unit differ, a change in the natural unit needs the source's value.
- **level** is `low` for what acts on pixels and `high` for what acts on the scene.
- **mirror** says what mirroring a picture left to right does to the number: nothing (`=`), it changes sign (`−`), or the
  picture may not be mirrored (`no`).
- Angles go the short way round. Axes are those of the level view frame: z vertical, y away from the camera, x to the right;
  positive rotations follow the right-hand rule.
"""


def attributes_markdown() -> str:
    """The whole page."""
    lines = [_HEAD, "| name | task | unit | range | scale | span | level | mirror |", "|---|---|---|---|---|---|---|---|"]
    for a in ATTRIBUTES.values():
        span = f"{a.span:g} {a.scale.unit or a.unit}"
        extent, mirror = f"{_number(a.low)} to {_number(a.high)}", {1: "=", -1: "−", 0: "no"}[a.mirror]
        lines.append(f"| `{a.name}` | {a.task} | {a.unit} | {extent} | {a.scale.name} | {span} | {a.level} | {mirror} |")
    lines += ["", "## Sentences", "", "What an instruction may say, by example, rises and falls by turns; `;` joins several.", ""]
    for a in ATTRIBUTES.values():
        lines += [f"- `{a.name}`", *(f"  - {text}" for text in _sentences(a))]
    return "\n".join(lines) + "\n"


def _sentences(chosen: Attribute) -> list[str]:
    """Every template, filled once with a rise or a fall by turns."""
    found: list[str] = []
    for relative in (False, True):
        for variant in range(len(templates_of(chosen, relative=relative))):
            size = chosen.span / 4 if relative or not chosen.plain_span else chosen.plain_span / 4
            change = size if len(found) % 2 == 0 else -size
            found.append(build(Edit(chosen.name, change, relative=relative), variant))
    return found


def _number(value: float) -> str:
    return f"{value:g}"


if __name__ == "__main__":
    sys.stdout.write(attributes_markdown())
