"""The processes of a run: who leads, how the model is spread over them, and what they tell each other.

accelerate makes the process group and DDP. FSDP2 is torch's own ``fully_shard``: accelerate prepares a model together with
its optimiser, and ours is made afterwards, of the shards, so that its float32 masters are shards too.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar

import torch
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs, broadcast_object_list
from torch import Tensor, nn

from cat_dataset.errors import RunFailed, UsageError
from train.launched import launched

T = TypeVar("T")
_BLOCKS = ("transformer_blocks", "single_transformer_blocks")
"""Lists of blocks of a diffusers transformer: each block is a unit that FSDP2 gathers and frees."""


def world_size() -> int:
    """The processes that torchrun or accelerate has started; 1 without them."""
    return launched().world


class Team:
    """All processes of a run, as one of them sees them. Made before any weight is loaded: it picks this process's device."""

    def __init__(self, *, cpu: bool, sharding: str = "none") -> None:
        # Gradients as views into DDP's buckets: no second copy of them.
        handlers = [DistributedDataParallelKwargs(gradient_as_bucket_view=True)]
        self._accelerator = Accelerator(cpu=cpu, kwargs_handlers=handlers)
        self.rank, self.world = int(self._accelerator.process_index), int(self._accelerator.num_processes)
        self.sharded = sharding == "fsdp2"
        if self.sharded and self.world == 1:
            raise UsageError("--sharding fsdp2 needs several processes; start them with: torchrun --nproc-per-node N -m train.run ...")

    @property
    def leads(self) -> bool:
        """Whether this process writes the files."""
        return self.rank == 0

    def wrap(self, model: nn.Module, transformer: nn.Module) -> nn.Module:
        """``model`` as all processes train it together; ``transformer`` is the part of it whose blocks are sharded one by one."""
        if self.world == 1:
            return model
        if not self.sharded:
            wrapped: nn.Module = self._accelerator.prepare(model)
            return wrapped
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard

        # A single-stream block returns halves of one tensor; nothing writes into them, which is what is warned of.
        warnings.filterwarnings("ignore", message=r"FSDP2-wrapped module \(.*\) returned a view tensor")
        mesh = init_device_mesh(self._accelerator.device.type, (self.world,))
        for block in (block for name in _BLOCKS for block in getattr(transformer, name, ())):
            fully_shard(block, mesh=mesh)
        fully_shard(model, mesh=mesh)
        return model

    def no_sync(self, wrapped: nn.Module) -> AbstractContextManager[Any]:
        """Inside, gradients add up in this process alone."""
        if self.world == 1:
            return nullcontext()
        if self.sharded:
            return _unsynchronised(wrapped)
        found: AbstractContextManager[Any] = self._accelerator.no_sync(wrapped)
        return found

    def reshard(self, wrapped: nn.Module) -> None:
        """Forget weights that were gathered for a forward pass without a backward one: they may have changed meanwhile."""
        if self.sharded:
            from torch.distributed.fsdp import FSDPModule

            for module in wrapped.modules():
                if isinstance(module, FSDPModule):
                    module.reshard()

    def rows(self, row: Tensor) -> Tensor:
        """[world, n] on the CPU: everybody's ``row`` [n], in the order of ranks."""
        if self.world == 1:
            return row[None].cpu()
        every: Tensor = self._accelerator.gather(row.to(self._accelerator.device)[None])
        return every.cpu()

    def share(self, value: T) -> list[T]:
        """Everybody's ``value``, in the order of ranks. Values are what JSON holds, and arrays."""
        if self.world == 1:
            return [value]
        every: list[Any] = [None] * self.world
        torch.distributed.all_gather_object(every, value)
        return every

    def alone(self, work: Callable[[], T]) -> T | None:
        """What ``work`` gives in the leading process, None in the others, which wait for it.

        Raises:
            RunFailed: the leading process failed; it says why.
        """
        result: T | None = None
        error: Exception | None = None
        if self.leads:
            try:
                result = work()
            except Exception as found:
                error = found
        self.settle(error)
        return result

    def together(self, work: Callable[[], T]) -> T:
        """What ``work``, in which nobody waits for the others, gives here, once it has gone well everywhere.

        Raises:
            Exception: what ``work`` raises.
            RunFailed: it failed in another process, which says why.
        """
        try:
            result = work()
        except Exception as error:
            self.settle(error)
            raise
        self.settle(None)
        return result

    def told(self, work: Callable[[], str]) -> str:
        """What ``work`` gives in the leading process, in every process; raises as `alone`."""
        words: list[str | None] = [self.alone(work)]
        if self.world > 1:
            broadcast_object_list(words)
        assert words[0] is not None
        return words[0]

    def settle(self, error: Exception | None) -> None:
        """Go on only where nobody has an ``error``; without this the others would wait for ever for one that has left.

        Raises:
            Exception: ``error``.
            RunFailed: another process has one; it says why.
        """
        failed = self.rows(torch.tensor([float(error is not None)])).flatten().tolist()
        if error is not None:
            raise error
        if any(failed):
            raise RunFailed(f"process {failed.index(1.0)} failed, and says why")

    def full(self, tensor: Tensor) -> Tensor:
        """The whole of a tensor that may be sharded, on the CPU in the leading process if it is. Everybody has to call it."""
        from torch.distributed.tensor import DTensor

        if not isinstance(tensor, DTensor):
            return tensor.detach()
        whole = tensor.full_tensor().detach()
        return whole.cpu() if self.leads else whole.new_empty(0)


def like(whole: Tensor, place: Tensor) -> Tensor:
    """``whole`` sharded as ``place`` is, or itself where that is not."""
    from torch.distributed.tensor import DTensor, distribute_tensor

    if not isinstance(place, DTensor) or whole.shape != place.shape:
        return whole
    return distribute_tensor(whole.to(place.device), place.device_mesh, place.placements)


@contextmanager
def _unsynchronised(model: Any) -> Iterator[None]:
    model.set_requires_gradient_sync(False)
    try:
        yield
    finally:
        model.set_requires_gradient_sync(True)
