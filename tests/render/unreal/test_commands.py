"""The commands at their edge: rights first, one clear line, the right status."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cat_dataset.people import EXPRESSIONS, POSES
from render.unreal.doctor import app as doctor
from render.unreal.driver.command import make_app
from tests.render.unreal.driver.plans import write_plan


def status(app: object, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    code = 0
    try:
        app(list(words), standalone_mode=False)  # type: ignore[operator]
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.parametrize("kind", ["expressions", "poses"])
def test_nothing_starts_without_the_rights(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = write_plan(tmp_path, attributes=None, multicast="239.0.0.1:1")
    code, out, err = status(make_app(kind), capsys, str(plan))
    assert (code, out) == (2, "")
    assert err.startswith("error: nothing was started: --i-have-the-rights is missing.")
    assert "may not be used to train or to test AI" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "series").exists()


def test_the_status_of_a_plan_needs_neither_rights_nor_an_editor(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind, names in (("expressions", EXPRESSIONS), ("poses", POSES)):
        code, out, _ = status(make_app(kind), capsys, str(write_plan(tmp_path, attributes=None)), "--status")
        assert (code, out) == (0, f"0 of {len(names)} series complete, 0 of {len(names) * 3} states\n")
    assert not (tmp_path / "series").exists()


def test_a_plan_is_read_before_the_rights_are_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = status(make_app("poses"), capsys, str(write_plan(tmp_path, attributes=None, views=0)))
    assert code == 2
    assert re.search(r"^error: .*plan.yaml: views must be a whole number", err)
    code, _, err = status(doctor, capsys, str(tmp_path / "none.yaml"))
    assert (code, err) == (2, f"error: {tmp_path / 'none.yaml'} does not exist; give the plan to render\n")


def test_an_editor_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.render.unreal.fake_network import free_port

    plan = write_plan(tmp_path, multicast=f"239.0.0.1:{free_port()}", deadlines={"connect": 0.1})
    code, _, err = status(doctor, capsys, str(plan))
    assert code == 2
    assert "no Unreal editor answers" in err or "cannot join the multicast group" in err
    assert err.splitlines()[0].startswith("licence: ")
