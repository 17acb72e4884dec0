"""Which classes a model takes for which."""

from __future__ import annotations

import numpy as np
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mcugen.verify.labels import Classification

_WIDEST_TABLE = 24


def confusion(known: Classification) -> list[RenderableType]:
    """Rows: true classes, columns: classes that the model gives; the errors alone where a table would be too wide."""
    count = len(known.confusion)
    if count > _WIDEST_TABLE:
        wrong = known.confusion - np.diag(np.diag(known.confusion))
        worst = np.argsort(-wrong, axis=None, kind="stable")[:10]
        pairs = [(divmod(int(place), count), int(wrong.flat[place])) for place in worst]
        lines = [f"{times} of class {true} taken for class {given}" for (true, given), times in pairs if times]
        return [Text("\n".join(lines))] if lines else []
    table = Table(title="true class by the model's class", box=None, title_justify="left")
    table.add_column("", justify="right")
    for given in range(count):
        table.add_column(str(given), justify="right")
    for true, row in enumerate(known.confusion.tolist()):
        table.add_row(str(true), *(str(n) if n else "." for n in row))
    return [table]
