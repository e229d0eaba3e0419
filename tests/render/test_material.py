"""The material sweep: hue, roughness and metallic measured in pixels; every shader is found, set, read back and put back."""

from __future__ import annotations

import colorsys
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from cat_dataset.errors import UsageError
from cat_dataset.series import find_series, read_series
from render.blender import material
from tests.render.runs import error_lines, hashes, inside_blender, sweep

MAKE = """
import sys
from pathlib import Path

import bpy

out = Path(sys.argv[1])


def start():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def paint(thing, colour=(0.6, 0.2, 0.1), specular=None, texture=None, shader="BsdfPrincipled"):
    made = bpy.data.materials.new(shader)
    made.use_nodes = True
    tree = made.node_tree
    tree.nodes.clear()
    node, end = tree.nodes.new("ShaderNode" + shader), tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(node.outputs[0], end.inputs["Surface"])
    base = node.inputs["Base Color" if "Base Color" in node.inputs else "Color"]
    base.default_value = (*colour, 1)
    if specular is not None:
        node.inputs["Specular IOR Level" if "Specular IOR Level" in node.inputs else "Specular"].default_value = specular
    if texture is not None:
        image = bpy.data.images.new("texture", 8, 8)
        image.pixels = [value for index in range(64) for value in texture(index)]
        image.pack()
        source = tree.nodes.new("ShaderNodeTexImage")
        source.image = image
        tree.links.new(source.outputs["Color"], base)
    thing.data.materials.append(made)
    return made


def save(name):
    bpy.ops.wm.save_as_mainfile(filepath=str(out / (name + ".blend")))


start()
bpy.ops.mesh.primitive_plane_add()
paint(bpy.context.object, specular=0.0)
save("flat")

start()
bpy.ops.mesh.primitive_uv_sphere_add(segments=48, ring_count=24)
bpy.ops.object.shade_smooth()
paint(bpy.context.object, (0.8, 0.0, 0.0))
save("ball")

start()
bpy.ops.mesh.primitive_cube_add()
paint(bpy.context.object, (0.4, 0.4, 0.4), texture=lambda index: (index / 64, index / 64, index / 64, 1))
save("grey")
image = bpy.data.images["texture"]
image.pixels = [value for index in range(64) for value in (0.5, 0.5 - 0.4 * (index == 9), 0.5, 1)]
image.pack()
save("speck")

start()
bpy.ops.mesh.primitive_cube_add()
paint(bpy.context.object, shader="BsdfDiffuse")
save("diffuse")

start()
bpy.ops.mesh.primitive_cube_add()
paint(bpy.context.object, specular=0.0)
save("matt")

start()
white = bpy.data.images.new("white", 16, 8, float_buffer=True)
white.pixels = [1.0] * (16 * 8 * 4)
white.file_format, white.filepath_raw = "HDR", str(out / "white.hdr")
white.save()
"""


@pytest.fixture(scope="module")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("materials")
    inside_blender(MAKE, folder)
    return folder


def rendered(out: Path, *flags: object) -> list[tuple[dict[str, float], dict[str, float], Any]]:
    """Values, measured values and linear RGB pictures of the one series that material.py renders.

    Bpy writes other bytes of a .blend each time, so a viewpoint drawn for it is another each time, and `middle` of a plane
    seen from less than 18 degrees is not all plane: every series is seen from one side and height.
    """
    view = ["--elevations", 60, 60, "--azimuths", -70, -70]
    run = sweep("material", "--size", 48, "--views", 1, *view, "--threads", 1, *flags, "--out", out)
    assert run.returncode == 0, run.stderr
    (folder,) = find_series(out)
    return [(dict(frame.values), dict(frame.measured), linear(folder / frame.file)) for frame in read_series(folder).frames]


def linear(path: Path) -> Any:
    """A PNG's light, from the definition of sRGB."""
    shown = cv2.imread(str(path))[..., ::-1].astype(float) / 255
    return np.where(shown <= 0.04045, shown / 12.92, ((shown + 0.055) / 1.055) ** 2.4)


def middle(picture: Any) -> Any:
    return picture[20:28, 20:28].reshape(-1, 3).mean(axis=0)


def test_the_hue_of_a_flat_lit_surface_turns_by_the_degrees_asked_for(assets: Path, tmp_path: Path) -> None:
    flags = ["--vary", "hue", "--range", -180, 150, "--states", 7, "--samples", 16, "--asset", assets / "flat.blend"]
    frames = rendered(tmp_path, *flags, "--hdri", assets / "white.hdr")
    modelled = colorsys.rgb_to_hsv(0.6, 0.2, 0.1)
    for values, measured, picture in frames:
        asked = values["material_hue"]
        assert measured["material_hue"] == pytest.approx(asked, abs=1e-3)
        colour = middle(picture)
        hue, saturation, value = colorsys.rgb_to_hsv(*(colour / 0.55))  # the sky's luminance, see render.blender.stage.sky
        turn = (hue - modelled[0]) * 360 - asked
        assert abs((turn + 180) % 360 - 180) < 1, (asked, colour)
        assert (saturation, value) == pytest.approx(modelled[1:], abs=0.02)


def test_metal_keeps_its_colour_in_what_it_reflects(assets: Path, tmp_path: Path) -> None:
    """Under an even white sky a red plastic ball adds white to its red, a red metal one next to none."""
    flags = ["--vary", "metallic", "--states", 4, "--samples", 16, "--asset", assets / "ball.blend"]
    frames = rendered(tmp_path, *flags, "--hdri", assets / "white.hdr")
    assert [measured["material_metallic"] for _, measured, _ in frames] == pytest.approx([0, 100 / 3, 200 / 3, 100], abs=1e-3)
    green = [middle(picture)[1] for _, _, picture in frames]
    assert all(more > less for more, less in pairwise(green))
    assert green[-1] < 0.1 * green[0]


def test_rougher_is_blurrier(assets: Path, tmp_path: Path) -> None:
    flags = ["--vary", "roughness", "--states", 4, "--samples", 32, "--hold", "material_metallic", 100]
    frames = rendered(tmp_path, *flags, "--asset", assets / "ball.blend", "--hdri", "builtin:forest")
    red = [picture[12:36, 12:36, 0] for _, _, picture in frames]
    sharp = [np.abs(np.diff(one, axis=0)).mean() + np.abs(np.diff(one, axis=1)).mean() for one in red]
    assert all(more > less for more, less in pairwise(sharp)), sharp
    assert sharp[0] > 3 * sharp[-1]


@pytest.mark.parametrize(
    ("asset", "vary", "wanted"),
    [
        ("grey", "hue", "all base colours are grey"),
        ("speck", "hue", None),
        ("diffuse", "roughness", "the material BsdfDiffuse has no Principled BSDF"),
        ("matt", "roughness", "no material reflects"),
    ],
)
def test_a_label_without_a_visible_change_is_refused(assets: Path, tmp_path: Path, asset: str, vary: str, wanted: str | None) -> None:
    flags = ["--size", 16, "--samples", 1, "--views", 1, "--states", 2, "--hdri", "builtin:studio", "--threads", 1]
    run = sweep("material", *flags, "--vary", vary, "--asset", assets / f"{asset}.blend", "--out", tmp_path)
    if wanted is None:
        assert run.returncode == 0, run.stderr
        return
    assert run.returncode == 2
    (line,) = error_lines(run)
    assert line.startswith(str(assets / f"{asset}.blend"))
    assert wanted in line
    assert not list(tmp_path.iterdir())


DRIVE = """
import json
import sys

sys.path.insert(0, ".")
import bpy

from render.blender.assets.loading import load
from render.blender.dials.material import MaterialDial
from render.blender.stage.scene import Scene
from render.blender.sources import made_in_code
from render.blender.sweeping.spec import Sweep

scene = Scene.around(load(made_in_code("mug", 1)), 64)
teal, cream, orange, *_ = scene.subject.materials
image = bpy.data.images.new("texture", 4, 4)


def principled(tree):
    return next(node for node in tree.nodes if node.type == "BSDF_PRINCIPLED")


# teal: textured roughness and colour, a driver on metallic; one more shader that reaches no output
tree = teal.node_tree
texture = tree.nodes.new("ShaderNodeTexImage")
texture.image = image
for name in ("Base Color", "Roughness"):
    tree.links.new(texture.outputs["Color"], principled(tree).inputs[name])
principled(tree).inputs["Metallic"].driver_add("default_value").driver.expression = "0.25"
stray = tree.nodes.new("ShaderNodeBsdfPrincipled")
stray.name = "stray"

# cream: a group inside a group, mixed with a diffuse shader
inner, outer = (bpy.data.node_groups.new(name, "ShaderNodeTree") for name in ("inner", "outer"))
for group in (inner, outer):
    if hasattr(group, "interface"):
        group.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
    else:
        group.outputs.new("NodeSocketShader", "Shader")
    end = group.nodes.new("NodeGroupOutput")
    source = group.nodes.new("ShaderNodeBsdfPrincipled" if group == inner else "ShaderNodeGroup")
    if group == outer:
        source.node_tree = inner
    group.links.new(source.outputs[0], end.inputs[0])
tree = cream.node_tree
tree.nodes.remove(principled(tree))
use, mix, diffuse = (tree.nodes.new("ShaderNode" + kind) for kind in ("Group", "MixShader", "BsdfDiffuse"))
use.node_tree = outer
tree.links.new(use.outputs[0], mix.inputs[1])
tree.links.new(diffuse.outputs[0], mix.inputs[2])
tree.links.new(mix.outputs[0], tree.get_output_node("CYCLES").inputs["Surface"])

# orange: no Principled at all
tree = orange.node_tree
tree.nodes.remove(principled(tree))
glossy = tree.nodes.new("ShaderNodeBsdfAnisotropic" if bpy.app.version >= (4, 0) else "ShaderNodeBsdfGlossy")
tree.links.new(glossy.outputs[0], tree.get_output_node("CYCLES").inputs["Surface"])


def plain(value):
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def fingerprint():
    trees = [material.node_tree for material in scene.subject.materials] + [inner, outer]
    result = []
    for tree in trees:
        links = sorted(
            f"{link.from_node.name}.{link.from_socket.identifier}>{link.to_node.name}.{link.to_socket.identifier}" for link in tree.links
        )
        values = {
            f"{node.name}.{socket.identifier}": plain(socket.default_value)
            for node in tree.nodes
            for socket in node.inputs
            if hasattr(socket, "default_value")
        }
        drivers = [(one.data_path, one.mute) for one in (tree.animation_data.drivers if tree.animation_data else ())]
        result.append([[node.name for node in tree.nodes], links, values, drivers])
    return json.dumps(result)


before = fingerprint()
names = ("material_roughness", "material_metallic", "material_hue")
dial = MaterialDial(Sweep("test", names, (dict.fromkeys(names, 10.0), dict.fromkeys(names, 70.0))))
dial.meet(scene)
dial.enter(scene)
values = {"material_roughness": 70.0, "material_metallic": 30.0, "material_hue": -150.0}
dial.apply(scene, values)
result = {"read": dial.read_back(scene, values), "constants": dial.constants(scene), "stray": stray.inputs["Roughness"].default_value}
bpy.context.view_layer.update()
graph = bpy.context.evaluated_depsgraph_get()
result["inner"] = principled(inner.evaluated_get(graph)).inputs["Roughness"].default_value
result["driven"] = principled(teal.evaluated_get(graph).node_tree).inputs["Metallic"].default_value
result["hue fed by"] = principled(teal.node_tree).inputs["Base Color"].links[0].from_node.inputs["Color"].links[0].from_node.type
result["diffuse"] = plain(diffuse.inputs["Color"].default_value)
inner_shader = principled(inner)
inner_shader.inputs["Metallic"].default_value = 0.9
result["disturbed"] = dial.read_back(scene, values)["material_metallic"]
dial.leave(scene)
result["restored"] = fingerprint() == before
print("RESULT", json.dumps(result))
"""


def test_every_shader_that_shows_is_set_read_back_and_put_back() -> None:
    (line,) = [line for line in inside_blender(DRIVE).splitlines() if line.startswith("RESULT")]
    result = json.loads(line.removeprefix("RESULT"))
    assert result["read"] == pytest.approx({"material_roughness": 70, "material_metallic": 30, "material_hue": -150}, abs=1e-4)
    assert result["inner"] == pytest.approx(0.7)
    assert result["driven"] == pytest.approx(0.3)
    assert result["stray"] == pytest.approx(0.5)
    assert result["hue fed by"] == "TEX_IMAGE"
    assert result["diffuse"][:3] == pytest.approx([0.8] * 3)
    assert result["disturbed"] == pytest.approx(90)  # the shader that is farthest off
    assert result["restored"]
    assert len(result["constants"]["materials_as_modelled"]) == 1
    assert "HSV" in result["constants"]["hue_rule"]


IN_ONE_SESSION = """
import sys

sys.path.insert(0, ".")
import bpy

from cat_dataset.interrupt import GentleInterrupt
from render.blender import material, rotate
from render.blender.sweeping.session import Session

session = Session(GentleInterrupt())
order, *flags = sys.argv[1:]
plans = [(material, ["--vary", "hue"]), (material, ["--vary", "metallic", "roughness"]), (rotate, [])]
for module, extra in plans if order == "forward" else plans[::-1]:
    parsed = module.parser().parse_args([*flags, *extra])
    session.render(module.sweep_of(parsed), parsed)
"""


def test_a_series_has_the_same_bytes_whatever_its_session_did_before(tmp_path: Path) -> None:
    """In either order: the first has a fresh process, and none has the same ones before it in both."""
    flags = [
        "--size",
        64,
        "--samples",
        2,
        "--views",
        1,
        "--states",
        3,
        "--hdri",
        "builtin:studio",
        "--threads",
        1,
        "--asset",
        "builtin:lamp",
    ]
    for order in ("forward", "backward"):
        inside_blender(IN_ONE_SESSION, order, *flags, "--out", tmp_path / order)
    forward = hashes(tmp_path / "forward")
    assert len(forward) == 12
    assert forward == hashes(tmp_path / "backward")


def test_percentages_end_at_0_and_100() -> None:
    with pytest.raises(UsageError, match="must have two ends inside 0 to 100 percent"):
        material.sweep_of(material.parser().parse_args(["--range", "0", "120"]))
