"""mcugen's PT2E quantizer: which values of a float program get which quantization.

Activations: int8, affine, per tensor. Weights: int8 in [-127, 127], symmetric, per output channel, from their own
extremes. Biases stay float; the importer turns them into int32 with scale input x weight. Observed are

* the model's inputs,
* the result of every computing operator, or of the activation that ends the chain of moving operators behind it, so
  that a convolution, its relu, and a pooling between the two are one integer operator without a value in between,
* softmax, at the fixed scale 1/256 and zero point -128 (LiteRT 8-bit specification).

Operators that only move values, pooling over windows, and concatenations share the observer of their inputs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e import HistogramObserver, MinMaxObserver, PerChannelMinMaxObserver
from torchao.quantization.pt2e.quantizer import (
    FixedQParamsQuantizationSpec,
    QuantizationAnnotation,
    QuantizationSpec,
    Quantizer,
    SharedQuantizationSpec,
)

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import bind, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row

ANNOTATION = "quantization_annotation"

# Scales below this leave the range of the integer arithmetic (softmax needs > 2**-26); a constant zero gives it.
SMALLEST_SCALE = 2.0**-24

ACTIVATION_OBSERVERS = {"minmax": MinMaxObserver, "histogram": HistogramObserver}

PROBABILITY = FixedQParamsQuantizationSpec(
    dtype=torch.int8,
    scale=1.0 / 256.0,
    zero_point=-128,
    quant_min=-128,
    quant_max=127,
    qscheme=torch.per_tensor_affine,
)


def activation_spec(observer: str) -> QuantizationSpec:
    """int8, affine, per tensor, with one of `ACTIVATION_OBSERVERS`."""
    return QuantizationSpec(
        dtype=torch.int8,
        observer_or_fake_quant_ctr=ACTIVATION_OBSERVERS[observer].with_args(eps=SMALLEST_SCALE),
        quant_min=-128,
        quant_max=127,
        qscheme=torch.per_tensor_affine,
    )


def weight_spec(channel_axis: int) -> QuantizationSpec:
    """int8 in [-127, 127], symmetric, one scale per output channel."""
    return QuantizationSpec(
        dtype=torch.int8,
        observer_or_fake_quant_ctr=PerChannelMinMaxObserver.with_args(eps=2.0**-30),
        quant_min=-127,
        quant_max=127,
        qscheme=torch.per_channel_symmetric,
        ch_axis=channel_axis,
    )


def row_of(node: Node) -> Row[Lowering] | None:
    return ROWS.get(target_name(node)) if node.op == "call_function" else None


class McuQuantizer(Quantizer):  # type: ignore[misc]
    """See the module's text.

    Args:
        is_constant: tells whether a node's value is known without running the model.
        observer: a key of `ACTIVATION_OBSERVERS`.
    """

    def __init__(self, is_constant: Callable[[Node], bool], observer: str = "minmax") -> None:
        super().__init__()
        self._is_constant = is_constant
        self._activation = activation_spec(observer)

    def annotate(self, model: GraphModule) -> GraphModule:
        """Adds a `QuantizationAnnotation` to every node that is observed."""
        fused: set[Node] = set()
        for node in model.graph.nodes:
            if node.op == "placeholder":
                node.meta[ANNOTATION] = QuantizationAnnotation(output_qspec=self._activation, _annotated=True)
            elif (row := row_of(node)) is not None and not self._is_constant(node):
                self._annotate(node, row, fused)
        return model

    def validate(self, model: GraphModule) -> None:
        """Nothing to check: `annotate` decides alone."""

    def _annotate(self, node: Node, row: Row[Lowering], fused: set[Node]) -> None:
        shares = row.shares is not None and row.shares(node)
        if shares or row.role in (Role.TRANSPARENT, Role.ACTIVATION):
            if node not in fused:
                source = node.all_input_nodes[0]
                self._set(node, {source: self._activation}, SharedQuantizationSpec((source, node)))
        elif row.role is Role.JOIN:
            self._annotate_join(node)
        else:
            self._annotate_compute(node, row, fused)

    def _annotate_join(self, node: Node) -> None:
        sources = [n for n in node.all_input_nodes if not self._is_constant(n)]
        if not sources:
            return
        shared = SharedQuantizationSpec((sources[0], node))
        inputs = {source: self._activation if source is sources[0] else shared for source in sources}
        self._set(node, inputs, shared)

    def _annotate_compute(self, node: Node, row: Row[Lowering], fused: set[Node]) -> None:
        bound = bind(node)
        inputs: dict[Node, QuantizationSpec] = {}
        for name in row.operands:
            operand = bound[name]
            if isinstance(operand, Node) and not self._is_constant(operand):
                inputs[operand] = self._activation
        if row.weight is not None and isinstance(bound[row.weight], Node):
            inputs[bound[row.weight]] = weight_spec(row.channel_axis)
        if row.role is Role.PROBABILITY:
            self._set(node, inputs, PROBABILITY)
            return
        last = self._end_of_activations(node)
        walk = node
        while walk is not last:
            walk = next(iter(walk.users))
            fused.add(walk)
        self._set(node, inputs, self._activation if last is node else None)
        if last is not node:
            self._set(last, {}, self._activation)

    def _end_of_activations(self, node: Node) -> Node:
        """The last activation that is reached from `node` through single uses by moving operators; else `node`."""
        last = walk = node
        while len(walk.users) == 1:
            walk = next(iter(walk.users))
            row = row_of(walk)
            if row is None or row.role not in (Role.TRANSPARENT, Role.ACTIVATION):
                break
            if row.role is Role.ACTIVATION:
                last = walk
        return last

    @staticmethod
    def _set(node: Node, inputs: dict[Node, object], output: object) -> None:
        node.meta[ANNOTATION] = QuantizationAnnotation(input_qspec_map=inputs, output_qspec=output, _annotated=True)
