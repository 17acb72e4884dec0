"""The float program behind an integer graph: which of its values each tensor stands for, and what these are.

A quantized program is lowered value by value: each quantize node of it is one tensor of the graph before the passes, in
the program's own layout. The value that the node quantizes has the same name in the float program that was calibrated,
so that both can be held side by side, at the end of whatever is one operator on the device. Of a program that came
quantized the float one is the same without its quantizations (`unrounded`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torch.utils._pytree import tree_leaves

from mcugen.errors import InputError
from mcugen.frontend import calibration as data
from mcugen.frontend.importer import inputs_of, named_inputs
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.row import Role
from mcugen.frontend.ranges.normalize import Normalizations, normalized
from mcugen.frontend.ranges.observe import Samples, arguments
from mcugen.frontend.signature import PortNames
from mcugen.frontend.states import Tie, given_inputs, tensor_positions, with_states
from mcugen.frontend.torch_settings import quiet, single_threaded
from mcugen.graph.graph import Graph

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Counterpart:
    """A float program beside the graph that was made of it.

    Attributes:
        original: the program as the model file has it, without state; of one that came quantized, without rounding.
        prepared: what was quantized: folded, and perhaps scaled otherwise inside; its outputs are the original's.
        lowered: the graph before the passes, its tensors in the program's own layout.
        values: by tensor of `lowered`, the node of `prepared` whose value it holds.
        normalizations: of the inputs of `prepared`.
        ports, ties, reset_every: of the program's inputs, results and states.
        stored: of inputs that the program of the model file takes as integers, the scale and the zero point of these.
        words: what it is, for people.
        own: whether it was mcugen that quantized it, so that it can be quantized in another way.
    """

    original: GraphModule
    prepared: GraphModule
    lowered: Graph
    values: Mapping[str, str]
    normalizations: Normalizations
    ports: PortNames
    ties: Sequence[Tie]
    reset_every: int | None = None
    stored: Mapping[str, tuple[float, int]] = field(default_factory=dict)
    words: str = "the float model"
    own: bool = True

    def samples(self, path: Path) -> dict[str, npt.NDArray[np.generic]]:
        """Reads samples like calibration data; those of states are what the float program leaves in them.

        Returns:
            By the name of the program's input or state: (samples, *shape).

        Raises:
            InputError: the file, a name, a shape or a type is wrong, or a value is not finite.
        """
        given = given_inputs(self.ports.inputs, self.ties)
        inputs = [spec for spec in inputs_of(self.original, self.ports.inputs) if spec.name in given]
        names = {node.name: name for node, name in named_inputs(self.original, self.ports.inputs).items()}
        read = data.load(path, inputs, "sample")
        for node, (scale, zero_point) in self.stored.items():
            integers = read[names[node]].astype(np.float32)
            read[names[node]] = (integers - np.float32(zero_point)) * np.float32(scale)
        with quiet(), single_threaded():
            return dict(with_states(self.original, names, self.ties, read, self.reset_every))

    def outputs(self, samples: Mapping[str, npt.NDArray[np.generic]]) -> dict[str, npt.NDArray[Any]]:
        """The results of the original program by name, (samples, *shape of the result); states are left out."""
        hidden = tensor_positions(self.original)
        names = [name for k, name in enumerate(self.ports.outputs) if k not in hidden]
        given = self._by_placeholder(samples, {})
        with quiet(), single_threaded(), torch.no_grad():
            runs = [
                [leaf for k, leaf in enumerate(_leaves(self.original, given, i)) if k not in hidden]
                for i in range(_count(samples))
            ]
        return {name: np.stack([run[k].numpy() for run in runs]) for k, name in enumerate(names)}

    def run(
        self,
        samples: Mapping[str, npt.NDArray[np.generic]],
        index: int,
        nodes: frozenset[str] = frozenset(),
        instead: Mapping[str, FloatArray] | None = None,
    ) -> tuple[dict[str, FloatArray], list[npt.NDArray[Any]]]:
        """The prepared program on one sample.

        Args:
            nodes: whose values to give.
            instead: values that these nodes are to have instead of their own.

        Returns:
            The values asked for, by node, and the results without states.
        """
        given = self._by_placeholder(
            {name: array[index : index + 1] for name, array in samples.items()}, self.normalizations
        )
        watcher = _Watcher(self.prepared, nodes, instead or {})
        hidden = tensor_positions(self.prepared)
        with quiet(), single_threaded(), torch.no_grad():
            found = watcher.run(*arguments(self.prepared, given, 0), enable_io_processing=False)
        results = [leaf.numpy() for k, leaf in enumerate(_tensors(found)) if k not in hidden]
        return watcher.seen, results

    def layer_of(self, value: str) -> str:
        """The node of the layer that makes a value: before activations and what only moves values; "" for inputs."""
        node = next(n for n in self.prepared.graph.nodes if n.name == value)
        while node.op == "call_function":
            row = ROWS.get(target_name(node))
            shares = row is not None and row.shares is not None and row.shares(node)
            if row is None or not (shares or row.role in (Role.TRANSPARENT, Role.ACTIVATION)):
                return str(node.name)
            node = node.all_input_nodes[0]
        return ""

    def _by_placeholder(
        self, samples: Mapping[str, npt.NDArray[np.generic]], normalizations: Normalizations
    ) -> Samples:
        names = named_inputs(self.original, self.ports.inputs)
        given = {node.name: samples[name] for node, name in names.items() if name in samples}
        return normalized(given, normalizations)


class _Watcher(torch.fx.Interpreter):
    """Keeps the values of some nodes, and gives some others than their own."""

    def __init__(self, module: GraphModule, nodes: frozenset[str], instead: Mapping[str, FloatArray]) -> None:
        super().__init__(module)
        self.seen: dict[str, FloatArray] = {}
        self._nodes = nodes
        self._instead = instead

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if n.name in self._instead:
            result = torch.from_numpy(self._instead[n.name]).to(result.dtype).reshape(result.shape)
        if n.name in self._nodes and isinstance(result, Tensor):
            self.seen[n.name] = result.detach().numpy().astype(np.float32)
        return result


def _leaves(module: GraphModule, samples: Samples, index: int) -> list[Tensor]:
    return _tensors(module(*arguments(module, samples, index)))


def _tensors(found: Any) -> list[Tensor]:
    return [torch.as_tensor(leaf) for leaf in tree_leaves(found) if isinstance(leaf, Tensor | bool | int | float)]


def _count(samples: Mapping[str, npt.NDArray[np.generic]]) -> int:
    counts = {len(array) for array in samples.values()}
    if len(counts) != 1:
        raise InputError(f"inputs have different numbers of samples: {sorted(counts)}")
    return counts.pop()
