"""The same pictures as a series of ours, rendered the ways that others render sweeps: the other side of `bench_render`.

    python -m tests.benchmarks.render_peers MODE SERIES ASSET OUT [--frame N] [--frames N]

MODE is one of

- ``frame``: frame N alone, in a process of its own;
- ``reloaded``: one process, and everything loaded anew for each frame;
- ``still``: one process per asset, frame after frame, as in objaverse-rendering and zero123 (nothing persistent);
- ``kept``: the same with persistent data;
- ``keyframed``: one animation with keyframes and persistent data, spatial splits in the BVH: what BlenderProc 2.8 sets.

None of them touches Blender's automatic choice of the importance map. Size, samples, bounces, denoiser, floor and file format are
those of the series, set by our own code, so that the work is equal; what costs us more (hull, mask check, hashes, journal) is left out.
"""

from __future__ import annotations

import argparse
import math
import os
from array import array
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cat_dataset.files import read_json

MODES = ("frame", "reloaded", "still", "kept", "keyframed")


def main() -> None:
    """Render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mode", choices=MODES)
    parser.add_argument("series", type=Path)
    parser.add_argument("asset", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frame", type=int, default=0)
    parser.add_argument("--frames", type=int, help="this many and no more")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    import bpy

    series = read_json(options.series / "series.json")
    frames = series["frames"][options.frame :][:1] if options.mode == "frame" else series["frames"][: options.frames]
    first = options.frame
    options.out.mkdir(parents=True, exist_ok=True)
    if options.mode == "keyframed":
        _animate(bpy, _scene(bpy, options, series, keep=True), frames, options.out)
    else:
        things = None
        for number, frame in enumerate(frames, first):
            if things is None or options.mode == "reloaded":
                things = _scene(bpy, options, series, keep=options.mode == "kept")
            _stand(things, frame["state"])
            bpy.context.scene.render.filepath = str(options.out / f"{number:04d}.png")
            bpy.ops.render.render(write_still=True)
    os._exit(0)  # some wheels crash while Python shuts down


def _scene(bpy: Any, options: argparse.Namespace, series: dict[str, Any], *, keep: bool) -> tuple[Any, Any, Any]:
    """The scene of the series, loaded anew: object, camera and rig."""
    from render.blender.picture import engine
    from render.blender.stage import floor, framing, sky

    settings, constants = series["provenance"]["settings"], series["constants"]
    engine.start_empty()
    rig, pivot = (bpy.data.objects.new(name, None) for name in ("rig", "pivot"))
    bpy.ops.wm.obj_import(filepath=str(options.asset))
    loaded = list(bpy.context.selected_objects)
    for thing in (rig, pivot):
        bpy.context.scene.collection.objects.link(thing)
    bpy.context.view_layer.update()
    _normalise(bpy, loaded, pivot, constants["object_radius_m"])
    camera = framing.add_camera()
    pivot.parent = camera.parent = rig
    look = {name: settings[name] for name in ("size", "samples", "seed", "device", "denoise")}
    engine.set_up(threads=options.threads, **look)
    lowest, reach = constants["floor_height_m"], constants["floor_radius_m"] / floor.ENDS
    floor.lay_floor(SimpleNamespace(reach=lambda: reach, lowest=lambda: lowest, rig=rig), settings["floor"])
    sky.light_with(sky.builtin_sky(settings["hdri"]["name"].partition(":")[2]))
    bpy.context.scene.world.cycles.sampling_method = "AUTOMATIC"
    bpy.context.scene.render.use_persistent_data = keep
    return pivot, camera, rig


def _normalise(bpy: Any, things: list[Any], pivot: Any, radius: float) -> None:
    """Hang ``things`` under ``pivot``, centred on it, their farthest vertex at ``radius``."""
    from mathutils import Matrix, Vector

    (thing,) = things
    flat = array("f", bytes(12 * len(thing.data.vertices)))
    thing.data.vertices.foreach_get("co", flat)
    centre = [(min(flat[axis::3]) + max(flat[axis::3])) / 2 for axis in range(3)]
    x, y, z = (flat[axis::3] for axis in range(3))
    farthest = max(math.dist(centre, point) for point in zip(x, y, z, strict=True))
    turn = thing.matrix_world.copy()
    thing.parent = pivot
    thing.matrix_parent_inverse, thing.matrix_basis = Matrix(), Matrix()
    thing.matrix_local = Matrix.Scale(radius / farthest, 4) @ turn @ Matrix.Translation(-Vector(centre))
    bpy.context.view_layer.update()


def _stand(things: tuple[Any, Any, Any], state: dict[str, Any]) -> None:
    from mathutils import Matrix

    pivot, camera, rig = things
    rig.rotation_euler = (0.0, 0.0, math.radians(state["rig_turn_degrees"]))
    pivot.matrix_local, camera.matrix_local = Matrix(state["object_to_rig"]), Matrix(state["camera_to_rig"])


def _animate(bpy: Any, things: tuple[Any, Any, Any], frames: list[dict[str, Any]], out: Path) -> None:
    """All frames in one call, as keyframes."""
    scene = bpy.context.scene
    scene.cycles.debug_use_spatial_splits = True
    for thing in things:
        thing.rotation_mode = "QUATERNION"
    for number, frame in enumerate(frames):
        _stand(things, {**frame["state"], "rig_turn_degrees": 0.0})
        things[2].rotation_quaternion = _about_z(frame["state"]["rig_turn_degrees"])
        for thing in things:
            for path in ("location", "rotation_quaternion", "scale"):
                thing.keyframe_insert(path, frame=number)
    scene.frame_start, scene.frame_end = 0, len(frames) - 1
    scene.render.use_file_extension = True
    scene.render.filepath = str(out) + os.sep
    bpy.ops.render.render(animation=True)


def _about_z(degrees: float) -> Any:
    from mathutils import Quaternion

    return Quaternion((0.0, 0.0, 1.0), math.radians(degrees))


if __name__ == "__main__":
    main()
