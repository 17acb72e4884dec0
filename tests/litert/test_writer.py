"""What the LiteRT writer emits: fused activations, padding schemes, extra operators, stable bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given, settings

from mcugen.errors import UnsupportedOperatorError
from mcugen.graph import Graph, Quantization, Tensor
from mcugen.graph.ops import AveragePool2d, Conv2d, MaxPool2d, Requantize, Take
from mcugen.graph.reference import run
from tests.graph import strategies as s
from tests.graph.oracles.litert import run_litert
from tests.graph.strategies.networks import network_graphs

schema = pytest.importorskip("ai_edge_litert.schema_py_generated", reason="ai-edge-litert is not installed")
from mcugen.litert.writer import can_write, write  # noqa: E402

NAMES = {code: name for name, code in vars(schema.BuiltinOperator).items() if not name.startswith("_")}


def read(graph: Graph) -> object:
    """The written model, unpacked."""
    content = write(graph)
    assert content[4:8] == b"TFL3"
    return schema.ModelT.InitFromPackedBuf(content)


def operators(graph: Graph) -> list[str]:
    model = read(graph)
    return [NAMES[model.operatorCodes[op.opcodeIndex].builtinCode] for op in model.subgraphs[0].operators]


def conv(padding: tuple[int, int, int, int], stride: int = 1, size: int = 8, clamp=(-128, 127)) -> Graph:  # type: ignore[no-untyped-def]
    out = [(size + padding[axis] + padding[axis + 2] - 3) // stride + 1 for axis in (0, 1)]
    q = Quantization.per_tensor(0.5, 10)
    tensors = [
        Tensor("x", (1, size, size, 2), "int8", q),
        Tensor("w", (3, 3, 3, 2), "int8", Quantization.per_tensor(0.1, 0), np.ones((3, 3, 3, 2), np.int8)),
        Tensor("y", (1, *out, 3), "int8", q),
    ]
    op = Conv2d(name="c", inputs=("x", "w"), outputs=("y",), padding=padding, stride=(stride, stride), clamp=clamp)
    return s.make_case(op, tensors, np.random.default_rng(0)).graph


@pytest.mark.parametrize(
    ("padding", "stride", "size", "scheme"),
    [
        ((0, 0, 0, 0), 1, 8, "VALID"),
        ((1, 1, 1, 1), 1, 8, "SAME"),
        ((0, 0, 1, 1), 2, 8, "SAME"),
        ((1, 1, 1, 1), 2, 9, "SAME"),
        ((1, 1, 1, 1), 2, 8, None),
        ((2, 0, 0, 2), 1, 8, None),
        # Padding after the last window is never read.
        ((0, 0, 1, 1), 2, 9, "VALID"),
    ],
)
def test_padding(padding: tuple[int, int, int, int], stride: int, size: int, scheme: str | None) -> None:
    graph = conv(padding, stride, size)
    model = read(graph)
    (*before, op) = model.subgraphs[0].operators
    expected = schema.Padding.SAME if scheme == "SAME" else schema.Padding.VALID
    assert op.builtinOptions.padding == expected
    assert len(before) == (1 if scheme is None else 0)
    if before:
        assert operators(graph) == ["PAD", "CONV_2D"]


@pytest.mark.parametrize(
    ("clamp", "activation"),
    [
        ((-128, 127), "NONE"),
        ((10, 127), "RELU"),
        ((10, 22), "RELU6"),
        ((8, 12), "RELU_N1_TO_1"),
        ((9, 127), None),
    ],
)
def test_fused_activation(clamp: tuple[int, int], activation: str | None) -> None:
    """Scale 0.5 and zero point 10: 6 is the integer 22, -1 and 1 are 8 and 12."""
    graph = conv((0, 0, 0, 0), clamp=clamp)
    model = read(graph)
    fused = model.subgraphs[0].operators[0].builtinOptions.fusedActivationFunction
    assert fused == getattr(schema.ActivationFunctionType, activation or "NONE")
    assert operators(graph) == ["CONV_2D"] + ([] if activation else ["MAXIMUM", "MINIMUM"])


def _pool(cls: type[AveragePool2d] | type[MaxPool2d]) -> Graph:
    q = Quantization.per_tensor(0.5, 10)
    tensors = [Tensor("x", (1, 8, 8, 2), "int8", q), Tensor("y", (1, 9, 9, 2), "int8", q)]
    op = cls(name="p", inputs=("x",), outputs=("y",), kernel=(2, 2), stride=(1, 1), padding=(1, 1, 1, 1))
    return s.make_case(op, tensors, np.random.default_rng(0)).graph


def test_pools_with_explicit_padding() -> None:
    """Padding never wins a maximum, so it can be written as PADV2; a mean's count cannot be written at all."""
    assert operators(_pool(MaxPool2d)) == ["PADV2", "MAX_POOL_2D"]
    with pytest.raises(UnsupportedOperatorError, match="average pool with padding"):
        write(_pool(AveragePool2d))


@pytest.mark.parametrize(("given", "wanted"), [("int8", "int8"), ("int8", "int16"), ("int16", "int8")])
def test_requantize_clamps_outside(given: str, wanted: str) -> None:
    """QUANTIZE has no fused activation."""
    quantization = Quantization.per_tensor(0.5, 0)
    tensors = [Tensor(name, (4,), dtype, quantization) for name, dtype in (("x", given), ("y", wanted))]
    op = Requantize(name="r", inputs=("x",), outputs=("y",), clamp=(0, tensors[1].integer_range[1]))
    case = s.make_case(op, tensors, np.random.default_rng(0))
    assert operators(case.graph) == ["QUANTIZE", "MAXIMUM", "MINIMUM"]
    assert run_litert(*case)["y"].tolist() == run(*case)["y"].tolist()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(network_graphs())
def test_networks_are_stable_and_load(case: s.Case) -> None:
    """The same bytes each time, unique tensor names, and the interpreter runs them."""
    assume(can_write(case.graph))
    content = write(case.graph)
    assert content == write(case.graph)
    model = schema.ModelT.InitFromPackedBuf(content)
    counts = Counter(t.name for t in model.subgraphs[0].tensors)
    assert max(counts.values()) == 1
    assert set(run_litert(*case)) == {p.tensor for p in case.graph.outputs}


@pytest.mark.parametrize(
    ("rows", "columns", "emitted"),
    [
        (range(1, 6, 2), range(4), ["STRIDED_SLICE"]),
        ([2], range(4), ["STRIDED_SLICE"]),
        (np.repeat(np.arange(6), 2), np.repeat(np.arange(4), 3), ["RESIZE_NEAREST_NEIGHBOR"]),
        (range(5, -1, -1), range(4), ["GATHER"]),
        ([0, 1, 1], [3, 0], ["GATHER", "GATHER"]),
        (range(6), range(4), ["RESHAPE"]),
    ],
)
def test_places_are_said_shortly(rows: Sequence[int], columns: Sequence[int], emitted: list[str]) -> None:
    q = Quantization.per_tensor(0.5, 10)
    indices = ((0,), tuple(map(int, rows)), tuple(map(int, columns)), (0, 1))
    tensors = [Tensor("x", (1, 6, 4, 2), "int8", q), Tensor("y", tuple(map(len, indices)), "int8", q)]
    op = Take(name="t", inputs=("x",), outputs=("y",), indices=indices)
    case = s.make_case(op, tensors, np.random.default_rng(0))
    assert operators(case.graph) == emitted
    assert run_litert(*case)["y"].tolist() == run(*case)["y"].tolist()
