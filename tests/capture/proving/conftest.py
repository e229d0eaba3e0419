"""Series of the simulated camera, judged once for all tests."""

from __future__ import annotations

from functools import cache

import pytest

from tests.capture.proving.judged import Judged, judged


@pytest.fixture(scope="session")
def series(tmp_path_factory):
    """``series("iso", "stray:3", compensate=True)``: five frames photographed with those traps and judged."""

    @cache
    def make(vary: str, *traps: str, **how: object) -> Judged:
        return judged(tmp_path_factory.mktemp(vary), vary, traps, **how)

    return make
