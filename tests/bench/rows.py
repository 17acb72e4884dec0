"""Rows made by hand."""

from __future__ import annotations

from typing import Any

from mcugen.bench.row import Row


def row(model: str = "net", board: str = "nrf5340dk", kernels: str = "native", **figures: Any) -> Row:
    """A row of small figures, of which some are given."""
    given = {
        "macs": 1000,
        "instructions": 2000,
        "cycles": 3000,
        "cycles_source": "model:cortex-m4",
        "milliseconds": 0.025,
        "flash_bytes": 4000,
        "arena_bytes": 500,
        "live_bytes": 600,
        "stack_bytes": 100,
        "compiler": "arm-none-eabi-gcc 12.2.1",
    }
    return Row(model, board, "cortex-m33", kernels, "speed", **(given | figures))
