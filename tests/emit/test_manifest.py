"""The manifest's memory map against the plan's; its published schema."""

from __future__ import annotations

import json
import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from mcugen import api
from mcugen.emit.manifest import Manifest
from mcugen.graph.graph import Graph
from mcugen.plan.describe import memory_map
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import network_graphs
from tests.plan.networks import NetworkBuilder

_SCHEMA = Path(__file__).parents[2] / "docs" / "manifest.schema.json"


def check(graph: Graph) -> api.Module:
    module = api.compile(graph, api.Options(board="nrf5340dk"))
    rows = memory_map(module.plan)
    assert [layer.name for layer in module.manifest.layers] == [row.operator for row in rows]
    memory = module.manifest.memory
    assert [memory.bytes_alive(i) for i in range(len(rows))] == [row.bytes_alive for row in rows]
    assert all(memory.bytes_alive(i) <= memory.arena_bytes for i in range(len(rows)))
    assert all(0 <= b.first_step <= b.last_step < len(rows) for b in memory.arena)
    return module


def test_alias_steps_are_no_layers() -> None:
    net = NetworkBuilder("flat")
    hidden = net.flatten(net.conv(net.input(1, 4, 4, 2), 2))
    module = check(net.build(net.softmax(net.softmax(hidden))))
    assert any(step.invocation.alias for step in module.plan.steps)
    assert module.manifest.memory.bytes_alive(len(module.manifest.layers)) == 0


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(network_graphs())
def test_random_networks(case: Case) -> None:
    check(case.graph)


def test_the_published_schema_is_that_of_the_classes() -> None:
    """`MCUGEN_UPDATE_GOLDEN=1` writes it anew."""
    text = json.dumps(Manifest.model_json_schema(), indent=2) + "\n"
    if os.environ.get("MCUGEN_UPDATE_GOLDEN"):
        _SCHEMA.write_text(text)
    assert _SCHEMA.read_text() == text
