"""What a file says beside its operators: ports, types, buffers, signatures, the spellings of old converters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcugen.errors import UnsupportedOperatorError
from mcugen.litert.schema import schema
from tests.frontend.litert.files import Op, T, constant, file_of, ours, read, tflm

RELU = Op("RELU", [1], [2])
QUANTIZE = {"table": "QuantizeOptions"}


def _same_as_tflm(data: bytes, *inputs: Any) -> None:
    for mine, theirs in zip(ours(read(data), inputs), tflm(data, inputs), strict=True):
        np.testing.assert_array_equal(mine, theirs.reshape(mine.shape))


def test_uint8_ports() -> None:
    tensors = [T((2, 128), "UINT8", 0.5, 3), T((2, 128), "INT8", 0.5, -125), T((2, 128), "INT8", 0.5, -125)]
    tensors.append(T((2, 128), "UINT8", 0.7, 10))
    operators = [Op("QUANTIZE", [0], [1], **QUANTIZE), RELU, Op("QUANTIZE", [2], [3], **QUANTIZE)]
    data = file_of(tensors, operators, [0], [3])
    graph = read(data)
    assert [graph.tensor(p.tensor).dtype for p in (*graph.inputs, *graph.outputs)] == ["uint8", "uint8"]
    _same_as_tflm(data, np.arange(256, dtype=np.uint8).reshape(2, 128))


def test_float_ports_are_those_of_the_integers_beside_them() -> None:
    q = (0.1, -3)
    tensors = [T((1, 8), "FLOAT32"), T((1, 8), "INT8", *q), T((1, 8), "INT8", *q), T((1, 8), "FLOAT32")]
    operators = [Op("QUANTIZE", [0], [1], **QUANTIZE), RELU, Op("DEQUANTIZE", [2], [3], table="DequantizeOptions")]
    graph = read(file_of(tensors, operators, [0], [3]))
    (x,), (y,) = graph.inputs, graph.outputs
    assert (x.name, y.name, graph.tensor(x.tensor).dtype, graph.tensor(y.tensor).dtype) == ("t0", "t3", "int8", "int8")
    assert graph.tensor(x.tensor).zero_point == -3


def test_a_chain_through_float() -> None:
    tensors = [T((1, 256), "INT8", 0.1, 5), T((1, 256), "FLOAT32"), T((1, 256), "INT8", 0.137, -20)]
    dequantize = Op("DEQUANTIZE", [0], [1], table="DequantizeOptions")
    data = file_of(tensors, [dequantize, Op("QUANTIZE", [1], [2], **QUANTIZE)], [0], [2])
    _same_as_tflm(data, np.arange(-128, 128, dtype=np.int8).reshape(1, 256))


def test_several_inputs_and_outputs_with_a_signature() -> None:
    s = schema()
    tensors = [T((1, 4), "INT8", 0.1, k) for k in range(4)]
    operators = [Op("ADD", [0, 1], [2], table="AddOptions"), Op("RELU", [1], [3])]
    maps = {}
    for side, entries in {"inputs": {"left": 0, "right": 1}, "outputs": {"sum": 2, "positive": 3}}.items():
        maps[side] = []
        for name, index in entries.items():
            entry = s.TensorMapT()
            entry.name, entry.tensorIndex = name, index
            maps[side].append(entry)
    signature = s.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = maps["inputs"], maps["outputs"]
    data = file_of(tensors, operators, [1, 0], [3, 2], signatureDefs=[signature])
    graph = read(data)
    assert [p.name for p in graph.inputs] == ["right", "left"]
    assert [p.name for p in graph.outputs] == ["positive", "sum"]
    rng = np.random.default_rng(0)
    _same_as_tflm(data, *(rng.integers(-128, 128, (1, 4)).astype(np.int8) for _ in range(2)))


def test_old_files() -> None:
    """A builtin code in the field of 8 bits, and no quantization behind what only moves values."""
    s = schema()
    code = s.OperatorCodeT()
    code.deprecatedBuiltinCode, code.builtinCode, code.version = s.BuiltinOperator.RESHAPE, 0, 1
    tensors = [T((1, 6), "INT8", 0.1, 4), T((2, 3), "INT8"), constant([2, 3])]
    data = file_of(tensors, [Op("RESHAPE", [0, 2], [1])], [0], [1], operatorCodes=[code])
    graph = read(data)
    assert graph.operators[0].kind == "reshape"
    assert graph.tensor(graph.outputs[0].tensor).zero_point == 4


def test_a_buffer_behind_the_flatbuffer() -> None:
    s = schema()
    values = np.arange(-4, 4, dtype=np.int8)
    tensors = [T((8,), "INT8", 0.1, 0), T((8,), "INT8", 0.1, 0, data=values), T((8,), "INT8", 0.2, 0)]
    inside = file_of(tensors, [Op("ADD", [0, 1], [2], table="AddOptions")], [0], [2])
    outside = s.BufferT()
    outside.offset, outside.size = 4096, 8
    data = file_of(tensors, [Op("ADD", [0, 1], [2], table="AddOptions")], [0], [2], buffers=[s.BufferT(), outside])
    data = data.ljust(4096, b"\0") + values.tobytes()
    given = [np.arange(8, dtype=np.int8)]
    for mine, wanted in zip(ours(read(data), given), ours(read(inside), given), strict=True):
        np.testing.assert_array_equal(mine, wanted)


def test_tensors_may_share_a_buffer() -> None:
    s = schema()
    shared = s.BufferT()
    shared.data = np.arange(4, dtype=np.uint8)
    filled = np.zeros(4, np.int8)
    tensors = [T((4,), "INT8", 0.1, 0), T((4,), "INT8", 0.1, 0, data=filled), T((4,), "INT8", 0.2, 0)]
    operators = [Op("ADD", [0, 1], [2], table="AddOptions"), Op("MUL", [2, 1], [3], table="MulOptions")]
    data = file_of([*tensors, T((4,), "INT8", 0.3, 0)], operators, [0], [3], buffers=[s.BufferT(), shared])
    _same_as_tflm(data, np.array([1, -2, 3, 100], np.int8))


def test_shapes_and_filled_tensors_are_constants() -> None:
    tensors = [
        T((2, 3), "INT8", 0.1, 7),
        T((2,), "INT32"),
        T((2, 3), "INT8", 0.1, 7),
        T((2, 3), "INT8", 0.2, 0),
        constant([2, 3]),
        constant(5, np.int8, scale=0.1, zero_point=7),
        T((2, 3), "INT8", 0.1, 7),
        T((2, 3), "INT8", 0.2, 0),
    ]
    operators = [
        Op("SHAPE", [0], [1], {"outType": 2}, "ShapeOptions"),
        Op("ZEROS_LIKE", [0], [2], table="ZerosLikeOptions"),
        Op("ADD", [0, 2], [3], table="AddOptions"),
        Op("FILL", [4, 5], [6], table="FillOptions"),
        Op("ADD", [0, 6], [7], table="AddOptions"),
    ]
    graph = read(file_of(tensors, operators, [0], [3, 7]))
    x = np.arange(-3, 3, dtype=np.int8).reshape(2, 3)
    first, second = ours(graph, [x])
    # Real zeros, and 5 with the zero point 7: the sums have half the steps, and are negative.
    np.testing.assert_array_equal(first, -((7 - x + 1) // 2))
    np.testing.assert_array_equal(second, -((9 - x + 1) // 2))


def test_a_float_file_is_told_what_to_do() -> None:
    tensors = [T((1, 4), "FLOAT32"), T((1, 4), "FLOAT32")]
    with pytest.raises(UnsupportedOperatorError, match="computes in float") as caught:
        read(file_of(tensors, [Op("RELU", [0], [1])], [0], [1]))
    assert "TFLITE_BUILTINS_INT8" in (caught.value.hint or "")


def test_all_unknown_operators_are_named_at_once() -> None:
    tensors = [T((1, 4), "INT8", 0.1, 0) for _ in range(3)]
    operators = [Op("COMPLEX_ABS", [0], [1]), Op("LOCAL_RESPONSE_NORMALIZATION", [1], [2])]
    with pytest.raises(UnsupportedOperatorError, match=r"COMPLEX_ABS.*LOCAL_RESPONSE_NORMALIZATION"):
        read(file_of(tensors, operators, [0], [2]))
