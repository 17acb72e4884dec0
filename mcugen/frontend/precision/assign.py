"""Rules and a float program together: each layer's precision."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

import torch
from torch.fx import GraphModule, Node

from mcugen.errors import InputError
from mcugen.frontend.functional import is_known
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import INTEGERS, dtype_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.functions import Functions
from mcugen.frontend.lowering.row import KEPT, NARROW, Role, Row
from mcugen.frontend.precision.forms import Forms, kinds
from mcugen.frontend.precision.rules import CONDITIONS, EVERYTHING_INT8, Rule, Rules
from mcugen.frontend.precision.types import INT8, PRECISIONS, Precision
from mcugen.frontend.provenance import origin
from mcugen.frontend.refusals import short_name, without_form
from mcugen.graph.tensor import Origin


@dataclass(frozen=True)
class Layer:
    """An operator that makes new values, by everything that a rule can call it.

    Attributes:
        operators: its names: the framework's, such as "conv2d", and those of the IR's operators that it becomes, such
            as "depthwise_conv2d".
        weighted: whether it has weights; those alone are counted by `first` and `last` of a rule without an operator.
    """

    node: Node
    operators: tuple[str, ...]
    origin: Origin
    weighted: bool

    def called(self, condition: str) -> tuple[str, ...]:
        return {
            "operator": self.operators,
            "module": (self.origin.module,),
            "source": (self.origin.source,),
            "layer": (self.node.name,),
        }[condition]


@dataclass(frozen=True)
class Assignment:
    """Attributes:
    default: of what no rule is about.
    precisions: by node; what is not there is int8.
    refused: layers that have no form in the precision that was asked for, with that; and what else reads or moves
        values of int16 as int8 where everything is to be int16.
    narrow: operators that only move values, and have no form for int16 ones.
    """

    default: Precision = INT8
    precisions: Mapping[Node, Precision] = field(default_factory=dict)
    refused: tuple[tuple[Layer, Precision], ...] = ()
    narrow: frozenset[Node] = frozenset()

    def of(self, node: Node) -> Precision:
        return self.precisions.get(node, INT8)

    def bits_read(self, node: Node) -> int:
        """Of a value that is given: 16 where any layer that reads it, or what it moves to, has int16 activations, or,
        where everything is to be int16, the model returns it."""
        todo = list(node.users)
        while todo:
            user = todo.pop()
            if self.of(user).activations == 16 or (user.op == "output" and self.default.activations == 16):
                return 16
            row = ROWS.get(target_name(user)) if user.op == "call_function" else None
            if row is not None and follows(user, row):
                todo.extend(user.users)
        return 8

    def warnings(self) -> list[str]:
        """A sentence for each precision that some layers do not have."""
        told: list[str] = []
        for wanted in dict.fromkeys(precision for _, precision in self.refused):
            layers = [layer for layer, precision in self.refused if precision == wanted]
            told += without_form(wanted.name, [(layer.operators[0], layer.origin) for layer in layers])
        return told


def follows(node: Node, row: Row[Lowering]) -> bool:
    """Whether the result of an operator has the type of its operand."""
    shares = row.shares is not None and row.shares(node)
    return shares or row.role in (Role.TRANSPARENT, Role.ACTIVATION)


def layers_of(
    module: GraphModule, constant_value: Callable[[Any], torch.Tensor | None], functions: Functions, forms: Forms
) -> list[Layer]:
    """The program's layers, in its order."""
    found = []
    for node in module.graph.nodes:
        if node.op != "call_function" or KEPT in node.meta or constant_value(node) is not None:
            continue
        if dtype_of(node) in INTEGERS:
            continue
        row = ROWS.get(target_name(node))
        if functions.source(node) is not None:
            if functions.is_inner(node):
                continue
        elif row is None or follows(node, row):
            continue
        weighted = row is not None and row.weight is not None and functions.source(node) is None
        names = (short_name(node), *sorted(kinds(forms.operators(node, INT8))))
        found.append(Layer(node, tuple(dict.fromkeys(names)), origin(node), weighted))
    return found


def require_layers(rules: Rules, module: GraphModule) -> None:
    """Raises InputError: a rule holds for no layer of a float program."""
    constants = Lowering(module, ROWS, is_known)
    assign(rules, module, constants.constant_value, constants.functions)


def assign(
    rules: Rules,
    module: GraphModule,
    constant_value: Callable[[Any], torch.Tensor | None],
    functions: Functions,
) -> Assignment:
    """Each layer's precision by the last rule that holds for it.

    Weights of a layer without any have no type: int4 is int8 there.

    Raises:
        InputError: a rule holds for no layer.
    """
    if rules == EVERYTHING_INT8:
        return Assignment()
    forms = Forms(module)
    layers = layers_of(module, constant_value, functions, forms)
    wanted = dict.fromkeys((layer.node for layer in layers), rules.default)
    for rule in rules.rules:
        chosen = _chosen(rule, layers)
        if not chosen:
            raise _without_layers(rule, layers)
        wanted |= dict.fromkeys((layer.node for layer in chosen), rule.precision)
    precisions: dict[Node, Precision] = {}
    refused = []
    for layer in layers:
        precision = wanted[layer.node]
        if not layer.weighted:
            precision = replace(precision, weights=8)
        if precision != INT8 and forms.operators(layer.node, precision) is None:
            refused.append((layer, precision))
            precision = INT8
        precisions[layer.node] = precision
    wide = any(precision.activations == 16 for precision in (*precisions.values(), rules.default))
    narrow = _narrow(module, functions, forms) if wide else []
    if rules.default.activations == 16:
        readers = _readers(module, constant_value, functions)
        takes = {node: forms.reads(node, 16) for node in readers}
        precisions |= {node: PRECISIONS["int16"] for node in readers if takes[node]}
        for node in (*narrow, *(node for node in readers if not takes[node])):
            node.meta[NARROW] = True
            refused.append((Layer(node, (short_name(node),), origin(node), False), PRECISIONS["int16"]))
    _add_inner(precisions, module, functions)
    return Assignment(rules.default, precisions, tuple(refused), frozenset(narrow))


def _add_inner(precisions: dict[Node, Precision], module: GraphModule, functions: Functions) -> None:
    """A function's inner steps have its precision; int16 where any of several functions that share them has it."""
    for node in reversed(module.graph.nodes):
        if functions.source(node) is not None and functions.is_inner(node):
            of_ends = [precisions[user] for user in node.users if user in precisions]
            precisions[node] = max(of_ends, key=lambda precision: precision.activations, default=INT8)


def _readers(
    module: GraphModule, constant_value: Callable[[Any], torch.Tensor | None], functions: Functions
) -> list[Node]:
    """Comparisons, conversions, places of extremes and the like, which make plain integers of real numbers."""
    found = []
    for node in module.graph.nodes:
        if node.op != "call_function" or dtype_of(node) not in INTEGERS or constant_value(node) is not None:
            continue
        if functions.source(node) is not None:
            if not functions.is_inner(node):
                found.append(node)
        elif any(dtype_of(n) not in INTEGERS and constant_value(n) is None for n in node.all_input_nodes):
            found.append(node)
    return found


def _narrow(module: GraphModule, functions: Functions, forms: Forms) -> list[Node]:
    """Operators that would have the type of int16 operands, and have no form in it."""
    found = []
    for node in module.graph.nodes:
        row = ROWS.get(target_name(node)) if node.op == "call_function" else None
        if row is None or dtype_of(node) in INTEGERS or KEPT in node.meta or functions.source(node) is not None:
            continue
        if follows(node, row) and forms.operators(node, PRECISIONS["int16"]) is None:
            found.append(node)
    return found


def _chosen(rule: Rule, layers: Iterable[Layer]) -> list[Layer]:
    counted = (rule.first or rule.last) and not rule.operator
    found = [layer for layer in layers if _holds(rule, layer) and (layer.weighted or not counted)]
    if rule.first is not None:
        return found[: rule.first]
    return found[-rule.last :] if rule.last is not None else found


def _holds(rule: Rule, layer: Layer) -> bool:
    return all(
        not patterns or any(fnmatchcase(name, pattern) for name in layer.called(condition) for pattern in patterns)
        for condition in CONDITIONS[:4]
        if (patterns := getattr(rule, condition)) is not None
    )


def _without_layers(rule: Rule, layers: list[Layer]) -> InputError:
    """Names the condition that nothing in the model meets, with the nearest that there is."""
    for condition in CONDITIONS[:4]:
        for pattern in getattr(rule, condition):
            known = sorted({name for layer in layers for name in layer.called(condition) if name})
            if any(fnmatchcase(name, pattern) for name in known):
                continue
            near = difflib.get_close_matches(pattern, known, n=1, cutoff=0.5)
            guess = f"did you mean {near[0]!r}? " if near else ""
            return InputError(
                f"the model has no layer whose {condition} is {pattern!r}",
                where=f"{rule.where}.{condition}",
                hint=f"{guess}its layers have {', '.join(known[:40]) or 'none'}",
            )
    return InputError(
        "no layer of the model meets all conditions of this rule", where=rule.where, hint="loosen it, or leave it out"
    )
