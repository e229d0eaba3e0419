"""What there is to pack: every series folder, looked at without reading its pictures, and every one that is refused."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cat_dataset.building.intake import frame_sizes, read_described, stored_size
from cat_dataset.errors import InputError, SeriesError
from cat_dataset.files import JSON_CAP, slug
from cat_dataset.folders import Folder, LocalFolder
from cat_dataset.parallel import in_order
from cat_dataset.progress import Progress
from cat_dataset.series import SERIES_JSON
from cat_dataset.splits import Member


@dataclass(frozen=True)
class Found:
    """A series that can be packed.

    ``digest`` is the SHA-256 of its series.json, which holds the hashes of its frames; ``size`` the bytes it will take in a
    shard, None where its pictures must be encoded anew; ``raw_bytes`` what it takes now. ``known`` says that the dataset
    holds it already, so that nothing but its series.json was read.
    """

    root: Folder
    member: Member
    digest: str
    size: int | None = 0
    raw_bytes: int = 0
    known: bool = False


@dataclass(frozen=True)
class Refused:
    """A series folder that cannot be packed, and one line that says why and what to do."""

    series: str
    folder: str
    reason: str

    def row(self) -> dict[str, str]:
        """As a row of rejected.parquet; what is no text in a name is spelled out."""
        return {key: value.encode("utf-8", "backslashreplace").decode("utf-8") for key, value in vars(self).items()}


@dataclass
class Survey:
    """All series of all source folders, by name."""

    found: list[Found] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def survey(
    roots: Sequence[Folder],
    known: Mapping[str, tuple[str, Member]],
    image_format: str,
    workers: int,
    *,
    not_series: Sequence[Folder] = (),
    check: Callable[[], None] = lambda: None,
) -> Survey:
    """Look at every folder right in ``roots`` but ``not_series``; ``known`` gives digest and description of the series already packed.

    ``check`` is called before each and may raise to stop.

    Raises:
        InputError: a root does not exist, or there is no series at all.
    """
    places: dict[str, list[Folder]] = defaultdict(list)
    for root in roots:
        others = {name for place in not_series if (name := _name_in(root, place))}
        for name in root.subfolders():
            if not name.startswith(".") and name not in others:
                places[name].append(root)
    if not places:
        where = " and ".join(str(root) for root in roots)
        raise SeriesError(f"{where} is empty; render or ingest a series into it first, or give the folder with --series")
    result = Survey()
    progress = Progress("survey", len(places), "series")

    def look(name: str) -> Found | Refused:
        check()
        root, *more = places[name]
        if more:
            return Refused(name, f"{root}/{name}", f"{root}/{name} and {more[0]}/{name} have one id; rename or delete one of them")
        try:
            return _look(root, name, known.get(name), image_format)
        except InputError as error:
            return Refused(name, f"{root}/{name}", str(error))
        except PermissionError as error:
            return Refused(name, f"{root}/{name}", f"no permission for {error.filename}; mend its permissions, or move the series away")

    for one in in_order(look, sorted(places), workers):
        if isinstance(one, Found):
            result.found.append(one)
        else:
            result.refused.append(one)
        progress.advance(1)
    progress.close()
    return result


def _name_in(root: Folder, place: Folder) -> str | None:
    """The name of ``place`` in ``root``, if it lies right in it."""
    if isinstance(root, LocalFolder) and isinstance(place, LocalFolder):
        path = place.path.resolve()
        return path.name if path.parent == root.path.resolve() else None
    above, _, name = str(place).rpartition("/")
    return name if above == str(root) else None


def look_closer(found: Found, image_format: str) -> Found | Refused:
    """``found`` with its sizes, also if the dataset holds it already."""
    if not found.known:
        return found
    try:
        return _look(found.root, found.member.id, None, image_format)
    except InputError as error:
        return Refused(found.member.id, f"{found.root}/{found.member.id}", str(error))


def _look(root: Folder, name: str, known: tuple[str, Member] | None, image_format: str) -> Found:
    if known is not None:
        try:
            data = root.read(f"{name}/{SERIES_JSON}", 0, JSON_CAP + 1)
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() == known[0]:
            return Found(root, known[1], known[0], known=True)
    series, digest = read_described(root, name)
    sizes = frame_sizes(root, series)
    scene = {slug(key): value for key, value in series.scene.items()}  # as series.parquet will spell them
    member = Member(series.id, series.source, scene, series.varies, len(series.frames))
    pixels = sum(3 * frame.width * frame.height for frame in series.frames)
    size = stored_size(series, sizes, image_format)
    return Found(root, member, digest, size, sum(sizes) if size is not None else pixels)
