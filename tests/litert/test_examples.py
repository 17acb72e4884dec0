"""The example models, layer by layer: the integer reference against the LiteRT interpreter's reference kernels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from examples.export import export
from mcugen.frontend import load_model
from mcugen.graph import Graph, IntArray, Port
from mcugen.graph.ops import Operator
from mcugen.graph.reference import run
from tests.graph.oracles.litert import run_litert

# Steps by which the desktop interpreter may differ; their docstrings say why. All other operators are exact.
BOUNDS = {"fully_connected": 1, "softmax": 1, "mul": 1}


def _alone(graph: Graph, op: Operator) -> Graph:
    """The graph of one layer, fed with what the layer before computes."""

    def port(name: str) -> Port:
        shape = graph.tensor(name).shape
        return Port(name, name, shape, tuple(range(len(shape))))

    activations = [n for n in dict.fromkeys(op.inputs) if not graph.tensor(n).is_constant]
    whole = replace(graph, inputs=tuple(map(port, activations)))
    return whole.with_changes(operators=(op,), outputs=tuple(map(port, op.outputs)))


def _difference(ours: dict[str, IntArray], theirs: dict[str, IntArray]) -> int:
    return max(int(np.abs(ours[n].astype(int) - theirs[n].astype(int)).max()) for n in theirs)


@pytest.mark.parametrize(
    "name",
    [
        "ds_cnn",
        *(pytest.param(n, marks=pytest.mark.slow) for n in ("mobilenet_v1", "resnet8", "autoencoder", "conv1d_net")),
    ],
)
def test_layers_agree(name: str, tmp_path: Path) -> None:
    graph = load_model(*export(name, tmp_path, samples=4))
    rng = np.random.default_rng(0)
    shapes = {p.tensor: graph.tensor(p.tensor).shape for p in graph.inputs}
    values = run(graph, {n: rng.integers(-128, 128, s).astype(np.int8) for n, s in shapes.items()})
    assert len(np.unique(values[graph.operators[0].outputs[0]])) > 50
    for op in graph.operators:
        alone = _alone(graph, op)
        theirs = run_litert(alone, {p.tensor: values[p.tensor] for p in alone.inputs})
        assert _difference(values, theirs) <= BOUNDS.get(op.kind, 0), op.name
