"""Products of matrices."""

from __future__ import annotations

from mcugen.frontend.litert.activation import fused
from mcugen.frontend.litert.operators.convolution import bias_of
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.ops import BatchMatMul, FullyConnected, Transpose
from mcugen.graph.tensor import Tensor


def _fully_connected(step: Step) -> None:
    x, weights, table = step.x(0), step.x(1), "FullyConnectedOptions"
    if step.option(table, "weights_format"):
        step.fail("has shuffled weights", "convert the model without them")
    if len(weights.shape) != 2 or 0 in weights.shape:
        step.fail(f"has weights of shape {list(weights.shape)}, must be (outputs, inputs)")
    outputs, depth = weights.shape
    out = step.out()
    rows = step.reshape(x, (x.elements // depth, depth))
    operands = [rows, weights, *bias_of(step, 2)]
    made = step.temporary((rows.shape[0], outputs), out) if len(out.shape) != 2 else out
    step.append(FullyConnected, operands, made, clamp=fused(step, table, out))
    if made is not out:
        step.reshape_into(made, out)


def _batch_matmul(step: Step) -> None:
    left, right = step.x(0), step.x(1)
    if step.option("BatchMatMulOptions", "adj_x"):
        left = _turned(step, left)
    transposed = bool(step.option("BatchMatMulOptions", "adj_y"))
    out = step.out()
    step.append(BatchMatMul, [left, right], out, transposed=transposed, clamp=out.integer_range)


def _turned(step: Step, x: Tensor) -> Tensor:
    """With the last two axes exchanged."""
    rank = len(x.shape)
    if rank < 2:
        step.fail(f"takes matrices, has the shape {list(x.shape)}")
    order = (*range(rank - 2), rank - 1, rank - 2)
    shape = tuple(x.shape[axis] for axis in order)
    return step.append(Transpose, [x], step.temporary(shape, x), permutation=order)


ROWS: dict[str, Row] = {
    "BATCH_MATMUL": _batch_matmul,
    "FULLY_CONNECTED": _fully_connected,
}
