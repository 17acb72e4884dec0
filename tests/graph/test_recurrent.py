"""Recurrent layers against the same layer in float64 with the dequantized weights."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Gru, Lstm, Rnn
from mcugen.graph.ops.recurrent.layer import CELL_QUANTIZATION, RecurrentLayer, finest_precision, input_scale
from mcugen.graph.ops.recurrent.sigmoid import sigmoid

STEPS, DEPTH, UNITS, CHANNELS = 100, 13, 24, 10
KINDS = {"lstm": (Lstm, torch.lstm), "gru": (Gru, torch.gru), "rnn": (Rnn, torch.rnn_tanh)}


@pytest.mark.parametrize("precision", [6, 11, 16])
def test_sigmoid_is_within_its_bound(precision: int) -> None:
    x = np.arange(-20 << precision, 20 << precision, max(1, (1 << precision) // 997))
    exact = 1 / (1 + np.exp(-x / 2.0**precision))
    assert np.abs((sigmoid(x, precision) + 32768) / 65536 - exact).max() < 2.0**-15


def _real(tensor: Tensor, data: npt.NDArray[np.int8] | None = None) -> torch.Tensor:
    integers = tensor.data if data is None else data
    assert integers is not None and tensor.quantization is not None
    scales = np.array(tensor.quantization.scales)[:, None] if tensor.quantization.axis == 0 else tensor.scale
    zero_point = 0 if tensor.quantization.axis == 0 else tensor.zero_point
    return torch.from_numpy((integers.astype(np.float64) - zero_point) * scales)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", [*KINDS, "lstm projected", "lstm cells", "lstm int16", "gru int16"])
def test_errors_do_not_grow_along_the_sequence(kind: str, reverse: bool) -> None:
    rng = np.random.default_rng(7)
    operator, run = KINDS[kind.split()[0]]
    channels = CHANNELS if "projected" in kind else UNITS
    rows = operator.gates * UNITS

    def matrix(name: str, *shape: int) -> Tensor:
        data = rng.integers(-127, 128, shape).astype(np.int8)
        return Tensor(name, shape, "int8", Quantization.per_channel(rng.uniform(0.5, 2, shape[0]) / 400, 0), data)

    bits = 16 if "int16" in kind else 8
    quantization = Quantization.per_tensor(0.02, 3) if bits == 8 else Quantization.per_tensor(0.02 / 256, 0, 16)
    x = Tensor("x", (STEPS, 2, DEPTH), quantization.dtype, quantization)
    matrices = [matrix("of_input", rows, DEPTH), matrix("of_state", rows, channels)]
    bias = rng.normal(size=(operator.bias_rows, rows))
    bias[1:, : 2 * UNITS] = 0
    scales = [np.array(m.quantization.scales) for m in matrices if m.quantization is not None]
    precision = finest_precision(input_scale(quantization), 15, *scales, bias)
    bias = np.rint(bias * 2.0**precision).astype(np.int32)
    constants = [*matrices, Tensor("bias", bias.shape, "int32", None, bias)]
    attributes: dict[str, object] = {"reverse": reverse, "precision": precision}
    if "projected" in kind:
        constants.append(matrix("projection", channels, UNITS))
        attributes |= {"projected": True, "state_bits": 12}
    if "cells" in kind:
        attributes["results"] = ("cell",)
    op: RecurrentLayer = operator(
        name="layer", inputs=("x", *(t.name for t in constants)), outputs=("y",), **attributes
    )
    step = 2.0**-5 if "projected" in kind else 2.0 ** (1 - bits)
    y = Tensor("y", (STEPS, 2, channels), f"int{bits}", Quantization.per_tensor(step, 0, bits))
    if "cells" in kind:
        y = Tensor("y", (2, UNITS), "int32", CELL_QUANTIZATION)
        step = y.scale
    tensors = [x, *constants]
    op.validate(tensors, [y])
    low, high = x.integer_range
    given = rng.integers(low, high + 1, x.shape).astype(x.dtype)
    (got,) = op.reference([given, *(t.data for t in constants if t.data is not None)], tensors, [y])

    real_bias = torch.from_numpy(bias / 2.0**precision)
    second = real_bias[1] if operator is Gru else torch.zeros(rows, dtype=torch.float64)
    weights = [*map(_real, matrices), real_bias[0], second, *map(_real, constants[3:])]
    zeros = torch.zeros(1, 2, channels, dtype=torch.float64)
    initial = [zeros, torch.zeros(1, 2, UNITS, dtype=torch.float64)] if operator is Lstm else zeros
    inputs = _real(x, given)
    results = run(inputs.flip(0) if reverse else inputs, initial, weights, True, 1, 0.0, False, False, False)
    exact = results[2][0] if "cells" in kind else results[0].flip(0) if reverse else results[0]
    low, high = y.integer_range
    wanted = exact.numpy().clip(low * step, high * step)
    assert np.abs(got * step - wanted).max() < 0.5 * step + 0.002 * (3 if "projected" in kind else 1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"precision": 5}, "5 fractional bits"),
        ({"state_bits": 16}, "16 fractional bits"),
        ({"results": ("cell",)}, "cannot give cell"),
        ({"results": ()}, "cannot give nothing"),
        ({"results": ("hidden", "sequence")}, "cannot give hidden, sequence"),
        ({"precision": 16, "x_scale": 1000.0}, "leave the range"),
        ({"steps": 16384}, "at most 16375"),
        ({"depth": 600}, "can leave 32 bits"),
    ],
)
def test_validate_refuses(change: dict[str, float], words: str) -> None:
    change = dict(change)
    depth, steps, scale = int(change.pop("depth", 2)), int(change.pop("steps", 1)), change.pop("x_scale", 0.1)
    quantization = Quantization.per_tensor(0.01, 0)
    tensors = [
        Tensor("x", (steps, 1, depth), "int8", Quantization.per_tensor(scale, 0)),
        Tensor("w", (1, depth), "int8", quantization, np.full((1, depth), 127, np.int8)),
        Tensor("h", (1, 1), "int8", quantization, np.full((1, 1), 127, np.int8)),
        Tensor("b", (1, 1), "int32", None, np.zeros((1, 1), np.int32)),
    ]
    op = Rnn(name="layer", inputs=("x", "w", "h", "b"), outputs=("y",), **change)
    with pytest.raises(ValueError, match=words):
        op.validate(tensors, [Tensor("y", (steps, 1, 1), "int8", quantization)])
