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

    def _tried(self, node: Node, precision: Precision) -> tuple[Operator, ...] | None:
        # Of the same reach in either type: what int16 is 256 times as far from is no layer of the model.
        wanted = Quantization.per_tensor(2.0 ** (8 - precision.activations), 0, precision.activations)
        stage = Rehearsal(self._module, ROWS, is_known, stand_in=wanted, weight_bits=precision.weights)
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


def _is_whole(tensor: Tensor) -> bool:
    """Whether an activation's type is that of its quantization."""
    return tensor.is_constant or tensor.quantization is None or tensor.dtype == tensor.quantization.dtype


def kinds(operators: Iterable[Operator] | None) -> set[str]:
    """Of the operators that are the node's own: not of what turns and converts its operands."""
    return {op.kind for op in operators or () if not isinstance(op, Requantize | Reshape | Transpose)}
