"""Which operators there are in a type: asked, not known.

A node is lowered alone, its operands stand-ins of that type (see `mcugen.frontend.rehearsal`), and the operators of the
IR that come out say themselves whether they take it.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch.fx import GraphModule, Node

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.precision.types import Precision
from mcugen.frontend.rehearsal import Rehearsal
from mcugen.graph.ops import Operator, Requantize, Reshape, Transpose
from mcugen.graph.tensor import Quantization, Tensor


class Forms:
    """What the nodes of one program become in each type."""

    def __init__(self, module: GraphModule) -> None:
        self._module = module
        self._known: dict[tuple[Node, Precision], tuple[Operator, ...] | None] = {}

    def operators(self, node: Node, precision: Precision) -> tuple[Operator, ...] | None:
        """The operators of the IR; None where there is no such form."""
        key = node, precision
        if key not in self._known:
            self._known[key] = self._tried(node, precision)
        return self._known[key]

    def reads(self, node: Node, bits: int) -> bool:
        """Whether a node whose results are plain integers (a comparison, a place) takes activations of so many bits."""
        row = ROWS.get(target_name(node))
        stage = Rehearsal(self._module, ROWS, is_known, stand_in=_stand_in(bits))
        try:
            if stage.functions.source(node) is not None:
                stage.counted(node)
            elif row is not None and row.integers is not None:
                row.integers(stage, node)
            else:
                return False
            for op in stage.operators:
                inputs, outputs = ([stage.tensors[n] for n in names] for names in (op.inputs, op.outputs))
                op.validate(inputs, outputs)
        except (UnsupportedOperatorError, ValueError):
            return False
        return not stage.narrowed

    def _tried(self, node: Node, precision: Precision) -> tuple[Operator, ...] | None:
        wanted = _stand_in(precision.activations)
        stage = Rehearsal(self._module, ROWS, is_known, stand_in=wanted, weight_bits=precision.weights)
        stage.compute_in(node, precision.activations)
        try:
            if stage.functions.source(node) is not None:
                result = stage.function(node, wanted)
            elif target_name(node) in ROWS:
                result = ROWS[target_name(node)].build(stage, node, wanted)
            else:
                return None
            for op in stage.operators:
                inputs, outputs = ([stage.tensors[n] for n in names] for names in (op.inputs, op.outputs))
                op.validate(inputs, outputs)
                if not all(map(_is_whole, (*inputs, *outputs))):
                    return None
        except (UnsupportedOperatorError, ValueError):
            return None
        if stage.tensors[result].quantization != wanted:
            return None
        if precision.weights == 4 and not any(t.dtype == "int4" for t in stage.tensors.values()):
            return None
        return tuple(stage.operators)


def _stand_in(bits: int) -> Quantization:
    """Of the same reach in either type: one 256 times as far would be no layer of the model."""
    return Quantization.per_tensor(2.0 ** (8 - bits), 0, bits)


def _is_whole(tensor: Tensor) -> bool:
    """Whether an activation's type is that of its quantization."""
    return tensor.is_constant or tensor.quantization is None or tensor.dtype == tensor.quantization.dtype


def kinds(operators: Iterable[Operator] | None) -> set[str]:
    """Of the operators that are the node's own: not of what turns and converts its operands."""
    return {op.kind for op in operators or () if not isinstance(op, Requantize | Reshape | Transpose)}
