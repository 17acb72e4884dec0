"""Single layers beside CMSIS-NN's: the graphs, and one family counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcugen.bench import layers, operators, pool
from mcugen.errors import MissingToolError
from mcugen.graph import reference
from tests.kernels.cmsis_nn.cases import release_or_skip


@pytest.mark.parametrize("family", layers.FAMILIES)
def test_a_family_is_one_graph_of_independent_layers(family: str) -> None:
    graph = layers.family_graph(family)
    names = [op.name for op in graph.operators]
    assert len(set(names)) == len(names) == len(layers.FAMILIES[family]) == len(graph.outputs)
    inputs = {port.tensor for port in graph.inputs}
    for op in graph.operators:
        assert {n for n in op.inputs if not graph.tensor(n).is_constant} <= inputs
    # The same weights on every call: counts would change with them.
    again = layers.family_graph(family)
    for name, tensor in graph.tensors.items():
        assert tensor.quantization == again.tensors[name].quantization
        if tensor.data is not None:
            assert (tensor.data == again.tensors[name].data).all()


def test_layers_saturate_few_sums() -> None:
    """Else a kernel's clamping would be all that is counted, and wrong sums would not show."""
    graph = layers.family_graph("windows")
    draw = np.random.default_rng(1)
    given = {p.tensor: draw.integers(-128, 127, p.shape, endpoint=True).astype(np.int8) for p in graph.inputs}
    found = reference.run(graph, given)
    for port in graph.outputs:
        values = found[port.tensor]
        assert (values == 127).mean() < 0.2 and len(np.unique(values)) > 50, port.name


def test_without_cmsis_nn_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CMSIS_NN_PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="CMSIS-NN is not at"):
        operators.sweep(operators.BOARDS, pool.processes(1), lambda *_: None)


@pytest.mark.slow
@pytest.mark.emulator
@pytest.mark.cmsis_nn
def test_a_family_is_counted_by_both() -> None:
    release_or_skip()
    found = operators.sweep(("mps2_an386",), pool.processes(1), lambda *_: None, families=("elementwise",))
    assert [row.own.name for row in found.rows] == [op.name for op in layers.family_graph("elementwise").operators]
    for row in found.rows:
        assert row.own.instructions > 0 and row.own.cycles is not None
        assert not row.own.kernel.endswith("cmsis_nn")
        assert row.peer is None or (row.peer.instructions > 0 and row.peer.cycles is not None)
    assert sum(row.peer is not None for row in found.rows) >= 6
