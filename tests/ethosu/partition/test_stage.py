"""Random networks shared out between CPU and NPU: the same values everywhere, by the streams that the NPU gets."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mcugen.boards import Board, load_board
from mcugen.errors import CheckFailedError, DoesNotFitError, InputError, MissingToolError
from mcugen.ethosu.compiler import Target, vela
from mcugen.ethosu.model import execute
from mcugen.ethosu.operator import EthosU
from mcugen.ethosu.partition import npu_mode, partition
from mcugen.ethosu.partition.questions import Answer, Questions
from mcugen.ethosu.partition.tables import Stands
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.reference import run
from mcugen.graph.tensor import IntArray
from tests.graph import strategies
from tests.graph.strategies.draws import Case
from tests.graph.strategies.networks import network_graphs

BOARD = load_board("mps3_corstone300")


def dear(op: Operator, graph: Graph) -> float:
    """A CPU on which everything takes long: what can go to the NPU goes."""
    return math.inf if op.kind == "reshape" else 1e9


def run_on_model(op: EthosU, inputs: list[IntArray]) -> list[IntArray]:
    """What the NPU makes of a part."""
    made = op.job
    memory = np.zeros(max(made.scratch_bytes, 1), np.uint8)
    for values, place in zip(inputs, made.inputs, strict=True):
        memory[place.offset : place.offset + place.size] = np.frombuffer(values.tobytes(), np.uint8)
    execute(made.payload, {made.weights_region: made.weights, made.scratch_region: memory})
    found = []
    for port, place in zip(op.network.outputs, made.outputs, strict=True):
        tensor = op.network.tensor(port.tensor)
        found.append(memory[place.offset : place.offset + place.size].view(tensor.dtype).reshape(tensor.shape))
    return found


def check(case: Case, seen: Counter[str]) -> None:
    graph, inputs = case
    shared, found = partition(graph, BOARD, dear)
    shared.validate()
    wanted = run(graph, inputs)
    values = run(shared, inputs)
    for op in shared:
        seen[op.kind] += 1
        if isinstance(op, EthosU):
            for name, result in zip(op.outputs, run_on_model(op, [values[t] for t in op.inputs]), strict=True):
                assert np.array_equal(result, wanted[name]), f"{op.name} on the NPU: {name}"
    for port in graph.outputs:
        if not graph.tensor(port.tensor).is_constant:
            assert np.array_equal(values[port.tensor], wanted[port.tensor])
    left = [entry.operator.name for entry in found.on_cpu]
    gone = [op.name for part in found.parts for op in part.operators]
    assert sorted([*left, *gone]) == sorted(op.name for op in graph), "an operator is told twice, or not at all"
    assert all(entry.reason for entry in found.on_cpu)


def sweep(examples: int, steps: int) -> Counter[str]:
    return swept(examples, network_graphs(steps=steps))


def swept(examples: int, cases: SearchStrategy[Case]) -> Counter[str]:
    """How many operators of each kind there were."""
    seen: Counter[str] = Counter()
    settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))(
        given(cases)(lambda case: check(case, seen))
    )()
    return seen


def test_random_networks_keep_their_values() -> None:
    assert sweep(3, 4)["ethos_u"] >= 2


@pytest.mark.slow
def test_many_random_networks_keep_their_values() -> None:
    assert sweep(200, 5)["ethos_u"] > 150


def int4_cases() -> SearchStrategy[Case]:
    """Layers whose weights are int4."""
    linear = (strategies.fully_connected_graphs(dtype="int4", per_channel=each) for each in (False, True))
    return st.one_of(strategies.conv2d_graphs(dtype="int4"), strategies.depthwise_graphs(dtype="int4"), *linear)


def test_int4_weights_go_as_int8() -> None:
    assert swept(3, int4_cases())["ethos_u"] >= 2


@pytest.mark.slow
def test_many_layers_with_int4_weights() -> None:
    assert swept(100, int4_cases())["ethos_u"] > 70


def test_stands_have_tables_of_their_own() -> None:
    """As many as a network can have functions with one quantization."""
    from tests.ethosu.partition.functions import chain

    stands = Stands(Target("ethos-u55-128", *configuration()))
    network = chain(8)
    stands.prepare([network])
    chosen = stands.choose(network)
    assert chosen is not None and len(set(chosen.values())) == 8
    assert stands.choose(chain(40)) is None, "there are not that many"


def configuration() -> tuple[str, str, str]:
    from mcugen.ethosu.configuration import board_npu, system_configuration, vela_configuration

    return vela_configuration(BOARD), system_configuration(BOARD), board_npu(BOARD).memory_mode


def small(board: Board, size: int) -> Board:
    """The board with so many bytes in the NPU's memory."""
    assert board.npu is not None
    memories = tuple(replace(m, size=size) if m.name == board.npu.sram else m for m in board.memories)
    return replace(board, memories=memories)


def test_a_part_that_needs_more_memory_than_there_is() -> None:
    from tests.plan.networks import NETWORKS

    with pytest.raises(DoesNotFitError) as caught:
        partition(NETWORKS["ds_cnn"](), small(BOARD, 8192), dear)
    assert "npu_0 needs" in str(caught.value) and "--npu off" in str(caught.value)


def test_an_arena_above_its_budget_names_the_way_without_the_npu() -> None:
    from mcugen.api import Options, compile
    from tests.plan.networks import NetworkBuilder

    net = NetworkBuilder("two")
    graph = net.build(net.conv(net.conv(net.input(1, 8, 8, 4), 8, (3, 3)), 4, (3, 3)))
    for mode, told in (("require", True), ("off", False)):
        with pytest.raises(DoesNotFitError) as caught:
            compile(graph, Options(board=BOARD, npu=mode, max_ram=100))
        assert ("--npu off" in str(caught.value)) is told


def test_without_vela_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.plan.networks import NETWORKS

    def version(package: str) -> str:
        return "3.12.0"

    monkeypatch.setattr(vela.metadata, "version", version)
    with pytest.raises(MissingToolError) as caught:
        partition(NETWORKS["ds_cnn"](), BOARD, dear)
    assert "3.12.0" in caught.value.what and caught.value.hint == "pip install 'mcugen[npu]'"


def failing(kinds: Collection[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Vela as it is, but that it crashes at networks of one operator of these kinds."""
    ask = Questions.ask

    def crash(self: Questions, networks: Sequence[Graph]) -> list[Answer]:
        crashes = [len(n.operators) == 1 and n.operators[0].kind in kinds for n in networks]
        answers = ask(self, [n for n, crash in zip(networks, crashes, strict=True) if not crash])
        found = iter(answers)
        return [Answer(None, "Vela: ended by SIGSEGV", True) if crash else next(found) for crash in crashes]

    monkeypatch.setattr(Questions, "ask", crash)


def test_where_vela_fails_it_is_said(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    from tests.plan.networks import NetworkBuilder

    net = NetworkBuilder("two")
    first = net.conv(net.input(1, 4, 4, 4), 4, (3, 3))
    graph = net.build(net.depthwise(first))
    failing(["depthwise_conv2d"], monkeypatch)
    _, found = partition(graph, BOARD, dear)
    assert [entry.reason for entry in found.on_cpu] == ["Vela: ended by SIGSEGV"]
    assert "depthwise_conv2d_1" in caplog.text and "SIGSEGV" in caplog.text
    failing(["depthwise_conv2d", "conv2d"], monkeypatch)
    with pytest.raises(CheckFailedError, match="every operator") as caught:
        partition(graph, BOARD, dear)
    assert "net.py:10" in str(caught.value) and "--npu off" in str(caught.value)


def test_modes() -> None:
    plain, known = load_board("nrf5340dk"), load_board("mps3_an547")
    assert [npu_mode(board, None, None) for board in (plain, known, BOARD)] == ["off", "off", "auto"]
    assert npu_mode(plain, "auto", None) == "off"
    assert npu_mode(known, None, "ethos-u55-128") == "auto"
    with pytest.raises(InputError):
        npu_mode(BOARD, "perhaps", None)
