"""Verified modules that nobody measured, for tests of what reads or prints results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcugen.boards import load_board
from mcugen.emit.manifest import LayerEntry, board_entry
from mcugen.verify.result import LayerResult, Measurement, VerifyOutcome
from tests.verify.manifests import manifest


def layer(
    name: str,
    instructions: int = 1000,
    *,
    op: str = "conv2d",
    macs: int = 500,
    flash: int = 64,
    ram: int = 32,
    match: bool = True,
) -> LayerResult:
    """Two cycles an instruction."""
    entry = LayerEntry(
        name=name,
        op=op,
        kernel=f"{op}.fake",
        macs=macs,
        inputs=(),
        output=name,
        output_shape=(1, 8),
        output_bytes=8,
        constant_bytes=flash,
        scratch_bytes=0,
        source="",
        module="",
    )
    return LayerResult(entry, instructions, 2 * instructions, ram, match)


def outcome(
    layers: Sequence[LayerResult] = (), *, board: str = "nrf5340dk", name: str = "kws", **figures: Any
) -> VerifyOutcome:
    """Figures follow from the layers; `figures` are fields of the measurement to set otherwise."""
    instructions = sum(one.instructions for one in layers) + 10
    measured: dict[str, Any] = {
        "runner": "qemu",
        "machine": f"machine of {board}",
        "instructions": instructions,
        "cycles": 2 * instructions,
        "cycles_source": "model:cortex-m4",
        "arena_bytes": 256,
        "flash_bytes": sum(one.entry.constant_bytes for one in layers) + 2000,
        "ram_bytes": 256,
        "stack_bytes": 120,
        "layers": tuple(layers),
    }
    module = manifest((), ()).model_copy(update={"name": name, "board": board_entry(load_board(board))})
    return VerifyOutcome(module, 4, Measurement(**measured | figures), {}, ())


def write(path: Path, result: VerifyOutcome, **changes: Any) -> Path:
    """The file of `mcugen verify --json`; `changes` are fields of the object to set otherwise."""
    path.write_text(json.dumps(result.as_json() | changes))
    return path
