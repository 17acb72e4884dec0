"""Runs a float or quantized program node by node: each node on all samples, then the next one.

All is computed in double precision, so that what follows from it does not depend on how a CPU adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Interpreter, Node

from mcugen.frontend.lowering.qdq import is_quantize
from mcugen.frontend.ranges.observe import Samples, arguments

Before = Callable[[Node, dict[Node, list[Tensor]]], None]
"""(node, values of its operands on each sample): what it puts into the dictionary takes the operand's place."""

After = Callable[[Node, list[Tensor]], list[Tensor]]
"""(node, its value on each sample) -> the values that later nodes get."""


FEWEST = 8
"""Samples, below which what they have in common says nothing."""


class Double(Interpreter):
    """Runs node by node in double precision; what is quantized is rounded from float32, as the operator wants it."""

    def run_node(self, n: Node) -> Any:
        args, kwargs = self.fetch_args_kwargs_from_env(n)
        if n.op == "call_function" and is_quantize(n):
            args = tuple(_cast(a, torch.float64, torch.float32) for a in args)
        result = getattr(self, n.op)(n.target, args, kwargs)
        return torch.utils._pytree.tree_map(lambda value: _cast(value, torch.float32, torch.float64), result)


def _cast(value: Any, before: torch.dtype, after: torch.dtype) -> Any:
    return value.to(after) if isinstance(value, Tensor) and value.dtype == before else value


def walk(
    module: GraphModule, samples: Samples, indices: Sequence[int], after: After | None = None
) -> Iterator[tuple[Node, dict[Node, list[Tensor]]]]:
    """Runs the program on samples and stops before each operator, with the values of its operands on each sample.

    What the caller puts into the dictionary takes the operand's place; `after` sees results, and may replace them.

    Args:
        samples: by input name: (samples, *input shape).
        indices: of the samples to run.
    """
    runners = []
    for index in indices:
        runner = Double(module)
        runner.args_iter = iter(arguments(module, samples, index))
        runners.append(runner)
    last = {source: node for node in module.graph.nodes for source in node.all_input_nodes}
    dead: dict[Node, list[Node]] = {}
    for source, node in last.items():
        dead.setdefault(node, []).append(source)
    for node in module.graph.nodes:
        if node.op == "call_function":
            operands = {source: [runner.env[source] for runner in runners] for source in node.all_input_nodes}
            yield node, operands
            for source, given in operands.items():
                for runner, value in zip(runners, given, strict=True):
                    runner.env[source] = value
        values = [runner.run_node(node) for runner in runners]
        if after is not None and node.op == "call_function" and isinstance(values[0], Tensor):
            values = after(node, values)
        for runner, value in zip(runners, values, strict=True):
            runner.env[node] = value
            for source in dead.get(node, ()):
                del runner.env[source]


def run_stepwise(
    module: GraphModule,
    samples: Samples,
    indices: Sequence[int],
    before: Before | None = None,
    after: After | None = None,
) -> None:
    """As `walk`, to the end: `before` sees each operator's operands, and may replace them."""
    for node, operands in walk(module, samples, indices, after):
        if before is not None:
            before(node, operands)
