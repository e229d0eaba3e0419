"""Short ways to a fake editor for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from render.unreal.remote.connection import EditorLink
from render.unreal.remote.discovery import Editor
from render.unreal.remote.network import Network
from tests.render.unreal.fake_editor import FakeEditor, free_port

CONNECT = 2.0
"""Seconds; loopback takes milliseconds, a busy machine more."""


def faults(*names: str) -> dict[str, float]:
    """Faults as the fake editor takes them: ``faults("silent", "drips=1")``."""
    return {name: float(number or 1) for name, _, number in (word.partition("=") for word in names)}


def editor_of(fake: FakeEditor) -> Editor:
    """What discovery would say of it."""
    about = fake.about
    return Editor(
        fake.id, about["project_name"], about["project_root"], about["engine_version"], address=fake.way, network=Network(port=fake.port)
    )


@contextmanager
def fake_editor(*names: str, **options: Any) -> Iterator[FakeEditor]:
    """A fake editor with these faults on a port of its own."""
    with FakeEditor(free_port(), faults=faults(*names), **options) as fake:
        yield fake


@contextmanager
def linked(*names: str, **options: Any) -> Iterator[tuple[EditorLink, FakeEditor]]:
    """A link to a fake editor with these faults."""
    with fake_editor(*names, **options) as fake, EditorLink.connect(editor_of(fake), CONNECT) as link:
        yield link, fake
