"""What the search moves: rigid blocks of buffers, and how far apart two blocks must be.

Most blocks are one buffer. Buffers of an exact pair that is chosen to share become one block; which exact pairs share
is a choice outside the placement search, because a buffer tied to another cannot simply move down on its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from mcugen.plan.problem import Problem, SharedPair


@dataclass(frozen=True)
class Block:
    """Buffers at fixed distances.

    Attributes:
        members: (buffer index, bytes above the block's offset), the lowest at 0.
        size: bytes from the lowest member's start to the highest end.
        first_step, last_step: of all members.
    """

    members: tuple[tuple[int, int], ...]
    size: int
    alignment: int
    first_step: int
    last_step: int

    @property
    def flat(self) -> bool:
        """All members start at the block's offset."""
        return all(delta == 0 for _, delta in self.members)

    @property
    def life(self) -> int:
        return self.last_step - self.first_step + 1


@dataclass(frozen=True)
class Blocks:
    """A problem in blocks.

    Attributes:
        rises: as `Problem.rises`, between blocks.
        cliques: for each maximal live set: its blocks with the bytes of their largest live member, and the bytes that
            two of them can share at most, by their positions in the list.
    """

    problem: Problem
    blocks: tuple[Block, ...]
    rises: tuple[Mapping[int, int], ...]
    cliques: tuple[tuple[tuple[tuple[int, int], ...], Mapping[tuple[int, int], int]], ...]

    @cached_property
    def proves(self) -> bool:
        """True when branch and bound over these blocks misses no layout.

        With members at different offsets it may: a neighbour can be above one member and below another. So it can when
        a neighbour may start where the block starts, over one member and under another.
        """
        if not all(block.flat for block in self.blocks):
            return False
        rises = self.problem.rises
        for block in self.blocks:
            inside = {i for i, _ in block.members}
            over = {x for y in inside for x, rise in rises[y].items() if rise == 0 and x not in inside}
            under = {x for y in inside for x in rises[y] if rises[x][y] == 0 and x not in inside}
            if len(inside) > 1 and over & under:
                return False
        return True

    def spread(self, positions: Sequence[int]) -> list[int]:
        """Offsets by buffer from offsets by block; buffers without bytes lie at 0."""
        offsets = [0] * len(self.problem.buffers)
        for position, block in zip(positions, self.blocks, strict=True):
            for i, delta in block.members:
                offsets[i] = position + delta
        return offsets

    def span(self, positions: Sequence[int]) -> int:
        """Bytes from 0 to the end of the highest block."""
        return max((p + b.size for p, b in zip(positions, self.blocks, strict=True)), default=0)


def make_blocks(problem: Problem, glued: Sequence[SharedPair] = ()) -> Blocks | None:
    """The problem with the given exact pairs sharing and all other exact pairs apart; None when they contradict."""
    groups = {i: {i: 0} for i in problem.solid}
    for pair in glued:
        low, up = problem.index[pair.lower], problem.index[pair.upper]
        if low not in groups or up not in groups:
            continue
        if groups[low] is groups[up]:
            if groups[low][up] - groups[low][low] != pair.distance:
                return None
            continue
        if pair.distance % problem.buffers[low].alignment or pair.distance % problem.buffers[up].alignment:
            return None
        shift = groups[low][low] + pair.distance - groups[up][up]
        joined = groups[low] | {i: delta + shift for i, delta in groups[up].items()}
        for i in joined:
            groups[i] = joined
    unique = {id(g): g for g in groups.values()}
    ties = {(problem.index[p.lower], problem.index[p.upper]) for p in glued}
    if any(not _consistent(problem, group, ties) for group in unique.values()):
        return None
    blocks = tuple(_block(problem, group) for group in unique.values())
    owner = {i: (b, delta) for b, block in enumerate(blocks) for i, delta in block.members}
    return Blocks(problem, blocks, _rises(problem, blocks, owner), _cliques(problem, owner))


def _consistent(problem: Problem, group: Mapping[int, int], ties: set[tuple[int, int]]) -> bool:
    """Members of a block that meet are tied to each other, or share by a plain pair, or are disjoint."""
    for x, low in group.items():
        for y, rise in problem.rises[x].items():
            if y not in group or (x, y) in ties or (y, x) in ties:
                continue
            if group[y] < low + rise and low < group[y] + problem.rises[y][x]:
                return False
    return True


def _block(problem: Problem, group: Mapping[int, int]) -> Block:
    base = min(group.values())
    buffers = problem.buffers
    return Block(
        members=tuple((i, delta - base) for i, delta in sorted(group.items())),
        size=max(delta - base + buffers[i].size for i, delta in group.items()),
        alignment=max(buffers[i].alignment for i in group),
        first_step=min(buffers[i].first_step for i in group),
        last_step=max(buffers[i].last_step for i in group),
    )


def _rises(
    problem: Problem, blocks: Sequence[Block], owner: Mapping[int, tuple[int, int]]
) -> tuple[Mapping[int, int], ...]:
    rises: list[dict[int, int]] = [{} for _ in blocks]
    for y, (below, low) in owner.items():
        for x, rise in problem.rises[y].items():
            above, high = owner[x]
            if above != below:
                rises[below][above] = max(rises[below].get(above, -(1 << 62)), low + rise - high)
    return tuple(rises)


def _cliques(
    problem: Problem, owner: Mapping[int, tuple[int, int]]
) -> tuple[tuple[tuple[tuple[int, int], ...], Mapping[tuple[int, int], int]], ...]:
    cliques = []
    for live in problem.live_sets.values():
        largest: dict[int, int] = {}
        for i in live:
            block = owner[i][0]
            if block not in largest or problem.buffers[i].size > problem.buffers[largest[block]].size:
                largest[block] = i
        entries = tuple((block, problem.buffers[i].size) for block, i in largest.items())
        members = list(largest.values())
        savings = {
            (a, b): saved
            for a in range(len(members))
            for b in range(a + 1, len(members))
            if (saved := most_shared(problem, members[a], members[b])) > 0
        }
        if len(entries) > 1:
            cliques.append((entries, savings))
    return tuple(cliques)


def most_shared(problem: Problem, x: int, y: int, size_x: int | None = None, size_y: int | None = None) -> int:
    """The most bytes that two meeting buffers can have in common (of the given sizes, if they are rounded up)."""
    a = problem.buffers[x].size if size_x is None else size_x
    b = problem.buffers[y].size if size_y is None else size_y
    shared = 0
    if problem.rises[x][y] < problem.buffers[x].size:
        shared = max(shared, min(a - problem.rises[x][y], b))
    if problem.rises[y][x] < problem.buffers[y].size:
        shared = max(shared, min(b - problem.rises[y][x], a))
    return shared
