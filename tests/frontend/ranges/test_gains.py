"""What equalization and bias correction gain, and what an outlier costs, on a network that was trained on the spot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from examples.train_small import Trained
from mcugen.frontend.quantizer_options import PLAIN, QuantizerOptions
from mcugen.graph import reference
from tests.frontend.ranges import outliers
from tests.frontend.ranges.deploy import Deployed, deploy, integers

IMAGES = 120


@pytest.fixture(scope="module")
def unequal() -> Trained:
    return outliers.with_unequal_channels(outliers.train())


def deployed(trained: Trained, folder: Path, options: QuantizerOptions) -> Deployed:
    """On images that neither training nor calibration has seen."""
    return deploy(
        trained.model, {"image": outliers.calibration(32)}, {"image": trained.images[:IMAGES]}, folder, options
    )


def lost(trained: Trained, found: Deployed) -> float:
    """Share of images that the float network classifies rightly, less that of the integers."""
    results = reference.run_model_layout(found.graph, integers(found.graph, {"image": trained.images[:IMAGES]}))
    classes = results[found.graph.outputs[0].name].reshape(IMAGES, -1).argmax(1)
    before = outliers.float_scores(trained)[:IMAGES].argmax(1)
    labels = trained.labels[:IMAGES]
    return float(np.mean(before == labels) - np.mean(classes == labels))


@pytest.fixture(scope="module")
def plain(unequal: Trained, tmp_path_factory: pytest.TempPathFactory) -> float:
    """Decibels of a depthwise network with unequal channels, without anything that helps."""
    return deployed(unequal, tmp_path_factory.mktemp("plain"), PLAIN).decibels["linear"]


def test_equalization_of_a_depthwise_network(unequal: Trained, plain: float, tmp_path: Path) -> None:
    found = deployed(unequal, tmp_path, QuantizerOptions("minmax", equalize="auto", gptq="off", bias_correction="off"))
    assert found.decibels["linear"] >= max(plain + 10, 28)
    assert lost(unequal, found) <= 0.02


def test_bias_correction_where_small_values_round_to_zero(unequal: Trained, plain: float, tmp_path: Path) -> None:
    found = deployed(unequal, tmp_path, QuantizerOptions("minmax", equalize="off", gptq="off", bias_correction="auto"))
    assert found.decibels["linear"] >= plain + 3


def test_an_outlier_channel_costs_accuracy(tmp_path: Path) -> None:
    """Nothing moves a factor through an addition: what helps here is another precision."""
    trained = outliers.with_outlier(outliers.train())
    assert lost(trained, deployed(trained, tmp_path, QuantizerOptions("minmax"))) >= 0.05
