from __future__ import annotations

import json
from pathlib import Path

import pytest

from render.unreal.errors import ProgramNotFound
from render.unreal.remote.programs import BINARIES, VARIABLE, engine_version, find_program


def engine(folder: Path, version: str, platform: str = "linux") -> Path:
    """An engine's folder of that version; returns its program."""
    program = folder / "Engine" / "Binaries" / BINARIES[platform]
    program.parent.mkdir(parents=True)
    program.touch()
    build = folder / "Engine" / "Build" / "Build.version"
    build.parent.mkdir()
    numbers = dict(zip(("MajorVersion", "MinorVersion", "PatchVersion"), map(int, version.split(".")), strict=False))
    build.write_text(json.dumps(numbers), encoding="utf-8")
    return program


def found(root: Path, version: str | None = None, named: Path | None = None, platform: str = "linux", **environment: str) -> Path:
    return find_program(named, version, platform=platform, environment=environment, home=root / "home" / "me", root=root)


def test_a_named_program_or_folder_comes_first(tmp_path: Path) -> None:
    one, other = engine(tmp_path / "one", "5.5.4"), engine(tmp_path / "other", "5.6.0")
    assert found(tmp_path, named=one, **{VARIABLE: str(other)}) == one
    assert found(tmp_path, named=tmp_path / "one") == one
    assert found(tmp_path, "5.6", **{VARIABLE: str(other)}) == other
    assert engine_version(one) == "5.5.4"


@pytest.mark.parametrize(("is_of", "version"), [("5.5.4", "5.6"), ("5.5.4", "5.5.3"), ("5.5.4", "5.50"), ("5.50.1", "5.5")])
def test_a_named_program_of_another_version_is_refused(tmp_path: Path, is_of: str, version: str) -> None:
    program = engine(tmp_path / "one", is_of)
    with pytest.raises(ProgramNotFound, match=rf"is of Unreal {is_of}, but {version} is wanted"):
        found(tmp_path, version, program)


def test_a_named_program_that_is_not_there_is_refused_even_if_others_are(tmp_path: Path) -> None:
    engine(tmp_path / "opt" / "UE_5.5", "5.5.4")
    with pytest.raises(ProgramNotFound, match=rf"nothing \({VARIABLE}\) is not there"):
        found(tmp_path, **{VARIABLE: str(tmp_path / "nothing")})
    with pytest.raises(ProgramNotFound, match="the path given"):
        found(tmp_path, named=tmp_path)


@pytest.mark.parametrize(
    "place", ["opt/UE_5.5", "opt/unreal-engine", "home/me/UnrealEngine", "home/me/Linux_Unreal_Engine_5.5.4", "home/ue4/UnrealEngine"]
)
def test_usual_places_on_linux(tmp_path: Path, place: str) -> None:
    program = engine(tmp_path / place, "5.5.4")
    assert found(tmp_path) == found(tmp_path, "5.5") == program


def test_usual_places_on_a_mac(tmp_path: Path) -> None:
    program = engine(tmp_path / "Users/Shared/Epic Games/UE_5.4", "5.4.4", "darwin")
    assert found(tmp_path, "5.4", platform="darwin") == program


def test_usual_places_on_windows(tmp_path: Path) -> None:
    program = engine(tmp_path / "Programs/Epic Games/UE_5.4", "5.4.4", "win32")
    elsewhere = engine(tmp_path / "D/UE_5.6", "5.6.1", "win32")
    listed = tmp_path / "Data/Epic/UnrealEngineLauncher/LauncherInstalled.dat"
    listed.parent.mkdir(parents=True)
    entries = [
        {"InstallLocation": str(tmp_path / "D/UE_5.6"), "AppName": "UE_5.6"},
        {"InstallLocation": str(tmp_path / "D/Game"), "AppName": "Game"},
        3,
    ]
    listed.write_text(json.dumps({"InstallationList": entries}), encoding="utf-8")
    places = {"PROGRAMFILES": str(tmp_path / "Programs"), "PROGRAMDATA": str(tmp_path / "Data")}
    assert found(tmp_path, "5.4", platform="win32", **places) == program
    assert found(tmp_path, "5.6", platform="win32", **places) == elsewhere
    listed.write_text("{", encoding="utf-8")
    assert found(tmp_path, platform="win32", **places) == program


def test_several_versions_are_refused_unless_one_is_asked_for(tmp_path: Path) -> None:
    for version in ("5.4.4", "5.5.4"):
        engine(tmp_path / "opt" / f"UE_{version[:3]}", version)
    with pytest.raises(ProgramNotFound, match=r"several versions .*\(5\.4\.4\), .*\(5\.5\.4\): say which"):
        found(tmp_path)
    assert engine_version(found(tmp_path, "5.5")) == "5.5.4"


def test_none_at_all(tmp_path: Path) -> None:
    with pytest.raises(ProgramNotFound, match=rf"no UnrealEditor-Cmd of Unreal 5\.5 in the usual places .*set {VARIABLE}"):
        found(tmp_path, "5.5")
