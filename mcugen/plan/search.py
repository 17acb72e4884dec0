"""Search for small layouts: first fit, hill climbing over its order, and exact branch and bound. All deterministic.

Effort is counted in nodes (one block looked at for placing), never in seconds, so that equal inputs give equal
layouts on every machine.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from mcugen.plan.blocks import Blocks
from mcugen.plan.problem import align_up


@dataclass
class Budget:
    """Nodes left to spend; shared by the searches of one problem."""

    nodes: int
    spent: int = 0

    def take(self, count: int) -> bool:
        """Spends nodes; False once the budget is used up."""
        self.spent += count
        return self.spent <= self.nodes

    @property
    def left(self) -> int:
        return max(0, self.nodes - self.spent)


def first_fit(model: Blocks, order: Sequence[int]) -> list[int]:
    """Places the blocks one after another, each at the lowest offset left by those before it. Offsets by block."""
    positions = [-1] * len(model.blocks)
    for x in order:
        positions[x] = _lowest(model, positions, x)
    return positions


def _lowest(model: Blocks, positions: Sequence[int], x: int) -> int:
    """The lowest valid offset of x among the blocks that are already placed (offset >= 0)."""
    alignment, rises = model.blocks[x].alignment, model.rises
    # A placed y forbids x the open interval from y - rise(x, y) to y + rise(y, x).
    forbidden = sorted(
        (positions[y] - rise, positions[y] + rises[y][x]) for y, rise in rises[x].items() if positions[y] >= 0
    )
    position = 0
    for start, end in forbidden:
        if start < position < end:
            position = align_up(end, alignment)
    return position


def greedy_orders(model: Blocks) -> list[list[int]]:
    """Orders that do well: by size, by size x lifetime, by lifetime, by execution forwards and backwards."""
    blocks = model.blocks
    indices = range(len(blocks))
    return [
        sorted(indices, key=lambda i: (-blocks[i].size, blocks[i].first_step, i)),
        sorted(indices, key=lambda i: (-blocks[i].size * blocks[i].life, blocks[i].first_step, i)),
        sorted(indices, key=lambda i: (-blocks[i].life, -blocks[i].size, i)),
        sorted(indices, key=lambda i: (blocks[i].first_step, -blocks[i].size, i)),
        sorted(indices, key=lambda i: (-blocks[i].last_step, -blocks[i].size, i)),
    ]


def hill_climb(
    model: Blocks, order: Sequence[int], target: int, budget: Budget, moves: int, seed: int
) -> tuple[list[int], list[int]]:
    """Improves a first-fit order: a block under the arena's top changes places with one that it touches.

    The moves of Sekiyama et al., arXiv:1804.10001, and of Vela's hill-climb allocator; equal sizes are accepted, so
    the walk crosses plateaus. Stops at `target` bytes, after `moves`, or at the end of the budget.

    Returns:
        the best order and its offsets by block.
    """
    rng = random.Random(seed)
    current = best_order = list(order)
    positions = best = first_fit(model, current)
    size = best_size = model.span(positions)
    for _ in range(moves):
        if best_size <= target or not budget.take(len(current)):
            break
        candidate = _move(model, current, positions, size, rng)
        moved = first_fit(model, candidate)
        moved_size = model.span(moved)
        if moved_size <= size or rng.random() < 0.02:
            current, positions, size = candidate, moved, moved_size
        if moved_size < best_size:
            best_order, best, best_size = candidate, moved, moved_size
    return best_order, best


def _move(model: Blocks, order: Sequence[int], positions: Sequence[int], size: int, rng: random.Random) -> list[int]:
    """Swaps a block of the tower that reaches the top with one that it meets, or moves it there."""
    x = _pick(rng, [i for i in order if positions[i] + model.blocks[i].size == size])
    while rng.random() < 0.6:
        below = [y for y in model.rises[x] if positions[y] < positions[x]]
        if not below:
            break
        x = _pick(rng, below)
    y = _pick(rng, list(model.rises[x]) or order)
    changed = list(order)
    i, j = changed.index(x), changed.index(y)
    if rng.random() < 0.5:
        changed[i], changed[j] = changed[j], changed[i]
    else:
        changed.insert(j, changed.pop(i))
    return changed


def _pick(rng: random.Random, items: Sequence[int]) -> int:
    """One of the items. Of Python's generator only `random()` is promised to stay the same in later versions."""
    return items[int(rng.random() * len(items))]


@dataclass(frozen=True)
class Exact:
    """What branch and bound found.

    Attributes:
        positions: of a layout smaller than the given limit, by block; None when it found none.
        size: of that layout, or the limit.
        complete: the search ended before the budget: no layout is smaller than `size` (or than the target).
    """

    positions: list[int] | None
    size: int
    complete: bool


def branch_and_bound(model: Blocks, limit: int, target: int, budget: Budget) -> Exact:
    """The smallest layout below `limit` bytes, by depth-first search over orders of ascending offset.

    Every layout can be pushed down until each block lies at the lowest offset that the blocks not above it allow
    (a lower neighbour that moved down never hurts); so it is enough to try the orders in which blocks are placed by
    ascending offset, each as low as possible. Three cuts keep that small: a block that would start at or above the
    end of another unplaced one is not next (the other could move below it); among blocks that do not meet and get
    the same offset only one order is tried; and states seen before are not entered again. Stops early at `target`.
    The argument needs blocks of one buffer; with larger ones the result is a layout but no proof.
    """
    search = _Branching(model, limit, target, budget)
    complete = search.run()
    return Exact(search.best, search.limit, complete)


class _Branching:
    """The state of one branch-and-bound run."""

    def __init__(self, model: Blocks, limit: int, target: int, budget: Budget) -> None:
        self.model, self.limit, self.target, self.budget = model, limit, target, budget
        self.best: list[int] | None = None
        self.positions = [0] * len(model.blocks)
        self.seen: set[tuple[int, ...]] = set()

    def run(self) -> bool:
        everything = tuple(range(len(self.model.blocks)))
        return self._descend(everything, dict.fromkeys(everything, 0), 0, -1)

    def _descend(self, rest: tuple[int, ...], floors: dict[int, int], last: int, previous: int) -> bool:
        if not rest:
            self.best, self.limit = list(self.positions), self.model.span(self.positions)
            return True
        if not self.budget.take(len(rest)):
            return False
        blocks = self.model.blocks
        lowest = {x: align_up(max(floors[x], last), blocks[x].alignment) for x in rest}
        ends = [lowest[x] + blocks[x].size for x in rest]
        if max(ends) >= self.limit or self._clique_bound(lowest) >= self.limit:
            return True
        key = (previous, *(v for x in rest for v in (x, lowest[x])))
        if key in self.seen:
            return True
        self.seen.add(key)
        horizon = min(ends)
        candidates = sorted((lowest[x], -blocks[x].size, x) for x in rest if lowest[x] < horizon)
        for position, _, x in candidates:
            if previous >= 0 and self._swapped(previous, x, position):
                continue
            self.positions[x] = position
            above = {z: f for z, f in floors.items() if z != x}
            for z, rise in self.model.rises[x].items():
                if z in above:
                    above[z] = max(above[z], position + rise)
            if not self._descend(tuple(z for z in rest if z != x), above, position, x):
                return False
            if self.limit <= self.target:
                return True
        return True

    def _swapped(self, previous: int, x: int, position: int) -> bool:
        """The same layout comes up with x before `previous`: try only the order by index."""
        meets = x in self.model.rises[previous]
        return not meets and self.positions[previous] == position and x < previous

    def _clique_bound(self, lowest: dict[int, int]) -> int:
        """Blocks of one step that are still to be placed need at least the size of their union above the lowest."""
        bound = 0
        for entries, savings in self.model.cliques:
            rest = [n for n, (block, _) in enumerate(entries) if block in lowest]
            if len(rest) < 2:
                continue
            need = min(lowest[entries[n][0]] for n in rest) + sum(entries[n][1] for n in rest)
            if need > bound:
                need -= sum(saved for (a, b), saved in savings.items() if a in rest and b in rest)
                bound = max(bound, need)
        return bound
