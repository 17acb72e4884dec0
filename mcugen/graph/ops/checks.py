"""Rules that several operators share, for use in their `validate`. All raise ValueError naming the operator."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import Tensor

WEIGHT_DTYPES = ("int8", "int4")


def require(condition: bool, op: Operator, message: str) -> None:
    if not condition:
        raise ValueError(f"{op.name} ({op.kind}): {message}")


def require_arity(op: Operator, inputs: Sequence[Tensor], outputs: Sequence[Tensor], least: int, most: int) -> None:
    """`least` to `most` inputs, one output."""
    wanted = str(least) if least == most else f"{least} to {most}"
    require(least <= len(inputs) <= most, op, f"takes {wanted} inputs, has {len(inputs)}")
    require(len(outputs) == 1, op, f"has one output, not {len(outputs)}")


def require_int8(op: Operator, *tensors: Tensor) -> None:
    """int8 with a per-tensor quantization whose zero point is an int8."""
    for t in tensors:
        require(t.dtype == "int8", op, f"tensor {t.name!r} is {t.dtype}, must be int8")
    require_quantized(op, *tensors)


def require_real(op: Operator, *tensors: Tensor) -> None:
    """int8 or int16 with a per-tensor quantization whose zero point is one of their integers."""
    for t in tensors:
        require(t.dtype in ("int8", "int16"), op, f"tensor {t.name!r} is {t.dtype}, must be int8 or int16")
    require_quantized(op, *tensors)


def require_activations(op: Operator, *tensors: Tensor) -> None:
    """int8, or all int16 with the zero point 0; each with a per-tensor quantization.

    An operator's arithmetic is that of the type its activations have in common.
    """
    first = tensors[0]
    for t in tensors:
        require(t.dtype in ("int8", "int16"), op, f"tensor {t.name!r} is {t.dtype}, must be int8 or int16")
        require(t.dtype == first.dtype, op, f"tensor {t.name!r} is {t.dtype}, {first.name!r} is {first.dtype}")
    require_quantized(op, *tensors)
    for t in tensors:
        symmetric = t.dtype == "int8" or t.zero_point == 0
        require(symmetric, op, f"tensor {t.name!r}: the zero point of int16 is 0, not {t.zero_point}")


def require_quantized(op: Operator, *tensors: Tensor) -> None:
    """A per-tensor quantization whose zero point is one of the integers; of 32 bits it is 0."""
    for t in tensors:
        require(t.quantization is not None, op, f"tensor {t.name!r} has no quantization")
        assert t.quantization is not None
        require(t.quantization.axis is None, op, f"tensor {t.name!r} is quantized per channel, must be per tensor")
        low, high = t.integer_range if t.dtype != "int32" else (0, 0)
        require(low <= t.zero_point <= high, op, f"tensor {t.name!r}: zero point {t.zero_point} is not an {t.dtype}")


def require_nhwc(op: Operator, *tensors: Tensor) -> None:
    """Four axes, no empty one."""
    for t in tensors:
        require(len(t.shape) == 4, op, f"tensor {t.name!r} has shape {t.shape}, must be (N, H, W, C)")
        require(min(t.shape) > 0, op, f"tensor {t.name!r} has the empty shape {t.shape}")


def require_movable(op: Operator, *tensors: Tensor) -> None:
    """Of one type: of one per-tensor quantization, or plain integers or booleans without any."""
    first = tensors[0]
    for t in tensors:
        require(t.dtype == first.dtype, op, f"tensor {t.name!r} is {t.dtype}, {first.name!r} is {first.dtype}")
        plain = (t.quantization is None) == (first.quantization is None)
        require(plain, op, f"of {t.name!r} and {first.name!r} only one is quantized")
    if first.quantization is not None:
        require_quantized(op, *tensors)
        require_same_quantization(op, *tensors)


def require_same_quantization(op: Operator, *tensors: Tensor) -> None:
    first = tensors[0]
    for t in tensors[1:]:
        same = (t.scale, t.zero_point) == (first.scale, first.zero_point)
        require(same, op, f"tensors {first.name!r} and {t.name!r} must share their quantization")


def require_clamp(op: Operator, clamp: tuple[int, int], tensor: Tensor) -> None:
    """lowest <= highest, both inside the tensor's integer range."""
    low, high = tensor.integer_range
    inside = low <= clamp[0] <= clamp[1] <= high
    require(inside, op, f"clamp {clamp} must be an interval inside {(low, high)}")


def require_shape(op: Operator, tensor: Tensor, shape: tuple[int, ...]) -> None:
    require(tensor.shape == shape, op, f"tensor {tensor.name!r} has shape {tensor.shape}, the operator makes {shape}")


def require_weights(
    op: Operator, weights: Tensor, bias: Tensor | None, axis: int, biases: Sequence[str] = ("int32",)
) -> None:
    """Constant int8 or int4 weights, symmetric, per tensor or per channel on `axis`; bias constant, one per channel, of
    one of the types `biases`."""
    require(weights.is_constant, op, f"weights {weights.name!r} must be constant")
    require(weights.dtype in WEIGHT_DTYPES, op, f"weights {weights.name!r} are {weights.dtype}, must be int8 or int4")
    q = weights.quantization
    require(q is not None, op, f"weights {weights.name!r} have no quantization")
    assert q is not None
    require(not any(q.zero_points), op, f"weights {weights.name!r} must be symmetric (zero point 0)")
    channels = weights.shape[axis]
    if q.axis is not None:
        require(q.axis == axis, op, f"weights {weights.name!r} are quantized on axis {q.axis}, must be {axis}")
        require(len(q.scales) == channels, op, f"weights {weights.name!r}: {len(q.scales)} scales, {channels} channels")
    if bias is None:
        return
    require(bias.is_constant, op, f"bias {bias.name!r} must be constant")
    require(bias.dtype in biases, op, f"bias {bias.name!r} is {bias.dtype}, must be {' or '.join(biases)}")
    require_shape(op, bias, (channels,))


def largest_activation(tensor: Tensor) -> int:
    """The largest |integer - zero point| an activation can hold."""
    low, high = tensor.integer_range
    return max(tensor.zero_point - low, high - tensor.zero_point)
