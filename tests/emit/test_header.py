"""An input whose channels have scales of their own: the header says how to quantize, in the device's layout."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from mcugen import api
from mcugen.graph.graph import Graph, Normalization
from tests.plan.networks import NetworkBuilder


def header_and_manifest(by: Normalization) -> tuple[str, api.Module]:
    net = NetworkBuilder("sensors")
    graph = net.build(net.conv(net.input(1, 4, 4, 2), 2))
    (port,) = graph.inputs
    turned = replace(port, shape=(1, 2, 4, 4), to_device=(0, 2, 3, 1), normalization=by)
    graph = graph.with_changes(inputs=[turned])
    assert isinstance(graph, Graph)
    module = api.compile(graph, api.Options(board="nrf5340dk"))
    return module.files[PurePosixPath("include/sensors.h")].decode(), module


def test_channels() -> None:
    by = Normalization(1, (2.0, 300.0), (0.0, 1000.5))
    text, module = header_and_manifest(by)
    assert "#define SENSORS_INPUT_0_CHANNEL_AXIS 3\n" in text
    assert "#define SENSORS_INPUT_0_FACTORS {2.0f, 300.0f}\n" in text
    assert "#define SENSORS_INPUT_0_OFFSETS {0.0f, 1000.5f}\n" in text
    (entry,) = module.manifest.inputs
    assert entry.normalization is not None and entry.normalization.model_dump() == by.__dict__


def test_one_factor_is_in_the_scale() -> None:
    text, module = header_and_manifest(Normalization(None, (256.0,), (0.0,)))
    (entry,) = module.manifest.inputs
    scale = module.plan.graph.tensor(module.plan.graph.inputs[0].tensor).scale
    assert entry.normalization is None and entry.quantization.scale == 256 * scale
    assert "FACTORS" not in text and f"INPUT_0_SCALE {256 * scale!r}f" in text
