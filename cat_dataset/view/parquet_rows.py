"""A few rows of a large Parquet file, without reading the rest."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cat_dataset.errors import ManifestError
from cat_dataset.tables import REMAKE

_BATCH = 1 << 12


class ParquetRows:
    """Rows of a table, by number. The file stays open, so a build that replaces it does not mix old rows with new ones."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()  # Arrow's reader is not made for several threads at once
        self._file = pq.ParquetFile(path, memory_map=False)
        groups = (self._file.metadata.row_group(k).num_rows for k in range(self._file.metadata.num_row_groups))
        self._ends = np.cumsum(np.fromiter(groups, np.int64))

    def read(self, rows: range, columns: Sequence[str]) -> pa.Table:
        """``columns`` of the rows ``rows`` (at least one, consecutive).

        Raises:
            ManifestError: the file cannot be read any more.
        """
        first, last = (int(np.searchsorted(self._ends, row, side="right")) for row in (rows.start, rows.stop - 1))
        begin = int(self._ends[first - 1]) if first else 0
        found = []
        try:
            with self._lock:
                for batch in self._file.iter_batches(_BATCH, row_groups=list(range(first, last + 1)), columns=list(columns)):
                    skip, take = max(rows.start - begin, 0), min(rows.stop - begin, len(batch))
                    if skip < take:
                        found.append(batch.slice(skip, take - skip))
                    begin += len(batch)
                    if begin >= rows.stop:
                        break
        except (pa.ArrowException, OSError, ValueError) as error:
            raise ManifestError(f"{self._path} cannot be read any more ({str(error).splitlines()[0]}); {REMAKE}") from None
        return pa.Table.from_batches(found)
