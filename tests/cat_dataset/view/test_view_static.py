"""The static copy: whole or absent, byte for byte, and honest about what it leaves out or could not read."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cat_dataset.manifests import open_dataset
from cat_dataset.view.app import app
from cat_dataset.view.pictures import Pictures
from cat_dataset.view.static import MARK
from tests.cat_dataset.view.view_site import EVIL, flip, make_site


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    make_site(folder)
    return folder


def copy(root: Path, target: Path, *flags: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(root / "manifests"), "--html", str(target), *flags])
    return result.exit_code, result.output


def data_of(path: Path) -> Any:
    """The JSON in a script of the copy."""
    text = path.read_text(encoding="ascii")
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_copy(root: Path, tmp_path: Path) -> None:
    code, output = copy(root, tmp_path / "copy")
    assert (code, "ok: 7 series in" in output, "left out" in output) == (0, True, False)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["copy"]
    data = data_of(tmp_path / "copy" / "data.js")
    assert data["dataset"]["copy"] == {"series": 7, "of": 7, "limit": 20}
    for card in data["list"]:
        folder = tmp_path / "copy" / card["folder"]
        detail = data_of(folder / "series.js")
        assert detail["id"] == card["id"]
        for frame in range(card["frames"]):
            assert (folder / f"{frame}.png").read_bytes() == (root / "series" / card["id"] / "frames" / f"{frame:04d}.png").read_bytes()
            assert (folder / f"{frame}_small.jpg").is_file()
    everything = contents(tmp_path / "copy")
    assert not any(str(root).encode() in content for content in everything.values())
    assert not any(b"<img src=x" in content for name, content in everything.items() if name.endswith(".js"))
    assert next(card["object"] for card in data["list"] if card["id"] == "evil") == EVIL
    assert copy(root, tmp_path / "again")[0] == 0
    assert contents(tmp_path / "again") == everything


def test_a_dataset_on_s3_gives_the_same_copy(root: Path, tmp_path: Path, s3: Any) -> None:
    for name in ("shards", "manifests"):
        s3.put(str(root / name), f"lab/set/{name}", recursive=True)
    result = CliRunner().invoke(app, ["s3://lab/set/manifests", "--html", str(tmp_path / "remote"), "--limit", "1"])
    assert result.exit_code == 0, result.output
    assert copy(root, tmp_path / "local", "--limit", "1")[0] == 0
    assert contents(tmp_path / "remote") == contents(tmp_path / "local")
    s3.rm("lab/set/shards", recursive=True)
    result = CliRunner().invoke(app, ["s3://lab/set/manifests", "--no-browser"])
    assert (result.exit_code, result.output.count("\n"), "is absent" in result.output) == (2, 1, True)


def test_a_limit_is_said(root: Path, tmp_path: Path) -> None:
    code, output = copy(root, tmp_path / "copy", "--limit", "1")
    data = data_of(tmp_path / "copy" / "data.js")
    kept = {card["id"] for card in data["list"]}
    assert code == 0
    assert {"both", "evil", "iso_room"} < kept
    turns = [card for card in data["list"] if card["id"].startswith("turn")]
    assert len(turns) == len({card["split"] for card in turns}) < 4
    assert f"left out: {7 - len(kept)} of 7 series (--limit 1 for each attribute in each split" in output
    assert data["dataset"]["copy"] == {"series": len(kept), "of": 7, "limit": 1}
    assert data["dataset"]["series"] == 7
    code, output = copy(root, tmp_path / "copy", "--limit", "0")
    assert (code, len(data_of(tmp_path / "copy" / "data.js")["list"])) == (0, 7)


def test_only_a_copy_is_replaced(root: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy"
    target.mkdir()
    assert copy(root, target, "--limit", "1")[0] == 0
    assert copy(root, target, "--limit", "1")[0] == 0
    (target / "notes.txt").write_text("mine", encoding="utf-8")
    before = contents(target)
    code, output = copy(root, target)
    assert (code, "holds something else (notes.txt)" in output) == (2, True)
    assert contents(target) == before
    (target / "notes.txt").unlink()
    (target / MARK).unlink()
    assert copy(root, target)[0] == 2
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert "is no folder" in copy(root, tmp_path / "file")[1]
    assert "is not a folder; make it first" in copy(root, tmp_path / "no" / "where")[1]
    for text, says in (("", "--html is empty"), ("s3://bucket/copy", "is not on this machine"), ("/", "cannot be replaced")):
        assert says in CliRunner().invoke(app, [str(root / "manifests"), "--html", text]).output


def test_a_damaged_picture_is_named_and_the_rest_is_there(root: Path, tmp_path: Path) -> None:
    for name in ("shards", "manifests"):
        shutil.copytree(root / name, tmp_path / name)
    dataset = open_dataset(tmp_path / "manifests")
    flip(dataset, dataset.rows("turn_0")[2])
    code, output = copy(tmp_path, tmp_path / "copy")
    assert code == 2
    assert "warning: turn_0, frame 2: " in output
    assert "error: 1 picture is damaged (named above); the copy says so in its place" in output
    card = next(card for card in data_of(tmp_path / "copy" / "data.js")["list"] if card["id"] == "turn_0")
    assert "do not match their CRC-32" in card["faults"]["2"]
    assert card["flags"] == 1
    folder = tmp_path / "copy" / card["folder"]
    assert not (folder / "2.png").exists() and (folder / "3.png").is_file()
    assert str(tmp_path) not in (folder / "series.js").read_text(encoding="ascii")


def test_the_faults_of_cat_verify_are_shown(root: Path, tmp_path: Path) -> None:
    for name in ("shards", "manifests"):
        shutil.copytree(root / name, tmp_path / name)
    dataset = open_dataset(tmp_path / "manifests")
    flip(dataset, dataset.rows("turn_0")[2])
    assert copy(tmp_path, tmp_path / "copy", "--verify")[0] == 2
    data = data_of(tmp_path / "copy" / "data.js")
    assert data["dataset"]["fault_count"] == len(data["dataset"]["faults"]) > 0
    card = next(card for card in data["list"] if card["id"] == "turn_0")
    flags = data_of(tmp_path / "copy" / card["folder"] / "series.js")["flags"]
    assert [(flag["frame"], flag["kind"]) for flag in flags] == [(2, "picture")]
    assert copy(root, tmp_path / "whole", "--verify")[0] == 0
    assert data_of(tmp_path / "whole" / "data.js")["dataset"]["faults"] == []


@pytest.mark.parametrize("trouble", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_is_cut_short_leaves_nothing(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: BaseException) -> None:
    assert copy(root, tmp_path / "copy", "--limit", "1")[0] == 0
    before = contents(tmp_path / "copy")
    small = Pictures.small
    calls = []

    def fails(self: Pictures, row: int) -> bytes:
        calls.append(row)
        if len(calls) > 8:
            raise trouble
        return small(self, row)

    monkeypatch.setattr(Pictures, "small", fails)
    assert copy(root, tmp_path / "copy")[0] == (130 if isinstance(trouble, KeyboardInterrupt) else 2)
    assert contents(tmp_path / "copy") == before
    assert copy(root, tmp_path / "new")[0] != 0
    assert not (tmp_path / "new").exists()
    monkeypatch.undo()
    assert copy(root, tmp_path / "new")[0] == 0
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["copy", "new"]
