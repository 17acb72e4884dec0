"""The lowering table: one row per aten operator. Adding an operator to the front end is adding a row."""

from __future__ import annotations

from mcugen.frontend.lowering import convolution, elementwise, linear, movement, pooling, softmax
from mcugen.frontend.lowering.activation import activation, fixed, from_arguments
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row

_TWO = ("self", "other")


_CONVOLUTION = Row(convolution.convolution, Role.COMPUTE, ("input",), weight="weight")
_RESHAPE = Row(movement.reshape, Role.TRANSPARENT)
_SAME = Row(movement.same, Role.TRANSPARENT)
_PERMUTE = Row(movement.permute, Role.TRANSPARENT)
_PAD = Row(movement.pad, Role.TRANSPARENT)
_MAX_POOL = Row(pooling.max_pool, Role.TRANSPARENT)
_AVERAGE = Row(pooling.average_pool, Role.COMPUTE, shares=pooling.is_windowed)
_ADAPTIVE = Row(pooling.adaptive_average_pool, Role.COMPUTE, shares=pooling.is_windowed)
_MEAN = Row(pooling.mean, Role.COMPUTE)
_SOFTMAX = Row(softmax.softmax, Role.PROBABILITY)
_RELU = Row(activation, Role.ACTIVATION, bounds=fixed(0.0, None))
_RELU6 = Row(activation, Role.ACTIVATION, bounds=fixed(0.0, 6.0))
_HARDTANH = Row(activation, Role.ACTIVATION, bounds=from_arguments("min_val", "max_val"))
_CLAMP = Row(activation, Role.ACTIVATION, bounds=from_arguments("min", "max"))

ROWS: dict[str, Row[Lowering]] = {
    "aten.conv1d.default": _CONVOLUTION,
    "aten.conv1d.padding": _CONVOLUTION,
    "aten.conv2d.default": _CONVOLUTION,
    "aten.conv2d.padding": _CONVOLUTION,
    "aten.convolution.default": _CONVOLUTION,
    "aten.linear.default": Row(linear.linear, Role.COMPUTE, ("input",), weight="weight"),
    "aten.addmm.default": Row(linear.addmm, Role.COMPUTE, ("mat1",), weight="mat2", channel_axis=1),
    "aten.mm.default": Row(linear.matmul, Role.COMPUTE, ("self",), weight="mat2", channel_axis=1),
    "aten.matmul.default": Row(linear.matmul, Role.COMPUTE, ("self",), weight="other", channel_axis=1),
    "aten.add.Tensor": Row(elementwise.add, Role.COMPUTE, _TWO),
    "aten.add.Scalar": Row(elementwise.add, Role.COMPUTE, _TWO),
    "aten.sub.Tensor": Row(elementwise.sub, Role.COMPUTE, _TWO),
    "aten.sub.Scalar": Row(elementwise.sub, Role.COMPUTE, _TWO),
    "aten.mul.Tensor": Row(elementwise.mul, Role.COMPUTE, _TWO),
    "aten.mul.Scalar": Row(elementwise.mul, Role.COMPUTE, _TWO),
    "aten.div.Tensor": Row(elementwise.div, Role.COMPUTE, _TWO),
    "aten.div.Scalar": Row(elementwise.div, Role.COMPUTE, _TWO),
    "aten.max_pool1d.default": _MAX_POOL,
    "aten.max_pool2d.default": _MAX_POOL,
    "aten.max_pool2d_with_indices.default": _MAX_POOL,
    "aten.avg_pool1d.default": _AVERAGE,
    "aten.avg_pool2d.default": _AVERAGE,
    "aten.adaptive_avg_pool1d.default": _ADAPTIVE,
    "aten.adaptive_avg_pool2d.default": _ADAPTIVE,
    "aten._adaptive_avg_pool2d.default": _ADAPTIVE,
    "aten.mean.default": _MEAN,
    "aten.mean.dim": _MEAN,
    "aten.softmax.int": _SOFTMAX,
    "aten._softmax.default": _SOFTMAX,
    "aten.relu.default": _RELU,
    "aten.relu6.default": _RELU6,
    "aten.hardtanh.default": _HARDTANH,
    "aten.clamp.default": _CLAMP,
    "aten.clamp_min.default": _CLAMP,
    "aten.clamp_max.default": _CLAMP,
    "aten.cat.default": Row(movement.concatenate, Role.JOIN, ("tensors",)),
    "aten.concat.default": Row(movement.concatenate, Role.JOIN, ("tensors",)),
    "aten.pad.default": _PAD,
    "aten.constant_pad_nd.default": _PAD,
    "aten.view.default": _RESHAPE,
    "aten._unsafe_view.default": _RESHAPE,
    "aten.reshape.default": _RESHAPE,
    "aten.flatten.using_ints": _RESHAPE,
    "aten.unflatten.int": _RESHAPE,
    "aten.squeeze.default": _RESHAPE,
    "aten.squeeze.dim": _RESHAPE,
    "aten.squeeze.dims": _RESHAPE,
    "aten.unsqueeze.default": _RESHAPE,
    "aten.permute.default": _PERMUTE,
    "aten.transpose.int": _PERMUTE,
    "aten.t.default": _PERMUTE,
    "aten.dropout.default": _SAME,
    "aten.feature_dropout.default": _SAME,
    "aten.contiguous.default": _SAME,
    "aten.clone.default": _SAME,
    "aten.detach.default": _SAME,
    "aten.alias.default": _SAME,
    "aten.expand.default": _SAME,
    "aten.lift_fresh_copy.default": _SAME,
    "aten._to_copy.default": _SAME,
    "aten.to.dtype": _SAME,
    "getitem": Row(movement.first_result, Role.TRANSPARENT),
}
"""Operator name (overload included) -> row."""
