"""What an emulator is to the rest of mcugen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mcugen.boards.board import Board
from mcugen.boards.machines import Machine
from mcugen.firmware.build import Firmware
from mcugen.graph.tensor import IntArray

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all)."""


@dataclass(frozen=True)
class LayerCount:
    """Executed between one layer's label and the next. `cycles` is None where no timing model covers the core."""

    instructions: int
    cycles: int | None


@dataclass(frozen=True)
class FunctionCount:
    """Executed inside one function of the image, callees excluded."""

    name: str
    instructions: int
    cycles: int | None


@dataclass(frozen=True)
class ThreadStack:
    """A thread of an operating system: bytes of its stack used since the start, and all."""

    name: str
    used: int
    size: int


@dataclass(frozen=True, eq=False)
class FirmwareResult:
    """What firmware gave, by whatever way: as in `RunResult`."""

    outputs: tuple[IntArray, ...]
    layer_outputs: tuple[IntArray, ...] | None
    stack_bytes: int
    threads: tuple[ThreadStack, ...]


@dataclass(frozen=True, eq=False)
class RunResult:
    """What the firmware gave, and what it took.

    Attributes:
        runner: such as "qemu".
        machine: the emulated machine and how it relates to the board, in words.
        outputs: one array per output, (samples, *device shape).
        layers: counts of the first inference, one for each layer; empty when not counted.
        functions: the same inference by function, largest first; empty when not counted.
        instructions: of the first inference, from the entry of <name>_run to its return; 0 when not counted. An
            instruction that its condition skips is counted: the core takes a cycle for it as well.
        cycles: by the model, None without one.
        cycles_source: "model:cortex-m4" or "none".
        stack_bytes: deepest word of the stack that the first inference wrote, measured by painting.
        layer_outputs: in trace mode one array per result of a layer (`Manifest.results`), (samples, bytes), int8; None
            otherwise.
        threads: stacks by the operating system's own measurement; none in bare-metal firmware.
    """

    runner: str
    machine: str
    outputs: tuple[IntArray, ...]
    layers: tuple[LayerCount, ...]
    functions: tuple[FunctionCount, ...]
    instructions: int
    cycles: int | None
    cycles_source: str
    stack_bytes: int
    layer_outputs: tuple[IntArray, ...] | None = None
    threads: tuple[ThreadStack, ...] = ()


class Runner(Protocol):
    """Runs firmware. Adding an emulator is one file with these methods, and one row in `mcugen.emulate.RUNNERS`."""

    name: str

    def machine(self, board: Board) -> Machine | None:
        """What bare-metal firmware of the board is to be linked for; None when there is nothing."""
        ...

    def run(
        self,
        firmware: Firmware,
        inputs: Sequence[IntArray],
        *,
        count: bool = True,
        progress: Progress | None = None,
        reset_every: int | None = None,
    ) -> RunResult:
        """All samples in one emulator run: consecutive steps from a reset where the module has state.

        Args:
            inputs: one integer array per input of the manifest, (samples, *device shape).
            count: count the first inference (firmware of mode "measure" only).
            reset_every: samples after which the state starts again.

        Raises:
            MissingToolError: the emulator is not installed.
            CheckFailedError: the firmware faulted, hung, or reported an error.
        """
        ...
