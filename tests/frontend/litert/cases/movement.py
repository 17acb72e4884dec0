"""Random files of operators that move values."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.frontend.litert.cases.drawing import Case, Maker, Rng, case, moved, real, shape
from tests.frontend.litert.files import T, constant


def _transpose(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 6)))
    order = rng.permutation(len(s))
    return s, [[s[i] for i in order]], [constant(order)], {}


def _strided(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 5)), 8)
    n = len(s)
    begin, end, step = [], [], []
    for size in s:
        reverse = rng.random() < 0.3
        a, b = sorted(rng.integers(0, size + 1, 2).tolist())
        a, b = (a, b) if a < b else (0, size)
        begin.append(b - 1 if reverse else a)
        end.append((a - 1 if a else -size - 1) if reverse else b)
        step.append(-int(rng.integers(1, 3)) if reverse else int(rng.integers(1, 3)))
    masks = {k: int(rng.integers(0, 1 << n)) if rng.random() < 0.5 else 0 for k in ("beginMask", "endMask")}
    shrink = int(rng.integers(0, 1 << n)) if rng.random() < 0.3 else 0
    after = []
    for k, size in enumerate(s):
        if shrink >> k & 1:
            begin[k], end[k], step[k] = int(np.clip(begin[k], 0, size - 1)), int(np.clip(begin[k], 0, size - 1)) + 1, 1
            continue
        first = None if masks["beginMask"] >> k & 1 else begin[k]
        last = None if masks["endMask"] >> k & 1 else end[k]
        after.append(len(range(size)[slice(first, last, step[k])]))
    if 0 in after:
        return _strided(rng)
    masks = {k: v & ~shrink for k, v in masks.items()}
    return s, [after], [constant(v) for v in (begin, end, step)], {**masks, "shrinkAxisMask": shrink}


def _slice(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 5)))
    begin = [int(rng.integers(0, n)) for n in s]
    size = [int(rng.integers(1, n - b + 1)) for n, b in zip(s, begin, strict=True)]
    given = [-1 if b + k == n else k for n, b, k in zip(s, begin, size, strict=True)]
    return s, [size], [constant(begin), constant(given)], {}


def _split(rng: Rng) -> tuple[Any, ...]:
    s, count, axis = list(shape(rng, 3)), int(rng.integers(1, 4)), int(rng.integers(0, 3))
    part = list(s)
    s[axis] *= count
    return tuple(s), [part] * count, [constant(axis)], {"numSplits": count, "first": True}


def _split_v(rng: Rng) -> tuple[Any, ...]:
    s, sizes, axis = list(shape(rng, 3)), rng.integers(1, 4, int(rng.integers(1, 4))).tolist(), int(rng.integers(0, 3))
    parts = [[n if k != axis else size for k, n in enumerate(s)] for size in sizes]
    s[axis] = sum(sizes)
    return tuple(s), parts, [constant(sizes), constant(axis)], {"numSplits": len(sizes)}


def _unpack(rng: Rng) -> tuple[Any, ...]:
    s, axis = shape(rng, 3), int(rng.integers(0, 3))
    rest = [n for k, n in enumerate(s) if k != axis]
    return s, [rest] * s[axis], [], {"num": s[axis], "axis": axis}


def _pad(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 5)))
    amounts = rng.integers(0, 3, (len(s), 2))
    return s, [[n + int(a.sum()) for n, a in zip(s, amounts, strict=True)]], [constant(amounts)], {}


def _mirror(rng: Rng) -> tuple[Any, ...]:
    s, mode = tuple(n + 1 for n in shape(rng, int(rng.integers(1, 5)))), int(rng.integers(0, 2))
    amounts = np.array([[rng.integers(0, n if mode == 0 else n + 1), rng.integers(0, n)] for n in s])
    return s, [[n + int(a.sum()) for n, a in zip(s, amounts, strict=True)]], [constant(amounts)], {"mode": mode}


def _gather(rng: Rng) -> tuple[Any, ...]:
    """Half of them with leading axes that places have too."""
    s = shape(rng, int(rng.integers(1, 5)))
    axis = int(rng.integers(0, len(s)))
    batch = int(rng.integers(0, axis + 1)) if rng.random() < 0.5 else 0
    ids = rng.integers(0, s[axis], (*s[:batch], *shape(rng, int(rng.integers(1, 3)))))
    after = [*s[:axis], *ids.shape[batch:], *s[axis + 1 :]]
    return s, [after], [constant(ids)], {"axis": axis, "batchDims": batch}


def gather_computed(rng: Rng) -> Case:
    """Places that are an input."""
    s, axis, _ = shape(rng, 4), int(rng.integers(0, 3)), None
    batch = int(rng.integers(0, axis + 1))
    count = (*s[:batch], *shape(rng, int(rng.integers(1, 3)), 4))
    x, ids = real(rng, s), rng.integers(0, s[axis], count).astype(np.int32)
    y = T((*s[:axis], *count[batch:], *s[axis + 1 :]), x.type, x.scale, x.zero_point)
    data, (given, _) = case(rng, "GATHER", [x, T(count, "INT32")], [y], "GatherOptions", axis=axis, batchDims=batch)
    return data, [given, ids]


def _gather_nd(rng: Rng) -> tuple[Any, ...]:
    s, depth = shape(rng, 3), int(rng.integers(1, 4))
    ids = np.stack([rng.integers(0, n, 4) for n in s[:depth]], axis=1)
    return s, [[4, *s[depth:]]], [constant(ids)], {}


def _tile(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 4)))
    counts = rng.integers(1, 4, len(s))
    return s, [[n * int(c) for n, c in zip(s, counts, strict=True)]], [constant(counts)], {}


def _broadcast(rng: Rng) -> tuple[Any, ...]:
    wide = shape(rng, 4)
    narrow = tuple(1 if rng.random() < 0.5 else n for n in wide)[int(rng.integers(0, 3)) :]
    return narrow, [wide], [constant(wide)], {}


def _reverse(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, int(rng.integers(1, 5)))
    return s, [s], [constant([int(rng.integers(0, len(s)))])], {}


def _space_to_depth(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4, 4)
    b = int(rng.integers(1, 4))
    return (n, h * b, w * b, c), [[n, h, w, b * b * c]], [], {"blockSize": b}


def _depth_to_space(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4, 4)
    b = int(rng.integers(1, 4))
    return (n, h, w, c * b * b), [[n, h * b, w * b, c]], [], {"blockSize": b}


def _space_to_batch(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4, 4)
    b = rng.integers(1, 4, 2)
    padding = np.array([[int(rng.integers(0, k)) for k in (2, 2)] for _ in b])
    before = [h * int(b[0]) - int(padding[0].sum()), w * int(b[1]) - int(padding[1].sum())]
    if min(before) < 1:
        return _space_to_batch(rng)
    return (n, *before, c), [[n * int(b.prod()), h, w, c]], [constant(b), constant(padding)], {}


def _batch_to_space(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4, 4)
    b = rng.integers(1, 4, 2)
    cut = rng.integers(0, 2, (2, 2))
    after = [h * int(b[0]) - int(cut[0].sum()), w * int(b[1]) - int(cut[1].sum())]
    if min(after) < 1:
        return _batch_to_space(rng)
    return (n * int(b.prod()), h, w, c), [[n, *after, c]], [constant(b), constant(cut)], {}


def _nearest(rng: Rng) -> tuple[Any, ...]:
    n, h, w, c = shape(rng, 4)
    size = shape(rng, 2, 12)
    align = bool(rng.integers(0, 2))
    return (n, h, w, c), [[n, *size, c]], [constant(size)], {"alignCorners": align, "halfPixelCenters": not align}


def _bilinear(rng: Rng) -> tuple[Any, ...]:
    before, after, constants, options = _nearest(rng)
    options["halfPixelCenters"] &= bool(rng.integers(0, 2))
    return before, after, constants, options


def _reshape(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, 4)
    after = [s[0] * s[1], s[2] * s[3]]
    return s, [after], [constant(after)], {"newShape": after}


def _squeeze(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, 3)
    return (s[0], 1, *s[1:]), [s], [], {"squeezeDims": [1]}


def _expand(rng: Rng) -> tuple[Any, ...]:
    s = shape(rng, 3)
    return s, [[s[0], 1, *s[1:]]], [constant([1])], {}


def pack(rng: Rng) -> Case:
    s, axis, count = shape(rng, 3), int(rng.integers(0, 4)), int(rng.integers(1, 4))
    x = real(rng, s)
    parts = [T(s, x.type, x.scale, x.zero_point) for _ in range(count)]
    y = T((*s[:axis], count, *s[axis:]), x.type, x.scale, x.zero_point)
    return case(rng, "PACK", parts, [y], "PackOptions", valuesCount=count, axis=axis)


def concatenation(rng: Rng) -> Case:
    s, axis = shape(rng, 3), int(rng.integers(0, 3))
    x = real(rng, s)
    sizes = rng.integers(1, 4, int(rng.integers(1, 4))).tolist()
    parts = [T((*s[:axis], n, *s[axis + 1 :]), x.type, x.scale, x.zero_point) for n in sizes]
    y = T((*s[:axis], sum(sizes), *s[axis + 1 :]), x.type, x.scale, x.zero_point)
    return case(rng, "CONCATENATION", parts, [y], "ConcatenationOptions", axis=axis)


CASES: dict[str, Maker] = {
    "BATCH_TO_SPACE_ND": moved("BATCH_TO_SPACE_ND", "BatchToSpaceNDOptions", _batch_to_space),
    "BROADCAST_TO": moved("BROADCAST_TO", "BroadcastToOptions", _broadcast),
    "CONCATENATION": concatenation,
    "DEPTH_TO_SPACE": moved("DEPTH_TO_SPACE", "DepthToSpaceOptions", _depth_to_space),
    "EXPAND_DIMS": moved("EXPAND_DIMS", "ExpandDimsOptions", _expand),
    "GATHER": moved("GATHER", "GatherOptions", _gather),
    "GATHER computed": gather_computed,
    "GATHER_ND": moved("GATHER_ND", "GatherNdOptions", _gather_nd),
    "MIRROR_PAD": moved("MIRROR_PAD", "MirrorPadOptions", _mirror),
    "PACK": pack,
    "PAD": moved("PAD", "PadOptions", _pad),
    "RESHAPE": moved("RESHAPE", "ReshapeOptions", _reshape),
    "RESIZE_BILINEAR": moved("RESIZE_BILINEAR", "ResizeBilinearOptions", _bilinear),
    "RESIZE_NEAREST_NEIGHBOR": moved("RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions", _nearest),
    "REVERSE_V2": moved("REVERSE_V2", "ReverseV2Options", _reverse),
    "SLICE": moved("SLICE", "SliceOptions", _slice),
    "SPACE_TO_BATCH_ND": moved("SPACE_TO_BATCH_ND", "SpaceToBatchNDOptions", _space_to_batch),
    "SPACE_TO_DEPTH": moved("SPACE_TO_DEPTH", "SpaceToDepthOptions", _space_to_depth),
    "SPLIT": moved("SPLIT", "SplitOptions", _split),
    "SPLIT_V": moved("SPLIT_V", "SplitVOptions", _split_v),
    "SQUEEZE": moved("SQUEEZE", "SqueezeOptions", _squeeze),
    "STRIDED_SLICE": moved("STRIDED_SLICE", "StridedSliceOptions", _strided),
    "TILE": moved("TILE", "TileOptions", _tile),
    "TRANSPOSE": moved("TRANSPOSE", "TransposeOptions", _transpose),
    "UNPACK": moved("UNPACK", "UnpackOptions", _unpack),
}

_WIDE = """
BATCH_TO_SPACE_ND BROADCAST_TO CONCATENATION EXPAND_DIMS GATHER GATHER_ND MIRROR_PAD PACK PAD RESHAPE
RESIZE_NEAREST_NEIGHBOR REVERSE_V2 SLICE SPACE_TO_BATCH_ND SPLIT SPLIT_V SQUEEZE STRIDED_SLICE TILE TRANSPOSE UNPACK
"""
WIDE: dict[str, Maker] = {name: CASES[name] for name in _WIDE.split()}
