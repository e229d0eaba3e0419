"""Text of others inside Markdown and YAML: whatever it holds, it stays text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def code(text: str) -> str:
    """``text`` as a code span, in which neither Markdown nor HTML means anything; line breaks become spaces."""
    flat = "".join(character if character.isprintable() else " " for character in text)
    flat = " ".join(flat.split())
    if not flat:
        return "(empty)"
    fence = "`" * (max((len(run) for run in re.findall("`+", flat)), default=0) + 1)
    edge = " " if flat.startswith("`") or flat.endswith("`") else ""
    return f"{fence}{edge}{flat}{edge}{fence}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], align: str = "") -> list[str]:
    """A GitHub table; ``align`` has a letter per column, ``r`` for numbers. Bars in cells are escaped.

    A backslash before a bar would escape the escape, so a space comes between.
    """
    marks = ["---:" if letter == "r" else "---" for letter in align.ljust(len(head), "l")]
    lines = [head, marks, *rows]
    return ["| " + " | ".join(cell.replace("\\|", "\\ |").replace("|", "\\|") for cell in line) + " |" for line in lines]


def quoted(text: str) -> str:
    """``text`` in double quotes, as YAML and Python both read it."""
    return '"' + "".join(_quoted(character) for character in text) + '"'


def _quoted(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else f"\\U{ord(character):08x}"
