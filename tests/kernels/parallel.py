"""Many independent graphs as one graph, so that one firmware runs them all on the emulated core."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from mcugen.api import Options, compile
from mcugen.boards import load_board
from mcugen.boards.board import Board
from mcugen.graph import Graph, Port, Tensor
from mcugen.graph.ops.base import Operator
from mcugen.verify.result import LayerResult
from mcugen.verify.verify import verify_module


def side_by_side(graphs: Sequence[Graph]) -> Graph:
    """One graph of all; each keeps its own inputs and outputs, with its number behind every name."""
    tensors: dict[str, Tensor] = {}
    operators: list[Operator] = []
    inputs: list[Port] = []
    outputs: list[Port] = []
    for index, graph in enumerate(graphs):

        def named(name: str, index: int = index) -> str:
            return f"{name}_{index}"

        def port(p: Port) -> Port:
            return replace(p, tensor=named(p.tensor), name=named(p.name))

        tensors |= {named(n): replace(t, name=named(n)) for n, t in graph.tensors.items()}
        for op in graph.operators:
            names = {"inputs": tuple(map(named, op.inputs)), "outputs": tuple(map(named, op.outputs))}
            operators.append(replace(op, name=named(op.name), **names))
        inputs += map(port, graph.inputs)
        outputs += map(port, graph.outputs)
    whole = Graph("layers", tensors, tuple(operators), tuple(inputs), tuple(outputs))
    whole.validate()
    return whole


def run_on_target(
    graphs: Sequence[Graph],
    board: str | Board = "mps2_an386",
    *,
    optimize: str = "speed",
    kernels: str = "auto",
    runner: str = "auto",
    trace: bool = True,
) -> list[LayerResult]:
    """The counts and the comparison of each graph's operator, in the graphs' order.

    The graphs go through planning and emission as any model does; the outputs are compared with the integer reference.
    `trace`: by a second build, too, whose buffers lie at odd addresses; without it a layer's own `match` is None.
    """
    board = load_board(board) if isinstance(board, str) else board
    options = Options(board=board, name="layers", optimize=optimize, kernels=kernels)
    module = compile(side_by_side(graphs), options)
    with TemporaryDirectory() as folder:
        module.write(Path(folder) / "module")
        outcome = verify_module(Path(folder) / "module", runner=runner, trace=trace)
    assert outcome.match, outcome.failure
    layers = {layer.entry.name: layer for layer in outcome.measurement.layers}
    return [layers[f"{g.operators[0].name}_{i}"] for i, g in enumerate(graphs)]
