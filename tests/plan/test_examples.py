"""Plans of the example models with the real kernels: the arena is at its proven bound and within what was promised."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.export import export
from mcugen.boards import load_board
from mcugen.frontend import load_model
from mcugen.graph.graph import Graph
from mcugen.plan.describe import as_text
from mcugen.plan.planner import make_plan
from tests.plan import memory
from tests.plan.networks import NETWORKS

# Bytes. What each network needs without any sharing or scratch is 16,000 / 55,296 / 49,152 / 256.
PROMISED = {"ds_cnn": 16_500, "mobilenet": 55_500, "resnet8": 49_500, "autoencoder": 800}
BOARDS = ["nrf5340dk", "mps2_an385", "rpi_pico", "mps3_an547"]  # M33 with DSP, M3, M0+, M55


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> Graph:
    return NETWORKS[request.param]()


@pytest.mark.sampled(24)
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("optimize", ["speed", "ram", "size"])
def test_the_arena_is_at_its_bound_on_every_class_of_core(network: Graph, board: str, optimize: str) -> None:
    target = load_board(board)
    plan = make_plan(network, target, optimize=optimize)
    memory.run(plan)
    assert plan.arena.size == plan.arena.lower_bound, as_text(plan)
    assert plan.arena.size <= PROMISED[network.name]


def test_sharing_beats_the_sum_of_live_tensors(network: Graph) -> None:
    """What other planners call the optimum: the largest sum of tensors that are alive at once."""
    arena = make_plan(network, load_board("nrf5340dk"), optimize="ram").arena
    if network.name != "autoencoder":
        assert arena.size < 0.75 * arena.live_bound


def test_ram_never_needs_more_than_speed(network: Graph) -> None:
    board = load_board("nrf5340dk")
    speed, ram = (make_plan(network, board, optimize=o).arena.size for o in ("speed", "ram"))
    assert ram <= speed


def test_a_budget_below_the_fast_kernels_turns_to_smaller_ones(network: Graph) -> None:
    board = load_board("nrf5340dk")
    speed, ram = (make_plan(network, board, optimize=o).arena.size for o in ("speed", "ram"))
    for budget in {ram, (speed + ram) // 2, speed}:
        plan = make_plan(network, board, max_ram=budget)
        memory.run(plan)
        assert plan.arena.size <= budget


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("ds_cnn", marks=pytest.mark.slow),
        pytest.param("mobilenet_v1", marks=pytest.mark.slow),
        "resnet8",
        "autoencoder",
        "conv1d_net",
    ],
)
def test_exported_models_reach_the_bound(name: str, tmp_path: Path) -> None:
    """The same through the whole front end: nothing it adds to the graph costs memory."""
    graph = load_model(*export(name, tmp_path, samples=2))
    for board in BOARDS[:2]:
        plan = make_plan(graph, load_board(board))
        memory.run(plan)
        assert plan.arena.size == plan.arena.lower_bound, as_text(plan)
        same_shape = NETWORKS.get(name.removesuffix("_v1"))
        if same_shape is not None:
            assert plan.arena.size == make_plan(same_shape(), load_board(board)).arena.size
