"""Assets of every format stand as modelled, at any size and place, with their colours; what is done to them is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.render.runs import inside_blender

HEAD = """
import json
import sys
from pathlib import Path

sys.path.insert(0, ".")
import bpy

from cat_dataset.errors import CatError
from render.blender.assets.files import check_asset
from render.blender.assets.loading import load
from render.blender.assets.policy import AssetPolicy
from render.blender.sources import Source

out = Path(sys.argv[1])


def start():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def block(size, place):
    bpy.ops.mesh.primitive_cube_add(size=1, location=place)
    bpy.context.object.scale = size
    return bpy.context.object


def gnome(scale=1.0):
    # tall along z, a nose towards -y low down, an arm along +x high up
    for size, place in (((1, 1, 4), (0, 0, 2)), ((0.5, 2, 0.5), (0, -1.5, 0.5)), ((1, 0.4, 0.4), (1, 0, 3.5))):
        block([scale * value for value in size], [scale * value for value in place])


def points(subject):
    return [part.matrix_parent_inverse @ vertex.co for part in subject.parts for vertex in part.data.vertices]


def report(name, policy=AssetPolicy(), label=None):
    path = out / name
    try:
        companions = check_asset(path, policy)
        subject = load(Source(path.stem, path, "0" * 64, companions=companions), policy)
    except CatError as error:
        print("RESULT", json.dumps([label or name, {"error": str(error)}]))
        return None
    where = points(subject)
    colours = {}
    for material in subject.materials:
        shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
        socket = shader.inputs["Base Color"]
        colours[material.name] = socket.links[0].from_node.type if socket.is_linked else [round(v, 3) for v in socket.default_value]
    print("RESULT", json.dumps([label or name, {
        "size": [max(p[axis] for p in where) - min(p[axis] for p in where) for axis in range(3)],
        "nose": min(where, key=lambda p: p.y).z, "arm": max(where, key=lambda p: p.x).z,
        "radius": max(p.length for p in where), "outline": max(p.length for p in subject.outline),
        "colours": colours, "notes": subject.notes, "adapted": subject.adapted, "companions": companions,
        "kinds": sorted({thing.type for thing in bpy.data.objects}), "parts": len(subject.parts),
        "meshes": len({part.data.name for part in subject.parts}),
        "triangles": sum(len(mesh.loops) - 2 * len(mesh.polygons) for mesh in bpy.data.meshes),
    }]))
    return subject
"""

GNOME = [2 / 5.385165, 3 / 5.385165, 4 / 5.385165]  # over the diameter of its ball, which is to be 1
NOSE, ARM = -1.5 / 5.385165, 1.5 / 5.385165


def results_of(code: str, folder: Path) -> dict[str, dict[str, Any]]:
    """What ``code`` reported of each asset."""
    lines = inside_blender(HEAD + code, folder).splitlines()
    return dict(json.loads(line.removeprefix("RESULT")) for line in lines if line.startswith("RESULT"))


def module_results(code: str) -> Callable[[pytest.TempPathFactory], dict[str, dict[str, Any]]]:
    """A fixture that runs ``code`` once."""

    @pytest.fixture(scope="module")
    def fixture(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
        return results_of(code, tmp_path_factory.mktemp("assets"))

    return fixture


formats = module_results("""
start()
gnome()
wm = bpy.ops.wm
wm.save_as_mainfile(filepath=str(out / "a.blend"))
bpy.ops.export_scene.fbx(filepath=str(out / "y_up.fbx"))
bpy.ops.export_scene.fbx(filepath=str(out / "z_up.fbx"), axis_up="Z", axis_forward="Y")
bpy.ops.export_scene.gltf(filepath=str(out / "a.glb"), export_format="GLB")
wm.obj_export(filepath=str(out / "a.obj"))
wm.obj_export(filepath=str(out / "z_up.obj"), up_axis="Z", forward_axis="Y")
for kind in ("usda", "usdc", "usdz"):
    wm.usd_export(filepath=str(out / ("a." + kind)))
wm.usd_export(filepath=str(out / "y_up.usda"), convert_orientation=True)
for name, text in (("binary", False), ("text", True)):
    wm.ply_export(filepath=str(out / (name + ".ply")), ascii_format=text)
    wm.stl_export(filepath=str(out / (name + ".stl")), ascii_format=text)
wm.stl_export(filepath=str(out / "y_up.stl"), up_axis="Y", forward_axis="NEGATIVE_Z")
turned = {"z_up.obj": "z", "y_up.stl": "y"}
for path in sorted(out.iterdir()):
    if path.suffix != ".mtl":
        report(path.name, AssetPolicy(up=turned.get(path.name, "auto")))
report("z_up.obj", label="z_up.obj as y_up")
report("a.obj", AssetPolicy(up="y"), "y as usual")
report("a.blend", AssetPolicy(up="y"), "a.blend that says it itself")
""")


def test_the_gnome_stands_in_every_format(formats: dict[str, dict[str, Any]]) -> None:
    wrong = formats.pop("z_up.obj as y_up")
    assert wrong["size"] == pytest.approx([GNOME[0], GNOME[2], GNOME[1]], abs=1e-4)
    assert len(formats) == 17
    for name, result in formats.items():
        assert "error" not in result, result
        assert result["size"] == pytest.approx(GNOME, abs=1e-4), name
        assert (result["nose"], result["arm"]) == pytest.approx((NOSE, ARM), abs=0.1), name
        assert result["radius"] == pytest.approx(0.5, abs=1e-5), name
        assert result["kinds"] == ["EMPTY", "MESH"], name
        assert result["adapted"] == {"z_up.obj": {"up": "z"}, "y_up.stl": {"up": "y"}}.get(name, {}), name


COLLADA = """<?xml version="1.0" encoding="utf-8"?>
<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">
<asset><up_axis>Y_UP</up_axis></asset>
<library_geometries><geometry id="g"><mesh>
<source id="p"><float_array id="pa" count="12">0 0 0 1 0 0 0 4 0 0 0 2</float_array>
<technique_common><accessor source="#pa" count="4" stride="3"><param name="X" type="float"/><param name="Y" type="float"/><param name="Z" type="float"/></accessor></technique_common></source>
<vertices id="v"><input semantic="POSITION" source="#p"/></vertices>
<triangles count="4"><input semantic="VERTEX" source="#v" offset="0"/><p>0 2 1 0 1 3 0 3 2 1 2 3</p></triangles>
</mesh></geometry></library_geometries>
<library_visual_scenes><visual_scene id="s"><node id="n"><instance_geometry url="#g"/></node></visual_scene></library_visual_scenes>
<scene><instance_visual_scene url="#s"/></scene>
</COLLADA>
"""  # noqa: E501


def test_collada_is_read_or_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.dae").write_text(COLLADA, encoding="utf-8")
    result = results_of("print('RESULT', json.dumps(['there', 'collada_import' in dir(bpy.ops.wm)]))\nreport('a.dae')", tmp_path)
    if result["there"]:
        width, depth, height = result["a.dae"]["size"]
        assert (width / height, depth / height) == pytest.approx((0.25, 0.5), abs=1e-4)
    else:
        assert "has no importer for .dae files; export the asset as FBX, glTF or OBJ" in result["a.dae"]["error"]


sizes = module_results("""
for exponent in (-6, -3, 0, 3, 6):
    start()
    gnome(10.0**exponent)
    bpy.ops.wm.save_as_mainfile(filepath=str(out / f"objects {exponent}.blend"))
    report(f"objects {exponent}.blend")
    bpy.ops.wm.stl_export(filepath=str(out / f"mesh {exponent}.stl"))
    report(f"mesh {exponent}.stl")

start()
gnome()
root = bpy.data.objects.new("far root", None)
bpy.context.scene.collection.objects.link(root)
for thing in list(bpy.data.objects):
    if thing is not root:
        thing.parent = root
root.location = (1e5, -1e5, 1e5)
bpy.ops.wm.save_as_mainfile(filepath=str(out / "far objects.blend"))
report("far objects.blend")

start()
gnome()
bpy.context.view_layer.update()
for thing in bpy.data.objects:
    thing.data.transform(thing.matrix_world)
    for vertex in thing.data.vertices:
        vertex.co += bpy.data.objects[0].location.__class__((1e5, 1e5, -1e5))
    thing.matrix_world.identity()
    thing.location, thing.scale = (0, 0, 0), (1, 1, 1)
bpy.ops.wm.save_as_mainfile(filepath=str(out / "far meshes.blend"))
report("far meshes.blend")
""")


def test_size_and_place_do_not_matter(sizes: dict[str, dict[str, Any]]) -> None:
    assert len(sizes) == 12
    for name, result in sizes.items():
        assert "error" not in result, result
        loose = 0.004 if name == "far meshes.blend" else 1e-4  # the file itself has steps of 8 mm there
        assert result["size"] == pytest.approx(GNOME, abs=loose), name
        assert result["arm"] - result["nose"] == pytest.approx(ARM - NOSE, abs=0.1 + loose), name
        assert result["radius"] == pytest.approx(0.5, abs=1e-5), name
        assert result["outline"] == pytest.approx(0.5, abs=1e-5), name


def test_tiny_meshes_keep_their_normals(tmp_path: Path) -> None:
    """Blender takes a normal shorter than 1e-35 for none, which faces of a tenth of a micrometre have."""
    code = """
start()
bpy.ops.mesh.primitive_uv_sphere_add(segments=64, ring_count=32, radius=1e-7)
bpy.ops.wm.stl_export(filepath=str(out / "ball.stl"))
subject = report("ball.stl")
mesh = subject.parts[0].data
print("RESULT", json.dumps(["worst", min(polygon.normal.length for polygon in mesh.polygons)]))
"""
    results = results_of(code, tmp_path)
    assert results["worst"] == pytest.approx(1, abs=1e-3)
    assert results["ball.stl"]["triangles"] == 64 * 2 * 31


shapes = module_results("""
start()
thing = block((1, 1, 1), (0, 0, 0))
twin = bpy.data.objects.new("twin", thing.data)
twin.location, twin.scale, twin.rotation_mode, twin.rotation_quaternion = (4, 0, 0), (-1, 2, 1), "QUATERNION", (0.5**0.5, 0.5**0.5, 0, 0)
bpy.context.scene.collection.objects.link(twin)
bpy.ops.export_scene.gltf(filepath=str(out / "twins.glb"), export_format="GLB")
bpy.ops.export_scene.fbx(filepath=str(out / "twins.fbx"))
for name in ("twins.glb", "twins.fbx"):
    report(name)

start()
thing = block((1, 1, 1), (0, 0, 0))
thing.keyframe_insert("scale", frame=1)
thing.scale.z = 5
thing.keyframe_insert("scale", frame=10)
bpy.context.scene.frame_set(10)
bpy.ops.wm.save_as_mainfile(filepath=str(out / "moving.blend"))
bpy.ops.export_scene.fbx(filepath=str(out / "moving.fbx"))
bpy.context.scene.frame_start = 1
bpy.ops.wm.usd_export(filepath=str(out / "moving.usdc"), export_animation=True)
for kind in ("blend", "fbx", "usdc"):
    report("moving." + kind)

start()
block((1, 1, 1), (0, 0, 0))
for kind in ("AREA", "SPOT", "SUN"):
    bpy.ops.object.light_add(type=kind)
bpy.ops.object.camera_add()
bpy.ops.export_scene.fbx(filepath=str(out / "lit.fbx"))
report("lit.fbx")
""")


def test_linked_meshes_stay_shared_and_turned_or_mirrored_as_they_are(shapes: dict[str, dict[str, Any]]) -> None:
    for name in ("twins.glb", "twins.fbx"):
        assert (shapes[name]["parts"], shapes[name]["meshes"]) == (2, 1), name
        width, depth, height = shapes[name]["size"]
        assert (width / height, depth / height) == pytest.approx((2.5, 0.5), abs=1e-3), name


def test_animation_is_gone_and_the_pose_the_file_stores_stays(shapes: dict[str, dict[str, Any]]) -> None:
    ratios = {kind: shapes[f"moving.{kind}"]["size"][2] / shapes[f"moving.{kind}"]["size"][0] for kind in ("blend", "fbx", "usdc")}
    assert ratios == pytest.approx({"blend": 5, "fbx": 5, "usdc": 1}, abs=1e-3)  # a USD file stores its frames alone: the first


def test_lights_in_an_fbx_neither_crash_nor_stay(shapes: dict[str, dict[str, Any]]) -> None:
    assert shapes["lit.fbx"]["kinds"] == ["EMPTY", "MESH"]


colours = module_results("""
start()
thing = block((1, 1, 1), (0, 0, 0))
layer = thing.data.color_attributes.new("paint", "BYTE_COLOR", "CORNER")
for entry in layer.data:
    entry.color = (1, 0, 0, 1)
bpy.ops.wm.ply_export(filepath=str(out / "painted.ply"))
bpy.ops.wm.obj_export(filepath=str(out / "painted.obj"), export_colors=True, export_materials=False)
bpy.ops.wm.stl_export(filepath=str(out / "bare.stl"))
for name in ("painted.ply", "painted.obj", "bare.stl"):
    report(name)

start()
image = bpy.data.images.new("paint", 8, 8)
image.file_format, image.filepath_raw = "PNG", str(out / "paint.png")
image.save()
thing = block((1, 1, 1), (0, 0, 0))
material = bpy.data.materials.new("painted")
if material.node_tree is None:
    material.use_nodes = True
shader = material.node_tree.nodes["Principled BSDF"]
shader.inputs["Base Color"].default_value = (0.1, 0.7, 0.2, 1)
texture = material.node_tree.nodes.new("ShaderNodeTexImage")
texture.image = bpy.data.images.load(str(out / "paint.png"))
material.node_tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
material.node_tree.links.new(texture.outputs["Alpha"], shader.inputs["Alpha"])
thing.data.materials.append(material)
bpy.ops.wm.save_as_mainfile(filepath=str(out / "t.blend"))
bpy.ops.export_scene.fbx(filepath=str(out / "t.fbx"), path_mode="RELATIVE")
bpy.ops.export_scene.fbx(filepath=str(out / "embedded.fbx"), path_mode="COPY", embed_textures=True)
bpy.ops.export_scene.gltf(filepath=str(out / "t.gltf"), export_format="GLTF_SEPARATE", export_keep_originals=True)
bpy.ops.wm.obj_export(filepath=str(out / "t.obj"), path_mode="RELATIVE")
bpy.ops.wm.usd_export(filepath=str(out / "t.usda"))
names = ("t.blend", "t.fbx", "embedded.fbx", "t.gltf", "t.obj", "t.usda")
for name in names:
    report(name, AssetPolicy(missing_textures="allow"), "whole " + name)
(out / "paint.png").unlink()
for path in (out / "textures").iterdir():
    path.unlink()
for name in names:
    report(name, label="refused " + name)
    report(name, AssetPolicy(missing_textures="allow"), "allowed " + name)
""")
TEXTURED = ("t.blend", "t.fbx", "t.gltf", "t.obj", "t.usda")


def test_vertex_colours_show_where_there_is_no_material(colours: dict[str, dict[str, Any]]) -> None:
    for name in ("painted.ply", "painted.obj"):
        assert list(colours[name]["colours"].values()) == ["VERTEX_COLOR"], name
    assert list(colours["bare.stl"]["colours"].values()) == [[0.8, 0.8, 0.8, 1.0]]


@pytest.mark.parametrize("name", TEXTURED)
def test_a_missing_texture_is_refused_or_replaced_by_plain_colour_and_said(colours: dict[str, dict[str, Any]], name: str) -> None:
    whole, allowed = colours[f"whole {name}"], colours[f"allowed {name}"]
    assert list(whole["colours"].values()) == ["TEX_IMAGE"]
    assert whole["adapted"] == {}
    assert whole["notes"] == []
    assert "missing" in colours[f"refused {name}"]["error"]
    assert "--missing-textures allow" in colours[f"refused {name}"]["error"]
    (plain,) = allowed["colours"].values()
    assert plain == pytest.approx([0.1, 0.7, 0.2, 1.0] if name in ("t.blend", "t.fbx") else plain)
    assert min(plain[:3]) > 0.01  # neither black nor magenta
    assert allowed["adapted"] == {"missing_textures": "allow"}
    assert "plain colour where textures are missing" in allowed["notes"][0]
    if name in ("t.gltf", "t.obj"):
        assert allowed["companions"]["paint.png"] == "missing"
        assert allowed["notes"][1] == "files it refers to are missing: paint.png"
        assert len(whole["companions"]["paint.png"]) == 64


def test_embedded_textures_need_no_file(colours: dict[str, dict[str, Any]]) -> None:
    for name in ("refused embedded.fbx", "allowed embedded.fbx"):
        assert list(colours[name]["colours"].values()) == ["TEX_IMAGE"]


heavy = module_results("""
import hashlib

start()
bpy.ops.mesh.primitive_ico_sphere_add(subdivisions=6)
bpy.context.object.data.materials.append(bpy.data.materials.new("skin"))
block((0.1, 0.1, 0.1), (1.5, 0, 0))
bpy.ops.wm.save_as_mainfile(filepath=str(out / "ball.blend"))
bpy.ops.wm.ply_export(filepath=str(out / "ball.ply"))
report("ball.blend")
for name in ("ball.blend", "ball.ply"):
    report(name, AssetPolicy(max_polygons=5000), "refused " + name)
for number in range(2):
    subject = report("ball.blend", AssetPolicy(max_polygons=5000, too_many="decimate"), f"thinned {number}")
    digest = hashlib.sha256(repr([tuple(p) for p in points(subject)]).encode()).hexdigest()
    print("RESULT", json.dumps([f"digest {number}", digest]))
report("ball.blend", AssetPolicy(max_polygons=100_000, too_many="decimate"), "within")

start()
thing = block((1, 1, 1), (0, 0, 0))
thing.modifiers.new("smooth", "SUBSURF").render_levels = 11
bpy.ops.wm.save_as_mainfile(filepath=str(out / "smooth.blend"))
report("smooth.blend")
report("smooth.blend", AssetPolicy(max_polygons=20_000, too_many="decimate"), "lowered")
start()
thing = block((1, 1, 1), (0, 0, 0))
thing.modifiers.new("smooth", "SUBSURF").render_levels = 8
thing.modifiers.new("flat", "DECIMATE").ratio = 0.1
bpy.ops.wm.save_as_mainfile(filepath=str(out / "flat.blend"))
report("flat.blend", AssetPolicy(max_polygons=24_000, too_many="decimate"), "lowered, then within")
""")


def test_too_many_polygons_are_refused_or_thinned_out_the_same_each_time(heavy: dict[str, dict[str, Any]]) -> None:
    ball = heavy["ball.blend"]
    assert ball["triangles"] == 20 * 4**5 + 12
    for name in ("refused ball.blend", "refused ball.ply"):
        assert "more than the 5,000 of --max-polygons" in heavy[name]["error"]
        assert "--too-many decimate" in heavy[name]["error"]
    thinned = heavy["thinned 0"]
    assert 4900 < thinned["triangles"] <= 5000
    assert thinned["adapted"] == {"max_polygons": 5000}
    assert thinned["notes"] == [f"thinned out from 20,492 to {thinned['triangles']:,} triangles"]
    assert thinned["size"] == pytest.approx(ball["size"], abs=2e-3)
    assert set(thinned["colours"]) == set(ball["colours"])
    assert heavy["digest 0"] == heavy["digest 1"]
    assert heavy["within"]["adapted"] == {}


def test_subdivision_is_held_back_before_it_fills_the_memory(heavy: dict[str, dict[str, Any]]) -> None:
    assert "more than the 2,000,000 of --max-polygons" in heavy["smooth.blend"]["error"]
    assert heavy["lowered"]["triangles"] <= 20_000
    assert heavy["lowered"]["notes"][0] == "its subdivision was lowered"
    assert heavy["lowered, then within"]["adapted"] == {"max_polygons": 24_000}


def test_pictures_do_not_depend_on_size_and_place(tmp_path: Path) -> None:
    code = """
import hashlib

from mathutils import Matrix, Vector

from render.blender.picture import engine
from render.blender.stage import framing


def picture(name):
    report(name)
    camera = framing.add_camera()
    engine.set_up(size=64, samples=4, seed=0, device="cpu", denoise=False, threads=1)
    sun = bpy.data.objects.new("sun", bpy.data.lights.new("sun", "SUN"))
    bpy.context.scene.collection.objects.link(sun)
    sun.rotation_euler = (0.6, 0.3, 0.2)
    backward = Vector((1, -1.2, 0.7)).normalized()
    camera.matrix_world = Matrix.Translation(backward * 1.7) @ backward.to_track_quat("Z", "Y").to_matrix().to_4x4()
    bpy.context.scene.render.filepath = str(out / "picture.png")
    bpy.ops.render.render(write_still=True)
    image = bpy.data.images.load(str(out / "picture.png"), check_existing=False)
    return hashlib.sha256(repr(image.pixels[:]).encode()).hexdigest()


digests = []
for scale, shift in ((1.0, 0.0), (1e-6, 0.0), (1e6, 0.0), (1.0, 1e5)):
    start()
    gnome(scale)
    root = bpy.data.objects.new("root", None)
    bpy.context.scene.collection.objects.link(root)
    for thing in list(bpy.data.objects):
        if thing is not root:
            thing.parent = root
    root.location = (shift, -shift, shift)
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "gnome.blend"))
    digests.append(picture("gnome.blend"))
print("RESULT", json.dumps(["digests", digests]))
"""
    digests = results_of(code, tmp_path)["digests"]
    assert len(digests) == 4
    assert len(set(digests)) == 1
