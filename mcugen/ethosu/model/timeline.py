"""When each operation of a stream starts and ends, by the estimates: transfers run beside operations until a wait."""

from __future__ import annotations

from collections.abc import Mapping

from mcugen.ethosu.model.machine import Program
from mcugen.ethosu.model.operations import Operation, Transfer


def elapsed(program: Program, cycles: Mapping[int, int]) -> int:
    """Cycles from the first command of a stream to the end of its last operation.

    Operations follow one another, and so do transfers; a command starts when the one before it has started and what it
    waits for has ended. Starting one more than the NPU can hold waits for the oldest.

    Args:
        cycles: of each operation, by the byte of its command.
    """
    configuration = program.payload.configuration
    most = {True: configuration.most_transfers, False: configuration.most_kernels}
    ends: dict[bool, list[int]] = {True: [], False: []}
    now = 0
    for step in program.steps:
        is_transfer = isinstance(step, Transfer) if isinstance(step, Operation) else step.name == "NPU_OP_DMA_WAIT"
        queue = ends[is_transfer]
        left = most[is_transfer] - 1 if isinstance(step, Operation) else step.parameter
        if len(queue) > left:
            now = max(now, queue[len(queue) - left - 1])
        if isinstance(step, Operation):
            queue.append(max(now, queue[-1] if queue else 0) + cycles[step.command.offset])
    return max([0, *ends[True][-1:], *ends[False][-1:]])
