"""Products of two activations on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.batch_matmul import BatchMatMul
from mcugen.kernels.base import Invocation, ParamValue
from mcugen.kernels.portable.broadcast import broadcast
from mcugen.kernels.portable.common import PortableKernel, operands, pad_front
from mcugen.kernels.requantization import is_fast

BATCH_AXES = 4


class BatchMatMulPortable(PortableKernel):
    """mcugen_batch_matmul_s8."""

    name: ClassVar[str] = "batch_matmul_s8.portable"
    operator: ClassVar[type[Operator]] = BatchMatMul

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, BatchMatMul)
        depth = graph.tensor(op.inputs[0]).shape[-1]
        return invocation(op, graph, self.name, "batch_matmul_s8", "portable/linear", 2 * depth * 2)

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, BatchMatMul)
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        rows, depth, columns = op.sizes(tensors)
        matrices = out.elements // (rows * columns)
        return matrices * columns * (9 * depth + rows * (2.3 * depth + 17)) + 40


def invocation(op: BatchMatMul, graph: Graph, kernel: str, function: str, folder: str, scratch: int) -> Invocation:
    """One call of a C function with struct mcugen_batch_matmul_params."""
    given = operands(op, graph)
    return Invocation(
        kernel=kernel,
        function=f"mcugen_{function}",
        source=f"{folder}/{function.removeprefix('dsp_')}.c",
        params_type="mcugen_batch_matmul_params",
        params=batch_matmul_params(op, graph),
        inputs=given.inputs,
        constants=given.constants,
        outputs=op.outputs,
        scratch_bytes=scratch,
    )


def batch_matmul_params(op: BatchMatMul, graph: Graph) -> dict[str, ParamValue]:
    """The fields of struct mcugen_batch_matmul_params."""
    tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
    left, right = tensors
    rows, depth, columns = op.sizes(tensors)
    batches = broadcast(left.shape[:-2], right.shape[:-2], out.shape[:-2])
    left_step, right_step = (
        pad_front([step * math.prod(x.shape[-2:]) for step in steps], BATCH_AXES, 0)
        for steps, x in zip(batches.steps, tensors, strict=True)
    )
    multiplier, shift = op.requantization(tensors, [out])
    most = np.array([op.largest_accumulator(tensors)])
    fast = out.bits == 8 and bool(
        is_fast(-most, most, np.array([multiplier]), np.array([-shift]), out.zero_point).all()
    )
    return {
        "batch": pad_front(batches.shape, BATCH_AXES, 1),
        "left_step": left_step,
        "right_step": right_step,
        "rows": rows,
        "depth": depth,
        "columns": columns,
        "transposed": int(op.transposed),
        "right_first": int(left.is_constant and not right.is_constant),
        "left_zero_point": left.zero_point,
        "right_zero_point": right.zero_point,
        "output_zero_point": out.zero_point,
        "multiplier": 2 * multiplier - (1 << 32) if fast else multiplier,
        "shift": -shift if fast else shift,
        "general_requantization": int(not fast),
        "clamp_min": op.clamp[0],
        "clamp_max": op.clamp[1],
    }
