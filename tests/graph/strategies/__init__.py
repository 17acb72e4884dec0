"""Hypothesis strategies for graphs of one random operator, with the input to run it on.

`conv2d_graphs()`, `depthwise_graphs()`, ... each yield a `Case`; `ALL` has one strategy function for each kind.
Shapes stay small, and cover 1, odd and more than 256 channels, strides, dilations, asymmetric padding, groups, channel
multipliers, weights per channel and per tensor, missing bias, any clamp and zero point, and output scales from
saturating to nearly constant.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st

from mcugen.graph.ops import (
    Logistic,
    Tanh,
)
from tests.graph.strategies import floats
from tests.graph.strategies.convolution import conv2d_graphs, depthwise_graphs
from tests.graph.strategies.draws import (
    Case,
    channel_counts,
    make_case,
    quantizations,
    random_int8,
    scales,
    seeds,
    shapes,
)
from tests.graph.strategies.elementwise import (
    add_graphs,
    clamp_graphs,
    mul_graphs,
    requantize_graphs,
    sub_graphs,
    table_graphs,
)
from tests.graph.strategies.int16_functions import sigmoid_graphs
from tests.graph.strategies.kept_state import sequence_lstm_graphs, svdf_graphs
from tests.graph.strategies.linear import batch_matmul_graphs, fully_connected_graphs
from tests.graph.strategies.movement import (
    embedding_graphs,
    gather_elements_graphs,
    gather_graphs,
    pad_graphs,
    take_graphs,
    take_sum_graphs,
)
from tests.graph.strategies.normalization import (
    log_softmax_graphs,
    masked_softmax_graphs,
    normalize_graphs,
    softmax_graphs,
)
from tests.graph.strategies.order import concatenation_graphs, copy_graphs, reshape_graphs, transpose_graphs
from tests.graph.strategies.pairs import PAIRS
from tests.graph.strategies.pooling import average_pool_graphs, max_pool_graphs
from tests.graph.strategies.recurrent import gru_graphs, lstm_graphs, rnn_graphs
from tests.graph.strategies.reduction import REDUCTIONS, mean_graphs
from tests.graph.strategies.resizing import (
    adaptive_average_graphs,
    max_pool_places_graphs,
    resize_bilinear_graphs,
    spanned_max_graphs,
)
from tests.graph.strategies.tflm import TFLM
from tests.graph.strategies.transposed import transposed_conv2d_graphs
from tests.graph.strategies.wide import (
    symmetric_requantize_graphs,
    unsigned_requantize_graphs,
    wide_requantize_graphs,
    wide_sum_graphs,
)

__all__ = ["ALL", "Case", "channel_counts", "make_case", "quantizations", "random_int8", "scales", "seeds", "shapes"]


ALL: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "quantize": floats.quantize_graphs,
    "add": add_graphs,
    "adaptive_average_pool2d": adaptive_average_graphs,
    "average_pool2d": average_pool_graphs,
    "batch_matmul": batch_matmul_graphs,
    "clamp": clamp_graphs,
    "concatenation": concatenation_graphs,
    "conv2d": conv2d_graphs,
    "copy": copy_graphs,
    "depthwise_conv2d": depthwise_graphs,
    "dequantize": floats.dequantize_graphs,
    "embedding": embedding_graphs,
    "fully_connected": fully_connected_graphs,
    "log_softmax": log_softmax_graphs,
    "logistic": sigmoid_graphs(Logistic),
    "masked_softmax": masked_softmax_graphs,
    "gather": gather_graphs,
    "gather_elements": gather_elements_graphs,
    "gru": gru_graphs,
    "lstm": lstm_graphs,
    "max_pool2d": max_pool_graphs,
    "max_pool_places2d": lambda: st.one_of(max_pool_places_graphs(), max_pool_places_graphs(16)),
    "mean": mean_graphs,
    "mul": mul_graphs,
    "normalize": normalize_graphs,
    "pad": pad_graphs,
    "requantize": lambda: st.one_of(
        requantize_graphs(), wide_requantize_graphs(), symmetric_requantize_graphs(), unsigned_requantize_graphs()
    ),
    "reshape": reshape_graphs,
    "resize_bilinear": resize_bilinear_graphs,
    "rnn": rnn_graphs,
    "softmax": softmax_graphs,
    "spanned_max_pool2d": lambda: st.one_of(spanned_max_graphs(), spanned_max_graphs(16)),
    "sub": sub_graphs,
    "svdf": svdf_graphs,
    "table": table_graphs,
    "take": take_graphs,
    "take_sum": take_sum_graphs,
    "tanh": sigmoid_graphs(Tanh),
    "transpose": transpose_graphs,
    "transposed_conv2d": transposed_conv2d_graphs,
    "unidirectional_sequence_lstm": sequence_lstm_graphs,
    "wide_sum": wide_sum_graphs,
    **PAIRS,
    **REDUCTIONS,
    **TFLM,
}
