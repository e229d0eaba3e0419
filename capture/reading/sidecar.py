"""``scene.yaml`` beside the pictures: the photographer's word, which fills what no reader knows and overrules what they say.

object: car                       # what the pictures show
scene: garage_3                   # series that share it stay in one split
hdri: studio_small
kind: aperture                    # the attribute that varies
lens: Helios 44-2
f_numbers: [2, 2.8, 4, 5.6]       # in order of capture, for a lens that tells the camera nothing
frames:
  IMG_0003.CR2: {f_number: 4, shutter: 1/60, iso: 100, kelvin: 5200, focal_length: 58, focus_distance: 1.2, exposure: -1}
leave_out: [IMG_0009.CR2]
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

from capture.reading.merge import apart, merged
from capture.reading.shot import Reading, Shot
from capture.reading.statement import printable, statement
from cat_dataset.errors import InputError

NAME = "scene.yaml"
READER = "side-car"

_CAP = 1 << 20
_TEXTS = ("object", "scene", "hdri", "kind", "lens")
_KEYS = (*_TEXTS, "frames", "f_numbers", "leave_out")
_FRAME_KEYS = ("f_number", "iso", "shutter", "kelvin", "focal_length", "focus_distance", "exposure")
_LONGEST = 60
_LONGEST_INTEGER = 1000
"""Bits."""


@dataclass(frozen=True)
class SideCar:
    """A checked side-car. ``attribute`` is its ``kind``; ``frames`` maps file names to numbers, ``exposure`` in EV."""

    path: Path
    object: str | None = None
    scene: str | None = None
    hdri: str | None = None
    attribute: str | None = None
    lens: str | None = None
    frames: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    f_numbers: tuple[float, ...] = ()
    leave_out: frozenset[str] = frozenset()

    def apply(self, shots: Sequence[Shot]) -> list[Shot]:
        """``shots`` less those left out, with this side-car's values; what they overrule stands in ``others``.

        Raises:
            InputError: ``f_numbers`` are not as many as the shots.
        """
        kept = [shot for shot in shots if shot.path.name not in self.leave_out]
        by_order: dict[Path, float] = {}
        if self.f_numbers:
            if len(self.f_numbers) != len(kept):
                raise InputError(f"{self.path} lists {len(self.f_numbers)} f_numbers for {len(kept)} pictures; give one for each")
            ordered = sorted(kept, key=lambda shot: shot.order)
            by_order = {shot.path: number for shot, number in zip(ordered, self.f_numbers, strict=True)}
        return [self._applied(shot, by_order.get(shot.path)) for shot in kept]

    def _applied(self, shot: Shot, f_number: float | None) -> Shot:
        found = dict(self.frames.get(shot.path.name, {}))
        kelvin, exposure = found.pop("kelvin", None), found.pop("exposure", None)
        if f_number is not None:
            found.setdefault("f_number", f_number)
        if exposure is not None:
            found["compensation"] = exposure
        if found or self.lens:
            shot = merged(shot, (*shot.statements, statement(READER, found, {"lens": self.lens or ""})))
        if kelvin is None:
            return shot
        before = shot.kelvin
        others = {before.reader: before.value} if before is not None and apart("kelvin", kelvin, before.value) else {}
        return replace(shot, kelvin=Reading(kelvin, READER, others))


def read_side_car(folder: Path) -> SideCar | None:
    """The side-car of ``folder``; None when there is none.

    Raises:
        InputError: not a readable one: too large, no YAML, unknown keys or files, values that are none.
    """
    path = folder / NAME
    if not path.is_file():
        return None
    try:
        with open(path, "rb") as stream:
            data = stream.read(_CAP + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be opened ({error.strerror or error}); mend its permissions") from None
    if len(data) > _CAP:
        raise InputError(f"{path} has more than {_CAP >> 20} MiB; it is no side-car: remove it")
    try:
        found = yaml.load(data.decode("utf-8"), Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path} is not valid YAML ({' '.join(str(error).split())[:200]}); mend it") from None
    if found is None:
        return SideCar(path)
    top = _mapping(found, path, "the file")
    _known(top, _KEYS, path, "key")
    texts = {name: _text(top[name], path, name) for name in _TEXTS if top.get(name) is not None}
    names = {one.name for one in folder.iterdir()}
    return SideCar(
        path, object=texts.get("object"), scene=texts.get("scene"), hdri=texts.get("hdri"), attribute=texts.get("kind"),
        lens=texts.get("lens"), frames=_frames(top.get("frames") or {}, path, names),
        f_numbers=tuple(_number(value, path, "f_numbers", "f_number") for value in _list(top.get("f_numbers"), path, "f_numbers")),
        leave_out=frozenset(_known(_list(top.get("leave_out"), path, "leave_out"), names, path, "file")),
    )  # fmt: skip


class _Loader(yaml.SafeLoader):
    """The safe loader, which also refuses endless integers and a key given twice: YAML forbids it, PyYAML keeps the last silently."""

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        number = int(super().construct_yaml_int(node))
        if number.bit_length() > _LONGEST_INTEGER:  # a hexadecimal one can be longer than Python will print
            raise yaml.YAMLError("an integer has too many digits")
        return number

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise yaml.YAMLError(f"{twice[0]!r} is given twice")
        return super().construct_mapping(node, deep)


_Loader.add_constructor("tag:yaml.org,2002:int", _Loader.construct_yaml_int)


def _frames(found: Any, path: Path, names: set[str]) -> dict[str, dict[str, float]]:
    frames = _mapping(found, path, "frames")
    _known(frames, names, path, "file")
    done = {}
    for name, values in frames.items():
        settings = _mapping(values, path, f"frames: {name}")
        _known(settings, _FRAME_KEYS, path, f"key of {name}")
        done[name] = {key: _number(value, path, f"{name}: {key}", key) for key, value in settings.items()}
    return done


def _known(given: Iterable[Any], known: Iterable[str], path: Path, what: str) -> list[str]:
    """``given``, each of which must be one of ``known``."""
    sound, allowed = [], frozenset(known)
    for name in given:
        if not isinstance(name, str) or name not in allowed:
            every = sorted(allowed)
            shown = printable(str(name)) or "(empty)"
            near = difflib.get_close_matches(str(name)[:200], every, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(every[:10])}{' ...' if len(every) > 10 else ''}"
            raise InputError(f"{path}: there is no {what} {shown!r}; {hint}")
        sound.append(name)
    return sound


def _mapping(found: Any, path: Path, what: str) -> dict[Any, Any]:
    if not isinstance(found, dict):
        raise InputError(f"{path}: {what} must be a list of 'key: value' lines")
    return found


def _list(found: Any, path: Path, name: str) -> list[Any]:
    if found is None:
        return []
    if not isinstance(found, list):
        raise InputError(f"{path}: {name} must be a list, like [a, b]")
    return found


def _text(value: Any, path: Path, name: str) -> str:
    text = str(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else ""
    if not text.strip() or len(text) > _LONGEST or not text.isprintable():
        raise InputError(f"{path}: {name} must be 1 to {_LONGEST} printable characters")
    return text.strip()


def _number(value: Any, path: Path, where: str, name: str) -> float:
    """A number, or a fraction like 1/60; positive, except ``exposure``."""
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)) or len(str(value)) > 40:
            raise ValueError
        number = float(Fraction(value.replace(" ", ""))) if isinstance(value, str) else float(value)
        if not math.isfinite(number):
            raise ValueError
    except (ValueError, ZeroDivisionError, OverflowError):
        raise InputError(f"{path}: {where} is {printable(str(value)[:99])!r}, which is no number") from None
    low, high = (-20.0, 20.0) if name == "exposure" else (1e-7, 1e8)
    if not low <= number <= high:
        raise InputError(f"{path}: {where} is {number:g}; it must lie within {low:g} to {high:g}")
    return number
