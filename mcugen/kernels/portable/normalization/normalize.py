"""Normalization by the input's statistics, on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.normalize import Normalize
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, flat, two_words


class NormalizePortable(PortableKernel):
    """mcugen_normalize_s8: of int8 or int16, to int8.

    Attributes:
        made: the type of what it makes.
    """

    name: ClassVar[str] = "normalize_s8.portable"
    operator: ClassVar[type[Operator]] = Normalize
    wide: ClassVar[bool] = True
    made: ClassVar[str] = "int8"

    def fits(self, op: Operator, graph: Graph) -> bool:
        return not graph.tensor(op.inputs[0]).is_constant and graph.tensor(op.outputs[0]).dtype == self.made

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Normalize)
        x, factors, offsets = graph.input_tensors(op)
        assert factors.data is not None and offsets.data is not None
        periods, groups = factors.shape
        return Invocation(
            kernel=self.name,
            function=f"mcugen_normalize_s{graph.tensor(op.outputs[0]).bits}",
            source=f"portable/normalization/normalize_s{graph.tensor(op.outputs[0]).bits}.c",
            params_type="mcugen_normalize_params",
            params={
                "rows": x.elements // x.shape[-1],
                "periods": periods,
                "groups": groups,
                "repeat": x.shape[-1] // groups,
                "zero_point": x.zero_point,
                "input_bytes": DTYPES[x.dtype].itemsize,
                "centered": int(op.centered),
                **two_words("epsilon", op.epsilon),
                **two_words("least", op.least),
                "shift": op.shift,
            },
            inputs=op.inputs[:1],
            constants=(Constant("factors", flat(factors.data)), Constant("offsets", flat(offsets.data))),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),) if graph.tensor(op.outputs[0]).bits <= x.bits else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        x = graph.tensor(op.inputs[0])
        return 63.0 * x.elements + 950.0 * (x.elements // x.shape[-1])


class NormalizeInt16Portable(NormalizePortable):
    """mcugen_normalize_s16: of int8 or int16, to int16."""

    name: ClassVar[str] = "normalize_s16.portable"
    made: ClassVar[str] = "int16"
