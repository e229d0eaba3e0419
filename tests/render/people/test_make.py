"""The command: the same bytes every time, growing, resuming, and refusing in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cat_dataset.files import sha256_file
from render.blender.figure.person_file import read_person, write_person
from render.people import body, keeping, make

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two characters without their hair, which has tests of its own."""
    out = tmp_path_factory.mktemp("people")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(body, "hair_parts", lambda *_: [])
        make.main(["--out", str(out), "--count", "2", "--workers", "1"])
    return out


def test_a_character_has_all_that_a_scene_needs(folder: Path) -> None:
    person = read_person(folder / "p0001.person")
    names = {part.name for part in person.parts}
    assert names == {
        "skin", "eye_left", "eye_right", "cornea_left", "cornea_right", "teeth_upper", "teeth_lower", "tongue", "shirt", "trousers",
        "shoes",
    }  # fmt: skip
    assert person.recipe == keeping.made_from(0, 1)
    assert {"lips", "ears", "eyelids", "inside_mouth"} <= set(person.part("skin").fields)
    assert {"eyeBlinkLeft", "eyeBlinkRight"} <= set(person.part("skin").halfway)
    shoes = person.part("shoes").points
    assert min(shoes[2::3]) == pytest.approx(0.0, abs=0.003), "soles stand on the ground"
    assert "CC0" in person.licence


def test_the_same_command_keeps_what_is_there_and_mends_what_is_not_whole(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(body, "hair_parts", lambda *_: [])
    for name in ("p0000.person", "p0001.person"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    whole = sha256_file(tmp_path / "p0001.person")
    make.main(["--out", str(tmp_path), "--count", "2"])
    assert "0 characters made, 2 kept" in capsys.readouterr().out
    (tmp_path / "p0001.person").write_bytes((tmp_path / "p0001.person").read_bytes()[:-100])
    make.main(["--out", str(tmp_path), "--first", "1", "--count", "1"])
    assert "1 characters made, 0 kept" in capsys.readouterr().out
    assert sha256_file(tmp_path / "p0001.person") == whole


def test_older_versions_are_made_again_and_other_seeds_are_not_touched(folder: Path, tmp_path: Path) -> None:
    person = read_person(folder / "p0000.person")
    person.recipe["versions"] = {"people": 0}
    write_person(tmp_path / "p0000.person", person)
    assert keeping.wanted(tmp_path, 0, 0)
    assert not keeping.wanted(folder, 0, 0)
    with pytest.raises(SystemExit) as ended:
        make.main(["--out", str(folder), "--count", "2", "--seed", "5"])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--count", "0"], "--count 0"),
        (["--first", "-1"], "--first -1"),
        (["--workers", "99"], "--workers 99"),
        (["--out", __file__], "is a file"),
    ],
)
def test_impossible_flags_end_in_one_line(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        make.main(words)
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ") and says in error and error.count("\n") == 1


def test_without_anny_the_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from render.people import source

    source.root.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(SystemExit):
        make.main(["--out", str(tmp_path / "none")])
    source.root.cache_clear()
    assert "pip install 'cat-dataset[people]'" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_making_people_imports_neither_anny_nor_torch() -> None:
    code = "import sys; import render.people.make, render.people.keeping; assert not {'anny', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
