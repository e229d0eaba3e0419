"""Folders of tries and of editors: a fresh one each time, whatever lies beside them."""

from __future__ import annotations

from pathlib import Path

from render.unreal.driver.editors import KEPT, editor_folder
from render.unreal.driver.expansion import OURS, expand
from render.unreal.driver.series_run import _next_try
from tests.render.unreal.driver.plans import plan


def test_the_next_try_is_none_that_was_before(tmp_path: Path) -> None:
    (task,) = expand(plan(tmp_path))
    root = task.plan.out / OURS / task.series
    for odd in ("try-0003", "try-", "try-²", "try-x"):
        (root / odd / "frames").mkdir(parents=True)
    assert [_next_try(task).name for _ in range(2)] == ["try-0004", "try-0005"]
    assert not (root / "try-0003" / "frames").exists()
    assert (root / "try-²" / "frames").is_dir()


def test_few_folders_of_editors_are_kept(tmp_path: Path) -> None:
    (tmp_path / OURS / "editor-²").mkdir(parents=True)
    for _ in range(KEPT + 2):
        (editor_folder(tmp_path) / "Saved" / "Logs").mkdir(parents=True)
    names = sorted(path.name for path in (tmp_path / OURS).iterdir())
    assert names == [*(f"editor-{number:04d}" for number in range(3, KEPT + 3)), "editor-²"]
