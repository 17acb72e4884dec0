"""What a board is: CPU, memories, and the emulators that can run it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Core = Literal[
    "cortex-m0",
    "cortex-m0plus",
    "cortex-m3",
    "cortex-m4",
    "cortex-m7",
    "cortex-m33",
    "cortex-m52",
    "cortex-m55",
    "cortex-m85",
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

    @property
    def baseline(self) -> bool:
        """Has the 16-bit instruction set alone: Armv6-M (Armv8-M baseline counts as one of these)."""
        return self.core in ("cortex-m0", "cortex-m0plus")

    @property
    def wide_bus(self) -> bool:
        """Two registers are loaded in the time of one: the data side is 64 bits wide."""
        return self.core in ("cortex-m7", "cortex-m55", "cortex-m85")


@dataclass(frozen=True)
class Memory:
    """One memory region. `kind` is what it is made of; code and constants go to flash, data to ram by default."""

    name: str
    kind: Literal["flash", "ram", "tcm", "external_flash", "external_ram"]
    start: int
    size: int


ConsoleDriver = Literal["cmsdk", "nrf_uart", "nrf_uarte", "pl011", "stm32_usart", "stm32_usart_v1"]


@dataclass(frozen=True)
class RegisterSetup:
    """Bits of one 32-bit register: register = (register & ~mask) | value."""

    address: int
    mask: int
    value: int


@dataclass(frozen=True)
class Console:
    """The UART through which bare-metal firmware speaks, at 115200 baud.

    Attributes:
        driver: a file of `mcugen/firmware/harness/uart/`.
        address: of its registers, as the core sees them after reset.
        renode_name: in the board's Renode platform, below `sysbus`; empty when that has none.
        clock_hz: of the baud rate generator, as it is after reset; 0 where the driver needs none.
        tx_pin, rx_pin: PSEL values, for Nordic's drivers.
        low_power: an STM32 LPUART.
        setup: registers outside the UART to be set before: clock gates, pins.
    """

    driver: ConsoleDriver
    address: int
    renode_name: str = ""
    clock_hz: int = 0
    tx_pin: int = 0
    rx_pin: int = 0
    low_power: bool = False
    setup: tuple[RegisterSetup, ...] = ()


Accelerator = Literal[
    "ethos-u55-32", "ethos-u55-64", "ethos-u55-128", "ethos-u55-256",
    "ethos-u65-256", "ethos-u65-512",
    "ethos-u85-128", "ethos-u85-256", "ethos-u85-512", "ethos-u85-1024", "ethos-u85-2048",
]  # fmt: skip
MemoryMode = Literal["Sram_Only", "Shared_Sram", "Dedicated_Sram"]
NpuArea = Literal["Sram", "Dram", "OnChipFlash", "OffChipFlash"]


@dataclass(frozen=True)
class NpuPort:
    """What is behind one kind of AXI port of an NPU, in the words of Vela's configuration file.

    Attributes:
        area: what Vela takes the memory for.
        clock_scale: the memory's bandwidth as a share of the ports', which is their width (8 bytes on U55, else 16)
            times the NPU's clock.
        ports: AXI ports of this kind that are used.
        burst_length: bytes.
        read_latency, write_latency: NPU cycles.
        max_reads, max_writes: transactions under way at once.
    """

    area: NpuArea
    clock_scale: float
    ports: int
    burst_length: int
    read_latency: int
    write_latency: int
    max_reads: int
    max_writes: int


@dataclass(frozen=True)
class Npu:
    """An Arm Ethos-U beside the core, and the memories that it works in.

    Attributes:
        accelerator: as `vela --accelerator-config` takes it; what is compiled for unless another is asked for.
        accelerators: all that this board can have, `accelerator` first; more than one where it is a model or an FPGA.
        memory_mode: Sram_Only, constants and scratch in on-chip RAM; Shared_Sram, scratch in on-chip RAM that the core
            uses too, constants read from `weights`; Dedicated_Sram, scratch and constants in large memory, `cache_size`
            bytes of on-chip RAM for the NPU alone.
        address: of its registers, as the core sees them after reset: the secure alias where that is another.
        interrupt: number of the NVIC's external line.
        sram: the on-chip RAM that the NPU works in, one of the board's memories.
        scratch: where Vela's scratch (feature maps) goes: `sram`, but in Dedicated_Sram.
        weights: where the constants and the command stream go.
        cache_size: bytes of `sram` for the NPU alone in Dedicated_Sram; 0 in the other modes.
        by_default: whether `--npu` is "auto" where nothing is said, else "off".
        axi0, axi1: on-chip RAM, and where `weights` is if that is another kind of memory; None in Sram_Only.
    """

    accelerator: Accelerator
    accelerators: tuple[Accelerator, ...]
    memory_mode: MemoryMode
    clock_hz: int
    address: int
    interrupt: int
    sram: str
    scratch: str
    weights: str
    cache_size: int
    axi0: NpuPort
    axi1: NpuPort | None
    by_default: bool = True


@dataclass(frozen=True)
class FlashWait:
    """What waiting for flash adds to the cycles of an inference, beside what a cache or a prefetch buffer hides:
    (factor - 1) times the cycles, and `states` for each `line` bytes of constants.

    Attributes:
        factor: where cycles were measured with the waiting: a multiple of those without; else 1.
        states: where they were not: what one read costs that the cache does not have, in cycles of the core. Code in
            loops and what is read again is taken to be in the cache, so that this is the least.
        line: bytes of such a read.
        source: where that is from, and which cache is assumed.
    """

    source: str
    factor: float = 1.0
    states: int = 0
    line: int = 4


@dataclass(frozen=True)
class Energy:
    """What the chip draws while the core runs from flash at the board's clock, by its data sheet.

    Attributes:
        microamps_per_mhz: current over clock, peripherals off.
        volts: of the supply at which that holds.
        source: the data sheet, and the conditions.
    """

    microamps_per_mhz: float
    volts: float
    source: str


@dataclass(frozen=True)
class Board:
    """A board as its YAML file describes it.

    Attributes:
        name: file name without .yml, such as "nrf5340dk".
        aliases: other accepted spellings; the Zephyr board name is accepted besides.
        memories: all; `code_memory` and `data_memory` name the ones for code with constants, and for the arena.
        zephyr_board: such as "nrf5340dk/nrf5340/cpuapp"; empty when Zephyr has none.
        qemu_machine: a QEMU machine that runs the core's code, of another core where `machines.MACHINES` says so; empty
            when none.
        qemu_exact: True when that machine is this very board.
        renode_platform: a .repl file: in the project's folder `renode`, else one of Renode's own, such as
            "platforms/cpus/stm32f746.repl" (most of these fetch register names from the web); empty when none.
        renode_zephyr: that platform has what Zephyr touches at boot: its images run there unchanged.
        console: None where bare-metal firmware has no UART driver.
        npu: None where there is none.
        flash_wait: None where it is not known.
        energy: None where it is not known.
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
    renode_zephyr: bool = False
    console: Console | None = None
    npu: Npu | None = None
    flash_wait: FlashWait | None = None
    energy: Energy | None = None

    def memory(self, name: str) -> Memory:
        return next(m for m in self.memories if m.name == name)

    @property
    def renode_suite(self) -> bool:
        """Whether it has a Renode platform, and in that a UART for firmware to speak on."""
        return bool(self.renode_platform) and self.console is not None and bool(self.console.renode_name)

    @property
    def flash(self) -> Memory:
        return self.memory(self.code_memory)

    @property
    def ram(self) -> Memory:
        return self.memory(self.data_memory)
