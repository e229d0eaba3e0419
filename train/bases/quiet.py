"""Libraries that talk of what a user can do nothing about."""

from __future__ import annotations


def hush() -> None:
    """No remarks and progress bars of diffusers and transformers from here on; errors are raised as ever.

    Call it before pipelines are imported: transformers remarks on missing libraries then.
    """
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    diffusers.utils.logging.disable_progress_bar()
