"""Traps in the file itself: cut, black, or the same exposure twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from capture.simulate.press import Press
from capture.simulate.trap_tables import Order, Trap
from cat_dataset.errors import UsageError

Spoilt = tuple[Press, dict[str, Any]]


def _truncated(press: Press, order: Order, _presses: Sequence[Press]) -> Spoilt:
    return replace(press, cut=order.strength[0]), {"kept": order.strength[0]}


def _headless(press: Press, _order: Order, _presses: Sequence[Press]) -> Spoilt:
    return replace(press, cut=0.0), {"kept": "everything before the mosaic"}


def _black(press: Press, _order: Order, _presses: Sequence[Press]) -> Spoilt:
    return replace(press, strip="black"), {"numbers": 0}


def _dead_strip(press: Press, _order: Order, _presses: Sequence[Press]) -> Spoilt:
    return replace(press, strip="dead"), {"strip": "zeros"}


def _lens_cap(press: Press, _order: Order, _presses: Sequence[Press]) -> Spoilt:
    return replace(press, dark=True), {"light": 0}


def _duplicate(press: Press, _order: Order, presses: Sequence[Press]) -> Spoilt:
    if len(presses) < 2:
        raise UsageError("--trap duplicate needs two frames")
    of = press.index - 1 if press.index else 1
    if presses[of].repeats == press.index:
        raise UsageError(f"--trap duplicate: frames {of + 1} and {press.index + 1} cannot each repeat the other")
    return replace(press, repeats=of), {"of": presses[of].file}


TRAPS = (
    Trap("truncated", _truncated, "share of the file's bytes that is kept", (0.6,), ((0.01, 0.999),)),
    Trap("no_strip", _headless, "the file ends where its mosaic begins (LibRaw decodes it without an error); no strength"),
    Trap("black", _black, "every byte of an uncompressed strip is zero (LibRaw decodes it as black without an error); no strength"),
    Trap(
        "dead_strip",
        _dead_strip,
        "every byte of the compressed strip is zero (LibRaw gives what lay in memory, without an error); no strength",
    ),
    Trap("lens_cap", _lens_cap, "an exposure without light: black level and noise; no strength"),
    Trap("duplicate", _duplicate, "the mosaic of the frame before it, with the claims of its own; no strength"),
)
