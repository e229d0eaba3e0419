"""The loss of a batch of pairs: what a model is shown, and what its answer is compared with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from torch import Tensor

from cat_dataset.errors import UsageError
from train.bases.interface import Base
from train.objective.augment import drop_text, noise_source
from train.objective.consistency import Second
from train.objective.draws import Use, normals
from train.objective.flow import Noisy, add_noise, losses, times
from train.objective.options import ObjectiveOptions
from train.requests import Instruction, Request, Text, collate


class Predicts(Protocol):
    """An `EditModel`, or what wraps it."""

    def __call__(
        self, noisy: Tensor, source: Tensor, t: Tensor, request: Request, grid: tuple[int, int], guidance: float | None, /
    ) -> Tensor: ...


class Objective:
    """The loss that some options mean for a base. All that is random is a function of (``seed``, pair number).

    Args:
        encode: from sentences to texts.

    Raises:
        UsageError: an option that the base has nothing for.
    """

    def __init__(self, options: ObjectiveOptions, base: Base, seed: int, encode: Callable[[str], Text]) -> None:
        self._options, self._base, self._seed, self._encode = options, base, seed, encode
        self._guidance = training_guidance(options, base)

    def losses(
        self,
        model: Predicts,
        source: Tensor,
        target: Tensor,
        instructions: Sequence[Instruction],
        pairs: Sequence[int],
        grid: tuple[int, int],
        second: Second | None = None,
    ) -> Tensor:
        """[B]: the loss of each pair.

        Args:
            source: latents [B, N, C], as is ``target``.
            pairs: their numbers in the stream.
            grid: (rows, columns) of the latents.
            second: the edits from the targets on, where the step has them (`train.objective.consistency.is_second`).
        """
        options = self._options
        noisy = self._noisy(target, pairs, Use.NOISE)
        shown = drop_text(instructions, self._seed, pairs, options.text_dropout)
        predicted = self._predict(model, noisy, noise_source(source, self._seed, pairs, options.source_noise), shown, grid)
        found = losses(options, self._base, predicted, noisy)
        if second is None:
            return found
        onward = self._noisy(second.target, pairs, Use.SECOND)
        reached = noisy.clean(predicted).detach()
        again = self._predict(model, onward, reached, second.instructions, grid)
        return found + options.consistency * losses(options, self._base, again, onward)

    def _noisy(self, target: Tensor, pairs: Sequence[int], use: Use) -> Noisy:
        normal, noise = normals(self._seed, pairs, use, target.shape[1:])
        t = times(self._options, self._base, normal, target.shape[1])
        return add_noise(target, t.to(target.device), noise.to(target.device))

    def _predict(self, model: Predicts, noisy: Noisy, source: Tensor, shown: Sequence[Instruction], grid: tuple[int, int]) -> Tensor:
        request = collate(shown, self._encode).to(self._base.device)
        return model(noisy.x, source, noisy.t, request, grid, self._guidance)


def training_guidance(options: ObjectiveOptions, base: Base) -> float | None:
    """The guidance value that the base is told while training; None where it has no embedding of one.

    Raises:
        UsageError: one is asked for all the same.
    """
    if options.training_guidance and base.training_guidance is None:
        raise UsageError(f"training_guidance {options.training_guidance:g} means nothing to {base.name}, which has no such input")
    return options.training_guidance or base.training_guidance
