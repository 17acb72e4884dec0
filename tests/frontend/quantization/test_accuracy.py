"""A network that was really trained keeps its accuracy in integers; the observers are compared, not believed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch.fx import GraphModule

from examples import train_small
from examples.train_small import INPUT_SHAPE, Trained, calibration, make_data
from mcugen.frontend import quantize as front
from mcugen.frontend.importer import import_module
from mcugen.frontend.quantizer_options import QuantizerOptions
from mcugen.frontend.signature import PortNames
from mcugen.frontend.torch_settings import single_threaded
from mcugen.graph import reference
from mcugen.passes import optimize

IMAGES = 200


@pytest.fixture(scope="module")
def trained() -> Trained:
    with single_threaded():
        result = train_small.train()
    return Trained(result.model, result.images[:IMAGES], result.labels[:IMAGES])


def scores(trained: Trained) -> npt.NDArray[np.float32]:
    with torch.no_grad():
        return trained.model(torch.from_numpy(trained.images)).numpy()


def float_program(trained: Trained) -> GraphModule:
    with torch.no_grad():
        return torch.export.export(trained.model, (torch.zeros(INPUT_SHAPE),)).module(check_guards=False)


def integer_scores(module: GraphModule, images: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """What the device computes, as real numbers."""
    graph = optimize(import_module(module, "shapes", PortNames((), ("scores",))))
    given, made = graph.tensor(graph.inputs[0].tensor), graph.tensor(graph.outputs[0].tensor)
    integers = np.clip(np.rint(images / given.scale) + given.zero_point, -128, 127).astype(np.int8)
    result = reference.run_model_layout(graph, {"image": integers})["scores"]
    return (result.astype(np.float64) - made.zero_point) * made.scale


def signal_to_noise(expected: npt.NDArray[np.float32], got: npt.NDArray[np.float64]) -> float:
    """Decibels."""
    return float(10 * np.log10(np.square(expected).sum() / np.square(got - expected).sum()))


def test_accuracy_survives_quantization(trained: Trained) -> None:
    expected = scores(trained)
    before = trained.accuracy(expected)
    assert before >= 0.85, "the float network has not learned its task"
    got = integer_scores(front.quantize(float_program(trained), {"image": calibration()[:, None]}), trained.images)
    assert trained.accuracy(got) >= before - 0.02
    assert (got.argmax(1) == expected.argmax(1)).mean() >= 0.97
    assert signal_to_noise(expected, got) > 25


def test_data_are_reproducible_and_balanced() -> None:
    first, labels = make_data(600, 3)
    assert np.array_equal(first, make_data(600, 3)[0])
    assert not np.array_equal(first, make_data(600, 4)[0])
    assert np.bincount(labels, minlength=6).min() > 60


def test_a_faulty_sample_does_not_decide(trained: Trained) -> None:
    """One sample has a value a thousand times too large; neither extremes nor histograms survive that."""
    samples = calibration(40)[:, None]
    samples[7, 0, 0, 3, 3] = 1000.0
    noise = {}
    for name in ("minmax", "histogram", "best"):
        quantized = front.quantize(
            float_program(trained),
            {"image": samples},
            options=QuantizerOptions(name, gptq="off", bias_correction="off"),
        )
        got = integer_scores(quantized, trained.images)
        noise[name] = signal_to_noise(scores(trained), got)
    assert max(noise["minmax"], noise["histogram"]) < 10
    assert noise["best"] > 25
