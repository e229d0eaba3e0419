"""What a user must know and say before anything is rendered with MetaHumans."""

from __future__ import annotations

import sys

from render.unreal.errors import RightsNotConfirmed

FLAG = "--i-have-the-rights"
STATEMENT = "MetaHuman: rights confirmed by the user"
"""What a series says of its characters' licence."""
NOTICE = (
    "Epic's published terms restrict MetaHumans and other engine content: by what is publicly quoted of them, such content may not be "
    "used to train or to test AI, nor be fed to a generative model. This program ships no such content and cannot give you rights "
    f"to it. Read the terms that hold for you and for your project's assets; {FLAG} says that you have the rights for what you do with "
    "the pictures. People that anybody may train on: render/blender/people.py."
)


def show_notice() -> None:
    """Print the notice, for whoever starts a render."""
    print(f"licence: {NOTICE}", file=sys.stderr, flush=True)


def require_rights(confirmed: bool) -> None:
    """Nothing is rendered before the user has said it.

    Raises:
        RightsNotConfirmed: they have not.
    """
    if not confirmed:
        raise RightsNotConfirmed(f"nothing was started: {FLAG} is missing. {NOTICE}")
    show_notice()
