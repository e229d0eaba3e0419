"""What numeric tokens cost an edit: one evaluation of our Kontext against one of diffusers' own, CPU seconds.

    python -m tests.benchmarks.edit_tokens [--side 512] [--turns 15]

The model is FLUX.1 Kontext's with random weights: all of its parts, three blocks of width 128, 512² pixels, so 1024 tokens of the
picture and 1024 of its source. "stock" is diffusers' transformer with its own attention; ours has the adapter, its LoRA of rank 4
fused. An edit with several numbers also has several sentences, each of 128 tokens: the last rows, beside stock Kontext's
prompt of 512. One number has one token.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks.measure import TURNS, in_turns, quiet, ratios, spread, table, verdict
from tests.benchmarks.peers import versions
from train.bench.random_folder import SMALL_TRANSFORMER, Sizes, write_folder

SIZES = Sizes(transformer={**SMALL_TRANSFORMER, "num_layers": 1, "num_single_layers": 2, "num_attention_heads": 4})
WORDS = 128
STOCK, STOCK_LONG = "stock, 128 words", "stock, 512 words"
SAME_WORDS = {m: f"{m} numeric tokens, 128 words" for m in (0, 1, 3, 6)}
SENTENCES = {m: f"{m} numeric tokens, {m * WORDS} words" for m in (1, 3, 6)}
LIMIT = 1.03


def evaluations(folder: Path, side: int) -> dict[str, Callable[[], Tensor]]:
    """One velocity evaluation of each case."""
    from diffusers import FluxTransformer2DModel

    from train.adapter.options import AdapterOptions
    from train.bases.choose import open_base
    from train.bases.folder import find_folder
    from train.model import EditModel
    from train.requests import Instruction, Text, collate

    stock = FluxTransformer2DModel.from_pretrained(str(folder / "transformer")).eval()
    model = EditModel(open_base(find_folder(str(folder)), size=side), AdapterOptions(rank=4)).eval()
    model.transformer.fuse_lora()  # type: ignore[operator]
    base, draw = model.base, torch.Generator().manual_seed(0)
    grid = base.grid(side, side)
    channels, width = SIZES.transformer["in_channels"], SIZES.transformer["joint_attention_dim"]
    noisy, source = torch.randn(2, 1, grid[0] * grid[1], channels, generator=draw)
    text = Text(
        tokens=torch.randn(WORDS, width, generator=draw), pooled=torch.randn(SIZES.transformer["pooled_projection_dim"], generator=draw)
    )
    t = torch.tensor([0.5])
    places = torch.cartesian_prod(torch.arange(2), torch.arange(grid[0]), torch.arange(grid[1])).float()

    def plain(words: int) -> Tensor:
        output: Tensor = stock(
            hidden_states=torch.cat([noisy, source], dim=1), timestep=t, guidance=torch.tensor([2.5]),
            pooled_projections=text.pooled[None], encoder_hidden_states=text.tokens.repeat(words // WORDS, 1)[None],
            txt_ids=torch.zeros(words, 3), img_ids=places, return_dict=False,
        )[0]  # fmt: skip
        return output[:, : noisy.shape[1]]

    def ours(numbers: int, sentences: int) -> Callable[[], Tensor]:
        told = Instruction(tasks=tuple(range(1, numbers + 1)), numbers=(0.5,) * numbers, parts=("",) * sentences)
        request = collate([told], lambda _: text)
        return lambda: model(noisy, source, t, request, grid, 2.5)

    with torch.no_grad():
        if not torch.allclose(ours(0, 1)(), plain(WORDS), atol=1e-4):
            raise SystemExit("without numbers ours and stock Kontext differ: they do not do the same work")
    return {
        STOCK: lambda: plain(WORDS),
        STOCK_LONG: lambda: plain(4 * WORDS),
        **{name: ours(m, 1) for m, name in SAME_WORDS.items()},
        **{name: ours(m, m) for m, name in SENTENCES.items() if m > 1},
    }


@torch.no_grad()
def flops(evaluate: Callable[[], Tensor]) -> int:
    """Of one evaluation, attention included: what the tokens cost by themselves, free of the machine's noise."""
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        evaluate()
    return counter.get_total_flops()


@torch.no_grad()
def counted(evaluate: Callable[[], Tensor]) -> Iterator[float]:
    for one in repeat(1.0):
        evaluate()
        yield one


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=512, help="of the picture in pixels")
    parser.add_argument("--turns", type=int, default=TURNS)
    parser.add_argument("--work", type=Path, help="where scratch folders go; the system's temporary folder unless told")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(dir=options.work) as folder, quiet():
        cases = evaluations(write_folder(Path(folder) / "kontext", SIZES), options.side)
        work = {name: flops(evaluate) for name, evaluate in cases.items()}
        rates = in_turns({name: counted(evaluate) for name, evaluate in cases.items()}, options.turns, 0.3)
    cost = {name: [ratios(rates[stock], found) for stock in (STOCK, STOCK_LONG)] for name, found in rates.items()}
    print(f"{options.side}² pixels; median (least to most) of {options.turns} turns; one thread; {versions(['torch', 'diffusers'])}\n")
    rows = [
        [name, spread([1000 / r for r in found], 0), *(spread(times, 3) for times in cost[name]), f"{work[name] / work[STOCK]:.4f}"]
        for name, found in rates.items()
    ]
    print(table(["one evaluation", "CPU ms", f"time / {STOCK}", f"time / {STOCK_LONG}", f"FLOPs / {STOCK}"], rows))
    print()
    for name in SAME_WORDS.values():
        print(verdict(f"{name} / {STOCK}", median(cost[name][0]), LIMIT, at_least=False, digits=3))


if __name__ == "__main__":
    main()
