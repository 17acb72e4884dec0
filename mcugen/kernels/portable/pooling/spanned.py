"""Maxima over windows of different sizes and their places, on any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import MaxPoolPlaces2d, SpannedMaxPool2d
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants


class _SpannedKernel(PortableKernel):
    wide: ClassVar[bool] = True
    function: ClassVar[str]

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, SpannedMaxPool2d | MaxPoolPlaces2d)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        spans = [
            Constant(role, np.array(pairs, np.int16).reshape(-1))
            for role, pairs in (("rows", op.rows), ("columns", op.columns))
        ]
        return Invocation(
            kernel=self.name,
            function=self.function,
            source="portable/pooling/spanned_max_pool2d_s8.c",
            params_type="mcugen_spanned_pool_params",
            params={
                "input_w": given.tensors[0].shape[2],
                "channels": out.shape[3],
                "output_h": out.shape[1],
                "output_w": out.shape[2],
                "step_h": op.step[0],
                "step_w": op.step[1],
                "row_elements": op.row_elements if isinstance(op, MaxPoolPlaces2d) else 0,
                "element_bytes": DTYPES[given.tensors[0].dtype].itemsize,
            },
            inputs=given.inputs,
            constants=byte_constants([*given.constants, *spans]),
            outputs=(out.name,),
            as_bytes=True,
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, SpannedMaxPool2d | MaxPoolPlaces2d)
        out = graph.tensor(op.outputs[0])
        rows, columns = (
            sum(len(range(first, end, step)) for first, end in spans)
            for spans, step in zip((op.rows, op.columns), op.step, strict=True)
        )
        return out.shape[3] * 5.0 * rows * columns + 25.0 * out.elements


class SpannedMaxPool2dPortable(_SpannedKernel):
    """mcugen_spanned_max_pool2d_s8."""

    name: ClassVar[str] = "spanned_max_pool2d_s8.portable"
    operator: ClassVar[type[Operator]] = SpannedMaxPool2d
    function: ClassVar[str] = "mcugen_spanned_max_pool2d_s8"


class MaxPoolPlaces2dPortable(_SpannedKernel):
    """mcugen_max_pool_places2d_s8."""

    name: ClassVar[str] = "max_pool_places2d_s8.portable"
    operator: ClassVar[type[Operator]] = MaxPoolPlaces2d
    function: ClassVar[str] = "mcugen_max_pool_places2d_s8"
    any_type: ClassVar[bool] = True  # int64 results
