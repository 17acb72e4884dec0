"""The QEMU runner."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from mcugen.boards.board import Board
from mcugen.boards.machines import Machine, core_of, machine_of
from mcugen.emulate import qmp
from mcugen.emulate.console import Console, DescriptorTransport
from mcugen.emulate.counts import Counts, read_counts
from mcugen.emulate.exchange import check_inputs, module_labels
from mcugen.emulate.faults import explain_exit
from mcugen.emulate.gdb import GdbError, GdbStub
from mcugen.emulate.mailbox import BELL, POINT, Ending, Mailbox, symbol
from mcugen.emulate.plugin import counting_plugin
from mcugen.emulate.process import child_process
from mcugen.emulate.runner import FirmwareResult, Progress, RunResult
from mcugen.errors import CheckFailedError, MissingToolError
from mcugen.firmware.build import Firmware
from mcugen.firmware.elf import Elf
from mcugen.graph.tensor import IntArray
from mcugen.scratch import scratch_folder

_PROGRAM = "qemu-system-arm"
_INSTALL = "apt-get install qemu-system-arm"
_COUNTS, _LOG, _MONITOR = "counts.txt", "qemu.log", "qmp"

# Longest time for one sample. The largest models take well under a minute on a slow machine.
STALL_SECONDS = 180.0


def find_qemu() -> str | None:
    """The program, on PATH."""
    return shutil.which(_PROGRAM)


def require_qemu() -> str:
    """The program.

    Raises:
        MissingToolError: it is not on PATH.
    """
    program = find_qemu()
    if program is None:
        raise MissingToolError(f"{_PROGRAM}, the emulator, is not installed", hint=_INSTALL)
    return program


class QemuRunner:
    """Runs firmware in QEMU, on the machine that `build_firmware` linked it for.

    Args:
        stall_seconds: a run is given up when no sample finishes for this long.
        options: more options for QEMU, before all others.
    """

    name = "qemu"

    def __init__(self, *, stall_seconds: float = STALL_SECONDS, options: Sequence[str] = ()) -> None:
        self._stall_seconds = stall_seconds
        self._options = tuple(options)

    def machine(self, board: Board) -> Machine | None:
        """See `Runner.machine`: the board's own machine, or one that runs its core's code."""
        return machine_of(board)

    def run(
        self,
        firmware: Firmware,
        inputs: Sequence[IntArray],
        *,
        count: bool = True,
        progress: Progress | None = None,
        reset_every: int | None = None,
    ) -> RunResult:
        """See `Runner.run`: one emulator run; the first inference is counted, then the counter takes itself out."""
        program = require_qemu()
        check_inputs(inputs, firmware.manifest)
        elf = firmware.image
        with scratch_folder("mcugen-qemu-") as folder:
            command = [program, *self._options, *_machine_options(firmware), "-kernel", str(firmware.elf)]
            if count:
                command += _plugin_options(firmware, elf, folder)
            if firmware.kind == "zephyr":
                found = self._converse(command, folder, firmware, elf, inputs, progress, reset_every)
            else:
                mailbox = Mailbox(firmware, elf, inputs, progress, reset_every)
                found = self._exchange_samples(command, folder, elf, mailbox, len(inputs[0]))
            counts = read_counts(folder / _COUNTS, firmware.board.cpu.core, elf) if count else Counts()
        return RunResult(
            runner=self.name,
            machine=describe_machine(firmware.board, firmware.machine),
            outputs=found.outputs,
            layers=counts.layers,
            functions=counts.functions,
            instructions=counts.instructions,
            cycles=counts.cycles,
            cycles_source=counts.cycles_source,
            stack_bytes=found.stack_bytes,
            layer_outputs=found.layer_outputs,
            threads=found.threads,
        )

    def _exchange_samples(
        self,
        command: Sequence[str],
        folder: Path,
        elf: Elf,
        mailbox: Mailbox,
        samples: int,
    ) -> FirmwareResult:
        """Samples of bare-metal firmware go through the core's memory while it stands still."""
        log, pipe = folder / _LOG, subprocess.PIPE
        with (
            log.open("wb") as errors,
            child_process(command, folder, stdin=pipe, stdout=pipe, stderr=errors) as child,
        ):
            assert child.stdin is not None and child.stdout is not None
            core = GdbStub(DescriptorTransport(child.stdout.fileno(), child.stdin.fileno()))
            try:
                ending = self._serve(core, mailbox, elf, samples)
                core.kill()
                child.wait()
            except (EOFError, GdbError) as error:
                words = log.read_text(errors="replace")
                _check_plugins(words)
                if isinstance(error, GdbError):
                    raise CheckFailedError(f"the firmware cannot be spoken to: {error}") from error
                raise explain_exit(child.wait(), {}, elf, words) from error
        if ending.code:
            raise explain_exit(ending.code, ending.report, elf, "")
        return mailbox.result(ending)

    def _serve(self, core: GdbStub, mailbox: Mailbox, elf: Elf, samples: int) -> Ending:
        """Answers the firmware until its end."""
        point = symbol(elf, POINT)
        core.watch(symbol(elf, BELL))
        core.resume()
        while True:
            if not core.wait(self._stall_seconds):
                core.interrupt()
                raise CheckFailedError(
                    f"the firmware hung: sample {mailbox.done} of {samples} took more than {self._stall_seconds:g} s",
                    where=f"pc {elf.describe(core.program_counter())}",
                )
            ending = mailbox.answer(core)
            if ending is not None:
                return ending
            core.resume(point)

    def _converse(
        self,
        command: Sequence[str],
        folder: Path,
        firmware: Firmware,
        elf: Elf,
        inputs: Sequence[IntArray],
        progress: Progress | None,
        reset_every: int | None,
    ) -> FirmwareResult:
        """A Zephyr image speaks over its console UART, here QEMU's standard input and output."""
        log, pipe = folder / _LOG, subprocess.PIPE
        with (
            log.open("wb") as errors,
            child_process(command, folder, stdin=pipe, stdout=pipe, stderr=errors) as child,
        ):
            assert child.stdin is not None and child.stdout is not None
            transport = DescriptorTransport(child.stdout.fileno(), child.stdin.fileno())
            console = Console(
                transport,
                elf,
                stall_seconds=self._stall_seconds,
                on_silence=lambda: _program_counter(folder / _MONITOR, elf),
            )
            try:
                return console.run(
                    firmware.manifest,
                    inputs,
                    trace=firmware.mode == "trace",
                    progress=progress,
                    reset_every=reset_every,
                )
            except EOFError as error:
                words = log.read_text(errors="replace")
                _check_plugins(words)
                raise explain_exit(child.wait(), {}, elf, f"{console.words}\n{words}") from error


def describe_machine(board: Board, machine: Machine) -> str:
    """How the emulated machine relates to the board, for reports."""
    if board.qemu_exact:
        return machine.name
    return f"{machine.name} ({core_of(machine, board)}) with {board.name}'s memory sizes"


def _check_plugins(log: str) -> None:
    if "-plugin: invalid option" in log:
        raise MissingToolError("this QEMU was built without plugins", hint=_INSTALL)


# No semihosting: code in the emulator could open files and start programs by it.
_BARE_OPTIONS = ("-serial", "none", "-S", "-chardev", "stdio,id=core,signal=off", "-gdb", "chardev:core")
_CONSOLE_OPTIONS = ("-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console")


def _machine_options(firmware: Firmware) -> list[str]:
    silent = ["-nodefaults", "-display", "none", "-monitor", "none", "-net", "none"]
    monitor = ["-qmp", f"unix:{_MONITOR},server=on,wait=off"]
    speech = _CONSOLE_OPTIONS if firmware.kind == "zephyr" else _BARE_OPTIONS
    return ["-M", firmware.machine.name, *silent, *monitor, *speech]


def _plugin_options(firmware: Firmware, elf: Elf, folder: Path) -> list[str]:
    if firmware.mode != "measure":
        raise ValueError("only firmware of mode 'measure' can be counted")
    plugin = counting_plugin(folder)
    labels = ",".join(f"label={address:#x}" for address in module_labels(firmware, elf))
    # QEMU reads a doubled comma as one that belongs to the value.
    return ["-plugin", f"{str(plugin).replace(',', ',,')},out={_COUNTS},{labels}"]


def _program_counter(monitor: Path, elf: Elf) -> str:
    """Asks QEMU where the core is; says so when it does not answer."""
    with contextlib.suppress(OSError, ValueError):
        words = qmp.execute(monitor, "human-monitor-command", {"command-line": "info registers"})
        found = re.search(r"R15=([0-9a-f]+)", str(words))
        if found:
            return f"pc {elf.describe(int(found[1], 16))}"
    return "pc unknown"
