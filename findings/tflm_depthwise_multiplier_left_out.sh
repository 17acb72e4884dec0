#!/usr/bin/env bash
# tflite-micro 0.dev20261023182759: a depthwise convolution whose options leave the depth multiplier out computes nothing.
#
# Expected: the results that LiteRT gives. The schema (DepthwiseConv2DOptions) calls depth_multiplier redundant: kernels
#   later than TensorFlow 2.0 ignore it, and the shapes of input and weights say the same. It may therefore be left out.
#
# Seen (int8, 1x1 weights of 1, all scales 1, input [1..8] as 1x2x2x2):
#   2 channels, multiplier 1 stated    LiteRT equal to the input             TFLM equal to LiteRT
#   2 channels, multiplier left out    LiteRT equal to the input             TFLM says it succeeded, its output is something else
#   4 channels, multiplier 2 stated    LiteRT each input channel twice       TFLM equal to LiteRT
#   4 channels, multiplier left out    LiteRT each input channel twice       TFLM says it succeeded, its output is something else
#   (LiteRT: its reference kernels and its default kernels, the two alike)
#
#   TFLM's reference kernel loops from 0 to the option, which is 0. Nothing is written: the output is what stood there.
#   The check that the option fits the shapes is one of debug builds.
#
# Files without it exist: the converter of TensorFlow 1.12 wrote 0 (issue 5767 of tensorflow/models). No report about TFLM was found.
#
# For who uses it: state depth_multiplier in the options of files for TFLM. mcugen goes by the shapes, as LiteRT does.
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


def tensor(name, shape, kind, buffer):
    made = tfl.TensorT()
    made.name, made.shape, made.type, made.buffer = name, shape, kind, buffer
    made.quantization = tfl.QuantizationParametersT()
    made.quantization.scale, made.quantization.zeroPoint = [1.0], [0]
    return made


def depthwise(channels, multiplier):
    """int8 [1, 2, 2, 2] -> int8 [1, 2, 2, channels]: each channel is its input channel."""
    code = tfl.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = tfl.BuiltinOperator.DEPTHWISE_CONV_2D
    code.version = 3
    options = tfl.DepthwiseConv2DOptionsT()
    options.padding = tfl.Padding.VALID
    options.strideW = options.strideH = options.dilationWFactor = options.dilationHFactor = 1
    if multiplier is not None:
        options.depthMultiplier = multiplier
    operator = tfl.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, 2], [3]
    operator.builtinOptionsType, operator.builtinOptions = tfl.BuiltinOptions.DepthwiseConv2DOptions, options
    graph = tfl.SubGraphT()
    graph.tensors = [
        tensor("input", [1, 2, 2, 2], tfl.TensorType.INT8, 1),
        tensor("weights", [1, 1, 1, channels], tfl.TensorType.INT8, 2),
        tensor("bias", [channels], tfl.TensorType.INT32, 3),
        tensor("output", [1, 2, 2, channels], tfl.TensorType.INT8, 4),
    ]
    graph.inputs, graph.outputs, graph.operators = [0], [3], [operator]
    model = tfl.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [tfl.BufferT() for _ in range(5)]
    model.buffers[2].data = [1] * channels
    model.buffers[3].data = [0] * (4 * channels)
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
    status = interpreter.invoke()
    assert not status, f"TFLM now refuses it: {status}"
    return interpreter.get_output(0)


for package in ("ai-edge-litert", "tflite-micro"):
    print(package, version(package))
values = np.arange(1, 9, dtype=np.int8).reshape(1, 2, 2, 2)
for channels in (2, 4):
    wanted = np.repeat(values, channels // 2, axis=3)
    for multiplier in (channels // 2, None):
        model = depthwise(channels, multiplier)
        for kernels in (OpResolverType.BUILTIN_REF, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES):
            assert (litert(model, values, kernels) == wanted).all(), "LiteRT's behaviour has changed"
        equal = bool((micro(model, values) == wanted).all())
        stated = "left out" if multiplier is None else f"{multiplier} stated"
        print(f"{channels} channels, multiplier {stated}: LiteRT as expected, TFLM {'equal' if equal else 'something else'}")
        assert equal == (multiplier is not None), "the behaviour has changed"
PYTHON
venv/bin/python show.py 2> log || { cat log >&2; exit 1; }
