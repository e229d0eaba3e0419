"""Photograph series with every trap, judge them, and print what was found: the tables of docs/capture.md.

python -m tests.reliability.capture_proof [--scenes 2] [--write docs/capture.md]

The simulated camera says what it did to each frame; a trap counts as there when its effect is beyond a stated size, and as found when
the frame is refused, flagged or named for it.
"""

from __future__ import annotations

import argparse
import math
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from capture.proving.proof import Verdict
from tests.capture.proving.judged import Judged, judged

BEGIN, END = "<!-- table: python -m tests.reliability.capture_proof -->", "<!-- end of table of the proof -->"
FRAMES = 7
SIZES = ((288, 192), (384, 256), (192, 128))
SERIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("exposure", "exposure", {}), ("iso", "ISO", {}), ("iso", "ISO, brightness held", {"compensate": True}), ("aperture", "aperture", {}),
    ("aperture", "aperture, brightness held", {"compensate": True}), ("white_balance", "white balance", {}),
    ("focus_distance", "focus distance", {}), ("focal_length", "focal length", {}),
)  # fmt: skip

Told = dict[str, Any]


@dataclass(frozen=True)
class Trap:
    """``orders`` as on the command line, ``there``: whether it did enough to a frame to count, ``found``: words that name it.

    ``among``: the series it is set in (all where empty).
    """

    name: str
    orders: tuple[str, ...]
    there: Callable[[Told, Sequence[Told], Told], bool]
    found: tuple[str, ...]
    among: tuple[str, ...] = ()


def _always(_told: Told, _all: Sequence[Told], _frame: Told) -> bool:
    return True


def _flickered(told: Told, every: Sequence[Told], _frame: Told) -> bool:
    light = [one["light_ev"] for one in every]
    return abs(told["light_ev"] - float(np.median(light))) > 0.06


def _drifted(_told: Told, every: Sequence[Told], _frame: Told) -> bool:
    return abs(every[-1]["light_ev"] - every[0]["light_ev"]) > 0.1


def _banded(told: Told, _every: Sequence[Told], frame: Told) -> bool:
    ripple = told["depth"] * float(np.sinc(told["hertz"] * frame["done"]["shutter"]))
    return abs(ripple) * 1.44 > 0.03


def _moved(told: Told, every: Sequence[Told], _frame: Told) -> bool:
    middle = every[len(every) // 2]

    def far(one: Told) -> tuple[float, float, float, float]:
        return one["right_px"], one["down_px"], math.radians(one["turn_deg"]), one["scale"] - 1

    off = np.array(far(told)) - (np.array(far(middle)) if len(every) > 1 else 0)
    return float(np.hypot(off[0], off[1]) + 130 * (abs(off[2]) + abs(off[3]))) > 1.0


def _crossed(told: Told, every: Sequence[Told], _frame: Told) -> bool:
    return abs(told["x"] - every[len(every) // 2]["x"]) > 1e-6


REFUSED = "refused"
SHUTTERED = ("exposure", "iso", "iso held", "aperture", "aperture held", "focus_distance", "focal_length")
"""Series each frame of which is an exposure of its own."""
TRAPS = (
    Trap("wrong label by +1 EV", ("wrong_exif:3=1",), _always, (REFUSED,), ("exposure", "iso", "aperture")),
    Trap("wrong label by −1 EV", ("wrong_exif:5=-1",), _always, (REFUSED,), ("exposure", "iso", "aperture")),
    Trap("wrong label by 1/2 EV", ("wrong_exif:3=0.5",), _always, (REFUSED,), ("exposure", "iso", "aperture")),
    Trap("wrong label by 1/3 EV", ("wrong_exif:3=0.34",), _always, (REFUSED,), ("exposure", "iso", "aperture")),
    Trap("wrong label, reference frame", ("wrong_exif:4=1",), _always, (REFUSED,), ("exposure", "iso", "aperture")),
    Trap("ISO and shutter both wrong, 1 EV", ("wrong_iso:5=1", "wrong_shutter:5=-1"), _always, (REFUSED,), ("iso held",)),
    Trap("ISO and shutter both wrong, 2 EV", ("wrong_iso:5=2", "wrong_shutter:5=-2"), _always, (REFUSED,), ("iso held",)),
    Trap("f-number and shutter both wrong, 2 EV", ("wrong_aperture:2=2", "wrong_shutter:2=-2"), _always, (REFUSED,), ("aperture held",)),
    Trap("another setting wrong by 1 EV", ("wrong_shutter:3=1",), _always, (REFUSED,), ("white_balance", "focus_distance", "focal_length")),
    Trap("flicker up to ±0.1 EV", ("flicker=0.1",), _flickered, ("flicker", "light drift", REFUSED)),
    Trap("flicker up to ±0.5 EV", ("flicker=0.5",), _flickered, ("flicker", "light drift", REFUSED)),
    Trap("light drifts by 0.3 EV", ("drift=-0.3",), _drifted, ("light drift", "flicker", REFUSED)),
    Trap("light drifts by 0.7 EV", ("drift=-0.7",), _drifted, ("light drift", "flicker", REFUSED)),
    Trap("LED bands, depth 0.2", ("banding=0.2/100",), _banded, ("banding",)),
    Trap("LED bands, depth 0.6", ("banding=0.6/120",), _banded, ("banding",)),
    Trap("flash, tagged", ("flash:3=1.5",), _always, ("flash", REFUSED)),
    Trap("lamp switched on, untagged", ("lamp:3=1.5",), _always, ("flicker", "moving", REFUSED)),
    Trap("fog, half of the light", ("fog:6=0.5",), lambda told, *_: told["share"] > 0.1, ("flicker", "moving", "stray", REFUSED)),
    Trap("overexposed by 5 EV", ("overexposed:4=5",), _always, ("overexposed", REFUSED)),
    Trap("shake, 6 px and 0.3°", ("shake:3=6/0.3",), _moved, ("camera moved", REFUSED)),
    Trap("shake, 1.5 px", ("shake:5=1.5/0",), _moved, ("camera moved", REFUSED)),
    Trap("hand-held, sd 3 px and 0.1°", ("hand_held=3/0.1",), _moved, ("camera moved", REFUSED)),
    Trap("tripod sinks by 8 px", ("creep=8",), _moved, ("camera moved", REFUSED)),
    Trap("focus breathing, 2 %", ("breathing=2",), _moved, ("camera moved", REFUSED)),
    Trap("moving disc, 15 % of the width", ("moving=0.15",), _crossed, ("moving",)),
    Trap("moving disc, 6 % of the width", ("moving=0.06",), _crossed, ("moving",)),
    Trap("stray frame", ("stray:3",), _always, ("stray", REFUSED)),
    Trap("stray reference frame", ("stray:4",), _always, ("stray", REFUSED)),
    Trap("lens cap", ("lens_cap:3",), _always, ("black", REFUSED)),
    Trap("black numbers", ("black:5",), _always, ("black", REFUSED)),
    Trap("file cut", ("truncated:3",), _always, (REFUSED,)),
    Trap("duplicate mosaic", ("duplicate:5",), _always, ("duplicate", REFUSED), SHUTTERED),
)  # fmt: skip


@dataclass
class Tally:
    """Of frames that a trap spoilt, how many were found; of frames that it did not spoil, how many were named for it."""

    there: int = 0
    found: int = 0
    clean: int = 0
    wrongly: int = 0
    missed: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrongly) if self.found + self.wrongly else math.nan

    @property
    def recall(self) -> float:
        return self.found / self.there if self.there else math.nan


def words(one: Judged) -> dict[str, set[str]]:
    """What was said of every file: its flags, and ``refused``."""
    said: dict[str, set[str]] = {file: {REFUSED} for file in one.damaged}
    for told, frame in zip(one.truth, one.proof.frames, strict=True):
        said[told["file"]] = set(frame.flags) | ({REFUSED} if frame.verdict is Verdict.REFUSED else set())
    return said


def series(scenes: int) -> Iterator[tuple[str, str, dict[str, Any], int]]:
    """Every kind of series in every scene."""
    for scene in range(scenes):
        for vary, name, how in SERIES:
            yield vary, name, {**how, "source": 3 + scene, "crop": scene, "size": SIZES[scene % len(SIZES)], "frames": FRAMES}, scene


def run(work: Path, scenes: int, only: str = "") -> tuple[dict[str, Tally], dict[str, list[Judged]]]:
    """Judge honest series, then every trap in every kind of series it applies to."""
    tallies = {trap.name: Tally() for trap in TRAPS}
    honest: dict[str, list[Judged]] = defaultdict(list)
    clean: list[set[str]] = []
    for vary, name, how, scene in series(scenes):
        key = f"{vary} held" if how.get("compensate") else vary
        plain = judged(work / f"{key}_{scene}", vary, **how)
        honest[name].append(plain)
        clean += words(plain).values()
        for trap in TRAPS:
            if only not in trap.name or (trap.among and key not in trap.among):
                continue
            found = judged(work / f"{key}_{scene}_{TRAPS.index(trap)}", vary, trap.orders, **how)
            _count(tallies[trap.name], trap, found, work / f"{key}_{scene}_{TRAPS.index(trap)}", f"{name}, scene {scene}")
        print(f"{name}, scene {scene}: {len(clean)} honest frames so far", flush=True)
    for trap in TRAPS:
        tallies[trap.name].clean += len(clean)
        tallies[trap.name].wrongly += sum(bool(said & set(trap.found)) for said in clean)
    return tallies, honest


def _count(tally: Tally, trap: Trap, one: Judged, folder: Path, where: str) -> None:
    said = words(one)
    everything = sorted((*one.truth, *one.lost), key=lambda told: told["file"])
    name = trap.orders[0].split(":")[0].split("=")[0]
    spoilt = [next((t for t in told["traps"] if t["trap"] == name), None) for told in everything]
    every = [one for one in spoilt if one]
    for told, own in zip(everything, spoilt, strict=True):
        hit = bool(said[told["file"]] & set(trap.found))
        if own and trap.there(own, every, told):
            tally.there += 1
            tally.found += hit
            if not hit:
                tally.missed.append(f"{where}, {told['file']}")
        elif not own:
            tally.clean += 1
            tally.wrongly += hit
            if hit:
                tally.named.append(f"{where}, {told['file']}: {' '.join(sorted(said[told['file']]))}")


def trap_table(tallies: dict[str, Tally]) -> str:
    """Precision and recall in Markdown."""
    lines = ["| trap | frames spoilt | found | recall | clean frames | named wrongly | precision |", "|---|---|---|---|---|---|---|"]
    for name, tally in tallies.items():
        recall, precision = ("–" if math.isnan(value) else f"{value:.3f}" for value in (tally.recall, tally.precision))
        lines.append(f"| {name} | {tally.there} | {tally.found} | {recall} | {tally.clean} | {tally.wrongly} | {precision} |")
    return "\n".join(lines)


def label_table(honest: dict[str, list[Judged]]) -> str:
    """What the checks measured on honest series, and their verdicts."""
    lines = [
        "| series | frames | proved / could not verify / refused | check | median / largest residual | unit |",
        "|---|---|---|---|---|---|",
    ]
    for name, many in honest.items():
        frames = [frame for one in many for frame in one.proof.frames]
        verdicts = " / ".join(str(sum(frame.verdict is verdict for frame in frames)) for verdict in Verdict)
        residuals: dict[tuple[str, str], list[float]] = defaultdict(list)
        for frame in frames:
            for check in frame.checks:
                if check.residual is not None and check.name not in ("scene", "alignment", "noise_profile"):
                    residuals[check.name, check.unit].append(abs(check.residual))
        for index, ((check_name, unit), values) in enumerate(residuals.items()):
            head = f"{name} | {len(frames)} | {verdicts}" if index == 0 else " | | "
            lines.append(f"| {head} | {check_name} | {np.median(values):.4f} / {max(values):.4f} | {unit} |")
    return "\n".join(lines)


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=2, help="how many scenes, each in another size")
    parser.add_argument("--only", default="", help="traps with this in their name")
    parser.add_argument("--write", type=Path, help="put the tables into this page, between their marks")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        tallies, honest = run(Path(folder), options.scenes, options.only)
    text = f"{trap_table(tallies)}\n\n{label_table(honest)}"
    print(text)
    for name, tally in tallies.items():
        if tally.missed:
            print(f"missed, {name}: " + "; ".join(tally.missed[:12]))
        if tally.named:
            print(f"named wrongly, {name}: " + "; ".join(tally.named[:12]))
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        if BEGIN not in page or END not in page:
            raise SystemExit(f"{options.write} lacks the marks {BEGIN} and {END}")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
