"""Whether a program can be compiled at all, before anything slow is done with it: every operator is lowered alone.

The operands of a rehearsed operator are stand-ins of the right shape and of any quantization, its weights are zeros. So
the conditions that an operator's builder has (strides, modes, kinds of operands) are found in a float program too, and
all of them at once. What depends on real scales and weights is found when the quantized program is lowered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.advice import BYTES, COMPLEX, REALS, instead
from mcugen.frontend.faults import Faults
from mcugen.frontend.functional import functionalize, is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of, shape_of, target_name
from mcugen.frontend.lowering.constants import Constants
from mcugen.frontend.lowering.context import Lowering, Weights
from mcugen.frontend.lowering.qdq import is_dequantize, is_quantize
from mcugen.frontend.refusals import row_missing, unsupported
from mcugen.frontend.rewrites.assigned import rewrite_assignments
from mcugen.frontend.rewrites.canonical import canonicalize
from mcugen.frontend.rewrites.folding import BATCH_NORMS
from mcugen.frontend.rewrites.masks import rewrite_masks
from mcugen.frontend.rewrites.precomputed import compute_constants
from mcugen.frontend.rewrites.recurrent import expand, refuse_unrolled
from mcugen.frontend.rewrites.simplify import simplify
from mcugen.graph.tensor import Quantization

_ANY = Quantization.per_tensor(1.0, 0)
_COARSE = 2.0**20
"""A weight scale by which no bias comes near the limits of 32 bits."""


def require_supported(module: GraphModule) -> None:
    """Makes the program functional and simple (see the functions that it calls), and rehearses each of its operators.

    What a float program computes without its inputs is computed.

    Raises:
        UnsupportedOperatorError: operators have no integer form; tells all of them.
    """
    faults = Faults()
    functionalize(module, faults)
    expand(module, faults)
    simplify(module)
    rewrite_masks(module, Lowering(module, ROWS, is_known))
    rewrite_assignments(module, Lowering(module, ROWS, is_known))
    canonicalize(module)
    quantized = any(is_quantize(node) or is_dequantize(node) for node in module.graph.nodes)
    if not quantized:
        compute_constants(module, Constants(module, is_known))
    stage = Rehearsal(module, ROWS, is_known)
    if not quantized:
        refuse_unrolled(module, faults)
    for node in module.graph.nodes:
        if node not in faults:
            with faults.at(node):
                _rehearse(stage, node, quantized)
    faults.raise_all()


def _rehearse(stage: Rehearsal, node: Node, quantized: bool) -> None:
    dtype = dtype_of(node)
    if dtype is not None and dtype.is_complex:
        raise unsupported(node, f"its values are {dtype}", COMPLEX)
    if node.op == "placeholder" and not quantized:
        _require_known_type(node)
    if node.op != "call_function" or not node.users or stage.constant_value(node) is not None:
        return
    name = target_name(node)
    if name in BATCH_NORMS:
        _require_evaluation(node)
    if is_quantize(node) or is_dequantize(node):
        stage.require_activation(node, stage.affine(node))
    if is_quantize(node) or is_dequantize(node) or name in BATCH_NORMS:
        return
    if stage.functions.source(node) is not None:
        if not quantized and not stage.functions.is_inner(node):
            _require_known_type(node)
        return
    if name not in ROWS:
        raise row_missing(node)
    if dtype is not None:
        stage.require_shape(node, shape_of(node))
    if not quantized:
        _require_known_type(node)
    row = ROWS[name]
    if row.weight is not None and not row.pairs and stage.constant_value(bind(node)[row.weight]) is None:
        raise unsupported(node, "its weights are no constants", "use layers with constant weights")
    if dtype_of(node) not in INTEGERS:
        row.build(stage, node, _ANY)
    elif row.integers is not None:
        stage.integers[node] = row.integers(stage, node)
    else:
        raise unsupported(node, f"it has no form for values of {dtype_of(node)}", "compute it outside the model")


def _require_evaluation(node: Node) -> None:
    bound = bind(node)
    if bound.get("training") or bound.get("train"):
        raise unsupported(node, "it is in training mode", "call model.eval() before torch.export.export")


def _require_known_type(node: Node) -> None:
    dtype = dtype_of(node)
    if dtype is not None and dtype not in INTEGERS and dtype != torch.float32:
        if dtype.is_floating_point:
            hint = instead(target_name(node), REALS) if node.op == "call_function" else REALS
            raise unsupported(node, f"its values are {dtype}, must be torch.float32", hint)
        raise unsupported(node, f"its values are {dtype}, must be float32, bool or signed integers", BYTES)


@dataclass
class Rehearsal(Lowering):
    """A lowering in which every operand is a stand-in, whatever made it.

    Attributes:
        stand_in: the operands' quantization.
        weight_bits: 4 or 8.
    """

    stand_in: Quantization = _ANY
    weight_bits: int = 8

    def natural(self, node: Node) -> Quantization | None:
        return self.stand_in

    def asked(self, node: Node) -> Quantization | None:
        return self.stand_in

    def operand(self, value: Any, user: Node) -> str:
        if self.constant_value(value) is not None:
            return super().operand(value, user)
        return self.materialize(value, self.stand_in)

    def integer(self, value: Any, user: Node) -> str:
        if self.constant_value(value) is not None or value in self.integers:
            return super().integer(value, user)
        dtype = dtype_of(value)
        if dtype not in INTEGERS:
            raise unsupported(user, f"{value.name!r} is {dtype}, must be integers", "check its type")
        return self.activation(value.name, shape_of(value), None, INTEGERS[dtype])

    def kept(self, node: Node, quantization: Quantization) -> str:
        return self.activation(node.name, shape_of(node), quantization)

    def _materialize(self, node: Node, quantization: Quantization) -> str:
        return self.activation(node.name, shape_of(node), quantization)

    def weights(self, node: Node, user: Node, *, channel_axis: int = 0) -> Weights:
        zeros = np.zeros(shape_of(node), np.int8)
        return Weights(np.moveaxis(zeros, channel_axis, 0), np.array([_COARSE]), self.weight_bits)
