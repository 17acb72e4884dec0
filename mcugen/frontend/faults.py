"""All faults of a model at once: errors about operators, collected while the work goes on, and told together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from torch.fx import Node

from mcugen.errors import UnsupportedOperatorError

_MOST_PLACES = 12


class Faults:
    """Errors about nodes of one program."""

    def __init__(self) -> None:
        self._found: list[tuple[Node, UnsupportedOperatorError]] = []

    @contextmanager
    def at(self, node: Node) -> Iterator[None]:
        """Keeps an `UnsupportedOperatorError` of the block as a fault of the node."""
        try:
            yield
        except UnsupportedOperatorError as error:
            self._found.append((node, error))

    def __contains__(self, node: Node) -> bool:
        return any(node is faulty for faulty, _ in self._found)

    def raise_all(self) -> None:
        """Raises one error that tells all faults, in the program's order; does nothing when there are none."""
        if self._found:
            order = {node: index for index, node in enumerate(self._found[0][0].graph.nodes)}
            # What nothing reads may have been removed since.
            found = sorted(self._found, key=lambda fault: order.get(fault[0], len(order)))
            raise together([error for _, error in found])


def together(errors: Iterable[UnsupportedOperatorError]) -> UnsupportedOperatorError:
    """One error for several: each kind of fault once, with all places where it is."""
    errors = list(errors)
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
    told = UnsupportedOperatorError("\n".join(lines))
    told.parts = tuple(errors)
    return told
