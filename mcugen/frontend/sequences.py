"""How samples follow each other, as the user says it. Without torch, which takes seconds to import."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sequences:
    """How samples follow each other.

    Attributes:
        ties: (OUT, IN), names of results and inputs that the user ties.
        reset_every: samples after which the state starts again; None: all samples are one sequence.
    """

    ties: tuple[tuple[str, str], ...] = ()
    reset_every: int | None = None
