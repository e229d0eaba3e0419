"""Pages that are made from the code, or must agree with it."""

from __future__ import annotations

import re
from pathlib import Path

from cat_dataset.attribute_docs import attributes_markdown
from cat_dataset.attributes import ATTRIBUTES
from cat_dataset.instructions import parse
from cat_dataset.tables import FRAME_COLUMNS, SCENE_KEYS, SERIES_COLUMNS

REPOSITORY = Path(__file__).parents[2]


def test_attributes_page_is_the_registry() -> None:
    page = (REPOSITORY / "docs" / "attributes.md").read_text(encoding="utf-8")
    assert page == attributes_markdown(), "run: python -m cat_dataset.attribute_docs > docs/attributes.md"


def test_every_sentence_on_it_can_be_read() -> None:
    section, name = attributes_markdown().split("## Sentences")[1], ""
    read = set()
    for line in section.splitlines():
        if line.startswith("- `"):
            name = line[3:-1]
        elif line.startswith("  - "):
            assert [edit.attribute for edit in parse(line[4:])] == [name]
            read.add(name)
    assert read == set(ATTRIBUTES)


def test_every_column_is_explained() -> None:
    text = (REPOSITORY / "docs" / "formats.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z0-9_]+)`", text))
    assert explained >= FRAME_COLUMNS.keys() | SERIES_COLUMNS.keys()
    assert all(key in text for key in SCENE_KEYS)
