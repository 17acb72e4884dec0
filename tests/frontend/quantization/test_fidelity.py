"""The distance from the float model, in decibels, against a computation of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from mcugen.frontend import compile_program
from mcugen.frontend.fidelity import decibels, poor
from mcugen.frontend.signature import port_names
from mcugen.graph import reference
from mcugen.graph.graph import Fidelity
from mcugen.graph.quantization import quantize
from tests.frontend.programs import export, post_training, seeded


def test_decibels() -> None:
    wanted = np.full(100, 10.0)
    assert decibels(wanted, wanted + 0.1) == 40.0
    assert decibels(wanted, wanted + 10.0) == 0.0
    assert decibels(wanted, wanted) == 120.0
    assert decibels(np.zeros(3), np.ones(3)) == -120.0
    assert decibels(wanted * 1e-30, np.full(100, 1e30)) == -120.0


def test_measured_on_the_calibration_samples(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = seeded(nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(48, 4)))
    program = export(model, (1, 2, 6, 6))
    (name,) = port_names(program).inputs
    data = np.random.default_rng(0).standard_normal((20, 2, 6, 6)).astype(np.float32)
    np.savez(tmp_path / "c.npz", **{name: data})
    graph = compile_program(program, "net", tmp_path / "c.npz")
    (given,), (made,) = graph.inputs, graph.outputs
    x, y = graph.tensor(given.tensor), graph.tensor(made.tensor)
    integers = np.clip(np.rint(data / np.float32(x.scale)) + x.zero_point, -128, 127).astype(np.int8)
    got = (reference.run_model_layout(graph, {given.name: integers})[made.name] - float(y.zero_point)) * y.scale
    with torch.no_grad():
        wanted = model(torch.from_numpy(data)).double().numpy()
    expected = 10 * np.log10(np.square(wanted).sum() / np.square(got - wanted).sum())
    assert graph.fidelity is not None and graph.fidelity.samples == 20
    assert graph.fidelity.sqnr_db[made.name] == pytest.approx(expected, abs=0.2)
    assert expected > 25


def test_a_quantized_program_has_no_float_model() -> None:
    module = post_training(seeded(nn.Sequential(nn.Linear(4, 3))), (1, 4))
    graph = compile_program(torch.export.export(module, (torch.zeros(1, 4),)), "net")
    assert graph.fidelity is None and graph.warnings == ()


def test_poor_outputs_are_named() -> None:
    (text,) = poor(Fidelity(4, {"good": 35.0, "bad": -0.8}))
    assert "'bad'" in text and "-0.8 dB" in text
    (text,) = poor(Fidelity(4, {}, differing={"rare": 0.005, "often": 0.25}))
    assert "'often'" in text and "25.0%" in text


def test_integers_and_flags_are_counted(tmp_path: Path) -> None:
    class Flags(nn.Module):
        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
            return x.argmax(-1), (x + 1e-3) > 0, x * 2

    program = export(Flags(), (1, 64))
    (name,) = port_names(program).inputs
    data = np.random.default_rng(0).standard_normal((16, 1, 64)).astype(np.float32)
    np.savez(tmp_path / "c.npz", **{name: data})
    graph = compile_program(program, "net", tmp_path / "c.npz")
    places, flags, double = (port.name for port in graph.outputs)
    assert graph.fidelity is not None and list(graph.fidelity.sqnr_db) == [double]
    (port,) = graph.inputs
    integers = quantize(data, graph.tensor(port.tensor).quantization, "int8")
    got = reference.run_model_layout(graph, {port.name: integers})
    wanted = {places: data.argmax(-1), flags: data + np.float32(1e-3) > 0}
    shares = {key: round(float(np.mean(got[key].reshape(wanted[key].shape) != wanted[key])), 4) for key in wanted}
    assert graph.fidelity.differing == shares and 0 < shares[flags] < 0.1
    assert graph.warnings == ()
