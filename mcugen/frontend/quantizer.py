"""mcugen's PT2E quantizer: which values of a float program get which quantization.

Activations: int8, affine, per tensor. Weights: int8 in [-127, 127], symmetric, per output channel, from their own
extremes. Biases stay float; the importer turns them into integers with scale input x weight. Layers for which rules say
so (`mcugen.frontend.precision`) have int16 activations, symmetric, or int4 weights in [-7, 7]. Observed are

* the model's inputs,
* the result of every computing operator, or of the activation that ends the chain of moving operators behind it, so
  that a convolution, its relu, and a pooling between the two are one integer operator without a value in between,
* sums in front of normalizations with 16 bits (see `mcugen.frontend.wide`),
* functions of one tensor (see `mcugen.frontend.lowering.functions`), at their end alone,
* softmax, sigmoid, tanh and others with a known range, at a fixed scale (LiteRT 8-bit specification).

Operators that only move values, pooling over windows, and concatenations share the observer of their inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torchao.quantization.pt2e import PerChannelMinMaxObserver
from torchao.quantization.pt2e.quantizer import (
    FixedQParamsQuantizationSpec,
    QuantizationAnnotation,
    QuantizationSpec,
    Quantizer,
    SharedQuantizationSpec,
)

from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import INTEGERS, bind, dtype_of
from mcugen.frontend.lowering.constants import covering
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.functions import Functions, fixed_range
from mcugen.frontend.lowering.row import KEPT, PROBABILITY, Role, Row
from mcugen.frontend.precision.assign import Assignment, assign, follows
from mcugen.frontend.precision.rules import EVERYTHING_INT8, Rules
from mcugen.frontend.quantizer_options import Observer
from mcugen.frontend.ranges.flat import needed_range
from mcugen.frontend.ranges.least_squares import PerChannelLeastSquaresObserver
from mcugen.frontend.ranges.observe import STATE
from mcugen.frontend.ranges.observers import CLASSES, arguments_of
from mcugen.frontend.ranges.rounding import SCALE_OF_ZERO, restricted, rounded
from mcugen.frontend.ranges.shares import SHARES
from mcugen.frontend.ranges.tail import TailObserver
from mcugen.frontend.wide import row_of, wide_values
from mcugen.graph.tensor import Quantization

ANNOTATION = "quantization_annotation"

SMALLEST_SCALE = 2.0**-80
"""Of activations; signals that fade out along a network stay far above. Its square is still a float32 number."""


def fixed_spec(scale: float, zero_point: int, bits: int = 8) -> FixedQParamsQuantizationSpec:
    """int8 or int16, affine, per tensor, without an observer."""
    return FixedQParamsQuantizationSpec(
        dtype=torch.int8 if bits == 8 else torch.int16,
        scale=scale,
        zero_point=zero_point,
        quant_min=-(1 << (bits - 1)),
        quant_max=(1 << (bits - 1)) - 1,
        qscheme=torch.per_tensor_affine,
    )


def fixed_by(quantization: Quantization) -> FixedQParamsQuantizationSpec:
    return fixed_spec(quantization.scale, quantization.zero_point, quantization.bits)


def wide_spec() -> QuantizationSpec:
    """int16, symmetric, per tensor."""
    return QuantizationSpec(
        dtype=torch.int16,
        observer_or_fake_quant_ctr=rounded(TailObserver).with_args(eps=SMALLEST_SCALE),
        quant_min=-32768,
        quant_max=32767,
        qscheme=torch.per_tensor_symmetric,
    )


def activation_spec(
    observer: Observer, needed: Callable[[float, float], tuple[float, float]] | None = None
) -> QuantizationSpec:
    """int8, affine, per tensor, in a range that an observer finds.

    Args:
        needed: see `RangeRounding`.
    """
    kind = CLASSES[observer.name]
    observing = rounded(kind) if needed is None else restricted(kind, needed)
    return QuantizationSpec(
        dtype=torch.int8,
        observer_or_fake_quant_ctr=observing.with_args(eps=SMALLEST_SCALE, **arguments_of(observer)),
        quant_min=-128,
        quant_max=127,
        qscheme=torch.per_tensor_affine,
    )


def weight_spec(channel_axis: int, bits: int = 8) -> QuantizationSpec:
    """Within +-127, or +-7 for 4 bits; symmetric, one scale per output channel.

    Scales of 8 bits come from the channel's largest weight; those of 4 bits are the ones that lose least.
    """
    most = (1 << (bits - 1)) - 1
    observer = PerChannelMinMaxObserver if bits == 8 else PerChannelLeastSquaresObserver
    return QuantizationSpec(
        dtype=torch.int8,
        observer_or_fake_quant_ctr=observer.with_args(eps=2.0**-30),
        quant_min=-most,
        quant_max=most,
        qscheme=torch.per_channel_symmetric,
        ch_axis=channel_axis,
    )


class McuQuantizer(Quantizer):  # type: ignore[misc]
    """See the module's text.

    Args:
        constant_value: gives the tensor a node always has; None for what needs the model's inputs.
        observer: how ranges of activations are found.
        rules: each layer's types.
    """

    def __init__(
        self,
        constant_value: Callable[[Any], torch.Tensor | None],
        observer: Observer,
        rules: Rules = EVERYTHING_INT8,
    ) -> None:
        super().__init__()
        self._constant_value = constant_value
        self._rules = rules
        self._assigned = Assignment()
        self._observer = observer
        self._activation = activation_spec(observer)
        self._wide_activation = wide_spec()

    def _is_constant(self, node: Node) -> bool:
        return self._constant_value(node) is not None

    def annotate(self, model: GraphModule) -> GraphModule:
        """Adds a `QuantizationAnnotation` to every node that is observed."""
        fused: set[Node] = set()
        self._functions = functions = Functions(model, self._constant_value, ROWS)
        self._assigned = assign(self._rules, model, self._constant_value, functions)
        self._wide = wide_values(model, self._constant_value, functions)
        for node in model.graph.nodes:
            if node.op == "placeholder" and (dtype_of(node) in INTEGERS or KEPT in node.meta):
                continue
            if node.op == "placeholder":
                bits = self._assigned.bits_read(node)
                spec = self._ranged(bits) if STATE in node.meta else self._observation(node, bits)
                node.meta[ANNOTATION] = QuantizationAnnotation(output_qspec=spec, _annotated=True)
            elif (source := functions.source(node)) is not None:
                if not functions.is_inner(node):
                    self._annotate_function(node, source, fused)
            elif (row := row_of(node)) is not None and not self._is_constant(node):
                self._annotate(node, row, fused)
        for node in model.graph.nodes:
            if STATE in node.meta and ANNOTATION in node.meta:
                self._share_state(model, node)
        return model

    def warnings(self) -> list[str]:
        """What `annotate` could not do as the rules ask."""
        return self._assigned.warnings()

    def _ranged(self, bits: int) -> QuantizationSpec:
        """With an observer."""
        return self._wide_activation if bits == 16 else self._activation

    def validate(self, model: GraphModule) -> None:
        """Nothing to check: `annotate` decides alone."""

    def _annotate(self, node: Node, row: Row[Lowering], fused: set[Node]) -> None:
        if dtype_of(node) in INTEGERS or KEPT in node.meta:
            # Indices, comparisons, masks, what is kept: without a scale, but real operands need one.
            if row.role not in (Role.TRANSPARENT, Role.JOIN):
                self._set(node, self._operands(node, row), None)
            return
        shares = row.shares is not None and row.shares(node)
        if shares or row.role in (Role.TRANSPARENT, Role.ACTIVATION):
            if node not in fused:
                source = node.all_input_nodes[0]
                self._set(node, {source: self._given(source, node)}, SharedQuantizationSpec((source, node)))
        elif row.role is Role.JOIN:
            self._annotate_join(node)
        else:
            self._annotate_compute(node, row, fused)

    def _annotate_function(self, node: Node, source: Node, fused: set[Node]) -> None:
        functions = self._functions
        # The source is observed by its own annotation; inner steps read what its observer gives.
        inputs = {source: self._given(source, node)} if source in node.all_input_nodes else {}
        steps = [step for step in source.users if functions.source(step) is source and functions.is_inner(step)]
        if not inputs and len(steps) == 1 and self._observed_wide(source) and not self._takes_int16(steps[0]):
            # A function without an int16 form reads int8 where it begins, which is not where it ends.
            self._set(steps[0], {source: self._given(source, steps[0])}, None)
        fixed = fixed_range(node, self._assigned.of(node).activations)
        if dtype_of(node) in INTEGERS:
            self._set(node, inputs, None)
        elif fixed is not None:
            self._set(node, inputs, fixed_by(fixed))
        else:
            self._set_end(node, inputs, fused)

    def _share_state(self, model: GraphModule, state: Node) -> None:
        """Gives both sides of a state one observer. A result with a range known beforehand is requantized."""
        (end,) = (n for n in model.graph.nodes if n.op == "output")
        result = end.args[0][state.meta[STATE]]
        root = self._observed(result) if isinstance(result, Node) else None
        if root is None or root is self._observed(state):
            return
        order = {node: index for index, node in enumerate(model.graph.nodes)}
        annotation = root.meta[ANNOTATION]
        if isinstance(annotation.output_qspec, FixedQParamsQuantizationSpec):
            return
        if order[root] < order[state]:
            self._set(state, {}, SharedQuantizationSpec(root))
        else:
            # An observer is that of the first node in order.
            self._set(root, annotation.input_qspec_map, SharedQuantizationSpec(state))

    @staticmethod
    def _observed(node: Node) -> Node | None:
        """The node whose observer gives the range of a value; None when nothing observes it."""
        while True:
            annotation = node.meta.get(ANNOTATION)
            spec = annotation.output_qspec if annotation is not None else None
            if not isinstance(spec, SharedQuantizationSpec):
                return node if spec is not None else None
            source = spec.edge_or_node
            node = source[0] if isinstance(source, tuple) else source

    def _observed_wide(self, source: Node) -> QuantizationSpec | None:
        """How a value is observed that is int16; None of another one."""
        root = self._observed(source)
        observed = root.meta[ANNOTATION].output_qspec if root is not None else None
        return observed if observed is not None and observed.dtype == torch.int16 else None

    def _given(self, source: Node, reader: Node) -> QuantizationSpec:
        """What a reader of `source` asks for: to share its observer, or the fixed quantization that it has."""
        if source in self._wide:
            takes = reader in self._wide or self._normalizes(reader) or self._assigned.of(reader).activations == 16
            return self._wide_activation if takes else self._activation
        wide = self._observed_wide(source)
        if wide is not None:
            return wide if self._takes_int16(reader) else self._activation
        annotation = source.meta.get(ANNOTATION)
        given = annotation.output_qspec if annotation is not None else None
        own = isinstance(given, QuantizationSpec | FixedQParamsQuantizationSpec)
        return given if own else self._activation

    def _normalizes(self, reader: Node) -> bool:
        """Whether it reads sums of 16 bits, whatever its own precision is."""
        row = row_of(reader)
        reads = row is not None and row.wide is not None and row.wide(reader)
        return reads and self._functions.source(reader) is None

    def _takes_int16(self, reader: Node) -> bool:
        """What computes has a precision of its own, what moves values has that of the values, if it can."""
        row = row_of(reader)
        if self._functions.source(reader) is None and row is not None and follows(reader, row):
            return reader not in self._assigned.narrow
        return self._assigned.of(reader).activations == 16 or self._normalizes(reader)

    def _annotate_join(self, node: Node) -> None:
        sources = [n for n in node.all_input_nodes if not self._is_constant(n)]
        if not sources:
            return
        shared = SharedQuantizationSpec((sources[0], node))
        own = self._ranged(16 if node in self._wide else self._assigned.of(node).activations)
        inputs = {source: own if source is sources[0] else shared for source in sources}
        self._set(node, inputs, shared)

    def _operands(self, node: Node, row: Row[Lowering]) -> dict[Node, object]:
        """The real activations that a computing operator reads."""
        bound = bind(node)
        operands = [bound[name] for name in row.operands]
        return {
            n: self._given(n, node)
            for n in operands
            if isinstance(n, Node) and not self._is_constant(n) and dtype_of(n) not in INTEGERS and KEPT not in n.meta
        }

    def _annotate_compute(self, node: Node, row: Row[Lowering], fused: set[Node]) -> None:
        bound = bind(node)
        precision = self._assigned.of(node)
        inputs = self._operands(node, row)
        weight = bound[row.weight] if row.weight is not None else None
        if isinstance(weight, Node) and self._is_weight(weight, row):
            inputs[weight] = weight_spec(row.channel_axis_of(node), precision.weights)
        values = self._constant_value(bound[row.table]) if row.table is not None else None
        if row.role is Role.PROBABILITY:
            finer = SHARES in node.meta and precision.activations == 8
            self._set(
                node,
                inputs,
                fixed_spec(node.meta[SHARES], -128) if finer else fixed_by(PROBABILITY[precision.activations]),
            )
        elif values is not None:
            found = covering(values.double().numpy(), precision.activations)
            self._set(node, inputs, fixed_spec(max(found.scale, SCALE_OF_ZERO), found.zero_point, found.bits))
        else:
            self._set_end(node, inputs, fused)

    def _is_weight(self, value: Node, row: Row[Lowering]) -> bool:
        """False where the operator takes two activations and gets them, or a constant that is no matrix of weights."""
        constant = self._constant_value(value)
        if constant is None:
            return not row.pairs
        return row.weight_axes is None or constant.dim() == row.weight_axes

    def _set_end(self, node: Node, inputs: dict[Node, QuantizationSpec], fused: set[Node]) -> None:
        """Observes the result of `node` at the end of the activations behind it."""
        if node in self._wide:
            self._set(node, inputs, self._wide_activation)
            return
        bits = self._assigned.of(node).activations
        last = self._end_of_activations(node, bits)
        walk = node
        while walk is not last:
            walk = next(iter(walk.users))
            fused.add(walk)
        observed = self._observation(last, bits)
        self._set(node, inputs, observed if last is node else None)
        if last is not node:
            self._set(last, {}, observed)

    def _observation(self, node: Node, bits: int) -> QuantizationSpec:
        """How a value is observed: where all its readers are functions, only as far as these are not flat.

        Steps of 16 bits are fine enough for the whole range.
        """
        if bits == 16:
            return self._wide_activation
        ends: set[Node] = set()
        todo = list(node.users)
        while todo:
            user = todo.pop()
            if self._functions.source(user) is not node or dtype_of(user) in INTEGERS:
                return self._activation
            if self._functions.is_inner(user):
                todo.extend(user.users)
            else:
                ends.add(user)
        if not ends:
            return self._activation
        functions = [self._functions.function(end) for end in sorted(ends, key=lambda n: n.name)]

        def needed(low: float, high: float) -> tuple[float, float]:
            found = [needed_range(function, low, high) for function in functions]
            return min(f[0] for f in found), max(f[1] for f in found)

        return activation_spec(self._observer, needed)

    def _end_of_activations(self, node: Node, bits: int) -> Node:
        """The last activation that is reached from `node` through single uses by moving operators; else `node`."""
        last = walk = node
        while len(walk.users) == 1:
            walk = next(iter(walk.users))
            row = row_of(walk)
            if row is None or row.role not in (Role.TRANSPARENT, Role.ACTIVATION):
                break
            if bits == 16 and walk in self._assigned.narrow:
                break
            if row.role is Role.ACTIVATION:
                last = walk
        return last

    @staticmethod
    def _set(node: Node, inputs: dict[Node, object], output: object) -> None:
        node.meta[ANNOTATION] = QuantizationAnnotation(input_qspec_map=inputs, output_qspec=output, _annotated=True)
