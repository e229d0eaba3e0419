"""Room is looked for before an editor is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cat_dataset.errors import InputError, NoRoom
from render.unreal.driver.command import render
from render.unreal.driver.disk import STAGED, STORED, check_room
from tests.render.unreal.driver.plans import plan


def test_a_full_disk_is_found_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    size, states = 1000, 3
    needed = int(size * size * states * (STORED + STAGED))
    usage = shutil.disk_usage(tmp_path)
    found = plan(tmp_path, size=size, states=states, multicast="239.0.0.1:1")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=needed))
    check_room(tmp_path, states, states, size)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=needed - 1))
    with pytest.raises(NoRoom, match=r"has 18\.0 MB free and 3 frames need about 18\.0 MB"):
        render(found, None)
    assert not list((tmp_path / "series").iterdir())


def test_an_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "series").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="is a file, or lies under one"):
        render(plan(tmp_path, multicast="239.0.0.1:1"), None)
