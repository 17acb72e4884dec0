"""Values at constant places along each axis, and at places that the model computes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcugen.frontend.litert.operators.movement import axis_of
from mcugen.frontend.litert.slices import Slice, slice_of
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import Gather, Integer, Take
from mcugen.graph.tensor import Tensor
from mcugen.litert.format.enums import MIRROR_PADDINGS

_Places = tuple[tuple[int, ...], ...]


def _taken(step: Step, x: Tensor, places: Sequence[Sequence[int]], place: int = 0) -> None:
    """Result `place` from the places along each axis, in whatever shape the file gives it."""
    chosen: _Places = tuple(tuple(int(i) for i in axis) for axis in places)
    out = step.out_like(x, place)
    shape = tuple(len(axis) for axis in chosen)
    made = out if out.shape == shape else step.temporary(shape, out)
    step.append(Take, [x], made, indices=chosen)
    if made is not out:
        step.reshape_into(made, out)


def _strided_slice(step: Step) -> None:
    x, table = step.x(), "StridedSliceOptions"
    masks = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")
    begin, end, stride = (step.integers(k) for k in (1, 2, 3))
    wanted = Slice(begin, end, stride, **{mask: step.option(table, mask) for mask in masks})
    if step.option(table, "offset"):
        step.fail("counts its end from its begin", "convert the model with a newer converter")
    _taken(step, x, slice_of(wanted, x.shape))


def _slice(step: Step) -> None:
    x, begins, sizes = step.x(), step.integers(1), step.integers(2)
    if not len(begins) == len(sizes) == len(x.shape):
        step.fail(f"has {len(begins)} begins and {len(sizes)} sizes for {len(x.shape)} axes")
    places = []
    for begin, count, size in zip(begins, sizes, x.shape, strict=True):
        end = size if count == -1 else begin + count
        if not 0 <= begin <= end <= size:
            step.fail(f"takes {begin} to {end} of {size}")
        places.append(range(begin, end))
    _taken(step, x, places)


def _part(step: Step, x: Tensor, axis: int, sizes: Sequence[int]) -> None:
    """A result for each of the sizes along an axis."""
    if len(sizes) != len(step.op.outputs) or sum(sizes) != x.shape[axis] or min(sizes) < 0:
        step.fail(f"splits {x.shape[axis]} into {list(sizes)[:8]} for {len(step.op.outputs)} results")
    begin = 0
    for place, count in enumerate(sizes):
        _taken(step, x, _along(x, axis, range(begin, begin + count)), place)
        begin += count


def _along(x: Tensor, axis: int, places: Sequence[int]) -> list[Sequence[int]]:
    return [places if k == axis else range(size) for k, size in enumerate(x.shape)]


def _split(step: Step) -> None:
    (given,), x, count = step.integers(0), step.x(1), len(step.op.outputs)
    axis = axis_of(step, given, len(x.shape))
    if count == 0 or x.shape[axis] % count:
        step.fail(f"splits {x.shape[axis]} into {count} equal parts")
    _part(step, x, axis, [x.shape[axis] // count] * count)


def _split_v(step: Step) -> None:
    x, sizes, (given,) = step.x(0), step.integers(1), step.integers(2)
    axis = axis_of(step, given, len(x.shape))
    if sizes.count(-1) == 1:
        sizes[sizes.index(-1)] = x.shape[axis] - sum(sizes) - 1
    _part(step, x, axis, sizes)


def _unpack(step: Step) -> None:
    x = step.x()
    axis = axis_of(step, step.option("UnpackOptions", "axis"), len(x.shape))
    _part(step, x, axis, [1] * x.shape[axis])


def _tile(step: Step) -> None:
    x, counts = step.x(), step.integers(1)
    if len(counts) != len(x.shape) or min(counts, default=0) < 0:
        step.fail(f"repeats {counts} for {len(x.shape)} axes")
    out = step.result().shape
    if out != tuple(size * count for size, count in zip(x.shape, counts, strict=True)):
        step.fail(f"repeats {list(x.shape)} {counts} times and makes {list(out)}")
    _taken(step, x, [list(range(size)) * count for size, count in zip(x.shape, counts, strict=True)])


def _broadcast(step: Step) -> None:
    x, shape = step.x(), step.result().shape
    lead = len(shape) - len(x.shape)
    wide = (1,) * max(lead, 0) + x.shape
    if lead < 0 or any(have not in (1, want) for have, want in zip(wide, shape, strict=True)):
        step.fail(f"repeats {list(x.shape)} to {list(shape)}")
    pairs = zip(wide, shape, strict=True)
    places = [range(want) if have == want else [0] * want for have, want in pairs]
    _taken(step, step.reshape(x, wide), places)


def _reverse(step: Step) -> None:
    x = step.x()
    axes = {axis_of(step, axis, len(x.shape)) for axis in step.integers(1)}
    _taken(step, x, [range(n)[::-1] if k in axes else range(n) for k, n in enumerate(x.shape)])


def _mirror_pad(step: Step) -> None:
    x, amounts, mode = step.x(), step.integers(1), step.option("MirrorPadOptions", "mode")
    if len(amounts) != 2 * len(x.shape) or not 0 <= mode < len(MIRROR_PADDINGS):
        step.fail(f"has {len(amounts)} amounts for {len(x.shape)} axes, mode {mode}")
    edge = MIRROR_PADDINGS[mode] == "SYMMETRIC"
    places = []
    for size, before, after in zip(x.shape, amounts[::2], amounts[1::2], strict=True):
        if not (0 <= before <= size - (not edge) and 0 <= after <= size - (not edge)):
            step.fail(f"adds {before} and {after} mirrored to {size}")
        mode_name = "symmetric" if edge else "reflect"
        places.append(np.pad(np.arange(size), (before, after), mode=mode_name))  # type: ignore[call-overload]
    _taken(step, x, places)


def _gather(step: Step) -> None:
    x, ids = step.x(0), step.x(1)
    axis = axis_of(step, step.option("GatherOptions", "axis"), len(x.shape))
    batch = step.option("GatherOptions", "batch_dims")
    batch += len(ids.shape) if batch < 0 else 0
    if batch:
        _gather_in_batches(step, axis, batch)
        return
    if ids.data is None:
        step.append(Gather, [ids, x], step.out_like(x), axis=axis)
        return
    places = [int(i) for i in ids.data.reshape(-1)]
    if not all(0 <= i < x.shape[axis] for i in places):
        step.fail(f"takes places {places[:8]} of {x.shape[axis]}")
    _taken(step, x, _along(x, axis, places))


def _gather_in_batches(step: Step, axis: int, batch: int) -> None:
    """Places have the first `batch` axes too: those up to the axis are flattened, places counted over all of them."""
    x, ids = step.x(0), step.x(1)
    if not (0 < batch <= axis and batch <= len(ids.shape) and ids.shape[:batch] == x.shape[:batch]):
        shapes = f"{list(ids.shape)} in {list(x.shape)}"
        step.fail(f"takes places of shape {shapes} with {batch} batch axes before axis {axis}")
    size, before = x.shape[axis], x.shape[:axis]
    rows = step.reshape(x, (math.prod(x.shape[: axis + 1]), *x.shape[axis + 1 :]))
    first = np.arange(math.prod(before), dtype=np.int64).reshape(math.prod(x.shape[:batch]), -1, 1) * size
    count = math.prod(ids.shape[batch:])
    if ids.data is not None:
        if not ((ids.data >= 0) & (ids.data < size)).all():
            step.fail(f"takes places that are not among {size}")
        places = ids.data.astype(np.int64).reshape(len(first), 1, count) + first
        _taken(step, rows, _along(rows, 0, [int(i) for i in places.reshape(-1)]))
        return
    flat = step.reshape(ids, (len(first), 1, count))
    wide = step.temporary((len(first), first.shape[1], count), ids)
    step.append(Integer, [flat, step.new_constant(first, ids.dtype)], wide, operation="add")
    out = step.out_like(x)
    made = step.temporary((*wide.shape, *rows.shape[1:]), out)
    step.append(Gather, [wide, rows], made, axis=0)
    step.reshape_into(made, out)


def _gather_nd(step: Step) -> None:
    """Constant places in the first axes, which are flattened to one."""
    x, ids = step.x(0), step.constant(1).astype(np.int64)
    depth = ids.shape[-1] if ids.ndim else 0
    if not 0 < depth <= len(x.shape):
        step.fail(f"takes places of {depth} axes of {len(x.shape)}")
    sizes = np.array(x.shape[:depth])
    if not np.all((ids >= 0) & (ids < sizes)):
        step.fail(f"takes places that are not in {list(x.shape)}")
    columns = tuple(np.moveaxis(ids.reshape(-1, depth), 1, 0))
    flat: npt.NDArray[np.intp] = np.asarray(np.ravel_multi_index(columns, tuple(x.shape[:depth])))
    rows = step.reshape(x, (math.prod(x.shape[:depth]), *x.shape[depth:]))
    _taken(step, rows, _along(rows, 0, [int(i) for i in flat.reshape(-1)]))


def _resize_nearest(step: Step) -> None:
    """Source: TensorFlow Lite's nearest neighbour, whose places are computed in float32."""
    x, out = step.x(), step.result().shape
    if len(x.shape) != 4 or len(out) != 4:
        step.fail(f"takes four axes, has {list(x.shape)}")
    corners = bool(step.option("ResizeNearestNeighborOptions", "align_corners"))
    half = bool(step.option("ResizeNearestNeighborOptions", "half_pixel_centers"))
    places = [_nearest(x.shape[axis], out[axis], corners, half) for axis in (1, 2)]
    _taken(step, x, [range(x.shape[0]), *places, range(x.shape[3])])


def _nearest(size: int, count: int, corners: bool, half: bool) -> list[int]:
    ends = (size - 1, count - 1) if corners and count > 1 else (size, count)
    factor = np.float32(ends[0]) / np.float32(max(ends[1], 1))
    places = (np.arange(count, dtype=np.float32) + np.float32(0.5 if half else 0.0)) * factor
    rounded = np.floor(places.astype(np.float64) + 0.5) if corners else np.floor(places)
    found: list[int] = np.clip(rounded, 0, size - 1).astype(int).tolist()
    return found


ROWS: dict[str, Row] = {
    "BROADCAST_TO": _broadcast,
    "GATHER": _gather,
    "GATHER_ND": _gather_nd,
    "MIRROR_PAD": _mirror_pad,
    "RESIZE_NEAREST_NEIGHBOR": _resize_nearest,
    "REVERSE_V2": _reverse,
    "SLICE": _slice,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "STRIDED_SLICE": _strided_slice,
    "TILE": _tile,
    "UNPACK": _unpack,
}
