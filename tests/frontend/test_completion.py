"""What a quantizer leaves in float: taken where it needs no new information, quantized from samples, or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import compile_program
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from tests.frontend.programs import export, kinds, samples, seeded, with_quantizer
from tests.frontend.test_quantized_programs import xnnpack

INPUT = (1, 3, 8, 6)
SCALE, ZERO = 0.03, 5


def fake(x: Tensor, scale: float = SCALE, zero: int = ZERO) -> Tensor:
    """x quantized and dequantized."""
    operators = torch.ops.quantized_decomposed
    x = operators.quantize_per_tensor(x, scale, zero, -128, 127, torch.int8)
    return operators.dequantize_per_tensor(x, scale, zero, -128, 127, torch.int8)


class Program(nn.Module):
    """A quantized input, and then a computation that nothing quantizes."""

    def __init__(self, rest: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.rest = rest

    def forward(self, input: Tensor) -> Tensor:
        return self.rest(fake(input))


def steps(graph: Graph, model: nn.Module, count: int = 6) -> int:
    """The greatest distance of the graph's output from the program's own, in steps of the output."""
    (port,), (out,) = graph.inputs, graph.outputs
    there, back = (graph.tensor(tensor).quantization for tensor in (port.tensor, out.tensor))
    assert there is not None and back is not None
    worst = 0
    for sample in samples(port.shape, count, seed=9):
        integers = np.clip(np.rint(sample / np.float32(there.scale)) + there.zero_point, -128, 127).astype(np.int8)
        got = reference.run_model_layout(graph, {port.name: integers})[out.name]
        with torch.no_grad():
            real = model(torch.from_numpy(sample)).numpy()
        wanted = np.clip(np.rint(real / back.scale) + back.zero_point, -128, 127)
        worst = max(worst, int(np.abs(got.reshape(wanted.shape) - wanted).max()))
    return worst


IMPLIED: dict[str, tuple[Callable[[Tensor], Tensor], list[str]]] = {
    "average pooling": (lambda x: functional.avg_pool2d(x, 2), ["average_pool2d"]),
    "mean": (lambda x: x.mean((2, 3)), ["mean"]),
    "averages of averages": (lambda x: functional.avg_pool2d(x, 2).mean((2, 3)).flatten(1), ["average_pool2d", "mean"]),
    "softmax": (lambda x: torch.softmax(x, 1), ["softmax"]),
    "softmax, moved": (lambda x: torch.softmax(x, 3).flatten(1), ["softmax"]),
    "cat of one scale": (
        lambda x: torch.cat([functional.max_pool2d(x, 3, 1, 1), x], 1),
        ["max_pool2d", "concatenation"],
    ),
    "functions of a known range": (lambda x: torch.sigmoid(x).flatten(1), ["table"]),
    "movement": (lambda x: torch.relu(x.transpose(1, 2)), ["clamp"]),
}


@pytest.mark.parametrize("name", IMPLIED)
def test_no_new_information_is_needed(name: str) -> None:
    rest, expected = IMPLIED[name]
    program = export(Program(rest), INPUT)
    graph = compile_program(program, "net")
    assert [kind for kind in kinds(graph) if kind != "transpose"] == expected
    assert steps(graph, Program(rest)) <= 1
    quantization = graph.tensor(graph.outputs[0].tensor).quantization
    assert quantization is not None
    known = "softmax" in name or "known range" in name
    expected_scale = (1 / 256, -128) if known else (SCALE, ZERO)
    assert (quantization.scale, quantization.zero_point) == pytest.approx(expected_scale)
    assert graph.metadata["calibration"] == "none"


class Rest(nn.Module):
    """Float operators behind quantized ones: a subtraction, a convolution with float weights, a cat of two scales."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)

    def forward(self, input: Tensor) -> Tensor:
        x = fake(input)
        y = torch.relu(self.conv(x - 0.25))
        return torch.cat([fake(y, 0.02, -128), x], 1)


def test_what_needs_samples_is_refused_without_them() -> None:
    with pytest.raises(UnsupportedOperatorError) as caught:
        compile_program(export(seeded(Rest()), INPUT), "net")
    text = str(caught.value)
    for words in (
        "aten.sub.Tensor: its result stays in float",
        "aten.cat.default: its result stays in float",
        "aten.conv2d.default: its weights stay in float",
        "module conv, test_completion.py:",
        "--calibration FILE.npz",
        "XNNPACKQuantizer",
        "CortexMQuantizer",
        "channels_last",
    ):
        assert words in text


def test_samples_quantize_the_rest(tmp_path: Path) -> None:
    np.savez(tmp_path / "cal.npz", input=samples(INPUT, 16, seed=3))
    model = seeded(Rest())
    seen: list[tuple[int, int]] = []
    graph = compile_program(
        export(model, INPUT), "net", tmp_path / "cal.npz", lambda done, total: seen.append((done, total))
    )
    assert seen == [(i, 16) for i in range(1, 17)]
    assert graph.metadata["calibration"] == "file"
    assert graph.tensor(graph.inputs[0].tensor).scale == pytest.approx(SCALE)
    assert {"conv2d", "concatenation"} <= set(kinds(graph))
    # The float convolution has become an integer one: its output is one step away at most, and cat adds another.
    assert steps(graph, model) <= 2


class Scales(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([torch.relu(self.a(x)), self.b(x)], 1)


def test_a_program_of_torchao() -> None:
    program = export(with_quantizer(seeded(Scales()), xnnpack(is_per_channel=True), INPUT), INPUT)
    with pytest.raises(UnsupportedOperatorError, match=r"aten\.cat\.default(.|\n)*XNNPACKQuantizer"):
        compile_program(program, "net")
    graph = compile_program(program, "net", "random")
    assert graph.metadata["calibration"] == "random"
    assert kinds(graph).count("concatenation") == 1
    assert graph.fidelity is not None and graph.fidelity.program == "model as given, quantized in part"


def test_calibration_of_a_complete_program_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    graph = compile_program(export(Program(lambda x: torch.softmax(x, 1)), INPUT), "net", "random")
    assert "already quantized" in caplog.text
    assert graph.metadata["calibration"] == "none"
