"""Random files of functions, pairs, and what works on rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.frontend.litert.cases.drawing import Case, Maker, Rng, case, is_wide, real, shape
from tests.frontend.litert.files import T


def unary(builtin: str, table: str = "", out: tuple[float, int] | None = None, **ranges: Any) -> Maker:
    """All 256 integers."""

    def make(rng: Rng) -> Case:
        x = real(rng, (1, 256), zero_point=ranges.get("zero_point"))
        y = real(rng, (1, 256)) if out is None else T((1, 256), "INT8", *out)
        if "finest" in ranges:
            y = T(y.shape, "INT8", max(float(np.float32(x.scale)) * ranges["finest"], y.scale), y.zero_point)
        options = {"alpha": float(np.float32(rng.uniform(-0.5, 1.5)))} if table == "LeakyReluOptions" else {}
        data, _ = case(rng, builtin, [x], [y], table, **options)
        every = np.arange(-128, 128, dtype=np.int8).reshape(1, 256)
        return data, [np.maximum(every, np.int8(x.zero_point)) if ranges.get("positive") else every]

    return make


def wide_unary(
    builtin: str, table: str = "", least: int = -32768, same: bool = False, out_exponent: float = 0.0
) -> Maker:
    """A thousand integers of 16 bits, the ends and the middle among them; half of the files with one scale for both."""

    def make(rng: Rng) -> Case:
        x = real(rng, (1, 1024))
        if builtin == "EXP":
            x = real(rng, x.shape, float(np.float32(2.0 ** rng.uniform(-16, -9))))
        scale = x.scale if same or rng.random() < 0.3 else float(np.float32(x.scale * 2.0 ** rng.uniform(-2, 2)))
        if out_exponent:
            scale = float(np.float32(2.0 ** (out_exponent + rng.uniform(-1, 1))))
        slopes = [-0.25, 0.5, float(np.float32(rng.uniform(-0.5, 1.5)))]
        options = {"alpha": float(rng.choice(slopes))} if table == "LeakyReluOptions" else {}
        if table == "GeluOptions":
            options = {"approximate": bool(rng.integers(0, 2))}
        data, _ = case(rng, builtin, [x], [T(x.shape, "INT16", scale)], table, **options)
        given = rng.integers(-32768, 32768, x.shape)
        given[0, :12] = [-32768, -32767, -32766, -3, -2, -1, 0, 1, 2, 3, 32766, 32767]
        return data, [np.maximum(given, least).astype(np.int16)]

    return make


def pair(builtin: str, table: str, result: str | None = None, same: bool = False) -> Maker:
    def make(rng: Rng) -> Case:
        wide = shape(rng, int(rng.integers(1, 5)))
        narrow = tuple(1 if rng.random() < 0.2 else n for n in wide)
        a = real(rng, wide)
        # LiteRT compares integers of int16 as they are.
        b = real(rng, narrow, a.scale, a.zero_point) if same or (is_wide() and result) else real(rng, narrow)
        y = T(wide, "BOOL") if result == "BOOL" else real(rng, wide, *((a.scale, a.zero_point) if same else ()))
        return case(rng, builtin, [a, b], [y], table)

    return make


def squared_difference(rng: Rng) -> Case:
    """A square of int16 has up to 30 bits: finer outputs would take TFLM's shift beyond the 32 that are defined."""
    s = shape(rng, int(rng.integers(1, 5)))
    a, b, y = real(rng, s), real(rng, tuple(1 if rng.random() < 0.2 else n for n in s)), real(rng, s)
    if is_wide():
        y = real(rng, s, max(y.scale, float(np.float32(1.01 * (2.0 * max(a.scale, b.scale)) ** 2))))
    return case(rng, "SQUARED_DIFFERENCE", [a, b], [y], "SquaredDifferenceOptions")


def _shares(s: tuple[int, ...]) -> T:
    return T(s, "INT16", 1 / 32768, 0) if is_wide() else T(s, "INT8", 1 / 256, -128)


def gate(builtin: str) -> Maker:
    """LOGISTIC and TANH of int16."""

    def make(rng: Rng) -> Case:
        s = shape(rng, 3, 12)
        return case(rng, builtin, [real(rng, s)], [T(s, "INT16", 1 / 32768, 0)])

    return make


def softmax(rng: Rng) -> Case:
    s = shape(rng, 3, 9)
    beta = float(np.float32(rng.choice([1.0, rng.uniform(0.1, 3)])))
    return case(rng, "SOFTMAX", [real(rng, s)], [_shares(s)], "SoftmaxOptions", beta=beta)


def softmax_to_16_bits(rng: Rng) -> Case:
    s = shape(rng, 3, 9)
    beta = float(np.float32(rng.choice([1.0, rng.uniform(0.1, 3)])))
    out = T(s, "INT16", 1 / 65536, -32768)
    return case(rng, "SOFTMAX", [real(rng, s)], [out], "SoftmaxOptions", beta=beta)


def log_softmax(rng: Rng) -> Case:
    s = shape(rng, 2, 12)
    return case(rng, "LOG_SOFTMAX", [real(rng, s)], [T(s, "INT8", 16 / 256, 127)], "LogSoftmaxOptions")


def l2_normalization(rng: Rng) -> Case:
    s = shape(rng, 2, 12)
    return case(rng, "L2_NORMALIZATION", [real(rng, s)], [T(s, "INT8", 1 / 128, 0)], "L2NormOptions")


def prelu(rng: Rng) -> Case:
    s = shape(rng, 4)
    x, slopes = real(rng, s), rng.integers(-127, 128, (1, 1, s[3])).astype(np.int8)
    return case(rng, "PRELU", [x, T((1, 1, s[3]), "INT8", 0.01, 0, 0, slopes)], [real(rng, s)])


def add_n(rng: Rng) -> Case:
    s = shape(rng, 3)
    x = real(rng, s)
    parts = [T(s, x.type, x.scale, x.zero_point) for _ in range(int(rng.integers(2, 5)))]
    return case(rng, "ADD_N", parts, [real(rng, s, float(np.float32(x.scale * rng.uniform(0.5, 4))))], "AddNOptions")


def division(rng: Rng) -> Case:
    """Where the interpreter's shifts are defined: a divisor that is not 0, and quotients of some size."""
    s = shape(rng, 3)
    a, b = real(rng, s), real(rng, s)
    drawn = rng.integers(-128, 128, s)
    drawn = np.where(drawn == b.zero_point, drawn - np.where(drawn > 0, 1, -1), drawn)
    b = T(s, "INT8", b.scale, b.zero_point, data=drawn.astype(np.int8))
    y = real(rng, s, float(np.float32(a.scale / b.scale * 2.0 ** -rng.uniform(6.1, 9))))
    return case(rng, "DIV", [a, b], [y], "DivOptions", fusedActivationFunction=int(rng.integers(0, 4)))


def quantize(rng: Rng) -> Case:
    s = shape(rng, 3)
    return case(rng, "QUANTIZE", [real(rng, s)], [real(rng, s)], "QuantizeOptions")


def quantize_types(rng: Rng) -> Case:
    """Between two types."""
    kinds = [("INT16", "INT32"), ("INT32", "INT8"), ("INT32", "INT16"), ("INT8", "INT32"), ("INT16", "INT8")]
    kinds += [("INT8", "INT16"), ("UINT8", "INT8"), ("INT8", "UINT8")]
    before, after = kinds[int(rng.integers(0, len(kinds)))]

    def drawn(kind: str) -> T:
        zero = {"INT8": rng.integers(-128, 128), "UINT8": rng.integers(0, 256)}.get(kind, 0)
        return T((4, 60), kind, float(np.float32(2.0 ** rng.uniform(-9, -3))), int(zero))

    data, (given,) = case(rng, "QUANTIZE", [drawn(before)], [drawn(after)], "QuantizeOptions")
    if before == "INT32":
        given = rng.integers(-40000, 40000, given.shape).astype(np.int32)
    return data, [given]


def select(builtin: str, table: str) -> Maker:
    def make(rng: Rng) -> Case:
        s = shape(rng, 3)
        x = real(rng, s)
        same = [T(s, x.type, x.scale, x.zero_point) for _ in range(3)]
        return case(rng, builtin, [T(s, "BOOL"), *same[:2]], [same[2]], table)

    return make


def booleans(builtin: str, table: str, count: int = 2) -> Maker:
    def make(rng: Rng) -> Case:
        s = shape(rng, 3)
        return case(rng, builtin, [T(s, "BOOL") for _ in range(count)], [T(s, "BOOL")], table)

    return make


def whole(builtin: str, table: str, result: str = "INT32") -> Maker:
    """Of plain 32-bit integers."""

    def make(rng: Rng) -> Case:
        s = shape(rng, 3)
        return case(rng, builtin, [T(s, "INT32"), T(s, "INT32")], [T(s, result)], table)

    return make


def cast(rng: Rng) -> Case:
    s = shape(rng, 3)
    kinds = ["INT8", "INT16", "INT32"]
    return case(rng, "CAST", [T(s, str(rng.choice(kinds)))], [T(s, str(rng.choice(kinds)))], "CastOptions")


CASES: dict[str, Maker] = {
    "ABS": unary("ABS", "AbsOptions"),
    "ADD": pair("ADD", "AddOptions"),
    "ADD int32": whole("ADD", "AddOptions"),
    "ADD_N": add_n,
    "CAST": cast,
    "DIV": division,
    "ELU": unary("ELU"),
    "EQUAL": pair("EQUAL", "EqualOptions", "BOOL"),
    "EXP": unary("EXP", "ExpOptions"),
    "GREATER": pair("GREATER", "GreaterOptions", "BOOL"),
    "GREATER_EQUAL": pair("GREATER_EQUAL", "GreaterEqualOptions", "BOOL"),
    "HARD_SWISH": unary("HARD_SWISH", "HardSwishOptions", finest=1 / 64),
    "L2_NORMALIZATION": l2_normalization,
    "LEAKY_RELU": unary("LEAKY_RELU", "LeakyReluOptions"),
    "LESS": pair("LESS", "LessOptions", "BOOL"),
    "LESS_EQUAL": pair("LESS_EQUAL", "LessEqualOptions", "BOOL"),
    "LOG": unary("LOG", positive=True),
    "LOGICAL_AND": booleans("LOGICAL_AND", "LogicalAndOptions"),
    "LOGICAL_NOT": booleans("LOGICAL_NOT", "LogicalNotOptions", 1),
    "LOGICAL_OR": booleans("LOGICAL_OR", "LogicalOrOptions"),
    "LOGISTIC": unary("LOGISTIC", out=(1 / 256, -128)),
    "LOG_SOFTMAX": log_softmax,
    "MAXIMUM": pair("MAXIMUM", "MaximumMinimumOptions", same=True),
    "MINIMUM": pair("MINIMUM", "MaximumMinimumOptions", same=True),
    "MUL": pair("MUL", "MulOptions"),
    "MUL int32": whole("MUL", "MulOptions"),
    "NEG": unary("NEG", "NegOptions"),
    "NOT_EQUAL": pair("NOT_EQUAL", "NotEqualOptions", "BOOL"),
    "PRELU": prelu,
    "QUANTIZE": quantize,
    "QUANTIZE of other types": quantize_types,
    "RELU": unary("RELU"),
    "RELU_0_TO_1": unary("RELU_0_TO_1"),
    "RELU_N1_TO_1": unary("RELU_N1_TO_1"),
    "RSQRT": unary("RSQRT", positive=True),
    "SELECT": select("SELECT", "SelectOptions"),
    "SELECT_V2": select("SELECT_V2", "SelectV2Options"),
    "SOFTMAX": softmax,
    "SOFTMAX to int16": softmax_to_16_bits,
    "SQRT": unary("SQRT", positive=True),
    "SQUARED_DIFFERENCE": squared_difference,
    "SUB": pair("SUB", "SubOptions"),
    "SUB int32": whole("SUB", "SubOptions"),
    "TANH": unary("TANH", out=(1 / 128, 0)),
}

_WIDE = """
ADD EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL MAXIMUM MINIMUM MUL NOT_EQUAL PRELU QUANTIZE SELECT SELECT_V2 SOFTMAX
SQUARED_DIFFERENCE SUB
"""
WIDE: dict[str, Maker] = {name: CASES[name] for name in _WIDE.split()}
WIDE |= {
    "ABS": wide_unary("ABS", "AbsOptions"),
    "EXP": wide_unary("EXP", "ExpOptions"),
    "GELU": wide_unary("GELU", "GeluOptions"),
    "LEAKY_RELU": wide_unary("LEAKY_RELU", "LeakyReluOptions"),
    "LOG": wide_unary("LOG", out_exponent=-11),
    "NEG": wide_unary("NEG", "NegOptions"),
    "RELU": wide_unary("RELU"),
    "RELU6": wide_unary("RELU6", same=True),
    "RSQRT": wide_unary("RSQRT", least=1, out_exponent=-11),
    "SQRT": wide_unary("SQRT", least=0, out_exponent=-14),
}
WIDE |= {name: gate(name) for name in ("LOGISTIC", "TANH")}
