"""The file for `--precision` that lets some layers compute in int16."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from mcugen.scratch import scratch_folder


def rules_text(layers: Sequence[str], default: str = "int8") -> str:
    """Rules by the layers' names in the program."""
    names = ", ".join(json.dumps(_literal(name)) for name in layers)
    rules = f"rules:\n  - {{layer: [{names}], precision: int16}}\n" if layers else "rules: []\n"
    return f"default: {default}\n{rules}"


def _literal(name: str) -> str:
    """A pattern that fits this name alone."""
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


@contextmanager
def rules_file(layers: Sequence[str]) -> Iterator[str]:
    """A file of these rules, as long as it is needed."""
    with scratch_folder("mcugen-precision-") as folder:
        path = folder / "precision.yml"
        path.write_text(rules_text(layers))
        yield str(path)
