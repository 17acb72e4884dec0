"""Chooses the axis order of tensors that meet in order-agnostic operators, so that the fewest bytes are transposed.

Tensors that element-wise operators, paddings and concatenations connect form a group: all can be kept in any common
axis order. A group's order costs the bytes of every tensor that still has to be transposed at the group's border;
model inputs and outputs cost nothing, since the order is written into their ports. Among equals the order with the
fewest operators at the border wins, so that a group keeps its axes' meaning even where sizes of 1 make a transpose
free. The cheapest order is taken from those that the transposes around the group ask for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import (
    Concatenation,
    FullyConnected,
    Operator,
    Pad,
    Reduction,
    Reshape,
    Take,
    Transpose,
)
from mcugen.passes.editor import Editor
from mcugen.passes.movement import Permutation, compose, inverse, is_agnostic, keeps_order, permuted


@dataclass(frozen=True)
class _Border:
    """A place where a tensor enters or leaves its group: through `op`, None for a port."""

    tensor: str
    op: Operator | None
    enters: bool


@dataclass(frozen=True)
class _Group:
    tensors: frozenset[str]
    borders: tuple[_Border, ...]
    rank: int


def assign_layouts(graph: Graph) -> Graph:
    """Applies the best order to the first group that gains by one.

    One group at a time: before costs are counted again, `merge_movement` must join the transposes that this leaves.
    """
    for group in _groups(graph):
        identity = tuple(range(group.rank))
        cost = _cost(graph, group, identity)
        best = min(_candidates(group), key=lambda p: (_cost(graph, group, p), p), default=identity)
        if _cost(graph, group, best) < cost:
            return _apply(graph, group.tensors, best)
    return graph


def _groups(graph: Graph) -> Iterable[_Group]:
    parent: dict[str, str] = {n: n for n, t in graph.tensors.items() if not t.is_constant and len(t.shape) > 1}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for op in graph.operators:
        if is_agnostic(graph, op):
            members = [n for n in (*op.outputs, *op.inputs) if n in parent]
            for name in members[1:]:
                parent[root(name)] = root(members[0])
    members_of: dict[str, list[str]] = {}
    for name in parent:
        members_of.setdefault(root(name), []).append(name)
    borders = _borders(graph)
    for members in members_of.values():
        around = tuple(border for name in members for border in borders.get(name, ()))
        yield _Group(frozenset(members), around, len(graph.tensor(members[0]).shape))


def _borders(graph: Graph) -> dict[str, list[_Border]]:
    found: dict[str, list[_Border]] = {}
    for port in graph.inputs:
        found.setdefault(port.tensor, []).append(_Border(port.tensor, None, True))
    for port in graph.outputs:
        found.setdefault(port.tensor, []).append(_Border(port.tensor, None, False))
    for op in graph.operators:
        if not is_agnostic(graph, op):
            for name in op.outputs:
                found.setdefault(name, []).append(_Border(name, op, True))
            for name in dict.fromkeys(op.inputs):
                found.setdefault(name, []).append(_Border(name, op, False))
    return found


def _candidates(group: _Group) -> list[Permutation]:
    """The orders that make one of the group's own transposes disappear."""
    wanted = []
    for border in group.borders:
        if isinstance(border.op, Transpose):
            permutation = border.op.permutation
            wanted.append(inverse(permutation) if border.enters else permutation)
    return list(dict.fromkeys(wanted))


def _cost(graph: Graph, group: _Group, order: Permutation) -> tuple[int, int]:
    """(bytes transposed, operators that only change the shape) at the borders, with the group kept in `order`."""
    costs = [_border_cost(graph, group, border, order) for border in group.borders]
    return sum(c[0] for c in costs), sum(c[1] for c in costs)


def _border_cost(graph: Graph, group: _Group, border: _Border, order: Permutation) -> tuple[int, int]:
    tensor, op = graph.tensor(border.tensor), border.op
    if op is None:
        return 0, 0
    shape, left = tensor.shape, order
    if isinstance(op, Transpose) and group.tensors.issuperset((op.inputs[0], op.outputs[0])):
        # From the group into the group: both ends move; counted where it enters.
        if not border.enters:
            return 0, 0
        shape = permuted(graph.tensor(op.inputs[0]).shape, order)
        left = compose(compose(inverse(order), op.permutation), order)
    elif isinstance(op, Transpose) and border.enters:
        shape, left = graph.tensor(op.inputs[0]).shape, compose(op.permutation, order)
    elif isinstance(op, Transpose):
        shape, left = permuted(tensor.shape, order), compose(inverse(order), op.permutation)
    elif isinstance(op, Reduction) and not border.enters:
        return _reduction_cost(graph, op, order)
    elif not border.enters and _into_fully_connected(graph, op):
        return 0, 0
    if keeps_order(shape, left):
        return 0, int(left != tuple(range(len(left))))
    return tensor.size_bytes, 1


def _reduction_cost(graph: Graph, op: Reduction, order: Permutation) -> tuple[int, int]:
    """A mean takes any order of its input; what it keeps may have to be transposed behind it."""
    result = graph.tensor(op.outputs[0])
    kept = [axis for axis in order if axis not in op.axes]
    return (0, 0) if kept == sorted(kept) else (result.size_bytes, 1)


def _into_fully_connected(graph: Graph, op: Operator) -> bool:
    """A flatten whose result only a fully-connected layer reads: its weights absorb any order."""
    if not isinstance(op, Reshape):
        return False
    readers = graph.consumers(op.outputs[0])
    single_row = all(isinstance(r, FullyConnected) and r.inputs[0] == op.outputs[0] for r in readers)
    flat = graph.tensor(op.outputs[0])
    return bool(readers) and single_row and flat.shape[-1] == flat.elements


def _apply(graph: Graph, members: frozenset[str], order: Permutation) -> Graph:
    """Keeps the group's tensors transposed by `order`, with explicit transposes at its borders."""
    editor = Editor(graph)
    inside: dict[str, str] = {}
    for port in graph.inputs:
        if port.tensor in members:
            _make_inside(editor, port.tensor, order, inside)
            _leave(editor, port.tensor, order, inside)
    for op in graph.operators:
        if is_agnostic(graph, op) and op.outputs[0] in members:
            inner = _make_inside(editor, op.outputs[0], order, inside)
            editor.add(replace(_reordered(editor, op, order, inside), outputs=(inner,)))
            _leave(editor, op.outputs[0], order, inside)
            continue
        editor.keep(op)
        for name in members.intersection(op.outputs):
            inner = _make_inside(editor, name, order, inside)
            editor.add(Transpose(name=inner, inputs=(name,), outputs=(inner,), permutation=order, origin=op.origin))
    _reorder_ports(editor, graph, members, order, inside)
    return editor.finish()


def _make_inside(editor: Editor, name: str, order: Permutation, inside: dict[str, str]) -> str:
    """A tensor for the reordered form of `name`."""
    tensor = editor.graph.tensor(name)
    base = name.removesuffix("_reordered")
    inside[name] = editor.new_tensor(replace(tensor, name=f"{base}_reordered", shape=permuted(tensor.shape, order)))
    return inside[name]


def _leave(editor: Editor, name: str, order: Permutation, inside: dict[str, str]) -> None:
    """Makes the old order again for readers outside the group."""
    graph = editor.graph
    if any(not is_agnostic(graph, op) for op in graph.consumers(name)):
        operator = editor.unique(f"{name}_model_order")
        editor.add(Transpose(name=operator, inputs=(inside[name],), outputs=(name,), permutation=inverse(order)))


def _reordered(editor: Editor, op: Operator, order: Permutation, inside: dict[str, str]) -> Operator:
    """An agnostic operator over reordered tensors; constants are transposed."""
    names = []
    for name in op.inputs:
        tensor = editor.graph.tensor(name)
        if tensor.data is not None:
            data = tensor.data.transpose(order)
            name = editor.new_tensor(replace(tensor, shape=data.shape, data=data.copy()))
            names.append(name)
        else:
            names.append(inside[name])
    changes: dict[str, object] = {"inputs": tuple(names)}
    if isinstance(op, Concatenation):
        changes["axis"] = order.index(op.axis)
    elif isinstance(op, Pad):
        changes["padding"] = tuple(op.padding[axis] for axis in order)
    elif isinstance(op, Take):
        changes["indices"] = tuple(op.indices[axis] for axis in order)
    return replace(op, **changes)  # type: ignore[arg-type]


def _reorder_ports(
    editor: Editor, graph: Graph, members: frozenset[str], order: Permutation, inside: dict[str, str]
) -> None:
    ports = [p for p in (*graph.inputs, *graph.outputs) if p.tensor in members]
    new = [replace(p, tensor=inside[p.tensor], to_device=compose(p.to_device, order)) for p in ports]
    editor.set_ports(ports, new)
