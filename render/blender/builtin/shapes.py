"""A small modelling kit: coloured primitives gathered into one mesh object, with bmesh alone.

Lengths are arbitrary (objects are brought to unit size later); z is up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import bmesh
import bpy
from mathutils import Matrix, Vector

Point = tuple[float, float, float]
SHARP_ANGLE = math.radians(40)


class Shapes:
    """Collects primitives; `build` makes the object. Every primitive takes a paint made by `paint`."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.materials: list[Any] = []
        self._mesh = bmesh.new()

    def paint(self, red: float, green: float, blue: float, roughness: float = 0.45, metallic: float = 0.0, glow: float = 0.0) -> int:
        """A paint from linear RGB, as an index."""
        material = bpy.data.materials.new(f"{self.name} {len(self.materials)}")
        if material.node_tree is None:
            material.use_nodes = True
        shader = next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
        shader.inputs["Base Color"].default_value = (red, green, blue, 1.0)
        shader.inputs["Roughness"].default_value = roughness
        shader.inputs["Metallic"].default_value = metallic
        if glow:
            emission = "Emission Color" if "Emission Color" in shader.inputs else "Emission"
            shader.inputs[emission].default_value = (red, green, blue, 1.0)
            shader.inputs["Emission Strength"].default_value = glow
        self.materials.append(material)
        return len(self.materials) - 1

    def box(self, paint: int, centre: Point, size: Point, bevel: float = 0.0, turn: Matrix | None = None) -> None:
        """A box, its edges rounded by ``bevel``; ``turn`` rotates it about its centre."""
        part = bmesh.new()
        bmesh.ops.create_cube(part, size=1.0)
        bmesh.ops.scale(part, vec=size, verts=part.verts)
        if bevel:
            bmesh.ops.bevel(part, geom=part.edges[:], offset=bevel, segments=3, profile=0.5, affect="EDGES")
        self._add(part, paint, Matrix.Translation(centre) @ (turn.to_4x4() if turn else Matrix()))

    def prism(
        self, paint: int, outline: Sequence[tuple[float, float]], along: tuple[Point, Point], up: Point = (0, 0, 1), bevel: float = 0.0
    ) -> None:
        """An outline (sideways, up) drawn out from ``along[0]`` to ``along[1]``."""
        start, end = Vector(along[0]), Vector(along[1])
        forward = (end - start).normalized()
        side = Vector((0, 0, 1)).cross(forward).normalized()
        top = forward.cross(side)
        part = bmesh.new()
        rings = [[part.verts.new(base + side * x + top * y) for x, y in outline] for base in (start, end)]
        part.faces.new(rings[0])
        part.faces.new(rings[1])
        for here in range(len(outline)):
            there = (here + 1) % len(outline)
            part.faces.new((rings[0][here], rings[0][there], rings[1][there], rings[1][here]))
        bmesh.ops.recalc_face_normals(part, faces=part.faces)
        if bevel:
            bmesh.ops.bevel(part, geom=part.edges[:], offset=bevel, segments=3, profile=0.5, affect="EDGES")
        self._add(part, paint, Matrix())

    def lathe(self, paint: int, profile: Sequence[tuple[float, float]], centre: Point, axis: Point = (0, 0, 1), segments: int = 48) -> None:
        """A profile of (radius, height along ``axis``) points turned about ``axis`` through ``centre``."""
        part = bmesh.new()
        rings = []
        for radius, height in profile:
            count = 1 if radius == 0 else segments
            angles = [2 * math.pi * step / segments for step in range(count)]
            rings.append([part.verts.new((radius * math.cos(a), radius * math.sin(a), height)) for a in angles])
        for lower, upper in pairwise(rings):
            for here in range(segments):
                there = (here + 1) % segments
                corners = [lower[here % len(lower)], lower[there % len(lower)], upper[there % len(upper)], upper[here % len(upper)]]
                distinct = list(dict.fromkeys(corners))
                if len(distinct) > 2:
                    part.faces.new(distinct)
        bmesh.ops.recalc_face_normals(part, faces=part.faces)
        self._add(part, paint, Matrix.Translation(centre) @ Vector((0, 0, 1)).rotation_difference(Vector(axis)).to_matrix().to_4x4())

    def disc(self, paint: int, centre: Point, radius: float, thickness: float, axis: Point = (0, 0, 1), round_edge: float = 0.0) -> None:
        """A solid disc or cylinder centred at ``centre``."""
        half, inner = thickness / 2, radius - round_edge
        steps = [math.pi / 2 * step / 4 for step in range(5)] if round_edge else [0.0]
        low = [(inner + round_edge * math.sin(a), -half + round_edge * (1 - math.cos(a))) for a in steps]
        high = [(radius_, -height) for radius_, height in reversed(low)]
        self.lathe(paint, [(0.0, -half), *low, *high, (0.0, half)], centre, axis)

    def ball(self, paint: int, centre: Point, radius: float) -> None:
        """A sphere."""
        part = bmesh.new()
        bmesh.ops.create_icosphere(part, subdivisions=4, radius=radius)
        self._add(part, paint, Matrix.Translation(centre))

    def tube(self, paint: int, path: Sequence[Point], radius: float, segments: int = 16) -> None:
        """A round tube with rounded ends along ``path`` (a polyline: give it enough points to look smooth)."""
        points = [Vector(point) for point in path]
        part = bmesh.new()
        forward = [(points[min(i + 1, len(points) - 1)] - points[max(i - 1, 0)]).normalized() for i in range(len(points))]
        side = forward[0].orthogonal().normalized()
        rings = []
        for point, ahead in zip(points, forward, strict=True):
            side = (side - ahead * side.dot(ahead)).normalized()
            top = ahead.cross(side)
            angles = [2 * math.pi * step / segments for step in range(segments)]
            rings.append([part.verts.new(point + (side * math.cos(a) + top * math.sin(a)) * radius) for a in angles])
        for lower, upper in pairwise(rings):
            for here in range(segments):
                there = (here + 1) % segments
                part.faces.new((lower[here], lower[there], upper[there], upper[here]))
        for ring in (rings[0], rings[-1]):
            part.faces.new(ring)
        bmesh.ops.recalc_face_normals(part, faces=part.faces)
        self._add(part, paint, Matrix())
        for end in (path[0], path[-1]):
            self.ball(paint, end, radius)

    def build(self) -> Any:
        """Make the mesh object, link it to the scene and return it."""
        for edge in self._mesh.edges:
            edge.smooth = len(edge.link_faces) == 2 and edge.calc_face_angle(math.pi) < SHARP_ANGLE
        mesh = bpy.data.meshes.new(self.name)
        self._mesh.to_mesh(mesh)
        self._mesh.free()
        for material in self.materials:
            mesh.materials.append(material)
        if hasattr(mesh, "use_auto_smooth"):  # before 4.1 sharp edges count only with this
            mesh.use_auto_smooth = True
            mesh.auto_smooth_angle = math.pi
        result = bpy.data.objects.new(self.name, mesh)
        bpy.context.scene.collection.objects.link(result)
        return result

    def _add(self, part: Any, paint: int, place: Matrix) -> None:
        for face in part.faces:
            face.material_index = paint
            face.smooth = True
        part.transform(place)
        mesh = bpy.data.meshes.new("part")
        part.to_mesh(mesh)
        part.free()
        self._mesh.from_mesh(mesh)
        bpy.data.meshes.remove(mesh)


def arc(centre: Point, radius: float, start: float, end: float, across: Point, up: Point, steps: int = 24) -> list[Point]:
    """Points of an arc in the plane of the unit vectors ``across`` and ``up``; angles in degrees from ``across``."""
    middle, right, top = Vector(centre), Vector(across), Vector(up)
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    points = [middle + (right * math.cos(a) + top * math.sin(a)) * radius for a in angles]
    return [(p.x, p.y, p.z) for p in points]
