"""Kernels as the planner sees them, without C: scratch and overlaps as real ones have, and a small board."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcugen.boards.board import Board, Cpu, Memory
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap
from mcugen.plan.candidates import Finder

CPU = Cpu("cortex-m33", True, "single", "none", 128_000_000)


def board(ram: int = 256 * 1024, flash: int = 1024 * 1024) -> Board:
    memories = (Memory("flash", "flash", 0, flash), Memory("sram", "ram", 0x20000000, ram))
    return Board("testboard", "", "", CPU, memories, "flash", "sram")


def windowed_distance(op: Operator, graph: Graph) -> int:
    """How much lower the output must start when a convolution writes row after row of its output.

    Row r reads input rows from r * stride - padding; until it is written nothing from there on may be overwritten.
    """
    (_, ih, iw, ic), (_, oh, ow, oc) = graph.tensors[op.inputs[0]].shape, graph.tensors[op.outputs[0]].shape
    stride, top = op.stride[0], op.padding[0]  # type: ignore[attr-defined]
    return max((r + 1) * ow * oc - max(0, min(r * stride - top, ih)) * iw * ic for r in range(oh))


class FakeKernel(Kernel):
    """A kernel of one operator kind.

    Args:
        overlap: None, "windowed", "exact" (same address only), "inplace" (all inputs), "first" (the
            first input only) or "skewed" (the second input at a distance).
        scratch: bytes for each input channel.
        width: bytes for each weight.
        enlarges: as `Kernel.enlarges`.
    """

    def __init__(
        self, kind: str, overlap: str | None, scratch: int = 0, cost: float = 1, width: int = 1, enlarges: bool = False
    ) -> None:
        self.kind, self.overlap, self.scratch, self.price, self.width = kind, overlap, scratch, cost, width
        self.enlarges = enlarges  # type: ignore[misc]
        self.name = f"{kind}.{overlap}.{scratch}.{width}"  # type: ignore[misc]

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return op.kind == self.kind

    def cost(self, op: Operator, graph: Graph) -> float:
        return self.price

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        inputs = tuple(n for n in op.inputs if not graph.tensors[n].is_constant)
        weights = [graph.tensors[n] for n in op.inputs if graph.tensors[n].is_constant]
        # Distinct values, or equal arrays would be counted once.
        constants = tuple(
            Constant(
                "weights",
                np.full(w.elements, len(op.name) + int(op.name.rsplit("_", 1)[1]), np.dtype(f"int{8 * self.width}")),
            )
            for w in weights
        )
        overlaps: tuple[Overlap, ...] = ()
        source, target = graph.tensors[inputs[0]], graph.tensors[op.outputs[0]]
        if self.overlap == "windowed":
            overlaps = (Overlap(0, windowed_distance(op, graph)),)
        elif self.overlap == "exact" and source.size_bytes == target.size_bytes:
            overlaps = (Overlap(0, 0, exact=True),)
        elif self.overlap == "first":
            overlaps = (Overlap(0, 0),)
        elif self.overlap == "skewed":
            overlaps = (Overlap(0, 0), Overlap(1, 8))
        elif self.overlap == "inplace":
            overlaps = tuple(Overlap(i, 0) for i in range(len(inputs)))
        return Invocation(
            kernel=self.name,
            function=f"mcugen_{self.kind}",
            source=f"portable/{self.kind}.c",
            params_type="mcugen_params",
            params={},
            inputs=inputs,
            constants=constants,
            outputs=op.outputs,
            scratch_bytes=self.scratch * (source.shape[-1] if self.scratch else 0),
            overlaps=overlaps,
            alias=self.kind == "reshape",
        )


SHARING = [
    FakeKernel("conv2d", "windowed", scratch=4),
    FakeKernel("depthwise_conv2d", "exact", scratch=36),
    FakeKernel("fully_connected", None),
    FakeKernel("add", "inplace"),
    FakeKernel("mean", None, scratch=4),
    FakeKernel("softmax", "inplace"),
    FakeKernel("reshape", None),
    FakeKernel("concatenation", None),
    FakeKernel("copy", None),
]
PLAIN = [FakeKernel(k.kind, None) for k in SHARING]


def finder(kernels: Sequence[FakeKernel]) -> Finder:
    """All kernels of an operator's kind, cheapest first."""

    def find(op: Operator, graph: Graph, cpu: Cpu, policy: str) -> Sequence[Kernel]:
        return sorted((k for k in kernels if k.supports(op, graph, cpu)), key=lambda k: k.cost(op, graph))

    return find
