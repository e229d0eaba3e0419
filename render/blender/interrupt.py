"""Ctrl-C during renders: the first lets the current frame finish, the second stops at once; either way the series resumes.

A ``KeyboardInterrupt`` would be raised inside the Cycles add-on, which swallows it. Signals reach Python's handlers only
when Blender's C code returns, so a thread listens on the wake-up socket, which is written to at once.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading

from cat_dataset.command import INTERRUPTED


class GentleInterrupt:
    """From its making on, Ctrl-C is only noted; `check` raises where it is safe."""

    def __init__(self) -> None:
        self._wanted = threading.Event()
        self._ear, mouth = socket.socketpair()
        mouth.setblocking(False)
        self._mouth = mouth  # keeps the socket open
        signal.signal(signal.SIGINT, lambda *_: None)  # the thread does the work; this only keeps Python from raising
        signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=self._listen, daemon=True).start()

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._wanted.is_set():
            signal.signal(signal.SIGINT, signal.default_int_handler)
            raise KeyboardInterrupt

    def _listen(self) -> None:
        while signals := self._ear.recv(64):
            for number in signals:
                if number == signal.SIGINT:
                    self._heard()

    def _heard(self) -> None:
        if self._wanted.is_set():
            print("stopped at once; finished frames are kept, run the same command again to go on", file=sys.stderr, flush=True)
            os._exit(INTERRUPTED)
        self._wanted.set()
        print("\nCtrl-C: stopping after this frame; press it again to stop at once", file=sys.stderr, flush=True)
