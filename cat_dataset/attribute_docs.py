"""docs/attributes.md, made from the registry: ``python -m cat_dataset.attribute_docs > docs/attributes.md``."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

from cat_dataset.attributes import ATTRIBUTES, Attribute
from cat_dataset.instructions import Edit, build, templates_of
from cat_dataset.people import DIALS, METAHUMAN_BODY_CONTROLS, Target

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

_PEOPLE = """## What ±10 of an expression or a pose is

From `cat_dataset/people.py`; values between are in proportion, 0 is neutral. Left and right in a name are the person's own,
in the words they are the viewer's. Turns are in degrees about the axes above, for a person who faces the camera; `front`
swings a limb towards where the person looks. A pair of names that differ in left and right alone is written once, with a *.
"""

_SIDE = re.compile(r"(Left|Right)$|(?<=CTRL_)[LR](?=_)|(?<=_)[lr](?=_)")
"""Which side of the body a name is of."""
_OTHER = {"Left": "Right", "Right": "Left", "L": "R", "R": "L", "l": "r", "r": "l"}


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
    lines += ["", _PEOPLE, "| attribute | at | means | ARKit face units, or turns | MetaHuman controls |", "|---|---|---|---|---|"]
    for dial in DIALS:
        for at, side in (("+10", dial.positive), ("−10", dial.negative)):
            if side is not None:
                lines.append(f"| `{dial.name}` | {at} | {side.means} | {_moved(side)} | {_controls(side)} |")
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


def _moved(side: Target) -> str:
    """The face units or the turns of a target."""
    units = [f"{name} {amount:g}" for name, amount in _paired(side.face_units).items()]
    turns = [f"{turn.joint.replace('_', ' ')} {turn.degrees:+g}° {turn.axis}" for turn in side.turns]
    return ", ".join(units + turns)


def _controls(side: Target) -> str:
    """The controls of the face board or of the body that a target uses."""
    joints = [control for turn in side.turns for control in METAHUMAN_BODY_CONTROLS[turn.joint]]
    return ", ".join([f"{name} {amount:g}" for name, amount in _paired(side.controls).items()] + list(_paired(dict.fromkeys(joints, 0.0))))


def _paired(amounts: Mapping[str, float]) -> dict[str, float]:
    """``amounts`` with a left and a right name of one amount as one name with a *."""
    result: dict[str, float] = {}
    for name, amount in amounts.items():
        other = _SIDE.sub(lambda found: _OTHER[found[0]], name)
        result[_SIDE.sub("*", name) if amounts.get(other) == amount and other != name else name] = amount
    return result


if __name__ == "__main__":
    sys.stdout.write(attributes_markdown())
