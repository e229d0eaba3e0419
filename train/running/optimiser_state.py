"""Any optimiser's state as JSON and tensors: ``torch.optim.Optimizer.state_dict`` without pickle.

Tensors go to a dictionary by the name of the parameter and of the value ("adapter.bias.exp_avg"); everything else stands
where it stood, with tuples and infinities, which JSON lacks, spelt out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from train.optimising.masters import MasterWeights
from train.running.distributed import like


def pack(
    optimiser: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter], full: Callable[[Tensor], Tensor]
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """JSON and tensors; ``full`` makes whole what is sharded."""
    state, names = optimiser.state_dict(), _names(optimiser, parameters)
    tensors: dict[str, Tensor] = {}
    seen: set[int] = set()

    def spell(value: Any, path: str) -> Any:
        if isinstance(value, Tensor):
            whole = full(value)
            # Optimisers of 8 bits share one table between all parameters; safetensors wants every tensor to own its memory.
            shared = whole.numel() > 0 and whole.untyped_storage().data_ptr() in seen
            seen.add(whole.untyped_storage().data_ptr())
            tensors[path] = whole.clone() if shared else whole
            return {"tensor": path, "shape": list(value.shape)}
        if isinstance(value, dict):
            return {"items": {str(key): spell(item, f"{path}.{key}") for key, item in value.items()}}
        if isinstance(value, (tuple, list)):
            return {type(value).__name__: [spell(item, f"{path}.{place}") for place, item in enumerate(value)]}
        if isinstance(value, float) and not math.isfinite(value):
            return {"float": repr(value)}
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        raise TypeError(f"an optimiser keeps a {type(value).__name__} in {path}, which cannot be written without pickle")

    groups = [
        {key: spell(value, f"group_{number}.{key}") for key, value in group.items() if key != "params"}
        for number, group in enumerate(state["param_groups"])
    ]
    own = {
        names[number]: {key: spell(value, f"{names[number]}.{key}") for key, value in kept.items()}
        for number, kept in state["state"].items()
    }
    return {"groups": groups, "parameters": own}, tensors


def unpack(
    optimiser: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter], spelt: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> None:
    """Inverse of `pack`, into an optimiser made with the same options.

    Raises:
        ValueError: of another optimiser or other parameters, or damaged.
    """
    names, groups = _names(optimiser, parameters), optimiser.state_dict()["param_groups"]
    used: set[str] = set()

    def read(value: Any, place: Tensor | None) -> Any:
        if not isinstance(value, dict):
            return value
        if "tensor" in value:
            tensor = tensors[value["tensor"]]
            used.add(value["tensor"])
            if list(tensor.shape) != value["shape"]:
                raise ValueError(f"{value['tensor']} is of shape {list(tensor.shape)}, not {value['shape']}")
            return tensor if place is None else like(tensor, place)
        if "items" in value:
            return {key: read(item, place) for key, item in value["items"].items()}
        if "float" in value:
            return float(value["float"])
        ((kind, items),) = value.items()
        return {"tuple": tuple, "list": list}[kind](read(item, place) for item in items)

    try:
        own = spelt["parameters"]
        unknown = set(own) - set(names.values())
        if unknown or len(spelt["groups"]) != len(groups):
            raise ValueError(f"other parameters ({', '.join(sorted(unknown)[:3]) or 'other groups'})")
        state = {
            number: {key: read(value, parameters[name]) for key, value in own[name].items()}
            for number, name in names.items()
            if name in own
        }
        found = [
            {**{key: read(value, None) for key, value in kept.items()}, "params": group["params"]}
            for kept, group in zip(spelt["groups"], groups, strict=True)
        ]
        if left := set(tensors) - used:
            raise ValueError(f"{min(left)} belongs to nothing")
        optimiser.load_state_dict({"state": state, "param_groups": found})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__}: {error}") from None


def _names(optimiser: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter]) -> dict[int, str]:
    """Names of parameters by their number in `state_dict`."""
    masters = optimiser.masters if isinstance(optimiser, MasterWeights) else {}
    known = {id(masters.get(parameter, parameter)): name for name, parameter in parameters.items()}
    every = [p for group in optimiser.param_groups for p in group["params"]]
    return {number: known[id(p)] for number, p in enumerate(every)}
