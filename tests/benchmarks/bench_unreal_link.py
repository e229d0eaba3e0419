"""The link to an Unreal editor: ours against plain upyrc, on one fake editor that speaks the real protocol over loopback.

    python -m tests.benchmarks.bench_unreal_link [--commands 300] [--megabytes 20] [--turns 15]

A small command there and back; an answer of many megabytes: plain letters, every second one escaped, none of them ASCII. The
editor answers at once and runs in a process of its own, so figures are the client's and the kernel's. Wall time, since that
is what a render waits for; both sides of a turn are measured one after the other. upyrc asks to be dialled before it listens,
so the editor waits 20 ms before it dials; that is not counted, and openings that failed all the same are told.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from upyrc import upyre

from render.unreal.remote.connection import EditorLink, Mode
from render.unreal.remote.discovery import the_editor
from render.unreal.remote.network import Network
from tests.benchmarks.measure import TURNS, ratios, say, spread, table, verdict
from tests.render.unreal.fake_editor import free_port, started
from tests.render.unreal.fake_network import GROUP

OURS, UPYRC = "ours", "upyrc"
PATIENCE = 0.02
STATE_MS = 50.0
"""What the driver may add to a state, milliseconds (the project's target); a state costs a handful of commands."""
Run = Callable[[str, float], Any]

ANSWERS = {"plain": "x", "escaped": 'x"', "not ASCII": "é"}


def answer(code: str, mode: str) -> tuple[bool, str, list[dict[str, str]]]:
    """The fake editor's hook: ``KIND MEGABYTES`` is answered with that much; anything else with itself."""
    kind, _, megabytes = code.partition("|")
    if kind not in ANSWERS:
        return True, code, []
    return True, ANSWERS[kind] * int(float(megabytes) * 1e6 / len(json.dumps(ANSWERS[kind], ensure_ascii=False).encode()[1:-1])), []


@contextmanager
def ours(port: int) -> Iterator[Run]:
    with EditorLink.connect(the_editor("CatRender", None, 0.3, Network(port=port))) as link:
        yield lambda code, seconds: link.run(code, Mode.EVALUATE, seconds)


@contextmanager
def plain(port: int) -> Iterator[Run]:
    config = upyre.RemoteExecutionConfig(multicast_group=(GROUP, port), multicast_bind_address="0.0.0.0", project_name="CatRender")
    connection = upyre.PythonRemoteConnection(config)
    try:
        connection.open_connection()
        yield lambda code, seconds: connection.execute_python_command(code, timeout=seconds).result
    finally:
        connection.close_connection()
        if connection.remote_command_connection is not None:
            connection.remote_command_connection.cmd_connection.close()
            connection.remote_command_connection.cmd_sock.close()


CLIENTS = {OURS: ours, UPYRC: plain}


def round_trips(run: Run, commands: int) -> float:
    """Milliseconds for one small command."""
    begun = time.perf_counter()
    for number in range(commands):
        if run(f"command {number}", 10.0) != f"command {number}":
            raise SystemExit("a command has got another's answer")
    return (time.perf_counter() - begun) / commands * 1e3


def long_answer(run: Run, kind: str, megabytes: float) -> float:
    """Seconds for an answer of that many megabytes; infinite where the client fails on it."""
    begun = time.perf_counter()
    try:
        found = run(f"{kind}|{megabytes:g}", 120.0)
    except UnicodeDecodeError:  # upyrc's, at a character that came in two pieces
        return math.inf
    spent = time.perf_counter() - begun
    if len(found) != len(answer(f"{kind}|{megabytes:g}", "")[1]):
        raise SystemExit("an answer came that is not whole")
    return spent


def measured(port: int, commands: int, megabytes: float, turns: int) -> tuple[dict[str, dict[str, list[float]]], int]:
    """``found[what][client]`` per turn, and how often upyrc could not be opened."""
    found: dict[str, dict[str, list[float]]] = {}
    lost = 0
    for turn in range(turns + 1):
        for name in list(CLIENTS) if turn % 2 else list(CLIENTS)[::-1]:
            while True:
                try:
                    with CLIENTS[name](port) as run:
                        values = {"small command, ms": round_trips(run, commands)}
                        for kind in ANSWERS:
                            values[f"{megabytes:g} MB {kind}, s"] = long_answer(run, kind, megabytes)
                    break
                except TimeoutError:  # upyrc's race
                    lost += 1
            for what, value in values.items() if turn else ():
                found.setdefault(what, {}).setdefault(name, []).append(value)
        say(f"turn {turn} of {turns}")
    return found, lost


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--commands", type=int, default=300)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--turns", type=int, default=TURNS)
    options = parser.parse_args()
    port = free_port()
    with started(port, "--hook", "tests.benchmarks.bench_unreal_link:answer", "--fault", f"dials_after={PATIENCE}"):
        found, lost = measured(port, options.commands, options.megabytes, options.turns)
    lines = []
    for what, both in found.items():
        fails = sum(map(math.isinf, both[UPYRC]))
        theirs = f"fails {fails} times of {len(both[UPYRC])}" if fails else spread(both[UPYRC], 3)
        lines.append([what, spread(both[OURS], 3), theirs, "" if fails else spread(ratios(both[OURS], both[UPYRC]))])
    print(f"{options.commands} commands, {options.turns} turns: median (least to most)\n")
    print(table(["", OURS, UPYRC, "ours / upyrc"], lines))
    small = found["small command, ms"][OURS]
    print(f"\n{1000 / median(small):.0f} small commands per second. upyrc missed the editor's call {lost} times.\n")
    print(verdict("a small command there and back, ms,", median(small), STATE_MS / 10, at_least=False))
    for what, both in found.items():
        if "MB" in what:
            ratio = median(ratios(both[OURS], both[UPYRC]))
            print(verdict(f"{what.removesuffix(', s')}: time over upyrc's (0: it fails)", ratio, 1.0, at_least=False))


if __name__ == "__main__":
    main()
