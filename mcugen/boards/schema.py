"""The schema of a board's YAML file."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, get_args

import pydantic

from mcugen.boards.board import Console, ConsoleDriver, Core, Energy, FlashWait, Memory, RegisterSetup
from mcugen.boards.machines import MACHINES, find_machine
from mcugen.boards.npu_schema import NpuSchema
from mcugen.boards.quantities import ADDRESS_END, Address, Frequency, Identifier, Line, Size, Strict, Word

# What each core can have at most: (DSP, FPU, Helium), from the cores' technical reference manuals.
_EXTENSIONS: dict[str, tuple[tuple[bool, ...], tuple[str, ...], tuple[str, ...]]] = {
    "cortex-m0": ((False,), ("none",), ("none",)),
    "cortex-m0plus": ((False,), ("none",), ("none",)),
    "cortex-m3": ((False,), ("none",), ("none",)),
    "cortex-m4": ((True,), ("none", "single"), ("none",)),
    "cortex-m7": ((True,), ("none", "single", "double"), ("none",)),
    "cortex-m33": ((False, True), ("none", "single"), ("none",)),
    "cortex-m52": ((True,), ("none", "double"), ("none", "integer", "float")),
    "cortex-m55": ((True,), ("none", "double"), ("none", "integer", "float")),
    "cortex-m85": ((True,), ("none", "double"), ("none", "integer", "float")),
}


class CpuSchema(Strict):
    core: Core
    dsp: bool = False
    fpu: Literal["none", "single", "double"] = "none"
    mve: Literal["none", "integer", "float"] = "none"
    clock: Frequency

    @pydantic.model_validator(mode="after")
    def _possible(self) -> CpuSchema:
        for name, value, allowed in zip(
            ("dsp", "fpu", "mve"), (self.dsp, self.fpu, self.mve), _EXTENSIONS[self.core], strict=True
        ):
            if value not in allowed:
                choices = " or ".join(str(a).lower() for a in allowed)
                raise ValueError(f"a {self.core} has {name}: {choices}, not {str(value).lower()}")
        if self.mve == "float" and self.fpu == "none":
            raise ValueError("mve: float needs an fpu")
        return self


class MemorySchema(Strict):
    kind: Literal["flash", "ram", "tcm", "external_flash", "external_ram"]
    start: Address
    size: Size

    @pydantic.model_validator(mode="after")
    def _inside_address_space(self) -> MemorySchema:
        if self.start + self.size > ADDRESS_END:
            raise ValueError(f"ends at {self.start + self.size:#x}, beyond the 32-bit address space")
        return self


class RegisterSetupSchema(Strict):
    """One register outside the UART; `mask` is by default the bits of `value`."""

    address: Address
    value: Word
    mask: Word | None = None


class ConsoleSchema(Strict):
    driver: ConsoleDriver
    address: Address
    renode_name: Identifier | Literal[""] = ""
    clock: Frequency | None = None
    tx_pin: Annotated[int, pydantic.Field(ge=0, lt=64)] | None = None
    rx_pin: Annotated[int, pydantic.Field(ge=0, lt=64)] | None = None
    low_power: bool = False
    setup: tuple[RegisterSetupSchema, ...] = ()

    @pydantic.model_validator(mode="after")
    def _has_what_its_driver_needs(self) -> ConsoleSchema:
        nordic = self.driver in ("nrf_uart", "nrf_uarte")
        pins = (self.tx_pin is not None, self.rx_pin is not None)
        if any(pins) if not nordic else not all(pins):
            raise ValueError(f"driver {self.driver} takes {'tx_pin and rx_pin' if nordic else 'no pins, use setup'}")
        if (self.clock is None) != nordic:
            raise ValueError(f"driver {self.driver} {'takes no' if nordic else 'needs a'} clock")
        if self.low_power and self.driver != "stm32_usart":
            raise ValueError("low_power is for driver stm32_usart")
        return self

    def console(self) -> Console:
        return Console(
            driver=self.driver,
            address=self.address,
            renode_name=self.renode_name,
            clock_hz=self.clock or 0,
            tx_pin=self.tx_pin or 0,
            rx_pin=self.rx_pin or 0,
            low_power=self.low_power,
            setup=tuple(RegisterSetup(s.address, s.value if s.mask is None else s.mask, s.value) for s in self.setup),
        )


class FlashWaitSchema(Strict):
    """`factor`: cycles with waiting for flash over those without; `states` a read of `line` bytes of constants."""

    source: Annotated[Line, pydantic.Field(min_length=1)]
    factor: Annotated[float, pydantic.Field(ge=1, le=100)] = 1.0
    states: Annotated[int, pydantic.Field(ge=0, le=10_000)] = 0
    line: Annotated[int, pydantic.Field(ge=1, le=4096)] = 4

    def flash_wait(self) -> FlashWait:
        return FlashWait(self.source, self.factor, self.states, self.line)


class EnergySchema(Strict):
    """Of the chip while its core runs from flash at the board's clock."""

    microamps_per_mhz: Annotated[float, pydantic.Field(gt=0, le=100_000)]
    volts: Annotated[float, pydantic.Field(gt=0, le=24)]
    source: Annotated[Line, pydantic.Field(min_length=1)]

    def energy(self) -> Energy:
        return Energy(self.microamps_per_mhz, self.volts, self.source)


class BoardSchema(Strict):
    """A board's file; the board's name is the file's name without .yml."""

    description: Line
    vendor: Line
    cpu: CpuSchema
    memories: Annotated[dict[Identifier, MemorySchema], pydantic.Field(min_length=1)]
    code_memory: str
    data_memory: str
    zephyr_board: Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_@./-]*$")] = ""
    aliases: tuple[Annotated[str, pydantic.Field(pattern=r"^[A-Za-z0-9_@./-]+$")], ...] = ()
    qemu_machine: str = ""
    # It goes into a command of Renode's monitor, which would take a URL as well.
    renode_platform: Annotated[str, pydantic.Field(pattern=r"^([A-Za-z0-9_./+-]+\.repl)?$")] = ""
    renode_zephyr: bool = False
    console: ConsoleSchema | None = None
    npu: NpuSchema | None = None
    flash_wait: FlashWaitSchema | None = None
    energy: EnergySchema | None = None

    @pydantic.field_validator("qemu_machine")
    @classmethod
    def _known_machine(cls, value: str) -> str:
        if value and find_machine(value) is None:
            raise ValueError(
                f"mcugen has no QEMU machine {value!r}; leave the field out for one that runs the core's code, "
                f"or name one of {', '.join(m.name for m in MACHINES)}"
            )
        return value

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> BoardSchema:
        for field, name in (("code_memory", self.code_memory), ("data_memory", self.data_memory)):
            if name not in self.memories:
                raise ValueError(f"{field} is {name!r}, the memories are {', '.join(self.memories)}")
        ordered = sorted(self.regions(), key=lambda m: m.start)
        for low, high in itertools.pairwise(ordered):
            if low.start + low.size > high.start:
                raise ValueError(
                    f"memories {low.name} ({low.start:#010x}, {low.size} bytes) and {high.name} "
                    f"({high.start:#010x}) overlap"
                )
        machine = find_machine(self.qemu_machine)
        if machine is not None and self.cpu.core not in machine.runs:
            raise ValueError(f"qemu_machine {machine.name} has a {machine.core}, the board a {self.cpu.core}")
        if self.npu is not None:
            self.npu.check_memories(self.regions(), self.code_memory, self.data_memory)
        if self.renode_zephyr and not (self.zephyr_board and self.renode_platform and self.console):
            raise ValueError("renode_zephyr needs a zephyr_board, a renode_platform and a console")
        return self

    def regions(self) -> tuple[Memory, ...]:
        return tuple(Memory(name, m.kind, m.start, m.size) for name, m in self.memories.items())


assert set(_EXTENSIONS) == set(get_args(Core))
