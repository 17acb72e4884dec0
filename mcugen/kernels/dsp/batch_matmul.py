"""Products of two activations on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.batch_matmul import BatchMatMul
from mcugen.kernels.base import Invocation, Kernel
from mcugen.kernels.dsp import gemm
from mcugen.kernels.dsp.common import InWords
from mcugen.kernels.portable.linear.batch_matmul import invocation
from mcugen.kernels.portable.linear.batch_matmul_s16 import BatchMatMulInt16Portable


class BatchMatMulDsp(Kernel):
    """mcugen_dsp_batch_matmul_s8: columns of the right side are widened two at a time."""

    name: ClassVar[str] = "batch_matmul_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = BatchMatMul

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, BatchMatMul) and cpu.dsp

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, BatchMatMul)
        depth = graph.tensor(op.inputs[0]).shape[-1]
        return invocation(op, graph, self.name, "dsp_batch_matmul_s8", "dsp/linear", 16 * gemm.quads(depth))

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, BatchMatMul)
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        rows, depth, columns = op.sizes(tensors)
        matrices, pairs = out.elements // (rows * columns), -(-columns // 2)
        widen = 2 * gemm.quads(depth) * (11 if op.transposed else 22) + 40
        return matrices * pairs * (widen + -(-rows // 2) * (17.6 * gemm.quads(depth) + 34)) + 40


class BatchMatMulInt16Dsp(InWords, BatchMatMulInt16Portable):
    """mcugen_dsp_batch_matmul_s16: two products in one instruction."""

    name: ClassVar[str] = "batch_matmul_s16.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_batch_matmul_s16"
    source: ClassVar[str] = "dsp/linear/batch_matmul_s16.c"
    per_product: ClassVar[float] = 1.65
