"""Memories and budgets: what is counted against them, and the error that says by how much and because of what.

RAM counts the arena and the states: exact, and all the RAM a module has besides the stack (which `mcugen verify`
measures) and the caller's input and output. Flash counts the constants, exactly as emitted (equal arrays once): what
certainly does not fit is refused here. Code is only known once the module is linked, which `mcugen.firmware.flash`
does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mcugen.boards.board import Board
from mcugen.errors import DoesNotFitError
from mcugen.graph.graph import Graph
from mcugen.kernels.base import Invocation
from mcugen.plan.lifetimes import BoundOperator
from mcugen.plan.problem import Problem
from mcugen.plan.storage import tensor_of_buffer


@dataclass(frozen=True)
class Limit:
    """The smaller of a board's memory and the user's budget, in bytes."""

    size: int
    what: str
    is_budget: bool

    @staticmethod
    def of_ram(board: Board, max_ram: int | None) -> Limit:
        return _tighter(
            Limit(board.ram.size, f"the RAM of {board.name} ({board.ram.name})", False), max_ram, "--max-ram"
        )

    def beside(self, state: int) -> Limit:
        """What is left for the arena beside so many bytes of state.

        Raises:
            DoesNotFitError: nothing is.
        """
        if not state:
            return self
        if state > self.size:
            raise DoesNotFitError(
                f"the states need {state:,} bytes: {state - self.size:,} bytes more than {self.what}, "
                f"{self.size:,} bytes",
                hint="keep less from one inference to the next, or use a board with more RAM",
                over_budget=self.is_budget,
            )
        return Limit(self.size - state, f"{self.what} beside {state:,} bytes of state", self.is_budget)

    @staticmethod
    def of_flash(board: Board, max_flash: int | None) -> Limit:
        flash = Limit(board.flash.size, f"the flash of {board.name} ({board.flash.name})", False)
        return _tighter(flash, max_flash, "--max-flash")


def _tighter(memory: Limit, budget: int | None, option: str) -> Limit:
    if budget is None or budget > memory.size:
        return memory
    return Limit(budget, f"the budget {option}", True)


def constant_sizes(invocation: Invocation) -> dict[bytes, int]:
    """Bytes of each constant array by a digest of its type and content."""
    return {
        hashlib.sha256(c.data.dtype.name.encode() + b":" + c.data.tobytes()).digest(): int(c.data.nbytes)
        for c in invocation.constants
    }


def merged_bytes(constants: Iterable[Mapping[bytes, int]]) -> int:
    """Bytes of all constants, equal arrays counted once, as emission merges them."""
    merged: dict[bytes, int] = {}
    for sizes in constants:
        merged.update(sizes)
    return sum(merged.values())


def check_flash(limit: Limit, calls: Sequence[BoundOperator]) -> None:
    """Raises DoesNotFitError when the constants alone exceed the limit; lists the largest."""
    constants = merged_bytes(constant_sizes(c.invocation) for c in calls)
    excess = constants - limit.size
    if excess <= 0:
        return
    largest = sorted(calls, key=lambda c: (-c.invocation.constant_bytes, c.operator.name))[:8]
    rows = [
        f"{c.invocation.constant_bytes:>10,}  {c.operator.name} ({c.operator.kind}; {c.operator.origin})"
        for c in largest
        if c.invocation.constant_bytes
    ]
    raise DoesNotFitError(
        f"the constants need {constants:,} bytes: {excess:,} bytes more than {limit.what}, {limit.size:,} bytes",
        where="\n".join(["operators with the largest constants (bytes):", *rows]),
        hint="use fewer channels or layers, or a board with more flash",
        over_budget=limit.is_budget,
    )


def ram_error(
    limit: Limit,
    need: int,
    graph: Graph,
    calls: Sequence[BoundOperator],
    problem: Problem,
    peak: int,
    storage: Mapping[str, str],
) -> DoesNotFitError:
    """The error for an arena above the limit: lists what is alive at the peak, with its origin."""
    step = calls[peak]
    live = [b for b in problem.buffers if b.first_step <= peak <= b.last_step]
    rows = []
    for b in sorted(live, key=lambda b: (-b.size, b.name)):
        tensor = tensor_of_buffer(graph, storage, b.name)
        if tensor is None:
            rows.append(f"{b.size:>10,}  {b.name} (working memory of kernel {step.invocation.kernel})")
            continue
        producer = graph.producer(tensor.name)
        origin = producer.origin if producer is not None else "input"
        rows.append(f"{b.size:>10,}  {tensor.name} {'x'.join(map(str, tensor.shape))} {tensor.dtype} ({origin})")
    return DoesNotFitError(
        f"the arena needs {need:,} bytes: {need - limit.size:,} bytes more than {limit.what}, {limit.size:,} bytes",
        where="\n".join(
            [f"alive at the peak, step {peak} ({step.operator.name}, {step.operator.kind}), bytes:", *rows]
        ),
        hint="make these tensors smaller (input size, channels, earlier stride), or use a board with more RAM",
        over_budget=limit.is_budget,
    )
