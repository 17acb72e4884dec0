"""Values at constant places along each axis, as the operator of LiteRT that says it shortest."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from mcugen.graph.tensor import Tensor
from mcugen.litert.builder import ModelBuilder
from mcugen.litert.schema import schema

_MOST_SLICED_AXES = 5
"""Of LiteRT's STRIDED_SLICE."""


def emit_selection(
    b: ModelBuilder,
    source: int,
    shape: Sequence[int],
    target: int,
    like: Tensor,
    indices: Mapping[int, Sequence[int]],
) -> None:
    """Appends what takes `indices` along their axes of a tensor of `shape`: STRIDED_SLICE where the places are evenly
    spaced, RESIZE_NEAREST_NEIGHBOR where they are those of an enlarged image, else a GATHER for each axis.

    Args:
        source, target: indices of tensors of the model.
        like: a tensor with the type and quantization of the values.
    """
    chosen = {axis: tuple(taken) for axis, taken in indices.items() if tuple(taken) != tuple(range(shape[axis]))}
    if not chosen:
        sizes = b.constant(list(shape), "int32")
        options = schema().ReshapeOptionsT()
        options.newShape = list(shape)
        b.operator("RESHAPE", [source, sizes], [target], options)
    elif len(shape) <= _MOST_SLICED_AXES and all(_step(taken) for taken in chosen.values()):
        _emit_slice(b, source, shape, target, chosen)
    elif len(shape) == 4 and chosen.keys() <= {1, 2} and all(_enlarges(t, shape[a]) for a, t in chosen.items()):
        sizes = b.constant([len(chosen.get(axis, range(shape[axis]))) for axis in (1, 2)], "int32")
        options = schema().ResizeNearestNeighborOptionsT()
        options.alignCorners = options.halfPixelCenters = False
        b.operator("RESIZE_NEAREST_NEIGHBOR", [source, sizes], [target], options)
    else:
        _emit_gathers(b, source, shape, target, like, chosen)


def _step(taken: Sequence[int]) -> int:
    """The distance of evenly spaced, ascending places; 0 for others."""
    if len(taken) < 2:
        return len(taken)
    step = taken[1] - taken[0]
    return step if step > 0 and all(b - a == step for a, b in itertools.pairwise(taken)) else 0


def _enlarges(taken: Sequence[int], size: int) -> bool:
    """Whether every value is repeated equally often: what LiteRT's nearest neighbour does for a whole factor."""
    factor = len(taken) // size
    return factor * size == len(taken) and all(place == i // factor for i, place in enumerate(taken))


def _emit_slice(
    b: ModelBuilder, source: int, shape: Sequence[int], target: int, chosen: Mapping[int, Sequence[int]]
) -> None:
    begin, end, step = [0] * len(shape), list(shape), [1] * len(shape)
    for axis, taken in chosen.items():
        begin[axis], end[axis], step[axis] = taken[0], taken[-1] + 1, _step(taken)
    constants = [b.constant(values, "int32") for values in (begin, end, step)]
    b.operator("STRIDED_SLICE", [source, *constants], [target], schema().StridedSliceOptionsT())


def _emit_gathers(
    b: ModelBuilder,
    source: int,
    shape: Sequence[int],
    target: int,
    like: Tensor,
    chosen: Mapping[int, Sequence[int]],
) -> None:
    sizes = list(shape)
    for count, (axis, taken) in enumerate(chosen.items(), 1):
        sizes[axis] = len(taken)
        result = target if count == len(chosen) else b.temporary(like, tuple(sizes))
        options = schema().GatherOptionsT()
        options.axis = axis
        b.operator("GATHER", [source, b.constant(list(taken), "int32")], [result], options)
        source = result
