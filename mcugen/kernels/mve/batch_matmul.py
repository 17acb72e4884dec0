"""Products of two activations on Helium."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.batch_matmul import BatchMatMul
from mcugen.kernels.base import Invocation, Kernel
from mcugen.kernels.mve import gemm
from mcugen.kernels.mve.common import InLanes, has_vectors
from mcugen.kernels.portable.linear.batch_matmul import invocation
from mcugen.kernels.portable.linear.batch_matmul_s16 import BatchMatMulInt16Portable

# Steps of gathered bytes have 16 bits.
_MOST_COLUMNS = 0xFFFF // 7


class BatchMatMulMve(Kernel):
    """mcugen_mve_batch_matmul_s8: four columns of the right side are the weights of a block, two rows at a time."""

    name: ClassVar[str] = "batch_matmul_s8.mve"
    library: ClassVar[str] = "mve"
    operator: ClassVar[type[Operator]] = BatchMatMul

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, BatchMatMul) or not has_vectors(cpu):
            return False
        _, _, columns = op.sizes(graph.input_tensors(op))
        return op.transposed or columns <= _MOST_COLUMNS

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, BatchMatMul)
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        rows, depth, _ = op.sizes(tensors)
        row_bytes = gemm.LANES * gemm.chunks(depth)
        copies = min(rows, 2) * row_bytes if depth % gemm.LANES else 0
        multiplier, shift = op.requantization(tensors, [out])
        shared = invocation(
            op, graph, self.name, "batch_matmul_s8", "mve/linear", 16 + 4 * row_bytes + 4 * rows + copies
        )
        general = int(shift > -1)
        numbers = {"multiplier": multiplier, "shift": shift, "general_requantization": general}
        return replace(shared, function="mcugen_mve_batch_matmul_s8", params={**shared.params, **numbers})

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, BatchMatMul)
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        rows, depth, columns = op.sizes(tensors)
        count = gemm.chunks(depth)
        copies = 3 * count + 6 if depth % gemm.LANES else 0
        block = 4 * count * (7 if op.transposed else 20) + rows // 2 * (14 * count + 38 + 2 * copies)
        block += rows % 2 * (10 * count + 30 + copies)
        return out.elements // (rows * columns) * (-(-columns // 4) * block + rows * (2 * count + 6)) + 40


class BatchMatMulInt16Mve(InLanes, BatchMatMulInt16Portable):
    """mcugen_mve_batch_matmul_s16: eight products in one instruction."""

    name: ClassVar[str] = "batch_matmul_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_batch_matmul_s16"
    source: ClassVar[str] = "mve/linear/batch_matmul_s16.c"
    per_copy: ClassVar[float] = 0.9
    per_product: ClassVar[float] = 0.46

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, BatchMatMul)
        columns = op.sizes(graph.input_tensors(op))[2]
        return super().fits(op, graph) and (op.transposed or columns <= _MOST_COLUMNS)
