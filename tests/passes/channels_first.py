"""Rewrites an NHWC graph as the front end would have made it: channels first, transposes around NHWC operators."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Add, Clamp, Concatenation, Mean, Mul, Operator, Pad, Requantize, Reshape, Transpose
from mcugen.graph.tensor import Tensor

TO_NCHW = (0, 3, 1, 2)
TO_NHWC = (0, 2, 3, 1)
_AGNOSTIC = (Add, Clamp, Concatenation, Mean, Mul, Pad, Requantize)


class _Rewriter:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.tensors: dict[str, Tensor] = {}
        self.operators: list[Operator] = []

    def first(self, tensor: Tensor) -> Tensor:
        """The tensor as the program has it: channels first if it has four axes."""
        if len(tensor.shape) != 4 or tensor.is_constant:
            return tensor
        return replace(tensor, shape=tuple(tensor.shape[axis] for axis in TO_NCHW))

    def moved(self, name: str, tensor: Tensor, permutation: tuple[int, ...], suffix: str) -> str:
        shape = tuple(tensor.shape[axis] for axis in permutation)
        new = f"{name}_{suffix}{len(self.operators)}"
        self.tensors[new] = replace(tensor, name=new, shape=shape)
        self.operators.append(Transpose(name=new, inputs=(name,), outputs=(new,), permutation=permutation))
        return new

    def agnostic(self, op: Operator) -> None:
        """Axes and constants of an operator that works in any order, for channels first."""
        changes: dict[str, object] = {}
        names = []
        for name in op.inputs:
            tensor = self.graph.tensor(name)
            if tensor.data is not None and len(self.graph.tensor(op.outputs[0]).shape) == 4:
                data = tensor.data.reshape((1,) * (4 - tensor.data.ndim) + tensor.data.shape).transpose(TO_NCHW)
                name = f"{name}_first"
                self.tensors[name] = replace(tensor, name=name, shape=data.shape, data=np.ascontiguousarray(data))
            names.append(name)
        changes["inputs"] = tuple(names)
        if isinstance(op, Concatenation):
            changes["axis"] = TO_NCHW.index(op.axis)
        elif isinstance(op, Mean):
            changes["axes"] = tuple(sorted(TO_NCHW.index(axis) for axis in op.axes))
        elif isinstance(op, Pad):
            changes["padding"] = tuple(op.padding[axis] for axis in TO_NCHW)
        self.operators.append(replace(op, **changes))  # type: ignore[arg-type]

    def fixed(self, op: Operator) -> None:
        """An NHWC operator between transposes."""
        inputs = []
        for name in op.inputs:
            tensor = self.graph.tensor(name)
            four = len(tensor.shape) == 4 and not tensor.is_constant
            inputs.append(self.moved(name, self.first(tensor), TO_NHWC, "nhwc") if four else name)
        out = self.graph.tensor(op.outputs[0])
        if len(out.shape) != 4:
            self.operators.append(replace(op, inputs=tuple(inputs)))
            return
        inner = f"{out.name}_inner"
        self.tensors[inner] = replace(out, name=inner)
        self.operators.append(replace(op, inputs=tuple(inputs), outputs=(inner,)))
        self.operators.append(
            Transpose(name=f"{op.name}_nchw", inputs=(inner,), outputs=op.outputs, permutation=TO_NCHW)
        )


def channels_first(graph: Graph) -> Graph:
    """The same network with every 4-D activation in NCHW and ports without a permutation."""
    rewriter = _Rewriter(graph)
    rewriter.tensors = {name: rewriter.first(tensor) for name, tensor in graph.tensors.items()}
    for op in graph.operators:
        four = all(len(t.shape) == 4 for t in graph.output_tensors(op)) or isinstance(op, Mean)
        if isinstance(op, _AGNOSTIC) and four:
            rewriter.agnostic(op)
        elif isinstance(op, Reshape) and len(graph.input_tensors(op)[0].shape) != 4:
            rewriter.operators.append(op)
        else:
            rewriter.fixed(op)

    def port(old):  # type: ignore[no-untyped-def]
        return replace(old, to_device=tuple(range(len(old.shape))))

    new = Graph(graph.name, rewriter.tensors, tuple(rewriter.operators), (), ())
    return new.with_changes(inputs=[port(p) for p in graph.inputs], outputs=[port(p) for p in graph.outputs])
