"""Interpolation of images."""

from __future__ import annotations

from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import ResizeBilinear
from mcugen.graph.ops.resizing.resize_bilinear import FRACTION_BITS, Places

_STEP_BITS = 10
"""Of TensorFlow Lite's step from one place to the next."""


def _bilinear(step: Step) -> None:
    """Places are sums of a step rounded to 1/1024, as TensorFlow Lite Micro's; in large images they drift."""
    x, out, table = step.x(), step.out_like(step.x()), "ResizeBilinearOptions"
    if len(x.shape) != 4 or len(out.shape) != 4:
        step.fail(f"takes four axes, has {list(x.shape)}")
    corners, half = bool(step.option(table, "align_corners")), bool(step.option(table, "half_pixel_centers"))
    if corners and half:
        step.fail("aligns corners and takes centres of pixels, which exclude each other")
    rows, columns = (_places(x.shape[axis], out.shape[axis], corners, half) for axis in (1, 2))
    step.append(ResizeBilinear, [x], out, rows=rows, columns=columns)


def _places(size: int, count: int, corners: bool, half: bool) -> Places:
    ends = (size - 1, count - 1) if corners and count > 1 else (size, count)
    width = ((ends[0] << _STEP_BITS) + ends[1] // 2) // ends[1]
    places = []
    for index in range(count):
        place = index * width + (width // 2 - (1 << (_STEP_BITS - 1)) if half else 0)
        first = max(place, 0) >> _STEP_BITS
        fraction = max(place, 0) & ((1 << _STEP_BITS) - 1)
        if first >= size:
            raise ValueError(f"takes a place beyond the {size} that there are")
        # Between the last element and itself.
        places.append((first, 0 if first == size - 1 else fraction << (FRACTION_BITS - _STEP_BITS)))
    return tuple(places)


ROWS: dict[str, Row] = {"RESIZE_BILINEAR": _bilinear}
