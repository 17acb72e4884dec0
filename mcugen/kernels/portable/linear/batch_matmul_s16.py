"""Products of two activations of int16 on any CPU."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mcugen.graph.arithmetic import reduced_multiplier
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.batch_matmul import BatchMatMul
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.int16 import INT16_BYTES, OnInt16
from mcugen.kernels.portable.linear.batch_matmul import invocation


class BatchMatMulInt16Portable(OnInt16):
    """mcugen_batch_matmul_s16."""

    name: ClassVar[str] = "batch_matmul_s16.portable"
    operator: ClassVar[type[Operator]] = BatchMatMul
    per_copy: ClassVar[float] = 5.5
    per_product: ClassVar[float] = 3.2

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, BatchMatMul)
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        # Two columns of the right side, where they do not lie in rows.
        scratch = 0 if op.transposed else 2 * INT16_BYTES * tensors[0].shape[-1]
        shared = invocation(op, graph, self.name, "batch_matmul_s16", "portable/linear", max(scratch, 4))
        multiplier, shift = op.requantization(tensors, [out])
        numbers = {"multiplier": int(reduced_multiplier(multiplier)), "shift": 15 - shift, "general_requantization": 1}
        return replace(shared, params={**shared.params, **numbers})

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, BatchMatMul)
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        rows, depth, columns = op.sizes(tensors)
        matrices = out.elements // (rows * columns)
        copy = 0 if op.transposed else self.per_copy * depth
        return matrices * 2 * -(-columns // 2) * (copy + rows * (self.per_product * depth + 11)) + 40
