"""The quantize and dequantize operators of the `quantized_decomposed` namespace, as plain numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch.fx import Node

from mcugen.frontend.lowering.arguments import bind
from mcugen.frontend.quantized_operators import NAMESPACE
from mcugen.graph.tensor import Quantization


@dataclass(frozen=True)
class Affine:
    """One q or dq node's parameters, moved to signed integers: 8-bit unsigned values are stored minus 128.

    Attributes:
        scales, zero_points: one, or one per slice along `axis`; zero points already include the offset.
        axis: the channel axis; None per tensor.
        low, high: limits of the integers, offset included.
        bits: of the stored type: 8, 16 or 32.
        offset: what to add to a stored integer.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None
    low: int
    high: int
    bits: int
    offset: int

    def quantization(self) -> Quantization:
        return Quantization.per_tensor(self.scales[0], self.zero_points[0], self.bits)

    def limits(self) -> tuple[int, int]:
        lowest, highest = self.quantization().integer_range
        return max(self.low, lowest), min(self.high, highest)


# dtype -> (bits, what to add to make it signed)
_STORAGE = {torch.int8: (8, 0), torch.uint8: (8, -128), torch.int16: (16, 0), torch.int32: (32, 0)}


def _schema(node: Node) -> tuple[str, str]:
    target = node.target
    if node.op != "call_function" or not isinstance(target, torch._ops.OpOverload):
        return "", ""
    namespace, _, name = target._schema.name.partition("::")
    return namespace, name


def is_quantize(node: Node) -> bool:
    namespace, name = _schema(node)
    return namespace == NAMESPACE and name in ("quantize_per_tensor", "quantize_per_channel")


def is_dequantize(node: Node) -> bool:
    namespace, name = _schema(node)
    return namespace == NAMESPACE and name in ("dequantize_per_tensor", "dequantize_per_channel")


def _numbers(value: Any, constant: Callable[[Any], torch.Tensor | None]) -> list[float]:
    tensor = constant(value)
    if tensor is None:
        raise ValueError("quantization parameters are computed at run time")
    return [float(v) for v in tensor.double().reshape(-1)]


def quantization_of(node: Node, constant: Callable[[Any], torch.Tensor | None]) -> Affine:
    """The parameters of a quantize or dequantize node.

    Raises:
        ValueError: they are computed at run time (dynamic quantization).
    """
    bound = bind(node)
    per_channel = "scales" in bound
    bits, offset = _STORAGE.get(bound["dtype"], (0, 0))
    scales = _numbers(bound["scales" if per_channel else "scale"], constant)
    points = bound["zero_points" if per_channel else "zero_point"]
    zeros = [0.0] * len(scales) if points is None else _numbers(points, constant)
    return Affine(
        scales=tuple(scales),
        zero_points=tuple(int(z) + offset for z in zeros),
        axis=int(bound["axis"]) if per_channel else None,
        low=int(_numbers(bound["quant_min"], constant)[0]) + offset,
        high=int(_numbers(bound["quant_max"], constant)[0]) + offset,
        bits=bits,
        offset=offset,
    )
