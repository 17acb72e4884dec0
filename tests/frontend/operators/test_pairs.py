"""Operators of two tensors and of plain integers: PyTorch's programs against the integer reference."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from mcugen.errors import InputError
from mcugen.frontend import _finish, import_program
from mcugen.frontend.quantize import quantize
from mcugen.frontend.quantizer_options import PLAIN
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from tests.frontend.programs import Difference, compare, kinds, post_training, samples, seeded
from tests.frontend.test_lowering import IMAGE, Case, One, Two, conv

CASES: dict[str, Case] = {
    "sub": Case(lambda: Two(lambda m, x, y: m["c"](x) - y, c=conv(3, 3, padding=1)), IMAGE * 2, ["conv2d", "sub"]),
    "rsub": Case(lambda: Two(lambda m, x, y: torch.rsub(x, m["c"](y)), c=conv(3, 3, 1)), IMAGE * 2, ["conv2d", "sub"]),
    "sub, relu": Case(lambda: Two(lambda m, x, y: torch.relu(x - y)), IMAGE * 2, ["sub"]),
    "constant minus activation": Case(lambda: One(lambda m, x: torch.linspace(-1, 1, 8) - x), IMAGE, ["sub"]),
    "alpha": Case(
        lambda: Two(lambda m, x, y: torch.add(x, y, alpha=0.3) + torch.sub(x, y, alpha=2)),
        IMAGE * 2,
        ["table", "add", "table", "sub", "add"],
        output=2,
    ),
    "maximum of two scales": Case(
        lambda: Two(lambda m, x, y: torch.minimum(torch.maximum(x, 3 * y), m["c"](x)), c=conv(3, 3, 1)),
        IMAGE * 2,
        ["table", "requantize", "requantize", "maximum", "conv2d", "requantize", "minimum"],
        output=3,
    ),
    "clamp with tensors": Case(
        lambda: One(lambda m, x: torch.clamp(x, torch.linspace(-1, 0, 8), torch.linspace(0.1, 1, 8))),
        IMAGE,
        ["requantize", "maximum", "requantize", "minimum"],
        output=2,
    ),
    "quotient": Case(lambda: Two(lambda m, x, y: x / (y * y + 0.5)), IMAGE * 2, ["table", "div"]),
    "prelu": Case(
        lambda: nn.Sequential(conv(3, 4), nn.PReLU(4), nn.Flatten(), nn.Linear(168, 6), nn.PReLU(6)),
        IMAGE,
        ["conv2d", "prelu", "fully_connected", "prelu"],
        output=2,
    ),
    "where": Case(
        lambda: Two(lambda m, x, y: torch.where(x > 0.25, y, 2 * x)),
        IMAGE * 2,
        ["table", "table", "requantize", "where"],
        output=2,
    ),
    "comparison of two scales": Case(
        lambda: Two(lambda m, x, y: torch.where(m["c"](x) < y, x, 0.5), c=conv(3, 3, 1)),
        IMAGE * 2,
        ["conv2d", "compare", "requantize", "where"],
        output=2,
    ),
    "masked fill": Case(
        lambda: Two(lambda m, x, y: x.masked_fill(~(y > 0) | (y < -1), -1.0)),
        IMAGE * 2,
        ["table", "where"],
        output=2,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    case = CASES[name]
    result: Difference = compare(post_training(seeded(case.model()), *case.shapes), *case.shapes)
    assert result.layer <= 1, result.where
    assert result.output <= case.output
    assert sorted(kinds(result.graph)) == sorted(case.kinds)


RNG = np.random.default_rng(3)
ANY = npt.NDArray[np.generic]


def integers(low: int, high: int, *shape: int, dtype: type = np.int64) -> ANY:
    return RNG.integers(low, high, (5, *shape)).astype(dtype)


def compiled(model: nn.Module, data: dict[str, ANY], decompose: bool = False) -> Graph:
    """Quantized on the samples and imported, as `emit` does."""
    example = tuple(torch.from_numpy(np.asarray(array[0])) for array in data.values())
    program = torch.export.export(model.eval(), example)
    if decompose:
        program = program.run_decompositions()
    quantized = quantize(program.module(check_guards=False), data, options=PLAIN)
    return _finish(import_program(torch.export.export(quantized, example), "net"))


def agree(model: nn.Module, data: dict[str, ANY], decompose: bool = False) -> Graph:
    """Integers equal those of PyTorch; real numbers are within two steps and a half of the float model."""
    graph = compiled(model, data, decompose)
    given = {port.name: array for port, array in zip(graph.inputs, data.values(), strict=True)}
    for port in graph.inputs:
        tensor = graph.tensor(port.tensor)
        if tensor.quantization is not None:
            steps = np.rint(given[port.name] / tensor.scale) + tensor.zero_point
            given[port.name] = np.clip(steps, -128, 127).astype(np.int8)
    ours = reference.run_model_layout(graph, given)
    for index in range(5):
        wanted = tree_leaves(model(*(torch.from_numpy(np.asarray(a[index])) for a in data.values())))
        for port, expected in zip(graph.outputs, wanted, strict=True):
            got, tensor = ours[port.name][index].reshape(expected.shape), graph.tensor(port.tensor)
            if tensor.quantization is None:
                assert got.dtype == expected.numpy().dtype
                np.testing.assert_array_equal(got, expected.numpy())
            else:
                real = (got.astype(float) - tensor.zero_point) * tensor.scale
                np.testing.assert_allclose(real, expected.numpy(), atol=2.5 * tensor.scale)
    return graph


class Plain(nn.Module):
    def __init__(self, run: Callable[..., object]) -> None:
        super().__init__()
        self.run = run

    def forward(self, *inputs: Tensor) -> object:
        return self.run(*inputs)


def _lengths(x: Tensor, n: Tensor) -> tuple[Tensor, ...]:
    """Padding behind each sequence is masked; mean over what is left."""
    mask = torch.arange(x.shape[1]) < n[:, None]
    return x * mask[..., None], mask, mask.float(), n.float() / 4


def _ids(a: Tensor, b: Tensor) -> tuple[Tensor, ...]:
    return (
        a + b,
        a - 3,
        5 - b,
        -a,
        2 * a * b,
        a // 3,
        a // b,
        a % 4,
        torch.remainder(a, b),
        torch.maximum(a, b),
        torch.min(a, b),
        a.clamp(-2, 4),
        a & 6,
        a | b,
        a ^ b,
        ~a,
        a == b,
        a >= 2,
        torch.where(a > b, a, b),
        a.masked_fill(a < 0, 7),
        a.to(torch.int16),
        (a != 0) & (b > 1) | ~(a > b),
        torch.logical_xor(a, b),
        torch.logical_not(a),
        a.bool(),
        (a > 0) + b,
    )


@pytest.mark.parametrize("decompose", [False, True])
def test_integers(decompose: bool) -> None:
    a, b = integers(-9, 9, 3, 4), integers(1, 9, 4)
    agree(Plain(_ids), {"a": a, "b": b}, decompose)
    agree(Plain(lambda a, b: (a + b, a < b, a.long() // b)), {"a": a.astype(np.int32), "b": b})


@pytest.mark.parametrize("decompose", [False, True])
def test_masks_of_lengths(decompose: bool) -> None:
    data = {"x": samples((2, 6, 3), 5), "n": integers(1, 7, 2)}
    agree(Plain(_lengths), data, decompose)


def test_conditions_are_results() -> None:
    graph = agree(Plain(lambda x: (x > 100, torch.logical_not(x < -100))), {"x": samples((4,), 5)})
    assert kinds(graph) == ["table", "table"]


def _bad(model: Callable[..., object], *shapes: tuple[int, ...]) -> str:
    with pytest.raises(InputError) as caught:
        compiled(Plain(model), {f"x{i}": samples(shape, 5, seed=i) for i, shape in enumerate(shapes)})
    return str(caught.value)


def test_refusals() -> None:
    assert "a power of two activations" in _bad(lambda x, y: x.abs() ** y, (3,), (3,))
    assert "has no value at" in _bad(lambda x: torch.log(x).long(), (3,))
    assert "no integer form" in _bad(lambda x, y: x // y, (3,), (3,))
