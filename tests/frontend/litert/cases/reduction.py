"""Random files of reductions and sums along an axis."""

from __future__ import annotations

import numpy as np

from tests.frontend.litert.cases.drawing import Case, Maker, Rng, case, is_wide, real, shape
from tests.frontend.litert.files import T, constant


def reduction(builtin: str, same: bool = False) -> Maker:
    def make(rng: Rng) -> Case:
        s, keep = shape(rng, 4), bool(rng.integers(0, 2))
        axes = sorted(rng.choice(4, int(rng.integers(1, 4)), replace=False).tolist())
        x = real(rng, s)
        after = (
            [1 if k in axes else n for k, n in enumerate(s)] if keep else [n for k, n in enumerate(s) if k not in axes]
        )
        y = real(
            rng,
            tuple(after),
            *((x.scale, x.zero_point) if same else (float(np.float32(x.scale * rng.uniform(0.2, 4))),)),
        )
        return case(rng, builtin, [x, constant(axes)], [y], "ReducerOptions", keepDims=keep)

    return make


def _axes(rng: Rng, s: tuple[int, ...]) -> tuple[list[int], tuple[int, ...], bool]:
    """(axes, shape of the result, whether they are kept)."""
    axes = sorted(rng.choice(len(s), int(rng.integers(1, len(s))), replace=False).tolist())
    keep = bool(rng.integers(0, 2))
    kept = [1 if k in axes else n for k, n in enumerate(s)]
    return axes, tuple(kept if keep else [n for k, n in enumerate(s) if k not in axes]), keep


def _plain(builtin: str, kind: str, most: int) -> Maker:
    def make(rng: Rng) -> Case:
        s = shape(rng, 3)
        axes, after, keep = _axes(rng, s)
        data, _ = case(rng, builtin, [T(s, kind), constant(axes)], [T(after, kind)], "ReducerOptions", keepDims=keep)
        return data, [rng.integers(0 if kind == "BOOL" else -most, most, s).astype(kind.lower())]

    return make


def truths(builtin: str) -> Maker:
    return _plain(builtin, "BOOL", 2)


def whole(builtin: str) -> Maker:
    """Of plain 32-bit integers."""
    return _plain(builtin, "INT32", 9)


def product(rng: Rng) -> Case:
    """Scales with which products are of some size."""
    s = shape(rng, 3, 4)
    axes, after, keep = _axes(rng, s)
    x = real(rng, s)
    count = int(np.prod([s[axis] for axis in axes]))
    y = real(
        rng, after, float(np.float32(x.scale * (x.scale * 2.0 ** (rng.uniform(5, 6) + 9 * is_wide())) ** (count - 1)))
    )
    return case(rng, "REDUCE_PROD", [x, constant(axes)], [y], "ReducerOptions", keepDims=keep)


def place(builtin: str, table: str) -> Maker:
    def make(rng: Rng) -> Case:
        s, axis = shape(rng, 3), int(rng.integers(0, 3))
        after = tuple(n for k, n in enumerate(s) if k != axis)
        return case(rng, builtin, [real(rng, s), constant([axis])], [T(after, "INT32")], table, outputType=2)

    return make


def cumulative_sum(rng: Rng) -> Case:
    s, axis = shape(rng, 3), int(rng.integers(0, 3))
    x = real(rng, s)
    y = real(rng, s, float(np.float32(x.scale * rng.uniform(0.3, 4))))
    options = {"exclusive": bool(rng.integers(0, 2)), "reverse": bool(rng.integers(0, 2))}
    return case(rng, "CUMSUM", [x, constant(axis)], [y], "CumsumOptions", **options)


CASES: dict[str, Maker] = {
    "ARG_MAX": place("ARG_MAX", "ArgMaxOptions"),
    "ARG_MIN": place("ARG_MIN", "ArgMinOptions"),
    "CUMSUM": cumulative_sum,
    "MEAN": reduction("MEAN"),
    "REDUCE_MAX": reduction("REDUCE_MAX", same=True),
    "REDUCE_MIN": reduction("REDUCE_MIN", same=True),
    "REDUCE_ALL": truths("REDUCE_ALL"),
    "REDUCE_ANY": truths("REDUCE_ANY"),
    "REDUCE_PROD": product,
    "REDUCE_PROD int32": whole("REDUCE_PROD"),
    "SUM": reduction("SUM"),
    "SUM int32": whole("SUM"),
}

WIDE: dict[str, Maker] = {name: CASES[name] for name in ("MEAN", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD", "SUM")}
