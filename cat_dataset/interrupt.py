"""Ctrl-C, or SIGTERM, during long work: the first lets the step under way finish, the second stops at once; either way it resumes.

A ``KeyboardInterrupt`` could be raised anywhere, also inside libraries that swallow it or crash (Blender does both).
Signals reach Python's handlers only when C code returns, so a thread listens on the wake-up socket, which is written to
at once. Standard library only: also used inside Blender.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
import time
from contextlib import suppress
from functools import cache

from cat_dataset.command import INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class GentleInterrupt:
    """From its making (in the main thread) on, Ctrl-C is only noted; `check` raises where it is safe.

    Args:
        step: what is finished first, for the message.
        echo_s: seconds within which another signal is taken for the same one: launchers pass on what a terminal or a scheduler
            has sent to all their processes already.
    """

    def __init__(self, step: str = "frame", *, echo_s: float = 0.0) -> None:
        self._step, self._echo_s = step, echo_s
        self._wanted = threading.Event()
        self._signal = 0
        self._since = 0.0
        self._ear, mouth = socket.socketpair()
        mouth.setblocking(False)
        self._mouth = mouth  # keeps the socket open
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)  # the thread does the work; this only keeps Python from raising
        signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
        _forget_in_children()
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def wanted(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return self._wanted.is_set()

    @property
    def signal(self) -> int:
        """The number of the first signal; 0 before there is one."""
        return self._signal

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self.wanted:
            raise KeyboardInterrupt

    def _listen(self) -> None:
        while signals := self._ear.recv(64):
            for number in signals:
                if number in SIGNALS:
                    self._heard(number)

    def _heard(self, number: int) -> None:
        if self._wanted.is_set():
            if time.monotonic() - self._since < self._echo_s:
                return
            print("stopped at once; finished work is kept, run the same command again to go on", file=sys.stderr, flush=True)
            os._exit(INTERRUPTED)
        self._signal, self._since = number, time.monotonic()
        self._wanted.set()
        print(f"\nstopping after this {self._step}; press Ctrl-C again to stop at once", file=sys.stderr, flush=True)


@cache
def _forget_in_children() -> None:
    """Have forked children leave the wake-up socket alone, once for all: they share it, and what ends them would stop their parent.

    SIGTERM ends a child as if nobody had ever cared; Ctrl-C, which a terminal sends to children too, is still the parent's alone.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget)


def _forget() -> None:
    with suppress(ValueError):  # a thread forked, which may not set signals: so be it
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
