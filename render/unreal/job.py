"""The job manifest: one JSON file that tells the inside of an editor everything about one series.

Written outside, read inside the editor's Python: standard library only, and the editor looks at nothing else.

Sequence frame k shows ``states[frames[k]]``; one more frame after the last shows ``repeat`` again, so that a state that leaks
into another is seen. Resuming writes another manifest with fewer ``frames``; `Job.content` stays the same then.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from cat_dataset.errors import InputError
from cat_dataset.files import read_json, sha256_json, write_json
from render.unreal import job_fields as check

SCHEMA = 1
GREY = "grey"
"""The sky that needs no asset: a plain grey one of the engine."""
KINDS = ("portrait", "full_body")
AXES = ("x", "y", "z", "front")
AT_WORK = "at work on another job"
"""What an editor says that cannot take a job yet; the driver waits then."""
ONLY_THIS_RUN = ("attempt", "frames", "staging", "status")
"""Fields that do not change what a state looks like."""


class _Floats:
    """Numbers given as whole ones become floats: equal jobs have equal JSON, so equal hashes."""

    def __post_init__(self) -> None:
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            if each.type == "float":
                object.__setattr__(self, each.name, float(value))
            elif each.type == "dict[str, float]":
                object.__setattr__(self, each.name, {name: float(number) for name, number in value.items()})


@dataclass(frozen=True)
class Camera(_Floats):
    """Where the camera stands: on the half-sphere before the face (``portrait``) or the whole body, looking at its middle.

    ``azimuth`` is degrees to the viewer's right, ``elevation`` degrees up; both 0 is straight before the person.
    ``sensor_mm`` is the width of a square sensor.
    """

    kind: str
    azimuth: float
    elevation: float
    lens_mm: float
    sensor_mm: float


@dataclass(frozen=True)
class Rigs:
    """Asset paths of control rigs, best first: the first that the character can be driven with is used."""

    face: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True)
class Render:
    """``size`` pixels each way, ``samples`` per pixel (all spatial)."""

    size: int
    samples: int


@dataclass(frozen=True)
class JointTurn(_Floats):
    """A joint, made of body controls, turned by ``degrees`` about an axis as in `cat_dataset.people.Turn`."""

    joint: str
    controls: tuple[str, ...]
    axis: str
    degrees: float


@dataclass(frozen=True)
class State(_Floats):
    """One state of the person: attribute values (for the record), face controls (``name`` or ``name.x``), joints' turns."""

    index: int
    values: dict[str, float]
    face: dict[str, float]
    turns: tuple[JointTurn, ...]


@dataclass(frozen=True)
class Job(_Floats):
    """A checked manifest. ``engine`` ("5.5") and ``project`` are what is expected; empty means any.

    ``attempt`` tells one try from the next, so that the status file of an earlier one is never taken for this one's.
    """

    id: str
    engine: str
    project: str
    character: str
    sky: str
    sky_turn: float
    sky_strength: float
    camera: Camera
    rigs: Rigs
    render: Render
    states: tuple[State, ...]
    frames: tuple[int, ...]
    repeat: int
    staging: str
    status: str
    attempt: int = 0

    @property
    def shown(self) -> tuple[int, ...]:
        """The state that every frame of the sequence shows, the repeated one at the end included."""
        return (*self.frames, self.repeat)

    def as_json(self) -> dict[str, Any]:
        """The manifest, its SHA-256 included."""
        plain = {"schema": SCHEMA, **asdict(self)}
        return {**plain, "sha256": sha256_json(plain)}

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole manifest: names this attempt."""
        return str(self.as_json()["sha256"])

    @property
    def content(self) -> str:
        """SHA-256 of what decides the pictures: the same for every attempt and wherever the files go."""
        return sha256_json({key: value for key, value in asdict(self).items() if key not in ONLY_THIS_RUN})


def write_job(path: Path, job: Job) -> None:
    """Check ``job`` and write it atomically.

    Raises:
        InputError: it would be refused when read.
    """
    manifest = job.as_json()
    parse_job(manifest, f"the manifest of {job.id}")
    write_json(path, manifest)


def read_job(path: Path) -> Job:
    """Read and check a manifest.

    Raises:
        InputError: missing, too large, not JSON, of another schema, or with a field that is not as it should be.
    """
    return parse_job(read_json(path), str(path))


def parse_job(data: Any, where: str) -> Job:
    """The job in a JSON value; ``where`` names it in errors.

    Raises:
        InputError: something in it is not as it should be.
    """
    table = check.Table(data, where)
    if table.whole("schema", 0, 1 << 30) != SCHEMA:
        raise InputError(f"{where} has schema {table.data['schema']}, this version reads {SCHEMA}; make the plan again")
    names = {field.name for field in fields(Job)}
    table.only({*names, "schema", "sha256"})
    camera, rigs, render = (table.table(name) for name in ("camera", "rigs", "render"))
    states = tuple(_state(state, index) for index, state in enumerate(table.tables("states", 10_000)))
    last = len(states) - 1
    job = Job(
        id=table.matching("id", check.SERIES_ID),
        engine=table.matching("engine", check.ENGINE),
        project=table.text("project"),
        character=table.matching("character", check.ASSET),
        sky=GREY if table.data.get("sky") == GREY else table.matching("sky", check.ASSET),
        sky_turn=table.number("sky_turn", -360, 360),
        sky_strength=table.number("sky_strength", 0, 1000),
        camera=Camera(
            camera.one_of("kind", KINDS),
            camera.number("azimuth", -90, 90),
            camera.number("elevation", -60, 60),
            camera.number("lens_mm", 4, 1000),
            camera.number("sensor_mm", 1, 100),
        ),
        rigs=Rigs(rigs.names("face", check.ASSET, 16), rigs.names("body", check.ASSET, 16)),
        render=Render(render.whole("size", 8, 8192), render.whole("samples", 1, 65536)),
        states=states,
        frames=table.wholes("frames", 0, last),
        repeat=table.whole("repeat", 0, last),
        staging=table.path("staging"),
        status=table.path("status"),
        attempt=table.whole("attempt", 0, 1 << 30),
    )
    if table.data.get("sha256") != job.sha256:
        raise InputError(f"{where} was changed since it was written (its sha256 does not fit); make the plan again")
    return job


def _state(table: check.Table, index: int) -> State:
    if table.whole("index", 0, 1 << 30) != index:
        raise InputError(f"{table.where} has index {table.data['index']}, not {index}; states are numbered from 0 without gaps")
    turns = tuple(
        JointTurn(
            turn.matching("joint", check.NAME),
            turn.names("controls", check.NAME, 32),
            turn.one_of("axis", AXES),
            turn.number("degrees", -180, 180),
        )
        for turn in table.tables("turns", 64, least=0)
    )
    return State(index, table.numbers("values", check.NAME), table.numbers("face", check.CONTROL), turns)
