"""Ports in the model's layout: the same results, on every kind of port, through the whole module as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mcugen import api
from mcugen.graph import Graph, Port, Quantization, Tensor, reference
from mcugen.graph.layout import to_device_layout, to_model_layout
from mcugen.graph.ops import Clamp
from mcugen.passes.border_layout import keep_model_layout
from tests.emit import host
from tests.emit.test_ports import every_kind


def samples(graph: Graph, seed: int = 0) -> dict[str, np.ndarray]:
    """By port, in the model's layout."""
    rng = np.random.default_rng(seed)
    return {
        port.name: rng.integers(0, 2 if graph.tensor(port.tensor).dtype == "bool" else 9, port.shape).astype(
            graph.tensor(port.tensor).dtype
        )
        for port in graph.inputs
    }


def results(graph: Graph, given: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    values = {p.tensor: to_device_layout(p, graph.tensor(p.tensor), given[p.name]) for p in graph.inputs}
    found = reference.run(graph, values)
    return {port.name: to_model_layout(port, found[port.tensor]) for port in graph.outputs}


def test_every_kind() -> None:
    graph = every_kind()
    kept = keep_model_layout(graph)
    kept.validate()
    given = samples(graph)
    expected, found = results(graph, given), results(kept, given)
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    for port in (*kept.inputs, *kept.outputs):
        axes = [axis for axis in port.to_device if port.shape[axis] > 1]
        assert axes == sorted(axes), f"{port.name} is turned"


def folded() -> Graph:
    """A tensor of the device with other axes than the port has, read and handed out as it is."""
    q = Quantization.per_tensor(0.1, 3)
    tensors = {name: Tensor(name, (6, 4), "int8", q) for name in ("x", "y")}
    clamp = Clamp(name="y", inputs=("x",), outputs=("y",), clamp=(-20, 30))
    ports = [Port(name, name, (1, 4, 2, 3), (0, 2, 3, 1)) for name in ("x", "y")]
    graph = Graph("folded", tensors, (clamp,), (ports[0],), (ports[1], Port("x", "again", (1, 4, 2, 3), (0, 2, 3, 1))))
    graph.validate()
    return graph


def test_axes_that_were_folded(tmp_path: Path) -> None:
    graph = folded()
    module = api.compile(graph, api.Options(board="nrf5340dk", io_layout="model"))
    (port,) = module.manifest.inputs
    assert port.device_shape == port.shape and module.manifest.options["io_layout"] == "model"
    given = samples(graph)
    outputs, _ = host.run(module, [given["x"]], tmp_path)
    for found, expected in zip(outputs, results(graph, given).values(), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_nothing_to_do() -> None:
    q = Quantization.per_tensor(0.1, 3)
    tensors = {name: Tensor(name, (1, 6), "int8", q) for name in ("x", "y")}
    clamp = Clamp(name="y", inputs=("x",), outputs=("y",), clamp=(-20, 30))
    ports = [Port(name, name, (6, 1), (1, 0)) for name in ("x", "y")]
    graph = Graph("plain", tensors, (clamp,), (ports[0],), (ports[1],))
    assert keep_model_layout(graph).operators == graph.operators
