"""Pooling."""

from __future__ import annotations

from mcugen.frontend.litert.activation import fused
from mcugen.frontend.litert.padding import padding_of, strides
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import AveragePool2d, MaxPool2d


def _pool(step: Step, kind: type[AveragePool2d] | type[MaxPool2d]) -> None:
    x, table = step.x(), "Pool2DOptions"
    out = step.out()
    if len(x.shape) != 4:
        step.fail(f"takes four axes, has {list(x.shape)}")
    kernel = step.option(table, "filter_height"), step.option(table, "filter_width")
    padding = padding_of(step, table, x.shape[1:3], kernel)
    step.append(
        kind, [x], out, kernel=kernel, stride=strides(step, table), padding=padding, clamp=fused(step, table, out)
    )


ROWS: dict[str, Row] = {
    "AVERAGE_POOL_2D": lambda step: _pool(step, AveragePool2d),
    "MAX_POOL_2D": lambda step: _pool(step, MaxPool2d),
}
