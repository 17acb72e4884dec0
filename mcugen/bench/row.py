"""One counted case, and its JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mcugen.bench.suite import Case
from mcugen.bench.vela import Plain
from mcugen.emit.manifest import Manifest
from mcugen.verify.result import Measurement

_CASE = ("model", "board", "core", "kernels", "optimize")
_FIGURES = (
    "accelerator", "macs", "instructions", "cycles", "cycles_source", "wait_cycles", "milliseconds", "microjoules",
    "npu_cycles", "flash_bytes", "constant_bytes", "arena_bytes", "live_bytes", "ram_bytes", "stack_bytes", "compiler",
)  # fmt: skip


@dataclass(frozen=True)
class LayerFigures:
    """One layer of a case. `cycles` is None without a timing model."""

    name: str
    kernel: str
    instructions: int
    cycles: int | None


@dataclass(frozen=True)
class Row:
    """The figures of one case; `Measurement` says what each is.

    Attributes:
        accelerator: the NPU that has a part in the figures; empty: none.
        npu_cycles: Vela's estimate, of the NPU's clock; None without NPU.
        live_bytes: tensors that are alive at once, at the most.
        compiler: such as "arm-none-eabi-gcc 12.2.1".
        vela: what plain Vela makes of the same network; None where it was not asked.
        failure: why there are no figures, which then are 0; empty: there are.
    """

    model: str
    board: str
    core: str
    kernels: str
    optimize: str
    accelerator: str = ""
    macs: int = 0
    instructions: int = 0
    cycles: int | None = None
    cycles_source: str = "none"
    wait_cycles: int | None = None
    milliseconds: float | None = None
    microjoules: float | None = None
    npu_cycles: int | None = None
    flash_bytes: int = 0
    constant_bytes: int = 0
    arena_bytes: int = 0
    live_bytes: int = 0
    ram_bytes: int = 0
    stack_bytes: int = 0
    compiler: str = ""
    vela: Plain | None = None
    layers: tuple[LayerFigures, ...] = ()
    failure: str = ""

    @classmethod
    def of(
        cls,
        case: Case,
        manifest: Manifest,
        measured: Measurement,
        compiler: str,
        vela: Plain | None,
        layers: tuple[LayerFigures, ...],
    ) -> Row:
        estimate, npu = measured.estimate, manifest.npu
        used = npu is not None and bool(npu.parts)
        return cls(
            model=case.model,
            board=case.target.board.name,
            core=case.target.board.cpu.core,
            kernels=case.kernels,
            optimize=case.optimize,
            accelerator=npu.accelerator if used and npu is not None else "",
            macs=manifest.macs,
            instructions=measured.instructions,
            cycles=measured.cycles,
            cycles_source=measured.cycles_source,
            wait_cycles=estimate.wait_cycles if estimate else None,
            milliseconds=estimate.milliseconds if estimate else None,
            microjoules=estimate.microjoules if estimate else None,
            npu_cycles=npu.npu_cycles if used and npu is not None else None,
            flash_bytes=measured.flash_bytes,
            constant_bytes=manifest.memory.constant_bytes,
            arena_bytes=measured.arena_bytes,
            live_bytes=manifest.memory.live_bound,
            ram_bytes=measured.ram_bytes,
            stack_bytes=measured.stack_bytes,
            compiler=compiler,
            vela=vela,
            layers=layers,
        )

    @classmethod
    def of_failure(cls, case: Case, failure: str) -> Row:
        board = case.target.board
        return cls(case.model, board.name, board.cpu.core, case.kernels, case.optimize, failure=failure)

    @property
    def key(self) -> str:
        """What it is in a baseline."""
        parts = (self.model, self.board, self.accelerator or self.kernels, self.optimize)
        return "/".join(parts)

    @property
    def subject(self) -> tuple[str, str, str, str]:
        """What rows of several kernel libraries have in common."""
        return self.model, self.board, self.optimize, self.accelerator

    def as_json(self) -> dict[str, Any]:
        if self.failure:
            return {name: getattr(self, name) for name in (*_CASE, "failure")}
        found = {name: getattr(self, name) for name in (*_CASE, *_FIGURES)}
        if self.vela is not None:
            found["vela"] = {"sram_bytes": self.vela.sram, "file_bytes": self.vela.file}
        return found
