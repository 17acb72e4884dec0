"""Writes a graph as a LiteRT model file (`.tflite`).

The file computes the same integers as the graph under the interpreter's reference kernels, but for the operators whose
docstrings say otherwise (softmax, mul). What LiteRT has no attribute for is spelled out with more operators: asymmetric
padding as PAD, an arbitrary clamp as MAXIMUM and MINIMUM.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from mcugen.errors import UnsupportedOperatorError
from mcugen.graph.graph import Graph, State
from mcugen.graph.ops import (
    Add,
    AveragePool2d,
    BatchMatMul,
    Clamp,
    Concatenation,
    Conv2d,
    Copy,
    DepthwiseConv2d,
    FullyConnected,
    Gather,
    Logistic,
    Lstm,
    Maximum,
    MaxPool2d,
    Mean,
    Minimum,
    Mul,
    Operator,
    Pad,
    Prelu,
    ReduceMax,
    ReduceMin,
    ReduceSum,
    Reduction,
    Requantize,
    Reshape,
    Softmax,
    Sub,
    Svdf,
    Table,
    Take,
    Tanh,
    Transpose,
    TransposedConv2d,
    UnidirectionalSequenceLstm,
)
from mcugen.graph.ops.normalization.softmax import SHARE_BITS, share_bits
from mcugen.graph.ops.weighted import accumulates_64_bits
from mcugen.graph.tensor import Tensor
from mcugen.litert.builder import ModelBuilder
from mcugen.litert.names import KEY, to_text
from mcugen.litert.recurrent import KEEPERS, write_lstm, write_sequence_lstm, write_svdf
from mcugen.litert.schema import schema
from mcugen.litert.selection import emit_selection
from mcugen.litert.variables import assign_variables, read_variables

Window = Conv2d | DepthwiseConv2d | AveragePool2d | MaxPool2d
Pair = tuple[int, int]


Writer = Callable[..., None]
"""(builder, operator, input tensors, output tensors): appends what stands for the operator."""


def can_write(graph: Graph, more: Collection[type[Operator]] = ()) -> bool:
    """Whether LiteRT has every operator of the graph; some forms of them `write` refuses all the same.

    Args:
        more: operators that there are writers for besides.
    """
    return all(type(op) in _WRITERS or type(op) in more for op in graph.operators)


def can_write_operator(op: Operator) -> bool:
    """Whether LiteRT has an operator of this kind."""
    return type(op) in _WRITERS


def write(graph: Graph, more: Mapping[type[Operator], Writer] = MappingProxyType({})) -> bytes:
    """The graph as the bytes of a LiteRT model; inputs and outputs in the device's layout, in the ports' order.

    Args:
        more: writers of operators that LiteRT does not have, or not as it is wanted.

    Raises:
        UnsupportedOperatorError: LiteRT cannot express an operator's attributes.
        MissingToolError: `ai-edge-litert` is not installed.
    """
    return build(graph, more).finish(*_ports(graph))


def write_whole(graph: Graph) -> bytes:
    """As `write`, with what a LiteRT file cannot say of a graph in its metadata (`mcugen/litert/names.py`)."""
    builder = build(graph)
    names = [p.name for p in graph.inputs], [p.name for p in graph.outputs]
    return builder.finish(*_ports(graph), names, {KEY: to_text(graph, builder.written)})


def _ports(graph: Graph) -> tuple[list[Tensor], list[Tensor]]:
    return [graph.tensor(p.tensor) for p in graph.inputs], [graph.tensor(p.tensor) for p in graph.outputs]


def build(graph: Graph, more: Mapping[type[Operator], Writer] = MappingProxyType({})) -> ModelBuilder:
    """The graph's operators and states as those of a model that is still open; see `write`."""
    builder = ModelBuilder(graph.name, {state.tensor: state for state in graph.states})
    variables = [state for state in graph.states if not _is_kept(graph, state)]
    handles = read_variables(builder, graph, variables)
    for op in graph.operators:
        builder.current = op
        writer = more.get(type(op)) or _WRITERS[type(op)]
        writer(builder, op, graph.input_tensors(op), graph.output_tensors(op))
    builder.current = None
    assign_variables(builder, graph, variables, handles)
    return builder


def _is_kept(graph: Graph, state: State) -> bool:
    """Whether a layer keeps the state itself, as LiteRT has it."""
    return any(isinstance(op, KEEPERS) for op in graph.consumers(state.tensor))


def _options(table: str, **fields: Any) -> Any:
    """An options object of the schema with the given fields set."""
    options = getattr(schema(), table + "T")()
    for name, value in fields.items():
        setattr(options, name, value)
    return options


def _activation_ranges(out: Tensor) -> dict[str, Pair]:
    """The clamp of every fused activation (TensorFlow Lite `CalculateActivationRangeQuantized`)."""
    low, high = out.integer_range

    def integer(real: float) -> int:
        steps = float(np.float32(real) / np.float32(out.scale))
        return out.zero_point + int(math.copysign(math.floor(abs(steps) + 0.5), steps))

    return {
        "NONE": (low, high),
        "RELU": (max(low, integer(0.0)), high),
        "RELU6": (max(low, integer(0.0)), min(high, integer(6.0))),
        "RELU_N1_TO_1": (max(low, integer(-1.0)), min(high, integer(1.0))),
    }


def _emit_clamp(b: ModelBuilder, source: int, out: Tensor, clamp: Pair) -> None:
    """MAXIMUM and MINIMUM with constants: `out` = clamp(source)."""
    middle = b.temporary(out)
    low, high = (b.constant([bound], out.dtype, out.quantization) for bound in clamp)
    b.operator("MAXIMUM", [source, low], [middle], _options("MaximumMinimumOptions"))
    b.operator("MINIMUM", [middle, high], [b.tensor(out)], _options("MaximumMinimumOptions"))


def _emit_clamped(
    b: ModelBuilder, builtin: str, inputs: list[int], out: Tensor, clamp: Pair, options: Any, fusable: bool = True
) -> None:
    """An operator with its clamp: as a fused activation where there is one with that range, else spelled out."""
    ranges = _activation_ranges(out) if fusable else {"NONE": out.integer_range}
    fused = next((name for name, interval in ranges.items() if interval == clamp), None)
    if fusable:
        options.fusedActivationFunction = getattr(schema().ActivationFunctionType, fused or "NONE")
    if fused is not None:
        b.operator(builtin, inputs, [b.tensor(out)], options)
        return
    unclamped = b.temporary(out)
    b.operator(builtin, inputs, [unclamped], options)
    _emit_clamp(b, unclamped, out, clamp)


def _padding_scheme(op: Window, x: Tensor, out: Tensor, kernel: Pair, dilation: Pair) -> str | None:
    """ "VALID" or "SAME" where the operator reads the same positions under it, None where neither fits."""
    valid = same = True
    for axis in (0, 1):
        size, count, stride = x.shape[1 + axis], out.shape[1 + axis], op.stride[axis]
        span = (kernel[axis] - 1) * dilation[axis] + 1
        before = op.padding[axis]
        reach = max((count - 1) * stride + span - size, 0)
        valid &= before == 0 and size >= span and count == (size - span) // stride + 1
        same &= count == math.ceil(size / stride) and before == reach // 2
    return "VALID" if valid else "SAME" if same else None


def _emit_window(b: ModelBuilder, op: Window, x: Tensor, out: Tensor, kernel: Pair, dilation: Pair) -> tuple[int, Any]:
    """The input's index, padded first where needed, and the schema's padding."""
    scheme = _padding_scheme(op, x, out, kernel, dilation)
    padding = schema().Padding
    if scheme is not None:
        return b.tensor(x), getattr(padding, scheme)
    if isinstance(op, AveragePool2d):
        raise UnsupportedOperatorError(
            f"LiteRT has no average pool with padding {op.padding}",
            where=f"{op.name}: {op.origin}",
            hint="use padding that keeps ceil(size / stride) positions, or none",
        )
    top, left, bottom, right = op.padding
    shape = (x.shape[0], x.shape[1] + top + bottom, x.shape[2] + left + right, x.shape[3])
    padded = b.temporary(x, shape)
    amounts = b.constant([[0, 0], [top, bottom], [left, right], [0, 0]], "int32")
    if isinstance(op, MaxPool2d):
        lowest = b.constant([x.integer_range[0]], x.dtype, x.quantization)
        b.operator("PADV2", [b.tensor(x), amounts, lowest], [padded], _options("PadV2Options"), beside=True)
    else:
        b.operator("PAD", [b.tensor(x), amounts], [padded], _options("PadOptions"), beside=True)
    return padded, padding.VALID


def _convolution(b: ModelBuilder, op: Conv2d, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    kernel = (inputs[1].shape[1], inputs[1].shape[2])
    x, padding = _emit_window(b, op, inputs[0], outputs[0], kernel, op.dilation)
    options = _options("Conv2DOptions", padding=padding, **_strides(op.stride), **_dilations(op.dilation))
    constants = [b.tensor(t) for t in inputs[1:]]
    if len(constants) == 1:
        # The interpreter insists on a bias here, though not in the other operators.
        bias = "int64" if accumulates_64_bits(inputs) else "int32"
        constants.append(b.constant(np.zeros(inputs[1].shape[0]), bias))
    _emit_clamped(b, "CONV_2D", [x, *constants], outputs[0], op.clamp, options)


def _depthwise(b: ModelBuilder, op: DepthwiseConv2d, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    kernel = (inputs[1].shape[1], inputs[1].shape[2])
    x, padding = _emit_window(b, op, inputs[0], outputs[0], kernel, op.dilation)
    options = _options(
        "DepthwiseConv2DOptions",
        padding=padding,
        depthMultiplier=op.channel_multiplier(inputs),
        **_strides(op.stride),
        **_dilations(op.dilation),
    )
    _emit_clamped(b, "DEPTHWISE_CONV_2D", [x, *map(b.tensor, inputs[1:])], outputs[0], op.clamp, options)


def _strides(stride: Pair) -> dict[str, int]:
    return {"strideH": stride[0], "strideW": stride[1]}


def _dilations(dilation: Pair) -> dict[str, int]:
    return {"dilationHFactor": dilation[0], "dilationWFactor": dilation[1]}


def _pool(builtin: str) -> Callable[..., None]:
    def emit(b: ModelBuilder, op: AveragePool2d | MaxPool2d, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        x, padding = _emit_window(b, op, inputs[0], outputs[0], op.kernel, (1, 1))
        kernel = {"filterHeight": op.kernel[0], "filterWidth": op.kernel[1]}
        options = _options("Pool2DOptions", padding=padding, **kernel, **_strides(op.stride))
        _emit_clamped(b, builtin, [x], outputs[0], op.clamp, options)

    return emit


def _fully_connected(b: ModelBuilder, op: FullyConnected, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    q = inputs[1].quantization
    if inputs[1].dtype == "int4" and q is not None and q.axis is not None:
        _as_convolution(b, op, inputs, outputs[0])
        return
    options = _options("FullyConnectedOptions", keepNumDims=True)
    _emit_clamped(b, "FULLY_CONNECTED", [*map(b.tensor, inputs)], outputs[0], op.clamp, options)


def _as_convolution(b: ModelBuilder, op: FullyConnected, inputs: list[Tensor], out: Tensor) -> None:
    """With a kernel of one pixel, rows as the height of an image.

    TensorFlow Lite Micro's FULLY_CONNECTED takes int4 with one scale only; its CONV_2D one for each output, with the
    same bits.
    """
    (x, weights, *bias), (outputs, depth) = inputs, inputs[1].shape
    assert weights.data is not None
    rows, kernel = x.elements // depth, (outputs, 1, 1, depth)
    image = replace(x, name=f"{op.name}/image", shape=(1, rows, 1, depth))
    result = replace(out, name=f"{op.name}/result", shape=(1, rows, 1, outputs))
    _reshaped(b, b.tensor(x), b.tensor(image), image.shape)
    conv = Conv2d(name=op.name, inputs=op.inputs, outputs=op.outputs, origin=op.origin, clamp=op.clamp)
    _convolution(b, conv, [image, replace(weights, shape=kernel, data=weights.data.reshape(kernel)), *bias], [result])
    _reshaped(b, b.tensor(result), b.tensor(out), out.shape)


def _reshaped(b: ModelBuilder, x: int, out: int, shape: tuple[int, ...]) -> None:
    options = _options("ReshapeOptions", newShape=list(shape))
    b.operator("RESHAPE", [x, b.constant(list(shape), "int32")], [out], options, beside=True)


def _batch_matmul(b: ModelBuilder, op: BatchMatMul, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    options = _options("BatchMatMulOptions", adjY=op.transposed)
    _emit_clamped(b, "BATCH_MATMUL", [*map(b.tensor, inputs)], outputs[0], op.clamp, options, fusable=False)


def _elementwise(builtin: str, table: str) -> Callable[..., None]:
    def emit(b: ModelBuilder, op: Add | Mul | Sub, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        _emit_clamped(b, builtin, [*map(b.tensor, inputs)], outputs[0], op.clamp, _options(table))

    return emit


def _extremum(builtin: str) -> Callable[..., None]:
    def emit(b: ModelBuilder, op: Operator, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        b.operator(builtin, [*map(b.tensor, inputs)], [b.tensor(outputs[0])], _options("MaximumMinimumOptions"))

    return emit


def _prelu(b: ModelBuilder, op: Prelu, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    b.operator("PRELU", [*map(b.tensor, inputs)], [b.tensor(outputs[0])])


def _requantize(b: ModelBuilder, op: Requantize, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    options = _options("QuantizeOptions")
    _emit_clamped(b, "QUANTIZE", [b.tensor(inputs[0])], outputs[0], op.clamp, options, fusable=False)


def _clamp(b: ModelBuilder, op: Clamp, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    _emit_clamp(b, b.tensor(inputs[0]), outputs[0], op.clamp)


def _softmax(b: ModelBuilder, op: Softmax, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    if outputs[0].dtype == "int8" and share_bits(outputs[0]) != SHARE_BITS:
        raise UnsupportedOperatorError(
            f"its output scale is {outputs[0].scale}, LiteRT has 1/256 alone", where=f"{op.name}: {op.origin}"
        )
    b.operator("SOFTMAX", [b.tensor(inputs[0])], [b.tensor(outputs[0])], _options("SoftmaxOptions", beta=op.beta))


def _reshape(b: ModelBuilder, op: Operator, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    shape = list(outputs[0].shape)
    options = _options("ReshapeOptions", newShape=shape)
    b.operator("RESHAPE", [b.tensor(inputs[0]), b.constant(shape, "int32")], [b.tensor(outputs[0])], options)


def _copy(b: ModelBuilder, op: Copy, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    _reshape(b, op, inputs, outputs)


def _reduction(builtin: str) -> Callable[..., None]:
    def emit(b: ModelBuilder, op: Reduction, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        keep = len(outputs[0].shape) == len(inputs[0].shape)
        axes = b.constant(op.axes, "int32")
        options = _options("ReducerOptions", keepDims=keep)
        b.operator(builtin, [b.tensor(inputs[0]), axes], [b.tensor(outputs[0])], options)

    return emit


def _pad(b: ModelBuilder, op: Pad, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    x, amounts, out = b.tensor(inputs[0]), b.constant(op.padding, "int32"), b.tensor(outputs[0])
    if op.value is None:
        b.operator("PAD", [x, amounts], [out], _options("PadOptions"))
    else:
        value = b.constant([op.value], inputs[0].dtype, inputs[0].quantization)
        b.operator("PADV2", [x, amounts, value], [out], _options("PadV2Options"))


def _table(b: ModelBuilder, op: Table, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    """A gather from its values at the input's integer plus 128."""
    x, out = inputs[0], outputs[0]
    if x.dtype != "int8" or out.dtype != "int8":
        raise UnsupportedOperatorError(
            f"LiteRT has no operator for a function from {x.dtype} to {out.dtype}", where=f"{op.name}: {op.origin}"
        )
    wide = Tensor(f"{out.name}/integer", x.shape, "int32")
    place = Tensor(f"{out.name}/place", x.shape, "int32")
    s = schema()
    types = {"inDataType": s.TensorType.INT8, "outDataType": s.TensorType.INT32}
    b.operator("CAST", [b.tensor(x)], [b.tensor(wide)], _options("CastOptions", **types), beside=True)
    middle = b.constant([128], "int32")
    b.operator("ADD", [b.tensor(wide), middle], [b.tensor(place)], _options("AddOptions"), beside=True)
    values = b.constant(op.values, "int8", out.quantization)
    b.operator("GATHER", [values, b.tensor(place)], [b.tensor(out)], _options("GatherOptions", axis=0))


def _take(b: ModelBuilder, op: Take, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    emit_selection(
        b, b.tensor(inputs[0]), inputs[0].shape, b.tensor(outputs[0]), outputs[0], dict(enumerate(op.indices))
    )


def _transpose(b: ModelBuilder, op: Transpose, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    order = b.constant(op.permutation, "int32")
    b.operator("TRANSPOSE", [b.tensor(inputs[0]), order], [b.tensor(outputs[0])], _options("TransposeOptions"))


def _transposed_convolution(b: ModelBuilder, op: TransposedConv2d, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    """Without padding, then what is cut off."""
    x, out, size = inputs[0], outputs[0], op.full_size(inputs)
    appended = any(p + n > f for p, n, f in zip(op.padding, out.shape[1:3], size, strict=True))
    if op.groups(inputs) > 1 or op.dilation != (1, 1) or appended:
        raise UnsupportedOperatorError(
            "LiteRT's TRANSPOSE_CONV has no groups, no dilation and nothing appended",
            where=f"{op.name}: {op.origin}",
            hint="leave it out of the comparison",
        )
    options = _options(
        "TransposeConvOptions", padding=schema().Padding.VALID, strideH=op.stride[0], strideW=op.stride[1]
    )
    shape = (x.shape[0], *size, out.shape[3])
    whole, cut = b.temporary(out, shape), b.temporary(out)
    b.operator(
        "TRANSPOSE_CONV",
        [b.constant(shape, "int32"), b.tensor(inputs[1]), b.tensor(x), *map(b.tensor, inputs[2:])],
        [whole],
        options,
    )
    emit_selection(
        b, whole, shape, cut, out, {1 + a: range(op.padding[a], op.padding[a] + out.shape[1 + a]) for a in (0, 1)}
    )
    _emit_clamp(b, cut, out, op.clamp)


def _gather(b: ModelBuilder, op: Gather, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    ids, data = map(b.tensor, inputs)
    b.operator("GATHER", [data, ids], [b.tensor(outputs[0])], _options("GatherOptions", axis=op.axis))


def _function(builtin: str) -> Callable[..., None]:
    def emit(b: ModelBuilder, op: Operator, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        b.operator(builtin, [b.tensor(inputs[0])], [b.tensor(outputs[0])])

    return emit


def _concatenation(b: ModelBuilder, op: Concatenation, inputs: list[Tensor], outputs: list[Tensor]) -> None:
    options = _options("ConcatenationOptions", axis=op.axis)
    b.operator("CONCATENATION", [*map(b.tensor, inputs)], [b.tensor(outputs[0])], options)


_WRITERS: dict[type[Operator], Writer] = {
    Add: _elementwise("ADD", "AddOptions"),
    AveragePool2d: _pool("AVERAGE_POOL_2D"),
    BatchMatMul: _batch_matmul,
    Clamp: _clamp,
    Concatenation: _concatenation,
    Conv2d: _convolution,
    Copy: _copy,
    DepthwiseConv2d: _depthwise,
    FullyConnected: _fully_connected,
    Gather: _gather,
    MaxPool2d: _pool("MAX_POOL_2D"),
    Maximum: _extremum("MAXIMUM"),
    Mean: _reduction("MEAN"),
    Minimum: _extremum("MINIMUM"),
    Mul: _elementwise("MUL", "MulOptions"),
    Pad: _pad,
    Prelu: _prelu,
    ReduceMax: _reduction("REDUCE_MAX"),
    ReduceMin: _reduction("REDUCE_MIN"),
    ReduceSum: _reduction("SUM"),
    Logistic: _function("LOGISTIC"),
    Lstm: write_lstm,
    Requantize: _requantize,
    Reshape: _reshape,
    Softmax: _softmax,
    Sub: _elementwise("SUB", "SubOptions"),
    Svdf: write_svdf,
    Table: _table,
    Take: _take,
    Tanh: _function("TANH"),
    Transpose: _transpose,
    TransposedConv2d: _transposed_convolution,
    UnidirectionalSequenceLstm: write_sequence_lstm,
}
