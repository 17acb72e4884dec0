"""Tensors of the integer IR: shape, type, affine quantization, and the bytes of constants."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.integer[Any]]

DTYPES: dict[str, np.dtype[Any]] = {
    "int4": np.dtype(np.int8),
    "int8": np.dtype(np.int8),
    "int16": np.dtype(np.int16),
    "int32": np.dtype(np.int32),
    "int64": np.dtype(np.int64),
    "bool": np.dtype(np.bool_),
    "uint8": np.dtype(np.uint8),
    "float32": np.dtype(np.float32),
}
"""Types of elements, and those of the arrays that hold them. A bool is a byte on the device: 0 or 1. int4 is a type of
constants alone: -8 to 7, one an element here and two a byte on the device. uint8 and
float32 are ones of ports alone: what reads them makes integers of them that the network computes with."""

ACTIVATION_DTYPES = tuple(name for name in DTYPES if name not in ("int4", "uint8", "float32"))
"""Types that operators compute with."""

PORT_DTYPES = (*ACTIVATION_DTYPES, "uint8", "float32")
"""Types of what a module takes and gives."""

MAX_RANK = 6


def dtype_range(dtype: str) -> tuple[int, int]:
    """The lowest and highest value of a key of `DTYPES` that is one of integers; ValueError for float32."""
    if dtype == "bool":
        return 0, 1
    if dtype == "int4":
        return -8, 7
    info = np.iinfo(DTYPES[dtype])
    return int(info.min), int(info.max)


@dataclass(frozen=True)
class Quantization:
    """real = scale * (integer - zero_point), LiteRT 8-bit specification.

    Attributes:
        scales: one float (per tensor) or one for each slice along `axis` (per channel). Values are float32-exact.
        zero_points: as many as scales.
        axis: the channel axis, None when per tensor.
        bits: of an activation's integers, 8, 16 or 32. Constants have the type of their tensor.
    """

    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    axis: int | None = None
    bits: int = 8

    def __post_init__(self) -> None:
        if len(self.scales) != len(self.zero_points) or not self.scales:
            raise ValueError("scales and zero_points must have the same, nonzero length")
        if self.axis is None and len(self.scales) != 1:
            raise ValueError("per-tensor quantization has exactly one scale")
        if not all(np.isfinite(s) and s > 0 for s in self.scales):
            raise ValueError(f"scales must be finite and positive, got {self.scales}")

    @staticmethod
    def per_tensor(scale: float, zero_point: int, bits: int = 8) -> Quantization:
        return Quantization((float(np.float32(scale)),), (int(zero_point),), bits=bits)

    @staticmethod
    def per_channel(scales: npt.ArrayLike, axis: int) -> Quantization:
        """Symmetric: all zero points are 0."""
        values = tuple(float(np.float32(s)) for s in np.asarray(scales).reshape(-1))
        return Quantization(values, (0,) * len(values), axis)

    @property
    def dtype(self) -> str:
        """Of an activation's integers."""
        return f"int{self.bits}"

    @property
    def integer_range(self) -> tuple[int, int]:
        """The lowest and highest integer of an activation."""
        return -(1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1

    @property
    def scale(self) -> float:
        """The scale of a per-tensor quantization."""
        if self.axis is not None:
            raise ValueError("per-channel quantization has no single scale")
        return self.scales[0]

    @property
    def zero_point(self) -> int:
        if self.axis is not None:
            raise ValueError("per-channel quantization has no single zero point")
        return self.zero_points[0]


@dataclass(frozen=True)
class Origin:
    """Where in the user's program an operator or tensor comes from.

    Attributes:
        source: "file.py:12", the Python line that made it; empty when unknown.
        module: module path such as "blocks.0.conv"; empty when unknown.
        operator: the framework's operator name, such as "aten.conv2d.default".
    """

    source: str = ""
    module: str = ""
    operator: str = ""

    def __str__(self) -> str:
        parts = [p for p in (self.operator, self.module and f"module {self.module}", self.source) if p]
        return ", ".join(parts) or "unknown origin"


@dataclass(frozen=True, eq=False)
class Tensor:
    """A value in the graph: an activation, or a constant when `data` is given.

    Attributes:
        name: unique in its graph.
        shape: without dynamic dimensions; images are NHWC. At most `MAX_RANK` axes.
        dtype: a key of `DTYPES`.
        quantization: None for plain integers and booleans (indices, lengths, masks).
        data: the constant's values, of the array type of `dtype` and of shape `shape`; None for activations.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    quantization: Quantization | None = None
    data: IntArray | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"tensor {self.name}: unknown dtype {self.dtype}")
        if self.data is not None and (self.data.shape != self.shape or self.data.dtype != DTYPES[self.dtype]):
            raise ValueError(
                f"tensor {self.name}: data is {self.data.dtype}{self.data.shape}, declared {self.dtype}{self.shape}"
            )
        if self.dtype == "int4":
            if self.data is None:
                raise ValueError(f"tensor {self.name}: only constants are {self.dtype}")
            low, high = dtype_range(self.dtype)
            if self.data.size and not (low <= self.data.min() and self.data.max() <= high):
                raise ValueError(f"tensor {self.name}: {self.dtype} data must be within {low} and {high}")

    @property
    def is_constant(self) -> bool:
        return self.data is not None

    @property
    def elements(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def size_bytes(self) -> int:
        """On the device, where two int4 share a byte."""
        if self.dtype == "int4":
            return (self.elements + 1) // 2
        return self.elements * DTYPES[self.dtype].itemsize

    @property
    def bits(self) -> int:
        """Of an element."""
        return 8 * DTYPES[self.dtype].itemsize

    @property
    def scale(self) -> float:
        assert self.quantization is not None, self.name
        return self.quantization.scale

    @property
    def zero_point(self) -> int:
        assert self.quantization is not None, self.name
        return self.quantization.zero_point

    @property
    def integer_range(self) -> tuple[int, int]:
        return dtype_range(self.dtype)
