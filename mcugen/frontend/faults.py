"""All faults of a model at once: errors about operators, collected while the work goes on, and told together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch.fx import Node

from mcugen.errors import UnsupportedOperatorError

_MOST_PLACES = 12


class Faults:
    """Errors about nodes of one program, in the order in which they were found."""

    def __init__(self) -> None:
        self._errors: list[UnsupportedOperatorError] = []
        self._nodes: set[Node] = set()

    @contextmanager
    def at(self, node: Node) -> Iterator[None]:
        """Keeps an `UnsupportedOperatorError` of the block as a fault of the node."""
        try:
            yield
        except UnsupportedOperatorError as error:
            self._errors.append(error)
            self._nodes.add(node)

    def __contains__(self, node: Node) -> bool:
        return node in self._nodes

    def raise_all(self) -> None:
        """Raises one error that tells all faults; does nothing when there are none."""
        if self._errors:
            raise together(self._errors)


def together(errors: Iterable[UnsupportedOperatorError]) -> UnsupportedOperatorError:
    """One error for several: each kind of fault once, with all places where it is."""
    kinds: dict[tuple[str, str | None], dict[str, None]] = {}
    first = None
    for error in errors:
        first = first or error
        kinds.setdefault((error.what, error.hint), {})[error.where or "unknown origin"] = None
    places = sum(len(found) for found in kinds.values())
    assert first is not None
    if places == 1:
        return first
    lines = [f"the model cannot be compiled, for {len(kinds)} reason{'s' * (len(kinds) > 1)} at {places} places"]
    for (what, hint), found in kinds.items():
        lines.append(f"  {what}")
        lines += [f"    at: {place}" for place in list(found)[:_MOST_PLACES]]
        if len(found) > _MOST_PLACES:
            lines.append(f"    and at {len(found) - _MOST_PLACES} more places")
        if hint:
            lines.append(f"    fix: {hint}")
    return UnsupportedOperatorError("\n".join(lines))
