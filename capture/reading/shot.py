"""A camera file as its metadata describe it. What no reader knows is None, never a default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from capture.colour_temperature import ColourProfile
from capture.reading.formats import Kind

Gains = tuple[float, float, float]
"""White-balance gains R, G, B with G = 1."""


@dataclass(frozen=True)
class Reading:
    """A value, the reader that gave it, and what other readers say where they disagree.

    Readers are ``exif`` (ExifRead), ``libraw``, ``exiftool``, ``exiv2``, ``side-car`` (scene.yaml) and ``computed``.
    """

    value: float
    reader: str
    others: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Statement:
    """What one reader says of a file; what it does not know is absent.

    ``numbers``: iso, f_number, shutter, compensation, focal_length, focus_distance, camera_kelvin (units as in `Shot`),
    seconds, orientation, flash (1 fired), automatic_white_balance (1 automatic). ``texts``: make, model, serial (a hash),
    lens, white_balance_mode.
    """

    reader: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Shot:
    """One camera file. Sizes are those of the pixels as stored, before ``orientation`` (EXIF 1 to 8) is applied.

    ``shutter`` in seconds, ``compensation`` in EV, ``focal_length`` in mm, ``focus_distance`` in metres. ``camera_kelvin``
    is the camera's own statement, not to be trusted under automatic white balance; ``kelvin`` and ``duv`` are computed from
    the multipliers ``gains``. ``camera`` holds make, model and a short hash of the serial number. ``seconds`` is the time
    of capture since 1970 without a time zone, with its fraction where the file states one.
    """

    path: Path
    kind: Kind
    width: int
    height: int
    camera: str
    sha256: str = ""
    iso: Reading | None = None
    f_number: Reading | None = None
    shutter: Reading | None = None
    compensation: Reading | None = None
    focal_length: Reading | None = None
    focus_distance: Reading | None = None
    camera_kelvin: Reading | None = None
    kelvin: Reading | None = None
    duv: Reading | None = None
    gains: Gains | None = None
    gains_stated: bool = True
    """False where the file records no as-shot white balance and ``gains`` are LibRaw's daylight for the body."""
    profile: ColourProfile | None = field(default=None, compare=False)
    automatic_white_balance: bool | None = None
    white_balance_mode: str = ""
    flash: bool | None = None
    saturation: int | None = None
    orientation: int = 1
    lens: str = ""
    seconds: float | None = None
    scene: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    statements: tuple[Statement, ...] = ()
    """What each reader said: the values above are merged from these (`capture.reading.merge`)."""

    @property
    def raw(self) -> bool:
        """Whether the pixels are the sensor's own numbers."""
        return self.kind is Kind.RAW

    @property
    def order(self) -> tuple[float, str]:
        """Sorts shots by time of capture, then by name; those without a time come last."""
        return (float("inf") if self.seconds is None else self.seconds, self.path.name)
