"""A module with float32 ports: what numpy makes of the caller's values, on the workstation and on cores."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from mcugen import api
from mcugen.errors import InputError
from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.graph import Normalization
from mcugen.graph.ops import Transpose
from mcugen.verify import samples
from mcugen.verify.compare import first_difference
from tests.emit import program
from tests.graph.strategies.floats import EXTREMES, around

KINDS = {
    "image": ("int8", Quantization.per_tensor(0.0471, -3), (1, 3, 4, 5), (0, 2, 3, 1), None),
    "ties": ("int8", Quantization.per_tensor(0.25, 127), (20, 7), (0, 1), None),
    "scaled": ("int8", Quantization.per_tensor(0.031, 11), (1, 90), (0, 1), Normalization(None, (255.0,), (0.0,))),
    "channels": (
        "int8",
        Quantization.per_tensor(0.031, 11),
        (1, 3, 30),
        (0, 2, 1),
        Normalization(1, (2.0, 300.0, 0.1), (0.0, 1000.5, -3.25)),
    ),
    "fine": ("int16", Quantization.per_tensor(3.1e-4, 0, 16), (1, 2, 9, 8), (0, 3, 1, 2), None),
    "unsigned": ("uint8", Quantization.per_tensor(0.125, 131), (99,), (0,), None),
    "count": ("int32", None, (2, 3), (1, 0), None),
    "mask": ("bool", None, (2, 3, 2), (2, 0, 1), None),
}


@pytest.fixture(scope="module")
def module() -> api.Module:
    tensors: dict[str, Tensor] = {}
    operators, inputs, outputs = [], [], []
    for name, (dtype, q, shape, to_device, by) in KINDS.items():
        device = tuple(shape[axis] for axis in to_device)
        turned = tuple(range(len(shape)))[::-1]
        tensors[name] = Tensor(name, device, dtype, q)
        tensors[f"{name}_out"] = Tensor(f"{name}_out", device[::-1], dtype, q)
        operators.append(Transpose(name=name, inputs=(name,), outputs=(f"{name}_out",), permutation=turned))
        inputs.append(Port(name, name, shape, to_device, by))
        outputs.append(Port(f"{name}_out", f"{name}_out", shape, tuple(to_device[::-1])))
    graph = Graph("kinds", tensors, tuple(operators), tuple(inputs), tuple(outputs))
    graph.validate()
    return api.compile(graph, api.Options(board="nrf5340dk", io="float32"))


def given_and_wanted() -> tuple[list[npt.NDArray[np.generic]], list[npt.NDArray[np.generic]]]:
    """In the device's layout; `wanted` by numpy's own float32, without the project's arithmetic."""
    rng = np.random.default_rng(11)
    given: list[npt.NDArray[np.generic]] = []
    wanted: list[npt.NDArray[np.generic]] = []
    for name, (dtype, q, shape, to_device, by) in KINDS.items():
        if q is None:
            one = rng.integers(0, 2, shape).astype(dtype)
            given.append(one.transpose(to_device))
            wanted.append(one.transpose(to_device).T)
            continue
        x = around(rng, Tensor(name, shape, dtype, q), shape)
        factor, offset = np.float64(1), np.float64(0)
        if by is not None:
            spread = (1, -1, 1) if by.axis == 1 else (-1,)
            factor, offset = (np.reshape(np.array(v, np.float64), spread) for v in (by.factors, by.offsets))
            with np.errstate(over="ignore", invalid="ignore"):
                x = (x * factor + offset).astype(np.float32)
        x.reshape(-1)[: len(EXTREMES)] = EXTREMES
        low, high = (0, 255) if dtype == "uint8" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        with np.errstate(over="ignore", invalid="ignore"):
            if by is not None and by.axis is not None:
                steps = ((x - offset) / factor).astype(np.float32) * np.float32(1 / q.scale)
            else:
                by_one = np.float32(1 / float(np.float32(q.scale * float(np.reshape(factor, -1)[0]))))
                steps = x * by_one
        steps = np.where(np.isnan(steps), np.float32(0), steps)
        integers = np.clip(np.rint(steps).astype(np.float64) + q.zero_point, low, high)
        real = (integers - q.zero_point).astype(np.float32) * np.float32(q.scale)
        given.append(x.transpose(to_device))
        wanted.append(real.transpose(to_device).T)
    return given, wanted


def text_of(module: api.Module) -> str:
    types = {"float32": "float", "int32": "int32_t", "bool": "uint8_t"}
    manifest = module.manifest
    ports = [*manifest.inputs, *manifest.outputs]
    text = "".join(f"    static {types[p.dtype]} p{i}[{int(np.prod(p.shape))}];\n" for i, p in enumerate(ports))
    text += "".join(f"    take(p{i}, sizeof p{i});\n" for i in range(len(manifest.inputs)))
    text += f"    if (kinds_run({', '.join(f'p{i}' for i in range(len(ports)))}) != 0) return 1;\n"
    text += "".join(f"    give(p{i}, sizeof p{i});\n" for i in range(len(manifest.inputs), len(ports)))
    return f'#include "kinds.h"\nint program(void)\n{{\n{text}    return 0;\n}}\n'


def check(module: api.Module, found: bytes) -> None:
    wanted, start = given_and_wanted()[1], 0
    for port, array in zip(module.manifest.outputs, wanted, strict=True):
        got = found[start : start + array.nbytes]
        start += array.nbytes
        assert got == np.ascontiguousarray(array).tobytes(), port.name
    assert start == len(found)


def as_bytes() -> bytes:
    return b"".join(np.ascontiguousarray(array).tobytes() for array in given_and_wanted()[0])


def test_ports_say_what_they_are(module: api.Module) -> None:
    inputs = {port.name: port for port in module.manifest.inputs}
    assert [port.dtype for port in inputs.values()] == ["float32"] * 6 + ["int32", "bool"]
    assert all(port.quantization is None and port.normalization is None for port in inputs.values())
    assert inputs["image"].limits is None and inputs["count"].limits is not None


@pytest.mark.parametrize(
    ("values", "message"),
    [(np.zeros((2, 99), np.uint8), "samples are uint8"), (np.full((2, 99), np.nan, np.float32), "NaN or infinity")],
)
def test_samples_are_finite_real_numbers(module: api.Module, values: npt.NDArray[np.generic], message: str) -> None:
    port = next(port for port in module.manifest.inputs if port.name == "unsigned")
    with pytest.raises(InputError, match=message):
        samples.to_device(values, port, "in.npz")


def test_a_difference_of_floats_is_one_of_bits() -> None:
    wanted = np.array([0.0, 1.5, 2.0], np.float32)
    assert first_difference(wanted, wanted.copy()) is None
    found = first_difference(wanted, np.array([-0.0, 1.5, 2.25], np.float32))
    assert found is not None and (found.count, found.index, found.largest) == (2, (0,), 0.25)


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_on_the_workstation(module: api.Module, tmp_path: Path, compiler: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"needs {compiler}")
    module.write(tmp_path / "kinds")
    check(module, program.on_host(tmp_path / "kinds", text_of(module), as_bytes(), tmp_path, compiler))


@pytest.mark.emulator
@pytest.mark.parametrize(
    ("board", "flags"), [("nrf5340dk", ("-O2", "-std=gnu11")), ("mps2_an385", ("-O2",)), ("nrf5340dk", ("-Ofast",))]
)
def test_on_the_core(module: api.Module, tmp_path: Path, board: str, flags: tuple[str, ...]) -> None:
    """With and without a floating-point unit; with fused multiplication, and where the compiler expects no NaN."""
    module.write(tmp_path / "kinds")
    found = program.on_target(tmp_path / "kinds", text_of(module), as_bytes(), tmp_path, board, flags_of_module=flags)
    check(module, found)
