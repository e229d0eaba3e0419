"""What can go wrong with an Unreal editor, in the one exception tree.

Exit code 2: something the user must change before it can work. Exit code 1 (``EditorFailure`` and what is under it): work
that began on good input and could not be finished; each way of failing has a class of its own, so that a supervisor can
tell a crash from a hang from a lost connection without reading messages.
"""

from __future__ import annotations

from cat_dataset.errors import InputError, RunFailed, UsageError


class ExtraMissing(UsageError):
    """The optional package that drives the editor is not installed."""


class RightsNotConfirmed(UsageError):
    """Nobody has said that they hold the rights to use what is about to be rendered."""


class ProjectError(InputError):
    """A .uproject, or its configuration, that cannot be used as it is."""


class ProgramNotFound(InputError):
    """No UnrealEditor-Cmd where one was looked for."""


class NoMulticast(InputError):
    """This machine lets nobody join the multicast group by which editors are found."""


class EditorNotFound(InputError):
    """No running editor answers, or none of those that do is the one asked for."""


class SeveralEditors(InputError):
    """More than one running editor is what was asked for: nobody can know which is meant."""


class EditorFailure(RunFailed):
    """An editor that did not do what it was told to."""


class EditorGone(EditorFailure):
    """The editor closed the connection or cannot be reached any more: it crashed, was closed, or another client took it."""


class EditorSilent(EditorFailure):
    """The editor said nothing before the deadline. What it was told may still be running in it."""


class EditorHung(EditorSilent):
    """The editor's process lives, yet its heartbeat has stopped."""


class EditorCrashed(EditorGone):
    """The editor's process ended by itself, by a signal or with a status that is not 0."""


class WrongEditor(EditorFailure):
    """Somebody else than the editor that was asked has answered."""


class BadReply(EditorFailure):
    """The editor answered something that is not the protocol: not JSON, too long, or without what it must hold."""


class CommandFailed(EditorFailure):
    """Python inside the editor raised. ``result`` is its traceback, ``output`` what was printed and logged."""

    def __init__(self, message: str, result: str = "", output: str = "") -> None:
        super().__init__(message)
        self.result, self.output = result, output


class RenderFailed(EditorFailure):
    """Movie Render Queue reported failure, or what it wrote is not what was asked for."""
