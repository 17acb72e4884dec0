"""Running whole graphs: layouts, samples, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.layout import to_device_layout, to_model_layout
from mcugen.graph.ops import Clamp
from mcugen.graph.reference import run, run_model_layout
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import network_graphs

Q = Quantization.per_tensor(0.5, 0)


def relu() -> Graph:
    """ReLU of an image, NCHW outside and NHWC inside."""
    tensors = {n: Tensor(n, (1, 5, 7, 3), "int8", Q) for n in ("x", "y")}
    op = Clamp(name="relu", inputs=("x",), outputs=("y",), clamp=(0, 127))
    ports = [Port(n, f"model_{n}", (1, 3, 5, 7), (0, 2, 3, 1)) for n in ("x", "y")]
    return Graph("relu", tensors, (op,), (ports[0],), (ports[1],))


def images(samples: int) -> np.ndarray:
    return np.random.default_rng(1).integers(-128, 128, (samples, 3, 5, 7)).astype(np.int8)


def test_model_layout() -> None:
    x = images(4)
    result = run_model_layout(relu(), {"model_x": x})
    np.testing.assert_array_equal(result["model_y"], np.maximum(x, 0))
    assert result["model_y"].dtype == np.int8


def test_no_samples() -> None:
    assert run_model_layout(relu(), {"model_x": images(0)})["model_y"].shape == (0, 3, 5, 7)


def test_conv1d_ports_have_fewer_axes_than_tensors() -> None:
    """A model's (1, C, L) is the device's (1, 1, L, C)."""
    port = Port("x", "x", (1, 3, 8), (0, 2, 1))
    tensor = Tensor("x", (1, 1, 8, 3), "int8", Q)
    sample = np.arange(24, dtype=np.int8).reshape(3, 8)
    device = to_device_layout(port, tensor, sample)
    np.testing.assert_array_equal(device[0, 0], sample.T)
    np.testing.assert_array_equal(to_model_layout(port, device), sample[None])


def test_refuses_wrong_inputs() -> None:
    graph = relu()
    good = np.zeros((1, 5, 7, 3), np.int8)
    for inputs in ({}, {"z": good}, {"x": good, "z": good}):
        with pytest.raises(ValueError, match="the graph takes"):
            run(graph, inputs)
    for array in (good.astype(np.int16), good[0], np.zeros((1, 3, 5, 7), np.int8)):
        with pytest.raises(ValueError, match="input 'x' is"):
            run(graph, {"x": array})
    for array in (images(2).astype(np.int32), images(2)[0], images(2).transpose(0, 2, 3, 1)):
        with pytest.raises(ValueError, match="input 'model_x' is"):
            run_model_layout(graph, {"model_x": array})


@settings(max_examples=40, deadline=None, derandomize=True)
@given(network_graphs())
def test_samples_are_independent(case: Case) -> None:
    """Many samples at once give what each gives alone, in the model's layout."""
    graph = case.graph
    (port,) = graph.inputs
    device = case.inputs[port.tensor]
    shifted = (device ^ 0x55).astype(np.int8)
    samples = np.concatenate([to_model_layout(port, x) for x in (device, shifted, device)])
    results = run_model_layout(graph, {port.name: samples})
    for index, x in enumerate((device, shifted, device)):
        alone = run(graph, {port.tensor: x})
        for out in graph.outputs:
            expected = to_model_layout(out, alone[out.tensor])
            np.testing.assert_array_equal(results[out.name][index : index + 1], expected)
