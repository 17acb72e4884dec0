"""A float program run over samples, and what its values looked like."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torch.utils._pytree import tree_leaves

from mcugen.errors import InputError
from mcugen.frontend.signature import is_input

Samples = Mapping[str, npt.NDArray[np.generic]]
"""By the name of the placeholder, (samples, *input shape): float32, or plain integers or booleans."""

Visit = Callable[[int, Node, Tensor], None]
"""Called with (sample's index, node, its value)."""


class _Visitor(torch.fx.Interpreter):
    def __init__(self, module: GraphModule, visit: Visit) -> None:
        super().__init__(module)
        self._visit = visit
        self.sample = 0

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        value = result[0] if isinstance(result, tuple | list) and result else result
        if n.op in ("placeholder", "call_function") and isinstance(value, torch.Tensor) and value.is_floating_point():
            self._visit(self.sample, n, value)
        return result


def count(samples: Samples) -> int:
    return len(next(iter(samples.values())))


def evenly(total: int, most: int) -> list[int]:
    """Up to `most` of so many indices."""
    chosen = min(total, most)
    return sorted({index * total // chosen for index in range(chosen)})


def spread_evenly(samples: Samples, most: int) -> list[int]:
    """Up to `most` indices of samples."""
    return evenly(count(samples), most)


STATE = "mcugen_state"
"""Key of a placeholder's meta: the position of the result that the input gets in the next step."""


def consecutive_or_spread(module: GraphModule, samples: Samples, most: int) -> list[int]:
    """Indices of up to `most` samples: spread evenly, or the first ones where they are steps of a sequence."""
    if any(STATE in node.meta for node in module.graph.nodes):
        return list(range(min(count(samples), most)))
    return spread_evenly(samples, most)


def inputs_of(module: GraphModule) -> list[Node]:
    """The placeholders of the model's inputs."""
    return [node for node in module.graph.nodes if is_input(node)]


def is_real(samples: Samples, node: Node) -> bool:
    """Whether an input holds real numbers, which will be quantized."""
    return samples[node.name].dtype == np.float32


def is_free(samples: Samples, node: Node) -> bool:
    """Whether an input's values may be scaled or limited: real numbers, and no state, whose other side would differ."""
    return is_real(samples, node) and STATE not in node.meta


def arguments(module: GraphModule, samples: Samples, index: int) -> list[Any]:
    """What the program is called with for one sample; numbers and None that it was exported with are its own."""
    return [
        torch.as_tensor(samples[node.name][index]) if is_input(node) else node.meta.get("val")
        for node in module.graph.nodes
        if node.op == "placeholder"
    ]


def visit(module: GraphModule, samples: Samples, indices: Iterable[int], see: Visit) -> None:
    """Runs the program and shows every floating-point value."""
    visitor = _Visitor(module, see)
    with torch.no_grad():
        for index in indices:
            visitor.sample = index
            visitor.run(*arguments(module, samples, index), enable_io_processing=False)


def results(module: GraphModule, samples: Samples, index: int) -> list[Tensor]:
    """The model's results for one sample, in the order of its outputs: numbers are tensors too, None is no result.

    Raises:
        InputError: the model takes a value from a place that there is not.
    """
    try:
        found = module(*arguments(module, samples, index))
    except (IndexError, RuntimeError) as error:
        if not isinstance(error, IndexError) and "out of bounds" not in str(error):
            raise
        raise InputError(
            f"calibration sample {index}: {str(error).partition(chr(10))[0]}",
            where="calibration",
            hint="inputs that are places, such as ids, are from 0 to the size of their axis less 1: correct them",
        ) from error
    return [torch.as_tensor(leaf) for leaf in tree_leaves(found) if isinstance(leaf, Tensor | bool | int | float)]


def magnitudes(module: GraphModule, samples: Samples, most: int) -> dict[Node, float]:
    """The largest magnitude of every value over up to `most` samples."""
    found: dict[Node, float] = {}

    def see(_: int, node: Node, value: Tensor) -> None:
        found[node] = max(found.get(node, 0.0), float(value.abs().max()) if value.numel() else 0.0)

    visit(module, samples, spread_evenly(samples, most), see)
    return found
