"""The one exception tree. Every message names what is wrong, where, and what to do about it.

Exit codes: 2 for bad input or a machine that cannot do the work, 1 for a run that failed on good input.
Standard library only: this module also runs inside Blender's and Unreal's Python.
"""

from __future__ import annotations


class CatError(Exception):
    """Anything the user can mend. ``str(error)`` is the whole line that a command prints."""

    exit_code = 2


class InputError(CatError):
    """A file, folder or picture that cannot be used as given."""


class UsageError(CatError):
    """A flag, a configuration key or an instruction that says something impossible."""


class AttributeLookupError(UsageError):
    """An attribute name or task id that the registry does not have."""


class SeriesError(InputError):
    """A series folder that breaks the series contract."""


class SeriesConflict(SeriesError):
    """A series folder that exists already, made with other settings or by another process."""


class SeriesBusy(SeriesConflict):
    """A folder that another live process is writing."""


class NoRoom(InputError):
    """A disk on which the work will not fit."""


class ManifestError(InputError):
    """A manifest or shard that is damaged, incomplete or of another schema version."""


class LoadError(ManifestError):
    """A training pair that could not be loaded.

    Loaders that run in other processes (torch's ``DataLoader``) raise a worker's error anew with the worker's traceback in
    front of its message; this one is one line there too.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message.rpartition(f"{type(self).__module__}.{type(self).__qualname__}: ")[2].strip())


class AdapterError(InputError):
    """A run folder that holds no usable adapter or checkpoint."""


class RunFailed(CatError):
    """Work that began on good input and could not be finished."""

    exit_code = 1


class Stopped(CatError):
    """Work that the user stopped; the message says how to go on."""

    exit_code = 130


class Preempted(Stopped):
    """Work that SIGTERM stopped where this is a way to end well: whoever sent it will start the work again."""

    exit_code = 0
