"""Plan and schedule -> what `details.json` says of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from mcugen.emit.details import FORMAT, ChoiceDetail, Details, LayerDetail, TensorDetail, WeightsDetail
from mcugen.emit.manifest import QuantizationEntry
from mcugen.emit.module import Call
from mcugen.emit.names import plain_text
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import Tensor
from mcugen.plan.plan import Plan

_BINS = 32
_WIDE = 256
_MOST_VALUES = 16
_COMMON_FIELDS = {field.name for field in dataclasses.fields(Operator)}


def details_of(plan: Plan, calls: Sequence[Call]) -> Details:
    """The details of a module; `calls` are its layers."""
    graph, places = plan.graph, _places(plan)

    def tensor(name: str, number: int = 0) -> TensorDetail:
        return _tensor(graph.tensors[name], places.get(name, f"constant:{number}"))

    return Details(
        format=FORMAT,
        layers=tuple(
            LayerDetail(
                name=call.step.operator.name,
                operator=plain_text(call.step.operator.origin.operator),
                reads=tuple(tensor(name) for name in call.step.invocation.inputs),
                writes=tuple(tensor(name) for name in call.step.invocation.outputs),
                attributes=_attributes(call.step.operator),
                parameters={name: _words(value) for name, value in call.step.invocation.params.items()},
                weights=tuple(_weights(t) for t in graph.input_tensors(call.step.operator) if _is_weights(t)),
                choices=tuple(ChoiceDetail(kernel=c.kernel, cost=c.cost) for c in call.step.choices),
            )
            for call in calls
        ),
        outputs=tuple(tensor(port.tensor, number) for number, port in enumerate(graph.outputs)),
        kept=tuple(tensor(state.result) for state in graph.states),
    )


def _places(plan: Plan) -> dict[str, str]:
    """What gives each activation; steps that call nothing pass on what gives their input."""
    places = {port.tensor: f"input:{i}" for i, port in enumerate(plan.graph.inputs)}
    places |= {state.tensor: f"state:{i}" for i, state in enumerate(plan.graph.states)}
    called = 0
    for step in plan.steps:
        invocation = step.invocation
        if invocation.alias:
            giver = places[invocation.inputs[0]]
        else:
            giver, called = f"layer:{called}", called + 1
        places |= dict.fromkeys(invocation.outputs, giver)
    return places


def _tensor(tensor: Tensor, place: str) -> TensorDetail:
    real = tensor.quantization
    return TensorDetail(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        quantization=None
        if real is None or real.axis is not None
        else QuantizationEntry(scale=real.scale, zero_point=real.zero_point),
        place=place,
    )


def _attributes(op: Operator) -> dict[str, str]:
    """Numbers and words; what is larger (tables, networks) is not for reading."""
    values = {f.name: getattr(op, f.name) for f in dataclasses.fields(op) if f.name not in _COMMON_FIELDS}
    return {name: _words(value) for name, value in values.items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(v, (int, float, str)) for v in value)
    return isinstance(value, (bool, int, float, str))


def _words(value: Any) -> str:
    if isinstance(value, tuple):
        more = f", … {len(value)} values" if len(value) > _MOST_VALUES else ""
        return ", ".join(map(_words, value[:_MOST_VALUES])) + more
    return plain_text(f"{value:.6g}" if isinstance(value, float) else str(value))[:200]


def _is_weights(tensor: Tensor) -> bool:
    """Constants whose distribution says something; biases of 64 bits have any size, where a channel's weights are 0."""
    counted = tensor.quantization is not None and tensor.dtype != "int64"
    return tensor.data is not None and counted and tensor.elements > 1


def _weights(tensor: Tensor) -> WeightsDetail:
    assert tensor.data is not None and tensor.quantization is not None
    low, high = tensor.integer_range
    values = tensor.data.astype(np.int64).reshape(-1)
    if high - low > _WIDE:
        # All bins but a few would be empty.
        low, high = int(values.min()), int(values.max())
    width = max(-(-(high - low + 1) // _BINS), 1)
    counts = np.bincount((values - low) // width, minlength=(high - low) // width + 1)
    scales = tensor.quantization.scales
    return WeightsDetail(
        name=tensor.name,
        shape=tensor.shape,
        dtype=tensor.dtype,
        channels=len(scales),
        scale_low=min(scales),
        scale_high=max(scales),
        zeros=float(np.mean(tensor.data == 0)),
        first=low,
        width=width,
        histogram=tuple(int(n) for n in counts),
    )
