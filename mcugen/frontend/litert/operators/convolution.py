"""Convolutions."""

from __future__ import annotations

from mcugen.frontend.litert.activation import fused
from mcugen.frontend.litert.padding import dilations, padding_of, strides
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, FullyConnected, TransposedConv2d
from mcugen.graph.tensor import Tensor


def bias_of(step: Step, place: int, *, wide_bias: bool = False) -> list[Tensor]:
    """The bias as an operand of the IR: none, or a constant.

    Args:
        wide_bias: it must not be of 32 bits.
    """
    bias = step.optional(place)
    if bias is None:
        return []
    if bias.data is None:
        step.fail(f"its bias, {step.given(place)}, must be a constant")
    if bias.dtype == "int32" and wide_bias:
        step.fail("has a bias of 32 bits behind int16, which interpreters read as 64 bits", "convert the model again")
    return [bias]


def _convolution(step: Step) -> None:
    x, weights, table = step.x(0), step.x(1), "Conv2DOptions"
    out = step.out()
    if len(x.shape) != 4 or len(weights.shape) != 4:
        step.fail(f"takes four axes, has {list(x.shape)} and weights of {list(weights.shape)}")
    kernel, dilation = (weights.shape[1], weights.shape[2]), dilations(step, table)
    padding = padding_of(step, table, x.shape[1:3], kernel, dilation)
    attributes = {"stride": strides(step, table), "dilation": dilation, "padding": padding}
    column = x.shape[0] == x.shape[2] == 1 and x.shape[3] == weights.shape[3]
    if weights.dtype == "int4" and kernel == attributes["stride"] == (1, 1) and column:
        _pixel_by_pixel(step, x, weights, out)
        return
    operands = [x, weights, *bias_of(step, 2)]
    step.append(Conv2d, operands, out, **attributes, clamp=fused(step, table, out))


def _pixel_by_pixel(step: Step, x: Tensor, weights: Tensor, out: Tensor) -> None:
    """The fully connected layer that an exported file has in this form: a column of pixels, of which each is a row."""
    assert weights.data is not None
    outputs, depth = weights.shape[0], weights.shape[3]
    matrix = step.network.add(weights.name, (outputs, depth), "int4", weights.quantization, weights.data)
    rows = step.reshape(x, (x.shape[1], depth))
    made = step.temporary((x.shape[1], outputs), out)
    operands = [rows, matrix, *bias_of(step, 2)]
    step.append(FullyConnected, operands, made, clamp=fused(step, "Conv2DOptions", out))
    step.reshape_into(made, out)


def _depthwise(step: Step) -> None:
    x, weights, table = step.x(0), step.x(1), "DepthwiseConv2DOptions"
    out = step.out()
    if len(x.shape) != 4 or len(weights.shape) != 4:
        step.fail(f"takes four axes, has {list(x.shape)} and weights of {list(weights.shape)}")
    # To the schema the option is redundant, and a file may leave it out (0). TFLM, which goes by it, then leaves its
    # output as it was.
    multiplier = step.option(table, "depth_multiplier")
    if multiplier not in (0, weights.shape[3] / x.shape[3]):
        step.fail(
            f"has the depth multiplier {multiplier}, its weights make {weights.shape[3]} channels of {x.shape[3]}",
            "convert the model again",
        )
    kernel, dilation = (weights.shape[1], weights.shape[2]), dilations(step, table)
    padding = padding_of(step, table, x.shape[1:3], kernel, dilation)
    attributes = {"stride": strides(step, table), "dilation": dilation, "padding": padding}
    operands = [x, weights, *bias_of(step, 2, wide_bias=x.dtype == "int16")]
    step.append(DepthwiseConv2d, operands, out, **attributes, clamp=fused(step, table, out))


def _transposed(step: Step) -> None:
    """Its output's size is an operand; padding is counted as that of the convolution it is the transpose of."""
    weights, x, table = step.x(1), step.x(2), "TransposeConvOptions"
    out = step.out()
    if len(x.shape) != 4 or len(weights.shape) != 4 or len(out.shape) != 4:
        step.fail(f"takes four axes, has {list(x.shape)} and weights of {list(weights.shape)}")
    top, left, _, _ = padding_of(step, table, out.shape[1:3], (weights.shape[1], weights.shape[2]))
    operands = [x, weights, *bias_of(step, 3, wide_bias=x.dtype == "int16")]
    stride = strides(step, table)
    step.append(TransposedConv2d, operands, out, stride=stride, padding=(top, left), clamp=fused(step, table, out))


ROWS: dict[str, Row] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
}
