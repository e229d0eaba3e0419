"""The simulated camera: scenes → radiance → camera RGB → Bayer mosaic → noise → DNG with EXIF, and the truth beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from capture import UNFINISHED
from capture.simulate.exposing import Camera, Rig, Take
from capture.simulate.hdr_scene import Floats
from capture.simulate.orders import spoil
from capture.simulate.press import Press, Shoot
from capture.simulate.sweep import Settings
from capture.simulate.trap_tables import Order
from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import write_bytes


def photograph(
    shoot: Shoot, environment: Floats, chosen: Sequence[Settings], out: Path, size: tuple[int, int], *, chart: bool = False,
    vary: str = "", traps: Sequence[Order] = (), **rig: Any,
) -> list[dict[str, Any]]:  # fmt: skip
    """Write the DNGs of one scene into ``out``; see `photograph_takes`. Further arguments are `Rig`'s."""
    return photograph_takes([Take(shoot, lambda _: environment, vary, chosen)], out, Rig(size, chart=chart, **rig), traps)


def photograph_takes(
    takes: Sequence[Take], out: Path, rig: Rig, traps: Sequence[Order] = (), seen: Callable[[], object] | None = None
) -> list[dict[str, Any]]:
    """Write the DNGs of all ``takes`` into ``out``, which is marked `UNFINISHED` meanwhile; the truth about every frame.

    Raises:
        InputError: ``out`` holds pictures that are not of this run.
        UsageError: a trap that these frames cannot have.
    """
    presses, owner = _planned(takes)
    spoilt = spoil(presses, traps)
    names = {press.file for press in spoilt}
    strangers = sorted(path.name for path in out.glob("*.dng") if path.name not in names) if out.is_dir() else []
    if strangers:
        raise InputError(f"{out} already holds {strangers[0]} (and {len(strangers) - 1} more) of another run; choose another --out")
    for press in spoilt:
        if takes[owner[press.index]].picture and press.shoot != takes[owner[press.index]].shoot:
            raise UsageError("--trap stray needs another scene, and --picture is the only one; use an environment instead")
    camera = Camera(takes, owner, spoilt, rig)
    truth = []
    write_bytes(out / UNFINISHED, b"")
    for press in spoilt:
        write_bytes(out / press.file, camera.file(press))
        truth.append(camera.truth(press))
        if seen:
            seen()
    (out / UNFINISHED).unlink()
    return truth


def _planned(takes: Sequence[Take]) -> tuple[list[Press], list[int]]:
    """The frames of all takes in the order they are taken, and the number of the take of each."""
    presses: list[Press] = []
    owner = []
    for at, take in enumerate(takes):
        for index, one in enumerate(take.chosen):
            presses.append(Press(len(presses), take.shoot, take.vary, one, one, take.start + index))
            owner.append(at)
    return presses, owner
