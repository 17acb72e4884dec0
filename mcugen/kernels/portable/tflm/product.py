"""Products along axes in LiteRT's own arithmetic, on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.arithmetic import reduced_multiplier
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.tflm.product import LitertProduct
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants
from mcugen.kernels.portable.reduction.mean import seven_groups


class LitertProductPortable(PortableKernel):
    """mcugen_litert_product."""

    name: ClassVar[str] = "litert_product.portable"
    operator: ClassVar[type[Operator]] = LitertProduct
    wide: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, LitertProduct)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        (x,) = given.tensors
        multiplier, shift = op.requantization([x], [out])
        low, high = out.integer_range
        return Invocation(
            kernel=self.name,
            function="mcugen_litert_product",
            source="portable/tflm/product.c",
            params_type="mcugen_litert_product_params",
            params={
                "shape": seven_groups(x.shape, op.axes),
                "element_bytes": DTYPES[x.dtype].itemsize,
                "input_zero_point": x.zero_point,
                "output_zero_point": out.zero_point,
                "multiplier": int(reduced_multiplier(multiplier)),
                "right": 15 - shift,
                "clamp_min": low,
                "clamp_max": high,
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            # Result i is written after its elements were read; those of later results lie at i + 1 or above.
            overlaps=(Overlap(0, 0),) if given.inputs else (),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 30.0 * graph.tensor(op.inputs[0]).elements + 30.0 * graph.tensor(op.outputs[0]).elements
