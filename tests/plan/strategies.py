"""Random arena problems and random task graphs."""

from __future__ import annotations

from hypothesis import strategies as st

from mcugen.plan.arena import Buffer, Problem, SharedPair
from mcugen.plan.schedule import Task


@st.composite
def problems(
    draw: st.DrawFn,
    *,
    buffers: int,
    steps: int,
    size: int,
    exact_distance: int | None = None,
    alignments: tuple[int, ...] = (1, 2, 4),
) -> Problem:
    """Random lifetimes, sizes (0 included) and alignments; an output and an input that dies may be a pair.

    `exact_distance`: the largest distance of exact pairs; `size` when None.
    """
    count = draw(st.integers(1, buffers))
    made = []
    for i in range(count):
        first = draw(st.integers(0, steps - 1))
        last = min(steps - 1, first + draw(st.integers(0, 3)))
        made.append(Buffer(f"b{i}", draw(st.integers(0, size)), draw(st.sampled_from(alignments)), first, last))
    # An output is written at the step where the input, written before, dies.
    meeting = [(a.name, b.name) for a in made for b in made if b.first_step < b.last_step == a.first_step]
    pairs = []
    for lower, upper in draw(st.lists(st.sampled_from(meeting), unique=True, max_size=count)) if meeting else []:
        exact = draw(st.booleans())
        most = exact_distance if exact and exact_distance is not None else size
        pairs.append(SharedPair(lower, upper, draw(st.integers(0 if exact else -2, most)), exact))
    return Problem(tuple(made), tuple(pairs))


@st.composite
def task_graphs(draw: st.DrawFn, *, tasks: int) -> tuple[list[Task], dict[str, int]]:
    """A random directed acyclic graph: each task writes one buffer and reads up to three earlier ones."""
    count = draw(st.integers(1, tasks))
    made, sizes = [], {}
    for i in range(count):
        reads = draw(st.lists(st.integers(0, i - 1), unique=True, max_size=3)) if i else []
        sizes[f"b{i}"] = draw(st.integers(0, 20))
        sharing = tuple((f"b{r}", draw(st.integers(0, min(sizes[f"b{r}"], sizes[f"b{i}"])))) for r in reads[:1])
        names = tuple(f"b{r}" for r in reads)
        made.append(Task(frozenset(reads), names, (f"b{i}",), draw(st.integers(0, 5)), sharing))
    return made, sizes
