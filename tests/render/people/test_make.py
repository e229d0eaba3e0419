"""The command: the same bytes every time, growing, resuming, and refusing in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from render.blender.figure.person_file import read_person, write_person
from render.people import keeping, make

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One character, made by the command in a process of its own."""
    out = tmp_path_factory.mktemp("people")
    words = [sys.executable, "-m", "render.people.make", "--out", str(out), "--first", "1", "--count", "1"]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    return out


def test_a_character_has_all_that_a_scene_needs(folder: Path) -> None:
    person = read_person(folder / "p0001.person")
    names = {part.name for part in person.parts}
    assert names >= {"skin", "eye_left", "eye_right", "cornea_left", "cornea_right", "teeth_upper", "teeth_lower", "tongue"}
    assert names >= {"brows", "lashes", "shirt", "trousers", "shoes"}
    assert person.recipe == keeping.made_from(0, 1)
    assert {"lips", "ears", "eyelids", "inside_mouth"} <= set(person.part("skin").fields)
    assert {"eyeBlinkLeft", "eyeBlinkRight"} <= set(person.part("skin").halfway)
    shoes = person.part("shoes").points
    assert min(shoes[2::3]) == pytest.approx(0.0, abs=0.003), "soles stand on the ground"
    assert "CC0" in person.licence


def test_the_same_command_keeps_what_is_there_and_mends_it_to_the_same_bytes(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--out", str(tmp_path), "--first", "1", "--count", "1"]
    content = (folder / "p0001.person").read_bytes()
    (tmp_path / "p0001.person").write_bytes(content)
    make.main(words)
    assert "0 characters made, 1 kept" in capsys.readouterr().out
    (tmp_path / "p0001.person").write_bytes(content[:-100])
    make.main(words)
    assert "1 characters made, 0 kept" in capsys.readouterr().out
    assert (tmp_path / "p0001.person").read_bytes() == content, "another process made the same"


def test_older_versions_are_made_again_and_other_seeds_are_not_touched(folder: Path, tmp_path: Path) -> None:
    person = read_person(folder / "p0001.person")
    person.recipe["versions"] = {"people": 0}
    write_person(tmp_path / "p0001.person", person)
    assert keeping.wanted(tmp_path, 0, 1)
    assert not keeping.wanted(folder, 0, 1)
    with pytest.raises(SystemExit) as ended:
        make.main(["--out", str(folder), "--count", "2", "--seed", "5"])
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--count", "0"], "--count 0"),
        (["--first", "-1"], "--first -1"),
        (["--seed", "-1"], "--seed -1"),
        (["--seed", "9" * 60], "give a whole number from 0 to"),
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


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_is_no_character_is_not_written_over(is_folder: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = tmp_path / "p0000.person"
    if is_folder:
        there.mkdir()
    else:
        there.write_text("my notes", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        make.main(["--out", str(tmp_path), "--count", "1"])
    assert ended.value.code == 2
    assert "p0000.person is in the way and no character file; move it away" in capsys.readouterr().err
    assert there.is_dir() if is_folder else there.read_text(encoding="utf-8") == "my notes"
    assert keeping.wanted(tmp_path / "none", 0, 0)


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
    monkeypatch.delattr("render.people.keeping")
    monkeypatch.setitem(sys.modules, "render.people.keeping", None)
    with pytest.raises(SystemExit) as ended:
        make.main(["--out", str(tmp_path / "none")])
    assert ended.value.code == 2
    assert "is missing (import of render.people.keeping" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_making_people_imports_neither_anny_nor_torch() -> None:
    code = "import sys; import render.people.make, render.people.keeping; assert not {'anny', 'torch'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
