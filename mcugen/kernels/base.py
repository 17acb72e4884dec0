"""The contract between the planner, the emitter and the kernel library.

A `Kernel` is one C function of `kernels_cmsis/` for one operator. It says whether it can run an operator on a CPU,
and turns the operator into an `Invocation`: everything the planner and the emitter need to know, as plain data.

The C function of every kernel has one fixed shape, so that the emitter needs no table:

    void function(const struct <params_type> *params,
                  const <ctype> *input0[, const <ctype> *input1 ...],
                  const <ctype> *constant0[, const <ctype> *constant1 ...],
                  <ctype> *output0[, <ctype> *output1 ...],
                  void *scratch,           -- only when scratch_bytes > 0
                  void *fast);             -- only when fast_bytes > 0

<ctype> is that of the tensor's dtype (`C_TYPES`): int8_t for quantized activations, int64_t for token ids, uint8_t
(0 or 1) for bool. A kernel that moves data of any type takes bytes: int8_t (`Invocation.as_bytes`).

It is `always_inline`, and the emitter calls it from one function for each distinct (function, params), with a
`static const` params struct: constant propagation specialises it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray

ParamValue = int | tuple[int, ...]

C_TYPES = {
    "bool": "uint8_t",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "float32": "float",
}
"""The C type of an array's elements by the name of its dtype."""


@dataclass(frozen=True, eq=False)
class Constant:
    """An array as the kernel reads it from flash: already packed, in device order.

    Attributes:
        role: what it is, a C identifier unique in its invocation: "weights", "bias", "multiplier", "shift", "table".
        data: 1-D; its dtype gives the C type (int8 -> int8_t ...).
        alignment: bytes.
    """

    role: str
    data: IntArray
    alignment: int = 4


@dataclass(frozen=True)
class Overlap:
    """Permission to let the output share memory with an input that dies at this step.

    The kernel gives the right result whenever  address(output) + distance <= address(input)  (bytes; distance 0 is
    classic in-place; a positive distance means that the output must start that much lower, as in the diagonal memory
    optimisation of Blacker et al., arXiv:2010.01668). Without an Overlap the two must be disjoint.

    Attributes:
        input_index: the input that may be overwritten.
        distance: bytes, see above.
        exact: True when only  address(output) + distance == address(input)  is right, and lower addresses must be
            disjoint: kernels that work channel by channel (depthwise) may overwrite a byte at its own address only.
    """

    input_index: int
    distance: int
    exact: bool = False


@dataclass(frozen=True)
class Images:
    """A kernel that is called for each of several images.

    Attributes:
        count: at least 2.
        inputs, outputs: elements of each from one image to the next. Constants and scratch serve all.
    """

    count: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Invocation:
    """One operator bound to one kernel.

    Attributes:
        kernel: registry name, such as "conv2d_1x1_s8.dsp".
        function: the C function.
        source: the C file below `kernels_cmsis/` that defines it, such as "dsp/convolution/conv2d_1x1_s8.c".
        params_type: C struct tag, such as "mcugen_conv2d_params", declared in `source` or a header that it includes.
        params: the struct's fields; values are integers or tuples of integers (C arrays).
        inputs: names of the activation tensors in call order (constants of the graph are packed into `constants`).
        constants: packed arrays in call order.
        outputs: names of the output tensors.
        scratch_bytes, scratch_alignment: working memory inside the arena, alive during this step only.
        fast_bytes: of a second working memory, faster than the arena and beside it, which one call at a time uses;
            aligned to 16 bytes.
        overlaps: see Overlap.
        images: None for one call.
        as_bytes: True when inputs, constants and outputs are passed as int8_t, whatever their type.
        alias: True when the operator moves no data (reshape): input and output are one buffer, nothing is called.
        fallible: True when the C function returns an int: 0, or a negative status that ends the inference. The caller's
            outputs and the states are written only when all such calls have ended well.
        static_asserts: (C constant expression, message) pairs that the emitted code has to satisfy when it is compiled:
            facts about a library outside the module that the plan relies on.
    """

    kernel: str
    function: str
    source: str
    params_type: str
    params: Mapping[str, ParamValue]
    inputs: tuple[str, ...]
    constants: tuple[Constant, ...]
    outputs: tuple[str, ...]
    scratch_bytes: int = 0
    scratch_alignment: int = 4
    fast_bytes: int = 0
    overlaps: tuple[Overlap, ...] = ()
    images: Images | None = None
    as_bytes: bool = False
    alias: bool = False
    fallible: bool = False
    static_asserts: tuple[tuple[str, str], ...] = ()
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def constant_bytes(self) -> int:
        return sum(int(c.data.nbytes) for c in self.constants)


class Kernel(ABC):
    """One C function for one operator kind. Stateless."""

    name: ClassVar[str]
    library: ClassVar[str]  # "portable", "armv6m", "armv7m", "dsp", "mve", "cmsis_nn"
    operator: ClassVar[type[Operator]]
    enlarges: ClassVar[bool] = False  # its constants are a multiple of the weights: only where speed is asked for
    any_type: ClassVar[bool] = False  # moves bytes: integers of any type, quantized or plain
    wide: ClassVar[bool] = False  # takes quantized int16 too, or alone
    weight_dtype: ClassVar[str] = "int8"  # what it multiplies with: "int8", or "int4"; nothing to say without weights
    limits: ClassVar[str] = ""  # for the user, when nothing fits: what `supports` asks for, such as "1 to 8 inputs"

    def takes(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        """True when the operator is of the kernel's kind, on activations and weights of the types that it is for, and
        it `supports` the rest."""
        tensors = (*graph.input_tensors(op), *graph.output_tensors(op))
        has_int16 = any(t.dtype == "int16" and t.quantization is not None for t in tensors)
        packed = any(t.dtype == "int4" for t in tensors)
        of_type = (self.wide or self.any_type or not has_int16) and packed == (self.weight_dtype == "int4")
        return isinstance(op, self.operator) and of_type and self.supports(op, graph, cpu)

    @abstractmethod
    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        """True when the kernel gives the reference's bits for this operator, with weights of `weight_dtype`, on this
        CPU."""

    @abstractmethod
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        """Packs constants, sizes scratch, states overlaps. Only called when `supports` is true."""

    def cost(self, op: Operator, graph: Graph) -> float:
        """Estimated instructions of one call, calibrated by counting; the registry takes the cheapest kernel."""
        return float("inf")
