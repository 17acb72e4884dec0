"""What a file says beside its operators: ports, types, buffers, signatures, the spellings of old converters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.litert.flatbuffer import DamagedError
from mcugen.litert.schema import schema
from mcugen.passes.border_types import convert_borders
from tests.frontend.litert.cases import CASES
from tests.frontend.litert.files import Op, T, constant, file_of, litert, ours, read, tflm, with_buffers_outside

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
    given = np.arange(256, dtype=np.uint8).reshape(2, 128)
    _same_as_tflm(data, given)
    # As int8, the network's own integers, without the conversions.
    narrow, wide = convert_borders(graph, "int8"), convert_borders(graph, "int16")
    assert [narrow.tensor(p.tensor).dtype for p in (*narrow.inputs, *narrow.outputs)] == ["int8", "int8"]
    assert [op.kind for op in narrow.operators] == ["clamp"]
    assert [wide.tensor(p.tensor).dtype for p in (*wide.inputs, *wide.outputs)] == ["int16", "int16"]
    (made,) = ours(narrow, [(given.astype(np.int16) - 128).astype(np.int8)])
    (before,) = ours(graph, [given])
    q = graph.tensor(graph.outputs[0].tensor)
    real = (made.astype(np.float64) + 125) * 0.5
    np.testing.assert_array_equal(np.clip(np.floor(real / 0.7 + 0.5) + q.zero_point, 0, 255), before)


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


@pytest.mark.parametrize("name", ["CONV_2D", "FULLY_CONNECTED int16", "GATHER"])
def test_buffers_behind_the_flatbuffer(name: str) -> None:
    """TensorFlow Lite Micro does not read them."""
    data, given = CASES[name](np.random.default_rng(3))
    outside = with_buffers_outside(data)
    assert len(outside) > len(data)
    for mine, theirs, before in zip(
        ours(read(outside), given), litert(outside, given), ours(read(data), given), strict=True
    ):
        np.testing.assert_array_equal(mine, before)
        np.testing.assert_array_equal(mine, theirs.reshape(mine.shape))


def _added(count: int, values: list[int] | None, offset: int, size: int, at: int = 4096) -> bytes:
    """A file that adds what a buffer holds; eight bytes from 1 on lie at `at`, which ends the file."""
    s = schema()
    tensors = [T((count,), "INT8", 0.1, 0, data=d) for d in (None, np.ones(count, np.int8), None)]
    buffer = s.BufferT()
    buffer.data = None if values is None else np.array(values, np.uint8)
    buffer.offset, buffer.size = offset, size
    data = file_of(tensors, [Op("ADD", [0, 1], [2], table="AddOptions")], [0], [2], buffers=[s.BufferT(), buffer])
    return data.ljust(at, b"\0") + bytes(range(1, 9))


@pytest.mark.parametrize(
    ("count", "values", "offset", "size"),
    [
        (4, None, 4096, 4),
        (4, None, 4100, 4),
        (1, None, 4096, 1),
        (4, None, 4096, 8),
        (4, [9, 8, 7, 6], 4096, 4),
        (4, [9, 8, 7, 6], 1, 4),
        (4, None, 4, 4),
    ],
    ids=["there", "to the last byte", "one byte", "more than needed", "inside too", "no offset", "over the flatbuffer"],
)
def test_which_bytes_a_buffer_is(count: int, values: list[int] | None, offset: int, size: int) -> None:
    data, zeros = _added(count, values, offset, size), [np.zeros(count, np.int8)]
    (mine,), (theirs,) = ours(read(data), zeros), litert(data, zeros)
    np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("offset", "size"), [(4101, 4), (4104, 1), (1 << 40, 4), (1 << 63, 1 << 63), ((1 << 64) - 4, 8), (4096, 1 << 63)]
)
def test_buffers_outside_of_the_file(offset: int, size: int) -> None:
    with pytest.raises(DamagedError, match="is outside of the file"):
        read(_added(4, None, offset, size))


def test_buffers_that_are_too_small() -> None:
    with pytest.raises(UnsupportedOperatorError, match="has 3 bytes"):
        read(_added(4, None, 4096, 3))


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
