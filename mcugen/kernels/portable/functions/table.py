"""A function of one element on any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.table import Table
from mcugen.graph.tensor import DTYPES, IntArray
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel
from mcugen.kernels.portable.elementwise.integer import byte_constants


class TablePortable(PortableKernel):
    """mcugen_lookup_s8, or mcugen_lookup_wide for integers of several bytes."""

    name: ClassVar[str] = "table_s8.portable"
    operator: ClassVar[type[Operator]] = Table
    any_type: ClassVar[bool] = True

    def fits(self, op: Operator, graph: Graph) -> bool:
        x = graph.tensor(op.inputs[0])
        return not x.is_constant and x.dtype == "int8"

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Table)
        out = graph.tensor(op.outputs[0])
        values = np.array(op.values, DTYPES[out.dtype])
        if values.itemsize == 1:
            return lookup(self.name, op.inputs[0], values.view(np.int8), out.name, out.elements)
        return Invocation(
            kernel=self.name,
            function="mcugen_lookup_wide",
            source="portable/functions/lookup_wide.c",
            params_type="mcugen_lookup_wide_params",
            params={"elements": out.elements, "element_bytes": values.itemsize},
            inputs=(op.inputs[0],),
            constants=byte_constants([Constant("table", np.roll(values, 128), values.itemsize)]),
            outputs=(out.name,),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 5.0 * graph.tensor(op.outputs[0]).elements


def lookup(kernel: str, source: str, table: IntArray, out: str, elements: int) -> Invocation:
    """The invocation of mcugen_lookup_s8 by a kernel; `table`: int8 of shape (256,), for -128 ... 127."""
    return Invocation(
        kernel=kernel,
        function="mcugen_lookup_s8",
        source="portable/functions/lookup_s8.c",
        params_type="mcugen_lookup_params",
        params={"elements": elements},
        inputs=(source,),
        # The kernel indexes with the unsigned value: 0 ... 127, -128 ... -1.
        constants=(Constant("table", np.roll(table, 128), 1),),
        outputs=(out,),
        overlaps=(Overlap(0, 0),),
        as_bytes=True,
    )
