"""An LSTM against TFLM's own, which keeps the hidden state in 8 bits and the cell in 16: close, and never closer to the
exact layer than ours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from mcugen.errors import UnsupportedOperatorError
from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Lstm
from mcugen.graph.reference import run
from mcugen.litert.writer import write
from tests.graph.oracles.tflm import run_tflm
from tests.graph.strategies.draws import Case, make_case

UNITS, DEPTH, PRECISION = 16, 10, 16
OUT = Quantization.per_tensor(2.0**-7, 0)

OURS, THEIRS = 0.52, 1.2
"""Output steps of 1/128 from the layer in float64: bounds of docs/numbers.md."""

DIFFERENT = 0.05
"""Of the outputs, by a step each."""


def case(seed: int, steps: int, batch_first: bool, per_row: bool = False) -> Case:
    """A layer whose gates reach from open to closed."""
    rng = np.random.default_rng(seed)

    def matrix(name: str, depth: int) -> Tensor:
        gates = rng.uniform(0.5, 1.5, (4, UNITS if per_row else 1)) * 1.5 / depth**0.5 / 127
        scales = np.broadcast_to(gates, (4, UNITS)).reshape(-1)
        data = np.clip(rng.normal(size=(4 * UNITS, depth)) * 50, -127, 127).astype(np.int8)
        return Tensor(name, data.shape, "int8", Quantization.per_channel(scales, 0), data)

    bias = np.rint(rng.normal(size=(1, 4 * UNITS)) * 2.0**PRECISION).astype(np.int32)
    lead = (1, steps) if batch_first else (steps, 1)
    tensors = [
        Tensor("x", (*lead, DEPTH), "int8", Quantization.per_tensor(0.03, int(rng.integers(-20, 20)))),
        matrix("of_input", DEPTH),
        matrix("of_state", UNITS),
        Tensor("bias", bias.shape, "int32", None, bias),
        Tensor("y", (*lead, UNITS), "int8", OUT),
    ]
    op = Lstm(
        name="lstm",
        inputs=("x", "of_input", "of_state", "bias"),
        outputs=("y",),
        batch_first=batch_first,
        precision=PRECISION,
    )
    return make_case(op, tensors, rng)


def exact(some: Case) -> npt.NDArray[np.float64]:
    """The layer in float64 with the dequantized weights and inputs, in output steps."""
    (op,) = some.graph.operators
    x, of_input, of_state, bias = some.graph.input_tensors(op)

    def real(tensor: Tensor) -> torch.Tensor:
        assert tensor.data is not None and tensor.quantization is not None
        return torch.from_numpy(tensor.data * np.array(tensor.quantization.scales)[:, None])

    assert bias.data is not None
    biases = torch.from_numpy(bias.data[0] * 2.0**-PRECISION), torch.zeros(4 * UNITS, dtype=torch.float64)
    inputs = torch.from_numpy((some.inputs["x"].astype(np.float64) - x.zero_point) * x.scale)
    zeros = torch.zeros(1, 1, UNITS, dtype=torch.float64)
    weights = [real(of_input), real(of_state), *biases]
    y = torch.lstm(inputs, [zeros, zeros], weights, True, 1, 0.0, False, False, op.batch_first)[0]  # type: ignore[attr-defined]
    return y.numpy().clip(-1, 127 / 128) * 128


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("steps", [1, 60])
def test_is_closer_to_the_exact_layer_than_tflm(steps: int, batch_first: bool) -> None:
    worst, different = np.zeros(2), []
    for seed in range(6):
        some = case(seed, steps, batch_first)
        wanted = exact(some)
        results = run(*some)["y"].astype(float), run_tflm(*some)["y"].reshape(wanted.shape).astype(float)
        worst = np.maximum(worst, [np.abs(result - wanted).max() for result in results])
        difference = np.abs(results[0] - results[1])
        assert difference.max() <= 1
        different.append(difference.mean())
    print(f"{steps} steps: ours {worst[0]:.2f}, TFLM {worst[1]:.2f} output steps, {np.mean(different):.1%} differ")
    assert worst[0] <= OURS and worst[0] <= worst[1] + 0.01 and worst[1] <= THEIRS
    assert np.mean(different) <= DIFFERENT


def test_what_litert_has_not_is_refused() -> None:
    with pytest.raises(UnsupportedOperatorError, match="one scale for each gate"):
        write(case(0, 2, False, per_row=True).graph)
