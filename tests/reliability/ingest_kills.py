"""Kill cat-ingest or one of its workers at random moments, run it again, and compare every byte with an undisturbed run.

    python -m tests.reliability.ingest_kills [--times 20]

The series is hand-held, so that frames are developed twice, and has a frame with a false tag. Every second kill hits a worker
process, whose call is then given to another; the others hit the command, which is started again. Linux only (/proc).
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

REFUSED = 2
"""Exit status: the series has a frame that is refused."""


def ingest(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "capture.ingest", str(folder), "--out", str(out), "--workers", "2"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def files(out: Path) -> dict[str, bytes]:
    """Every file under ``out`` by its relative name."""
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def workers_of(pid: int) -> list[int]:
    """Processes that ``pid`` has spawned to decode."""
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
            found.append(int(child))
    return found


def kill(process: subprocess.Popen[bytes], worker: bool) -> bool:
    """Whether something was hit: a worker of the command, or the command itself."""
    if process.poll() is not None:
        return False
    if not worker:
        process.kill()
        return True
    found = workers_of(process.pid)
    if not found:
        return False
    os.kill(found[0], signal.SIGKILL)
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=20)
    times = parser.parse_args().times
    rng = np.random.Generator(np.random.Philox(key=[0x4B49_4C4C, times]))
    with tempfile.TemporaryDirectory() as scratch:
        folder, whole = Path(scratch) / "card", Path(scratch) / "whole"
        traps = ["--trap", "hand_held", "--trap", "wrong_exif:7=2"]
        sizes = ["--size", "768", "512", "--frames", "13", "--range", "-1", "1"]
        command = [sys.executable, "-m", "capture.simulate", "--vary", "exposure", "--out", str(folder), *sizes, *traps]
        subprocess.run(command, check=True, capture_output=True)
        start = time.monotonic()
        assert ingest(folder, whole).wait() == REFUSED
        length, expected = time.monotonic() - start, files(whole)
        hits = {True: 0, False: 0}
        same = 0
        while sum(hits.values()) < times:
            worker = hits[False] > hits[True]
            out = Path(scratch) / "killed"
            process = ingest(folder, out)
            time.sleep(float(rng.uniform(0.3, 1.0)) * length)
            hit = kill(process, worker)
            process.wait()
            if hit:
                if not worker:
                    assert ingest(folder, out).wait() == REFUSED
                hits[worker] += 1
                same += files(out) == expected
            shutil.rmtree(out, ignore_errors=True)
    print(f"cat-ingest killed {hits[False]} times, one of its workers {hits[True]} times: {same} of {times} ended with the same bytes")


if __name__ == "__main__":
    main()
