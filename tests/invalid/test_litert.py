"""LiteRT files that mcugen cannot take: one message with the file, the tensor or operator at fault, and what to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcugen import cli
from mcugen.litert.schema import schema
from tests.ethosu.precompiled.files import ByHand
from tests.frontend.litert.files import Op, T, constant, file_of

pytest.importorskip("ai_edge_litert", reason="ai-edge-litert is not installed")

FULL_INTEGER, OTHERWISE, AGAIN = (
    "full integer quantization",
    "the layer in another form",
    "convert or download it again",
)
"""What to do: of a file in float, of an operator, of a damaged file."""


def int8(name: str, *shape: int, scale: Any = 0.1, **more: Any) -> T:
    return T(shape or (1, 4), scale=scale, name=name, **more)


def one(op: Op, *tensors: T, **model: Any) -> bytes:
    """A file of one operator; operands without data are its inputs."""
    given = [k for k in dict.fromkeys(op.inputs) if 0 <= k < len(tensors) and tensors[k].data is None]
    return file_of(tensors, [op], given, op.outputs, **model)


def linear(x: T, weights: T, y: T, bias: T | None = None) -> bytes:
    op = Op("FULLY_CONNECTED", [0, 1, -1 if bias is None else 3], [2], {}, "FullyConnectedOptions")
    return one(op, x, weights, y, *([] if bias is None else [bias]))


def depthwise(bias: T, multiplier: int = 1) -> bytes:
    """Of int16 with weights of int8."""
    image = T((1, 4, 4, 2), "INT16", 0.1, name="image")
    options = {"strideH": 1, "strideW": 1, "dilationWFactor": 1, "dilationHFactor": 1}
    options["depthMultiplier"] = multiplier
    weights = int8("weights", 1, 1, 1, 2, data=np.ones((1, 1, 1, 2), np.int8))
    op = Op("DEPTHWISE_CONV_2D", [0, 1, 2], [3], options, "DepthwiseConv2DOptions")
    return one(op, image, weights, bias, T((1, 4, 4, 2), "INT16", 0.1, name="result"))


def custom(name: str) -> bytes:
    code = schema().OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = schema().BuiltinOperator.CUSTOM
    code.customCode = name
    return one(Op("CUSTOM", [0], [1]), X, Y, operatorCodes=[code])


def branching() -> bytes:
    """Subgraphs 1 and 2 are the condition and the body."""
    s = schema()
    parts = []
    for name in ("condition", "body"):
        part = s.SubGraphT()
        part.name, part.tensors, part.operators, part.inputs, part.outputs = name, [], [], [], []
        parts.append(part)
    body = Op("WHILE", [0], [1], {"condSubgraphIndex": 1, "bodySubgraphIndex": 2}, "WhileOptions")
    root = s.ModelT.InitFromPackedBuf(one(body, X, Y), 0)
    root.subgraphs += parts
    return packed(root)


def calling_with_inputs() -> bytes:
    s = schema()
    call = Op("CALL_ONCE", [], [], {"initSubgraphIndex": 1}, "CallOnceOptions")
    root = s.ModelT.InitFromPackedBuf(file_of([X, Y], [call, RELU], [0], [1]), 0)
    inner = s.ModelT.InitFromPackedBuf(ADDED, 0).subgraphs[0]
    inner.operators, inner.outputs = [], []
    root.subgraphs.append(inner)
    return packed(root)


def sparse() -> bytes:
    s = schema()
    root = s.ModelT.InitFromPackedBuf(linear(X, WEIGHTS, int8("result", 1, 3)), 0)
    root.subgraphs[0].tensors[1].sparsity = s.SparsityParametersT()
    return packed(root)


def elsewhere() -> bytes:
    root = schema().ModelT.InitFromPackedBuf(linear(X, WEIGHTS, int8("result", 1, 3)), 0)
    root.subgraphs[0].tensors[1].externalBuffer = 1
    return packed(root)


def packed(root: Any) -> bytes:
    import flatbuffers

    packer = flatbuffers.Builder(1024)
    packer.Finish(root.Pack(packer), b"TFL3")
    return bytes(packer.Output())


X, Y, REAL = int8("input"), int8("result"), T((1, 4), "FLOAT32", name="real")
RELU = Op("RELU", [0], [1])
WEIGHTS = int8("weights", 3, 4, data=np.ones((3, 4), np.int8))
ADDED = one(Op("ADD", [0, 0], [1], {}, "AddOptions"), X, Y)
QUANTIZE = Op("QUANTIZE", [0], [1], {}, "QuantizeOptions")

CASES: dict[str, tuple[bytes, Sequence[str]]] = {
    "empty": (b"", ("net.tflite", "no LiteRT model", AGAIN)),
    "text": (b"PK? no", ("net.tflite", "no LiteRT model", AGAIN)),
    "cut short": (ADDED[: len(ADDED) // 2], ("net.tflite", "is damaged", "outside of the file", AGAIN)),
    "another version": (one(RELU, X, Y, version=2), ("version 2", "must be 3", AGAIN)),
    "tensor of no number": (one(Op("RELU", [9], [1]), X, Y), ("is damaged", "Operator.inputs [9]", "not one of 2")),
    "options of another operator": (
        one(Op("ADD", [0, 0], [1], {}, "MulOptions"), X, Y),
        ("operator 0 (ADD)", "MulOptions", "must have AddOptions", AGAIN),
    ),
    "scales of another axis": (
        one(RELU, int8("input", scale=[0.1, 0.2, 0.3], axis=1), Y),
        ("tensor 0 ('input')", "has 3 scales on axis 1", AGAIN),
    ),
    "no outputs": (file_of([X, Y], [RELU], [0], []), ("is damaged", "no outputs", AGAIN)),
    "no operators": (file_of([X], [], [0], [0]), ("net.tflite", "no operators", "convert the whole model")),
    "dynamic": (
        one(RELU, int8("input", -1, 4), int8("result", -1, 4)),
        ("net.tflite", "tensor 0 ('input')", "dynamic shape [-1, 4]", "fixed input shapes"),
    ),
    "seven axes": (one(RELU, int8("input", *[1] * 7), Y), ("tensor 0 ('input')", "7 axes", "the most is 6", "fix:")),
    "too large": (one(RELU, int8("input", 8192, 8192), Y), ("tensor 0 ('input')", "16,777,216", "smaller model")),
    "sparse": (sparse(), ("tensor 1 ('weights')", "is sparse", "without sparse tensors")),
    "weights in another file": (elsewhere(), ("tensor 1 ('weights')", "another file", "to one file")),
    "float": (
        one(Op("ADD", [0, 0], [1], {}, "AddOptions"), REAL, REAL),
        ("operator 0 (ADD)", "FLOAT32", FULL_INTEGER, "--calibration"),
    ),
    "only weights are integers": (
        linear(REAL, WEIGHTS, T((1, 3), "FLOAT32", name="sums")),
        ("operator 0 (FULLY_CONNECTED)", "tensor 2 ('sums')", "FLOAT32", FULL_INTEGER),
    ),
    "half precision": (one(QUANTIZE, T((1, 4), "FLOAT16", name="half"), Y), ("'half'", "FLOAT16", FULL_INTEGER)),
    "float that nothing quantizes": (
        file_of([REAL, X, Y], [Op("RELU", [1], [2])], [0, 1], [2]),
        ("input tensor 0 ('real')", "nothing quantizes it", FULL_INTEGER),
    ),
    "text in a tensor": (one(RELU, T((1, 4), "STRING", name="words"), Y), ("'words'", "STRING", "quantize the model")),
    "unknown operators": (
        file_of([X, Y, Y, Y], [Op("CONV_3D", [0], [1]), Op("RELU", [1], [2]), Op("SIGN", [2], [3])], [0], [3]),
        ("net.tflite", "operator 0 (CONV_3D), operator 2 (SIGN)", "mcugen ops"),
    ),
    "custom operator": (
        custom("TFLite_Detection_PostProcess"),
        ("operator 0 (TFLite_Detection_PostProcess)", "leave it to the application"),
    ),
    "loop over subgraphs": (branching(), ("operator 0 (WHILE)", "no integer form", "mcugen ops")),
    "CALL_ONCE of a subgraph with inputs": (
        calling_with_inputs(),
        ("operator 0 (CALL_ONCE)", "calls subgraph 1, which has inputs", OTHERWISE),
    ),
    "uint8": (
        one(RELU, T((1, 4), "UINT8", 0.1, name="input"), T((1, 4), "UINT8", 0.1)),
        ("operator 0 (RELU)", "'input' is uint8", OTHERWISE),
    ),
    "no scale": (one(RELU, T((1, 4), name="input"), Y), ("operator 0 (RELU)", "'input' is int8 and has 0", OTHERWISE)),
    "scale 0": (one(RELU, int8("input", scale=0.0), Y), ("tensor 0 ('input')", "finite and positive", OTHERWISE)),
    "scale NaN": (one(RELU, int8("input", scale=np.nan), Y), ("tensor 0 ('input')", "got (nan,)", OTHERWISE)),
    "zero point beyond the type": (
        one(RELU, int8("input", zero_point=300), Y),
        ("operator 0 (RELU)", "'input': zero point 300", OTHERWISE),
    ),
    "ELU of int16": (
        one(Op("ELU", [0], [1]), T((1, 4), "INT16", 0.1, name="input"), T((1, 4), "INT16", 0.1)),
        ("operator 0 (ELU)", "takes int8", "'input' is int16", OTHERWISE),
    ),
    "EXP of int16 with a zero point": (
        one(Op("EXP", [0], [1], {}, "ExpOptions"), T((1, 4), "INT16", 0.1, 3, name="input"), T((1, 4), "INT16", 0.1)),
        ("operator 0 (EXP)", "int16 with one scale and the zero point 0", "'input'", OTHERWISE),
    ),
    "int16 compared with what has no scale": (
        one(
            Op("LESS", [0, 2], [1], {}, "LessOptions"),
            T((1, 4), "INT16", 0.1, name="input"),
            T((1, 4), "BOOL"),
            T((1, 4), "INT16", data=np.ones((1, 4), np.int16), name="other"),
        ),
        ("operator 0 (LESS)", "'other' has no quantization", OTHERWISE),
    ),
    "RELU of int16 without a scale": (
        one(Op("RELU", [0], [1]), T((1, 4), "INT16", name="input"), T((1, 4), "INT16", 0.1)),
        ("operator 0 (RELU)", "int16 with one scale", "'input'", OTHERWISE),
    ),
    "an input of several scales": (
        one(
            Op("SHAPE", [0], [1], {"outType": 2}, "ShapeOptions"),
            T((1, 2), "INT8", [0.1, 0.2], 0, axis=1, name="input"),
            T((2,), "INT32"),
        ),
        ("tensor 0 ('input') is an input or an output, and has 2 scales", OTHERWISE),
    ),
    "SOFTMAX to int16 without a scale": (
        one(Op("SOFTMAX", [0], [1], {"beta": 1.0}, "SoftmaxOptions"), X, T((1, 4), "INT16")),
        ("operator 0 (SOFTMAX)", "makes int16 with a scale", OTHERWISE),
    ),
    "uint8 that is more than moved": (
        one(
            Op("MAXIMUM", [0, 2], [1], {}, "MaximumMinimumOptions"),
            *(T((1, 4), "UINT8", 0.1, name=name) for name in ("input", "result", "other")),
        ),
        ("operator 0 (MAXIMUM)", "takes int8 or int16 or int32 or int64 or bool", "'input' is uint8", OTHERWISE),
    ),
    "LOGISTIC of another scale": (
        one(Op("LOGISTIC", [0], [1]), X, Y),
        ("operator 0 (LOGISTIC)", "output scale 0.1, zero point 0", "must be 0.00390625, -128", OTHERWISE),
    ),
    "HARD_SWISH of too fine a scale": (
        one(Op("HARD_SWISH", [0], [1], {}, "HardSwishOptions"), int8("input", scale=1.0), int8("result", scale=0.001)),
        ("operator 0 (HARD_SWISH)", "0.001 is too fine for the input's, 1", OTHERWISE),
    ),
    "depthwise int16 with a bias of 32 bits": (
        depthwise(T((2,), "INT32", 0.01, data=np.ones(2, np.int32), name="bias")),
        ("operator 0 (DEPTHWISE_CONV_2D)", "bias of 32 bits behind int16", "convert the model again"),
    ),
    "a depth multiplier that its shapes do not have": (
        depthwise(T((2,), "INT64", 0.01, data=np.ones(2, np.int64), name="bias"), multiplier=2),
        ("operator 0 (DEPTHWISE_CONV_2D)", "depth multiplier 2", "2 channels of 2", "convert the model again"),
    ),
    "computed bias": (
        linear(X, WEIGHTS, int8("result", 1, 3), T((3,), "INT32", 0.01, name="bias")),
        ("operator 0 (FULLY_CONNECTED)", "tensor 3 ('bias'), must be a constant", OTHERWISE),
    ),
    "weights of another shape": (
        linear(X, int8("weights", 12, data=np.ones(12, np.int8)), int8("result", 1, 3)),
        ("operator 0 (FULLY_CONNECTED)", "weights of shape [12], must be (outputs, inputs)", OTHERWISE),
    ),
    "buffer of another size": (
        linear(X, int8("weights", 3, 4, data=np.ones(5, np.int8)), int8("result", 1, 3)),
        ("operator 0 (FULLY_CONNECTED)", "tensor 1 ('weights') of shape [3, 4] has 5 bytes", OTHERWISE),
    ),
    "computed axes": (
        one(Op("SUM", [0, 1], [2], {}, "ReducerOptions"), X, T((1,), "INT32", name="axes"), int8("result", 1)),
        ("operator 0 (SUM)", "tensor 1 ('axes'), must be a constant", OTHERWISE),
    ),
    "places outside": (
        one(Op("GATHER", [0, 1], [2], {"axis": 1}, "GatherOptions"), X, constant([0, 9]), int8("result", 1, 2)),
        ("operator 0 (GATHER)", "takes places [0, 9] of 4", OTHERWISE),
    ),
    "written twice": (
        file_of([X, Y], [RELU, RELU], [0], [1]),
        ("operator 1 (RELU)", "writes tensor 1 ('result'), which has a value already", OTHERWISE),
    ),
    "written never": (
        file_of([X, int8("nowhere"), Y], [Op("ADD", [0, 1], [2], {}, "AddOptions")], [0], [2]),
        ("operator 0 (ADD)", "tensor 1 ('nowhere') is read, but no operator writes it", OTHERWISE),
    ),
    "compiled for an NPU": (
        ByHand().file(),
        ("compiled for the ethos-u55-128", "nrf5340dk has no NPU", "the file from before Vela"),
    ),
    "a damaged command stream": (
        ByHand(stream=b"COP9").file(),
        ("operator 0 (ethos-u)", "b'COP9', which is no known format", "known are COP1 and COP2"),
    ),
    "a command stream that leaves its memory": (
        ByHand(scratch=40).file(),
        ("is damaged", "operator 0 (ethos-u)", "tensor 4 ('y')", "40 bytes of scratch memory", AGAIN),
    ),
    "an axis of nothing": (
        one(Op("RELU", [0], [1]), int8("nothing", 0, 3), int8("result", 0, 3)),
        ("does not read", "'nothing'", "of shape [0, 3] has no elements", "give every axis a size"),
    ),
    "no operand": (file_of([X, Y], [Op("RELU", [], [1])], [0], [1]), ("operator 0 (RELU)", "no operand 0", OTHERWISE)),
}


@pytest.mark.parametrize("name", CASES)
def test_one_message(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, words = CASES[name]
    (tmp_path / "net.tflite").write_bytes(data)
    command = ["emit", str(tmp_path / "net.tflite"), "--board", "nrf5340dk", "--output", str(tmp_path / "result" / "m")]
    assert cli._run(command) == 2
    printed = capsys.readouterr()
    message = " ".join(printed.err.split())
    assert printed.out == "" and "Traceback" not in message, message
    assert message.count("error:") == 1 and message.count("fix:") == 1, message
    for word in ("net.tflite", *words):
        assert word in message, message
    assert [p.name for p in tmp_path.iterdir()] == ["net.tflite"], "something was left behind"


def test_the_file_without_a_fault_is_taken(tmp_path: Path) -> None:
    """What most cases are made of."""
    (tmp_path / "net.tflite").write_bytes(ADDED)
    command = ["emit", str(tmp_path / "net.tflite"), "--board", "nrf5340dk", "--output", str(tmp_path / "m")]
    assert cli._run(command) == 0 and (tmp_path / "m" / "mcugen.json").is_file()


def test_a_precision_without_effect_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "net.tflite").write_bytes(one(Op("RELU", [0], [1]), X, Y))
    arguments = ["emit", str(tmp_path / "net.tflite"), "--board", "nrf5340dk", "--precision", "int4"]
    assert cli._run([*arguments, "--output", str(tmp_path / "m")]) == 0
    assert "its own ranges and types are kept" in " ".join(capsys.readouterr().err.split())


def test_by_the_command(tmp_path: Path) -> None:
    """In a process of its own."""
    (tmp_path / "net.tflite").write_bytes(CASES["dynamic"][0])
    command = [sys.executable, "-m", "mcugen", "emit", "net.tflite", "--board", "nrf5340dk"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("error:") == 1 and "fixed input shapes" in done.stderr and "Traceback" not in done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["net.tflite"]
