"""The kernel of `CommandStream`: hands a command stream to the NPU's driver."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.ethosu.job import Place
from mcugen.ethosu.operator import CommandStream
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Constant, Invocation, Kernel

MOST_PORTS = 8
"""Inputs, and outputs, that one job can have."""
_ALIGNMENT = 16
"""Of base addresses; Arm's ethos-u-core-driver refuses others."""
_CACHE_LINE = 32
"""Bytes, of a Cortex-M55 and M85: an arena that starts and ends with a line shares none with variables that others
write while the NPU runs; invalidating it would drop what they wrote."""

DRIVER_INSTRUCTIONS = 2000.0
"""What a job costs the CPU besides copying: an estimate of Arm's driver with its interrupt, on the safe side."""


class EthosUKernel(Kernel):
    """mcugen_ethos_u: copies inputs into the scratch memory, runs the job, copies outputs out of it."""

    name: ClassVar[str] = "ethos_u.npu"
    library: ClassVar[str] = "npu"
    operator: ClassVar[type[Operator]] = CommandStream
    limits: ClassVar[str] = f"at most {MOST_PORTS} inputs and outputs"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, CommandStream) and max(len(op.inputs), len(op.outputs)) <= MOST_PORTS

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, CommandStream)
        made = op.job
        return Invocation(
            kernel=self.name,
            function="mcugen_ethos_u",
            source="npu/ethos_u.c",
            params_type="mcugen_ethos_u_params",
            params={
                "inputs": len(made.inputs),
                "outputs": len(made.outputs),
                **_ports("input", made.inputs),
                **_ports("output", made.outputs),
                "stream_bytes": len(made.payload),
                "weights_bytes": len(made.weights),
                "scratch_bytes": made.scratch_bytes,
                "fast_bytes": made.fast_bytes,
                "weights_region": made.weights_region,
                "scratch_region": made.scratch_region,
                "fast_region": made.fast_region,
            },
            inputs=op.inputs,
            constants=(_constant("stream", made.payload), _constant("weights", made.weights)),
            outputs=op.outputs,
            scratch_bytes=made.scratch_bytes,
            scratch_alignment=_CACHE_LINE,
            fast_bytes=made.fast_bytes,
            fallible=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, CommandStream)
        return crossing_instructions([*op.job.inputs, *op.job.outputs])


_KERNEL = EthosUKernel()


def with_npu(
    find: Callable[[Operator, Graph, Cpu, str], Sequence[Kernel]],
) -> Callable[[Operator, Graph, Cpu, str], Sequence[Kernel]]:
    """A search for kernels that knows parts for the NPU besides."""

    def found(op: Operator, graph: Graph, cpu: Cpu, policy: str) -> Sequence[Kernel]:
        return [_KERNEL] if isinstance(op, CommandStream) else find(op, graph, cpu, policy)

    return found


def crossing_instructions(places: Sequence[Place]) -> float:
    """What the CPU does for one job: the driver, and a copy of each input and output."""
    return DRIVER_INSTRUCTIONS + sum(20 + 0.5 * place.size for place in places)


def _ports(group: str, places: Sequence[Place]) -> dict[str, tuple[int, ...]]:
    unused = (0,) * (MOST_PORTS - len(places))
    return {
        f"{group}_offset": (*(p.offset for p in places), *unused),
        f"{group}_bytes": (*(p.size for p in places), *unused),
    }


def _constant(role: str, data: bytes) -> Constant:
    return Constant(role, np.frombuffer(data, np.uint8), _ALIGNMENT)
