"""The example models: MLPerf Tiny's multiply-accumulates, no transposes, every layer within one step of PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from examples.export import export
from examples.models import MODELS
from mcugen.frontend import load_model
from mcugen.frontend.archive import load_archive
from mcugen.frontend.calibration import InputSpec, load
from mcugen.frontend.quantize import quantize
from mcugen.frontend.quantizer_options import PLAIN
from tests.frontend.programs import compare, transposes

MACS = {"ds_cnn": 2_656_768, "mobilenet_v1": 7_489_664, "resnet8": 12_501_632, "autoencoder": 264_192}


@pytest.mark.parametrize(
    "name", [pytest.param(m, marks=[pytest.mark.slow] if m in ("mobilenet_v1", "resnet8") else []) for m in MODELS]
)
def test_example(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    model = MODELS[name]
    archive, data = export(name, tmp_path_factory.mktemp(name), samples=3)
    graph = load_model(archive, data)
    if name in MACS:
        assert graph.macs() == MACS[name] == model.MACS
    assert not transposes(graph)
    assert not {"pad", "clamp", "requantize"}.intersection(op.kind for op in graph.operators)
    (port,) = graph.inputs
    assert (port.name, port.shape) == (model.INPUT_NAME, model.INPUT_SHAPE)

    samples = load(data, [InputSpec(model.INPUT_NAME, model.INPUT_SHAPE)])
    module = quantize(load_archive(archive).module(check_guards=False), samples, options=PLAIN)
    result = compare(module, model.INPUT_SHAPE, count=1)
    assert result.layer <= 1, result.where


@pytest.mark.parametrize("name", MODELS)
def test_models_and_data_are_seeded(name: str) -> None:
    model = MODELS[name]
    first, second, other = model.build(0).state_dict(), model.build(0).state_dict(), model.build(1).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)
    assert np.array_equal(model.calibration(2, 5), model.calibration(2, 5))
    assert model.calibration(2, 5).shape == (2, *model.INPUT_SHAPE[1:])
    assert not model.build().training
