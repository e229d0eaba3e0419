"""The two plots of a report, as SVG: the loss curve, and asked against achieved changes."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from cat_dataset.attributes import Attribute
from cat_dataset.files import write_bytes

_BLUE, _GREY = "#2b6cb0", "#999999"


def loss_curve(log: Path, target: Path) -> None:
    """Loss over steps of a run's log.jsonl, on a logarithmic axis, with the mean of the last ten entries."""
    entries = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    steps, losses = [e["step"] for e in entries], [e["loss"] for e in entries]
    smooth = [sum(losses[max(0, i - 9) : i + 1]) / len(losses[max(0, i - 9) : i + 1]) for i in range(len(losses))]
    figure, axes = plt.subplots(figsize=(6.4, 2.8))
    axes.plot(steps, losses, color=_GREY, linewidth=0.7, label="each logged step")
    axes.plot(steps, smooth, color=_BLUE, linewidth=1.8, label="mean of the last ten")
    axes.set(yscale="log", xlabel="optimiser step", ylabel="loss (squared error of x̂0)")
    axes.legend(frameon=False)
    _save(figure, target)


def asked_against_achieved(points: Sequence[Sequence[float]], attribute: Attribute, target: Path) -> None:
    """A dot per edit; the diagonal is a perfect answer."""
    figure, axes = plt.subplots(figsize=(3.2, 3.2))
    reach = max((abs(value) for point in points for value in point), default=1.0) * 1.08
    axes.plot([-reach, reach], [-reach, reach], color=_GREY, linewidth=1)
    axes.scatter([p[0] for p in points], [p[1] for p in points], s=14, color=_BLUE, alpha=0.75, linewidths=0)
    unit = attribute.scale.unit or attribute.unit
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xlabel=f"asked ({unit})", ylabel=f"achieved ({unit})")
    axes.set_title(attribute.noun, fontsize=10)
    _save(figure, target)


def _save(figure: Figure, target: Path) -> None:
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    stream = io.BytesIO()
    # A fixed salt and no date: equal input gives equal bytes.
    with matplotlib.rc_context({"svg.hashsalt": "cat-dataset"}):
        figure.savefig(stream, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    write_bytes(target, stream.getvalue())
