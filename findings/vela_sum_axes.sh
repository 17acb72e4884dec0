#!/usr/bin/env bash
# Vela 5.2.0 (ethos-u-vela, Arm's compiler for the Ethos-U): a SUM over several axes is compiled to a sum over the first of them.
#
# Expected: Vela's own list (--supported-ops-report) has SUM for Ethos-U55, U65 and U85. Its constraints for the file below are
#   met: constant shapes, int8, scales positive and not per axis, zero points 0, kernel stride 1. None is about the axes.
#   An operator that the NPU cannot do is left to the CPU, with a warning. LiteRT (default kernels) sums over all
#   axes that the operator names, as NumPy does on random values.
#
# Seen: no warning, no operator on the CPU, and
#   int8 [1, 4, 5, 6], all elements 1, ethos-u55-128:
#     axes [1]        LiteRT   4, 30 results; Vela's stream adds 4 values for each of 30 results
#     axes [2]        LiteRT   5, 24 results; Vela's stream adds 5 values for each of 24 results
#     axes [3]        LiteRT   6, 20 results; Vela's stream adds 6 values for each of 20 results
#     axes [1, 2]     LiteRT  20,  6 results; Vela's stream adds 4 values for each of 30 results
#     axes [2, 1]     LiteRT  20,  6 results; Vela's stream adds 5 values for each of 24 results
#     axes [1, 3]     LiteRT  24,  5 results; Vela's stream adds 4 values for each of 30 results
#     axes [3, 2]     LiteRT  30,  4 results; Vela's stream adds 6 values for each of 20 results
#     axes [1, 2, 3]  LiteRT 120,  1 results; Vela's stream adds 4 values for each of 30 results
#   ethos-u55-128, same bytes: [1, 2] and [1] True, [2, 1] and [2] True, [1, 2] and [2, 1] False
#   ethos-u65-256, same bytes: [1, 2] and [1] True, [2, 1] and [2] True, [1, 2] and [2, 1] False
#   ethos-u85-256, same bytes: [1, 2] and [1] True, [2, 1] and [2] True, [1, 2] and [2, 1] False
#
#   So the stream sums over the axis that is named first, and over no other. It also writes more bytes than the output tensor
#   has: 30 for axes [1, 2], where there is room for 6.
#
# Since: seen in 5.2.0; earlier versions were not tried. No report of it was found on GitHub;
#   the tracker of Vela itself was not searched.
#
# For who uses it: split a SUM over several axes into one for each axis (over one axis, the stream adds the right number of values),
#   or keep it off the NPU.
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
from math import prod
from pathlib import Path

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from ethosu.vela.ethos_u55_regs.ethos_u55_regs import cmd0, cmd1, pooling_mode

SHAPE = (1, 4, 5, 6)


def tensor(name, shape, kind, buffer):
    made = tfl.TensorT()
    made.name, made.shape, made.type, made.buffer = name, list(shape), kind, buffer
    if kind == tfl.TensorType.INT8:
        made.quantization = tfl.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [1.0], [0]
    return made


def sum_model(axes):
    """One SUM that keeps its axes, int8; all scales 1, all zero points 0."""
    code = tfl.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = tfl.BuiltinOperator.SUM
    code.version = 2
    operator = tfl.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1], [2]
    operator.builtinOptionsType = tfl.BuiltinOptions.ReducerOptions
    operator.builtinOptions = tfl.ReducerOptionsT()
    operator.builtinOptions.keepDims = True
    graph = tfl.SubGraphT()
    graph.tensors = [
        tensor("input", SHAPE, tfl.TensorType.INT8, 1),
        tensor("axes", [len(axes)], tfl.TensorType.INT32, 2),
        tensor("output", [1 if axis in axes else size for axis, size in enumerate(SHAPE)], tfl.TensorType.INT8, 3),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [operator]
    model = tfl.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [tfl.BufferT() for _ in range(4)]
    model.buffers[2].data = list(np.array(axes, np.int32).tobytes())
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def litert(model, values):
    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def compiled(model, accelerator):
    """Vela's raw output; with it, an operator for the CPU is an error of Vela's."""
    Path("network.tflite").write_bytes(model)
    options = ["--accelerator-config", accelerator, "--output-format", "raw", "--output-dir", "out"]
    command = [sys.executable, "-m", "ethosu.vela", "network.tflite", *options]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "CPU operators = 0 (0.0%)" in said
    assert "supported operators" not in said, "Vela warns now"
    return np.load("out/network_vela.npz")


def operations(raw):
    """Each operation of the command stream: its name, its parameter and the registers at that point."""
    words = np.frombuffer(raw["cmd_data"].tobytes(), "<u4").tolist()
    at = 1  # words[0] is the magic number; then actions of the driver: 1 = configuration (2 words), 2 = command stream
    while words[at] & 0xFF != 2:
        at += 3 if words[at] & 0xFF == 1 else 1
    found, registers, at = [], {}, at + 1
    while at < len(words):
        code, parameter = words[at] & 0x3FF, words[at] >> 16
        if words[at] & 0xC000:
            registers[cmd1(code).name.removeprefix("NPU_SET_")] = words[at + 1]
        elif cmd0(code).name.startswith("NPU_SET_"):
            registers[cmd0(code).name.removeprefix("NPU_SET_")] = parameter
        else:
            found.append((cmd0(code).name, parameter, dict(registers)))
        at += 2 if words[at] & 0xC000 else 1
    return found


def summing(raw):
    """Of the operation that sums: how many values it adds for a result, and how many results it writes."""
    mode = pooling_mode.REDUCE_SUM.value
    assert not any(at["KERNEL_HEIGHT_M1"] or at["KERNEL_WIDTH_M1"] for _, _, at in operations(raw)), "others sum, too"
    (registers,) = [at for name, parameter, at in operations(raw) if name == "NPU_OP_POOL" and parameter == mode]
    size = prod(registers[f"OFM_{axis}_M1"] + 1 for axis in ("HEIGHT", "WIDTH", "DEPTH"))
    return registers["IFM_DEPTH_M1"] + 1, size


for package in ("ethos-u-vela", "ai-edge-litert"):
    print(package, version(package))
ones = np.ones(SHAPE, np.int8)
values = np.random.default_rng(0).integers(-9, 9, SHAPE, endpoint=True).astype(np.int8)
print(f"int8 {list(SHAPE)}, all elements 1, ethos-u55-128:")
for axes in ([1], [2], [3], [1, 2], [2, 1], [1, 3], [3, 2], [1, 2, 3]):
    model = sum_model(axes)
    real = values.astype(int).sum(axis=tuple(axes), keepdims=True).clip(-128, 127)
    assert (litert(model, values) == real).all()
    result = litert(model, ones)
    assert (result == prod(SHAPE[axis] for axis in axes)).all()
    added, written = summing(compiled(model, "ethos-u55-128"))
    print(
        f"  axes {axes!s:<10} LiteRT {result.flat[0]:>3}, {result.size:>2} results;"
        f" Vela's stream adds {added} values for each of {written} results"
    )
    assert (added, written) == (SHAPE[axes[0]], prod(SHAPE) // SHAPE[axes[0]]), "the behaviour has changed"
for accelerator in ("ethos-u55-128", "ethos-u65-256", "ethos-u85-256"):
    streams = {
        axes: compiled(sum_model(axes), accelerator)["cmd_data"].tobytes() for axes in ((1,), (1, 2), (2,), (2, 1))
    }
    same = streams[1,] == streams[1, 2], streams[2,] == streams[2, 1], streams[1, 2] == streams[2, 1]
    print(f"{accelerator}, same bytes: [1, 2] and [1] {same[0]}, [2, 1] and [2] {same[1]}, [1, 2] and [2, 1] {same[2]}")
    assert same == (True, True, False), "the behaviour has changed"
PYTHON
venv/bin/python show.py 2> log || { cat log >&2; exit 1; }
