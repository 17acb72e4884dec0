"""The order in which operators run, chosen so that the most memory alive at one step is least.

The state of an execution is the set of operators that have run; it fixes what is alive. So the best order is a path of
least bottleneck through these sets (Liberis and Lane, arXiv:1910.05110; Ahn et al., "SERENITY", arXiv:2003.02369).
Chains have one path. Branchy graphs are searched best first, with a beam once the sets become too many.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_MAX_STATES = 20_000
_BEAM = 48


@dataclass(frozen=True)
class Task:
    """An operator as the scheduler sees it.

    Attributes:
        after: tasks (by index) that must run before this one.
        reads, writes: buffer names. A buffer lives from its writer to its last reader.
        scratch: bytes needed during this task only.
        sharing: (read buffer, bytes saved) when that buffer dies here and the output may lie over a part of it.
    """

    after: frozenset[int]
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    scratch: int = 0
    sharing: tuple[tuple[str, int], ...] = field(default=())


class _Memory:
    """Memory in bytes as a function of the tasks that have run (a bit mask)."""

    def __init__(self, tasks: Sequence[Task], sizes: Mapping[str, int]) -> None:
        self.tasks, self.sizes = tasks, sizes
        self.readers: dict[str, int] = {}
        for i, task in enumerate(tasks):
            for name in task.reads:
                self.readers[name] = self.readers.get(name, 0) | 1 << i
        self.needs = [sum(1 << d for d in t.after) for t in tasks]

    def ready(self, done: int) -> list[int]:
        return [i for i, need in enumerate(self.needs) if not done >> i & 1 and need & ~done == 0]

    def run(self, done: int, live: int, i: int) -> tuple[int, int]:
        """Memory while task i runs after `done` with `live` bytes alive, and memory after it."""
        task, after = self.tasks[i], done | 1 << i
        written = sum(self.sizes[n] for n in task.writes)
        dying = {n for n in task.reads if self.readers[n] & ~after == 0}
        freed = sum(self.sizes[n] for n in dying)
        unread = sum(self.sizes[n] for n in task.writes if not self.readers.get(n, 0) & ~after)
        saved = max((saving for name, saving in task.sharing if name in dying), default=0)
        return live + written + task.scratch - saved, live + written - freed - unread

    def peak(self, order: Sequence[int]) -> int:
        done = live = peak = 0
        for i in order:
            during, live = self.run(done, live, i)
            done |= 1 << i
            peak = max(peak, during)
        return peak


def peak_of(tasks: Sequence[Task], sizes: Mapping[str, int], order: Sequence[int]) -> int:
    """Bytes alive at the worst step of an order, sharing subtracted, alignment ignored."""
    return _Memory(tasks, sizes).peak(order)


def best_order(tasks: Sequence[Task], sizes: Mapping[str, int]) -> list[int]:
    """A valid order with the smallest peak found; the given one when nothing is smaller. Deterministic."""
    given = list(range(len(tasks)))
    memory = _Memory(tasks, sizes)
    peak = memory.peak(given)
    found = _best_first(memory, peak)
    if found is None:
        found = _beam(memory)
    return found if memory.peak(found) < peak else given


def _safe(memory: _Memory, done: int, live: int, peak: int, ready: Sequence[int]) -> int | None:
    """A task that may run at once without loss: it neither raises the peak nor leaves more alive than before.

    Run later it would leave at least as much alive, so any order is at least as good with it in front.
    """
    for i in ready:
        during, after = memory.run(done, live, i)
        if during <= peak and after <= live:
            return i
    return None


def _best_first(memory: _Memory, peak: int) -> list[int] | None:
    """Dijkstra's algorithm on the largest edge instead of the sum; None when there are too many states."""
    count = len(memory.tasks)
    full = (1 << count) - 1
    came: dict[int, tuple[int, int]] = {}
    settled: set[int] = set()
    best = {0: 0}
    # (peak so far, tasks still to run, state, bytes alive)
    queue = [(0, count, 0, 0)]
    while queue:
        so_far, left, done, live = heapq.heappop(queue)
        if done == full:
            return _path(came, full)
        if done in settled:
            continue
        settled.add(done)
        if len(settled) > _MAX_STATES:
            return None
        ready = memory.ready(done)
        safe = _safe(memory, done, live, so_far, ready)
        for i in ready if safe is None else (safe,):
            during, after = memory.run(done, live, i)
            reached, state = max(so_far, during), done | 1 << i
            if reached <= peak and reached < best.get(state, reached + 1):
                best[state] = reached
                came[state] = (done, i)
                heapq.heappush(queue, (reached, left - 1, state, after))
    return None


def _path(came: Mapping[int, tuple[int, int]], state: int) -> list[int]:
    order = []
    while state:
        state, task = came[state]
        order.append(task)
    return order[::-1]


def _beam(memory: _Memory) -> list[int]:
    """Keeps the most promising states of each length: least peak, then least alive."""
    states: dict[int, tuple[int, int, tuple[int, ...]]] = {0: (0, 0, ())}
    for _ in memory.tasks:
        following: dict[int, tuple[int, int, tuple[int, ...]]] = {}
        for done, (peak, live, order) in states.items():
            ready = memory.ready(done)
            safe = _safe(memory, done, live, peak, ready)
            for i in ready if safe is None else (safe,):
                during, after = memory.run(done, live, i)
                entry = (max(peak, during), after, (*order, i))
                state = done | 1 << i
                if state not in following or entry < following[state]:
                    following[state] = entry
        states = dict(sorted(following.items(), key=lambda item: item[1])[:_BEAM])
    return list(min(states.values())[2])
