#!/usr/bin/env bash
# ai-edge-litert 2.3.0: the reference kernel of an int8 SUM treats its numbers as uint8.
#
# Expected: the real sum, within rounding: output = clamp(zero_out + sum(input - zero_in) * scale_in / scale_out, -128, 127),
#   as int8 tensors are described in the LiteRT 8-bit quantization specification. The default kernels of the
#   same package and TFLM (tflite-micro 0.dev20261023182759) give it.
#
# Seen (all scales 1, summed over axis 0, interpreter with OpResolverType.BUILTIN_REF):
#   column [5, -5, 8], zero points 0 and 0        real 8    default 8    TFLM 8    reference -1
#   column [-3, -2, 0], zero points 0 and 0       real -5   default -5   TFLM -5   reference -1
#   column [23, 3, 36], zero points 0 and -128    real -66  default -66  TFLM -66  reference 0
#   column [97, 82, 87], zero points 89 and 0     real -1   default -1   TFLM -1   reference 0
#   column [9, 5, 4], zero points 0 and 0         real 18   default 18   TFLM 18   reference 18
#   random [3, 65], zero points 89 and 0: reference differs from real in 60 of 65, by up to 248
#   every reference result is the one of the same bytes taken as uint8: True
#
#   So the zero point is not the cause: a negative input counts 256 too much, and the result is clamped to 0..255 and then
#   stored as int8. Sums are sure to be right only where all inputs and the result are in 0..127.
#
# Since: seen in 2.0.2 and 2.3.0. Reported, with the cause, in LiteRT issue 4079 and TensorFlow issue 102490 (there with
#   the TFLite runtime 2.14.0), open change: LiteRT pull request 7855.
#
# For who uses it: do not take BUILTIN_REF as the yardstick for int8 SUM; take the default kernels or TFLM (mcugen takes TFLM).
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


def tensor(name, shape, kind, buffer, zero_point=None):
    made = tfl.TensorT()
    made.name, made.shape, made.type, made.buffer = name, shape, kind, buffer
    if zero_point is not None:
        made.quantization = tfl.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [1.0], [zero_point]
    return made


def sum_model(rows, columns, zero_in, zero_out):
    """One SUM over axis 0: int8 [rows, columns] -> int8 [columns]."""
    code = tfl.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = tfl.BuiltinOperator.SUM
    code.version = 2
    operator = tfl.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1], [2]
    operator.builtinOptionsType = tfl.BuiltinOptions.ReducerOptions
    operator.builtinOptions = tfl.ReducerOptionsT()
    graph = tfl.SubGraphT()
    graph.tensors = [
        tensor("input", [rows, columns], tfl.TensorType.INT8, 1, zero_in),
        tensor("axis", [1], tfl.TensorType.INT32, 2),
        tensor("output", [columns], tfl.TensorType.INT8, 3, zero_out),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [2], [operator]
    model = tfl.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [tfl.BufferT() for _ in range(4)]
    model.buffers[2].data = list(np.zeros(1, np.int32).tobytes())
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def litert(model, values, kernels):
    interpreter = Interpreter(model_content=model, experimental_op_resolver_type=kernels)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], values)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def micro(model, values):
    interpreter = tflm.Interpreter.from_bytes(model)
    interpreter.set_input(values, 0)
    interpreter.invoke()
    return interpreter.get_output(0)


def results(values, zero_in, zero_out):
    model = sum_model(*values.shape, zero_in, zero_out)
    total = (values.astype(int) - zero_in).sum(axis=0) + zero_out
    total_of_bytes = (values.view(np.uint8).astype(int) - zero_in).sum(axis=0) + zero_out
    return {
        "real": total.clip(-128, 127),
        "default": litert(model, values, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES),
        "TFLM": micro(model, values),
        "reference": litert(model, values, OpResolverType.BUILTIN_REF),
        "as uint8": total_of_bytes.clip(0, 255).astype(np.uint8).view(np.int8),
    }


for package in ("ai-edge-litert", "tflite-micro"):
    print(package, version(package))
columns = [
    ([5, -5, 8], 0, 0, 8, -1),
    ([-3, -2, 0], 0, 0, -5, -1),
    ([23, 3, 36], 0, -128, -66, 0),
    ([97, 82, 87], 89, 0, -1, 0),
    ([9, 5, 4], 0, 0, 18, 18),
]
explained = True
for column, zero_in, zero_out, real, seen in columns:
    found = results(np.array(column, np.int8).reshape(3, 1), zero_in, zero_out)
    label = f"column {column}, zero points {zero_in} and {zero_out}"
    print(f"{label:<45}", *(f"{name} {int(found[name][0]):<4}" for name in ("real", "default", "TFLM", "reference")))
    assert found["real"][0] == found["default"][0] == found["TFLM"][0] == real
    assert found["reference"][0] == seen, f"the behaviour has changed: it was {seen}"
    explained &= bool((found["reference"] == found["as uint8"]).all())

values = np.random.default_rng(0).integers(-128, 127, (3, 65), endpoint=True).astype(np.int8)
found = results(values, 89, 0)
error = np.abs(found["reference"].astype(int) - found["real"])
print(f"random [3, 65], zero points 89 and 0: reference differs from real in {(error > 0).sum()} of 65, by up to {error.max()}")
assert (found["real"] == found["default"]).all()
assert (found["real"] == found["TFLM"]).all()
assert ((error > 0).sum(), error.max()) == (60, 248), "the behaviour has changed"
explained &= bool((found["reference"] == found["as uint8"]).all())
print("every reference result is the one of the same bytes taken as uint8:", explained)
assert explained
PYTHON
venv/bin/python show.py 2> log || { cat log >&2; exit 1; }
