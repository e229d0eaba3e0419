"""Where UnrealEditor-Cmd is: named, in the environment, or in the usual places of this system and version."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from render.unreal.errors import ProgramNotFound

VARIABLE = "UNREAL_EDITOR_CMD"
LARGEST_FILE = 4 * 1024 * 1024
BINARIES = {"win32": "Win64/UnrealEditor-Cmd.exe", "darwin": "Mac/UnrealEditor-Cmd", "linux": "Linux/UnrealEditor-Cmd"}
TELL = f"give its path, or set {VARIABLE}"


def find_program(
    named: Path | None = None,
    version: str | None = None,
    *,
    platform: str = sys.platform,
    environment: Mapping[str, str] | None = None,
    home: Path | None = None,
    root: Path = Path("/"),
) -> Path:
    """UnrealEditor-Cmd.

    Args:
        named: its path, or the folder of an engine.
        version: ``5.5``: an engine of another version is not taken. None takes any, where there is only one.

    Raises:
        ProgramNotFound: not there; or several versions are, and none was asked for.
    """
    environment = os.environ if environment is None else environment
    for said, where in ((named, "the path given"), (environment.get(VARIABLE), VARIABLE)):
        if said:
            return _named(Path(said), where, version, platform)
    found: dict[Path, str] = {}
    for engine in _usual_places(platform, environment, home or Path.home(), root):
        program = engine / "Engine" / "Binaries" / BINARIES.get(platform, BINARIES["linux"])
        if program.is_file() and (version is None or _begins(engine_version(program), version)):
            found.setdefault(program.resolve(), engine_version(program))
    wanted = f"Unreal {version}" if version else "Unreal Engine"
    if not found:
        raise ProgramNotFound(f"no UnrealEditor-Cmd of {wanted} in the usual places of this system: {TELL}")
    if len(set(found.values())) > 1 and version is None:
        listed = ", ".join(f"{path} ({found[path] or '?'})" for path in sorted(found))
        raise ProgramNotFound(f"several versions of Unreal Engine are installed: {listed}: say which, or {TELL}")
    return sorted(found)[0]


def engine_version(program: Path) -> str:
    """``5.5.4`` from the engine's ``Build.version``; "" where it does not say."""
    for folder in program.absolute().parents:
        if folder.name == "Engine":
            said = _json(folder / "Build" / "Build.version")
            numbers = [said.get(key) for key in ("MajorVersion", "MinorVersion", "PatchVersion")]
            return ".".join(str(number) for number in numbers if isinstance(number, int))
    return ""


def _named(path: Path, where: str, version: str | None, platform: str) -> Path:
    inside = path / "Engine" / "Binaries" / BINARIES.get(platform, BINARIES["linux"])
    program = inside if path.is_dir() and inside.is_file() else path
    if not program.is_file():
        raise ProgramNotFound(f"{path} ({where}) is not there or not a program: give the path of UnrealEditor-Cmd")
    is_of = engine_version(program)
    if version and is_of and not _begins(is_of, version):
        raise ProgramNotFound(f"{program} ({where}) is of Unreal {is_of}, but {version} is wanted: {TELL}")
    return program


def _begins(is_of: str, version: str) -> bool:
    parts = version.split(".")
    return is_of.split(".")[: len(parts)] == parts


def _usual_places(platform: str, environment: Mapping[str, str], home: Path, root: Path) -> Iterator[Path]:
    """Folders of engines."""
    if platform == "win32":
        data = Path(environment.get("PROGRAMDATA", r"C:\ProgramData"))
        installed = _json(data / "Epic" / "UnrealEngineLauncher" / "LauncherInstalled.dat").get("InstallationList")
        for entry in installed if isinstance(installed, list) else []:
            place = entry.get("InstallLocation") if isinstance(entry, dict) else None
            if isinstance(place, str) and re.fullmatch(r"UE_\d+\.\d+", str(entry.get("AppName"))):
                yield Path(place)
        folders = [Path(environment[key]) / "Epic Games" for key in ("PROGRAMFILES", "PROGRAMW6432") if environment.get(key)]
        names = ["UE_*"]
    elif platform == "darwin":
        folders, names = [root / "Users" / "Shared" / "Epic Games"], ["UE_*"]
    else:
        folders = [root / "opt", home, root / "home" / "ue4"]
        names = ["UE_*", "UnrealEngine*", "unreal-engine*", "Linux_Unreal_Engine_*"]
    for folder in folders:
        for name in names:
            if folder.is_dir():
                yield from sorted(folder.glob(name))


def _json(path: Path) -> dict[str, Any]:
    """A small JSON file of Epic's; empty where it is not there or not to be read."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            return {}
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
