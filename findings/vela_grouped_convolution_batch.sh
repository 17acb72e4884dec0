#!/usr/bin/env bash
# Vela 5.2.0 (ethos-u-vela, Arm's compiler for the Ethos-U): a convolution with groups over several images reads the
# first one alone (1 x 1 kernel), or pads on the wrong sides (3 x 3).
#
# Expected: Vela's own list (--supported-ops-report) has CONV_2D for Ethos-U55 and U65, and the files below meet its constraints:
#   constant shapes, int8 feature maps and weights, a constant int32 bias in the channel axis, stride 1, a sum of absolute
#   weights far below 8323072, scales positive. None is about groups or the number of images, where other operators have
#   one (MEAN: "Batch must be 1"). An operator that the NPU cannot do is left to the CPU, with a warning. LiteRT
#   (reference kernels) gives the exact sums for each image; padding SAME of a 3 x 3 kernel is one row and one column on each side.
#
# Seen: no warning, no operator on the CPU, and
#   ethos-u55-128, images 1, groups 2, kernel 1 x 1: bytes read of each image [256]
#   ethos-u55-128, images 1, groups 2, kernel 3 x 3: padding top, left, bottom, right (1, 1, 1, 1)
#   ethos-u55-128, images 2, groups 1, kernel 1 x 1: bytes read of each image [256, 256]
#   ethos-u55-128, images 2, groups 1, kernel 3 x 3: padding top, left, bottom, right (1, 1, 1, 1)
#   ethos-u55-128, images 2, groups 2, kernel 1 x 1: bytes read of each image [256, 0]
#   ethos-u55-128, images 2, groups 2, kernel 3 x 3: padding top, left, bottom, right (0, 0, 2, 2)
#   ethos-u55-128, images 3, groups 4, kernel 1 x 1: bytes read of each image [256, 0, 0]
#   ethos-u55-128, images 3, groups 4, kernel 3 x 3: padding top, left, bottom, right (0, 0, 2, 2)
#   ethos-u65-256, images 2, groups 2, kernel 1 x 1: bytes read of each image [256, 0]
#   ethos-u65-256, images 2, groups 2, kernel 3 x 3: padding top, left, bottom, right (0, 0, 2, 2)
#   LiteRT equals the sums in all of them
#
#   So with a 1 x 1 kernel nothing reads the second image: its results do not depend on it. (Vela lays the images side by side, as
#   two tiles, and gives both tiles the address of the first.) With a 3 x 3 kernel the padding is moved to the end: the
#   outputs are those of a window one row and one column further. Groups alone and images alone come out right.
#
# Since: seen in 5.2.0; earlier versions were not tried. No report of it was found on GitHub;
#   the tracker of Vela itself was not searched.
#
# For who uses it: compile a network that has convolutions with groups for one image, and run it once for each.
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

SIZE, CHANNELS = 4, 16


def convolution(images, groups, kernel, weights):
    """A CONV_2D of stride 1 with padding SAME, int8 [images, 4, 4, 16] -> the same; all scales 1, all zero points 0."""
    model = tfl.ModelT()
    model.buffers = [tfl.BufferT()]

    def tensor(name, shape, kind, data=None):
        made = tfl.TensorT()
        made.name, made.shape, made.type, made.buffer = name, list(shape), kind, 0
        made.quantization = tfl.QuantizationParametersT()
        made.quantization.scale, made.quantization.zeroPoint = [1.0], [0]
        if data is not None:
            made.buffer = len(model.buffers)
            model.buffers.append(tfl.BufferT())
            model.buffers[-1].data = list(data.tobytes())
        return made

    feature_map = (images, SIZE, SIZE, CHANNELS)
    code = tfl.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = tfl.BuiltinOperator.CONV_2D
    code.version = 5
    operator = tfl.OperatorT()
    operator.opcodeIndex, operator.inputs, operator.outputs = 0, [0, 1, 2], [3]
    operator.builtinOptionsType = tfl.BuiltinOptions.Conv2DOptions
    operator.builtinOptions = tfl.Conv2DOptionsT()
    operator.builtinOptions.strideW = operator.builtinOptions.strideH = 1
    operator.builtinOptions.padding = tfl.Padding.SAME
    graph = tfl.SubGraphT()
    graph.tensors = [
        tensor("input", feature_map, tfl.TensorType.INT8),
        tensor("weights", weights.shape, tfl.TensorType.INT8, weights),
        tensor("bias", [CHANNELS], tfl.TensorType.INT32, np.zeros(CHANNELS, np.int32)),
        tensor("output", feature_map, tfl.TensorType.INT8),
    ]
    assert weights.shape == (CHANNELS, kernel, kernel, CHANNELS // groups)
    graph.inputs, graph.outputs, graph.operators = [0], [3], [operator]
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def real(values, groups, kernel, weights):
    """The convolution's sums, clamped to int8."""
    border = kernel // 2
    padded = np.pad(values.astype(int), ((0, 0), (border, border), (border, border), (0, 0)))
    sums = np.zeros(values.shape, int)
    depth = CHANNELS // groups
    for y, x, group in np.ndindex(kernel, kernel, groups):
        channels = slice(group * depth, (group + 1) * depth)
        window = padded[:, y : y + SIZE, x : x + SIZE, channels]
        sums[..., channels] += window @ weights[channels, y, x].astype(int).T
    return sums.clip(-128, 127)


def litert(model, values):
    kernels = OpResolverType.BUILTIN_REF
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
    """Each operation of the command stream: its name and the registers at that point."""
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
            found.append((cmd0(code).name, dict(registers)))
        at += 2 if words[at] & 0xC000 else 1
    return found


def bytes_read(name, held):
    """The region and the addresses that an operation reads: a transfer's source, or an input of up to four tiles."""
    if name == "NPU_OP_DMA_START":
        return held["DMA0_SRC_REGION"], set(range(held["DMA0_SRC"], held["DMA0_SRC"] + held["DMA0_LEN"]))
    assert not held["KERNEL_STRIDE"] & 0b1001011011 and not held["IFM_UPSCALE"], "strides, dilations or upscaling"
    assert not held["IFM_PRECISION"] & 0b1100, "elements of more than a byte"
    height, width = (
        held[f"OFM_{axis}_M1"] + held[f"KERNEL_{axis}_M1"] + 1 - held[f"IFM_PAD_{start}"] - held[f"IFM_PAD_{end}"]
        for axis, start, end in (("HEIGHT", "TOP", "BOTTOM"), ("WIDTH", "LEFT", "RIGHT"))
    )
    channels = np.arange(held["IFM_DEPTH_M1"] + 1)
    if held["IFM_PRECISION"] & 0x40:  # in blocks of 16 channels
        step, offsets = 16, channels // 16 * held["IFM_STRIDE_C"] + channels % 16
    else:
        step, offsets = held["IFM_STRIDE_X"], channels
    found = set()
    for y, x in np.ndindex(height, width):
        right = x > held["IFM_WIDTH0_M1"]
        first = held["IFM_HEIGHT1_M1" if right else "IFM_HEIGHT0_M1"] + 1
        base = held[f"IFM_BASE{int(right) + 2 * int(y >= first)}"]
        row = y - first if y >= first else y
        column = x - held["IFM_WIDTH0_M1"] - 1 if right else x
        found |= set((base + row * held["IFM_STRIDE_Y"] + column * step + offsets).tolist())
    return held["IFM_REGION"], found


def read_of_images(raw, images):
    """How many bytes of each image some operation reads."""
    region, start, size = raw["input_region"][0], int(raw["input_offset"][0]), SIZE * SIZE * CHANNELS
    assert np.prod(raw["input_shape"][0]) == images * size
    reading = ("NPU_OP_CONV", "NPU_OP_POOL", "NPU_OP_DMA_START")
    others = ("NPU_OP_DMA_WAIT", "NPU_OP_KERNEL_WAIT", "NPU_OP_STOP")
    assert all(name in (*reading, *others) for name, _ in operations(raw)), "an operation that is not decoded here"
    reads = [bytes_read(name, held) for name, held in operations(raw) if name in reading]
    read = set().union(*(addresses for where, addresses in reads if where == region))
    return [len(read & set(range(start + image * size, start + (image + 1) * size))) for image in range(images)]


def padding(raw):
    """Rows and columns of padding in the convolutions: top, left, bottom, right."""
    sides = ("TOP", "LEFT", "BOTTOM", "RIGHT")
    found = {
        tuple(held[f"IFM_PAD_{side}"] for side in sides) for name, held in operations(raw) if name == "NPU_OP_CONV"
    }
    return found.pop() if len(found) == 1 else sorted(found)


for package in ("ethos-u-vela", "ai-edge-litert"):
    print(package, version(package))
random = np.random.default_rng(0)
cases = [
    ("ethos-u55-128", 1, 2, [256], (0, 0, 0, 0), (1, 1, 1, 1)),
    ("ethos-u55-128", 2, 1, [256, 256], (0, 0, 0, 0), (1, 1, 1, 1)),
    ("ethos-u55-128", 2, 2, [256, 0], (0, 0, 0, 0), (0, 0, 2, 2)),
    ("ethos-u55-128", 3, 4, [256, 0, 0], (0, 0, 0, 0), (0, 0, 2, 2)),
    ("ethos-u65-256", 2, 2, [256, 0], (0, 0, 0, 0), (0, 0, 2, 2)),
]
for accelerator, images, groups, read, *paddings in cases:
    for kernel, expected in zip((1, 3), paddings, strict=True):
        weights = random.integers(-2, 2, (CHANNELS, kernel, kernel, CHANNELS // groups), endpoint=True).astype(np.int8)
        values = random.integers(-9, 9, (images, SIZE, SIZE, CHANNELS), endpoint=True).astype(np.int8)
        model = convolution(images, groups, kernel, weights)
        assert (litert(model, values) == real(values, groups, kernel, weights)).all()
        raw = compiled(model, accelerator)
        label = f"{accelerator}, images {images}, groups {groups}, kernel {kernel} x {kernel}"
        if kernel == 1:
            seen = read_of_images(raw, images)
            print(f"{label}: bytes read of each image {seen}")
            assert seen == read, "the behaviour has changed"
        else:
            seen = padding(raw)
            print(f"{label}: padding top, left, bottom, right {seen}")
            assert seen == expected, "the behaviour has changed"
print("LiteRT equals the sums in all of them")
PYTHON
venv/bin/python show.py 2> log || { cat log >&2; exit 1; }
