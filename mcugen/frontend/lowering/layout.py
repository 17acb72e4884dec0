"""PyTorch's channels-first layout to NHWC and back, as explicit operators that the passes cancel."""

from __future__ import annotations

from torch.fx import Node

from mcugen.frontend.lowering.context import Lowering


def to_nhwc(ctx: Lowering, node: Node, tensor: str) -> str:
    """(1, C, H, W) -> (1, H, W, C); (1, C, L) -> (1, 1, L, C)."""
    shape = ctx.tensors[tensor].shape
    if len(shape) == 4:
        return ctx.transpose(node, tensor, (0, 2, 3, 1), "_nhwc")
    if len(shape) == 3:
        lines = ctx.transpose(node, tensor, (0, 2, 1), "_nlc")
        return ctx.reshape(node, lines, (1, 1, shape[2], shape[1]), "_nhwc")
    raise ctx.unsupported(node, f"an input with {len(shape)} axes", "use inputs with a batch axis of 1")


def from_nhwc(ctx: Lowering, node: Node, tensor: str, rank: int) -> str:
    """The inverse of `to_nhwc`, to `rank` axes."""
    shape = ctx.tensors[tensor].shape
    if rank == 4:
        return ctx.transpose(node, tensor, (0, 3, 1, 2), "_nchw")
    lines = ctx.reshape(node, tensor, (1, shape[2], shape[3]), "_nlc")
    return ctx.transpose(node, lines, (0, 2, 1), "_ncl")
