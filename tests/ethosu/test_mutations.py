"""Faults put into the model must be found: each by a few networks that the other tests run too."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from functools import cache

import numpy as np
import pytest

from mcugen.ethosu.model import activation, arithmetic, feature_map
from mcugen.ethosu.model.operations import constants, convolution, elementwise, operation, output, pooling, window
from mcugen.ethosu.model.weights import order
from tests.ethosu.networks import Case, RefusedError, make_case

Patch = Callable[[pytest.MonkeyPatch], None]


@cache
def cases(kind: str) -> list[Case]:
    """Networks whose first layer is of a kind, which the model gets right."""
    found = []
    seed = 0
    while len(found) < 24:
        with suppress(RefusedError):
            case = make_case(seed, kinds=(kind,), accelerator=("ethos-u55-128", "ethos-u65-512")[seed % 2])
            if is_right(case):
                found.append(case)
        seed += 1
    return found


def is_right(case: Case) -> bool:
    try:
        outputs = case.run()
    except Exception:
        return False
    return outputs is not None and all(
        np.array_equal(a.ravel(), b.ravel()) for a, b in zip(outputs, case.outputs, strict=True)
    )


def _rounding(name: str, other: Callable) -> Patch:
    return lambda m: m.setitem(arithmetic.ROUNDING, name, other)


def _change(target: object, name: str, change: Callable) -> Patch:
    """Wraps a function of a module or class."""
    original = getattr(target, name)
    return lambda m: m.setattr(target, name, lambda *args, **kwargs: change(original, *args, **kwargs))


def _layout(**changes: Callable) -> Patch:
    """The order of weights with a field of its layout changed."""

    def changed(original: Callable, layout: order.Layout) -> np.ndarray:
        return original(dataclasses.replace(layout, **{k: f(layout) for k, f in changes.items()}))

    return _change(order, "order", changed)


def _no_zero_point(original: Callable, *args: object) -> feature_map.FeatureMap:
    return dataclasses.replace(original(*args), zero_point=0)


def _padding(original: Callable, self: window.Window, values: np.ndarray, padding: float) -> np.ndarray:
    return original(self, values, padding + 50)


MUTATIONS: dict[str, tuple[str, Patch]] = {
    "natural instead of double rounding": ("CONV_2D", _rounding("DBL", arithmetic.half_up)),
    "half away instead of double rounding": ("CONV_2D", _rounding("DBL", arithmetic.half_away)),
    "truncation instead of natural rounding": ("CONV_2D", _rounding("NATURAL", lambda value, shift: value >> shift)),
    "output ublock of four channels": ("CONV_2D", _layout(ofm_ublock=lambda x: 4)),
    "input ublock of sixteen channels": ("CONV_2D", _layout(ifm_ublock=lambda x: 16)),
    "block depth taken for all outputs": ("CONV_2D", _layout(block_depth=lambda x: max(x.outputs, 8))),
    "depth first where part kernel is": ("CONV_2D", _layout(is_part_kernel_first=lambda x: not x.is_part_kernel_first)),
    "depthwise elements not rounded to four": ("DEPTHWISE_CONV_2D", _layout(is_depthwise=lambda x: False)),
    "sub-kernels ignore dilation": ("CONV_2D", _layout(dilation=lambda x: (1, 1))),
    "weights of the cores swapped": ("CONV_2D", _change(constants, "interleave", lambda f, c: f(c[::-1]))),
    "a weight's sign lost": ("CONV_2D", _change(constants, "decode", lambda f, d: np.abs(f(d)))),
    "padding is no zero": ("CONV_2D", _change(window.Window, "expand", _padding)),
    "zero points ignored": ("CONV_2D", _change(operation, "read_feature_map", _no_zero_point)),
    "padded averages divide by the whole kernel": (
        "AVERAGE_POOL_2D",
        _change(pooling.Pooling, "_inside", lambda f, s: np.full_like(f(s), s.window.kernel[0] * s.window.kernel[1])),
    ),
    "maxima include padding": (
        "MAX_POOL_2D",
        _change(window.Window, "expand", lambda f, s, v, p: f(s, v, 0)),
    ),
    "the other operand is scaled": (
        "ADD",
        _change(elementwise.Elementwise, "_operand_scaling", lambda f, s: lambda a, b: f(s)(b, a)),
    ),
    "a table starts one entry later": (
        "LOGISTIC",
        _change(activation._Signed8, "__call__", lambda f, s, v: f(s, np.minimum(v + 1, 127))),
    ),
    "lines of a table are steps": (
        "SOFTMAX",
        _change(activation, "half_up", lambda f, v, s: f(v, s) * 0),
    ),
    "outputs are not clamped": ("RELU", lambda m: m.setattr(output.np, "clip", lambda v, low, high: v)),
    "columns and rows of a kernel exchanged": (
        "CONV_2D",
        _change(convolution, "_matrix", lambda f, w, *rest: f(np.ascontiguousarray(w[:, ::-1]), *rest)),
    ),
}


def _forget() -> None:
    """What the model keeps from one network to the next."""
    order.order.cache_clear()
    constants._decoded.cache_clear()


@pytest.mark.sampled(10)
@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_a_fault_in_the_model_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, patch = MUTATIONS[name]
    networks = cases(kind)
    _forget()
    try:
        patch(monkeypatch)
        assert not all(map(is_right, networks)), f"no network shows: {name}"
    finally:
        monkeypatch.undo()
        _forget()
    assert is_right(networks[0])
