"""What the NPU computes of mcugen's own graphs, against their integer reference."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.ethosu.model import Npu
from mcugen.graph.reference import run
from mcugen.litert.writer import can_write, write
from tests.ethosu.compiler import as_network, compile_network
from tests.ethosu.networks import TARGETS
from tests.graph import strategies
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import network_graphs


def check(case: Case, target: str, seen: Counter[str]) -> None:
    """Every output of the reference, unless LiteRT cannot express the graph or Vela leaves part of it to the CPU."""
    graph, inputs = case
    shapes = [graph.tensor(name).shape for name in inputs]
    if any(len(shape) > 4 or (len(shape) == 4 and shape[0] > 1) for shape in shapes):
        return  # several images, and more axes than four: Vela 5.2 gets some layers wrong, or crashes
    try:
        model = write(graph) if can_write(graph) else None
        npu = None if model is None else Npu(as_network(compile_network(model, target)))
    except UnsupportedOperatorError:
        return
    except InputError as error:
        assert "for the CPU" in error.what or "no operator for an Ethos-U" in error.what, error
        return
    if npu is None:
        return
    ports = zip(npu.inputs, graph.inputs, strict=True)
    found = npu.run({port.name: np.asarray(inputs[own.tensor]).reshape(port.shape) for port, own in ports})
    wanted = run(graph, inputs)
    for values, own in zip(found.values(), graph.outputs, strict=True):
        assert np.array_equal(values.ravel(), np.asarray(wanted[own.tensor]).ravel())
    seen.update(operator.kind for operator in graph.operators)


def sweep(examples: int, target: str) -> Counter[str]:
    seen: Counter[str] = Counter()
    _run(network_graphs(steps=3), examples, target, seen)
    return seen


def _run(strategy: st.SearchStrategy[Case], examples: int, target: str, seen: Counter[str]) -> None:
    settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))(
        given(strategy)(lambda case: check(case, target, seen))
    )()


# Operators whose bits are the reference's; docs/ethosu_model.md says what is wrong with SUM and BATCH_MATMUL.
EQUAL = """
    add average_pool2d clamp concatenation conv2d copy depthwise_conv2d fully_connected max_pool2d mean mul pad prelu
    reshape softmax sub transpose
""".split()


@pytest.mark.slow
@pytest.mark.parametrize("kind", EQUAL)
def test_operators(kind: str) -> None:
    for target in ("ethos-u55-32", "ethos-u55-256", "ethos-u65-512"):
        seen: Counter[str] = Counter()
        _run(strategies.ALL[kind](), 40, target, seen)
        assert seen[kind] > 3, f"{kind} on {target}"


def test_graphs() -> None:
    assert len(sweep(40, "ethos-u55-128")) > 8


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_many_graphs(target: str) -> None:
    seen = sweep(120, target)
    assert len(seen) >= 12, seen
