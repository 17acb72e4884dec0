"""The section `npu:` of a board's YAML file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import pydantic

from mcugen.boards.board import Accelerator, Memory, MemoryMode, Npu, NpuArea, NpuPort
from mcugen.boards.quantities import Address, Frequency, Identifier, Size, Strict

# Vela takes a port's transactions as at least one; the NPUs have at most 64 under way (Vela's own configurations).
_Transactions = Annotated[int, pydantic.Field(ge=0, le=64)]
_Cycles = Annotated[int, pydantic.Field(ge=0, le=10_000)]


class NpuPortSchema(Strict):
    area: NpuArea
    clock_scale: Annotated[float, pydantic.Field(gt=0, le=1)] = 1.0
    ports: Annotated[int, pydantic.Field(ge=1, le=4)] = 1
    burst_length: Annotated[int, pydantic.Field(ge=8, le=256)]
    read_latency: _Cycles
    write_latency: _Cycles = 0
    max_reads: Annotated[_Transactions, pydantic.Field(ge=1)]
    max_writes: _Transactions = 0

    @pydantic.model_validator(mode="after")
    def _possible(self) -> NpuPortSchema:
        if self.burst_length & (self.burst_length - 1):
            raise ValueError(f"burst_length is a power of two, not {self.burst_length}")
        if self.area in ("Sram", "Dram") and not self.max_writes:
            raise ValueError(f"{self.area} is written: it needs max_writes of 1 or more")
        return self

    def port(self) -> NpuPort:
        return NpuPort(
            area=self.area,
            clock_scale=self.clock_scale,
            ports=self.ports,
            burst_length=self.burst_length,
            read_latency=self.read_latency,
            write_latency=self.write_latency,
            max_reads=self.max_reads,
            max_writes=self.max_writes,
        )


class NpuSchema(Strict):
    """`accelerators` are further configurations of the same NPU; `scratch` and `cache_size` are for Dedicated_Sram."""

    accelerator: Accelerator
    accelerators: tuple[Accelerator, ...] = ()
    memory_mode: MemoryMode
    clock: Frequency
    address: Address
    interrupt: Annotated[int, pydantic.Field(ge=0, lt=480)]
    sram: Identifier
    scratch: Identifier | None = None
    weights: Identifier
    cache_size: Size | None = None
    axi0: NpuPortSchema
    axi1: NpuPortSchema | None = None
    by_default: bool = True

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> NpuSchema:
        family = _family(self.accelerator)
        if any(_family(other) != family for other in self.accelerators):
            raise ValueError(f"accelerators of one NPU are of one family, here ethos-{family}: {self.accelerators}")
        if self.address % 4096:
            raise ValueError(f"address {self.address:#x} is no multiple of 4096, an NPU has pages of registers")
        if self.axi0.area != "Sram":
            raise ValueError(f"axi0 is on-chip RAM, area: Sram, not {self.axi0.area}")
        self._check_mode(family)
        return self

    def _check_mode(self, family: str) -> None:
        mode = self.memory_mode
        dedicated = mode == "Dedicated_Sram"
        if dedicated and family == "u55":
            raise ValueError("an Ethos-U55 only reads through its second port: memory_mode is Sram_Only or Shared_Sram")
        for field in ("scratch", "cache_size"):
            if (getattr(self, field) is None) == dedicated:
                raise ValueError(f"memory_mode {mode} {'needs' if dedicated else 'takes no'} {field}")
        if (self.axi1 is None) != (mode == "Sram_Only"):
            raise ValueError(f"memory_mode {mode} {'takes no' if mode == 'Sram_Only' else 'needs an'} axi1")
        if self.axi1 is None:
            return
        if self.axi1.area == "Sram":
            raise ValueError(
                f"axi1.area cannot be Sram in memory_mode {mode}; use Sram_Only, or OnChipFlash for RAM that the NPU "
                "only reads"
            )
        if dedicated and self.axi1.area != "Dram":
            raise ValueError(f"memory_mode Dedicated_Sram writes through axi1: its area is Dram, not {self.axi1.area}")

    def check_memories(self, memories: Sequence[Memory], code: str, data: str) -> None:
        """Raises ValueError when one of its memories does not exist, or cannot be what it is named for."""
        by_name = {memory.name: memory for memory in memories}
        for field in ("sram", "scratch", "weights"):
            name = getattr(self, field)
            if name is None:
                continue
            if name not in by_name:
                raise ValueError(f"npu.{field} is {name!r}, the memories are {', '.join(by_name)}")
            kind = by_name[name].kind
            if kind == "tcm":
                raise ValueError(f"npu.{field}: an NPU does not reach tightly coupled memory, and {name} is such")
            if field != "weights" and kind not in ("ram", "external_ram"):
                raise ValueError(f"npu.{field} is written, and {name} is {kind}")
        if self.memory_mode == "Sram_Only" and by_name[self.weights].kind != "ram":
            raise ValueError(f"memory_mode Sram_Only has npu.weights in on-chip RAM, and {self.weights} is none")
        if self.cache_size is not None and self.cache_size > by_name[self.sram].size:
            raise ValueError(
                f"npu.cache_size is {self.cache_size} bytes, and {self.sram} has {by_name[self.sram].size}"
            )
        scratch = self.scratch or self.sram
        for field, mine, field_of_board, board in (
            ("weights", self.weights, "code_memory", code),
            ("scratch" if self.scratch else "sram", scratch, "data_memory", data),
        ):
            if mine != board:
                raise ValueError(
                    f"npu.{field} is {mine}, and {field_of_board} {board}: constants and the arena of a module lie "
                    "where the NPU reads and writes them"
                )
        for memory in memories:
            if memory.start <= self.address < memory.start + memory.size:
                raise ValueError(f"npu.address {self.address:#x} lies in memory {memory.name}")

    def npu(self) -> Npu:
        return Npu(
            accelerator=self.accelerator,
            accelerators=tuple(dict.fromkeys((self.accelerator, *self.accelerators))),
            memory_mode=self.memory_mode,
            clock_hz=self.clock,
            address=self.address,
            interrupt=self.interrupt,
            sram=self.sram,
            scratch=self.scratch or self.sram,
            weights=self.weights,
            cache_size=self.cache_size or 0,
            axi0=self.axi0.port(),
            axi1=self.axi1.port() if self.axi1 else None,
            by_default=self.by_default,
        )


def _family(accelerator: str) -> str:
    """Such as "u55"."""
    return accelerator.split("-")[1]
