"""Cycles from executed instructions: which core is timed by which model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from mcugen.boards.board import Board, Core
from mcugen.emulate.blocks import Timing, Timings
from mcugen.emulate.timing import in_order, pipelines, tables
from mcugen.errors import InputError
from mcugen.firmware.elf import Elf


@dataclass(frozen=True)
class _Model:
    """A model. `timings`: of an image's instructions, by address; None where it cannot be had on this machine."""

    name: str
    timings: Callable[[Elf], Timings | None]


_CORTEX_M0 = _Model("model:cortex-m0", lambda elf: tables.image_timings(elf, tables.CORTEX_M0))
_CORTEX_M0PLUS = _Model("model:cortex-m0plus", lambda elf: tables.image_timings(elf, tables.CORTEX_M0PLUS))
_CORTEX_M3 = _Model("model:cortex-m3", lambda elf: tables.image_timings(elf, tables.CORTEX_M3))
_CORTEX_M4 = _Model("model:cortex-m4", lambda elf: tables.image_timings(elf, tables.CORTEX_M4))
_CORTEX_M7 = _Model("model:cortex-m7", lambda elf: in_order.image_timings(elf, pipelines.CORTEX_M7))
_CORTEX_M55 = _Model("model:cortex-m55", lambda elf: in_order.image_timings(elf, pipelines.CORTEX_M55))
_CORTEX_M85 = _Model("model:cortex-m85", lambda elf: in_order.image_timings(elf, pipelines.CORTEX_M85))

_MODELS: Mapping[Core, _Model] = {
    "cortex-m0": _CORTEX_M0,
    "cortex-m0plus": _CORTEX_M0PLUS,
    "cortex-m3": _CORTEX_M3,
    "cortex-m4": _CORTEX_M4,
    # Arm publishes no timings of it; those of the M4 agree with published cycles (docs/counting.md).
    "cortex-m33": _CORTEX_M4,
    "cortex-m7": _CORTEX_M7,
    "cortex-m55": _CORTEX_M55,
    "cortex-m85": _CORTEX_M85,
}


@dataclass
class CycleModel:
    """Times the instructions of one firmware image.

    Attributes:
        name: as reports give it, such as "model:cortex-m4".
        timings: by address, of what the image's mapping symbols say to be Thumb code; found when it is asked for.
    """

    elf: Elf
    name: str
    timings: Timings

    def code(self) -> Iterator[list[tuple[int, Timing]]]:
        """All code of the image: (address, timing), a list for each piece without gaps."""
        for piece in self.elf.code():
            rows, address = [], piece.start
            while address < piece.stop and self.elf.read(address, 2):
                rows.append((address, self.timings[address]))
                address += rows[-1][1].size
            yield rows


def cycle_model(core: str, elf: Elf) -> CycleModel | None:
    """The timing model of a core; None where there is none."""
    model = {str(name): found for name, found in _MODELS.items()}.get(core)
    timings = model.timings(elf) if model is not None else None
    return CycleModel(elf, model.name, timings) if model is not None and timings is not None else None


def require_cycle_model(board: Board) -> str:
    """The name of the model of a board's core, as reports give it.

    Raises:
        InputError: there is none.
    """
    model = _MODELS.get(board.cpu.core)
    if model is None:
        raise InputError(
            f"there is no timing model for {board.cpu.core}, so --max-cycles cannot be held",
            where=board.name,
            hint=f"use --max-instructions; the cores with a model are {', '.join(_MODELS)}",
        )
    return model.name
