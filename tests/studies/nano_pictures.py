"""``python -m tests.studies.nano_pictures --data study --run study/long --write docs/nano.md``: table and pictures of the shipped adapter.

The run is one of train.run, measured by train.evaluate on the test split. The pictures go to ``pictures/`` beside the file.
"""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

from cat_dataset.attributes import attribute
from cat_dataset.command import reported
from cat_dataset.files import read_json, write_bytes
from cat_dataset.images import decode_rgb
from cat_dataset.sheets import save_png, stack
from tests.studies.nano_table import ranges, write_between

SWEEPS = ("exposure", "white_balance", "saturation", "hue", "translation_x", "translation_z", "rotation_z")


def table(manifests: Path, evaluation: Path) -> str:
    """Markdown: a row per attribute."""
    widest, report = ranges(manifests), read_json(evaluation / "evaluation.json")
    lines = ["| attribute | edits | PSNR (copy), dB | Spearman | slope | error | error, % of range |", "|---|---|---|---|---|---|---|"]
    for name in _ranked(report["attributes"]):
        r = report["attributes"][name]
        lines.append(
            f"| {name} | {r['pairs']} | {r['psnr']:.1f} ({r['psnr_copy']:.1f}) | {r['spearman']:.3f} | {r['slope']:.2f} "
            f"| {r['error']:.2f} {r['unit']} | {100 * r['error'] / widest[name]:.1f} |"
        )
    return "\n".join(lines)


def learning_curve(run: Path, target: Path) -> None:
    """Spearman and PSNR of the validation edits, less that of copying the source, over the steps of a run's validation.jsonl."""
    import matplotlib
    from matplotlib import pyplot as plt

    matplotlib.use("Agg")
    entries = [json.loads(line) for line in (run / "validation.jsonl").read_text(encoding="utf-8").splitlines()]
    steps = [entry["step"] for entry in entries]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9.6, 3.6))
    for number, name in enumerate(_ranked(entries[-1]["attributes"])):
        rows = [entry["attributes"][name] for entry in entries]
        style: dict[str, Any] = {"color": f"C{number}", "linestyle": "-" if attribute(name).level != "low" else "--", "label": name}
        left.plot(steps, [row["spearman"] for row in rows], **style)
        right.plot(steps, [row["psnr"] - row["psnr_copy"] for row in rows], **style)
    left.set(xlabel="optimiser step", ylabel="Spearman, asked against achieved", ylim=(-0.1, 1.02))
    right.set(xlabel="optimiser step", ylabel="PSNR above copying the source, dB")
    right.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    stream = io.BytesIO()
    # A fixed salt and no date: equal input gives equal bytes.
    with matplotlib.rc_context({"svg.hashsalt": "cat-dataset"}):
        figure.savefig(stream, format="svg", bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    write_bytes(target, stream.getvalue())


def sweeps(evaluation: Path, target: Path) -> None:
    """One held-out sweep of some attributes, ground truth above the edits."""
    save_png(target, stack([decode_rgb((evaluation / f"{name}_sweep_0.png").read_bytes()) for name in SWEEPS]))


def _ranked(names: dict[str, Any]) -> list[str]:
    return sorted(names, key=lambda name: attribute(name).task)


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description="Table and pictures of a measured run.")
    parser.add_argument("--data", type=Path, default=Path("study"))
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--write", type=Path, default=Path("docs/nano.md"))
    chosen = parser.parse_args()
    with reported(False):
        manifests, evaluation, pictures = chosen.data / "manifests", chosen.run / "evaluation", chosen.write.parent / "pictures"
        write_between(chosen.write, "shipped", table(manifests, evaluation))
        learning_curve(chosen.run, pictures / "nano_learning.svg")
        sweeps(evaluation, pictures / "nano_sweeps.png")


if __name__ == "__main__":
    main()
