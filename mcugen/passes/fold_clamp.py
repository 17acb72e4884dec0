"""Folds a Clamp into the operator before it, when that has a clamp of its own and nobody else reads its result."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import (
    Add,
    AveragePool2d,
    BatchMatMul,
    Clamp,
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    MaxPool2d,
    Mul,
    Operator,
    Requantize,
    Sub,
    TransposedConv2d,
)
from mcugen.passes.editor import Editor

Clamping = (
    Add
    | AveragePool2d
    | BatchMatMul
    | Clamp
    | Conv2d
    | DepthwiseConv2d
    | FullyConnected
    | MaxPool2d
    | Mul
    | Requantize
    | Sub
    | TransposedConv2d
)


def _clamps(op: Operator | None) -> TypeGuard[Clamping]:
    return isinstance(op, Clamping)


def fold_clamp(graph: Graph) -> Graph:
    editor = Editor(graph)
    fused: dict[str, Operator] = {}
    for op in graph.operators:
        before = editor.producers.get(op.inputs[0])
        # One fold for each producer and run: the next run sees the result.
        if isinstance(op, Clamp) and _clamps(before) and editor.used_once(op.inputs[0]) and before.name not in fused:
            low, high = (int(v) for v in np.clip(before.clamp, *op.clamp))
            fused[before.name] = replace(before, clamp=(low, high), outputs=op.outputs)
            fused[op.name] = op
    if not fused:
        return graph
    editor.changed = True
    for op in graph.operators:
        new = fused.get(op.name, op)
        if new is not op or op.name not in fused:
            editor.keep(new)
    return editor.finish()
