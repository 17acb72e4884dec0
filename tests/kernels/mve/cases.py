"""The Helium kernels and random graphs for each, for the tests on the workstation and on the emulated core."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.kernels import mve
from mcugen.kernels.base import Kernel
from mcugen.kernels.mve import recurrent
from tests.graph.strategies import (
    Case,
    add_graphs,
    average_pool_graphs,
    batch_matmul_graphs,
    clamp_graphs,
    conv2d_graphs,
    depthwise_graphs,
    fully_connected_graphs,
    int16,
    log_softmax_graphs,
    masked_softmax_graphs,
    max_pool_graphs,
    mean_graphs,
    mul_graphs,
    normalize_graphs,
    requantize_graphs,
    softmax_graphs,
    sub_graphs,
    table_graphs,
    transpose_graphs,
)
from tests.graph.strategies.pairs import (
    compare_graphs,
    div_graphs,
    maximum_graphs,
    minimum_graphs,
    prelu_graphs,
    where_graphs,
)
from tests.graph.strategies.recurrent import gru_graphs, lstm_graphs, rnn_graphs
from tests.graph.strategies.reduction import REDUCTIONS, cumulative_sum_graphs, reduce_sum_graphs
from tests.graph.strategies.resizing import (
    adaptive_average_graphs,
    max_pool_places_graphs,
    resize_bilinear_graphs,
    spanned_max_graphs,
)
from tests.graph.strategies.transposed import transposed_conv2d_graphs
from tests.graph.strategies.wide import symmetric_requantize_graphs, wide_requantize_graphs

CORTEX_M55 = Cpu("cortex-m55", True, "double", "float", 100_000_000)
CORTEX_M55_INTEGER = Cpu("cortex-m55", True, "none", "integer", 100_000_000)
CORTEX_M55_PLAIN = Cpu("cortex-m55", True, "none", "none", 100_000_000)

POINTWISE: dict[str, Any] = {"kernel": (1, 1), "padding": "valid", "grouped": False}

PATCHES: dict[str, Any] = {"kernel": (3, 3), "stride": (1, 1), "padding": "same", "dilation": (1, 1)}
# More vectors than the kernels unroll, and all remainders.
DEEP = st.sampled_from([113, 130, 144, 150, 176, 6])
VECTORS = st.sampled_from([16, 32, 160, 7])

CASES: dict[str, tuple[Kernel, st.SearchStrategy[Case]]] = {
    "conv2d_1x1": (mve.Conv2d1x1Mve(), conv2d_graphs(**POINTWISE)),
    "conv2d": (mve.Conv2dMve(), conv2d_graphs(grouped=False)),
    "conv2d of few channels": (mve.Conv2dMve(), conv2d_graphs(grouped=False, channels=st.integers(1, 5))),
    "conv2d in groups": (mve.Conv2dMve(), conv2d_graphs(grouped=True)),
    "conv2d_1x1, int4": (mve.Conv2d1x1S4Mve(), conv2d_graphs(**POINTWISE, dtype="int4")),
    "conv2d, int4": (mve.Conv2dS4Mve(), conv2d_graphs(dtype="int4")),
    "transposed_conv2d, int4": (mve.TransposedConv2dS4Mve(), transposed_conv2d_graphs(dtype="int4")),
    "fully_connected, int4": (mve.FullyConnectedS4Mve(), fully_connected_graphs(channels=DEEP, dtype="int4")),
    "fully_connected vector, int4": (
        mve.FullyConnectedVectorS4Mve(),
        fully_connected_graphs(channels=VECTORS, dtype="int4"),
    ),
    "conv2d, int16": (mve.Conv2dInt16Mve(), int16.widened(conv2d_graphs())),
    "conv2d_1x1, int16": (mve.Conv2d1x1Int16Mve(), int16.widened(conv2d_graphs(**POINTWISE, stride=(1, 1)))),
    "fully_connected, int16": (mve.FullyConnectedInt16Mve(), int16.ALL["fully_connected"]()),
    **{
        f"{kernel.operator.kind}, int16": (kernel, int16.ALL[kernel.operator.kind]())
        for kernel in (
            mve.AddInt16Mve(),
            mve.AveragePool2dInt16Mve(),
            mve.BatchMatMulInt16Mve(),
            mve.ClampInt16Mve(),
            mve.LogisticMve(),
            mve.MaxPool2dInt16Mve(),
            mve.MeanInt16Mve(),
            mve.MulInt16Mve(),
            mve.ReduceSumInt16Mve(),
            mve.SoftmaxInt16Mve(),
            mve.SubInt16Mve(),
            mve.TableInt16Mve(),
            mve.TanhMve(),
        )
    },
    "depthwise, int16": (mve.DepthwiseConv2dInt16Mve(), int16.widened(depthwise_graphs(multiplier=1))),
    "transposed_conv2d": (mve.TransposedConv2dMve(), transposed_conv2d_graphs()),
    "depthwise": (mve.DepthwiseConv2dMve(), depthwise_graphs()),
    "depthwise 3x3": (mve.DepthwiseConv2dMve(), depthwise_graphs(**PATCHES)),
    "depthwise, int4": (mve.DepthwiseConv2dS4Mve(), depthwise_graphs(dtype="int4")),
    "depthwise 3x3, int4": (mve.DepthwiseConv2dS4Mve(), depthwise_graphs(**PATCHES, dtype="int4")),
    "depthwise, little scratch, int4": (
        mve.DepthwiseConv2dLittleScratchS4Mve(),
        depthwise_graphs(multiplier=1, dtype="int4"),
    ),
    "depthwise, little scratch": (mve.DepthwiseConv2dLittleScratchMve(), depthwise_graphs(multiplier=1)),
    "fully_connected": (mve.FullyConnectedMve(), fully_connected_graphs()),
    "fully_connected deep": (mve.FullyConnectedMve(), fully_connected_graphs(channels=DEEP)),
    "fully_connected vector": (mve.FullyConnectedVectorMve(), fully_connected_graphs(channels=VECTORS)),
    "add": (mve.AddMve(), add_graphs()),
    "sub": (mve.SubMve(), sub_graphs()),
    "mul": (mve.MulMve(), mul_graphs()),
    "requantize": (mve.RequantizeMve(), requantize_graphs()),
    "lookup": (mve.RequantizeLookupMve(), requantize_graphs()),
    "requantize_wide": (mve.RequantizeWideMve(), st.one_of(wide_requantize_graphs(), symmetric_requantize_graphs())),
    "prelu": (mve.PreluMve(), prelu_graphs()),
    "div": (mve.DivMve(), div_graphs()),
    "compare": (mve.CompareMve(), compare_graphs()),
    "where": (mve.WhereMve(), where_graphs()),
    "maximum": (mve.MaximumMve(), maximum_graphs()),
    "minimum": (mve.MinimumMve(), minimum_graphs()),
    "table": (mve.TableMve(), table_graphs()),
    "clamp": (mve.ClampMve(), clamp_graphs()),
    "max_pool2d": (mve.MaxPool2dMve(), max_pool_graphs()),
    "average_pool2d": (mve.AveragePool2dMve(), average_pool_graphs()),
    "mean": (mve.MeanMve(), mean_graphs()),
    "global mean": (mve.MeanMve(), mean_graphs(axes=(1, 2))),
    "reduce_sum": (mve.ReduceSumMve(), reduce_sum_graphs()),
    "transpose": (mve.TransposeMve(), transpose_graphs()),
    "softmax": (mve.SoftmaxMve(), softmax_graphs()),
    "softmax_table": (mve.SoftmaxTableMve(), softmax_graphs()),
    "masked_softmax": (mve.MaskedSoftmaxMve(), masked_softmax_graphs()),
    "log_softmax": (mve.LogSoftmaxMve(), log_softmax_graphs()),
    "normalize": (mve.NormalizeMve(), normalize_graphs()),
    "resize_bilinear": (mve.ResizeBilinearMve(), resize_bilinear_graphs()),
    "adaptive_average_pool2d": (mve.AdaptiveAveragePool2dMve(), adaptive_average_graphs()),
    "spanned_max_pool2d": (mve.SpannedMaxPool2dMve(), spanned_max_graphs()),
    "max_pool_places2d": (mve.MaxPoolPlaces2dMve(), max_pool_places_graphs()),
    "reduce_max": (mve.ReduceMaxMve(), REDUCTIONS["reduce_max"]()),
    "reduce_min": (mve.ReduceMinMve(), REDUCTIONS["reduce_min"]()),
    "arg_max": (mve.ArgMaxMve(), REDUCTIONS["arg_max"]()),
    "arg_min": (mve.ArgMinMve(), REDUCTIONS["arg_min"]()),
    "cumulative_sum": (mve.CumulativeSumMve(), cumulative_sum_graphs()),
    "batch_matmul": (mve.BatchMatMulMve(), batch_matmul_graphs()),
    **{
        f"{kernel.operator.kind}, int16": (kernel, int16.ALL[kernel.operator.kind]())
        for kernel in (recurrent.GruS16Mve(), recurrent.LstmS16Mve(), recurrent.RnnS16Mve())
    },
    "lstm": (mve.LstmMve(), lstm_graphs()),
    "gru": (mve.GruMve(), gru_graphs()),
    "rnn": (mve.RnnMve(), rnn_graphs()),
}


def supports(kernel: Kernel, graph: Graph) -> bool:
    """On a core with Helium."""
    return kernel.supports(graph.operators[0], graph, CORTEX_M55)
