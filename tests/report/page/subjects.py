"""Modules for pages: emitted for real, with counts that nobody measured."""

from __future__ import annotations

from pathlib import PurePosixPath

import numpy as np

from mcugen import api
from mcugen.emit.details import DETAILS_NAME, Details
from mcugen.graph.graph import Graph
from mcugen.report.page.subject import Subject
from mcugen.report.page.subjects import emitted, verified
from mcugen.verify.estimate import estimate
from mcugen.verify.result import LayerResult, Measurement, VerifyOutcome
from tests.plan.networks import NetworkBuilder


def counted(module: api.Module, *, cycles: bool = True) -> VerifyOutcome:
    """Every layer takes some instructions for each of its multiply-accumulates."""
    manifest = module.manifest
    generator = np.random.default_rng(1)
    layers = []
    for i, entry in enumerate(manifest.layers):
        instructions = int((entry.macs or entry.output_bytes) * generator.uniform(0.7, 3)) + 40
        alive = manifest.memory.bytes_alive(i)
        layers.append(LayerResult(entry, instructions, 2 * instructions if cycles else None, alive, True))
    total = sum(layer.instructions for layer in layers)
    measurement = Measurement(
        runner="qemu",
        machine="a machine",
        instructions=total,
        cycles=2 * total if cycles else None,
        cycles_source="model:cortex-m4" if cycles else "none",
        arena_bytes=manifest.memory.arena_bytes,
        flash_bytes=manifest.memory.constant_bytes + 4000,
        ram_bytes=manifest.memory.arena_bytes,
        stack_bytes=200,
        layers=tuple(layers),
        stack_bound_bytes=256,
        estimate=estimate(manifest.target, 2 * total, manifest.memory.constant_bytes) if cycles else None,
    )
    return VerifyOutcome(manifest, 4, measurement, {}, ())


def details_of(module: api.Module) -> Details:
    return Details.model_validate_json(module.files[PurePosixPath(DETAILS_NAME)], strict=True)


def subject_of(graph: Graph, *, run: bool = True, board: str = "nrf5340dk") -> Subject:
    module = api.compile(graph, api.Options(board=board))
    if run:
        return verified(counted(module), details_of(module))
    return emitted(module.manifest, details_of(module), api.FlashSize(40_000, "linked"))


def residual(blocks: int) -> Graph:
    """A chain of blocks of two convolutions and an addition: three layers each, and a stem."""
    net = NetworkBuilder("residual")
    x = net.conv(net.input(1, 8, 8, 4), 4)
    for _ in range(blocks):
        x = net.add(x, net.conv(net.conv(x, 4), 4))
    return net.build(net.softmax(net.flatten(x)))
