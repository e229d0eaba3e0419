"""Progress with rate and time left: one rewritten line on a terminal, plain lines every few seconds in a log.

Threads may share one. Standard library only: also used inside Blender and Unreal.
"""

from __future__ import annotations

import sys
import threading
import time

LOG_EVERY_S = 10.0
TERMINAL_EVERY_S = 0.2


class Progress:
    """Counts finished units of work. ``skipped`` units (found done already) do not count towards the rate."""

    def __init__(self, label: str, total: int, unit: str = "frames") -> None:
        self.label, self.total, self.unit = label, total, unit
        self.done = 0
        self.skipped = 0
        self._lock = threading.Lock()
        self._terminal = sys.stderr.isatty()
        self._start = self._shown = time.monotonic()
        self._width = 0
        self._last = ""
        self._paused = 0.0

    def skip(self, count: int = 1) -> None:
        """Note units that need no work."""
        with self._lock:
            self.skipped += count

    def advance(self, count: int = 1, note: str = "") -> None:
        """Note finished units; show the line when it is time to."""
        with self._lock:
            self.done += count
            now = time.monotonic()
            if now - self._shown >= (TERMINAL_EVERY_S if self._terminal else LOG_EVERY_S):
                self._shown = now
                self._show(note)

    def pause(self, seconds: float) -> None:
        """Note time that went into something else: it does not count towards the rate."""
        with self._lock:
            self._paused += seconds

    def close(self, note: str = "") -> None:
        """Show the final line."""
        self._show(note)
        if self._terminal:
            print(file=sys.stderr, flush=True)

    def _show(self, note: str) -> None:
        elapsed = max(time.monotonic() - self._start, 1e-9)
        rate = self.done / max(elapsed - self._paused, 1e-9)
        left = self.total - self.done - self.skipped
        parts = [f"{self.label}: {self.done + self.skipped}/{self.total} {self.unit}"]
        if self.done:
            parts.append(f"{rate:.2f}/s" if rate >= 0.1 else f"{1 / rate:.0f} s each")
            parts.append(f"ETA {clock(left / rate)}" if left > 0 else f"took {clock(elapsed)}")
        if self.skipped:
            parts.append(f"{self.skipped} were done before")
        if note:
            parts.append(note)
        line = "  ".join(parts)
        if self._terminal:
            self._width = max(self._width, len(line))
            print(f"\r{line.ljust(self._width)}", end="", file=sys.stderr, flush=True)
        elif line != self._last:
            print(line, file=sys.stderr, flush=True)
        self._last = line


def clock(seconds: float) -> str:
    """Seconds as ``m:ss`` or ``h:mm:ss``."""
    whole = max(0, round(seconds))
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
