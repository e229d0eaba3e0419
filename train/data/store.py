"""A folder of chunks that several processes fill together and read: tensors by key.

What is missing is cut into chunks in the order of its keys, and a chunk is named after its keys. So it does not matter who
makes it: killed and begun again, alone or shared by many, the same files come out. A process holds a lock while it writes a
chunk, and the others take the next one.
"""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from torch import Tensor

from cat_dataset.errors import InputError, NoRoom, SeriesBusy
from cat_dataset.files import folder_lock
from cat_dataset.progress import Progress
from train.data.chunks import SUFFIX, Chunk, Entry, chunk_name, entry_bytes, write_chunk

CHUNK_BYTES = 64 << 20
_MOST_ENTRIES = 1024
_OPEN_CHUNKS = 256
_SPARE = 1.05
"""Room asked for, over the tensors' own bytes: indexes, and what else a disk needs."""
_WAIT_S = 0.1


class Store:
    """Threads may share one for reading.

    Raises:
        InputError: a chunk in ``folder`` is damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._places: dict[str, tuple[str, int]] = {}
        self._seen: set[str] = set()
        self._open: OrderedDict[str, Chunk] = OrderedDict()
        self._lock = threading.Lock()
        self.refresh()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: str) -> bool:
        return key in self._places

    def refresh(self) -> None:
        """Take in the chunks that others have finished."""
        for path in sorted(self.folder.glob(f"*{SUFFIX}")):
            if path.name not in self._seen and not path.name.startswith("."):
                self._take(path)

    def get(self, key: str) -> dict[str, Tensor]:
        """The tensors of ``key``.

        Raises:
            InputError: there is no such entry, or it is damaged.
        """
        if key not in self._places:
            raise InputError(f"{self.folder} has nothing of {key!r}; fill it with python -m train.cache and the flags of this run")
        name, place = self._places[key]
        return self._chunk(name).read(place)

    def missing(self, keys: Iterable[str]) -> list[str]:
        """The keys that have no entry, each once, in their order."""
        return [key for key in dict.fromkeys(keys) if key not in self._places]

    def fill(
        self,
        keys: Sequence[str],
        make: Callable[[Sequence[str]], Iterable[Entry]],
        *,
        label: str,
        unit: str,
        rank: int = 0,
        world: int = 1,
        check: Callable[[], None] | None = None,
        chunk_bytes: int = 0,
    ) -> None:
        """Make what is missing of ``keys``; returns when all of it is there, whoever made it.

        Args:
            make: gives the entries of some keys, in their order.
            rank: begins with every ``world``-th chunk, and then helps with those of the others; the first one shows progress.
            check: called before each chunk; it may raise to stop.
            chunk_bytes: of a chunk; 0 means `CHUNK_BYTES`.

        Raises:
            NoRoom: the disk has too little of it; says how much is needed.
            RunFailed: an entry has numbers that are not finite.
        """
        self.refresh()
        missing = self.missing(keys)
        if not missing:
            return
        size = entry_bytes(next(iter(make(missing[:1]))))
        what = f"{len(missing)} {unit} of {_mb(size)} each"
        self._check_room(size * len(missing), what)
        if rank == 0:
            # With the progress, not with what a command says: that may be read by a program.
            print(f"{label}: to encode {what}, {_mb(size * len(missing))} in all, into {self.folder}", file=sys.stderr, flush=True)
        count = max(1, min(_MOST_ENTRIES, (chunk_bytes or CHUNK_BYTES) // max(1, size)))
        plan = [missing[start : start + count] for start in range(0, len(missing), count)]
        progress = Progress(label, len(dict.fromkeys(keys)), unit)
        progress.skip(len(dict.fromkeys(keys)) - len(missing))
        waiting = deque([*plan[rank::world], *(part for start in range(world) if start != rank for part in plan[start::world])])
        refused = 0
        while waiting:
            if check:
                check()
            part = waiting.popleft()
            made = self._make_once(part, make)
            if made is None:
                waiting.append(part)
                refused += 1
                if refused >= len(waiting):
                    time.sleep(_WAIT_S)
                continue
            refused = 0
            if rank == 0:
                (progress.advance if made else progress.skip)(len(part))
        if rank == 0:
            progress.close()
        self._tidy()
        self.refresh()

    def describe(self, name: str, write: Callable[[Path], None]) -> None:
        """Have ``write`` make the file ``name`` in the folder, unless it is there; once, whoever comes first."""
        path = self.folder / name
        while not path.is_file():
            with ExitStack() as held:
                try:
                    held.enter_context(folder_lock(self._claims / path.stem))
                except (SeriesBusy, FileNotFoundError):
                    time.sleep(_WAIT_S)
                    continue
                if not path.is_file():
                    write(path)

    def _make_once(self, keys: list[str], make: Callable[[Sequence[str]], Iterable[Entry]]) -> bool | None:
        """Whether this process made the chunk of ``keys``; None while another one is at it."""
        path = self.folder / chunk_name(keys)
        if path.exists():
            return False
        with ExitStack() as held:
            try:
                held.enter_context(folder_lock(self._claims / path.stem))
            except (SeriesBusy, FileNotFoundError):  # not found: it was tidied away just now
                return None
            if path.exists():
                return False
            write_chunk(path, dict(zip(keys, make(keys), strict=True)))
        return True

    @property
    def _claims(self) -> Path:
        return self.folder / ".claims"

    def _check_room(self, needed: int, what: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self.folder).free
        if needed * _SPARE > free:
            raise NoRoom(
                f"{self.folder} has {_mb(free)} free and {what} need {_mb(int(needed * _SPARE))}; free some space, or name another "
                "folder with --cache"
            )

    def _tidy(self) -> None:
        """Remove locks that nobody holds, and what killed processes have left of chunks."""
        for claim in sorted(self._claims.glob("*")):
            with suppress(SeriesBusy, OSError):
                with folder_lock(claim):
                    (self.folder / f".{claim.name}{SUFFIX}.partial").unlink(missing_ok=True)
                claim.rmdir()
        with suppress(OSError):
            self._claims.rmdir()

    def _take(self, path: Path) -> None:
        chunk = Chunk(path)
        self._seen.add(path.name)
        self._places.update({key: (path.name, place) for place, key in enumerate(chunk.keys)})

    def _chunk(self, name: str) -> Chunk:
        with self._lock:
            found = self._open.get(name)
            if found is None:
                found = self._open[name] = Chunk(self.folder / name)
                if len(self._open) > _OPEN_CHUNKS:
                    self._open.popitem(last=False)
            self._open.move_to_end(name)
            return found


def _mb(count: int) -> str:
    return f"{count / 1e6:,.1f} MB" if count < 1e9 else f"{count / 1e9:,.1f} GB"
