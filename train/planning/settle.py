"""A configuration whose open choices are filled in, and whether it can be."""

from __future__ import annotations

import dataclasses

from cat_dataset.errors import UsageError
from train.bases.choose import DEFAULTS
from train.config import TrainConfig
from train.optimising.optimisers import default_rate


def settle(config: TrainConfig, base: str) -> TrainConfig:
    """The configuration with the base's defaults in the places left open."""
    defaults = DEFAULTS[base]
    rate = default_rate(config.optimising, defaults.learning_rate)
    return dataclasses.replace(
        config,
        max_steps=config.max_steps or defaults.max_steps,
        batch=config.batch or defaults.batch,
        optimising=dataclasses.replace(config.optimising, learning_rate=rate),
    )


def check_team(config: TrainConfig, world: int) -> None:
    """Whether ``world`` processes can train so.

    Raises:
        UsageError: they cannot.
    """
    parts = world * config.accumulate
    if config.batch % parts:
        raise UsageError(
            f"a batch of {config.batch} cannot be shared equally by {world} processes in {config.accumulate} parts each; "
            f"make it a multiple of {parts}"
        )
    if config.running.sharding != "none" and config.optimising.optimiser == "adamw8bit":
        raise UsageError("adamw8bit cannot step shards; use --optimiser adamw with --sharding fsdp2, or --sharding none")
