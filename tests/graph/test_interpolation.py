"""Functions of int16 by interpolation, against float64, at all inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from mcugen.graph import Tensor
from mcugen.graph.interpolation import GRID, entries_of, furthest
from mcugen.graph.ops import Table
from mcugen.graph.ops.elementwise.table import tabulate
from mcugen.graph.reference import run
from tests.graph.strategies.draws import make_case
from tests.graph.strategies.int16_functions import LEAST, MOST, quantization

Function = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

FUNCTIONS: dict[str, Function] = {
    "gelu": lambda x: x / (1 + np.exp(-1.702 * x)),
    "hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "leaky relu": lambda x: np.where(x < 0, 0.1 * x, x),
    "sine": np.sin,
    "softplus": lambda x: np.logaddexp(x, 0),
}


@pytest.mark.parametrize("scale", [2.0**-15, 0.00031, 0.0021])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_stated_bound(name: str, scale: float) -> None:
    """Within 1 + m steps, where m is how far the function is from the lines between its own values."""
    function, x_q = FUNCTIONS[name], quantization(scale)
    integers = np.arange(LEAST, MOST + 1)
    exact = function(integers * x_q.scale)
    out_q = quantization(float(np.abs(function(GRID * x_q.scale)).max()) / 32000)
    steps = exact / out_q.scale
    lines = np.interp(integers, GRID, function(GRID * x_q.scale) / out_q.scale)
    shape = (256, 256)
    tensors = [Tensor("input", shape, "int16", x_q), Tensor("output", shape, "int16", out_q)]
    op = Table(name="table", inputs=("input",), outputs=("output",), values=tabulate(function, x_q, out_q))
    graph = make_case(op, tensors, np.random.default_rng(0)).graph
    values = run(graph, {"input": integers.astype(np.int16).reshape(shape)})["output"].reshape(-1)
    worst, apart = np.abs(values - steps).max(), np.abs(lines - steps).max()
    assert worst <= 1 + apart + 1e-5
    # At the entries themselves nothing but one rounding is lost.
    assert np.abs(values - steps)[(integers % 128) == 0].max() <= 0.500001


def test_limit_at_0_and_values_that_are_missing() -> None:
    q = quantization(0.01)
    with np.errstate(divide="ignore", invalid="ignore"):
        assert entries_of(lambda x: np.sin(x) / x, q, quantization(2.0**-14))[256] == 1 << 14
        with pytest.raises(ValueError, match="has no value at -"):
            entries_of(np.log, q, q)


def test_a_jump_between_entries_is_where_the_lines_are_furthest() -> None:
    x, out = quantization(1 / 20000), quantization(1 / 20000)

    def jumps(real: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.where(real > 0.3, real, -real)

    at, steps = furthest(jumps, x, out, entries_of(jumps, x, out))
    # 6000 lies between the entries 5888 and 6016: the line rises over the whole jump of 12000 steps.
    assert 5888 / 20000 < at < 6016 / 20000 and 6000 < steps < 12000
    assert furthest(np.sin, x, out, entries_of(np.sin, x, out))[1] < 2

    # What the output cannot hold makes no difference.
    def beyond(real: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.where(real > 0.3, 1e9, 2e9)

    assert furthest(beyond, x, out, entries_of(beyond, x, out))[1] == 0
