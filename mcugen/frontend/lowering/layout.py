"""PyTorch's channels-first layout to NHWC and back, as explicit operators that the passes cancel."""

from __future__ import annotations

from torch.fx import Node

from mcugen.frontend.lowering.arguments import shape_of
from mcugen.frontend.lowering.context import Lowering


def nhwc_shape(shape: tuple[int, ...], spatial: int) -> tuple[int, int, int, int]:
    """A shape in PyTorch's layout as (N, H, W, C).

    Args:
        shape: (N, C, H, W), (C, H, W), (N, C, L) or (C, L).
        spatial: 1 or 2, the axes behind the channels. Signals of one dimension are the rows of one image: what is one
            row high works on each alone, and the batch costs nothing.
    """
    batch = shape[0] if len(shape) == spatial + 2 else 1
    channels, size = shape[-spatial - 1], shape[-spatial:]
    return (batch, size[0], size[1], channels) if spatial == 2 else (1, batch, size[0], channels)


def to_nhwc(ctx: Lowering, node: Node, tensor: str, spatial: int) -> str:
    """A tensor in PyTorch's layout, with or without a batch axis, as `nhwc_shape` has it."""
    shape = ctx.tensors[tensor].shape
    if len(shape) not in (spatial + 1, spatial + 2):
        raise ctx.unsupported(
            node, f"an input with {len(shape)} axes", f"use {spatial + 1} axes, or {spatial + 2} with a batch"
        )
    last = len(shape) - spatial - 1
    order = (*range(last), *range(last + 1, len(shape)), last)
    x = ctx.transpose(node, tensor, order, "_channels_last")
    return ctx.reshape(node, x, nhwc_shape(shape, spatial), "_nhwc")


def from_nhwc(ctx: Lowering, node: Node, tensor: str, spatial: int) -> str:
    """The inverse of `to_nhwc`, to the shape of `node`."""
    shape = shape_of(node)
    first = len(shape) - spatial - 1
    channels_last = (*shape[:first], *shape[first + 1 :], shape[first])
    x = ctx.reshape(node, tensor, channels_last, "_channels_last")
    return ctx.transpose(node, x, (*range(first), len(shape) - 1, *range(first, len(shape) - 1)), "_channels_first")
