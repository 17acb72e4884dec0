"""int16 activations: PyTorch computes the same with them, where types meet, and what has no form in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import mcugen
from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import compile_program
from mcugen.frontend.precision.rules import Rule, Rules, read_rules
from mcugen.frontend.precision.types import INT8, PRECISIONS
from mcugen.frontend.quantizer_options import PLAIN, QuantizerOptions
from mcugen.graph.graph import Graph
from tests.frontend.precision.networks import INPUT, Given, Net, quantized, signal_to_noise
from tests.frontend.programs import compare, export, samples, seeded

INT16 = PRECISIONS["int16"]


def types(graph: Graph) -> dict[str, list[str]]:
    """Of what each operator makes, by its kind."""
    found: dict[str, list[str]] = {}
    for op in graph.operators:
        found.setdefault(op.kind, []).append(graph.tensor(op.outputs[0]).dtype)
    return found


def test_pytorch_computes_the_same() -> None:
    found = compare(quantized(seeded(Net()), read_rules("int16"), INPUT), INPUT)
    # TFLM's softmax of int16 looks its exponentials up: within two steps of 2**-15.
    assert found.layer <= (2 if "softmax" in found.where else 1), found.where
    # Several layers round before the last one; its steps are 256 times as fine as those of int8.
    assert found.output <= 8
    made = types(found.graph)
    assert {dtype for each in made.values() for dtype in each} == {"int16"}, made
    assert not made.keys() & {"requantize", "wide_sum"}
    for op in found.graph.operators:
        for port in (found.graph.tensor(name) for name in op.outputs):
            assert port.zero_point == 0
    (softmax,) = (found.graph.tensor(op.outputs[0]) for op in found.graph.operators if op.kind == "softmax")
    assert softmax.scale == 2.0**-15


def test_functions_are_interpolated() -> None:
    class Functions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(12, 12), nn.Linear(12, 6)

        def forward(self, x: Tensor) -> Tensor:
            y = nn.functional.hardswish(self.first(x))
            return torch.sigmoid(self.second(torch.tanh(y)))

    model, shape = seeded(Functions()), (1, 12)
    module = quantized(model, read_rules("int16"), shape, count=32)
    graph = compare(module, shape).graph
    assert {dtype for each in types(graph).values() for dtype in each} == {"int16"}
    x = samples(shape, 16, seed=4)
    with torch.no_grad():
        wanted = model(torch.from_numpy(x[:, 0])).numpy()
        from mcugen.graph import reference
        from mcugen.graph.quantization import dequantize, quantize

        port, out = graph.inputs[0], graph.tensor(graph.outputs[0].tensor)
        given = quantize(x, graph.tensor(port.tensor).quantization, "int16")  # type: ignore[arg-type]
        got = dequantize(reference.run_model_layout(graph, {port.name: given})[graph.outputs[0].name], out.quantization)  # type: ignore[arg-type]
    assert out.scale == 2.0**-15
    # The rest is the noise of int8 weights.
    assert signal_to_noise(wanted, got.reshape(wanted.shape)) > 45


@pytest.mark.parametrize(("activations", "weights"), [(8, 4), (8, 8), (16, 8)])
def test_programs_that_came_with_their_types_keep_them(activations: int, weights: int) -> None:
    shape = (1, Given.SIZE)
    program = export(Given(activations, weights), shape)
    found = compare(program.module(check_guards=False), shape)
    assert found.layer <= 1 and found.output <= 2, found.where
    for op in found.graph.operators:
        x, w = (found.graph.tensor(name) for name in op.inputs[:2])
        assert (op.kind, x.dtype, w.dtype) == ("fully_connected", f"int{activations}", f"int{weights}")


def test_int16_with_weights_of_four_bits_has_no_form() -> None:
    program = export(Given(16, 4), (1, Given.SIZE))
    with pytest.raises(UnsupportedOperatorError, match="int16 activations take int8 weights"):
        compile_program(program, "given")


def test_where_types_meet() -> None:
    """One layer in int16 among others: its operand gets wider without loss; the sum takes what it makes as it is."""
    rules = Rules(INT8, (Rule(INT16, module=("block.2",)),), "rules")
    found = compare(quantized(seeded(Net()), rules, INPUT), INPUT)
    assert found.layer <= 1, found.where
    made = types(found.graph)
    assert made["conv2d"] == ["int8", "int16"] and made["wide_sum"] == ["int8"]
    assert made["requantize"] == ["int16"]
    (wider,) = (op for op in found.graph.operators if op.kind == "requantize")
    before, after = (found.graph.tensor(name) for name in (*wider.inputs, *wider.outputs))
    assert before.scale == after.scale and after.zero_point == 0


def test_a_value_that_several_types_read_is_requantized_once_for_each() -> None:
    class Fork(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.fine = nn.Linear(8, 8), nn.Linear(8, 8)
            self.coarse = nn.ModuleList(nn.Linear(8, 8) for _ in range(2))

        def forward(self, x: Tensor) -> tuple[Tensor, ...]:
            x = self.stem(x)
            return self.fine(x), *(layer(x) for layer in self.coarse)

    rules = Rules(INT16, (Rule(INT8, module=("coarse.*",)),), "rules")
    found = compare(quantized(seeded(Fork()), rules, (1, 8)), (1, 8))
    assert found.layer <= 1, found.where
    assert types(found.graph)["fully_connected"] == ["int16", "int16", "int8", "int8"]
    assert types(found.graph)["requantize"] == ["int8"]


def test_what_has_no_form_is_named_once_and_stays_int8(tmp_path: Path) -> None:
    class Powers(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 4)

        def forward(self, x: Tensor) -> Tensor:
            y = self.first(x)
            return self.second(y) * y.std(dim=-1, keepdim=True)

    np.savez(tmp_path / "c.npz", x=samples((1, 8), 16))
    options = QuantizerOptions(PLAIN.observer, "off", "off", "off", read_rules("int16"))
    graph = compile_program(export(seeded(Powers()), (1, 8)), "net", tmp_path / "c.npz", options=options)
    (told,) = [text for text in graph.warnings if "int16" in text]
    assert "std (test_int16.py:" in told and "linear" not in told
    made = types(graph)
    assert made["fully_connected"] == ["int16", "int16"] and made["mul"] == ["int16"]
    assert made["moment"] == ["int8"]


def test_a_jump_that_int16_loses_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    class Jumps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Linear(8, 8), nn.Linear(8, 4)

        def forward(self, x: Tensor) -> Tensor:
            y = torch.sigmoid(self.first(x))
            return self.second(torch.where(y > 0.3, y, -y))

    np.savez(tmp_path / "c.npz", x=samples((1, 8), 16))
    for precision, told in (("int16", 1), ("int8", 0)):
        options = QuantizerOptions(PLAIN.observer, "off", "off", "off", read_rules(precision))
        caplog.clear()
        graph = compile_program(export(seeded(Jumps()), (1, 8)), "net", tmp_path / "c.npz", options=options)
        found = [text for text in graph.warnings if "jumps" in text]
        assert [text for text in caplog.messages if "jumps" in text] == found
        assert len(found) == told
        assert all("aten.where" in text and "test_int16.py" in text and "near -0.8" in text for text in found)


def test_channels_and_results_that_are_always_zero(tmp_path: Path) -> None:
    """A channel without weights has the finest scale there is, and a huge bias; a dead layer has no range."""

    class Dead(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.third = nn.Linear(8, 8), nn.Linear(8, 4), nn.Linear(4, 3)

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            y = self.second(torch.relu(self.first(x)))
            return y, self.third(torch.relu(y - 1000))

    model = Dead()
    seeded(model)
    with torch.no_grad():
        model.first.weight[1] = 0
    module = quantized(model, read_rules("int16"), (1, 8), count=32)
    found = compare(module, (1, 8))
    assert found.layer <= 1, found.where
    mcugen.compile(
        model, board="mps2_an386", calibration=samples((8,), 16), name="dead", precision="int16", kernels="portable"
    ).write(tmp_path / "dead")


def test_accumulators_are_wide_only_where_32_bits_may_not_do() -> None:
    """The form with 64 bits is for layers that some input could overflow."""
    model = nn.Sequential(nn.Linear(64, 8), nn.ReLU(), nn.Linear(8, 3000), nn.ReLU(), nn.Linear(3000, 4))
    with torch.no_grad():
        seeded(model)[4].weight.abs_()  # type: ignore[operator, union-attr]
    found = compare(quantized(model.eval(), read_rules("int16"), (1, 64)), (1, 64))
    assert found.layer <= 1, found.where
    biases = [found.graph.tensor(op.inputs[2]).dtype for op in found.graph.operators]
    assert biases == ["int32", "int32", "int64"]


def test_what_it_gains() -> None:
    """On a network whose weights int8 holds exactly, so that activations alone make noise: over 30 dB."""
    model = seeded(Net())
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                rows = module.weight.flatten(1)
                scales = (rows.abs().amax(dim=1, keepdim=True) / 127).clamp_min(1e-6)
                module.weight.copy_((torch.round(rows / scales) * scales).reshape(module.weight.shape))
    x = torch.from_numpy(samples(INPUT, 8))
    found = {}
    for name in ("int8", "int16"):
        quantizing = quantized(model, read_rules(name), INPUT)
        with torch.no_grad():
            wanted = np.stack([model(one).numpy() for one in x])
            found[name] = signal_to_noise(wanted, np.stack([quantizing(one).numpy() for one in x]))
    assert found["int16"] > found["int8"] + 25, found
