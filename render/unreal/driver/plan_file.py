"""Reads a PLAN.yaml for an Unreal editor. See docs/unreal.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path, PureWindowsPath
from typing import Any

from cat_dataset.attributes import attribute
from cat_dataset.errors import InputError, UsageError
from cat_dataset.people import EXPRESSIONS, POSES
from render.plan_yaml import check_keys, mapping, read_yaml
from render.unreal.driver.values import Keys
from render.unreal.job import GREY, KINDS, Render, Rigs

KINDS_OF_DIALS: Mapping[str, tuple[str, ...]] = {"expressions": EXPRESSIONS, "poses": POSES}
"""The attributes of each command."""
ENGINES = ("5.4", "5.5", "5.6", "5.7")
EDITORS = ("attach", "launch")
SHOTS = {"expressions": ("portrait", 85.0), "poses": ("full_body", 50.0)}
"""Shot and lens unless told."""
FACE_RIGS = (
    "/Game/MetaHumans/Common/Face/Face_ControlBoard_CtrlRig",
    "/MetaHumanCharacter/Face/Face_ControlBoard_CtrlRig",
)
BODY_RIGS = (
    "/Game/MetaHumans/Common/Common/MetaHuman_ControlRig",
    "/MetaHumanCharacter/Body/MetaHuman_ControlRig",
)
MOST_STATES = 10_000
DIGITS = 6
"""Decimals of a value: enough for a state to stay itself, few enough to read."""
KEYS = (
    "project", "engine", "editor", "program", "characters", "attributes", "states", "range", "views", "azimuths", "elevations",
    "seed", "shot", "lens", "sensor", "size", "samples", "skies", "sky_strength", "rigs", "out", "batch", "tries", "deadlines",
    "multicast",
)  # fmt: skip
_PART = r"/[A-Za-z0-9_\- ]{1,100}"
_ASSET = re.compile(rf"(?:{_PART}){{2,20}}(?:\.[A-Za-z0-9_\- ]{{1,100}})?")
_CHARACTER = re.compile(rf"{_ASSET.pattern}|[A-Za-z0-9_\-]{{1,60}}")
_SKY = re.compile(rf"{_ASSET.pattern}|{GREY}")


@dataclass(frozen=True, kw_only=True)
class Deadlines:
    """Seconds after which an editor is no longer waited for."""

    connect: float = 15.0
    """Until an editor is found and has taken a command."""
    start: float = 900.0
    """From the start of an editor, or of a job in it, to the first sign of the job."""
    heartbeat: float = 600.0
    """Without a beat: compiling shaders stops the editor's clock for minutes."""
    frame: float = 1800.0
    """With beats and without a frame; the first one waits for the character to load."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan that was read and checked; what is in the project only the editor can say."""

    path: Path
    kind: str
    project: str
    """The project's name, or the path of its .uproject file."""
    engine: str
    editor: str
    program: str | None
    characters: tuple[str, ...]
    states: Mapping[str, tuple[float, ...]]
    """The values of every attribute to render, by its name, in order."""
    elsewhere: tuple[str, ...]
    """Attributes of the plan that belong to the other command."""
    views: int
    azimuths: tuple[float, float]
    elevations: tuple[float, float]
    seed: int
    shot: str
    lens: float
    sensor: float
    render: Render
    skies: tuple[str, ...]
    sky_strength: float
    rigs: Rigs
    out: Path
    batch: int
    tries: int
    deadlines: Deadlines
    multicast: tuple[str, int] | None
    """Group and port by which editors are found (Project Settings > Plugins > Python); None: as the project itself says."""

    @property
    def project_name(self) -> str:
        """The project's name as the editor tells it."""
        return PureWindowsPath(self.project).stem if self.project.endswith(".uproject") else self.project


def read_plan(path: Path, kind: str, any_attributes: bool = False) -> Plan:
    """The plan in ``path``, for the command ``kind`` (expressions or poses); with ``any_attributes`` the plan need have none of that.

    Raises:
        InputError: missing, too large, or not YAML. UsageError: a key or a value says something impossible; names it.
    """
    where = str(path)
    raw = mapping(read_yaml(path, "split it into several plans"), where)
    check_keys(raw, KEYS, where)
    keys = Keys({**raw, "engine": str(raw["engine"])} if isinstance(raw.get("engine"), float) else raw, where)
    editor = keys.one_of("editor", None, EDITORS)
    chosen, elsewhere = _attributes(keys, kind, any_attributes)
    shot, lens = SHOTS[kind]
    return Plan(
        path=path, kind=kind, project=_project(keys, editor), engine=keys.one_of("engine", None, ENGINES), editor=editor,
        program=_program(keys, editor), characters=keys.texts("characters", _CHARACTER, "Ada or /Game/MetaHumans/Ada/BP_Ada"),
        states={name: _values(keys, name) for name in chosen}, elsewhere=elsewhere,
        views=keys.whole("views", 1, 1, 1000), azimuths=keys.rising("azimuths", (-30.0, 30.0), -90, 90),
        elevations=keys.rising("elevations", (-5.0, 15.0), -60, 60), seed=keys.whole("seed", 0, 0, 1 << 53),
        shot=keys.one_of("shot", shot, KINDS), lens=keys.number("lens", lens, 4, 1000), sensor=keys.number("sensor", 36.0, 1, 100),
        render=Render(size=keys.whole("size", 1024, 8, 8192), samples=keys.whole("samples", 512, 1, 65536)),
        skies=keys.texts("skies", _SKY, "grey or /Game/Skies/Studio", (GREY,)), sky_strength=keys.number("sky_strength", 1.0, 0, 1000),
        rigs=_rigs(keys), out=Path(keys.text("out", "series")),
        batch=keys.whole("batch", 1, 1, 10_000), tries=keys.whole("tries", 3, 1, 100),
        deadlines=_deadlines(keys), multicast=_multicast(keys),
    )  # fmt: skip


def _project(keys: Keys, editor: str) -> str:
    project = keys.text("project")
    if editor == "launch":
        if not project.endswith(".uproject"):
            raise keys.refuse("project", "the path of a .uproject file where the editor is launched")
        if not Path(project).is_file():
            raise InputError(f"{keys.where}: project: {project} does not exist; check the path")
    return project


def _program(keys: Keys, editor: str) -> str | None:
    if "program" not in keys.raw:
        return None
    program = keys.text("program")
    if editor == "attach":
        raise UsageError(f"{keys.where}: program goes with editor: launch; leave it out to use the editor that runs")
    if not Path(program).is_file():
        raise InputError(f"{keys.where}: program: {program} does not exist; give the path of UnrealEditor-Cmd")
    return program


def _attributes(keys: Keys, kind: str, any_of_them: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The attributes of the command ``kind`` that are asked for, and those of the other one."""
    own = KINDS_OF_DIALS[kind]
    asked = keys.texts("attributes", re.compile(r".{1,80}"), "expression_smile", own)
    check_keys(dict.fromkeys(asked), (*EXPRESSIONS, *POSES), f"{keys.where}: attributes")
    chosen = tuple(name for name in asked if name in own)
    if not chosen and any_of_them:
        chosen = own
    if not chosen:
        raise UsageError(
            f"{keys.where}: attributes has none of the {kind}; the other command renders them, or name some of {', '.join(own)}"
        )
    return chosen, tuple(name for name in asked if name not in own)


def _values(keys: Keys, name: str) -> tuple[float, ...]:
    """The values of the attribute ``name``, one for each state."""
    chosen, given = attribute(name), keys.raw.get("states", 21)
    if isinstance(given, list):
        if "range" in keys.raw:
            raise UsageError(f"{keys.where}: states lists every value, so range has nothing to say; leave one of them out")
        if len(given) > MOST_STATES:
            raise keys.refuse("states", f"at most {MOST_STATES} values")
        values = [_checked(keys, "states", name, value) for value in given]
    else:
        count = keys.whole("states", 21, 2, MOST_STATES)
        low, high = keys.rising("range", (chosen.low, chosen.high), -1e9, 1e9)
        for end in (low, high):
            _checked(keys, "range", name, end)
        values = [round(low + (high - low) * index / (count - 1), DIGITS) + 0.0 for index in range(count)]
    if len(set(values)) < max(2, len(values)):
        raise UsageError(f"{keys.where}: the states of {name} must be at least two different values; widen range or list others")
    return tuple(values)


def _checked(keys: Keys, key: str, name: str, value: Any) -> float:
    try:
        return round(attribute(name).check(value), DIGITS) + 0.0
    except (UsageError, OverflowError) as error:  # the latter where a whole number is beyond any float
        raise UsageError(f"{keys.where}: {key}: {error}; give that attribute a plan of its own") from None


def _rigs(keys: Keys) -> Rigs:
    raw = mapping(keys.raw.get("rigs", {}), f"{keys.where}: rigs")
    check_keys(raw, ("face", "body"), f"{keys.where}: rigs")
    inner = Keys(raw, f"{keys.where}: rigs")
    return Rigs(inner.texts("face", _ASSET, FACE_RIGS[0], FACE_RIGS), inner.texts("body", _ASSET, BODY_RIGS[0], BODY_RIGS))


def _multicast(keys: Keys) -> tuple[str, int] | None:
    if "multicast" not in keys.raw:
        return None
    group, _, port = keys.text("multicast").rpartition(":")
    try:
        if ip_address(group).is_multicast and 0 < int(port) < 65536:
            return group, int(port)
    except ValueError:
        pass
    raise keys.refuse("multicast", "like 239.0.0.1:6766")


def _deadlines(keys: Keys) -> Deadlines:
    raw = mapping(keys.raw.get("deadlines", {}), f"{keys.where}: deadlines")
    defaults = vars(Deadlines())
    check_keys(raw, defaults, f"{keys.where}: deadlines")
    inner = Keys(raw, f"{keys.where}: deadlines")
    return Deadlines(**{name: inner.number(name, default, 0.1, 1e6) for name, default in defaults.items()})
