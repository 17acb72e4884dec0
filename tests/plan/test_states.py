"""States in the plan: memory beside the arena, and the order of what reads and writes them."""

from __future__ import annotations

import numpy as np
import pytest

from mcugen.boards import load_board
from mcugen.errors import DoesNotFitError
from mcugen.graph import Graph, Port, Quantization, Tensor
from mcugen.graph.graph import State
from mcugen.graph.ops import Add
from mcugen.plan.planner import make_plan

STEP = Quantization.per_tensor(0.1, 3)


def accumulating(size: int = 5) -> Graph:
    """y = h + x; h becomes y; the output is h + y, which reads the old state after the new one is there."""
    tensors = {n: Tensor(n, (1, size), "int8", STEP) for n in ("x", "h", "y", "out")}
    operators = (
        Add(name="step", inputs=("h", "x"), outputs=("y",)),
        Add(name="last", inputs=("h", "y"), outputs=("out",)),
    )
    ports = [(Port(n, n, (1, size), (0, 1)),) for n in ("x", "out")]
    states = (State("h", "h", "y", np.full((1, size), 3, np.int8)),)
    return Graph("net", tensors, operators, *ports, states=states)


def test_the_state_is_written_when_everybody_has_read_it() -> None:
    plan = make_plan(accumulating(), load_board("nrf5340dk"))
    assert [step.operator.name for step in plan.steps] == ["step", "last", "keep_h"]
    assert plan.storage["h"] == plan.storage[plan.graph.states[0].result] == "state:0"
    assert plan.state is not None and plan.state.offsets == (0,) and plan.state.size == 12
    assert "state:0" not in plan.arena.placements


def test_the_state_counts_as_ram() -> None:
    need = make_plan(accumulating(1000), load_board("nrf5340dk"))
    assert need.state is not None
    total = need.arena.size + need.state.size
    make_plan(accumulating(1000), load_board("nrf5340dk"), max_ram=total)
    with pytest.raises(DoesNotFitError, match="beside 1,004 bytes of state"):
        make_plan(accumulating(1000), load_board("nrf5340dk"), max_ram=total - 1)
    with pytest.raises(DoesNotFitError, match="the states need 1,004 bytes: 4 bytes more"):
        make_plan(accumulating(1000), load_board("nrf5340dk"), max_ram=1000)


def test_a_state_of_two_quantizations_is_no_graph() -> None:
    graph = accumulating()
    other = Tensor("y", (1, 5), "int8", Quantization.per_tensor(0.2, 3))
    with pytest.raises(ValueError, match="another shape, type or quantization"):
        graph.with_changes(new_tensors=[other]).validate()
