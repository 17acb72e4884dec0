"""Functions of one tensor become one table, however they are spelled, and equal PyTorch's float64 result."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import compile_program, import_program
from mcugen.frontend.quantizer_options import PLAIN
from mcugen.graph.graph import Graph
from mcugen.graph.ops import Table
from mcugen.graph.ops.elementwise.table import ELEMENTS
from tests.frontend.programs import export, post_training, seeded

Function = Callable[[Tensor], Tensor]

FUNCTIONS: dict[str, Function] = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "hardswish": functional.hardswish,
    "hardsigmoid": functional.hardsigmoid,
    "silu": functional.silu,
    "gelu": functional.gelu,
    "gelu of tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "leaky relu": lambda x: functional.leaky_relu(x, 0.1),
    "elu": functional.elu,
    "celu": lambda x: functional.celu(x, 0.7),
    "selu": functional.selu,
    "softplus": functional.softplus,
    "softsign": functional.softsign,
    "tanhshrink": functional.tanhshrink,
    "hardshrink": functional.hardshrink,
    "softshrink": functional.softshrink,
    "mish": functional.mish,
    "log sigmoid": functional.logsigmoid,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": lambda x: torch.log(x.abs() + 0.1),
    "log1p": lambda x: torch.log1p(x.exp()),
    "log2": lambda x: torch.log2(x.abs() + 1),
    "sqrt": lambda x: torch.sqrt(functional.relu(x)),
    "rsqrt": lambda x: torch.rsqrt(x.square() + 1),
    "reciprocal": lambda x: torch.reciprocal(x.abs() + 1),
    "abs": torch.abs,
    "neg": torch.neg,
    "sign": torch.sign,
    "sin": torch.sin,
    "cos": torch.cos,
    "erf": torch.erf,
    "floor": lambda x: torch.floor(x * 2.1),
    "round": lambda x: torch.round(x * 2.1),
    "square": torch.square,
    "power": lambda x: x**3,
    "number minus tensor": lambda x: 1.5 - x,
    "number over tensor": lambda x: 1 / (x.square() + 0.5),
    "scale and shift": lambda x: x * 2 + 1,
    "twice the same": lambda x: x + x,
    "product with itself": lambda x: x * x,
    "hardswish by hand": lambda x: x * functional.relu6(x + 3) / 6,
    "where": lambda x: torch.where(x > 0, x, 0.1 * x),
    "mask": lambda x: x * (x > 0.3).float(),
    "masked fill": lambda x: x.masked_fill(x < -0.5, -2.0),
    "clamp to a tensor": lambda x: torch.clamp(x.exp(), max=torch.tensor(1.5)),
    "maximum with a number": lambda x: torch.maximum(x.tanh(), torch.tensor(-0.25)),
    "in place": lambda x: x.clone().mul_(2.0).tanh_(),
}


class Applied(nn.Module):
    def __init__(self, function: Function) -> None:
        super().__init__()
        self.before, self.function, self.after = nn.Linear(6, 8), function, nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.after(self.function(self.before(x)))
        return result


def table_of(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """(real inputs, integers) of the graph's one table."""
    (op,) = (op for op in graph.operators if op.kind == "table")
    x = graph.tensor(op.inputs[0])
    assert isinstance(op, Table)
    return (ELEMENTS.astype(np.float64) - x.zero_point) * x.scale, np.array(op.values)


@pytest.mark.sampled(48)
@pytest.mark.parametrize("decomposed", [False, True], ids=["as written", "decomposed"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_table(name: str, decomposed: bool) -> None:
    program = export(seeded(Applied(FUNCTIONS[name])), (1, 6))
    if decomposed:
        program = program.run_decompositions()
    graph = compile_program(program, "net", "random", options=PLAIN)
    assert [op.kind for op in graph.operators] == ["fully_connected", "table", "fully_connected"]
    real, values = table_of(graph)
    out = graph.tensor(next(op.outputs[0] for op in graph.operators if op.kind == "table"))
    exact = FUNCTIONS[name](torch.from_numpy(real)).numpy() / out.scale + out.zero_point
    assert np.abs(values - np.clip(exact, -128, 127)).max() <= 0.5 + 1e-5


def test_functions_of_programs_that_were_quantized_before() -> None:
    module = post_training(seeded(Applied(functional.hardswish)), (1, 6))
    program = torch.export.export(module, (torch.zeros(1, 6),))
    assert [op.kind for op in import_program(program, "net").operators] == [
        "fully_connected",
        "table",
        "fully_connected",
    ]


def test_a_relu_behind_a_layer_is_its_clamp() -> None:
    graph = compile_program(export(seeded(Applied(lambda x: functional.relu(x).tanh())), (1, 6)), "net", "random")
    first, table, _ = graph.operators
    assert first.kind == "fully_connected" and first.clamp[0] == graph.tensor(first.outputs[0]).zero_point  # type: ignore[attr-defined]
    assert table.kind == "table"


def test_a_step_that_others_read_is_kept() -> None:
    def two(x: Tensor) -> Tensor:
        step = x.tanh()
        return step.square() + step.exp()

    graph = compile_program(export(seeded(Applied(two)), (1, 6)), "net", "random")
    assert [op.kind for op in graph.operators] == ["fully_connected", "table", "fully_connected"]


def test_chains_of_tables_become_one() -> None:
    class Chain(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.tanh().view(2, 4).exp()

    graph = compile_program(export(Chain(), (1, 8)), "net", "random")
    assert [op.kind for op in graph.operators].count("table") == 1


class Logarithm(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.log(x - 0.5)


def test_a_function_without_a_value(tmp_path: Path) -> None:
    """The quantization of values in [1, 2] reaches from 0 to 2."""
    np.savez(tmp_path / "cal.npz", x=np.linspace(1, 2, 40, dtype=np.float32).reshape(10, 4))
    with pytest.raises(UnsupportedOperatorError) as caught:
        compile_program(export(Logarithm(), (1, 4)), "net", tmp_path / "cal.npz")
    text = str(caught.value)
    assert "aten.log.default" in text and "no value at" in text and "clamp" in text and "test_functions.py" in text
