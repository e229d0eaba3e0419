"""The numeric adapter's projector: one token for one number (NumeriKontrol, arXiv 2511.23105, Eq. 4-5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cat_dataset.attributes import TASK_LIMIT

PROJECTOR_FILE = "numeric_projector.safetensors"
"""Its name in an adapter folder."""


class NumericProjector(nn.Module):
    """``z = D(E(n) + embedding(task))``: four linear layers, widths 256, 256, 256 and ``width``.

    E sees the encoded change n as n, sin and cos of its first Fourier harmonics (low frequencies only: high ones make
    the answer jump between neighbouring numbers). The token is normalised and scaled to ``token_rms``, the root mean
    square of the text tokens it stands beside, so that neither drowns the other.
    """

    HARMONICS = 3

    def __init__(self, width: int, *, hidden: int = 256, token_rms: float = 1.0) -> None:
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(1 + 2 * self.HARMONICS, hidden), nn.SiLU(), nn.Linear(hidden, hidden))
        self.task = nn.Embedding(TASK_LIMIT, hidden)
        self.decode = nn.Sequential(nn.SiLU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, width))
        self.norm = nn.RMSNorm(width, elementwise_affine=False)
        self.gain = nn.Parameter(torch.tensor(float(token_rms)))

    def forward(self, numbers: Tensor, tasks: Tensor) -> Tensor:
        """Tokens [B, m, width] from encoded changes [B, m] (float) and task ids [B, m] (long)."""
        n = numbers.unsqueeze(-1)
        angles = n * torch.pi * torch.arange(1, self.HARMONICS + 1, device=n.device, dtype=n.dtype) / 2
        features = torch.cat([n, torch.sin(angles), torch.cos(angles)], dim=-1)
        token: Tensor = self.decode(self.encode(features) + self.task(tasks))
        normed: Tensor = self.norm(token) * self.gain
        return normed
