"""What a module's text says of its ports: layouts, ranges, the loops from the model's layout to the device's."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcugen.emit.names import comment_text, plain_text
from mcugen.graph.graph import Graph, Normalization, Port
from mcugen.graph.limits import accepted_range
from mcugen.graph.ops import Quantize
from mcugen.graph.quantization import quantize, reciprocal
from mcugen.graph.tensor import DTYPES, Quantization
from mcugen.kernels.base import C_TYPES

_VARIABLES = "ijklmn"


@dataclass(frozen=True)
class Loop:
    """One of the loops that visit a port's elements in the device's order.

    Attributes:
        stride: elements of the model's layout between two steps.
        channel: it goes along the axis whose indices have scales of their own.
    """

    variable: str
    extent: int
    stride: int
    channel: bool

    @property
    def term(self) -> str:
        """What it adds to the index in the model's layout."""
        return self.variable if self.stride == 1 else f"{self.stride} * {self.variable}"


def loops_of(shape: Sequence[int], to_device: Sequence[int], channel_axis: int | None = None) -> list[Loop]:
    """As few loops as do, outermost first; at least one.

    Args:
        shape: in the model's layout.
        to_device: device = transpose(model, to_device).
        channel_axis: of `shape`; gets a loop of its own.
    """
    strides = [math.prod(shape[axis + 1 :]) for axis in range(len(shape))]
    merged: list[tuple[int, int, bool]] = []
    for axis in to_device:
        extent, stride, channel = shape[axis], strides[axis], axis == channel_axis
        if extent == 1 and not channel:
            continue
        if merged and not channel and not merged[-1][2] and merged[-1][1] == extent * stride:
            merged[-1] = (merged[-1][0] * extent, stride, False)
        else:
            merged.append((extent, stride, channel))
    merged = merged or [(math.prod(shape), 1, False)]
    return [Loop(_VARIABLES[n], *loop) for n, loop in enumerate(merged)]


def port_context(graph: Graph, port: Port, group: str, c_name: str) -> dict[str, Any]:
    """What the templates ask for. Plain integers have scale 1 and zero point 0: their real value is the integer.

    Args:
        group: "input" or "output".
        c_name: of the parameter of `<name>_run`.
    """
    tensor, real = graph.tensors[port.tensor], graph.real_quantization(port)
    by = port.normalization
    loops = loops_of(port.shape, port.to_device, by.axis if by else None)
    floating = tensor.dtype == "float32"
    low, high = tensor.integer_range if not floating else graph.quantized_of(port).integer_range
    least, most = low, high
    if real is None and group == "input" and not floating:
        low, high = accepted_range(graph, port.tensor)
    context = {
        "comment": comment_text(port.name),
        "c_string": plain_text(port.name),
        "c_name": c_name,
        "dtype": tensor.dtype,
        "c_type": C_TYPES[tensor.dtype],
        "value_type": C_TYPES[tensor.dtype] if real is None else "float",
        "floating": floating,
        "shape": tensor.shape,
        "model_shape": port.shape,
        "axes": port.to_device,
        "elements": tensor.elements,
        "size_bytes": tensor.size_bytes,
        "quantized": real is not None,
        "real": real is not None or floating,
        "scale": "1.0f" if real is None else f"{real.scale!r}f",
        "zero_point": 0 if real is None else real.zero_point,
        "low": low,
        "high": high,
        "low_limited": low > least,
        "high_limited": high < most,
        "channels": _channels(port, loops),
        "loops": loops,
        "index": " + ".join(loop.term for loop in loops),
        "turned": len(loops) > 1 and any(a.stride < b.stride for a, b in itertools.pairwise(loops)),
        "example": _example(port),
        "logits": port.logits,
    }
    if floating:
        return context | _floating_context(graph, port)
    if real is None:
        start = min(max(low, 0), high)
        return context | {"example_low": start, "example_step": min(high - start + 1, 16)}
    return context | _real_context(real, tensor.dtype, (low, high), by)


def _real_context(real: Quantization, dtype: str, span: tuple[int, int], by: Normalization | None) -> dict[str, Any]:
    bottom, top = (real.scale * (integer - real.zero_point) for integer in span)
    # Of the first channel, where they differ.
    factor, offset = (by.factors[0], by.offsets[0]) if by and by.axis is not None else (1.0, 0.0)
    return _examples(bottom * factor + offset, top * factor + offset) | {
        "reciprocal": f"{float(reciprocal(real.scale))!r}f",
        "real_low": f"{bottom:.6g}",
        "real_high": f"{top:.6g}",
        "one": int(quantize(1.0, real, dtype)),
        "wide": DTYPES[dtype].itemsize > 2,
    }


def _floating_context(graph: Graph, port: Port) -> dict[str, Any]:
    """The range that a port of float32 has inside; of the first channel, where they differ."""
    inner = graph.quantized_of(port)
    bottom, top = (inner.scale * (integer - inner.zero_point) for integer in inner.integer_range)
    op = next((op for op in graph.consumers(port.tensor) if isinstance(op, Quantize)), None)
    if op is not None:
        bottom, top = (end * op.factors[0] + op.offsets[0] for end in (bottom, top))
    return _examples(bottom, top) | {
        "real_low": f"{bottom:.6g}",
        "real_high": f"{top:.6g}",
        "several_ranges": op is not None and op.axis is not None,
    }


def _examples(bottom: float, top: float) -> dict[str, Any]:
    """Sixteen values from end to end."""
    return {
        "example_low": f"{float(np.float32(bottom))!r}f",
        "example_step": f"{float(np.float32((top - bottom) / 15))!r}f",
    }


def _example(port: Port) -> dict[str, Any] | None:
    """An element by its indices in the model's layout, and how many lie before it on the device."""
    place = tuple(min(axis, extent - 1) for axis, extent in enumerate(port.shape))
    if not place or min(place) < 0:
        return None
    device = tuple(port.shape[axis] for axis in port.to_device)
    offset = int(np.ravel_multi_index([place[axis] for axis in port.to_device], device))
    return {"place": place, "offset": offset}


def _channels(port: Port, loops: Sequence[Loop]) -> dict[str, Any] | None:
    """Of a port whose channels have scales of their own; the axis is the device's."""
    by = port.normalization
    if by is None or by.axis is None:
        return None
    return {
        "axis": port.to_device.index(by.axis),
        "factors": [f"{value!r}f" for value in by.factors],
        "offsets": [f"{value!r}f" for value in by.offsets],
        "exact_factors": [repr(value) for value in by.factors],
        "exact_offsets": [repr(value) for value in by.offsets],
        "variable": next(loop.variable for loop in loops if loop.channel),
    }
