"""What every benchmark shares: CPU seconds, cases taken in turns, and tables in Markdown that are also easy on a terminal.

Other work on the machine stretches wall time, so rates are per CPU second (user and system, finished child processes
included). All cases are measured once per turn, in alternating order, and compared within a turn: what slows the machine
for a while slows both sides of a ratio.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr

TURNS = 15


def cpu_seconds() -> float:
    """CPU seconds of this process, its threads and the child processes it has waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def in_turns(
    cases: Mapping[str, Iterator[float]], turns: int, seconds: float, between: Callable[[], None] = lambda: None
) -> dict[str, list[float]]:
    """Items per CPU second of every case, once per turn.

    Args:
        cases: endless iterators. Each yields how many items it has done since its last yield, at points where its
            buffers are empty: a turn lasts at least ``seconds`` of CPU and ends at such a point, so that filling is paid for.
        turns: a warm-up turn that is not counted comes before them.
        seconds: CPU seconds of one case in one turn.
        between: called after every case in every turn, off the clock.
    """
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for turn in range(turns + 1):
        for name in list(cases) if turn % 2 else list(cases)[::-1]:
            start, done = cpu_seconds(), 0.0
            while (spent := cpu_seconds() - start) < (seconds if turn else seconds / 4) or done == 0:
                done += next(cases[name])
            if turn:
                rates[name].append(done / spent)
            between()
    return rates


def ratios(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """``one`` over ``other``, turn by turn."""
    return [a / b for a, b in zip(one, other, strict=True)]


def spread(values: Sequence[float], digits: int = 2) -> str:
    """``median (least to most)``."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def verdict(what: str, reached: float, target: float, *, at_least: bool, digits: int = 2) -> str:
    """A line that says whether a target is met."""
    met = reached >= target if at_least else reached <= target
    bound = "at least" if at_least else "at most"
    return f"- {'met' if met else 'MISSED'}: {what} is {reached:.{digits}f}; the target is {bound} {target:g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table, its columns padded; all but the first are aligned to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join("| " + " | ".join(_padded(line, widths)) + " |" for line in [head, rule, *rows])


def _padded(line: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [cell.rjust(width) if place else cell.ljust(width) for place, (cell, width) in enumerate(zip(line, widths, strict=True))]


def say(text: str) -> None:
    """Progress, away from the tables."""
    print(text, file=sys.stderr, flush=True)


def peak_rss() -> int | None:
    """Largest resident memory of this process so far, bytes; None where the system does not tell.

    Linux's own ``VmHWM`` first: ``ru_maxrss`` survives an exec, so there a small child of a large parent looks large.
    """
    try:
        with open("/proc/self/status", encoding="utf-8") as stream:
            for line in stream:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow progress lines and warnings of the body."""
    with open(os.devnull, "w", encoding="utf-8") as nowhere, redirect_stderr(nowhere):
        yield
