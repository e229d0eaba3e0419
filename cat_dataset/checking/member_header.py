"""What a tar header says that is not the one that should be there. Nothing that it says is used as a path or a size."""

from __future__ import annotations

import re

UNSAFE = "unsafe name"
_NAME, _SIZE, _SUM, _KIND, _MAGIC, _PREFIX = slice(100), slice(124, 136), slice(148, 156), slice(156, 157), slice(257, 262), slice(345, 500)
_KINDS = {
    b"1": "a hard link", b"2": "a symbolic link", b"3": "a device", b"4": "a device", b"5": "a folder", b"6": "a pipe",
    b"x": "an extended header", b"g": "an extended header", b"L": "a long name", b"K": "a long name",
}  # fmt: skip
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:")
_SHOWN = 100


def header_problem(found: bytes, expected: bytes) -> tuple[str, str]:
    """Kind and message of the fault that the 512 bytes ``found`` stand where ``expected`` should."""
    if not _is_header(found):
        return "header", "its tar header is damaged"
    name, wanted = _name(found), _name(expected)
    if is_unsafe(name):
        return UNSAFE, f"its tar header gives the name {_shown(name)}, which leads out of the folder it is unpacked in: do not unpack this"
    if found[_KIND] in _KINDS:
        return "header", f"its tar header says that it is {_KINDS[found[_KIND]]}"
    if name != wanted:
        return "header", f"its tar header names it {_shown(name)}, not {_shown(wanted)}"
    return "header", f"its tar header has another {'size' if found[_SIZE] != expected[_SIZE] else 'mode, owner, time or spelling'}"


def foreign_member(block: bytes) -> tuple[str, str]:
    """Kind of fault and name of what lies in a block where no member should be."""
    if not _is_header(block):
        return "end", "something"
    name = _name(block)
    if is_unsafe(name):
        return UNSAFE, f"a member named {_shown(name)}, which leads out of the folder it is unpacked in,"
    return "end", f"a member named {_shown(name)}"


def is_unsafe(name: str) -> bool:
    """Whether the name is absolute, on any system, or steps upwards."""
    return bool(_ABSOLUTE.match(name)) or ".." in re.split(r"[/\\]", name)


def _is_header(block: bytes) -> bool:
    """Whether it carries its own checksum (POSIX ustar)."""
    if len(block) < 512:
        return False
    try:
        said = int(block[_SUM].strip(b"\0 ") or b"x", 8)
    except ValueError:
        return False
    return said == sum(block) - sum(block[_SUM]) + 8 * ord(" ")


def _name(header: bytes) -> str:
    parts = [header[_NAME]]
    if header[_MAGIC] == b"ustar" and header[_PREFIX].strip(b"\0"):
        parts.insert(0, header[_PREFIX])
    return "/".join(part.split(b"\0", 1)[0].decode("utf-8", "backslashreplace") for part in parts)


def _shown(name: str) -> str:
    return repr(name if len(name) <= _SHOWN else name[:_SHOWN] + "…")
