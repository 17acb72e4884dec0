"""Functions of one int16 element on any CPU: by interpolation, and those of the logistic function."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.logistic import SIGMOIDS, Logistic, SigmoidFunction, Tanh
from mcugen.graph.ops.elementwise.table import Table
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel


class TableInt16Portable(PortableKernel):
    """mcugen_interpolate_s16."""

    name: ClassVar[str] = "table_s16.portable"
    operator: ClassVar[type[Operator]] = Table
    wide: ClassVar[bool] = True

    def fits(self, op: Operator, graph: Graph) -> bool:
        x = graph.tensor(op.inputs[0])
        return x.dtype == "int16" and not x.is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Table)
        out = graph.tensor(op.outputs[0])
        return Invocation(
            kernel=self.name,
            function="mcugen_interpolate_s16",
            source="portable/functions/interpolate_s16.c",
            params_type="mcugen_lookup_params",
            params={"elements": out.elements},
            inputs=op.inputs,
            constants=(Constant("entries", np.array(op.values, np.int16), 2),),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 10.3 * graph.tensor(op.outputs[0]).elements


_MIRRORED = np.concatenate([65536 - SIGMOIDS[[-1]], 65536 - SIGMOIDS[:0:-1], SIGMOIDS, SIGMOIDS[[-1]]]) - 32768
"""sigmoid(i / 24) - 1 / 2 for i from -256 to 256, with 16 fractional bits."""


class LogisticPortable(PortableKernel):
    """mcugen_sigmoid_s16."""

    name: ClassVar[str] = "logistic_s16.portable"
    operator: ClassVar[type[Operator]] = Logistic
    wide: ClassVar[bool] = True
    tangent: ClassVar[int] = 0

    def fits(self, op: Operator, graph: Graph) -> bool:
        return not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, SigmoidFunction)
        multiplier, shift = op.rescaling(graph.input_tensors(op))
        return Invocation(
            kernel=self.name,
            function="mcugen_sigmoid_s16",
            source="portable/functions/sigmoid_s16.c",
            params_type="mcugen_sigmoid_params",
            params={
                "elements": graph.tensor(op.outputs[0]).elements,
                "multiplier": multiplier,
                "shift": shift,
                "tangent": self.tangent,
            },
            inputs=op.inputs,
            constants=(Constant("table", _MIRRORED.astype(np.int16), 2),),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 13.3 * graph.tensor(op.outputs[0]).elements


class TanhPortable(LogisticPortable):
    """mcugen_sigmoid_s16."""

    name: ClassVar[str] = "tanh_s16.portable"
    operator: ClassVar[type[Operator]] = Tanh
    tangent: ClassVar[int] = 1
