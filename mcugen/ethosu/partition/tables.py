"""Functions by table, which LiteRT cannot say and the NPU can do.

Vela makes a table of 256 bytes of some operators. A function is written as one of these, with the quantization of its
tensors, and in what Vela gives back its table is replaced by the function's own. Which table Vela makes is not guessed:
it compiles the operator alone first. Functions of one network stand for different tables, so that none is mistaken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mcugen.ethosu.compiler import Compiled, Target, compile_networks
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.table import Table
from mcugen.graph.tensor import Quantization, Tensor
from mcugen.litert.builder import ModelBuilder
from mcugen.litert.schema import schema

_ENTRIES = 256
_SLOPES = (*(-0.25 - 0.375 * k for k in range(10)), 0.125, 0.5, 2.0)

Stand = tuple[str, float]
"""An operator that stands for a function: its name in LiteRT, and a slope where it has one."""

STANDS: tuple[Stand, ...] = (
    *(("LEAKY_RELU", slope) for slope in _SLOPES),
    ("HARD_SWISH", 0.0),
    ("TANH", 0.0),
    ("LOGISTIC", 0.0),
)

Pair = tuple[Quantization, Quantization]


def tables_of(network: Graph) -> list[Table]:
    """The functions by table of a network that could go to the NPU: of int8, to int8."""
    return [
        op
        for op in network
        if isinstance(op, Table) and all(network.tensor(t).dtype == "int8" for t in (*op.inputs, *op.outputs))
    ]


def write_stand(builder: ModelBuilder, stand: Stand, x: Tensor, out: Tensor) -> None:
    """Writes the operator that stands for a function from `x` to `out`."""
    builtin, slope = stand
    options = None
    if builtin == "LEAKY_RELU":
        options = schema().LeakyReluOptionsT()
        options.alpha = slope
    builder.operator(builtin, [builder.tensor(x)], [builder.tensor(out)], options)


@dataclass
class Stands:
    """Finds operators that stand for functions, and puts the functions' own tables in their place."""

    target: Target
    _known: dict[Pair, dict[Stand, bytes]] = field(default_factory=dict)

    def prepare(self, networks: Sequence[Graph]) -> None:
        """Asks Vela which tables it makes, for all functions of the networks at once."""
        pairs = {_pair(network, op): None for network in networks for op in tables_of(network)}
        new = [pair for pair in pairs if pair not in self._known]
        files = [_alone(stand, pair) for pair in new for stand in STANDS]
        results = iter(compile_networks(files, self.target) if files else [])
        for pair in new:
            tables = {stand: next(results) for stand in STANDS}
            self._known[pair] = {
                stand: made.weights
                for stand, made in tables.items()
                if isinstance(made, Compiled) and len(made.weights) == _ENTRIES
            }

    def choose(self, network: Graph) -> Mapping[str, Stand] | None:
        """An operator for each function of the network by its name, with different tables; None: there are too few."""
        taken: set[bytes] = set()
        chosen: dict[str, Stand] = {}
        for op in tables_of(network):
            found = self._known[_pair(network, op)]
            stand = next((s for s, table in found.items() if table not in taken and len(set(table)) > 1), None)
            if stand is None:
                return None
            chosen[op.name] = stand
            taken.add(found[stand])
        return chosen

    def replace(self, network: Graph, chosen: Mapping[str, Stand], compiled: Compiled) -> Compiled | None:
        """With the functions' own tables; None where one of the stands is not found."""
        weights, content = bytearray(compiled.weights), compiled.weights
        for op in tables_of(network):
            stand = self._known[_pair(network, op)][chosen[op.name]]
            own = np.array(op.values, np.int8).tobytes()
            start, found = content.find(stand), 0
            while start >= 0:
                weights[start : start + _ENTRIES] = own
                found += 1
                start = content.find(stand, start + 1)
            if not found:
                return None
        return replace(compiled, weights=bytes(weights))


def writers(chosen: Mapping[str, Stand]) -> dict[type[Operator], Callable[..., None]]:
    """For `litert.writer.write`: how a table is written."""

    def write_table(builder: ModelBuilder, op: Operator, inputs: list[Tensor], outputs: list[Tensor]) -> None:
        write_stand(builder, chosen[op.name], inputs[0], outputs[0])

    return {Table: write_table}


def _pair(network: Graph, op: Table) -> Pair:
    x, out = network.tensor(op.inputs[0]).quantization, network.tensor(op.outputs[0]).quantization
    assert x is not None and out is not None
    return x, out


def _alone(stand: Stand, pair: Pair) -> bytes:
    x, out = (Tensor(name, (1, 1, 1, 16), "int8", q) for name, q in zip(("x", "y"), pair, strict=True))
    builder = ModelBuilder("table")
    write_stand(builder, stand, x, out)
    return builder.finish([x], [out])
