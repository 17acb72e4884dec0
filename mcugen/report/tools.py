"""What is installed, as a table. Imports neither NumPy nor PyTorch: one of them may be what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from mcugen.verify.doctor import Check


def doctor_table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("tool", "state", "detail", "install with"):
        table.add_column(title)
    for check in checks:
        state = "ok" if check.ok else "MISSING" if check.required else "absent (optional)"
        style = "green" if check.ok else "bold red" if check.required else "yellow"
        install = "" if check.ok else check.install
        table.add_row(Text(check.name), Text(state, style=style), Text(check.detail), Text(install))
    return table
