"""What each operation of a network does: work, memory traffic by region, estimated cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcugen.ethosu.model.cycles import estimate
from mcugen.ethosu.model.machine import Npu, Program
from mcugen.ethosu.model.memories import Memories, as_fast_as_the_port
from mcugen.ethosu.model.memory import SHRAM
from mcugen.ethosu.model.timeline import elapsed


@dataclass(frozen=True)
class Row:
    """One operation.

    Attributes:
        stream: number of its command stream in the network.
        offset: of its command, in bytes.
        reads, writes: bytes by memory: "region 0" … "region 7", or "SHRAM".
        bound: what decides its cycles: "compute", "output" or the name of a memory.
        hazards: what it touches too early.
    """

    stream: int
    offset: int
    command: str
    kind: str
    detail: str
    ofm: tuple[int, int, int] | None
    kernel: tuple[int, int]
    macs: int
    cycles: int
    bound: str
    reads: Mapping[str, int]
    writes: Mapping[str, int]
    hazards: tuple[str, ...]


@dataclass(frozen=True)
class Trace:
    """All operations of a network, in order. Its cycles are estimates.

    Attributes:
        memories: what the estimate takes the memories to be.
        clock: of the NPU in Hz, where it is known.
        elapsed: cycles from the first command to the last result: transfers run beside operations where nothing waits.
    """

    npu: str
    rows: tuple[Row, ...]
    memories: str
    clock: float | None
    elapsed: int

    @property
    def cycles(self) -> int:
        """Of the operations, without the transfers."""
        return sum(row.cycles for row in self.rows if row.kind != "dma")

    @property
    def macs(self) -> int:
        return sum(row.macs for row in self.rows)

    def traffic(self) -> dict[str, tuple[int, int]]:
        """Bytes read and written of each memory."""
        names = sorted({name for row in self.rows for name in (*row.reads, *row.writes)})
        return {
            name: (sum(r.reads.get(name, 0) for r in self.rows), sum(r.writes.get(name, 0) for r in self.rows))
            for name in names
        }

    def as_json(self) -> dict[str, Any]:
        traffic = {name: {"read": read, "written": written} for name, (read, written) in self.traffic().items()}
        return {
            "npu": self.npu,
            "macs": self.macs,
            "memories": self.memories,
            "clock_hz": self.clock,
            "estimated_cycles": self.elapsed,
            "estimated_cycles_of_operations": self.cycles,
            "traffic": traffic,
            "operations": [
                {
                    "stream": row.stream,
                    "offset": row.offset,
                    "command": row.command,
                    "kind": row.kind,
                    "detail": row.detail,
                    "ofm": row.ofm,
                    "kernel": row.kernel,
                    "macs": row.macs,
                    "estimated_cycles": row.cycles,
                    "bound": row.bound,
                    "read": dict(row.reads),
                    "written": dict(row.writes),
                    "hazards": list(row.hazards),
                }
                for row in self.rows
            ],
        }


def trace(npu: Npu, memories: Memories | None = None) -> Trace:
    """What a prepared network does.

    Args:
        memories: None: as fast as the NPU's port.
    """
    return trace_programs(npu.programs, memories)


def trace_programs(programs: Sequence[Program], memories: Memories | None = None) -> Trace:
    """What prepared command streams do, one or more."""
    rows: list[Row] = []
    total, configuration = 0, programs[0].payload.configuration
    memories = memories or as_fast_as_the_port(configuration)
    for number, program in enumerate(programs):
        cycles = {}
        for operation in program.operations:
            work, found = operation.work, estimate(operation, memories)
            cycles[operation.command.offset] = found.cycles
            rows.append(
                Row(
                    stream=number,
                    offset=operation.command.offset,
                    command=operation.command.name,
                    kind=work.kind,
                    detail=work.detail,
                    ofm=work.ofm,
                    kernel=work.kernel,
                    macs=work.macs,
                    cycles=found.cycles,
                    bound=found.bound,
                    reads=_named(found.reads),
                    writes=_named(found.writes),
                    hazards=tuple(h.what for h in program.hazards if h.command is operation.command),
                )
            )
        total += elapsed(program, cycles)
    return Trace(str(configuration), tuple(rows), memories.name, memories.clock, total)


def _named(traffic: Mapping[int, int]) -> dict[str, int]:
    return {"SHRAM" if region == SHRAM else f"region {region}": bytes_ for region, bytes_ in traffic.items()}
