"""Blocks of an image to channels or to the batch, and back; tensors stacked on a new axis."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.frontend.litert.operators.movement import axis_of
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Concatenation, Pad, Take, Transpose
from mcugen.graph.tensor import Tensor


def _permuted(step: Step, x: Tensor, split: Sequence[int], order: Sequence[int], shape: tuple[int, ...]) -> Tensor:
    """`x` seen in the shape `split`, its axes in another order, and that in the shape `shape`."""
    apart = step.reshape(x, tuple(split))
    turned = tuple(apart.shape[axis] for axis in order)
    return step.reshape(step.append(Transpose, [apart], step.temporary(turned, x), permutation=tuple(order)), shape)


def _block(step: Step, table: str, x: Tensor) -> int:
    size: int = step.option(table, "block_size")
    if size < 1 or len(x.shape) != 4:
        step.fail(f"has blocks of {size} in {list(x.shape)}")
    return size


def _space_to_depth(step: Step) -> None:
    x = step.x()
    b, (n, h, w, c) = _block(step, "SpaceToDepthOptions", x), x.shape
    if h % b or w % b:
        step.fail(f"cuts {h} x {w} into blocks of {b}")
    split = (n, h // b, b, w // b, b, c)
    step.finish(_permuted(step, x, split, (0, 1, 3, 2, 4, 5), (n, h // b, w // b, b * b * c)))


def _depth_to_space(step: Step) -> None:
    x = step.x()
    b, (n, h, w, c) = _block(step, "DepthToSpaceOptions", x), x.shape
    if c % (b * b):
        step.fail(f"makes blocks of {b} from {c} channels")
    split = (n, h, w, b, b, c // (b * b))
    step.finish(_permuted(step, x, split, (0, 1, 3, 2, 4, 5), (n, h * b, w * b, c // (b * b))))


def _blocks(step: Step, x: Tensor) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """(block sizes, (before, after) amounts) of two axes; an image of three axes has the second block 1."""
    blocks, amounts = step.integers(1), step.integers(2)
    if len(x.shape) not in (3, 4) or len(blocks) != len(x.shape) - 2 or len(amounts) != 2 * len(blocks):
        step.fail(f"has blocks {blocks} and amounts {amounts} for {list(x.shape)}")
    if min(blocks) < 1 or min(amounts) < 0:
        step.fail(f"has blocks {blocks} and amounts {amounts}")
    pairs = list(zip(amounts[::2], amounts[1::2], strict=True))
    if len(blocks) == 1:
        return (blocks[0], 1), [pairs[0], (0, 0)]
    return (blocks[0], blocks[1]), pairs


def _image(step: Step, x: Tensor) -> Tensor:
    return x if len(x.shape) == 4 else step.reshape(x, (x.shape[0], x.shape[1], 1, x.shape[2]))


def _space_to_batch(step: Step) -> None:
    """Pads with real zero, as LiteRT; TensorFlow Lite Micro takes the value from memory that nothing has set."""
    x = step.x()
    (rows, columns), amounts = _blocks(step, x)
    image = _image(step, x)
    padding = ((0, 0), *amounts, (0, 0))
    shape = tuple(size + sum(pair) for size, pair in zip(image.shape, padding, strict=True))
    if shape != image.shape:
        image = step.append(Pad, [image], step.temporary(shape, x), padding=padding)
    n, h, w, c = image.shape
    if h % rows or w % columns:
        step.fail(f"cuts {h} x {w} into blocks of {rows} x {columns}")
    split = (n, h // rows, rows, w // columns, columns, c)
    made = _permuted(step, image, split, (2, 4, 0, 1, 3, 5), (rows * columns * n, h // rows, w // columns, c))
    step.finish(made)


def _batch_to_space(step: Step) -> None:
    x = step.x()
    (rows, columns), cut = _blocks(step, x)
    n, h, w, c = _image(step, x).shape
    if n % (rows * columns):
        step.fail(f"makes blocks of {rows} x {columns} from {n} images")
    n //= rows * columns
    split = (rows, columns, n, h, w, c)
    made = _permuted(step, x, split, (2, 3, 0, 4, 1, 5), (n, h * rows, w * columns, c))
    kept = [range(before, size - after) for size, (before, after) in zip(made.shape[1:3], cut, strict=True)]
    places = (tuple(range(n)), tuple(kept[0]), tuple(kept[1]), tuple(range(c)))
    shape = tuple(len(axis) for axis in places)
    if shape != made.shape:
        made = step.append(Take, [made], step.temporary(shape, x), indices=places)
    step.finish(made)


def _pack(step: Step) -> None:
    parts = step.operands()
    rank = len(parts[0].shape) + 1
    axis = axis_of(step, step.option("PackOptions", "axis"), rank)
    wide = [step.reshape(x, (*x.shape[:axis], 1, *x.shape[axis:])) for x in parts]
    step.append(Concatenation, wide, step.out_like(parts[0]), axis=axis)


ROWS: dict[str, Row] = {
    "BATCH_TO_SPACE_ND": _batch_to_space,
    "DEPTH_TO_SPACE": _depth_to_space,
    "PACK": _pack,
    "SPACE_TO_BATCH_ND": _space_to_batch,
    "SPACE_TO_DEPTH": _space_to_depth,
}
