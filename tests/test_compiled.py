"""The Python API: what comes in, what goes out, and that it is what the commands give."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import mcugen
from mcugen.compiled import CompiledModule
from mcugen.errors import InputError
from mcugen.graph import reference
from tests.emit.test_golden import tiny
from tests.emit.test_ports import every_kind

EXAMPLE = Path(__file__).parent.parent / "examples" / "gestures.py"


@pytest.fixture(scope="module")
def compiled() -> CompiledModule:
    return mcugen.compile(tiny(), board="nrf5340dk")


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def test_a_module_of_pytorch() -> None:
    torch.manual_seed(1)
    model, samples = Small(), torch.randn(30, 4)
    compiled = mcugen.compile(model, board="nrf5340dk", calibration=samples, optimize="size")
    assert compiled.manifest.name == "small" and compiled.manifest.options["optimize"] == "size"
    with torch.no_grad():
        np.testing.assert_allclose(compiled.run(samples), model(samples).numpy(), atol=0.05)


def test_floats_and_integers_in_the_models_layout(compiled: CompiledModule) -> None:
    rng = np.random.default_rng(2)
    integers = rng.integers(-128, 128, (3, 3, 6, 5)).astype(np.int8)
    expected = reference.run_model_layout(compiled.module.plan.graph, {"image": integers})["scores"]
    found = compiled.run(integers, integers=True)
    np.testing.assert_array_equal(found, expected.reshape(3, 3))
    quantization = compiled.manifest.inputs[0].quantization
    assert quantization is not None
    floats = (integers.astype(np.float32) + 3) * np.float32(quantization.scale)
    np.testing.assert_array_equal(compiled.run(image=floats, integers=True), found)
    np.testing.assert_array_equal(compiled.run(floats), (found.astype(np.float32) + 128) / 256)


def test_several_outputs_are_a_dict() -> None:
    compiled = mcugen.compile(every_kind(), board="nrf5340dk")
    given = {port.name: np.zeros((2, *port.shape), port.dtype) for port in compiled.manifest.inputs}
    found = compiled.run(**given)
    assert isinstance(found, dict) and set(found) == {port.name for port in compiled.manifest.outputs}


def test_it_says_what_it_is(compiled: CompiledModule, tmp_path: Path) -> None:
    assert repr(compiled) == "<mcugen tiny for nrf5340dk: 4,332 MACs, 1,300 B of constants, 352 B of arena>"
    assert "arena     352 B\n" in compiled.report()
    assert "<tr><th>input</th><td>image: 1x3x6x5, int8</td></tr>" in compiled._repr_html_()
    assert (compiled.write(tmp_path / "tiny") / "README.md").is_file()


@pytest.mark.parametrize(
    ("inputs", "named", "words"),
    [
        ((), {}, r"0 inputs and \[\] are given, the model takes \['image'\]"),
        ((np.zeros((1, 3, 6, 5)),), {"image": np.zeros((1, 3, 6, 5))}, "are given"),
        ((), {"picture": np.zeros((1, 3, 6, 5))}, "picture"),
        ((np.zeros((1, 6, 5, 3)),), {}, r"samples have shape \(6, 5, 3\)"),
        ((np.float32(1),), {}, "axis of samples"),
        ((np.zeros((0, 3, 6, 5)),), {}, "nonzero number of samples"),
        ((np.full((1, 3, 6, 5), np.nan),), {}, "NaN"),
    ],
)
def test_wrong_inputs(
    compiled: CompiledModule, inputs: tuple[object, ...], named: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        compiled.run(*inputs, **named)  # type: ignore[arg-type]


def test_wrong_models() -> None:
    with pytest.raises(InputError, match="needs example inputs"):
        mcugen.compile(nn.Linear(4, 3), board="nrf5340dk", calibration="random")
    with pytest.raises(InputError, match="not dict"):
        mcugen.compile({}, board="nrf5340dk")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no option 'kernel'"):
        mcugen.compile(tiny(), board="nrf5340dk", kernel="auto")
    with pytest.raises(AttributeError, match="no attribute 'emit_all'"):
        mcugen.emit_all  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.slow
@pytest.mark.emulator
def test_the_example_runs(tmp_path: Path) -> None:
    command = [sys.executable, EXAMPLE, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "match: True" in done.stdout and (tmp_path / "out" / "README.md").is_file()
