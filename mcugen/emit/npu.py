"""What the manifest says of the NPU: its jobs with Vela's estimates, and why operators stayed on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import pydantic

from mcugen.boards.quantities import Strict
from mcugen.emit.fields import Bytes, Number, Text, Version
from mcugen.ethosu.partition import Partition


class NpuPartEntry(Strict):
    """One job: the layer of this name; without `operators` where the model file holds it compiled. `npu_cycles` and
    `traffic_bytes` are estimates for one inference, in cycles of the NPU's clock and bytes by memory; they are in no
    count of the CPU's."""

    name: Text
    operators: tuple[Text, ...]
    npu_cycles: Number
    stream_bytes: Bytes
    weights_bytes: Bytes
    scratch_bytes: Bytes
    fast_bytes: Bytes
    traffic_bytes: dict[Text, Number]


class OnCpuEntry(Strict):
    """An operator that stayed on the CPU, and why."""

    operator: Text
    op: Text
    source: Text
    reason: Text


class NpuEntry(Strict):
    """Of a module that was made for a board with an NPU. Estimates are those of this version of Vela; without one, of
    mcugen's model of the NPU, for a model file that holds command streams."""

    accelerator: Text
    clock_hz: Annotated[Number, pydantic.Field(gt=0)]
    memory_mode: Text
    vela: Version | None
    parts: tuple[NpuPartEntry, ...]
    on_cpu: tuple[OnCpuEntry, ...]

    @property
    def npu_cycles(self) -> int:
        """Of all parts: an estimate for one inference."""
        return sum(part.npu_cycles for part in self.parts)


def npu_entry(partition: Partition, one_line: Callable[[str], str]) -> NpuEntry:
    """The manifest's entry; `one_line` makes text of a stranger fit for it."""
    return NpuEntry(
        accelerator=partition.accelerator,
        clock_hz=partition.clock_hz,
        memory_mode=partition.memory_mode,
        vela=partition.vela,
        parts=tuple(
            NpuPartEntry(
                name=part.name,
                operators=tuple(op.name for op in part.operators),
                npu_cycles=part.compiled.cycles,
                stream_bytes=len(part.compiled.payload),
                weights_bytes=len(part.compiled.weights),
                scratch_bytes=part.compiled.scratch_bytes,
                fast_bytes=part.compiled.fast_bytes,
                traffic_bytes=dict(part.compiled.traffic_bytes),
            )
            for part in partition.parts
        ),
        on_cpu=tuple(
            OnCpuEntry(
                operator=entry.operator.name,
                op=entry.operator.kind,
                source=entry.operator.origin.source,
                reason=one_line(entry.reason),
            )
            for entry in partition.on_cpu
        ),
    )
