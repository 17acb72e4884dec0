#!/usr/bin/env bash
# Vela 5.2.0 (ethos-u-vela, Arm's compiler for the Ethos-U): a uint8 TRANSPOSE is compiled to an int8 copy that clamps to 0..127.
#
# Expected: Vela's own list (--supported-ops-report) has TRANSPOSE for Ethos-U55, U65 and U85 and uint8 among the types of feature
#   maps; the file below meets its constraints: constant shapes and order, at most 8 axes, height, width and channels up to
#   2^16 (limits that are given for int8 and int16; none is given for uint8, and it is not excluded). An operator that the NPU
#   cannot do is left to the CPU, with a warning. A transposition moves every value unchanged, as LiteRT (reference kernels) does.
#
# Seen: no warning, no operator on the CPU, and
#   LiteRT transposes 64..255 to 64..255, 128 of 192 above 127
#   TRANSPOSE uint8    ethos-u55-128: input int8, output int8, clamped to 0..127
#   TRANSPOSE uint8    ethos-u65-256: input int8, output int8, clamped to 0..127
#   TRANSPOSE uint8    ethos-u85-256: input uint8, output uint8, clamped to 0..255
#   TRANSPOSE int8     ethos-u55-128: input int8, output int8, clamped to -128..127
#   MAX_POOL_2D uint8  ethos-u55-128: input uint8, output uint8, clamped to 0..255
#   the streams for uint8 and int8 differ in 1 word of 74: 0x00000126 instead of 0xff800126
#   TRANSPOSE uint8 [0, 1, 3, 2]: clamped to 0..127
#   TRANSPOSE uint8 [0, 2, 3, 1]: clamped to 0..127
#   TRANSPOSE uint8 [0, 3, 1, 2]: clamped to 0..127
#   TRANSPOSE uint8 [0, 3, 2, 1]: clamped to 0..127
#
#   So the copy takes the bytes as int8, where those above 127 are negative, but the lower bound of uint8, and what is common
#   to both ranges is left. No output can be above 127. That word is the register ACTIVATION_MIN.
#
# Since: seen in 5.2.0, for U55 and U65; earlier versions were not tried. No report of it was found on GitHub;
#   the tracker of Vela itself was not searched.
#
# For who uses it: on U55 and U65, take networks that are int8 throughout (an int8 TRANSPOSE keeps every value).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet ethos-u-vela==5.2.0 ai-edge-litert==2.3.0 flatbuffers==25.12.19 numpy==2.4.6

cat > show.py <<'PYTHON'
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ethosu.vela.ethos_u55_regs.ethos_u55_regs import cmd0, cmd1

SHAPE = (1, 4, 6, 8)


def tensor(name, shape, kind, buffer):
    made = tfl.TensorT()
    made.name, made.shape, made.type, made.buffer = name, list(shape), kind, buffer
    if kind != tfl.TensorType.INT32:
        made.quantization = tfl.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [1.0], [0]
    return made


def model(builtin, version, options, kind, shape, constants=()):
    """One operator on tensors of scale 1 and zero point 0."""
    code = tfl.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(tfl.BuiltinOperator, builtin)
    code.version = version
    operator = tfl.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, *range(2, 2 + len(constants))], [1]
    operator.builtinOptionsType = getattr(tfl.BuiltinOptions, type(options).__name__.removesuffix("T"))
    operator.builtinOptions = options
    graph = tfl.SubGraphT()
    graph.tensors = [tensor("input", SHAPE, kind, 0), tensor("output", shape, kind, 0)]
    made = tfl.ModelT()
    made.buffers = [tfl.BufferT()]
    for values in constants:
        graph.tensors.append(tensor("constant", [len(values)], tfl.TensorType.INT32, len(made.buffers)))
        made.buffers.append(tfl.BufferT())
        made.buffers[-1].data = list(np.array(values, np.int32).tobytes())
    graph.inputs, graph.outputs, graph.operators = [0], [1], [operator]
    made.version, made.operatorCodes, made.subgraphs = 3, [code], [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(made.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def transpose(order, kind):
    return model("TRANSPOSE", 2, tfl.TransposeOptionsT(), kind, [SHAPE[axis] for axis in order], [order])


def pool(kind):
    """Another operator that copies: the maximum of one element."""
    options = tfl.Pool2DOptionsT()
    options.strideW = options.strideH = options.filterWidth = options.filterHeight = 1
    options.padding = tfl.Padding.VALID
    return model("MAX_POOL_2D", 2, options, kind, SHAPE)


def litert(network, values):
    kernels = OpResolverType.BUILTIN_REF
    interpreter = Interpreter(model_content=network, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def compiled(network, accelerator):
    """Vela's raw output; with it, an operator for the CPU is an error of Vela's."""
    Path("network.tflite").write_bytes(network)
    options = ["--accelerator-config", accelerator, "--output-format", "raw", "--output-dir", "out"]
    command = [sys.executable, "-m", "ethosu.vela", "network.tflite", *options]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "CPU operators = 0 (0.0%)" in said
    assert "supported operators" not in said, "Vela warns now"
    return np.load("out/network_vela.npz")


def registers(raw):
    """What the registers hold at the last operation of the command stream."""
    words = np.frombuffer(raw["cmd_data"].tobytes(), "<u4").tolist()
    at = 1  # words[0] is the magic number; then actions of the driver: 1 = configuration (2 words), 2 = command stream
    while words[at] & 0xFF != 2:
        at += 3 if words[at] & 0xFF == 1 else 1
    held, at = {}, at + 1
    while at < len(words):
        commands = cmd1 if words[at] & 0xC000 else cmd0
        if words[at] & 0x3FF in {command.value for command in commands}:
            held[commands(words[at] & 0x3FF).name] = words[at] >> 16
        at += 2 if words[at] & 0xC000 else 1
    return held


def output(raw):
    """Types of the input and the output (bit 0: signed) and the clamp, in the numbers of the output's type."""
    held = registers(raw)
    # A clamp is given in 16 bits.
    signed = [held[f"NPU_SET_{map_}_PRECISION"] & 1 for map_ in ("IFM", "OFM")]
    clamp = [held[f"NPU_SET_ACTIVATION_{end}"] for end in ("MIN", "MAX")]
    if signed[1]:
        clamp = [int(np.array(value, np.uint16).view(np.int16)) for value in clamp]
    return ["int8" if sign else "uint8" for sign in signed], clamp


for package in ("ethos-u-vela", "ai-edge-litert"):
    print(package, version(package))
INT8, UINT8 = tfl.TensorType.INT8, tfl.TensorType.UINT8
values = (np.arange(192) + 64).astype(np.uint8).reshape(SHAPE)
swap = (0, 2, 1, 3)
assert (litert(transpose(swap, UINT8), values) == values.transpose(swap)).all()
assert (litert(pool(UINT8), values) == values).all()
print(f"LiteRT transposes 64..255 to {values.min()}..{values.max()}, {(values > 127).sum()} of {values.size} above 127")
SIGNED, UNSIGNED = ["int8", "int8"], ["uint8", "uint8"]
cases = [
    ("TRANSPOSE uint8", transpose(swap, UINT8), "ethos-u55-128", SIGNED, [0, 127]),
    ("TRANSPOSE uint8", transpose(swap, UINT8), "ethos-u65-256", SIGNED, [0, 127]),
    ("TRANSPOSE uint8", transpose(swap, UINT8), "ethos-u85-256", UNSIGNED, [0, 255]),
    ("TRANSPOSE int8", transpose(swap, INT8), "ethos-u55-128", SIGNED, [-128, 127]),
    ("MAX_POOL_2D uint8", pool(UINT8), "ethos-u55-128", UNSIGNED, [0, 255]),
]
for name, network, accelerator, types, clamp in cases:
    seen = output(compiled(network, accelerator))
    print(f"{name:<18} {accelerator}: input {seen[0][0]}, output {seen[0][1]}, clamped to {seen[1][0]}..{seen[1][1]}")
    assert seen == (types, clamp), "the behaviour has changed"
streams = [compiled(transpose(swap, kind), "ethos-u55-128")["cmd_data"].tobytes() for kind in (UINT8, INT8)]
words = [np.frombuffer(stream, "<u4") for stream in streams]
differ = [f"{uint8:#010x} instead of {int8:#010x}" for uint8, int8 in zip(*words, strict=True) if uint8 != int8]
print(f"the streams for uint8 and int8 differ in {len(differ)} word of {len(words[0])}: {', '.join(differ)}")
assert differ == ["0x00000126 instead of 0xff800126"], "the behaviour has changed"
for order in ((0, 1, 3, 2), (0, 2, 3, 1), (0, 3, 1, 2), (0, 3, 2, 1)):
    assert (litert(transpose(order, UINT8), values) == values.transpose(order)).all()
    seen = output(compiled(transpose(order, UINT8), "ethos-u55-128"))
    print(f"TRANSPOSE uint8 {list(order)}: clamped to {seen[1][0]}..{seen[1][1]}")
    assert seen == (SIGNED, [0, 127]), "the behaviour has changed"
PYTHON
venv/bin/python show.py 2> log || { cat log >&2; exit 1; }
