"""The editor behind the fake module: its switches, its project, its ticks, and a record of all that was done."""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.render.unreal.fake_unreal.acts import ACTS
from tests.render.unreal.fake_unreal.render_queue import FakeRenderQueue
from tests.render.unreal.fake_unreal.rigs import fake_rig
from tests.render.unreal.fake_unreal.types_ import API, bind, classes_for, plain

CHARACTERS = ("Ada", "Ben", "Cleo")
FACE_RIG = "/Game/MetaHumans/Common/Face/Face_ControlBoard_CtrlRig"
BODY_RIG = "/Game/MetaHumans/Common/Common/MetaHuman_ControlRig"
PROJECT = {
    **{f"/Game/MetaHumans/{name}/BP_{name}": "Blueprint" for name in CHARACTERS},
    FACE_RIG: "ControlRigBlueprint",
    BODY_RIG: "ControlRigBlueprint",
    "/Engine/EngineResources/GrayTextureCube": "TextureCube",
    "/Game/Skies/Studio": "TextureCube",
    "/Game/Skies/Flat": "Texture2D",
    "/Game/Maps/Main": "World",
}


class Crash(BaseException):
    """The editor is gone."""


@dataclass
class Switches:
    """What is to be odd; frames are counted from 0 in the sequence."""

    engine: str = "5.5.4-40574608+++UE5+Release-5.5"
    newest: bool = False
    """Names that the newest documentation deprecates are gone."""
    project: str = "CatRender"
    missing_assets: frozenset[str] = frozenset()
    missing_controls: frozenset[str] = frozenset()
    missing_classes: frozenset[str] = frozenset()
    ray_tracing: bool = True
    unattended: bool = False
    unsaved: tuple[str, ...] = ()
    undeletable: bool = False
    closed_sequencer: bool = False
    """Sequences do not open, and say that they have."""
    fail_at: int | None = None
    crash_at: int | None = None
    hang_at: int | None = None
    silent: bool = False
    """The queue stops after its work and fires no finished delegate."""
    leak: float = 0.0
    """Share of a frame's values that is left in the next."""
    warm_up: int = 0
    """Warm-up frames that are written too, with negative numbers."""
    truncate_at: int | None = None
    skip_at: int | None = None
    """This frame's file is never written, though the queue reports success."""
    ticks_per_frame: int = 1
    facing: float = 90.0
    """Yaw of the character's components: another blueprint may turn them another way."""
    own_rigs: bool = False
    """The project's rigs lie elsewhere, and the character's meshes name them."""
    graph_by_default: bool = False
    """New queue jobs are rendered by a graph until they are told otherwise."""


class Editor:
    """One editor; the one made last owns the module's classes. ``calls`` is what was done to it: (what, name, arguments)."""

    def __init__(self, switches: Switches | None = None) -> None:
        self.switches = switches or Switches()
        self.calls: list[tuple[str, str, Any]] = []
        self.log: list[str] = []
        self.hung = False
        self.crash: Callable[[], None] = self._crash
        self.lock = threading.RLock()
        self.assets = {path: kind for path, kind in PROJECT.items() if path not in self.switches.missing_assets}
        self.own = {path: f"/Game/Own/{path.rsplit('/', 1)[-1]}" if self.switches.own_rigs else path for path in (FACE_RIG, BODY_RIG)}
        self.assets = {self.own.get(path, path): kind for path, kind in self.assets.items()}
        self.loaded: dict[str, Any] = {}
        self.level = "/Game/Maps/Main"
        self.actors: list[Any] = []
        self.open_sequence: Any = None
        self.alive = False
        self.callbacks: list[Callable[[float], None]] = []
        self.subsystems: dict[str, Any] = {}
        self.queue = FakeRenderQueue(self)
        self.rigs = {
            self.own[path]: fake_rig(kind, self.switches.missing_controls) for path, kind in ((FACE_RIG, "face"), (BODY_RIG, "body"))
        }
        self.classes = classes_for(self, ACTS, self.switches.newest)
        self.module = self._module()
        self.calls.clear()

    def _crash(self) -> None:
        raise Crash("the editor crashed")

    def _module(self) -> types.ModuleType:
        module = types.ModuleType("unreal")
        for name, cls in self.classes.items():
            if name not in self.switches.missing_classes:
                setattr(module, name, cls)
        for name, parameters in API["module"].items():
            setattr(module, name, self._function(name, parameters))
        return module

    def _function(self, name: str, parameters: list[str]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            given = bind(f"unreal.{name}()", parameters, args, named)
            self.record("call", f"unreal.{name}", given)
            if f"unreal.{name}" not in ACTS:
                raise NotImplementedError(f"the fake does not act out unreal.{name}")
            return ACTS[f"unreal.{name}"](self, **given)

        return call

    def record(self, what: str, name: str, value: Any) -> None:
        self.calls.append((what, name, value))

    def recorded(self) -> list[str]:
        """All that was done, as lines that print and compare."""
        return [f"{what} {name} {plain(value)}" for what, name, value in self.calls]

    def new(self, kind: str, path: str = "", **state: Any) -> Any:
        """An object of a class of the module, with the fake's own state."""
        made = self.classes[kind]()
        made._state.update(path=path, **state)
        return made

    def tick(self) -> None:
        """One tick of the engine: the queue works, then the callbacks are called."""
        with self.lock:
            if self.hung:
                return
            self.queue.work()
            if not self.hung:
                for callback in list(self.callbacks):
                    callback(0.016)

    def run_until(self, done: Callable[[], bool], ticks: int = 2000) -> bool:
        """Tick until ``done``, at most ``ticks`` times; whether it came to that."""
        for _ in range(ticks):
            if done():
                return True
            self.tick()
        return done()

    def install(self) -> None:
        """Be the `unreal` module of this process; code that was imported with another one is forgotten."""
        _forget_importers()
        sys.modules["unreal"] = self.module

    @contextmanager
    def installed(self) -> Iterator[Editor]:
        """Be the `unreal` module inside the block."""
        self.install()
        try:
            yield self
        finally:
            sys.modules.pop("unreal", None)
            _forget_importers()


def _forget_importers() -> None:
    package = sys.modules.get("render.unreal.in_editor")
    for name in [name for name in sys.modules if name.startswith("render.unreal.in_editor.") and not name.endswith(".turning")]:
        del sys.modules[name]
        vars(package).pop(name.rpartition(".")[2], None)
