"""Orders by files, inside an editor: one after the other, a bad one costs no more than itself, and a lonely editor closes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cat_dataset.files import read_json
from render.unreal import orders
from render.unreal.driver.expansion import expand
from render.unreal.job import write_job
from render.unreal.status import read_status
from tests.render.unreal.driver.plans import plan
from tests.render.unreal.fake_unreal import Editor


@pytest.fixture
def editor() -> Iterator[Editor]:
    with Editor().installed() as editor:
        yield editor


def serve(folder: Path, **more: Any) -> Any:
    from render.unreal.in_editor import serve as module

    module.LOOK_SECONDS = 0.0
    module.start(str(folder), **more)
    return module


def order_render(folder: Path, number: int) -> Path:
    (task,) = expand(plan(folder))
    own = folder / f"try-{number:04d}"
    job = task.for_run((0, 1, 2), own, number)
    write_job(own / "job.json", job)
    orders.give_order(folder, number, orders.render(own / "job.json"))
    return own / "status.json"


def test_orders_are_done_one_after_the_other(editor: Editor, tmp_path: Path) -> None:
    serve(tmp_path)
    assert editor.alive
    first, second = (order_render(tmp_path, number) for number in (1, 2))
    (tmp_path / "order-0003.json").write_text("{}", encoding="utf-8")
    orders.give_order(tmp_path, 4, orders.inspect(tmp_path / "report.json", "/Game/MetaHumans/Ada/BP_Ada", (), ()))
    assert editor.run_until(first.exists)
    assert not second.exists()
    assert editor.run_until(lambda: second.exists() and read_status(second).success)  # type: ignore[union-attr]
    assert read_status(first).success  # type: ignore[union-attr]
    assert sorted(path.name for path in (tmp_path / "try-0001" / "frames").iterdir()) == [f"{frame:04d}.png" for frame in range(4)]
    for _ in range(20):
        editor.tick()
    assert not (tmp_path / "report.json").exists()  # the bad order before it is in its way: nobody skips what he cannot read
    assert any("is not an order" in line for line in editor.log)
    orders.give_order(tmp_path, 3, orders.render(tmp_path / "no such manifest.json"))
    assert editor.run_until((tmp_path / "report.json").exists)
    assert any("does not exist" in line for line in editor.log)
    assert "no such manifest.json does not exist" in orders.refusal(tmp_path, 3)
    assert not any(orders.refusal(tmp_path, number) for number in (1, 2, 4))
    assert read_json(tmp_path / "report.json")["project"] == "CatRender"


def test_an_editor_without_a_driver_closes_and_one_with_a_driver_does_not(editor: Editor, tmp_path: Path) -> None:
    serve(tmp_path, silent_seconds=0.3)
    end = time.monotonic() + 0.6
    while time.monotonic() < end:
        (tmp_path / orders.DRIVER).write_text(json.dumps(time.monotonic()), encoding="utf-8")
        editor.tick()
        time.sleep(0.01)
    assert editor.alive
    end = time.monotonic() + 0.4
    while time.monotonic() < end and editor.alive:
        editor.tick()
        time.sleep(0.01)
    assert not editor.alive
    assert not editor.callbacks
