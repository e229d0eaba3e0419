"""The attribute registry: the one place for everything about attributes.

Renderers, the ingest, the trainer, the editing command and the documentation all read it. A task id is permanent: it is
never re-used, and both signs of an edit share it. A vector is one attribute per axis, because two numeric tokens that
share a task id are an unordered set to the model.

Axes of rotation and translation are those of the level view frame: z is the scene's vertical, y points horizontally
away from the camera, x horizontally to the viewer's right. Positive rotations follow the right-hand rule.
Standard library only: also used inside Blender and Unreal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from difflib import get_close_matches

from cat_dataset.errors import AttributeLookupError, UsageError
from cat_dataset.people import DIALS, POINTS, PersonDial
from cat_dataset.scales import ANGLE, DIOPTRE, F_STOPS, LINEAR, MIRED, STOPS, Scale


@dataclass(frozen=True)
class Attribute:
    """One thing about a picture that can change by a known amount.

    ``span`` is the change, in the scale's unit, that `encode` maps to 1.0; ``plain_span`` the same for the paper's plain
    difference of natural values. ``low`` and ``high`` bound the natural value. Templates are written in the grammar of
    `cat_dataset.instructions`; the first one is canonical.
    """

    name: str
    task: int
    unit: str
    symbol: str
    level: str
    scale: Scale
    span: float
    low: float
    high: float
    noun: str
    templates: tuple[str, ...] = field(repr=False)
    plain_span: float = 0.0
    mirror: int = 1
    """What mirroring a picture left to right does to a value: 1 nothing, -1 negates it, 0 nobody may mirror it."""

    def check(self, value: float) -> float:
        """``value`` as a float.

        Raises:
            UsageError: not a finite number inside [low, high].
        """
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
            raise UsageError(f"{self.name} must be a finite number, not {value!r}")
        if not self.low <= value <= self.high:
            raise UsageError(f"{self.name} = {value:g} is outside its range {self.low:g} to {self.high:g} {self.unit}")
        return float(value)

    def delta(self, source: float, target: float) -> float:
        """Change from ``source`` to ``target`` in the natural unit; angles go the short way round."""
        return self.scale.wrap(target - source)

    def apply(self, source: float, delta: float) -> float:
        """The natural value that lies ``delta`` (natural unit) from ``source``."""
        return source + delta

    def encode(self, source: float, target: float, *, plain: bool = False) -> float:
        """What the model sees: the change in the scale's unit over ``span``.

        ``plain`` gives the paper's choice instead, the difference of natural values (over ``plain_span``).
        """
        if plain:
            return self.delta(source, target) / (self.plain_span or self.span)
        return self.scale.difference(source, target) / self.span

    def place(self, value: float) -> float:
        """Where ``value`` lies on the attribute's scale, in spans: what the model sees of an absolute value."""
        return self.scale.forward(value) / self.span

    def decode(self, source: float, encoded: float) -> float:
        """The natural value that `encode` maps to ``encoded`` from ``source``.

        Raises:
            UsageError: no such value exists (a step past infinite kelvin or metres).
        """
        coordinate = self.scale.forward(source) + encoded * self.span
        if self.scale in (MIRED, DIOPTRE) and coordinate >= 0:
            raise UsageError(
                f"{self.name}: {self.spell(source)} cannot rise by {encoded * self.span:g} {self.scale.unit}s; ask for a smaller change"
            )
        return self.scale.inverse(coordinate)

    def spell(self, value: float) -> str:
        """A value as a caption, rounded: ``ISO 400``, ``f/5.6``, ``5600 K``, ``-30°``."""
        number = f"{round(value, 0 if self.symbol == 'K' else 2):g}"
        before = {"ISO": "ISO ", "f/": "f/", "gamma": "gamma "}.get(self.symbol)
        if before:
            return before + number
        return f"{number}{'' if self.symbol == '°' else ' '}{self.symbol}".strip()

    def spell_delta(self, delta: float, *, relative: bool = False) -> str:
        """A change as a caption, rounded: ``+2 EV``, ``-30°``; ``relative`` says that it is in the scale's unit."""
        if relative:
            return f"{round(delta, 2):+g} {self.scale.unit}" + ("" if abs(delta) == 1 else "s")
        return f"{round(delta, 2):+g}{'' if self.symbol == '°' else ' '}{self.symbol.rstrip('/')}".strip()

    @property
    def may_crop(self) -> bool:
        """Whether a part of the picture shows the same change as all of it; a cut changes what moves or turns in the frame."""
        return self.level == "low"

    @property
    def needs_source(self) -> bool:
        """Whether a change in the natural unit means something only together with the source value."""
        return self.scale not in (LINEAR, ANGLE)


def _rotation(axis: str, task: int, about: str, mirror: int) -> Attribute:
    return Attribute(
        f"rotation_{axis}", task, "degree", "°", "high", ANGLE, 180.0, -360.0, 360.0, f"rotation about the {about} axis",
        (
            f"Rotate the {{object}} by {{signed}} degrees about the {about} axis",
            f"Turn the {{object}} by {{signed}} degrees about the {about} axis",
        ), mirror=mirror,
    )  # fmt: skip


def _translation(axis: str, task: int, positive: str, negative: str) -> Attribute:
    return Attribute(
        f"translation_{axis}", task, "centimetre", "cm", "high", LINEAR, 100.0, -10000.0, 10000.0,
        f"position along the {axis} axis",
        (
            f"Move the {{object}} by {{amount}} centimetres [{positive}|{negative}]",
            f"Shift the {{object}} by {{amount}} centimetres [{positive}|{negative}]",
        ), mirror=-1 if axis == "x" else 1,
    )  # fmt: skip


def _share(name: str, task: int, noun: str) -> Attribute:
    """A property of the object's surface, in percent."""
    return Attribute(
        name, task, "percent", "%", "high", LINEAR, 100.0, 0.0, 100.0, noun,
        (f"[Increase|Decrease] the {noun} of the {{object}} by {{amount}} percent",),
    )  # fmt: skip


def _person(dial: PersonDial) -> Attribute:
    """An expression or pose dial: 0 is neutral, ±10 the full target on either side."""
    return Attribute(
        dial.name, dial.task, "point", "", "high", LINEAR, POINTS, -POINTS if dial.negative else 0.0, POINTS, dial.noun,
        dial.templates, mirror=dial.mirror,
    )  # fmt: skip


_MEMBERS = (
    Attribute("iso", 1, "ISO", "ISO", "low", STOPS, 6.0, 1.0, 10_000_000.0, "ISO",
              ("[Increase|Decrease] the ISO by {amount}", "[Increase|Decrease] the ISO by {stops} stops",
               "[Raise|Lower] the ISO by {amount}"), 6400.0),
    Attribute("aperture", 2, "f-number", "f/", "low", F_STOPS, 6.0, 0.5, 128.0, "f-number",
              ("[Increase|Decrease] the f-number by {amount}", "[Increase|Decrease] the f-number by {stops} stops"), 16.0),
    Attribute("white_balance", 3, "kelvin", "K", "low", MIRED, 200.0, 1000.0, 40000.0, "white balance",
              ("[Increase|Decrease] the white balance by {amount} kelvins",
               "[Increase|Decrease] the white balance by {stops} mireds"), 5000.0),
    Attribute("exposure", 4, "EV", "EV", "low", LINEAR, 4.0, -40.0, 40.0, "exposure",
              ("[Increase|Decrease] the exposure by {amount} EV", "[Increase|Decrease] the exposure by {amount} stops",
               "[Brighten|Darken] the picture by {amount} stops")),
    Attribute("gamma", 5, "gamma", "gamma", "low", STOPS, 1.0, 0.05, 20.0, "gamma",
              ("[Increase|Decrease] the gamma by {amount}", "[Increase|Decrease] the gamma by {stops} octaves"), 2.0),
    Attribute("hue", 6, "degree", "°", "low", ANGLE, 180.0, -360.0, 360.0, "hue",
              ("Shift the hue by {signed} degrees", "Turn the hue by {signed} degrees")),
    Attribute("saturation", 7, "percent", "%", "low", LINEAR, 100.0, 0.0, 1000.0, "saturation",
              ("[Increase|Decrease] the saturation by {amount} percent",)),
    _rotation("x", 8, "left-right", 1),
    _rotation("y", 9, "front-back", -1),
    _rotation("z", 10, "vertical", -1),
    _translation("x", 11, "to the right", "to the left"),
    _translation("y", 12, "away from the camera", "towards the camera"),
    _translation("z", 13, "upwards", "downwards"),
    Attribute("light_intensity", 14, "lumen", "lm", "high", STOPS, 6.0, 1e-6, 1e9, "light intensity",
              ("[Increase|Decrease] the light intensity by {amount} lumens",
               "[Increase|Decrease] the light intensity by {stops} stops"), 5000.0),
    Attribute("light_temperature", 15, "kelvin", "K", "high", MIRED, 200.0, 1000.0, 40000.0, "light temperature",
              ("[Increase|Decrease] the light temperature by {amount} kelvins",
               "[Increase|Decrease] the light temperature by {stops} mireds"), 5000.0),
    Attribute("focal_length", 16, "millimetre", "mm", "high", STOPS, 3.0, 1.0, 5000.0, "focal length",
              ("[Increase|Decrease] the focal length by {amount} millimetres",
               "[Increase|Decrease] the focal length by {stops} octaves"), 100.0),
    Attribute("focus_distance", 17, "metre", "m", "low", DIOPTRE, 2.0, 0.01, 100_000.0, "focus distance",
              ("[Increase|Decrease] the focus distance by {amount} metres",
               "[Increase|Decrease] the focus distance by {stops} dioptres"), 2.0),
    Attribute("orbit_azimuth", 18, "degree", "°", "high", ANGLE, 180.0, -360.0, 360.0, "camera orbit",
              ("Orbit the camera by {amount} degrees [to the right|to the left]",), mirror=-1),
    Attribute("orbit_elevation", 19, "degree", "°", "high", LINEAR, 90.0, -90.0, 90.0, "camera elevation",
              ("[Raise|Lower] the camera by {amount} degrees of elevation",)),
    Attribute("environment_strength", 20, "EV", "EV", "high", LINEAR, 4.0, -40.0, 40.0, "environment light",
              ("[Increase|Decrease] the environment light by {amount} EV",
               "[Increase|Decrease] the environment light by {amount} stops")),
    Attribute("environment_rotation", 21, "degree", "°", "high", ANGLE, 180.0, -360.0, 360.0, "rotation of the environment",
              ("Turn the environment by {signed} degrees",), mirror=-1),
    _share("material_roughness", 22, "roughness"),
    _share("material_metallic", 23, "metallicness"),
    Attribute("material_hue", 24, "degree", "°", "high", ANGLE, 180.0, -360.0, 360.0, "hue of the object's colour",
              ("Shift the hue of the {object} by {signed} degrees",)),
    Attribute("deformation", 25, "point", "", "high", LINEAR, 10.0, -10.0, 10.0, "deformation",
              ("[Increase|Decrease] the deformation of the {object} by {amount} points",), mirror=0),
    Attribute("contrast", 26, "percent", "%", "low", LINEAR, 100.0, 0.0, 1000.0, "contrast",
              ("[Increase|Decrease] the contrast by {amount} percent",)),
    *(_person(dial) for dial in DIALS),
)  # fmt: skip

ATTRIBUTES: dict[str, Attribute] = {a.name: a for a in _MEMBERS}
"""Every attribute by name, in the order of the task ids."""

TASKS: dict[int, Attribute] = {a.task: a for a in _MEMBERS}
"""Every attribute by task id."""

TASK_LIMIT = 128
"""Task ids are below this: the size of the model's task embedding."""


def attribute(name: str) -> Attribute:
    """The attribute called ``name``.

    Raises:
        AttributeLookupError: no such attribute; names the nearest ones.
    """
    found = ATTRIBUTES.get(name)
    if found is None:
        near = get_close_matches(name, ATTRIBUTES, n=3, cutoff=0.5) or list(ATTRIBUTES)
        raise AttributeLookupError(f"unknown attribute {name!r}; known ones are like {', '.join(near)} (see docs/attributes.md)")
    return found


def registry_as_used() -> list[dict[str, object]]:
    """The registry as plain JSON values, for a manifest to keep beside the numbers it explains."""
    return [
        {
            "name": a.name, "task": a.task, "unit": a.unit, "level": a.level, "scale": a.scale.name,
            "span": a.span, "low": a.low, "high": a.high, "mirror": a.mirror,
        }
        for a in _MEMBERS
    ]  # fmt: skip
