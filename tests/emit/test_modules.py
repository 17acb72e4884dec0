"""Whole modules of random networks, on the workstation under sanitizers, with the arena that the planner made."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mcugen import api
from mcugen.errors import DoesNotFitError
from mcugen.graph import Graph, Port, Quantization, Tensor, reference
from mcugen.graph.ops import Add
from tests.emit import host
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import network_graphs

# A case costs a compilation, so failing ones are not shrunk.
COMMON = settings(
    deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate]
)
OPTIONS = st.builds(
    api.Options,
    board=st.sampled_from(["nrf5340dk", "mps2_an385"]),
    kernels=st.sampled_from(["auto", "portable"]),
    optimize=st.sampled_from(["speed", "size", "ram"]),
)


def check(case: Case, options: api.Options) -> None:
    module = api.compile(case.graph, options)
    expected = reference.run(module.plan.graph, case.inputs)
    with tempfile.TemporaryDirectory() as folder:
        outputs, layers = host.run(module, [case.inputs[p.tensor] for p in module.plan.graph.inputs], Path(folder))
    for (layer, result), actual in zip(module.manifest.results, layers, strict=True):
        np.testing.assert_array_equal(actual, expected[result.name], err_msg=layer.name)
    for port, actual in zip(module.plan.graph.outputs, outputs, strict=True):
        np.testing.assert_array_equal(actual, expected[port.tensor], err_msg=port.name)
    again = api.compile(case.graph, options)
    assert again.files == module.files


@settings(COMMON, max_examples=5)
@given(network_graphs(), OPTIONS)
def test_random_networks(case: Case, options: api.Options) -> None:
    check(case, options)


def test_ports_and_layers_called_as_the_schedules_own_names() -> None:
    """`memory`, `arena` and `params` are names of the schedule; nothing here lies in the arena."""
    q = Quantization.per_tensor(0.05, 3)
    tensors = {name: Tensor(name, (1, 8), "int8", q) for name in ("memory", "arena", "params")}
    op = Add(name="memory", inputs=("memory", "arena"), outputs=("params",))
    ports = {name: Port(name, name, (1, 8), (0, 1)) for name in tensors}
    graph = Graph("memory_model", tensors, (op,), (ports["memory"], ports["arena"]), (ports["params"],))
    rng = np.random.default_rng(1)
    inputs = {name: rng.integers(-128, 128, (1, 8)).astype(np.int8) for name in ("memory", "arena")}
    check(Case(graph, inputs), api.Options(board="mps2_an385"))


@pytest.mark.slow
@settings(COMMON, max_examples=60)
@given(network_graphs(steps=14), OPTIONS)
def test_many_random_networks(case: Case, options: api.Options) -> None:
    check(case, options)


@settings(COMMON, max_examples=5)
@given(network_graphs())
def test_a_budget_of_the_arenas_size_fits_and_one_byte_less_says_so(case: Case) -> None:
    options = api.Options(board="nrf5340dk", optimize="ram")
    size = api.compile(case.graph, options).manifest.memory.arena_bytes
    fitting = api.Options(board="nrf5340dk", optimize="ram", max_ram=size)
    assert api.compile(case.graph, fitting).manifest.memory.arena_bytes <= size
    if size:
        with pytest.raises(DoesNotFitError, match="byte") as error:
            api.compile(case.graph, api.Options(board="nrf5340dk", optimize="ram", max_ram=size - 1))
        assert error.value.exit_code == 1
