"""Assets in every format, exported by bpy itself, and their damaged kin."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.render.runs import inside_blender

EXPORT = """
import sys
from pathlib import Path

import bpy

out = Path(sys.argv[1])
(out / "gltf").mkdir(parents=True)
sys.path.insert(0, ".")
from render.blender.builtin import objects as builtin

bpy.ops.wm.read_factory_settings(use_empty=True)
bpy.ops.export_scene.fbx(filepath=str(out / "empty.fbx"))
bpy.ops.object.camera_add()
bpy.ops.export_scene.gltf(filepath=str(out / "camera_only.glb"), export_format="GLB", export_cameras=True)

bpy.ops.wm.read_factory_settings(use_empty=True)
builtin.car()
bpy.ops.object.light_add(type="POINT", location=(9, 9, 9))
bpy.ops.object.camera_add(location=(50, 0, 0))
bpy.ops.wm.save_as_mainfile(filepath=str(out / "toy.blend"), compress=False)
bpy.ops.export_scene.fbx(filepath=str(out / "toy.fbx"))
bpy.ops.export_scene.gltf(filepath=str(out / "toy.glb"), export_format="GLB", export_lights=True, export_cameras=True)
bpy.ops.export_scene.gltf(filepath=str(out / "gltf" / "toy.gltf"), export_format="GLTF_SEPARATE")
bpy.ops.wm.obj_export(filepath=str(out / "toy.obj"))
bpy.ops.wm.usd_export(filepath=str(out / "toy.usdc"))
bpy.ops.wm.stl_export(filepath=str(out / "toy.stl"))
bpy.ops.wm.stl_export(filepath=str(out / "text.stl"), ascii_format=True)
bpy.ops.wm.ply_export(filepath=str(out / "toy.ply"), export_triangulated_mesh=True)
bpy.ops.wm.ply_export(filepath=str(out / "text.ply"), ascii_format=True)

bpy.ops.wm.read_factory_settings(use_empty=True)
paint = bpy.data.images.new("paint", 8, 8)
paint.file_format, paint.filepath_raw = "PNG", str(out / "paint.png")
paint.save()
bpy.ops.mesh.primitive_cube_add()
material = bpy.data.materials.new("painted")
material.use_nodes = True
texture = material.node_tree.nodes.new("ShaderNodeTexImage")
texture.image = bpy.data.images.load(str(out / "paint.png"))
material.node_tree.links.new(texture.outputs["Color"], material.node_tree.nodes["Principled BSDF"].inputs["Base Color"])
bpy.context.object.data.materials.append(material)
bpy.ops.export_scene.fbx(filepath=str(out / "textured.fbx"), path_mode="RELATIVE")
(out / "paint.png").unlink()

bpy.context.object.data.materials.clear()
bpy.context.object.data.vertices[7].co.x = float("nan")
bpy.ops.wm.save_as_mainfile(filepath=str(out / "nan.blend"), compress=False)

sky = Path(bpy.utils.system_resource("DATAFILES")) / "studiolights" / "world" / "city.exr"
(out / "city.exr").write_bytes(sky.read_bytes())
image = bpy.data.images.load(str(out / "city.exr"))
image.scale(64, 32)
image.file_format, image.filepath_raw = "HDR", str(out / "small.hdr")
image.save()
"""


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``toy`` in every format, skies, and assets without a mesh."""
    folder = tmp_path_factory.mktemp("assets")
    inside_blender(EXPORT, folder)
    return folder
