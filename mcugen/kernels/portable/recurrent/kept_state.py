"""Layers in TFLM's integers that keep their state between inferences: packing for all libraries, and any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.boards.board import Cpu
from mcugen.graph.arithmetic import reduced_multiplier
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.recurrent.svdf import Svdf
from mcugen.graph.ops.recurrent.unidirectional_sequence_lstm import GATES, UnidirectionalSequenceLstm
from mcugen.graph.sigmoid_table import sigmoid_table
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant, Invocation, ParamValue
from mcugen.kernels.portable.common import PortableKernel, flat
from mcugen.kernels.portable.recurrent.layer import quads, unit_words

_FILTERS = 4
"""Whose features are computed together."""


def _suffix(tensor: Tensor) -> str:
    return "s16" if tensor.dtype == "int16" else "s8"


def sequence_lstm_invocation(
    op: UnidirectionalSequenceLstm, graph: Graph, kernel: str, prefix: str, source: str
) -> Invocation:
    """Bound to `<prefix>sequence_lstm_s8` or `_s16`, see portable/recurrent/sequence_lstm.h."""
    x, hidden, _, of_input, of_hidden, bias = tensors = graph.input_tensors(op)
    assert of_input.data is not None and of_hidden.data is not None and bias.data is not None
    units = hidden.shape[1]
    weights = [unit_words(matrix, GATES, units) for matrix in (of_input.data, of_hidden.data)]
    return Invocation(
        kernel=kernel,
        function=f"{prefix}sequence_lstm_{_suffix(x)}",
        source=source,
        params_type="mcugen_sequence_lstm_params",
        params=_lstm_params(op, tensors),
        inputs=op.inputs[:3],
        constants=(
            Constant("weights", flat(np.concatenate(weights, axis=1))),
            Constant("bias", flat(bias.data), 8 if x.dtype == "int16" else 4),
            Constant("sigmoid", sigmoid_table()),
        ),
        outputs=op.outputs,
        scratch_bytes=8 * (quads(x.shape[2]) + quads(units)),
    )


def _lstm_params(op: UnidirectionalSequenceLstm, tensors: list[Tensor]) -> dict[str, ParamValue]:
    """The fields of struct mcugen_sequence_lstm_params."""
    x, hidden = tensors[:2]
    steps, batch = op.time_and_batch(x)
    scaling = op.scaling(tensors)
    fields: dict[str, ParamValue] = {"steps": steps, "batch": batch}
    for name, width in (("input", x.shape[2]), ("output", hidden.shape[1])):
        step, other = (width, steps * width) if op.batch_first else (batch * width, width)
        fields |= {f"{name}_step": step, f"{name}_batch": other}
    fields |= {
        "input_c": x.shape[2],
        "units": hidden.shape[1],
        "input_zero_point": x.zero_point,
        "hidden_zero_point": hidden.zero_point,
    }
    for name, pairs in (("input", scaling.of_input), ("hidden", scaling.of_hidden)):
        if x.dtype == "int16":
            pairs = tuple((int(reduced_multiplier(m)), 15 - shift) for m, shift in pairs)
        multipliers, shifts = zip(*pairs, strict=True)
        fields |= {f"{name}_multiplier": tuple(multipliers), f"{name}_shift": tuple(shifts)}
    for name, (multiplier, shift) in zip(("kept", "added", "shown"), op.cell_multipliers(tensors), strict=True):
        fields |= {f"{name}_multiplier": multiplier, f"{name}_shift": shift}
    return fields | {
        "cell_exponent": op.cell_exponent(tensors),
        "least_cell": -(op.cell_clip or 32768),
        "most_cell": op.cell_clip or 32767,
    }


def svdf_invocation(op: Svdf, graph: Graph, kernel: str, prefix: str, source: str) -> Invocation:
    """Bound to `<prefix>svdf_s8` or `_s16`, see portable/recurrent/svdf.h."""
    x, state, of_features, of_time, *bias = tensors = graph.input_tensors(op)
    out = graph.tensor(op.outputs[0])
    assert of_features.data is not None and of_time.data is not None
    filters, memory = op.filters_and_memory(tensors)
    (to_state, state_shift), (to_output, output_shift) = op.multipliers(tensors, graph.output_tensors(op))
    biases: IntArray = np.zeros(out.shape[1], np.int32)
    if bias and bias[0].data is not None:
        biases = bias[0].data
    return Invocation(
        kernel=kernel,
        function=f"{prefix}svdf_{_suffix(state)}",
        source=source,
        params_type="mcugen_svdf_params",
        params={
            "batch": x.shape[0],
            "input_c": x.shape[1],
            "filters": filters,
            "memory": memory,
            "rank": op.rank,
            "input_zero_point": x.zero_point,
            "state_zero_point": state.zero_point,
            "output_zero_point": out.zero_point,
            "feature_multiplier": to_state,
            "feature_shift": state_shift,
            "output_multiplier": to_output,
            "output_shift": output_shift,
        },
        inputs=op.inputs[:2],
        constants=(
            Constant("features", _filter_words(of_features.data.astype(np.int8))),
            Constant("time", flat(of_time.data)),
            Constant("bias", flat(biases)),
        ),
        outputs=op.outputs,
        scratch_bytes=8 * quads(x.shape[1]),
    )


def _filter_words(matrix: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Filters by fours, as the gates of a unit; zeros beyond the last."""
    padded = np.pad(matrix, ((0, -len(matrix) % _FILTERS), (0, 0)))
    blocks = padded.reshape(-1, _FILTERS, matrix.shape[1]).transpose(1, 0, 2).reshape(len(padded), -1)
    return unit_words(blocks, _FILTERS, len(padded) // _FILTERS).reshape(-1)


def sequence_lstm_cost(op: Operator, graph: Graph, word: float, unit: float) -> float:
    """Instructions: `word` for four weights, `unit` for a unit's gates in each step."""
    assert isinstance(op, UnidirectionalSequenceLstm)
    x, hidden = graph.input_tensors(op)[:2]
    steps, batch = op.time_and_batch(x)
    units = hidden.shape[1]
    return steps * batch * units * (GATES * (quads(x.shape[2]) + quads(units)) * word + unit)


def svdf_cost(op: Operator, graph: Graph, word: float, tap: float) -> float:
    """Instructions: `word` for four weights of features, `tap` for one of time."""
    assert isinstance(op, Svdf)
    tensors = graph.input_tensors(op)
    batch, depth = tensors[0].shape
    filters, memory = op.filters_and_memory(tensors)
    return batch * filters * (quads(depth) * word + memory * tap + 60)


class SequenceLstmPortable(PortableKernel):
    """mcugen_sequence_lstm_s8 and _s16."""

    name: ClassVar[str] = "sequence_lstm.portable"
    operator: ClassVar[type[Operator]] = UnidirectionalSequenceLstm
    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, self.operator)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, UnidirectionalSequenceLstm)
        return sequence_lstm_invocation(op, graph, self.name, "mcugen_", "portable/recurrent/sequence_lstm.c")

    def cost(self, op: Operator, graph: Graph) -> float:
        return sequence_lstm_cost(op, graph, 14, 500)


class SvdfPortable(PortableKernel):
    """mcugen_svdf_s8 and _s16."""

    name: ClassVar[str] = "svdf.portable"
    operator: ClassVar[type[Operator]] = Svdf
    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, self.operator)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Svdf)
        return svdf_invocation(op, graph, self.name, "mcugen_", "portable/recurrent/svdf.c")

    def cost(self, op: Operator, graph: Graph) -> float:
        return svdf_cost(op, graph, 14, 12)
