"""Worker processes for untrusted files: each call runs alone in one, under a memory cap and a time limit.

A decoder that crashes, hangs or swallows memory costs its own file and nothing else. Workers are spawned, never forked:
LibRaw and OpenCV start OpenMP threads, and a fork after that hangs. They run single-threaded; more cores mean more workers.
They only return values, so that the parent is the one process that writes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any

from cat_dataset.errors import CatError, InputError, UsageError
from cat_dataset.parallel import default_workers

DEFAULT_MEMORY_GIB = 4.0
DEFAULT_SECONDS = 120.0
_CALLS_PER_START = 6
"""Waiting calls that are worth starting one more worker for (a start costs about 0.4 CPU seconds)."""

_Context = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Call:
    """``function(*arguments)``, both picklable; ``what`` names the file in messages."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    what: str


@dataclass
class _Worker:
    process: Any
    pipe: Connection
    call: int | None = None
    since: float = 0.0


class _Lost(InputError):
    """The worker died during the call."""


class Sandbox:
    """A few worker processes. Use as a context manager; they end with it.

    ``memory_gib`` caps the address space that a worker may take on top of what it starts with (POSIX; elsewhere there is no
    cap), ``seconds`` the wall-clock time of one call. With ``workers`` 0 calls run in this process, without caps.
    """

    def __init__(
        self, workers: int | None = None, memory_gib: float = DEFAULT_MEMORY_GIB, seconds: float = DEFAULT_SECONDS, debug: bool = False
    ) -> None:
        if workers is not None and not 0 <= workers <= 1024:
            raise UsageError(f"--workers {workers} must be 0 to 1024")
        if not 0.25 <= memory_gib <= 1024:
            raise UsageError(f"--memory {memory_gib:g} must be 0.25 to 1024 GiB per worker")
        if not 1 <= seconds <= 86400:
            raise UsageError(f"--time-limit {seconds:g} must be 1 to 86400 seconds")
        self.limit = default_workers() if workers is None else workers
        self.memory_gib = memory_gib
        self.seconds = seconds
        self.debug = debug
        self._workers: list[_Worker] = []

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for worker in self._workers:
            self._end(worker)
        self._workers.clear()

    def run(self, calls: Sequence[Call]) -> Iterator[tuple[int, Any]]:
        """(index of the call, its value) as they finish; the value is an InputError where the file cannot be used."""
        if self.limit == 0:
            for index, call in enumerate(calls):
                yield index, _outcome(call, self.debug)
            return
        waiting = list(reversed(range(len(calls))))
        lost: set[int] = set()
        running = 0
        try:
            while waiting or running:
                for worker in self._staff(len(waiting) + running):
                    if worker.call is None and waiting:
                        worker.call, worker.since = waiting.pop(), time.monotonic()
                        self._send(worker, calls[worker.call])
                        running += 1
                for worker in self._ready():
                    index = worker.call if worker.call is not None else -1
                    value = self._received(worker, calls[index])
                    running -= 1
                    if isinstance(value, _Lost) and index not in lost:
                        lost.add(index)  # perhaps killed from outside, for nothing the file did
                        waiting.append(index)
                        continue
                    yield index, InputError(str(value)) if isinstance(value, _Lost) else value
        finally:
            for worker in [worker for worker in self._workers if worker.call is not None]:
                self._replace(worker)

    def _staff(self, calls: int) -> list[_Worker]:
        wanted = min(self.limit, 1 + (calls - 1) // _CALLS_PER_START)
        while len(self._workers) < wanted:
            self._workers.append(self._started())
        return self._workers

    def _started(self) -> _Worker:
        here, there = _Context.Pipe()
        process = _Context.Process(target=_serve, args=(there, self.memory_gib, self.debug), daemon=True)
        threads = os.environ.get("OMP_NUM_THREADS")
        os.environ["OMP_NUM_THREADS"] = "1"  # read once, when LibRaw is loaded
        try:
            process.start()
        finally:
            if threads is None:
                del os.environ["OMP_NUM_THREADS"]
            else:
                os.environ["OMP_NUM_THREADS"] = threads
        there.close()
        return _Worker(process, here)

    def _send(self, worker: _Worker, call: Call) -> None:
        with suppress(OSError):  # it died idle, killed from outside: `_received` finds out
            worker.pipe.send(call)

    def _ready(self) -> list[_Worker]:
        """Workers that have answered, died, or run out of time."""
        busy = [worker for worker in self._workers if worker.call is not None]
        left = min(worker.since for worker in busy) + self.seconds - time.monotonic()
        found = set(wait([worker.pipe for worker in busy], timeout=max(left, 0.0)))
        late = time.monotonic() - self.seconds
        return [worker for worker in busy if worker.pipe in found or worker.since <= late]

    def _received(self, worker: _Worker, call: Call) -> Any:
        if not worker.pipe.poll():
            self._replace(worker)
            return InputError(f"{call.what} took more than {self.seconds:g} s to decode; look at it, or raise --time-limit")
        try:
            value = worker.pipe.recv()
        except (EOFError, OSError):
            worker.process.join()
            code = worker.process.exitcode
            self._replace(worker)
            how = f"signal {-code}" if code is not None and code < 0 else f"exit {code}"
            return _Lost(f"{call.what} crashed its decoder ({how}), twice: it is damaged; copy it from the card again")
        worker.call = None
        return value

    def _replace(self, worker: _Worker) -> None:
        """End ``worker``; the next call starts another."""
        self._end(worker)
        self._workers.remove(worker)

    @staticmethod
    def _end(worker: _Worker) -> None:
        worker.pipe.close()
        if worker.call is not None:
            worker.process.kill()
        worker.process.join()


def _serve(pipe: Connection, memory_gib: float, debug: bool) -> None:
    """A worker's life: calls in, outcomes out, until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if not debug:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    import cv2

    cv2.setNumThreads(1)
    import rawpy  # noqa: F401  so that the cap counts from here

    _cap_memory(memory_gib)
    while True:
        try:
            call = pipe.recv()
        except (EOFError, OSError):
            return
        outcome = _outcome(call, debug)
        try:
            pipe.send(outcome)
        except OSError:
            return
        except MemoryError:
            pipe.send(_too_much(call))


def _cap_memory(gib: float) -> None:
    if sys.platform == "win32":
        return
    import resource

    try:
        with open("/proc/self/statm", encoding="ascii") as stream:
            now = int(stream.read().split()[0]) * resource.getpagesize()
    except OSError:  # not Linux: what is loaded so far is well under a gibibyte
        now = 1 << 30
    limit = now + int(gib * (1 << 30))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    except (OSError, ValueError):
        return  # macOS refuses it: no cap there


def _outcome(call: Call, debug: bool) -> Any:
    try:
        return call.function(*call.arguments)
    except CatError as error:
        return InputError(str(error))
    except MemoryError:
        return _too_much(call)
    except OSError as error:
        if "allocate memory" in str(error):  # LibRaw's, without an errno
            return _too_much(call)
        return InputError(f"{call.what} cannot be read ({error.strerror or error}); mend the link or its permissions")
    except Exception as error:
        if debug:
            import traceback

            traceback.print_exc()
        if "memory" in str(error).lower():
            return _too_much(call)
        how = f"{type(error).__name__}: {str(error)[:120]}"
        return InputError(f"{call.what} cannot be decoded ({how}): it is damaged or of an unknown kind")


def _too_much(call: Call) -> InputError:
    return InputError(f"{call.what} needs more memory to decode than a worker may have; raise --memory if it is a real picture")
