"""The types of elements that each operator of LiteRT takes: what is refused otherwise, and what `mcugen ops` prints."""

from __future__ import annotations

Types = tuple[str, ...]

_REAL: Types = ("int8", "int16")
_WHOLE: Types = (*_REAL, "int32", "int64")
_NUMBERS: Types = (*_WHOLE, "bool")
_ANY: Types = (*_NUMBERS, "uint8")
"""uint8 is a type of ports: it is moved and quantized, and nothing is computed of it."""

_BY_TYPES: dict[Types, str] = {
    ("bool",): "LOGICAL_AND LOGICAL_NOT LOGICAL_OR REDUCE_ALL REDUCE_ANY",
    ("int8",): """
        CEIL COS DIV ELU FLOOR HARD_SWISH L2_NORMALIZATION LOG_SOFTMAX POW RELU_N1_TO_1 RELU_0_TO_1
        RESIZE_BILINEAR ROUND SIN SQUARE SVDF
    """,
    _REAL: """
        ABS AVERAGE_POOL_2D BATCH_MATMUL CONV_2D DEPTHWISE_CONV_2D EXP FULLY_CONNECTED GELU LEAKY_RELU LOG LOGISTIC
        MAX_POOL_2D MEAN NEG PRELU RELU RELU6 RSQRT SOFTMAX SQRT SQUARED_DIFFERENCE TANH TRANSPOSE_CONV
        UNIDIRECTIONAL_SEQUENCE_LSTM
    """,
    ("int8", "int32", "int64"): "ADD_N CUMSUM",
    (*_REAL, "uint8"): "DEQUANTIZE",
    (*_REAL, "int32", "uint8"): "QUANTIZE",
    _WHOLE: "ADD FLOOR_DIV FLOOR_MOD MUL REDUCE_PROD RIGHT_SHIFT SUB SUM",
    _NUMBERS: """
        ARG_MAX ARG_MIN BITWISE_XOR CAST EQUAL GREATER GREATER_EQUAL LESS LESS_EQUAL MAXIMUM MINIMUM NOT_EQUAL
        REDUCE_MAX REDUCE_MIN
    """,
    _ANY: """
        ASSIGN_VARIABLE BATCH_TO_SPACE_ND BROADCAST_TO CALL_ONCE CONCATENATION DEPTH_TO_SPACE EXPAND_DIMS FILL GATHER
        GATHER_ND MIRROR_PAD PACK PAD PADV2 RANK READ_VARIABLE RESHAPE RESIZE_NEAREST_NEIGHBOR REVERSE_V2 SELECT
        SELECT_V2 SHAPE SLICE SPACE_TO_BATCH_ND SPACE_TO_DEPTH SPLIT SPLIT_V SQUEEZE STRIDED_SLICE TILE TRANSPOSE
        UNPACK VAR_HANDLE ZEROS_LIKE
    """,
}

TYPES: dict[str, Types] = {name: types for types, names in _BY_TYPES.items() for name in names.split()}
"""By the name of the operator; of the first operand that is no constant, of a choice its second."""

CHOICES = ("SELECT", "SELECT_V2")
"""Their first operand is a condition."""
