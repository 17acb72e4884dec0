"""`details.json` against the graph and the plan that it describes."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from mcugen import api
from mcugen.emit.details import DETAILS_NAME, Details, load_details
from mcugen.emit.manifest import load_manifest
from mcugen.errors import InputError
from tests.emit.test_golden import tiny
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import network_graphs


def details_of(module: api.Module) -> Details:
    return Details.model_validate_json(module.files[PurePosixPath(DETAILS_NAME)], strict=True)


@settings(max_examples=10, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(network_graphs())
def test_givers_are_those_of_the_graph(case: Case) -> None:
    """Followed backwards through steps that call nothing, by the graph's own producers."""
    module = api.compile(case.graph, api.Options(board="nrf5340dk"))
    graph, details = module.plan.graph, details_of(module)
    called = [step.operator.name for step in module.plan.steps if not step.invocation.alias]
    aliases = {step.operator.name for step in module.plan.steps if step.invocation.alias}
    inputs = [port.tensor for port in graph.inputs]

    def giver(tensor: str) -> str:
        producer = graph.producer(tensor)
        if producer is None:
            return f"input:{inputs.index(tensor)}"
        return giver(producer.inputs[0]) if producer.name in aliases else f"layer:{called.index(producer.name)}"

    for layer, entry in zip(details.layers, module.manifest.layers, strict=True):
        assert [t.name for t in layer.reads] == list(entry.inputs)
        assert [t.place for t in layer.reads] == [giver(name) for name in entry.inputs]
    if not graph.states:
        assert [t.place for t in details.outputs] == [giver(p.tensor) for p in graph.outputs]


def test_weights_and_choices() -> None:
    module = api.compile(tiny(), api.Options(board="nrf5340dk"))
    details, graph = details_of(module), module.plan.graph
    stem = details.layers[0]
    weights = next(w for w in stem.weights if w.name == "stem_weights")
    data = graph.tensors["stem_weights"].data
    assert data is not None
    edges = [weights.first + i * weights.width for i in range(len(weights.histogram) + 1)]
    assert list(weights.histogram) == np.histogram(data, edges)[0].tolist()
    assert sum(weights.histogram) == data.size and weights.channels == 4
    for layer, entry in zip(details.layers, module.manifest.layers, strict=True):
        costs = [c.cost for c in layer.choices if c.cost is not None]
        assert costs == sorted(costs) and entry.kernel in [c.kernel for c in layer.choices]


def test_damage_is_named(tmp_path: Path) -> None:
    module = api.compile(tiny(), api.Options(board="nrf5340dk"))
    module.write(tmp_path / "m")
    manifest, path = load_manifest(tmp_path / "m"), tmp_path / "m" / DETAILS_NAME
    whole = json.loads(path.read_text())
    assert load_details(tmp_path / "m", manifest) is not None
    for change, said in (
        ({"format": 2}, "has format 2"),
        ({"layers": whole["layers"][:-1]}, "other layers"),
        ({"layers": [whole["layers"][0] | {"attributes": {"a": "\x1b[31m"}}, *whole["layers"][1:]]}, "damaged"),
        ({"outputs": [whole["outputs"][0] | {"place": "layer:99"}]}, "not there yet"),
        ({"outputs": [whole["outputs"][0] | {"place": "moon:1"}]}, "damaged"),
    ):
        path.write_text(json.dumps(whole | change))
        with pytest.raises(InputError, match=said):
            load_details(tmp_path / "m", manifest)
    assert load_details(tmp_path / "m", manifest.model_copy(update={"files": {}})) is None
