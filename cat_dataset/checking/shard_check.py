"""One shard against its rows in the tables, in one pass; a second one, over its pictures, only where its hash is wrong."""

from __future__ import annotations

import hashlib
import itertools
import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from cat_dataset.checking.expected_bytes import Expected
from cat_dataset.checking.faults import ABSENT, COPY, Fault
from cat_dataset.checking.hashed_reader import CHUNK, HashedReader
from cat_dataset.checking.member_header import foreign_member, header_problem
from cat_dataset.errors import InputError
from cat_dataset.fingerprint import luminance
from cat_dataset.folders import Folder
from cat_dataset.images import decode_rgb
from cat_dataset.shards import BLOCK, archive_size
from cat_dataset.tables import FRAMES, REMAKE

KEPT = 200
"""Faults of one shard that are listed; the rest is counted."""
LUMINANCE_SLACK = 0.002, 0.01
"""Absolute and relative difference allowed to a recorded luminance: decoders differ by a grey level in a JPEG."""
_TOLD = 32
"""Frames between two reports of progress."""
_NOT_ITS_HASHES = "the {} bytes of its picture do not match their CRC-32 and SHA-256"

Frames = Callable[[], Iterator[Expected]]


@dataclass(frozen=True)
class Task:
    """A shard to check.

    Args:
        listed: its entry in dataset.json.
        frames: gives its rows, anew at each call; None where the tables cannot be believed, so that only its hash counts.
        thorough: compute the hashes of every picture although the shard's own is right.
        decode: decode every picture.
    """

    listed: Mapping[str, Any]
    frames: Frames | None
    thorough: bool = False
    decode: bool = False


def check_shard(folder: Folder, task: Task, names: Mapping[str, str], advance: Callable[[int], object]) -> list[Fault]:
    """The faults of one shard, in the order of their places.

    Args:
        names: the shards of the dataset by their SHA-256.
        advance: told how many frames were passed.
    """
    name = str(task.listed["file"])
    try:
        return _checked(folder, task, name, names, advance)
    except FileNotFoundError:
        return [Fault("absent", "it is absent", ABSENT, name), *_all_lost(task, name)]
    except OSError as error:
        return [Fault("unreadable", f"it cannot be read ({error.strerror or error})", COPY, name)]
    except InputError as error:  # an address that does not answer
        return [Fault("unreadable", str(error).partition("; ")[0], COPY, name)]


def _checked(folder: Folder, task: Task, name: str, names: Mapping[str, str], advance: Callable[[int], object]) -> list[Fault]:
    with folder.open(name) as stream:
        reader = HashedReader(stream)
        inside = _limited(_walk(reader, task, advance), name)
        size, digest = reader.finish()
    right = size == task.listed["bytes"] and digest == task.listed["sha256"]
    if not right and digest in names:
        what = f"it holds the bytes of {names[digest]}: the two were exchanged, or one was copied over the other"
        return [Fault("exchanged", what, COPY, name), *_all_lost(task, name)]
    if task.frames and (task.thorough or not right) and not task.decode:
        with folder.open(name) as stream:
            inside += _limited(_damaged_pictures(stream, task.frames(), name, size), name)
    found = sorted(inside, key=lambda fault: (fault.offset is None, fault.offset or 0))
    if size != task.listed["bytes"]:
        found.insert(0, Fault("size", f"it has {size} bytes, not {task.listed['bytes']}", COPY, name))
    elif not right:
        also = "" if found or not task.frames else ", although all that the tables say of it is right"
        found.insert(0, Fault("hash", f"it does not match its SHA-256 in dataset.json{also}", COPY, name))
    return found


def _walk(reader: HashedReader, task: Task, advance: Callable[[int], object]) -> Iterator[Fault]:
    """What is wrong outside the pictures (inside too with ``decode``), from front to back."""
    if task.frames is None:
        return
    name, end, passed = str(task.listed["file"]), 0, 0
    frames = task.frames()
    for frame in frames:
        start = frame.offset - BLOCK
        if start != end:
            problem = f"{FRAMES} says that it begins here; behind the frame before it that is byte {end + BLOCK}"
            yield Fault("place", problem, REMAKE, name, frame.offset, frame.series, frame.frame)
            if start < reader.position:
                continue  # inside the frame before it: what is there was looked at
            reader.skip(start - reader.position)
        end = frame.end
        header = reader.take(BLOCK)
        if task.decode:
            data = reader.take(frame.size)
        else:
            reader.skip(frame.size)
        tail = reader.take(len(frame.tail))
        if header != frame.header or tail != frame.tail:
            if len(tail) < len(frame.tail):
                yield from _lost(itertools.chain([frame], frames), name, f"cut off: the file ends at byte {reader.position}")
                return
            yield from _sample_faults(frame, header, tail, name)
        if task.decode:
            yield from _picture_faults(frame, data, name)
        passed += 1
        if passed % _TOLD == 0:
            advance(_TOLD)
    advance(passed % _TOLD)
    yield from _end_faults(reader, archive_size(end) - end, name)


def _sample_faults(frame: Expected, header: bytes, tail: bytes, name: str) -> Iterator[Fault]:
    """What is wrong around a picture: its header and padding, and header, text and padding of its JSON sample."""
    place = frame.series, frame.frame
    if header != frame.header:
        yield Fault(*header_problem(header, frame.header), COPY, name, frame.offset - BLOCK, *place)
    start, begin = frame.offset + frame.size, -frame.size % BLOCK
    text, end = begin + BLOCK, begin + BLOCK + frame.text
    if any(tail[:begin]):
        yield Fault("padding", "the padding behind its picture is not empty", COPY, name, start, *place)
    if tail[begin:text] != frame.tail[begin:text]:
        yield Fault(*header_problem(tail[begin:text], frame.tail[begin:text]), COPY, name, start + begin, *place)
    if tail[text:end] != frame.tail[text:end]:
        yield Fault("sample", _difference(tail[text:end], frame.tail[text:end]), COPY, name, start + text, *place)
    if any(tail[end:]):
        yield Fault("padding", "the padding behind its JSON sample is not empty", COPY, name, start + end, *place)


def _difference(found: bytes, expected: bytes) -> str:
    """How a JSON sample differs from the one that the tables ask for. Both have the same length."""
    wanted = json.loads(expected)
    try:
        sample = json.loads(found)
        keys = [key for key in wanted if sample[key] != wanted[key]]
    except (ValueError, RecursionError, KeyError, TypeError):
        return f"its JSON sample is damaged, or not the one that {FRAMES} asks for"
    if not keys:
        return f"its JSON sample is spelled otherwise than {FRAMES} asks for"
    told = f"says {json.dumps(sample[keys[0]])[:80]}, the tables say {json.dumps(wanted[keys[0]])[:80]}"
    return f"its JSON sample differs from the tables in {', '.join(keys)}: {keys[0]} {told}"


def _end_faults(reader: HashedReader, size: int, name: str) -> Iterator[Fault]:
    """What is wrong with the ``size`` zero bytes that should follow the last frame, and behind them."""
    start = reader.position
    end = reader.take(size)
    if len(end) < size:
        yield Fault("end", f"the end of the archive is cut off: {len(end)} of {size} bytes are there", COPY, name, start)
    used = next((at for at in range(0, len(end), BLOCK) if any(end[at : at + BLOCK])), None)
    if used is not None:
        kind, what = foreign_member(end[used : used + BLOCK])
        yield Fault(kind, f"{what} lies behind the last frame, where nothing should be", COPY, name, start + used)
    more = reader.take(BLOCK)
    if more:
        kind, what = foreign_member(more)
        yield Fault(kind, f"{what} lies behind the end of the archive", COPY, name, start + size)


def _picture_faults(frame: Expected, data: bytes, name: str) -> Iterator[Fault]:
    """What is wrong with a picture whose bytes are at hand."""

    def fault(kind: str, message: str, remedy: str = COPY) -> Fault:
        return Fault(kind, message, remedy, name, frame.offset, frame.series, frame.frame)

    if zlib.crc32(data) != frame.crc32 or hashlib.sha256(data).hexdigest() != frame.sha256:
        yield fault("picture", _NOT_ITS_HASHES.format(frame.size))
        return
    try:
        rgb = decode_rgb(data, where="its picture")
    except InputError as error:
        yield fault("decode", str(error).partition(";")[0], "make the series again and " + REMAKE)
        return
    height, width = rgb.shape[:2]
    if (width, height) != (frame.width, frame.height):
        yield fault("decode", f"it has {width}×{height} pixels, {FRAMES} says {frame.width}×{frame.height}", REMAKE)
    if frame.luminance is not None:
        found, (least, share) = luminance(rgb), LUMINANCE_SLACK
        if not abs(found - frame.luminance) <= least + share * found:
            yield fault("luminance", f"its luminance is {found:.4f}, {FRAMES} says {frame.luminance:.4f}", REMAKE)


def _damaged_pictures(stream: BinaryIO, frames: Iterable[Expected], name: str, size: int) -> Iterator[Fault]:
    """Pictures that lie inside the file and do not match their hashes."""
    for frame in frames:
        if frame.offset + frame.size > size:
            continue  # named as lost
        stream.seek(frame.offset)
        crc, digest, left = 0, hashlib.sha256(), frame.size
        while left and (block := stream.read(min(left, CHUNK))):
            crc, left = zlib.crc32(block, crc), left - len(block)
            digest.update(block)
        if crc != frame.crc32 or digest.hexdigest() != frame.sha256:
            yield Fault("picture", _NOT_ITS_HASHES.format(frame.size), COPY, name, frame.offset, frame.series, frame.frame)


def _all_lost(task: Task, name: str) -> list[Fault]:
    return _limited(_lost(task.frames() if task.frames else (), name, "lost with its shard"), name)


def _lost(frames: Iterable[Expected], name: str, why: str) -> Iterator[Fault]:
    """One fault for each series of ``frames``, which are not there."""
    for series, own in itertools.groupby(frames, key=lambda frame: frame.series):
        first, last = _ends(own)
        which = "it is" if first is last else f"it and all up to frame {last.frame} are"
        yield Fault("cut off", f"{which} {why}", COPY, name, first.offset, series, first.frame)


def _ends(frames: Iterator[Expected]) -> tuple[Expected, Expected]:
    first = last = next(frames)
    for frame in frames:
        last = frame
    return first, last


def _limited(faults: Iterable[Fault], name: str) -> list[Fault]:
    """The first `KEPT` of them, and how many more there are."""
    waiting = iter(faults)
    kept = list(itertools.islice(waiting, KEPT))
    more = sum(1 for _ in waiting)
    return [*kept, Fault("more", f"it has {more} more faults like these", COPY, name)] if more else kept
