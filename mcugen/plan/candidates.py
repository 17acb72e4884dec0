"""The kernels among which the planner may choose for each operator, with their invocations made on demand."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Invocation, Kernel
from mcugen.plan.budget import constant_sizes
from mcugen.plan.plan import KernelChoice

Finder = Callable[[Operator, Graph, Cpu, str], Sequence[Kernel]]
"""(operator, graph, cpu, policy) -> the kernels that support it, cheapest first."""


@dataclass(frozen=True)
class Candidate:
    """One kernel for one operator.

    Attributes:
        cost: estimated instructions of a call.
        constants: as `budget.constant_sizes`.
    """

    kernel: Kernel
    invocation: Invocation
    cost: float
    constants: Mapping[bytes, int]


@dataclass
class Candidates:
    """Kernels by operator. Packing constants takes time, so an invocation is made when first asked for, then kept."""

    graph: Graph
    cpu: Cpu
    policy: str
    find: Finder
    _found: dict[str, list[Kernel]] = field(default_factory=dict)
    _made: dict[tuple[str, str], Candidate] = field(default_factory=dict)

    def _kernels(self, op: Operator) -> list[Kernel]:
        if op.name not in self._found:
            self._found[op.name] = list(self.find(op, self.graph, self.cpu, self.policy))
        return self._found[op.name]

    def _make(self, op: Operator, kernel: Kernel) -> Candidate:
        key = (op.name, kernel.name)
        if key not in self._made:
            invocation = kernel.invoke(op, self.graph)
            cost = kernel.cost(op, self.graph)
            self._made[key] = Candidate(kernel, invocation, cost, constant_sizes(invocation))
        return self._made[key]

    def choices(self, op: Operator) -> tuple[KernelChoice, ...]:
        """All kernels with their estimates, cheapest first; packs nothing."""
        costs = ((kernel.name, kernel.cost(op, self.graph)) for kernel in self._kernels(op))
        return tuple(KernelChoice(name, cost if math.isfinite(cost) else None) for name, cost in costs)

    def fastest(self, op: Operator) -> Candidate:
        return self._make(op, self._kernels(op)[0])

    def all(self, op: Operator) -> list[Candidate]:
        """Cheapest first."""
        return [self._make(op, kernel) for kernel in self._kernels(op)]
