"""Plan and rendered sources -> the manifest's entries."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from mcugen import __version__
from mcugen.emit import manifest as manifests
from mcugen.emit.module import Call, ModuleText, port_parameters
from mcugen.emit.npu import npu_entry
from mcugen.ethosu.partition import Partition
from mcugen.graph.graph import Graph, Port
from mcugen.graph.limits import accepted_range
from mcugen.plan.plan import Plan


def manifest_of(
    plan: Plan,
    text: ModuleText,
    name: str,
    entry: manifests.ModelEntry,
    files: Mapping[PurePosixPath, bytes],
    options: dict[str, Any],
    partition: Partition | None,
) -> manifests.Manifest:
    """The manifest of a module called `name`; `files` are all but the manifest itself."""
    graph, arena = plan.graph, plan.arena
    inputs = _ports(graph, graph.inputs, "input")
    outputs = _ports(graph, graph.outputs, "output")
    return manifests.Manifest(
        format=manifests.FORMAT,
        mcugen=__version__,
        name=name,
        model=entry,
        board=manifests.board_entry(plan.board),
        options=options,
        inputs=inputs,
        outputs=outputs,
        states=_states(plan),
        macs=sum(s.macs for s in plan.steps),
        accuracy=_accuracy(graph),
        warnings=tuple(_one_line(text) for text in graph.warnings),
        layers=tuple(_layer(graph, call) for call in text.calls),
        npu=npu_entry(partition, _one_line) if partition else None,
        memory=manifests.MemoryEntry(
            arena_bytes=arena.size,
            arena_alignment=arena.alignment,
            lower_bound=arena.lower_bound,
            live_bound=arena.live_bound,
            constant_bytes=text.constant_bytes,
            input_bytes=sum(p.size_bytes for p in inputs),
            output_bytes=sum(p.size_bytes for p in outputs),
            state_bytes=plan.state.size if plan.state else 0,
            fast_bytes=plan.fast_bytes,
            arena=_buffers(plan),
        ),
        files={str(path): hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())},
    )


def _buffers(plan: Plan) -> tuple[manifests.BufferEntry, ...]:
    """Lifetimes in layers: the plan's steps without the alias steps, which call nothing."""
    called = [index for index, step in enumerate(plan.steps) if not step.invocation.alias]
    layer = {step: number for number, step in enumerate(called)}
    return tuple(
        manifests.BufferEntry(
            name=p.buffer, offset=p.offset, size=p.size, first_step=layer[p.first_step], last_step=layer[p.last_step]
        )
        for p in sorted(plan.arena.placements.values(), key=lambda p: (p.first_step, p.offset, p.buffer))
    )


def _states(plan: Plan) -> tuple[manifests.StateEntry, ...]:
    entries = []
    for state, offset in zip(plan.graph.states, plan.state.offsets if plan.state else (), strict=True):
        tensor = plan.graph.tensors[state.tensor]
        real = tensor.quantization
        entries.append(
            manifests.StateEntry(
                name=state.name,
                device_shape=tensor.shape,
                dtype=tensor.dtype,
                size_bytes=tensor.size_bytes,
                offset=offset,
                quantization=None
                if real is None
                else manifests.QuantizationEntry(scale=real.scale, zero_point=real.zero_point),
            )
        )
    return tuple(entries)


def _ports(graph: Graph, ports: tuple[Port, ...], group: str) -> tuple[manifests.PortEntry, ...]:
    entries = []
    for port, c_name in zip(ports, port_parameters(ports, group), strict=True):
        tensor, real = graph.tensors[port.tensor], graph.real_quantization(port)
        entries.append(
            manifests.PortEntry(
                name=port.name,
                c_name=c_name,
                shape=port.shape,
                device_shape=tensor.shape,
                to_device=port.to_device,
                dtype=tensor.dtype,
                size_bytes=tensor.size_bytes,
                quantization=None
                if real is None
                else manifests.QuantizationEntry(scale=real.scale, zero_point=real.zero_point),
                limits=_limits(graph, port) if group == "input" else None,
                normalization=_normalization(port),
                calibration=None if port.seen is None else manifests.StatisticsEntry(**dataclasses.asdict(port.seen)),
            )
        )
    return tuple(entries)


def _limits(graph: Graph, port: Port) -> tuple[int, int] | None:
    """Of plain integers and booleans."""
    tensor = graph.tensors[port.tensor]
    plain = tensor.quantization is None and tensor.dtype != "float32"
    return accepted_range(graph, port.tensor) if plain else None


def _normalization(port: Port) -> manifests.NormalizationEntry | None:
    by = port.normalization
    if by is None or by.axis is None:
        # A single factor is in the scale.
        return None
    return manifests.NormalizationEntry(axis=by.axis, factors=by.factors, offsets=by.offsets)


def _one_line(text: str) -> str:
    """Names in it come from the model file."""
    return "".join(c if c.isprintable() else "?" for c in text)[:2000]


def _accuracy(graph: Graph) -> manifests.AccuracyEntry | None:
    known = graph.fidelity
    if known is None:
        return None
    return manifests.AccuracyEntry(
        samples=known.samples,
        sqnr_db=dict(known.sqnr_db),
        program=known.program,
        differing=dict(known.differing),
    )


def _layer(graph: Graph, call: Call) -> manifests.LayerEntry:
    op, invocation = call.step.operator, call.step.invocation
    output, *others = (graph.tensors[name] for name in invocation.outputs)
    return manifests.LayerEntry(
        name=op.name,
        op=op.kind,
        kernel=invocation.kernel,
        macs=call.step.macs,
        inputs=invocation.inputs,
        output=output.name,
        output_shape=output.shape,
        output_bytes=output.size_bytes,
        more_outputs=tuple(manifests.ResultEntry(name=t.name, shape=t.shape, bytes=t.size_bytes) for t in others),
        constant_bytes=sum(int(a.data.nbytes) for a in call.arrays),
        scratch_bytes=invocation.scratch_bytes,
        source=op.origin.source,
        module=op.origin.module,
    )
