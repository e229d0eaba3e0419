"""The level sequence: one frame per state, every control keyed in every frame, no curve between keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import unreal

from cat_dataset.errors import RunFailed
from render.unreal.in_editor import joints, keys, rig, versions
from render.unreal.in_editor.keys import Keyed, Numbers
from render.unreal.in_editor.rig import Rig
from render.unreal.in_editor.scene import Person
from render.unreal.job import Job, State

FRAMES_PER_SECOND = 24


def make(job: Job, folder: str, camera: Any) -> Any:
    """A new sequence of one frame per shown state, seen through ``camera``, opened: rigs can be keyed in an open one only."""
    tools = unreal.AssetToolsHelpers.get_asset_tools()
    sequence = tools.create_asset("sequence", folder, unreal.LevelSequence, unreal.LevelSequenceFactoryNew())
    if sequence is None:
        raise RunFailed(f"the editor could not make the sequence {folder}/sequence; look into its log")
    frames = len(job.shown)
    sequence.set_display_rate(unreal.FrameRate(FRAMES_PER_SECOND, 1))
    sequence.set_playback_start(0)
    sequence.set_playback_end(frames)
    cut = sequence.add_track(unreal.MovieSceneCameraCutTrack).add_section()
    cut.set_range(0, frames)
    cut.set_camera_binding_id(sequence.get_binding_id(sequence.add_possessable(camera)))
    if not unreal.LevelSequenceEditorBlueprintLibrary.open_level_sequence(sequence):
        raise RunFailed("the editor could not open the sequence; it needs its user interface, so start it without -nullrhi")
    return sequence


def add_rig(job: Job, sequence: Any, actor_binding: Any, mesh: Any, what: str) -> Rig:
    """Put the first of the job's rigs that there is on ``mesh``, its face or body; the live instance comes back."""
    candidates = job.rigs.face if what == "face" else job.rigs.body
    path, asset = rig.find_asset(candidates, job.character, mesh, what)
    world = unreal.get_editor_subsystem(unreal.UnrealEditorSubsystem).get_editor_world()
    binding = sequence.add_possessable(mesh)
    binding.set_parent(actor_binding)
    library = unreal.ControlRigSequencerLibrary
    track = library.find_or_create_control_rig_track(world, sequence, versions.rig_class(asset), binding, False)
    for proxy in library.get_control_rigs(sequence):
        if proxy.track.get_path_name() == track.get_path_name():
            return Rig(path, proxy.control_rig.get_hierarchy(), proxy.control_rig, track)
    raise RunFailed(f"the rig {path} does not come alive on the {what} of this character; is it made for its skeleton?")


def add_rigs(job: Job, sequence: Any, person: Person) -> tuple[Rig | None, Rig | None]:
    """The face and the body rig, each only if a state needs it."""
    needs_face, needs_body = any(state.face for state in job.states), any(state.turns for state in job.states)
    binding = sequence.add_possessable(person.actor)
    face = add_rig(job, sequence, binding, person.face, "face") if needs_face else None
    body = add_rig(job, sequence, binding, person.body, "body") if needs_body else None
    unreal.LevelSequenceEditorBlueprintLibrary.refresh_current_level_sequence()  # rigs come alive when it is next evaluated
    return face, body


def plan_keys(shown: Sequence[State], person: Person, face: Rig | None, body: Rig | None) -> list[Keyed]:
    """Every control that any state moves, with its value in every frame: what a state does not name is at rest there."""
    plan: list[Keyed] = []
    if face is not None:
        values = [rig.face_values(face, state.face) for state in shown]
        for name in sorted({name for each in values for name in each}):
            rest: Numbers = (0.0,) * max(len(each.get(name, ())) for each in values)
            plan.append(Keyed(face, name, face.control(name).kind, tuple(each.get(name, rest) for each in values)))
            rig.check_limits(face, face.control(name), rest)
    if body is not None:
        turns = [joints.local_rotations(body, person, state.turns) for state in shown]
        for name in sorted({name for each in turns for name in each}):
            at_rest = joints.rest_rotation(body, name)
            plan.append(Keyed(body, name, body.control(name).kind, tuple(each.get(name, at_rest) for each in turns)))
        for name in joints.SWITCHES:
            if name in body.keys and (kind := body.control(name).kind) in ("bool", "float"):
                plan.append(Keyed(body, name, kind, ((0.0,),) * len(shown)))
    return plan


def limits(keyed: Keyed) -> dict[str, Any]:
    """A control's type and limits, and for one that is turned its rotation at rest, from which turns are counted."""
    told = keyed.rig.control(keyed.name).as_json()
    return {**told, "rest": list(joints.rest_rotation(keyed.rig, keyed.name))} if keyed.kind in joints.POSED else told


def key_all(sequence: Any, plan: Sequence[Keyed], frames: int) -> list[dict[str, float]]:
    """Key every control in every one of ``frames``, hold every key until the next, and read all back: the values of each frame."""
    for keyed in plan:
        keys.write(sequence, keyed, 0, key=False)  # on a new track the first key would only set the value
        for frame in range(frames):
            keys.write(sequence, keyed, frame)
    rigs = {id(keyed.rig): keyed.rig for keyed in plan}.values()
    held = {each.path: hold_keys(each.track) for each in rigs}
    unreal.LevelSequenceEditorBlueprintLibrary.refresh_current_level_sequence()
    read: list[dict[str, float]] = [{} for _ in range(frames)]
    for keyed in plan:
        for frame, values in enumerate(read):
            numbers, named = keys.read(sequence, keyed, frame)
            keys.check(keyed, frame, numbers)
            values.update(named)
    for path, steps in held.items():
        if steps < frames * sum(keyed.kind != "bool" for keyed in plan if keyed.rig.path == path):
            raise RunFailed(f"the keys of {path} could not be made steps, so states would flow into one another")
    return read


def hold_keys(track: Any) -> int:
    """Make every key of a track that lies on a curve a step; how many there were."""
    held = 0
    for section in track.get_sections():
        for channel in section.get_all_channels():
            for key in channel.get_keys() if hasattr(channel, "get_keys") else ():
                if isinstance(key, (unreal.MovieSceneScriptingFloatKey, unreal.MovieSceneScriptingDoubleKey)):
                    key.set_interpolation_mode(unreal.RichCurveInterpMode.RCIM_CONSTANT)
                    held += 1
    return held
