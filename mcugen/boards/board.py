"""What a board is: CPU, memories, and the emulators that can run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Core = Literal[
    "cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55", "cortex-m85"
]


@dataclass(frozen=True)
class Cpu:
    """A core and its options.

    Attributes:
        dsp: has the SIMD instructions of Armv7E-M or the Armv8-M DSP extension.
        fpu: floating-point unit.
        mve: Helium (Armv8.1-M vector extension).
        clock_hz: of the board as it usually runs.
    """

    core: Core
    dsp: bool
    fpu: Literal["none", "single", "double"]
    mve: Literal["none", "integer", "float"]
    clock_hz: int


@dataclass(frozen=True)
class Memory:
    """One memory region. `kind` is what it is made of; code and constants go to flash, data to ram by default."""

    name: str
    kind: Literal["flash", "ram", "tcm", "external_flash", "external_ram"]
    start: int
    size: int


@dataclass(frozen=True)
class Board:
    """A board as its YAML file describes it.

    Attributes:
        name: file name without .yml, such as "nrf5340dk".
        aliases: other accepted spellings; the Zephyr board name is accepted besides.
        memories: all; `code_memory` and `data_memory` name the ones for code with constants, and for the arena.
        zephyr_board: such as "nrf5340dk/nrf5340/cpuapp"; empty when Zephyr has none.
        qemu_machine: the QEMU machine with the same core; empty when none.
        qemu_exact: True when that machine is this very board.
        renode_platform: a .repl path, in the project's folder `renode` or, else, as Renode knows it; empty when none.
    """

    name: str
    description: str
    vendor: str
    cpu: Cpu
    memories: tuple[Memory, ...]
    code_memory: str
    data_memory: str
    zephyr_board: str = ""
    aliases: tuple[str, ...] = ()
    qemu_machine: str = ""
    qemu_exact: bool = False
    renode_platform: str = ""
    npu: str = ""

    def memory(self, name: str) -> Memory:
        return next(m for m in self.memories if m.name == name)

    @property
    def flash(self) -> Memory:
        return self.memory(self.code_memory)

    @property
    def ram(self) -> Memory:
        return self.memory(self.data_memory)
