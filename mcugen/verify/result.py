"""What run and verify find out, and its JSON form (the contract that scripts rely on)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcugen.emit.manifest import LayerEntry, Manifest
from mcugen.emulate.runner import ThreadStack
from mcugen.graph.tensor import IntArray
from mcugen.verify.compare import Difference
from mcugen.verify.estimate import Estimate, estimate_json
from mcugen.verify.labels import Classification


@dataclass(frozen=True)
class LayerResult:
    """Counts of one layer for one inference.

    Attributes:
        ram_bytes: of the arena, alive during the layer.
        match: None when its output was not compared.
    """

    entry: LayerEntry
    instructions: int
    cycles: int | None
    ram_bytes: int
    match: bool | None
    difference: Difference | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.entry.name,
            "op": self.entry.op,
            "kernel": self.entry.kernel,
            "macs": self.entry.macs,
            "instructions": self.instructions,
            "cycles": self.cycles,
            "flash_bytes": self.entry.constant_bytes,
            "ram_bytes": self.ram_bytes,
            "match": self.match,
        }


@dataclass(frozen=True)
class ZephyrMeasurement:
    """What only a Zephyr image has.

    Attributes:
        board: as Zephyr names it.
        version: of Zephyr.
        image_flash_bytes, image_ram_bytes: of the whole image, the module included.
        threads: stacks by Zephyr's thread analyzer, since the start of the image.
        heap_bytes: of the kernel's heap, which only the driver of an NPU uses.
    """

    board: str
    version: str
    image_flash_bytes: int
    image_ram_bytes: int
    threads: tuple[ThreadStack, ...]
    heap_bytes: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "board": self.board,
            "version": self.version,
            "image_flash_bytes": self.image_flash_bytes,
            "image_ram_bytes": self.image_ram_bytes,
            # 0: nothing in the image can allocate, or it would have been refused.
            "heap_bytes": self.heap_bytes,
            "threads": [{"name": t.name, "stack_used": t.used, "stack_size": t.size} for t in self.threads],
        }


@dataclass(frozen=True)
class Measurement:
    """What one emulated, counted inference says.

    Attributes:
        runner: such as "qemu".
        machine: the emulated machine and how it relates to the board, in words.
        instructions: executed from the call of <name>_run to its return; counted, exact.
        cycles: None when no timing model covers the core.
        cycles_source: "model:cortex-m4", or "none".
        flash_bytes: the module's code and constants as linked.
        ram_bytes: the module's static memory as linked, the arena and the state included.
        state_bytes: of it what is kept from one inference to the next.
        stack_bytes: deepest stack of one inference: measured by painting, to the end of the frame that was reached.
        stack_bound_bytes: what no inference exceeds, by the code; None where the code cannot be followed.
        zephyr: None for bare-metal firmware.
        estimate: what the cycles take at the board's clock; None without cycles.
    """

    runner: str
    machine: str
    instructions: int
    cycles: int | None
    cycles_source: str
    arena_bytes: int
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int
    layers: tuple[LayerResult, ...]
    stack_bound_bytes: int | None = None
    zephyr: ZephyrMeasurement | None = None
    state_bytes: int = 0
    estimate: Estimate | None = None

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "runner": self.runner,
            "machine": self.machine,
            "instructions": self.instructions,
            "cycles": self.cycles,
            "cycles_source": self.cycles_source,
            **estimate_json(self.estimate),
            "arena_bytes": self.arena_bytes,
            "flash_bytes": self.flash_bytes,
            "ram_bytes": self.ram_bytes,
            "state_bytes": self.state_bytes,
            "stack_bytes": self.stack_bytes,
            "stack_bound_bytes": self.stack_bound_bytes,
            "layers": [layer.as_json() for layer in self.layers],
        }
        if self.zephyr is not None:
            body["zephyr"] = self.zephyr.as_json()
        return body


def _edited_json(edited: Sequence[str]) -> dict[str, Any]:
    """Said only where there is something to say."""
    return {"edited": list(edited)} if edited else {}


def _npu_json(manifest: Manifest) -> dict[str, Any]:
    """Of a module that was made for an NPU: its jobs with Vela's estimates, and why operators stayed on the CPU."""
    return {} if manifest.npu is None else {"npu": manifest.npu.model_dump(mode="json")}


@dataclass(frozen=True)
class RunOutcome:
    """Result of `mcugen run`: outputs in the model's own layout, by name; `edited`: files that were, since emission;
    `classification`: where the true classes were given; `doubts`: why samples may be scaled wrongly."""

    manifest: Manifest
    samples: int
    outputs: Mapping[str, IntArray]
    measurement: Measurement
    edited: tuple[str, ...] = ()
    classification: Classification | None = None
    doubts: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        found = {"samples": self.samples, **self.measurement.as_json()}
        if self.doubts:
            found["doubts"] = list(self.doubts)
        if self.classification is not None:
            found["classification"] = self.classification.as_json()
        return {**found, **_npu_json(self.manifest), **_edited_json(self.edited)}


@dataclass(frozen=True, repr=False)
class VerifyOutcome:
    """Result of `mcugen verify`.

    Attributes:
        output_differences: by output name, only those that differ.
        over_budget: sentences, one for each budget of the manifest that the linked firmware exceeds.
        edited: files that were edited since emission: then it is not mcugen's module that was verified.
    """

    manifest: Manifest
    samples: int
    measurement: Measurement
    output_differences: Mapping[str, Difference]
    over_budget: tuple[str, ...]
    edited: tuple[str, ...] = ()

    def __repr__(self) -> str:
        measured = self.measurement
        verdict = "match" if self.ok else "MISMATCH" if not self.match else "over budget"
        return (
            f"<mcugen verify {self.manifest.name} on {self.manifest.target.name}: {verdict}, "
            f"{measured.instructions:,} instructions, {measured.flash_bytes:,} B of flash, "
            f"{measured.ram_bytes:,} B of RAM, {measured.stack_bytes:,} B of stack>"
        )

    @property
    def match(self) -> bool:
        return not self.output_differences and all(layer.match is not False for layer in self.measurement.layers)

    @property
    def ok(self) -> bool:
        return self.match and not self.over_budget

    @property
    def failure(self) -> str:
        """Why `ok` is false: the first layer that differs, then outputs, then budgets."""
        reasons = []
        for layer in self.measurement.layers:
            if layer.difference is not None:
                reasons.append(
                    f"layer {layer.entry.name} ({layer.entry.op}, {layer.entry.kernel}) differs from the reference: "
                    f"{layer.difference}"
                )
                break
        reasons += [f"output {name} differs: {d}" for name, d in self.output_differences.items()]
        return "\n".join([*reasons, *self.over_budget])

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "match": self.match,
            "name": self.manifest.name,
            "board": self.manifest.target.name,
            "core": self.manifest.target.cpu.core,
            "samples": self.samples,
            "accuracy": None if self.manifest.accuracy is None else self.manifest.accuracy.model_dump(mode="json"),
            "warnings": list(self.manifest.warnings),
            **self.measurement.as_json(),
            **_npu_json(self.manifest),
            **_edited_json(self.edited),
        }
        if self.over_budget:
            body["over_budget"] = list(self.over_budget)
        return body
