#!/usr/bin/env bash
# tflite-micro 0.dev20261023182759: int8 CUMSUM and ADD_N add the input's zero point, negated, to every result.
#
# Expected: output = zero_out + scale_in / scale_out * (sum of (input - zero_in)), as int8 tensors are described in the LiteRT
#   8-bit quantization specification. The same operators over float32, in the same package and in ai-edge-litert 2.3.0, give
#   the real sums (LiteRT has neither operator for int8).
#
# Seen (scales 1, the output's zero point 0; real inputs 1, 2, 3, 4, 5, 6; ADD_N adds them and the same plus 1 and plus 2):
#   CUMSUM zero point   0: real [1, 3, 6, 10, 15, 21]     int8 [1, 3, 6, 10, 15, 21]
#   CUMSUM zero point  10: real [1, 3, 6, 10, 15, 21]     int8 [-9, -7, -4, 0, 5, 11]
#   CUMSUM zero point -20: real [1, 3, 6, 10, 15, 21]     int8 [21, 23, 26, 30, 35, 41]
#   ADD_N  zero point   0: real [6, 9, 12, 15, 18, 21]    int8 [6, 9, 12, 15, 18, 21]
#   ADD_N  zero point  10: real [6, 9, 12, 15, 18, 21]    int8 [-4, -1, 2, 5, 8, 11]
#   ADD_N  zero point -20: real [6, 9, 12, 15, 18, 21]    int8 [26, 29, 32, 35, 38, 41]
#   exclusive CUMSUM, zero point 10: real [0, 1, 3, 6, 10, 15], int8 [-10, -9, -7, -4, 0, 5]
#   random [64, 8], scales 0.25 and 1.5, zero points -128 and -90: all 512 results of each operator are what a sum that starts
#   at -zero_in instead of 0 gives, within 1; 504 of CUMSUM and 512 of ADD_N are not the real sums
#
#   So the sum starts from the negated zero point, as if it were one more input that holds the integer 0. Results are
#   -zero_in * scale_in too large, whatever the inputs are (unless clamped); only a zero point of 0 gives right ones.
#
# Since: seen in 0.dev20261023182759; other versions were not tried. No report of it was found on GitHub.
#
# For who uses it: behind a ReLU the zero point is -128, so all sums are too large by half the range of the input. Write
#   ADD_N as a chain of ADD; give the input of a CUMSUM the zero point 0. Who takes TFLM as the yardstick has to choose
#   between its bits and the right ones.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet ai-edge-litert==2.3.0 flatbuffers==25.12.19 tflite-micro==0.dev20261023182759 numpy==2.4.6

cat > show.py <<'PYTHON'
from importlib.metadata import version

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as tfl
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tflite_micro.python.tflite_micro import runtime as tflm

ADDED = 3


def tensor(name, shape, kind, buffer=0, quantization=None):
    made = tfl.TensorT()
    made.name, made.shape, made.type, made.buffer = name, shape, kind, buffer
    if quantization is not None:
        made.quantization = tfl.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [quantization[0]], [quantization[1]]
    return made


def sum_model(name, shape, kind, quantized_in=None, quantized_out=None, exclusive=False):
    """CUMSUM over the last axis, or ADD_N over three inputs; int8 with (scale, zero point), or float32 without."""
    code, operator, graph, model = tfl.OperatorCodeT(), tfl.OperatorT(), tfl.SubGraphT(), tfl.ModelT()
    code.builtinCode = getattr(tfl.BuiltinOperator, name)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1
    count = 1 if name == "CUMSUM" else ADDED
    graph.tensors = [tensor(f"input{k}", shape, kind, 0, quantized_in) for k in range(count)]
    if name == "CUMSUM":
        graph.tensors.append(tensor("axis", [1], tfl.TensorType.INT32, 1))
        operator.builtinOptionsType, operator.builtinOptions = tfl.BuiltinOptions.CumsumOptions, tfl.CumsumOptionsT()
        operator.builtinOptions.exclusive = exclusive
    else:
        operator.builtinOptionsType, operator.builtinOptions = tfl.BuiltinOptions.AddNOptions, tfl.AddNOptionsT()
    operator.opcodeIndex, operator.inputs = 0, list(range(len(graph.tensors)))
    operator.outputs = [len(graph.tensors)]
    graph.tensors.append(tensor("output", shape, kind, 0, quantized_out))
    graph.inputs, graph.outputs, graph.operators = list(range(count)), operator.outputs, [operator]
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [tfl.BufferT(), tfl.BufferT()]
    model.buffers[1].data = list(np.array([len(shape) - 1], np.int32).tobytes())
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def micro(model, inputs):
    interpreter = tflm.Interpreter.from_bytes(model, arena_size=1 << 16)
    for place, values in enumerate(inputs):
        interpreter.set_input(values, place)
    interpreter.invoke()
    return interpreter.get_output(0)


def litert(model, inputs):
    kernels = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    for detail, values in zip(interpreter.get_input_details(), inputs, strict=True):
        interpreter.set_tensor(detail["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def real_sums(name, inputs, exclusive=False):
    """Of both packages' float32 kernels, which must agree."""
    model = sum_model(name, list(inputs[0].shape), tfl.TensorType.FLOAT32, exclusive=exclusive)
    found = micro(model, inputs)
    assert (found == litert(model, inputs)).all()
    return found


def int8_sums(name, inputs, quantized_in, quantized_out, exclusive=False):
    model = sum_model(name, list(inputs[0].shape), tfl.TensorType.INT8, quantized_in, quantized_out, exclusive)
    return micro(model, inputs).astype(int)


for package in ("ai-edge-litert", "tflite-micro"):
    print(package, version(package))
count = {"CUMSUM": 1, "ADD_N": ADDED}
plain = np.array([[1, 2, 3, 4, 5, 6]])
for name in count:
    for zero in (0, 10, -20):
        reals = [(plain + k).astype(np.float32) for k in range(count[name])]
        real = real_sums(name, reals).astype(int)
        found = int8_sums(name, [(x + zero).astype(np.int8) for x in reals], (1.0, zero), (1.0, 0))
        print(f"{name:<6} zero point {zero:>3}: real {real[0].tolist()!s:<24} int8 {found[0].tolist()}")
        assert (found == real - zero).all(), "the behaviour has changed"
real = real_sums("CUMSUM", [plain.astype(np.float32)], exclusive=True).astype(int)
found = int8_sums("CUMSUM", [(plain + 10).astype(np.int8)], (1.0, 10), (1.0, 0), exclusive=True)
print(f"exclusive CUMSUM, zero point 10: real {real[0].tolist()}, int8 {found[0].tolist()}")
assert (found == real - 10).all(), "the behaviour has changed"

(scale_in, zero_in), (scale_out, zero_out) = quantized_in, quantized_out = (0.25, -128), (1.5, -90)
for name in count:
    drawn = np.random.default_rng(0).integers(-128, 127, (count[name], 64, 8), endpoint=True).astype(np.int8)
    sums = real_sums(name, [((x.astype(int) - zero_in) * scale_in).astype(np.float32) for x in drawn])
    found = int8_sums(name, list(drawn), quantized_in, quantized_out)
    as_it_is = (np.round((sums - zero_in * scale_in) / scale_out) + zero_out).clip(-128, 127)
    right = (np.round(sums / scale_out) + zero_out).clip(-128, 127)
    near, wrong = int((abs(found - as_it_is) <= 1).sum()), int((abs(found - right) > 1).sum())
    print(f"random {name:<6}: {near} of {found.size} as from a sum that starts at -zero_in; {wrong} are not the real sums")
    assert (near, wrong) == (512, {"CUMSUM": 504, "ADD_N": 512}[name]), "the behaviour has changed"
PYTHON
venv/bin/python show.py 2> log || { cat log >&2; exit 1; }
