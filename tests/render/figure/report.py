"""Runs inside Blender: builds the doll, poses it, and writes what it found as JSON to the path given."""

import json
import math
import sys
from pathlib import Path

sys.path.insert(0, ".")
import bpy
from mathutils import Vector

from cat_dataset.errors import CatError
from cat_dataset.people import Turn
from render.blender.figure.build import build, clear
from tests.render.figure.doll import LIMB, doll

out = Path(sys.argv[-1])
KINDS = ("objects", "meshes", "armatures", "materials", "node_groups", "hair_curves", "shape_keys", "collections")
report = {"places": {}, "faces": [], "turns": [], "refused": {}, "blocks": {}}


def count(name):
    report["blocks"][name] = {kind: len(getattr(bpy.data, kind)) for kind in KINDS}


def places(name):
    report["places"][name] = {landmark: list(place) for landmark, place in figure.places().items()}


def rest_attribute(name):
    """The evaluated skin's attribute that patterns are laid by."""
    thing = figure.objects["skin"].evaluated_get(bpy.context.evaluated_depsgraph_get())
    report[name] = [list(one.vector) for one in thing.data.attributes["rest"].data]


def face(name, units):
    figure.set_face(units)
    report["faces"].append([units, figure.face_units()])
    places(name)


def pose(*turns):
    figure.set_turns(turns)
    asked = [turn.degrees for turn in turns]
    report["turns"].append([asked, [figure.turn(turn.joint, turn.axis) for turn in turns]])


def facing():
    graph = bpy.context.evaluated_depsgraph_get()
    bone = figure.armature.evaluated_get(graph).pose.bones["head"]
    return list((bone.matrix @ bone.bone.matrix_local.inverted()).to_3x3() @ Vector((0, -1, 0)))


def refused(name, attempt, *arguments):
    try:
        attempt(*arguments)
    except (CatError, KeyError) as error:
        report["refused"][name] = str(error)


bpy.ops.wm.read_factory_settings(use_empty=True)
count("cleared")
build(doll())
count("first")
figure = build(doll())
count("second")
places("rest")
rest_attribute("laid")
face("jaw", {"jawOpen": 0.25})
for value in (0.25, 0.5, 1.0, -0.5):
    face(f"blink {value}", {"eyeBlinkLeft": value})
face("gaze", {"eyeLookOutLeft": 0.3, "eyeLookUpLeft": 0.7})
face("both", {"eyeLookInRight": 1.0, "eyeLookInLeft": 0.2, "jawOpen": 0.5})
refused("unit", figure.set_face, {"tongueOut": 1.0})
refused("joint", figure.set_turns, [Turn("neither", "x", 1.0)])
figure.set_face({})

pose(Turn("neck", "z", 16.0), Turn("head", "z", 24.0))
report["facing"] = facing()
rest_attribute("laid when turned")
pose(Turn("spine", "x", 30.0), Turn("head", "z", 24.0))
report["bowed"] = facing()
pose(
    Turn("neck", "z", 16.0), Turn("neck", "x", -10.0), Turn("neck", "y", 7.0), Turn("upper_arm_left", "y", -55.0), Turn("spine", "z", 35.0)
)
ahead = math.degrees(math.acos(-LIMB[1] / math.hypot(*LIMB)))
pose(Turn("forearm_left", "front", ahead), Turn("forearm_right", "front", ahead))
places(f"swung by {ahead:.6f}")

hairless = doll()
hairless.part("brows").look.clear()
refused("look", build, hairless)
blind = doll()
blind.part("eye_left").look.pop("radius")
refused("eye", build, blind)
clear()
count("after")
report["blocks"]["cleared"] = {kind: report["blocks"]["after"][kind] - report["blocks"]["cleared"][kind] for kind in KINDS}
out.write_text(json.dumps(report), encoding="utf-8")
