"""One folder's camera: what it sees, the numbers its sensor reads, and the tags and the truth of every frame."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from capture.colour_temperature import ColourProfile
from capture.simulate.displacement import Displacement
from capture.simulate.dng import DngTags, dng_parts
from capture.simulate.hdr_scene import Floats, Source
from capture.simulate.optics import Lens
from capture.simulate.press import Press, Shoot
from capture.simulate.scene import METERED, Look, Room, Scene
from capture.simulate.sensor import COLOUR_MATRIX, Sensor, camera_rgb, fixed_pattern, hot_pixels, mosaic
from capture.simulate.sweep import DAYLIGHT, LIGHT_SOURCES, Settings
from capture.simulate.trap_tables import number

FOCUS = 3.0
"""Metres that EXIF says where everything is sharp."""
SERIAL = "CS100000001"
START = datetime.datetime(2026, 1, 2, 3, 0, 0)
"""When the first frame of a folder is taken; EXIF times have no zone."""


@dataclass(frozen=True)
class Take:
    """One series to photograph: ``chosen`` settings of a scene, starting ``start`` seconds after the folder's first frame.

    ``environment`` loads the scene's source; a finished ``picture`` is photographed instead where given.
    """

    shoot: Shoot
    environment: Callable[[Source], Floats]
    vary: str
    chosen: Sequence[Settings]
    start: float = 0.0
    picture: Scene | None = None


@dataclass(frozen=True)
class Rig:
    """The camera and how it is used, the same for all frames of a folder.

    ``depth_of_field`` gives each layer the thin lens's circle of confusion; ``balance`` is ``manual``, ``auto`` or ``preset``;
    ``helper`` writes the names of scene and environment into ImageDescription.
    """

    size: tuple[int, int]
    sensor: Sensor = field(default_factory=Sensor)
    chart: bool = False
    depth_of_field: bool = False
    diffraction: bool = False
    distance_scale: float = 1.0
    balance: str = "manual"
    helper: bool = True
    compressed: bool = True


class Camera:
    """Photographs the presses of one folder. What the last frame saw is kept, as neighbours mostly see the same."""

    def __init__(self, takes: Sequence[Take], owner: list[int], presses: Sequence[Press], rig: Rig) -> None:
        self.takes, self.owner, self.presses, self.rig = takes, owner, presses, rig
        self.profile = ColourProfile(COLOUR_MATRIX)
        self._rooms: dict[Shoot, Room] = {}
        self._colours: tuple[object, Floats] | None = None
        self._samples: tuple[object, Floats] | None = None
        self._numbers: tuple[object, NDArray[np.uint16]] | None = None
        self._constants: dict[int, float] = {}

    def file(self, press: Press) -> bytes:
        """The DNG of a press, damaged if so ordered."""
        numbers = self.numbers(press)
        black = press.strip == "black"
        head, strip = dng_parts(numbers * (not black), self.tags(press), compressed=self.rig.compressed and not black)
        if press.strip == "dead":
            strip = bytes(len(strip))
        data = head + strip
        if press.cut is None:
            return data
        return data[: round(len(data) * press.cut)] if press.cut else head

    def numbers(self, press: Press) -> NDArray[np.uint16]:
        """The mosaic (height, width)."""
        if press.repeats is not None:
            return self.numbers(self.presses[press.repeats])
        take = self.takes[self.owner[press.index]]
        balance_only = len({(one.iso, one.f_number, one.shutter, one.focus, one.focal_length) for one in take.chosen}) == 1
        key = (self.owner[press.index], self._key(press), replace(press.done, kelvin=0), press.light, press.banding, press.body, press.dark)
        if balance_only and self._numbers and self._numbers[0] == key:
            return self._numbers[1]
        rig, sensor = self.rig, self.rig.sensor
        rng = np.random.Generator(np.random.Philox(key=[press.shoot.seed + 1, (number(press.shoot.name) << 12) + press.index]))
        exposure = 0.0 if press.dark else self._constant(self.owner[press.index]) * press.done.light * press.light
        electrons = sensor.electrons(self.samples(press), exposure)
        if sensor.hot_share:
            electrons += hot_pixels(rig.size[1], rig.size[0], sensor.hot_share, press.body) * np.float32(press.done.shutter)
        if press.banding:
            electrons *= press.banding.rows(float(press.done.shutter), rig.size[1])[:, None]
        pattern = fixed_pattern(rig.size[1], rig.size[0], sensor.non_uniformity, press.body)
        found = sensor.read(electrons, press.done.iso, rng, pattern)
        self._numbers = (key, found)
        return found

    def samples(self, press: Press) -> Floats:
        """Relative camera response (height, width) behind the Bayer filter."""
        key = self._key(press)
        if self._samples is None or self._samples[0] != key:
            self._samples = (key, mosaic(self._light(press, self._look(press))))
        return self._samples[1]

    def _light(self, press: Press, how: Look) -> Floats:
        """Camera response (height, width, 3). Shared: do not write to it."""
        if self._colours is None or self._colours[0] != (press.shoot, how):
            self._colours = ((press.shoot, how), camera_rgb(self._room(press.shoot, press).seen(how)))
        return self._colours[1]

    def _key(self, press: Press) -> object:
        return press.shoot, self._look(press)

    def _look(self, press: Press) -> Look:
        room = self._room(press.shoot, press)
        focal, focus = self._lengths(press, press.done)
        displaced = press.displaced
        if focal != room.focal_length_mm:
            displaced = Displacement(scale=focal / room.focal_length_mm).then(displaced)
        lens = Lens(focal, float(press.done.f_number), focus, self.rig.size[0], self.rig.diffraction) if self.rig.depth_of_field else None
        return Look(displaced, press.flash, press.fog, press.mover, lens)

    def _room(self, shoot: Shoot, press: Press) -> Scene:
        take = self.takes[self.owner[press.index]]
        if take.picture:
            return take.picture
        if shoot not in self._rooms:
            while len(self._rooms) > 1:  # a series and its stray frame
                del self._rooms[next(iter(self._rooms))]
            self._rooms[shoot] = Room(shoot, take.environment(shoot.source), self.rig.size, self.rig.distance_scale, self.rig.chart)
        return self._rooms[shoot]

    def _own_room(self, press: Press) -> Scene:
        """The room of the series a press belongs to, whatever it shows: a stray frame is taken with the same lens."""
        return self._room(self.takes[self.owner[press.index]].shoot, press)

    def _constant(self, at: int) -> float:
        if at not in self._constants:
            take = self.takes[at]
            plain = Press(self.owner.index(at), take.shoot, take.vary, take.chosen[0], take.chosen[0], 0.0)
            self._constants[at] = metered((self._light(plain, Look()) * self.profile.multipliers(DAYLIGHT)).max(axis=-1), take.chosen)
        return self._constants[at]

    def truth(self, press: Press) -> dict[str, Any]:
        """What was done, what is claimed and what is wrong with a frame, as JSON values."""
        exposed = press
        while exposed.repeats is not None:
            exposed = self.presses[exposed.repeats]
        owner = self.owner[press.index]
        return {
            "file": press.file, "series": owner, "scene": self.takes[owner].shoot.name, "varies": press.vary,
            "done": self._plain(press, exposed.done), "claimed": self._plain(press, press.claimed),
            "traps": [dict(one) for one in press.spoilt],
        }  # fmt: skip

    def _plain(self, press: Press, settings: Settings) -> dict[str, float]:
        values = {name: float(getattr(settings, name)) for name in ("iso", "f_number", "shutter", "kelvin", "compensation")}
        focal, focus = self._lengths(press, settings)
        return {**values, "focal_length_mm": round(focal, 1), "focus_distance_m": round(focus, 3)}

    def _lengths(self, press: Press, settings: Settings) -> tuple[float, float]:
        """Focal length in mm and focus distance in metres: those set, else the scene's own."""
        own = self._own_room(press)
        focal = settings.focal_length if settings.focal_length is not None else own.focal_length_mm
        focus = settings.focus if settings.focus is not None else own.middle if self.rig.depth_of_field else FOCUS
        return focal, focus

    def tags(self, press: Press) -> DngTags:
        """What the file of a press says."""
        claimed, sensor = press.claimed, self.rig.sensor
        focal, focus = self._lengths(press, claimed)
        taken = START + datetime.timedelta(seconds=press.second + press.clock)
        preset = LIGHT_SOURCES.get(round(claimed.kelvin), 0) if self.rig.balance == "preset" else 0
        tags = DngTags(
            iso=claimed.iso, f_number=claimed.f_number, exposure_time=claimed.shutter, focal_length_mm=round(focal, 1),
            focus_distance_m=round(focus, 3), neutral=self.profile.neutral(claimed.kelvin), colour_matrix=COLOUR_MATRIX,
            black=sensor.black, white=sensor.white, noise=sensor.noise_profile(press.done.iso), taken=f"{taken:%Y:%m:%d %H:%M:%S}",
            subsecond="" if press.whole_seconds else f"{press.index % 100:02d}",
            description=f"scene={press.shoot.name}; hdri={press.shoot.source.name}" if self.rig.helper else "", serial=SERIAL,
            kelvin=claimed.kelvin if self.rig.balance == "manual" else None, light_source=preset,
            white_balance_manual=self.rig.balance != "auto", compensation=claimed.compensation,
            program=3 if press.vary == "compensation" else 1,
        )  # fmt: skip
        return replace(tags, **press.tags)


def metered(light: Floats, chosen: Sequence[Settings]) -> float:
    """Exposure per t/N² such that the series spreads around the middle of the scale and its ends are not mostly clipped."""
    bright = np.log2([one.brightness for one in chosen])
    middle = 2.0 ** float((bright.max() + bright.min()) / 2)
    target = min(0.3, 0.9 / 2.0 ** float((bright.max() - bright.min()) / 2))
    level = max(float(np.percentile(light, METERED)), 1e-9)
    return float(target / level / (middle / Sensor.base_iso))
