"""Ports of another type: what a conversion at the border gives, and which quantization the port has."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcugen.graph import Graph, Port, Quantization, Tensor, reference
from mcugen.graph.graph import Fidelity
from mcugen.graph.ops import Clamp, Operator, Softmax
from mcugen.graph.quantization import dequantize, quantize
from mcugen.passes.border_types import convert_borders

SHAPE = (1, 6)
INT8, INT16 = Quantization.per_tensor(0.05, -20), Quantization.per_tensor(2.0**-13, 0, 16)


def network(op: Operator, x: Quantization, y: Quantization) -> Graph:
    tensors = {name: Tensor(name, SHAPE, q.dtype, q) for name, q in (("x", x), ("y", y))}
    ports = [Port(name, name, SHAPE, (0, 1)) for name in ("x", "y")]
    graph = Graph("net", tensors, (op,), (ports[0],), (ports[1],), fidelity=Fidelity(1, {"y": 40.0}))
    graph.validate()
    return graph


def clamped(q: Quantization, clamp: tuple[int, int]) -> Graph:
    return network(Clamp(name="y", inputs=("x",), outputs=("y",), clamp=clamp), q, q)


def types(graph: Graph) -> list[str]:
    return [graph.tensor(port.tensor).dtype for port in (*graph.inputs, *graph.outputs)]


@pytest.mark.parametrize("dtype", ["int8", "int16"])
@pytest.mark.parametrize("q", [INT8, INT16])
def test_real_values_stay_within_the_coarser_steps(q: Quantization, dtype: str) -> None:
    low, high = q.integer_range
    graph = clamped(q, (low // 2, high // 2))
    made = convert_borders(graph, dtype)
    made.validate()
    assert types(made) == [dtype] * 2
    assert len(made.operators) == (1 if q.dtype == dtype else 3)
    real = np.random.default_rng(0).uniform(-3, 3, (20, *SHAPE)).astype(np.float32)
    results = []
    for g in (graph, made):
        x, y = (g.tensor(port.tensor).quantization for port in (*g.inputs, *g.outputs))
        assert x is not None and y is not None
        given = quantize(real, x, x.dtype)
        results.append(dequantize(reference.run_model_layout(g, {"x": given})["y"], y))
    coarsest = max(q.scale, *(made.tensor(p.tensor).scale for p in (*made.inputs, *made.outputs)))
    assert np.abs(results[0] - results[1]).max() <= 1.01 * coarsest


def test_an_int16_output_holds_every_int8_exactly() -> None:
    graph = convert_borders(clamped(INT8, (-128, 127)), "int16")
    (y,) = (graph.tensor(port.tensor) for port in graph.outputs)
    assert (y.scale, y.zero_point) == (np.float32(INT8.scale), 0)
    (x,) = (graph.tensor(port.tensor) for port in graph.inputs)
    assert x.scale * 32767 == pytest.approx(INT8.scale * 147)
    assert graph.fidelity == Fidelity(1, {"y": 40.0})


def test_int8_spans_what_there_can_be() -> None:
    positive = convert_borders(clamped(INT16, (0, 32767)), "int8")
    (y,) = (positive.tensor(port.tensor) for port in positive.outputs)
    assert (y.scale, y.zero_point) == (INT16.scale * 128, -128)
    (x,) = (positive.tensor(port.tensor) for port in positive.inputs)
    assert (x.scale, x.zero_point) == (INT16.scale * 256, 0)
    assert positive.fidelity is None


def test_a_softmax_has_its_usual_int8() -> None:
    q = Quantization.per_tensor(2.0**-15, 0, 16)
    graph = convert_borders(network(Softmax(name="y", inputs=("x",), outputs=("y",)), INT16, q), "int8")
    (y,) = (graph.tensor(port.tensor) for port in graph.outputs)
    assert (y.scale, y.zero_point) == (1 / 256, -128)


def test_plain_integers_stay() -> None:
    graph = clamped(INT8, (-128, 127))
    tensors = dict(graph.tensors) | {"n": Tensor("n", SHAPE, "int16", None)}
    port = Port("n", "n", SHAPE, (0, 1))
    made = convert_borders(replace(graph, tensors=tensors, inputs=(*graph.inputs, port)), "int8")
    assert made.tensor(made.inputs[1].tensor).quantization is None
    assert types(made)[1] == "int16"
