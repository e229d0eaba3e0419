"""Make every fault, count what came of it, and print the table of docs/reliability.md.

python -m tests.reliability [--times 20] [--write docs/reliability.md]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.reliability.builds import bad_series, full_disks, killed_builds
from tests.reliability.datasets import damaged
from tests.reliability.outcome import NAMED, RECOVERED, SAME, SILENT, Tally

BEGIN, END = "<!-- table: python -m tests.reliability -->", "<!-- end of table -->"


def run(work: Path, times: int) -> list[Tally]:
    """Every fault, ``times`` times where chance plays a part."""
    tallies = []
    for faults in (killed_builds, full_disks, bad_series, damaged):
        folder = work / faults.__name__
        folder.mkdir()
        for tally in faults(folder, times):
            came = ", ".join(f"{count} {outcome}" for outcome, count in tally.outcomes.items())
            print(f"{tally.fault} ({tally.where}): {came}", *tally.silent[:3], flush=True)
            tallies.append(tally)
    return tallies


def table(tallies: list[Tally]) -> str:
    """The tallies in Markdown."""
    lines = ["| fault | met by | times | named | recovered | all bytes right | silent |", "|---|---|---|---|---|---|---|"]
    for tally in tallies:
        counts = [tally.outcomes[outcome] or "" for outcome in (NAMED, RECOVERED, SAME)]
        others = sum(tally.outcomes.values()) - sum(int(count or 0) for count in counts)
        lines.append(f"| {tally.fault} | {tally.where} | {sum(tally.outcomes.values())} | {' | '.join(map(str, counts))} | **{others}** |")
    return "\n".join(lines)


def main() -> None:
    """Command line entry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20, help="how often to make a fault in which chance plays a part")
    parser.add_argument("--write", type=Path, help="put the table into this page, between its marks")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tallies = run(Path(folder), options.times)
    print(table(tallies))
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        options.write.write_text(f"{before}{BEGIN}\n{table(tallies)}\n{END}{after}", encoding="utf-8")
    if any(tally.outcomes[SILENT] for tally in tallies):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
