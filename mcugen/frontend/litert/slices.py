"""The masks of STRIDED_SLICE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=False)
class Slice:
    """What a strided slice takes; bit k of a mask is about entry k.

    Attributes:
        begin, end, stride: an entry for each axis, and for what the masks say besides.
        begin_mask, end_mask: from the first, or to the last element, whatever the entry says.
        ellipsis_mask: the entry stands for all axes that no other entry is about.
        new_axis_mask: the entry is about no axis of the input.
        shrink_axis_mask: the one element at begin is taken, and its axis dropped.
    """

    begin: Sequence[int]
    end: Sequence[int]
    stride: Sequence[int]
    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0


def slice_of(wanted: Slice, shape: Sequence[int]) -> list[range]:
    """For each axis the places that are taken.

    Raises:
        ValueError: entries and axes do not match, or an entry takes what is not there.
    """
    count = len(wanted.begin)
    if not count == len(wanted.end) == len(wanted.stride):
        raise ValueError(f"has {count} begins, {len(wanted.end)} ends and {len(wanted.stride)} strides")
    about = sum(1 for k in range(count) if not (wanted.ellipsis_mask | wanted.new_axis_mask) >> k & 1)
    if about > len(shape) or bin(wanted.ellipsis_mask & ((1 << count) - 1)).count("1") > 1:
        raise ValueError(f"has {count} entries for {len(shape)} axes")
    taken: list[range] = []
    for k in range(count):
        if wanted.ellipsis_mask >> k & 1:
            more = len(shape) - about
            taken += [range(size) for size in shape[len(taken) : len(taken) + more]]
        elif not wanted.new_axis_mask >> k & 1:
            taken.append(_places(wanted, k, shape[len(taken)]))
    return taken + [range(size) for size in shape[len(taken) :]]


def _places(wanted: Slice, k: int, size: int) -> range:
    stride = wanted.stride[k]
    if wanted.shrink_axis_mask >> k & 1:
        first = wanted.begin[k] + (size if wanted.begin[k] < 0 else 0)
        if not 0 <= first < size:
            raise ValueError(f"takes element {wanted.begin[k]} of {size}")
        return range(first, first + 1)
    if stride == 0:
        raise ValueError("has the stride 0")
    begin = None if wanted.begin_mask >> k & 1 else wanted.begin[k]
    end = None if wanted.end_mask >> k & 1 else wanted.end[k]
    return range(size)[slice(begin, end, stride)]
