"""What is loaded becomes one object as it stands: poses, shape keys, instances, mirrored and sheared parts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.render.runs import inside_blender

MAKE_AND_LOAD = """
import json
import math
import sys
from pathlib import Path

sys.path.insert(0, ".")
import bpy
from mathutils import Matrix, Vector

from render.blender.assets.loading import load
from render.blender.sources import Source

out = Path(sys.argv[1])


def start():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def cube(location=(0, 0, 0), size=2.0):
    bpy.ops.mesh.primitive_cube_add(size=size, location=location)
    return bpy.context.object


def extents(name):
    bpy.ops.wm.save_as_mainfile(filepath=str(out / (name + ".blend")))
    subject = load(Source(name, out / (name + ".blend"), "0" * 64))
    size = [max(c[i] for c in subject.outline) - min(c[i] for c in subject.outline) for i in range(3)]
    kinds = sorted({thing.type for thing in bpy.data.objects})
    radius = max(c.length for c in subject.outline)
    made = [len(subject.parts), [material.name for material in subject.materials]]
    print("RESULT", json.dumps([name, [value / max(size) for value in size], kinds, radius, *made]))


start()
cube((0, 0, 0))
cube((6, 0, 0))
extents("two_roots")

start()
thing = cube()
thing.shape_key_add(name="Basis")
thing.shape_key_add(name="tall").value = 1.0
for point in thing.data.shape_keys.key_blocks["tall"].data:
    point.co.z *= 4
extents("shape_key")

start()
bpy.ops.object.armature_add()
armature = bpy.context.object
thing = cube()
thing.vertex_groups.new(name="Bone").add(range(8), 1.0, "REPLACE")
thing.parent = armature
thing.modifiers.new("Armature", "ARMATURE").object = armature
armature.pose.bones["Bone"].scale = (3, 1, 1)
armature.keyframe_insert("location", frame=1)
extents("armature")

start()
thing = cube()
inner = bpy.data.collections.new("inner")
inner.objects.link(thing)
bpy.context.scene.collection.objects.unlink(thing)
for x in (0, 8):
    empty = bpy.data.objects.new("copy", None)
    empty.instance_type, empty.instance_collection, empty.location.x = "COLLECTION", inner, x
    bpy.context.scene.collection.objects.link(empty)
extents("instances")

start()
parent = bpy.data.objects.new("stretched", None)
bpy.context.scene.collection.objects.link(parent)
parent.scale = (4, 1, 1)
thing = cube()
thing.parent, thing.rotation_euler.z = parent, math.radians(45)
expected = [parent.scale.x * math.sqrt(2), math.sqrt(2), 1]
extents("sheared")

start()
cube((0, 0, 0))
hidden = cube((0, 0, 30))
hidden.hide_render = True
spare = bpy.data.collections.new("not rendered")
bpy.context.scene.collection.children.link(spare)
spare.hide_render = True
spare.objects.link(bpy.data.objects.new("far", cube((0, 40, 0)).data))
bpy.data.objects.remove(bpy.context.object)
bpy.data.objects["far"].location.y = 40
bpy.ops.object.light_add(type="SUN", location=(0, 0, 90))
bpy.ops.object.camera_add(location=(70, 0, 0))
extents("hidden")

start()
thing = cube((0, 0, 0), 8.0)
nodes = bpy.data.node_groups.new("two small cubes", "GeometryNodeTree")
nodes.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
points, instances, small, end = (
    nodes.nodes.new(kind) for kind in ("GeometryNodeMeshLine", "GeometryNodeInstanceOnPoints", "GeometryNodeMeshCube", "NodeGroupOutput")
)
points.inputs["Count"].default_value, points.inputs["Offset"].default_value = 2, (3, 0, 0)
nodes.links.new(points.outputs[0], instances.inputs["Points"])
nodes.links.new(small.outputs["Mesh"], instances.inputs["Instance"])
nodes.links.new(instances.outputs[0], end.inputs[0])
thing.modifiers.new("nodes", "NODES").node_group = nodes
extents("geometry_nodes")

start()
bpy.ops.object.text_add()
bpy.context.object.data.body = "wide text"
bpy.context.object.data.extrude = 0.1
bpy.context.object.data.materials.append(bpy.data.materials.new("ink"))
extents("text")
"""

EXTENTS = {
    "two_roots": [1.0, 0.25, 0.25],
    "shape_key": [0.25, 0.25, 1.0],
    "armature": [1.0, 1 / 3, 1 / 3],
    "instances": [1.0, 0.2, 0.2],
    "sheared": [1.0, 0.25, 1 / (4 * 2**0.5)],
    "hidden": [1.0, 1.0, 1.0],
    "geometry_nodes": [1.0, 0.25, 0.25],
}


def test_one_object_of_unit_size_as_it_stands(tmp_path: Path) -> None:
    lines = [line for line in inside_blender(MAKE_AND_LOAD, tmp_path).splitlines() if line.startswith("RESULT")]
    results = {name: rest for name, *rest in (json.loads(line.removeprefix("RESULT")) for line in lines)}
    assert set(results) == {*EXTENTS, "text"}
    assert results["text"][3:] == [1, ["ink"]]
    for name, (extents, kinds, radius, *_) in results.items():
        assert kinds == ["EMPTY", "MESH"], name
        assert radius == pytest.approx(0.5, abs=1e-6), name
        if name in EXTENTS:
            assert extents == pytest.approx(EXTENTS[name], abs=1e-4), name
