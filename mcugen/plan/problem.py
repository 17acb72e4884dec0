"""The arena problem as pure data: buffers with lifetimes, permissions to share, and what makes a layout valid.

Offline dynamic storage allocation ("interval colouring"): every buffer gets an offset so that buffers alive at one step
do not intersect, and the arena is as small as possible. NP-hard in general (Garey and Johnson, SR2); the instances of
neural networks are small and mostly easy.

On top of the classic problem a pair of buffers may share memory at one step when the one lies a given distance below
the other: "diagonal memory optimisation", Blacker et al., arXiv:2010.01668; distance 0 is in-place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property


@dataclass(frozen=True)
class Buffer:
    """A block of memory, alive from `first_step` to `last_step` inclusive.

    Attributes:
        size: bytes; 0 is allowed and takes no room.
        alignment: bytes, a power of two; the offset is a multiple of it.
    """

    name: str
    size: int
    alignment: int
    first_step: int
    last_step: int

    def __post_init__(self) -> None:
        if self.size < 0 or self.first_step > self.last_step:
            raise ValueError(f"buffer {self.name}: size {self.size}, steps {self.first_step}..{self.last_step}")
        if self.alignment < 1 or self.alignment & (self.alignment - 1):
            raise ValueError(f"buffer {self.name}: alignment {self.alignment} is not a power of two")

    def meets(self, other: Buffer) -> bool:
        """True when both are alive at some step."""
        return self.first_step <= other.last_step and other.first_step <= self.last_step


@dataclass(frozen=True)
class SharedPair:
    """Permission: `lower` and `upper` may share memory when offset(lower) + distance <= offset(upper).

    `lower` is the output and `upper` the input of one step: the only one at which both are alive. A negative distance
    counts as 0: what it would allow besides never makes an arena smaller when alignments are equal, and lower bounds
    stay simple.

    Attributes:
        exact: only offset(lower) + distance == offset(upper) is right (or disjoint); distance is not negative.
    """

    lower: str
    upper: str
    distance: int
    exact: bool = False


@dataclass(frozen=True)
class Problem:
    """Buffers by unique name, and the permissions among them.

    Raises:
        ValueError: a pair that is not the output and the input of one step. (Permissions then have no cycles, on which
            the exact search relies.)
    """

    buffers: tuple[Buffer, ...]
    pairs: tuple[SharedPair, ...] = ()

    def __post_init__(self) -> None:
        for pair in self.pairs:
            lower, upper = self.buffers[self.index[pair.lower]], self.buffers[self.index[pair.upper]]
            if not upper.first_step < upper.last_step == lower.first_step:
                raise ValueError(f"{pair.lower} is not written at the step where {pair.upper}, written before, dies")
            if pair.exact and pair.distance < 0:
                raise ValueError(f"exact pair {pair.lower}, {pair.upper} has the negative distance {pair.distance}")

    @cached_property
    def index(self) -> Mapping[str, int]:
        return {b.name: i for i, b in enumerate(self.buffers)}

    @cached_property
    def solid(self) -> tuple[int, ...]:
        """The buffers that take room."""
        return tuple(i for i, b in enumerate(self.buffers) if b.size)

    @cached_property
    def rises(self) -> tuple[Mapping[int, int], ...]:
        """`rises[y][x]`, for buffers that meet: the least offset(x) - offset(y) when x does not lie below y.

        It is the size of y, or less where a pair allows it; exact pairs are not counted. A layout is valid when every
        meeting pair has offset(x) >= offset(y) + rises[y][x] or offset(y) >= offset(x) + rises[x][y].
        """
        rises: list[dict[int, int]] = [{} for _ in self.buffers]
        alive: list[int] = []
        for i in sorted(self.solid, key=lambda i: (self.buffers[i].first_step, i)):
            start = self.buffers[i].first_step
            alive = [j for j in alive if self.buffers[j].last_step >= start]
            for j in alive:
                rises[i][j] = self.buffers[i].size
                rises[j][i] = self.buffers[j].size
            alive.append(i)
        for pair in self.pairs:
            low, up = self.index[pair.lower], self.index[pair.upper]
            if up in rises[low] and not pair.exact:
                rises[low][up] = min(rises[low][up], max(pair.distance, 0))
        return tuple(rises)

    @cached_property
    def live_sets(self) -> Mapping[int, tuple[int, ...]]:
        """The sets of simultaneously live buffers, by step; steps whose set lies inside a later one's are left out."""
        sets: dict[int, tuple[int, ...]] = {}
        previous = -1
        for step in sorted({self.buffers[i].first_step for i in self.solid}):
            live = tuple(i for i in self.solid if self.buffers[i].first_step <= step <= self.buffers[i].last_step)
            if previous in sets and set(sets[previous]) <= set(live):
                del sets[previous]
            sets[step] = live
            previous = step
        return sets

    @cached_property
    def relaxed(self) -> Problem:
        """Every exact pair as a plain one: every layout of this problem is one of that, so its bounds hold here."""
        if not any(p.exact for p in self.pairs):
            return self
        return Problem(self.buffers, tuple(replace(p, exact=False) for p in self.pairs))

    def restricted(self, members: Sequence[int]) -> Problem:
        """The same problem over some of the buffers: its optimum is a lower bound of this one's."""
        keep = {self.buffers[i].name for i in members}
        return Problem(
            tuple(self.buffers[i] for i in members),
            tuple(p for p in self.pairs if p.lower in keep and p.upper in keep),
        )

    def size_of(self, offsets: Mapping[str, int]) -> int:
        """Bytes of the arena that a layout needs."""
        return max((offsets[b.name] + b.size for b in self.buffers), default=0)

    def faults(self, offsets: Mapping[str, int]) -> list[str]:
        """Every rule that a layout breaks, as text; empty when it is valid.

        Written from the rules alone, independently of what the search uses.
        """
        found = []
        for b in self.buffers:
            if offsets[b.name] < 0 or offsets[b.name] % b.alignment:
                found.append(f"{b.name} at {offsets[b.name]} breaks alignment {b.alignment}")
        allowed = {
            (p.lower, p.upper)
            for p in self.pairs
            if offsets[p.lower] + max(p.distance, 0) == offsets[p.upper]
            or (
                not p.exact
                and offsets[p.lower] + p.distance <= offsets[p.upper]
                and offsets[p.lower] <= offsets[p.upper]
            )
        }
        for i, a in enumerate(self.buffers):
            for b in self.buffers[i + 1 :]:
                if not (a.meets(b) and a.size and b.size):
                    continue
                low, high = offsets[a.name], offsets[b.name]
                disjoint = low + a.size <= high or high + b.size <= low
                if not disjoint and (a.name, b.name) not in allowed and (b.name, a.name) not in allowed:
                    found.append(f"{a.name} at {low} and {b.name} at {high} intersect")
        return found


@dataclass(frozen=True)
class Layout:
    """A solved problem.

    Attributes:
        offsets: bytes, by buffer name.
        size: of the arena.
        lower_bound: proven: no layout is smaller than this.
        live_bound: the largest sum of simultaneously live buffers, without sharing.
        peak_step: first step whose live set alone reaches the largest single-step bound.
        nodes: search effort spent.
    """

    offsets: Mapping[str, int]
    size: int
    lower_bound: int
    live_bound: int
    peak_step: int
    nodes: int = 0

    @property
    def optimal(self) -> bool:
        return self.size == self.lower_bound


def align_up(value: int, alignment: int) -> int:
    """The next multiple of a power of two."""
    return (value + alignment - 1) & -alignment
