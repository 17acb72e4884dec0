"""docs/operators.md lists every row of the lowering table."""

from __future__ import annotations

import re
from pathlib import Path

from mcugen.frontend.definitions import COMPOSED, DEFINITIONS
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.rows.recurrent import CELLS, SEQUENCES
from mcugen.frontend.rewrites.canonical import REWRITES
from mcugen.frontend.rewrites.composites import EXPANSIONS
from mcugen.frontend.rewrites.folding import BATCH_NORMS, DROPOUTS


def test_every_operator_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()
    table = "\n".join(line for line in text.splitlines() if line.startswith("| `"))
    listed = {name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    keys = {*ROWS, *REWRITES, *EXPANSIONS, *SEQUENCES, *CELLS, *BATCH_NORMS, *DROPOUTS}
    keys |= {f"aten.{packet}.default" for packet in (*COMPOSED, *DEFINITIONS)}
    names = {re.sub(r"^aten\.|\.\w+$", "", key) for key in keys}
    # Operators of mcugen's own are what others are rewritten to.
    plain = {name if name.startswith("__") else name.removesuffix("_") for name in names}
    assert {name for name in plain if not name.startswith("mcugen.")} == listed
