"""Work on several threads: decoding, hashing, reading and writing all leave Python's lock alone."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def default_workers() -> int:
    """As many threads as this process may use cores."""
    count = getattr(os, "process_cpu_count", None)
    if count is not None:
        return int(count() or 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(work: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """``work`` of every item, in the order of the items, a few of them ahead of the reader.

    The first error ends it: what has not begun then never begins, and what has is waited for.
    """
    if workers <= 1:
        yield from map(work, items)
        return
    waiting = iter(items)
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[R]] = deque(pool.submit(work, item) for item in islice(waiting, 2 * workers))
        try:
            while ahead:
                result = ahead.popleft().result()
                ahead.extend(pool.submit(work, item) for item in islice(waiting, 1))
                yield result
        finally:
            for future in ahead:
                future.cancel()
