"""One token for one number (NumeriKontrol, arXiv 2511.23105, Eq. 1)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cat_dataset.attributes import TASK_LIMIT

HARMONICS = 3


class NumericProjector(nn.Module):
    """``z = D(E(n) + embedding(task))``: four linear layers, widths 256, 256, 256 and ``width``.

    Args:
        width: of the text tokens.
        fourier: E sees n, and sin and cos of its first harmonics (low frequencies only: high ones make the answer jump
            between neighbouring numbers); else n alone, as in the paper.
        task_id: whether there is a task embedding; without it E's output goes to D as it is.
        token_rms: root mean square to which tokens are scaled (a trained gain), so that neither numbers nor words drown
            the other; None leaves them as they are, as in the paper.
    """

    def __init__(self, width: int, *, fourier: bool = True, task_id: bool = True, token_rms: float | None = 1.0, hidden: int = 256) -> None:
        super().__init__()
        self._harmonics = HARMONICS if fourier else 0
        self.encode = nn.Sequential(nn.Linear(1 + 2 * self._harmonics, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.task = nn.Embedding(TASK_LIMIT, hidden) if task_id else None
        self.decode = nn.Sequential(nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, width))
        self.norm = None if token_rms is None else nn.RMSNorm(width, elementwise_affine=False)
        self.gain = None if token_rms is None else nn.Parameter(torch.tensor([float(token_rms)]))  # FSDP2 shards no scalars

    def forward(self, numbers: Tensor, tasks: Tensor) -> Tensor:
        """Tokens [B, m, width] from encoded changes [B, m] (float32) and task ids [B, m] (long)."""
        features = numbers.unsqueeze(-1)
        if self._harmonics:
            angles = features * torch.pi * torch.arange(1, self._harmonics + 1, device=numbers.device, dtype=numbers.dtype) / 2
            features = torch.cat([features, torch.sin(angles), torch.cos(angles)], dim=-1)
        hidden = self.encode(features)
        token: Tensor = self.decode(hidden if self.task is None else hidden + self.task(tasks))
        if self.norm is not None:
            token = self.norm(token) * self.gain
        return token
