"""What every command does at its edge: one clear line instead of a traceback, and the right exit code.

Standard library only: also used inside Blender, where an uncaught exception would exit 0.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from cat_dataset.errors import CatError

INTERRUPTED = 130
BROKEN_PIPE = 141
_LONGEST = 4000
"""Letters of an error: more can only be a flag's or a file's own content, which messages quote."""


@contextmanager
def reported(debug: bool = False) -> Iterator[None]:
    """Run the body of a command; print one line and exit on an error (2 bad input, 1 failed run, 130 Ctrl-C).

    With ``debug`` the traceback is shown above that line.
    """
    try:
        yield
    except CatError as error:
        leave(str(error), error.exit_code, debug)
    except KeyboardInterrupt:
        leave("stopped by Ctrl-C; finished work is kept, run the same command again to go on", INTERRUPTED, debug)
    except BrokenPipeError:
        # Whoever read our output has had enough; what stands on disk is whole. Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        sys.exit(BROKEN_PIPE)
    except OSError as error:
        leave(_describe(error), 2, debug)
    except MemoryError:
        leave("out of memory; use a smaller --size, fewer workers, or a larger machine", 2, debug)
    except Exception as error:
        leave(f"internal error: {type(error).__name__}: {error} (run again with --debug for the traceback)", 1, debug)


def warn(message: str) -> None:
    """Print a line the user should see although the work goes on."""
    print(f"warning: {harmless(message)}", file=sys.stderr, flush=True)


def note(message: str) -> None:
    """Print a line that says how something was understood; nothing is wrong."""
    print(f"note: {harmless(message)}", file=sys.stderr, flush=True)


def harmless(text: str) -> str:
    """``text`` for a terminal: names of files may hold control characters, which would be obeyed. Line breaks stay."""
    return "".join(letter if letter.isprintable() or letter == "\n" else ascii(letter)[1:-1] for letter in text)


def _short(text: str) -> str:
    """``text``, its middle left out where it is too long to be read."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} [… {len(text) - 2 * half} letters …] {text[-half:]}"


def _describe(error: OSError) -> str:
    where = error.filename or "the output folder"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"disk full while writing {where}: free some space and run again; finished work is kept"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission for {where}: {error.strerror}; choose another folder or mend its permissions"
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP):
        return f"{where}: {error.strerror}; check the path"
    return f"{where}: {error.strerror or error}"


def leave(message: str, code: int, debug: bool = False) -> NoReturn:
    """Print the one line of an error, above it the traceback with ``debug``, and exit."""
    if debug:
        import traceback

        traceback.print_exc()
    sys.stdout.flush()
    print(f"error: {harmless(_short(message))}", file=sys.stderr, flush=True)
    sys.exit(code)
