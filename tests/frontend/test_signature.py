"""Ports have the names of forward()'s arguments, whatever PyTorch calls them inside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import InputError
from mcugen.frontend import compile_program, load_model
from mcugen.frontend.signature import port_names, positional_module
from tests.frontend.programs import export, samples, with_quantizer
from tests.frontend.test_quantized_programs import xnnpack


class BuiltIns(nn.Module):
    """Arguments that hide built-in functions."""

    def forward(self, input: Tensor, filter: Tensor, input_1: Tensor) -> Tensor:
        return torch.relu(input) + filter * input_1


class Nested(nn.Module):
    def forward(self, x: Tensor, batch: dict[str, Tensor], *, scale: Tensor) -> dict[str, Tensor]:
        return {"sum": x + batch["a"] * scale, "relu": torch.relu(batch["b"])}


def layers() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)).eval()


def test_names_that_hide_built_in_functions() -> None:
    program = export(BuiltIns(), (1, 4), (1, 4), (1, 4))
    assert port_names(program).inputs == ("input", "filter", "input_1")
    graph = compile_program(program, "net", "random")
    assert [port.name for port in graph.inputs] == ["input", "filter", "input_1"]
    values = [torch.full((1, 4), float(value)) for value in (1, 10, 100)]
    assert torch.equal(positional_module(program)(*values)[0], BuiltIns()(*values))


def test_nested_and_keyword_arguments() -> None:
    tensor = torch.zeros(1, 4)
    with torch.no_grad():
        program = torch.export.export(Nested(), (tensor, {"a": tensor, "b": tensor}), {"scale": tensor})
    names = port_names(program)
    assert names.inputs == ("x", "batch_a", "batch_b", "scale")
    assert names.outputs == ("sum", "relu")
    graph = compile_program(program, "net", "random")
    assert [port.name for port in graph.inputs] == list(names.inputs)


def test_the_input_of_a_sequential(tmp_path: Path) -> None:
    archive, data = tmp_path / "net.pt2", tmp_path / "cal.npz"
    torch.export.save(export(layers(), (1, 4)), archive)
    np.savez(data, input=samples((4,), 3))
    graph = load_model(archive, data)
    assert [port.name for port in graph.inputs] == ["input"]
    np.savez(data, input_1=samples((4,), 3), other=samples((4,), 3))
    with pytest.raises(InputError, match="'input_1', 'other', the model's inputs 'input'"):
        load_model(archive, data)


def test_a_quantized_sequential() -> None:
    module: Any = with_quantizer(layers(), xnnpack(is_per_channel=True), (1, 4))
    graph = compile_program(export(module, (1, 4)), "net")
    assert [port.name for port in graph.inputs] == ["input"]
