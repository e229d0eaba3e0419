"""What cat-verify says against a dataset: doubtful labels, found while the page is already open, and damaged bytes."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from cat_dataset.checking.faults import Fault
from cat_dataset.checking.sanity import Finding, findings
from cat_dataset.command import warn
from cat_dataset.manifests import Dataset

LISTED = 200
"""Faults that the page lists above everything; the rest is counted there, and flagged where it belongs."""


class Flags:
    """Findings and faults by series. Threads may share it.

    ``state`` is "ready", "working" while labels are still being checked, or "failed". ``faults`` are those of a full
    cat-verify, of which there were ``fault_count``.
    """

    def __init__(self, found: Iterable[Finding] = (), faults: Sequence[Fault] = ()) -> None:
        self.state = "ready"
        self.faults, self.fault_count = [str(fault) for fault in faults[:LISTED]], len(faults)
        placed = [Finding(fault.series, fault.frame, fault.kind, f"{fault.message}; {fault.remedy}") for fault in faults if fault.series]
        self._by_series = _by_series([*placed, *found])

    @classmethod
    def start(cls, dataset: Dataset) -> Flags:
        """Check the labels on a thread of its own: of ten million frames that takes minutes."""
        flags = cls()
        flags.state = "working"

        def work() -> None:
            try:
                flags._by_series = _by_series(findings(dataset))
                flags.state = "ready"
            except Exception as error:
                flags.state = "failed"
                warn(f"the labels could not be checked: {error}; run cat-verify")

        threading.Thread(target=work, daemon=True).start()
        return flags

    @property
    def notes(self) -> list[str]:
        """Findings that concern the dataset as a whole."""
        return [finding.message for finding in self.of("")]

    def of(self, series: str) -> Sequence[Finding]:
        """Findings of one series."""
        return self._by_series.get(series, ())

    def flagged(self, ids: Sequence[str]) -> NDArray[np.bool_]:
        """Which of ``ids`` have findings."""
        return np.fromiter((name in self._by_series for name in ids), bool, len(ids))


def _by_series(found: Iterable[Finding]) -> dict[str, list[Finding]]:
    sorted_out: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        sorted_out[finding.series].append(finding)
    return dict(sorted_out)
