"""The conversions beside a module give what mcugen's own give, bit by bit, on every kind of port."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from mcugen import api
from mcugen.emit.manifest import Manifest
from mcugen.emit.ports import loops_of
from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.graph import Normalization
from mcugen.graph.ops import Embedding, Transpose
from mcugen.graph.quantization import dequantize, normalize, quantize
from mcugen.graph.tensor import DTYPES
from mcugen.verify.samples import load_samples, to_model_layout
from tests.emit import program

SAMPLES = 40
C_TYPES = {"int8": "int8_t", "int16": "int16_t", "int32": "int32_t", "int64": "int64_t", "bool": "uint8_t"}
TOP = 4
PORTS = "*_ports.c"


def every_kind() -> Graph:
    """Ports of every type, in the device's order or another; the network turns each once more."""
    rng = np.random.default_rng(5)
    kinds = {
        "image": ("int8", Quantization.per_tensor(0.0471, -3), (1, 3, 4, 5), (0, 2, 3, 1)),
        "same": ("int8", Quantization.per_tensor(0.25, 127), (2, 7), (0, 1)),
        "sensor": ("int8", Quantization.per_tensor(0.031, 11), (1, 3, 6), (0, 2, 1)),
        "fine": ("int16", Quantization.per_tensor(3.1e-4, 0, 16), (1, 2, 3, 4), (0, 3, 1, 2)),
        "sum": ("int32", Quantization.per_tensor(1e-6, 0, 32), (3, 4), (1, 0)),
        "count": ("int32", None, (2, 3), (1, 0)),
        "long": ("int64", None, (5,), (0,)),
        "mask": ("bool", None, (2, 3, 2), (2, 0, 1)),
    }
    tensors: dict[str, Tensor] = {}
    operators, inputs, outputs = [], [], []
    for name, (dtype, q, shape, to_device) in kinds.items():
        device = tuple(shape[axis] for axis in to_device)
        turned = tuple(range(len(shape)))[::-1]
        tensors[name] = Tensor(name, device, dtype, q)
        tensors[f"{name}_out"] = Tensor(f"{name}_out", device[::-1], dtype, q)
        operators.append(Transpose(name=name, inputs=(name,), outputs=(f"{name}_out",), permutation=turned))
        by = Normalization(1, (2.0, 300.0, 0.1), (0.0, 1000.5, -3.25)) if name == "sensor" else None
        inputs.append(Port(name, name, shape, to_device, by))
        outputs.append(Port(f"{name}_out", f"{name}_out", shape, tuple(to_device[::-1])))
    table = rng.integers(-128, 128, (9, 2)).astype(np.int8)
    tensors["table"] = Tensor("table", (9, 2), "int8", Quantization.per_tensor(0.5, 0), table)
    tensors["ids"] = Tensor("ids", (1, 3), "int64")
    tensors["found"] = Tensor("found", (1, 3, 2), "int8", Quantization.per_tensor(0.5, 0))
    operators.append(Embedding(name="found", inputs=("ids", "table"), outputs=("found",)))
    inputs.append(Port("ids", "ids", (1, 3), (0, 1)))
    outputs.append(Port("found", "found", (1, 3, 2), (0, 1, 2)))
    graph = Graph("kinds", tensors, tuple(operators), tuple(inputs), tuple(outputs))
    graph.validate()
    return graph


def text_of(manifest: Manifest) -> str:
    """Converts samples of each input, then of each output with the indices of its largest elements."""
    name, body = manifest.name, ""
    for port in manifest.inputs:
        size, c_type = int(np.prod(port.shape)), C_TYPES[port.dtype]
        body += f"""
    for (int sample = 0; sample < {SAMPLES}; sample++) {{
        static {"float" if port.quantization else c_type} values[{size}];
        static {c_type} device[{size}];
        take(values, sizeof values);
        {name}_quantize_{port.c_name}(values, device);
        give(device, sizeof device);
    }}"""
    for port in manifest.outputs:
        size, c_type = int(np.prod(port.shape)), C_TYPES[port.dtype]
        body += f"""
    for (int sample = 0; sample < {SAMPLES}; sample++) {{
        static {c_type} device[{size}], best[{TOP}];
        static {"float" if port.quantization else c_type} values[{size}];
        static int32_t indices[{TOP} + 2];
        take(device, sizeof device);
        {name}_dequantize_{port.c_name}(device, values);
        give(values, sizeof values);
        indices[{TOP}] = {name}_top_{port.c_name}(device, {TOP}, indices, best);
        indices[{TOP} + 1] = {name}_argmax_{port.c_name}(device);
        give(indices, sizeof indices);
        give(best, sizeof best);
    }}"""
    return f'#include "{name}.h"\nint program(void)\n{{{body}\n    return 0;\n}}\n'


def reals(rng: np.random.Generator, port: Port, quantization: Quantization) -> np.ndarray:
    """Numbers around the range, exact ties among them, and numbers far beyond it."""
    info = np.iinfo(DTYPES[quantization.dtype])
    steps = rng.uniform(info.min - 20.0, info.max + 20.0, (SAMPLES, *port.shape)) - quantization.zero_point
    ties = np.rint(steps) + 0.5
    steps = np.where(rng.random(steps.shape) < 0.4, ties, steps)
    values = np.float32(steps) * np.float32(quantization.scale)
    values[0] = rng.choice(np.float32([0, -0.0, 1e-45, 1e30, -1e30, 3.4e38, -3.4e38]), port.shape)
    if port.normalization is not None and port.normalization.axis is not None:
        shape = [-1 if axis == port.normalization.axis else 1 for axis in range(len(port.shape))]
        factors, offsets = (np.reshape(v, shape) for v in (port.normalization.factors, port.normalization.offsets))
        values[1:] = values[1:].astype(np.float64) * factors + offsets
    return values


class Case:
    """The samples of all ports, what goes into the program, and what must come out of it."""

    def __init__(self, module: api.Module, folder: Path) -> None:
        rng, graph, manifest = np.random.default_rng(3), module.plan.graph, module.manifest
        samples = {}
        for port in graph.inputs:
            tensor, real = graph.tensor(port.tensor), graph.real_quantization(port)
            low, high = (0, 8) if port.name == "ids" else tensor.integer_range
            plain = rng.integers(low, high, (SAMPLES, *port.shape), endpoint=True, dtype=np.int64)
            samples[port.name] = plain.astype(DTYPES[tensor.dtype]) if real is None else reals(rng, port, real)
        np.savez(folder / "samples.npz", **samples)
        self.given = b"".join(values.tobytes() for values in samples.values())
        self.expected = [values.tobytes() for values in load_samples(folder / "samples.npz", manifest)]
        device = []
        for port in graph.outputs:
            tensor = graph.tensor(port.tensor)
            low, high = tensor.integer_range
            values = rng.integers(low, high, (SAMPLES, *tensor.shape), endpoint=True, dtype=np.int64)
            # Many equal ones, so that their order shows.
            values[::2] = values[::2] % 3
            device.append(values.astype(DTYPES[tensor.dtype]))
        self.given += b"".join(values.tobytes() for values in device)
        for port, values in zip(graph.outputs, to_model_layout(device, manifest).values(), strict=True):
            real = graph.real_quantization(port)
            converted = values if real is None else dequantize(values, real)
            for one, integers in zip(converted, values, strict=True):
                flat = integers.reshape(-1)
                order = np.argsort(-flat.astype(object), kind="stable")[:TOP]
                found = np.zeros(TOP + 2, np.int32)
                found[: len(order)], found[TOP], found[TOP + 1] = order, len(order), order[0]
                self.expected += [one.tobytes(), found.tobytes(), flat[order].tobytes()]


@pytest.fixture(scope="module")
def module() -> api.Module:
    return api.compile(every_kind(), api.Options(board="nrf5340dk"))


@pytest.fixture(scope="module")
def folder(module: api.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ports") / "kinds"
    module.write(path)
    return path


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_every_kind_on_the_workstation(module: api.Module, folder: Path, tmp_path: Path, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    case = Case(module, tmp_path)
    for options in ((), ("-O3", "-ffast-math")):
        found = program.on_host(folder, text_of(module.manifest), case.given, tmp_path, compiler, PORTS, options)
        assert found == b"".join(case.expected), options


@pytest.mark.parametrize("board", ["nrf5340dk", "mps2_an385"])
def test_every_kind_on_the_core(module: api.Module, folder: Path, tmp_path: Path, board: str) -> None:
    """With and without a floating-point unit."""
    case = Case(module, tmp_path)
    found = program.on_target(folder, text_of(module.manifest), case.given, tmp_path, board, PORTS)
    assert found == b"".join(case.expected)


def test_nan_and_infinities(module: api.Module, folder: Path, tmp_path: Path) -> None:
    """NaN gives the zero point, where `mcugen run` refuses it; infinities saturate."""
    graph, text = module.plan.graph, ""
    given, expected = b"", b""
    for port in graph.inputs:
        real = graph.real_quantization(port)
        if real is None:
            continue
        rng = np.random.default_rng(1)
        values = rng.choice(np.float32([np.nan, -np.nan, np.inf, -np.inf, 0.0, 1.0]), port.shape)
        finite = values if port.normalization is None else normalize(values, 1, *_factors(port.normalization))
        nan = np.isnan(finite)
        integers = np.where(nan, real.zero_point, quantize(np.where(nan, 0, finite), real, real.dtype))
        given += values.tobytes()
        expected += np.ascontiguousarray(integers.transpose(port.to_device)).astype(DTYPES[real.dtype]).tobytes()
        c_type = C_TYPES[real.dtype]
        text += f"""
    {{
        static float values[{values.size}];
        static {c_type} device[{values.size}];
        take(values, sizeof values);
        kinds_quantize_input_{port.name}(values, device);
        give(device, sizeof device);
    }}"""
    text = f'#include "kinds.h"\nint program(void)\n{{{text}\n    return 0;\n}}\n'
    for options in ((), ("-O3", "-ffast-math")):
        assert program.on_host(folder, text, given, tmp_path, sources=PORTS, options=options) == expected


def _factors(by: Normalization) -> tuple[tuple[float, ...], tuple[float, ...]]:
    return by.factors, by.offsets


def test_plain_integers_saturate(module: api.Module, folder: Path, tmp_path: Path) -> None:
    text = """#include "kinds.h"
int program(void)
{
    int64_t ids[3], kept[3];
    uint8_t mask[12], flags[12];
    take(ids, sizeof ids);
    take(mask, sizeof mask);
    kinds_quantize_input_ids(ids, kept);
    kinds_quantize_input_mask(mask, flags);
    give(kept, sizeof kept);
    give(flags, sizeof flags);
    return 0;
}
"""
    given = np.int64([-(2**62), 4, 9]).tobytes() + bytes([0, 1, 2, 255] * 3)
    found = program.on_host(folder, text, given, tmp_path, sources=PORTS)
    assert np.frombuffer(found[:24], np.int64).tolist() == [0, 4, 8]
    assert set(found[24:]) == {0, 1} and sum(found[24:]) == 9


def test_nobody_pays_for_what_is_not_called(folder: Path, tmp_path: Path) -> None:
    text = '#include "kinds.h"\nint program(void)\n{\n    return kinds_model.input_count - 9;\n}\n'
    program.on_target(folder, text, b"", tmp_path, "mps2_an385")
    linked = (tmp_path / "firmware.elf").read_bytes()
    assert b"kinds_run_with" in linked
    assert not any(name in linked for name in (b"kinds_quantize", b"kinds_dequantize", b"kinds_argmax", b"kinds_top"))


@pytest.mark.parametrize(
    ("shape", "to_device", "loops"),
    [
        ((1, 3, 6, 5), (0, 2, 3, 1), [(30, 1), (3, 30)]),
        ((2, 3, 4), (0, 1, 2), [(24, 1)]),
        ((1, 6, 128), (0, 2, 1), [(128, 1), (6, 128)]),
        ((1, 6, 1), (0, 2, 1), [(6, 1)]),
        ((), (), [(1, 1)]),
    ],
)
def test_no_more_loops_than_needed(
    shape: tuple[int, ...], to_device: tuple[int, ...], loops: list[tuple[int, int]]
) -> None:
    assert [(loop.extent, loop.stride) for loop in loops_of(shape, to_device)] == loops
