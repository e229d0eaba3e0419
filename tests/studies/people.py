"""``python -m tests.studies.people --series S --characters C --write docs/people.md``: the free people, proved and shown.

The series are those of render.blender.people, one attribute each. Four things are measured:

- **landmarks**: the measure of the attribute from the evaluated mesh (`render.blender.figure.measures`) grows from state to state;
- **pixels**: the mean difference of a frame from the series' lowest state grows from state to state;
- **region**: of all squared differences between two states' pictures, the share that lies near the landmarks of the region
  that the table of people names (`NEAR`), seen through the camera that the series records;
- **faces**: OpenCV's own frontal-face cascade (Viola and Jones) finds a face in the neutral portraits.
"""

from __future__ import annotations

import argparse
import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cat_dataset.attributes import attribute
from cat_dataset.command import reported
from cat_dataset.errors import InputError
from cat_dataset.files import write_bytes
from cat_dataset.images import Rgb, decode_rgb, encode_jpeg
from cat_dataset.people import EXPRESSIONS
from cat_dataset.series import Frame, Series, find_series, read_series
from cat_dataset.sheets import sheet
from render.blender.figure.person_file import Person, read_person
from tests.studies.nano_table import write_between

_EYES = ("eye_inner", "eye_outer", "lid_upper", "lid_lower")
_MOUTH = ("mouth_corner", "lip_upper", "lip_lower", "lip_upper_outer", "lip_lower_outer")
NEAR: dict[str, tuple[tuple[str, ...], float]] = {
    "expression_smile": ((*_MOUTH, "cheek", "lid_lower", "nose_wing"), 0.5),
    "expression_brows": (("brow_inner", "brow_middle", "brow_outer", "lid_upper"), 0.6),
    "expression_eyes": (_EYES, 0.3),
    "expression_mouth": ((*_MOUTH, "chin", "cheek", "neck_front"), 0.7),
    "expression_pucker": ((*_MOUTH, "nose_wing", "chin"), 0.6),
    "expression_cheeks": ((*_MOUTH, "cheek", "nose_wing"), 0.7),
    "expression_sneer": (("nose_wing", "nose_tip", "lip_upper", "mouth_corner", "eye_inner", "brow_inner", "brow_middle"), 0.5),
    "expression_gaze_yaw": (_EYES, 0.3),
    "expression_gaze_pitch": (_EYES, 0.3),
}
"""The landmarks of an expression's region, left and right, and how far it reaches around each, in distances between the outer
corners of the eyes."""


@dataclass
class Tally:
    """What was found of one attribute."""

    series: int = 0
    landmarks: int = 0
    pixels: int = 0
    inside: list[float] = field(default_factory=list)


def pictures(folder: Path, series: Series) -> list[Rgb]:
    """The frames in the order of the attribute's values."""
    return [picture_of(folder, frame) for frame in ordered(series)]


def ordered(series: Series) -> list[Frame]:
    """The frames by the value of the one attribute that varies."""
    return sorted(series.frames, key=lambda frame: frame.values[series.varies[0]])


def grows(values: Sequence[float]) -> bool:
    """Whether every value is larger than the one before."""
    return all(after > before for before, after in itertools.pairwise(values))


def measure_of(frame: Frame, name: str) -> float:
    """The landmark measure of the attribute ``name``.

    Raises:
        InputError: the frame has none.
    """
    found = [value for key, value in frame.measured.items() if key.startswith(name) and key != name]
    if len(found) != 1:
        raise InputError(f"{frame.file} has {len(found)} landmark measures of {name}; render the series again")
    return found[0]


def region(series: Series, frame: Frame, person: Person, name: str, size: int) -> NDArray[np.bool_]:
    """The pixels near the region's landmarks, from the neutral mesh and the recorded camera."""
    landmarks, reach = NEAR[name]
    seen = seen_landmarks(series, frame, person)
    unit = eye_distance(seen)
    rows, columns = np.mgrid[0:size, 0:size] + 0.5
    mask = np.zeros((size, size), bool)
    for mark, (x, y) in seen.items():
        if mark.removesuffix("_left").removesuffix("_right") in landmarks:
            mask |= (columns - x) ** 2 + (rows - y) ** 2 < (reach * unit) ** 2
    return mask


def seen_landmarks(series: Series, frame: Frame, person: Person) -> dict[str, NDArray[np.float64]]:
    """Where the landmarks of the neutral mesh are in the picture, pixels from the upper left corner."""
    aim = np.array(series.constants["target_in_person_m"])
    return {mark: project(point - aim, frame) for mark, point in rest_points(person).items()}


def eye_distance(seen: dict[str, NDArray[np.float64]]) -> float:
    """Pixels between the outer corners of the eyes."""
    return float(np.linalg.norm(seen["eye_outer_left"] - seen["eye_outer_right"]))


def rest_points(person: Person) -> dict[str, NDArray[np.float64]]:
    """The landmarks of the neutral mesh, metres."""
    return {
        mark: np.array(person.part(part).points[3 * index : 3 * index + 3], np.float64) for mark, (part, index) in person.landmarks.items()
    }


def project(point: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """Where a point, in metres from what the camera is aimed at, is in the picture; pixels from the upper left corner."""
    state: dict[str, Any] = dict(frame.state)
    camera, pivot, intrinsics = (np.array(state[key], np.float64) for key in ("camera_to_rig", "object_to_rig", "K"))
    x, y, z, _ = np.linalg.inv(camera) @ pivot @ np.append(point, 1.0)
    across, down, _ = intrinsics @ np.array([x / -z, -y / -z, 1.0])
    return np.array([across, down])


def examine(folders: Iterable[Path], people: dict[str, Person]) -> dict[str, Tally]:
    """What every series of one attribute shows, by attribute."""
    found: dict[str, Tally] = defaultdict(Tally)
    for folder in folders:
        series = read_series(folder)
        if len(series.varies) != 1:
            continue
        name, frames, shown = series.varies[0], ordered(series), pictures(folder, series)
        tally = found[name]
        tally.series += 1
        tally.landmarks += grows([measure_of(frame, name) for frame in frames])
        far = [float(np.abs(picture.astype(np.int16) - shown[0]).mean()) for picture in shown]
        tally.pixels += grows(far)
        if name in NEAR:
            change = ((shown[-1].astype(np.float64) - shown[0]) ** 2).sum(axis=2)
            near = region(series, frames[0], people[person_name(series)], name, shown[0].shape[0])
            tally.inside.append(float(change[near].sum() / change.sum()))
    return dict(found)


def person_name(series: Series) -> str:
    """The name of the character that a series shows."""
    return series.scene["character"].rpartition("-")[0]


@cache
def _cascade() -> Any:
    return cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_alt2.xml")  # type: ignore[attr-defined]


def face_seen(picture: Rgb, nose: NDArray[np.float64], reach: float) -> bool:
    """Whether the cascade finds a face whose middle is within ``reach`` pixels of the ``nose``."""
    grey = cv2.cvtColor(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), cv2.COLOR_RGB2GRAY)
    found = _cascade().detectMultiScale(grey, 1.05, 3, minSize=(grey.shape[0] // 5, grey.shape[0] // 5))
    return any(np.hypot(*(np.array([x + width / 2, y + height / 2]) / 2 - nose)) < reach for x, y, width, height in found)


def faces(folders: Iterable[Path], people: dict[str, Person]) -> tuple[int, int]:
    """In how many neutral portraits a face is found where it is, and how many there are."""
    found = total = 0
    for folder in folders:
        series = read_series(folder)
        frame = neutral(series)
        if frame is not None:
            seen = seen_landmarks(series, frame, people[person_name(series)])
            found += face_seen(picture_of(folder, frame), seen["nose_tip"], eye_distance(seen))
            total += 1
    return found, total


def table(tallies: dict[str, Tally]) -> str:
    """Markdown: a row per attribute."""
    lines = ["| attribute | series | landmarks grow | pixels grow | change inside its region |", "|---|---|---|---|---|"]
    for name in sorted(tallies, key=lambda name: attribute(name).task):
        t = tallies[name]
        inside = f"{100 * np.median(t.inside):.1f} % (least {100 * min(t.inside):.1f} %)" if t.inside else "—"
        lines.append(f"| `{name}` | {t.series} | {t.landmarks} | {t.pixels} | {inside} |")
    return "\n".join(lines)


def contact_sheets(folders: Sequence[Path], out: Path, count: int, side: int) -> None:
    """One sheet per expression: ``count`` characters, two beside each other, five states each."""
    by_name: dict[str, list[Path]] = defaultdict(list)
    for folder in folders:
        varies = read_series(folder).varies
        if len(varies) == 1 and varies[0] in EXPRESSIONS:
            by_name[varies[0]].append(folder)
    for name, found in by_name.items():
        rows, captions = [], []
        for left, right in zip(found[:count:2], found[1:count:2], strict=True):
            rows.append([picture for folder in (left, right) for picture in pictures(folder, read_series(folder))])
            captions = [f"{frame.values[name]:+g}" for _ in (left, right) for frame in ordered(read_series(left))]
        write_bytes(out / f"people_{name.removeprefix('expression_')}.jpg", encode_jpeg(sheet(rows, captions=captions, side=side), 88))


def differences(folders: Sequence[Path], out: Path, side: int) -> None:
    """Of the first character that ``folders`` show: the two ends of every expression, and how far they differ, three times enlarged."""
    first = person_name(read_series(folders[0]))
    ends = {}
    for folder in folders:
        series = read_series(folder)
        if person_name(series) == first and len(series.varies) == 1 and series.varies[0] in NEAR:
            shown = pictures(folder, series)
            apart = np.abs(shown[-1].astype(np.int16) - shown[0])
            ends[series.varies[0]] = shown[0], shown[-1], np.clip(3 * apart, 0, 255).astype(np.uint8)
    names = [name for name in EXPRESSIONS if name in ends]
    rows = [[ends[name][row] for name in names] for row in range(3)]
    captions = [name.removeprefix("expression_").replace("_", " ") for name in names]
    write_bytes(out / "people_differences.jpg", encode_jpeg(sheet(rows, captions=captions, side=side), 88))


def gallery(folders: Sequence[Path], out: Path, side: int, columns: int = 3) -> None:
    """The neutral frames of ``folders`` side by side."""
    frames = [(folder, neutral(read_series(folder))) for folder in folders]
    shown = [picture_of(folder, frame) for folder, frame in frames if frame is not None]
    rows = [shown[start : start + columns] for start in range(0, len(shown), columns)]
    write_bytes(out / "people_portraits.jpg", encode_jpeg(sheet(rows, side=side), 90))


def main() -> None:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=Path, required=True, help="series of single expressions and poses")
    parser.add_argument("--portraits", type=Path, help="series whose neutral frames are looked at for faces (default: --series)")
    parser.add_argument("--characters", type=Path, required=True, help="the character files they were rendered from")
    parser.add_argument("--write", type=Path, help="Markdown file that gets the table and the contact sheets")
    parser.add_argument("--gallery", type=Path, help="series whose neutral frames are shown large")
    parser.add_argument("--sheet-characters", type=int, default=12)
    parser.add_argument("--side", type=int, default=112, help="pixels of a frame on a sheet")
    flags = parser.parse_args()
    with reported():
        people = {path.stem: read_person(path) for path in sorted(flags.characters.glob("*.person"))}
        folders = list(find_series(flags.series))
        result = table(examine(folders, people))
        seen, total = faces(find_series(flags.portraits or flags.series), people)
        result += f"\n\nA face is found in {seen} of {total} neutral portraits ({100 * seen / max(total, 1):.1f} %)."
        print(result)
        if flags.write:
            write_between(flags.write, "proof", result)
            contact_sheets(folders, flags.write.parent / "pictures", flags.sheet_characters, flags.side)
            differences(folders, flags.write.parent / "pictures", flags.side)
            if flags.gallery:
                gallery(list(find_series(flags.gallery)), flags.write.parent / "pictures", 320)


def neutral(series: Series) -> Frame | None:
    """The frame of a series in which everything is neutral; None where there is none."""
    return next((frame for frame in series.frames if not any(frame.values.values())), None)


def picture_of(folder: Path, frame: Frame) -> Rgb:
    """A frame's picture."""
    return decode_rgb((folder / frame.file).read_bytes(), where=str(folder / frame.file))


if __name__ == "__main__":
    main()
