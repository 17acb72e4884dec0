"""What was decided: which operators the NPU runs, and why others are left to the CPU."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.ethosu.compiler import Compiled
from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, eq=False)
class Part:
    """One job of the NPU.

    Attributes:
        name: of the operator that stands for it in the graph.
        operators: what it does, in order.
        compiled: by Vela; its cycles are Vela's estimate.
        cpu_instructions: that the CPU's kernels would take for it, by their estimate.
    """

    name: str
    operators: tuple[Operator, ...]
    compiled: Compiled
    cpu_instructions: float


@dataclass(frozen=True)
class OnCpu:
    """An operator that stays on the CPU, and why."""

    operator: Operator
    reason: str


@dataclass(frozen=True, eq=False)
class Partition:
    """How a graph was shared out.

    Attributes:
        accelerator: such as "ethos-u55-128".
        clock_hz: of the NPU.
        memory_mode: Vela's name.
        vela: its version.
    """

    accelerator: str
    clock_hz: int
    memory_mode: str
    vela: str
    parts: tuple[Part, ...]
    on_cpu: tuple[OnCpu, ...]
