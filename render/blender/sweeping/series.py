"""Renders one series: poses first, then state by state, each read back from the scene before it is rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import bpy
from mathutils import Matrix

from cat_dataset.attributes import attribute
from cat_dataset.command import warn
from cat_dataset.errors import RunFailed
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.progress import Progress
from cat_dataset.series_writer import SeriesWriter
from render.blender.dials.dial import Dial
from render.blender.dials.registry import dials_of
from render.blender.picture import engine
from render.blender.picture.border import BoxedStill, boxed
from render.blender.picture.mask import check_mask
from render.blender.picture.passes import describe as describe_passes
from render.blender.picture.passes import render_passes
from render.blender.picture.still import render_still
from render.blender.stage import floor, framing
from render.blender.stage.pose import LENS_MM, Pose
from render.blender.stage.scene import Scene
from render.blender.stage.sky import brighten
from render.blender.sweeping.plan import Job
from render.blender.sweeping.spec import State

LARGEST_DIFFERENCE = 0.002
"""Between what was asked and what the scene has, in spans of the attribute's scale: a third of a degree, a fifth of a centimetre."""

OnFrame = Callable[[str, int, int], None]
"""Series id, index of the frame that was just committed, frames of the series."""


def render_series(
    job: Job, scene: Scene, strength: float, progress: Progress, interrupt: GentleInterrupt, on_frame: OnFrame | None = None
) -> None:
    """Render what of ``job`` is not there yet, under a sky that ``strength`` brings to its mean luminance.

    Raises:
        CatError: the asset cannot show this attribute, or Blender could not render. OSError: the disk is full.
    """
    states, passes = job.sweep.states, job.furniture["passes"]
    settings = {**job.settings, **scene.subject.adapted}
    with staged(job, scene, strength) as stage, SeriesWriter(job.folder, settings, {"blender": bpy.app.version_string}) as writer:
        dials, staging = stage.dials, writer.staging_path(0).parent
        for index in [index for index, frame in writer.done.items() if dict(frame.values) != dict(enumerate(states)).get(index)]:
            warn(f"{job.folder}: the journal's frame {index} is none of this sweep; making what belongs there")
            del writer.done[index]
        progress.skip(len(writer.done))
        picture = BoxedStill(scene, staging).render if boxed(job) else lambda path, pose: render_still(path)
        checked = check_mask(job.folder.name, scene, stage.enter, staging / "partial-mask.exr")
        for index, values in enumerate(states):
            if index in writer.done:
                continue
            stage.enter(index)
            measured, state = _read(job, scene, dials, index, values)
            picture(writer.staging_path(index), scene.poses[index])
            writer.commit(index, values, measured, state=state, passes=render_passes(scene, passes, staging))
            progress.advance(note=job.folder.name)
            if on_frame:
                on_frame(job.folder.name, index, len(states))
            interrupt.check()
        constants = {name: value for dial in dials for name, value in dial.constants(scene).items()}
        writer.finish(
            source="blender",
            scene={"character" if job.asset.is_person else "asset": job.asset.key, "hdri": job.sky.key, "view": f"v{job.view.index:02d}"},
            object=scene.subject.called or job.asset.readable,
            varies=job.sweep.varies,
            constants={
                **framing.describe(job.view, scene.distance, scene.size, _lens(job)), **scene.subject.facts(), **constants,
                **job.look, **job.furniture,
                **floor.describe(scene, job.furniture["floor"]), **describe_passes(passes), "mask_check": checked,
                "held": dict(job.sweep.held), "object_radius_m": round(scene.subject.radius, 6), "sky_strength": scene.sky_strength,
                **_sky_turn(scene),
                "view_transform": "Standard",
            },
            provenance={
                "tool": "render.blender", "licences": {"asset": scene.subject.licence or job.asset.licence, "hdri": job.sky.licence},
                **({"notes": list(scene.subject.notes)} if scene.subject.notes else {}),
            },
        )  # fmt: skip


@dataclass(frozen=True)
class Stage:
    """The scene of a series: calling ``enter`` with a state's index brings it to that state, and says which."""

    dials: list[Dial]
    enter: Callable[[int], str]


@contextmanager
def staged(job: Job, scene: Scene, strength: float) -> Iterator[Stage]:
    """The scene as all states of ``job`` share it: composed, on its floor, the dials' things in place; all undone at the end.

    Raises:
        CatError: the asset cannot show this attribute, or the camera would be under the floor.
    """
    scene.subject = scene.subject.aimed(job.furniture.get("shot", ""))
    dials, states, kind = dials_of(job.sweep, job.asset.is_person), job.sweep.states, job.furniture["floor"]
    for dial in dials:
        dial.meet(scene)
    _compose(job, scene, dials)
    scene.sky_strength = strength
    floor.check_floor(job.folder.name, scene, kind)
    laid = floor.lay_floor(scene, kind)

    def enter(index: int) -> str:
        _set(scene, dials, index, states[index])
        return _said(states[index])

    try:
        for dial in dials:
            dial.enter(scene)
        yield Stage(dials, enter)
    finally:
        for dial in dials:
            dial.leave(scene)
        floor.lift_floor(laid)


def _sky_turn(scene: Scene) -> dict[str, float]:
    """What the sky is turned by, where it is the same in every state."""
    turns = {pose.turn for pose in scene.poses}
    return {"sky_turn_degrees": turns.pop()} if len(turns) == 1 else {}


def _lens(job: Job) -> float:
    """The focal length unless a state has another, in millimetres."""
    return float(job.furniture.get("lens_mm", LENS_MM))


def _compose(job: Job, scene: Scene, dials: list[Dial]) -> None:
    """Work out the poses of all states and the distance from which the object is whole in every one of them."""
    rest = scene.subject.shaped(Pose(pivot=Matrix(), view=job.view, outline=scene.subject.outline, turn=job.sky_turn, lens_mm=_lens(job)))
    poses = []
    for values in job.sweep.states:
        pose = rest
        for dial in dials:
            pose = dial.pose(pose, dial.own(values))
        poses.append(pose)
    scene.view, scene.poses, scene.furniture = job.view, poses, job.furniture
    scene.distance = framing.safe_distance(poses)


def _set(scene: Scene, dials: list[Dial], index: int, values: State) -> None:
    """Bring the scene to the state ``values``."""
    scene.stand(scene.poses[index])
    for dial in dials:
        dial.apply(scene, dial.own(values))
    engine.expose(sum(dial.exposure(dial.own(values)) for dial in dials))
    brighten(scene.sky_strength, sum(dial.sky(dial.own(values)) for dial in dials))


def _read(job: Job, scene: Scene, dials: list[Dial], index: int, values: State) -> tuple[dict[str, float], dict[str, Any]]:
    """What really stands in the scene: the values read back, the margin around the object, matrices and the dials' facts."""
    pivot, camera = scene.evaluated(scene.subject.pivot), scene.evaluated(scene.camera)
    lens = scene.camera.data.lens
    margin = framing.free_margin(scene.poses[index].framed, pivot, camera, lens)
    if margin < 0:
        raise RunFailed(f"{job.folder.name}: the object leaves the frame at {_said(values)}; please report this")
    measured = {"free_margin": round(margin, 4)}
    state: dict[str, Any] = {
        "object_to_rig": framing.rows(pivot), "camera_to_rig": framing.rows(camera), "K": framing.intrinsics(lens, scene.size),
        "rig_turn_degrees": round(-scene.poses[index].turn, 6), "exposure_ev": round(bpy.context.scene.view_settings.exposure, 6),
    }  # fmt: skip
    for dial in dials:
        own = dial.own(values)
        found = dial.read_back(scene, own)
        _compare(job.folder.name, own, {name: value for name, value in found.items() if name not in dial.may_differ})
        measured.update({name: round(value, 4) + 0.0 for name, value in found.items() if name in values})
        measured.update(dial.measures(scene, own))
        state.update(dial.state(scene, own))
    return measured, state


def _compare(series: str, asked: State, found: State) -> None:
    """See that the scene has what it was told to have.

    Raises:
        RunFailed: a value reads back as another one.
    """
    for name, value in found.items():
        if abs(attribute(name).encode(value, asked[name])) > LARGEST_DIFFERENCE:
            raise RunFailed(f"{series}: {name} = {asked[name]:g} reads back from the scene as {value:g}; please report this")


def _said(values: State) -> str:
    return ", ".join(f"{name} = {value:g}" for name, value in values.items())
