"""Board and options as a manifest records them, checked as strictly as what a user gives."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pydantic

from mcugen.boards.board import Board, Console, Npu
from mcugen.boards.schema import BoardSchema
from mcugen.emit.fields import BoardName, Number, Text

_OPTIONS: Mapping[str, pydantic.TypeAdapter[Any]] = {
    "kernels": pydantic.TypeAdapter(Text),
    "optimize": pydantic.TypeAdapter(Text),
    "max_ram": pydantic.TypeAdapter(Number | None),
    "max_flash": pydantic.TypeAdapter(Number | None),
    "max_instructions": pydantic.TypeAdapter(Number | None),
    "max_cycles": pydantic.TypeAdapter(Number | None),
    "states": pydantic.TypeAdapter(list[Text]),
    "plugins": pydantic.TypeAdapter(list[Text]),
    "npu": pydantic.TypeAdapter(Text),
    "accelerator": pydantic.TypeAdapter(Text),
    "final_softmax": pydantic.TypeAdapter(Text),
    "precision": pydantic.TypeAdapter(Text),
    "io": pydantic.TypeAdapter(Text),
    "io_layout": pydantic.TypeAdapter(Text),
    "self_test": pydantic.TypeAdapter(bool),
    "observer": pydantic.TypeAdapter(Text),
    "equalize": pydantic.TypeAdapter(Text),
    "gptq": pydantic.TypeAdapter(Text),
    "bias_correction": pydantic.TypeAdapter(Text),
    "reset_every": pydantic.TypeAdapter(Number | None),
    "cmsis_nn": pydantic.TypeAdapter(dict[Text, Text] | None),
}
_NAME: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(BoardName)
_BOARD: pydantic.TypeAdapter[Board] = pydantic.TypeAdapter(Board)


def check_options(options: Mapping[str, Any]) -> None:
    """Raises ValueError (of pydantic) when one has a wrong type."""
    for name, adapter in _OPTIONS.items():
        if name in options:
            adapter.validate_python(options[name], strict=True)
    library = options.get("cmsis_nn")
    if library is not None and set(library) != {"path", "version"}:
        raise ValueError("cmsis_nn needs a path and a version")


def board_of(fields: Mapping[str, Any]) -> Board:
    """The board of a manifest's fields. Raises ValueError (of pydantic) when one is missing or of a wrong type."""
    return _BOARD.validate_json(json.dumps(fields), strict=True)


def check_board(fields: Mapping[str, Any]) -> None:
    """Raises ValueError (of pydantic) when these are not the fields of a board that its YAML file could describe."""
    board = board_of(fields)
    if json.loads(json.dumps(dataclasses.asdict(board))) != json.loads(json.dumps(fields)):
        raise ValueError("fields that no board has, or not all of them")
    _NAME.validate_python(board.name)
    BoardSchema.model_validate(
        {
            "description": board.description,
            "vendor": board.vendor,
            "cpu": {
                "core": board.cpu.core,
                "dsp": board.cpu.dsp,
                "fpu": board.cpu.fpu,
                "mve": board.cpu.mve,
                "clock": board.cpu.clock_hz,
            },
            "memories": {m.name: {"kind": m.kind, "start": m.start, "size": m.size} for m in board.memories},
            "code_memory": board.code_memory,
            "data_memory": board.data_memory,
            "zephyr_board": board.zephyr_board,
            "aliases": board.aliases,
            "qemu_machine": board.qemu_machine,
            "renode_platform": _plain_platform(board.renode_platform),
            "renode_zephyr": board.renode_zephyr,
            "console": _console_fields(board.console),
            "npu": _npu_fields(board.npu),
            "flash_wait": dataclasses.asdict(board.flash_wait) if board.flash_wait else None,
            "energy": dataclasses.asdict(board.energy) if board.energy else None,
        }
    )


def _console_fields(console: Console | None) -> dict[str, Any] | None:
    """As `ConsoleSchema` takes them."""
    if console is None:
        return None
    nordic = console.driver in ("nrf_uart", "nrf_uarte")
    return {
        "driver": console.driver,
        "address": console.address,
        "renode_name": console.renode_name,
        "clock": None if nordic else console.clock_hz,
        "tx_pin": console.tx_pin if nordic else None,
        "rx_pin": console.rx_pin if nordic else None,
        "low_power": console.low_power,
        "setup": [{"address": s.address, "mask": s.mask, "value": s.value} for s in console.setup],
    }


def _npu_fields(npu: Npu | None) -> dict[str, Any] | None:
    """As `NpuSchema` takes them."""
    if npu is None:
        return None
    fields = dataclasses.asdict(npu)
    dedicated = npu.memory_mode == "Dedicated_Sram"
    return {
        **{name: value for name, value in fields.items() if name != "clock_hz"},
        "clock": npu.clock_hz,
        "scratch": npu.scratch if dedicated else None,
        "cache_size": npu.cache_size if dedicated else None,
    }


def _plain_platform(path: str) -> str:
    """A platform description can run code in Renode: of the project's and Renode's own ones only."""
    if path.startswith("/") or ".." in path.split("/"):
        raise ValueError("renode_platform leads out of the project's folder and Renode's own")
    return path
