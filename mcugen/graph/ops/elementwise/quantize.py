"""Between float32 values of the caller's and quantized activations, at a network's borders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_quantized, require_shape
from mcugen.graph.quantization import dequantize, normalize, quantize
from mcugen.graph.tensor import IntArray, Quantization, Tensor

TYPES = ("int8", "int16", "uint8")
"""What float32 becomes and comes from."""


@dataclass(frozen=True, kw_only=True)
class Quantize(Operator):
    """float32 to integers of TYPES, as `mcugen.graph.quantization.quantize` does it; NaN gives the zero point.

    Attributes:
        axis: whose indices have a factor and an offset each: (real - offset) / factor is quantized, computed in double
            precision; None: one factor, which is part of the scale, and no offset.
        factors: positive, exact in float32.
        offsets: as many, exact in float32.
    """

    kind: ClassVar[str] = "quantize"
    axis: int | None = None
    factors: tuple[float, ...] = (1.0,)
    offsets: tuple[float, ...] = (0.0,)

    def quantization(self, output: Tensor) -> Quantization:
        """Of the numbers that are quantized; behind the factors where there are several."""
        factor = self.factors[0] if self.axis is None else 1.0
        return Quantization.per_tensor(output.scale * factor, output.zero_point)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require(inputs[0].dtype == "float32", self, f"takes float32, not {inputs[0].dtype}")
        require(not inputs[0].is_constant, self, "takes no constant")
        require(outputs[0].dtype in TYPES, self, f"makes no {outputs[0].dtype}")
        require_quantized(self, outputs[0])
        require_shape(self, outputs[0], inputs[0].shape)
        count = 1 if self.axis is None else inputs[0].shape[self.axis]
        require(len(self.factors) == len(self.offsets) == count, self, f"needs {count} factors and offsets")
        require(self.axis is not None or not self.offsets[0], self, "one factor for all has no offset")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        (real,), (out,) = inputs, tensors_out
        values = real if self.axis is None else normalize(real, self.axis, self.factors, self.offsets)
        return [quantize(np.where(np.isnan(values), np.float32(0), values), self.quantization(out), out.dtype)]


@dataclass(frozen=True, kw_only=True)
class Dequantize(Operator):
    """Integers of TYPES to float32: (integer - zero point) * scale, rounded once."""

    kind: ClassVar[str] = "dequantize"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require(inputs[0].dtype in TYPES, self, f"takes no {inputs[0].dtype}")
        require(outputs[0].dtype == "float32", self, f"makes float32, not {outputs[0].dtype}")
        require_quantized(self, inputs[0])
        require_shape(self, outputs[0], inputs[0].shape)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        (x,) = tensors_in
        with np.errstate(over="ignore"):
            real: npt.NDArray[Any] = dequantize(inputs[0], Quantization.per_tensor(x.scale, x.zero_point))
        return [real]
