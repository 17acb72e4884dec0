"""What the wrappers of CMSIS-NN functions have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.nibbles import pack_nibbles
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, FullyConnected
from mcugen.graph.ops.accumulator import shifts_without_overflow
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap, ParamValue
from mcugen.kernels.cmsis_nn.core import CoreClass, core_class
from mcugen.kernels.cmsis_nn.interface import Interface

# CMSIS-NN holds many sizes in uint16_t, and positions inside the input in int16_t.
LARGEST_SIZE = 0x7FFF

Assertion = tuple[str, str]


class CmsisNnKernel(Kernel):
    """A CMSIS-NN function for one class of core and one interface.

    Subclasses say which C function they wrap (`arm`), which core classes have it, and when it is exact.

    Attributes:
        core: the class of core that the working memory and the constants are made for.
        interface: the major revision that is called.
    """

    library: ClassVar[str] = "cmsis_nn"
    arm: ClassVar[str]
    family: ClassVar[str]  # the folder of kernels_cmsis/cmsis_nn/
    activations: ClassVar[str] = "int8"
    params_type: ClassVar[str]
    cores: ClassVar[tuple[CoreClass, ...]] = tuple(CoreClass)

    def __init__(self, core: CoreClass, interface: Interface) -> None:
        self.core = core
        self.interface = interface

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if type(op) is not self.operator or core_class(cpu) is not self.core:
            return False
        activations = [t for t in (*graph.input_tensors(op), *graph.output_tensors(op)) if not t.is_constant]
        own = all(t.dtype == self.activations and t.quantization is not None for t in activations)
        return own and self.exact(op, graph)

    def exact(self, op: Operator, graph: Graph) -> bool:
        """True when the function gives the reference's bits for this operator."""
        return True

    def stored(self, weights: Tensor) -> IntArray:
        """Constant weights in one row, as the function reads them: int4 two a byte, the first one in the low bits."""
        assert weights.data is not None
        return pack_nibbles(weights.data) if self.weight_dtype == "int4" else weights.data.reshape(-1)

    def invocation(
        self,
        op: Operator,
        params: Mapping[str, ParamValue],
        *,
        inputs: Sequence[str] | None = None,
        constants: Sequence[Constant] = (),
        function: str | None = None,
        source: str | None = None,
        scratch: tuple[str, int] | None = None,
        overlaps: Sequence[Overlap] = (),
    ) -> Invocation:
        """An Invocation of the wrapper `mcugen_cmsis_nn_<arm>`.

        Args:
            inputs: default: the operator's first input.
            function, source: without prefix and suffix, where they differ from `arm`.
            scratch: the C expression of the size, and the size, bytes.
        """
        name = function or self.arm
        assertions = [*self._assertions()]
        if scratch is not None:
            expression, size = scratch
            assertions.append((f"{expression} == {size}", "CMSIS-NN needs another amount of scratch than was planned"))
            params = {**params, "scratch_bytes": size}
        return Invocation(
            kernel=self.name,
            function=f"mcugen_cmsis_nn_{name}",
            source=f"cmsis_nn/{self.family}/{source or name}.c",
            params_type=self.params_type,
            params=params,
            inputs=tuple(op.inputs[:1] if inputs is None else inputs),
            constants=tuple(constants),
            outputs=op.outputs,
            scratch_bytes=scratch[1] if scratch else 0,
            overlaps=tuple(overlaps),
            static_asserts=tuple(assertions),
        )

    def _assertions(self) -> Sequence[Assertion]:
        return (
            (
                f"MCUGEN_CMSIS_NN_IS_V{self.interface.major}",
                f"emitted for CMSIS-NN with arm_nnfunctions.h V{self.interface.major}, "
                "built with another version: emit again",
            ),
            (
                f"MCUGEN_CMSIS_NN_CORE == MCUGEN_CMSIS_NN_{self.core.value}",
                f"emitted for CMSIS-NN's {self.core.value} code, built for another class of core: emit again",
            ),
        )


def requantizes_without_overflow(op: Conv2d | DepthwiseConv2d | FullyConnected, graph: Graph) -> bool:
    """CMSIS-NN's requantization guards neither its left shift nor the addition of the zero point."""
    inputs, outputs = graph.input_tensors(op), graph.output_tensors(op)
    ranges, requantization = op.accumulator_ranges(inputs), op.requantization(inputs, outputs)
    return shifts_without_overflow(ranges, requantization, outputs[0].zero_point)


def bias_or_zeros(bias: IntArray | None, channels: int) -> IntArray:
    """CMSIS-NN takes NULL too, but then reads wrong addresses in grouped convolutions."""
    return np.zeros(channels, np.int32) if bias is None else bias


def padded(values: IntArray, multiple: int) -> IntArray:
    """1-D, with zeros up to a multiple of elements: Helium kernels read whole vectors, beyond the last channel."""
    flat = values.reshape(-1)
    return np.pad(flat, (0, -len(flat) % multiple))


def wrapped_int32(values: npt.NDArray[np.int64]) -> IntArray:
    """Modulo 2**32, as accumulators are."""
    return (values & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
