"""Mean errors of a quantized program's layers, taken up by their biases.

Rounded weights and saturated activations move a channel's mean, and a moved mean is an error that all later layers and
all positions share. For each layer in turn, behind the corrected ones, the mean of each channel on samples is compared
with that of the float program, and the difference leaves with the bias (Nagel et al. 2019, "Data-Free Quantization
Through Weight Equalization and Bias Correction", arXiv:1906.04721, section 4.2 and appendix D: empirical correction).

All is computed in double precision, so that biases do not depend on how a CPU adds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Interpreter, Node

from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.lowering.qdq import is_quantize
from mcugen.frontend.ranges.observe import Samples, arguments
from mcugen.frontend.rewrites.folding import attribute, is_transposed, new_constant, weighted, with_arguments

See = Callable[[Node, list[Tensor]], list[Tensor]]
"""(node, its value on each sample) -> the values that later nodes get."""

FEWEST = 8
"""Samples, below which a mean says nothing."""

SIGNIFICANT = 2.0
"""A mean error counts when it is so many times its own standard error, over the samples."""


def correct_biases(program: GraphModule, reference: GraphModule, samples: Samples, indices: Sequence[int]) -> list[str]:
    """Changes biases of a quantized program, in place.

    Args:
        program: in q/dq form.
        reference: the float program of which it was made; its layers have the same names.
        samples: by input name, what both take.
        indices: of the samples to be used.

    Returns:
        The names of the layers whose biases were changed; none with fewer than `FEWEST` samples.
    """
    if len(indices) < FEWEST:
        return []
    given = {node.name: node for node in reference.graph.nodes}
    layers = {
        node: given[node.name]
        for node in program.graph.nodes
        if _has_bias(program, node) and node.name in given and given[node.name].target == node.target
    }
    wanted = _means(reference, samples, indices, list(layers.values()))
    found: dict[Node, Tensor] = {}

    def correct(node: Node, values: list[Tensor]) -> list[Tensor]:
        if node not in layers:
            return values
        errors = torch.stack([_mean(node, value) for value in values]) - wanted[layers[node]]
        mean, deviation = errors.mean(0), errors.std(0)
        error = torch.where(mean.abs() > SIGNIFICANT * deviation / len(values) ** 0.5, mean, 0.0)
        if not bool(error.any()):
            return values
        found[node] = error
        return [value - _along(node, error, value) for value in values]

    _run(program, samples, indices, correct)
    for node, error in found.items():
        bias = attribute(program, bind(node)["bias"])
        old = torch.zeros_like(error) if bias is None else bias.double()
        with_arguments(node, bias=new_constant(program, node, "bias", old - error))
    program.recompile()
    return [node.name for node in found]


def _has_bias(program: GraphModule, node: Node) -> bool:
    if not (weighted(node) or (node.op == "call_function" and is_transposed(node))):
        return False
    bias = bind(node)["bias"]
    return bias is None or attribute(program, bias) is not None


def _axis(node: Node, value: Tensor) -> int:
    """Of the channels in a layer's results."""
    return value.dim() - 1 if target_name(node) == "aten.linear.default" else 1


def _mean(node: Node, value: Tensor) -> Tensor:
    axis = _axis(node, value)
    return value.movedim(axis, 0).reshape(value.shape[axis], -1).mean(1)


def _along(node: Node, channels: Tensor, value: Tensor) -> Tensor:
    return channels.reshape([-1 if i == _axis(node, value) else 1 for i in range(value.dim())])


def _means(
    module: GraphModule, samples: Samples, indices: Sequence[int], nodes: Sequence[Node]
) -> Mapping[Node, Tensor]:
    """Of each sample's results of some layers, (samples, channels)."""
    found: dict[Node, Tensor] = {}
    chosen = set(nodes)

    def see(node: Node, values: list[Tensor]) -> list[Tensor]:
        if node in chosen:
            found[node] = torch.stack([_mean(node, value) for value in values])
        return values

    _run(module, samples, indices, see)
    return found


class _Double(Interpreter):
    """Runs node by node in double precision; what is quantized is rounded from float32, as the operator wants it."""

    def run_node(self, n: Node) -> Any:
        if n.op == "output":
            return None
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        if n.op == "call_function" and is_quantize(n):
            args = tuple(_cast(a, torch.float64, torch.float32) for a in args)
        result = getattr(self, n.op)(n.target, args, kwargs)
        return torch.utils._pytree.tree_map(lambda value: _cast(value, torch.float32, torch.float64), result)


def _cast(value: Any, before: torch.dtype, after: torch.dtype) -> Any:
    return value.to(after) if isinstance(value, Tensor) and value.dtype == before else value


def _run(module: GraphModule, samples: Samples, indices: Sequence[int], see: See) -> None:
    """Each node on all samples, then the next one; `see` may replace the values of a node."""
    runners = []
    for index in indices:
        runner = _Double(module)
        runner.args_iter = iter(arguments(module, samples, index))
        runners.append(runner)
    last = {source: node for node in module.graph.nodes for source in node.all_input_nodes}
    dead: dict[Node, list[Node]] = {}
    for source, node in last.items():
        dead.setdefault(node, []).append(source)
    for node in module.graph.nodes:
        values = [runner.run_node(node) for runner in runners]
        if node.op == "call_function" and isinstance(values[0], Tensor):
            values = see(node, values)
        for runner, value in zip(runners, values, strict=True):
            runner.env[node] = value
            for source in dead.get(node, ()):
                del runner.env[source]
