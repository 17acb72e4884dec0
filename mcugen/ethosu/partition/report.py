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
        operators: what it does, in order; none where the model file holds it compiled.
        compiled: by Vela. Its cycles are an estimate of Vela's; of mcugen's model of the NPU where the file holds it
            compiled.
    """

    name: str
    operators: tuple[Operator, ...]
    compiled: Compiled


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
        vela: version of the Vela that compiled the parts; None: the model file holds them compiled.
    """

    accelerator: str
    clock_hz: int
    memory_mode: str
    vela: str | None
    parts: tuple[Part, ...]
    on_cpu: tuple[OnCpu, ...]
