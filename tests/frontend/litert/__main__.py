"""`python -m tests.frontend.litert [SEEDS]`: the table of docs/litert.md, by running everybody on random files."""

from __future__ import annotations

import sys

from tests.frontend.litert.table import table

print(table(int(sys.argv[1]) if len(sys.argv) > 1 else 100), end="")
