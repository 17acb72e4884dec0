"""The Renode runner: firmware of either kind on the emulated board, linked for the board's own addresses."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import time
import tty
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from mcugen.boards.board import Board
from mcugen.boards.machines import Machine, board_machine
from mcugen.emulate.console import Console, DescriptorTransport
from mcugen.emulate.counts import Counts, read_counts
from mcugen.emulate.exchange import FileExchange, check_inputs, module_labels
from mcugen.emulate.faults import explain_exit
from mcugen.emulate.mailbox import MAILBOX, POINT, symbol
from mcugen.emulate.process import child_process
from mcugen.emulate.renode_install import require_renode
from mcugen.emulate.renode_npu import PERIPHERAL, RenodeNpu, renode_npu
from mcugen.emulate.runner import FirmwareResult, Progress, RunResult
from mcugen.errors import CheckFailedError
from mcugen.firmware.build import Firmware, FirmwareKind
from mcugen.firmware.elf import Elf
from mcugen.graph.tensor import IntArray
from mcugen.resources import data_folder
from mcugen.scratch import scratch_folder

_COUNTS, _LOG, _EXIT, _SCRIPT, _TERMINAL = "counts.txt", "renode.log", "exit.txt", "run.resc", "console"
_EXCHANGE = "mcugen_firmware.py"
BLOCK_COUNTER = "mcugen_blocks.cs"
"""In the data folder `renode/scripts`."""
_READY = "the console is connected"
# Renode's monitor goes on after a line that failed; nothing would ever end such a run.
_SCRIPT_ERRORS = (
    "There was an error executing command",
    "No such command or device",
    "Errors during compilation",
    "[ERROR] Fatal",
)

# Usage faults of instructions that the core does not have: undefined, or of an absent coprocessor.
_CFSR_UNDEFINED = 1 << 16 | 1 << 19

_VECTORS: Mapping[FirmwareKind, str] = {"bare": "vectors", "zephyr": "_vector_table"}

# Longest time for one sample, the start of Renode included.
STALL_SECONDS = 300.0
_START_SECONDS, _ANSWER_SECONDS, _POLL_SECONDS = 120.0, 10.0, 0.1


def find_platform(board: Board) -> str | None:
    """The text of a board's platform description (.repl): the project's, or a reference to one of Renode's own; None
    without one."""
    if not board.renode_platform:
        return None
    path = data_folder("renode") / board.renode_platform
    return path.read_text() if path.is_file() else f'using "{board.renode_platform}"\n'


class RenodeRunner:
    """Runs firmware in Renode, headless. Every block of the first inference is counted, by a hook.

    Args:
        stall_seconds: a run is given up when no sample finishes, or a Zephyr image says nothing, for this long.
    """

    name = "renode"

    def __init__(self, *, stall_seconds: float = STALL_SECONDS) -> None:
        self._stall_seconds = stall_seconds

    def machine(self, board: Board) -> Machine | None:
        """See `Runner.machine`: the board itself."""
        return board_machine(board)

    def run(
        self,
        firmware: Firmware,
        inputs: Sequence[IntArray],
        *,
        count: bool = True,
        progress: Progress | None = None,
        reset_every: int | None = None,
    ) -> RunResult:
        """See `Runner.run`. Counts are of the first inference, after which the hooks at its labels are taken out."""
        program = require_renode()
        platform = find_platform(firmware.board)
        if platform is None:
            raise ValueError(f"no Renode platform for {firmware.board.name}")
        check_inputs(inputs, firmware.manifest)
        elf = firmware.image
        labels = module_labels(firmware, elf) if count else []
        with scratch_folder("mcugen-renode-") as folder, renode_npu(folder, firmware) or _no_npu() as npu:
            _prepare(folder, platform, firmware, elf, labels, reset_every, npu)
            # Renode keeps its own temporary files in TMPDIR and would leave them there when killed.
            command = ["env", f"TMPDIR={folder}", program, "--console", "--disable-gui", "--plain"]
            command += ["--config", str(folder / "renode.config"), str(folder / _SCRIPT)]
            try:
                if firmware.kind == "zephyr":
                    found = self._converse(command, folder, firmware, elf, inputs, progress, reset_every)
                else:
                    found = self._exchange_files(command, folder, firmware, elf, inputs, progress)
            except CheckFailedError:
                if npu is not None:
                    # Why it failed, where the model knows that.
                    npu.check()
                raise
            counts = read_counts(folder / _COUNTS, firmware.board.cpu.core, elf) if count else Counts()
        return RunResult(
            runner=self.name,
            machine=f"{firmware.board.name} ({firmware.board.cpu.core} at the board's addresses)",
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

    def _exchange_files(
        self,
        command: Sequence[str],
        folder: Path,
        firmware: Firmware,
        elf: Elf,
        inputs: Sequence[IntArray],
        progress: Progress | None,
    ) -> FirmwareResult:
        """Samples of bare-metal firmware are files of the folder, which a hook at its core reads and writes."""
        exchange, log = FileExchange(folder, firmware, inputs, self._stall_seconds, progress), folder / _LOG
        # The monitor reads its standard input, at whose end Renode quits.
        reading, writing = os.pipe()
        try:
            code = exchange.run(
                command,
                log,
                on_stall=lambda: _program_counter(writing, log, elf),
                look=lambda: _check_script(log),
                stdin=reading,
            )
        finally:
            os.close(reading)
            os.close(writing)
        report, verdict = exchange.report(), _read_exit(folder / _EXIT)
        if verdict != 0:
            failure = explain_exit(code if verdict is None else verdict, report, elf, log.read_text(errors="replace"))
            raise _with_helium_hint(failure, firmware.board, report)
        return exchange.result()

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
        """A Zephyr image speaks over its console UART, here a pseudoterminal of Renode's."""
        log = folder / _LOG
        with (
            log.open("wb") as output,
            child_process(command, folder, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT) as child,
            open_terminal(folder, child, log) as terminal,
        ):
            assert child.stdin is not None
            monitor = child.stdin.fileno()
            os.write(monitor, b"start\n")
            console = Console(
                DescriptorTransport(terminal, terminal),
                elf,
                stall_seconds=self._stall_seconds,
                on_silence=lambda: _program_counter(monitor, log, elf),
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
                code = child.wait()
                _read_exit(folder / _EXIT)
                raise explain_exit(code, {}, elf, f"{console.words}\n{_last_words(log)}") from error


@contextlib.contextmanager
def _no_npu() -> Iterator[None]:
    yield None


def _prepare(
    folder: Path,
    platform: str,
    firmware: Firmware,
    elf: Elf,
    labels: Sequence[int],
    reset_every: int | None,
    npu: RenodeNpu | None,
) -> None:
    """Everything under plain names in the folder: Renode's monitor has its own ideas of quoting."""
    vectors = symbol(elf, _VECTORS[firmware.kind])
    scripts = data_folder("renode") / "scripts"
    for source in (firmware.elf, scripts / _EXCHANGE, scripts / BLOCK_COUNTER):
        shutil.copyfile(source, folder / ("firmware.elf" if source is firmware.elf else source.name))
    (folder / "board.repl").write_text(platform + (npu.description if npu else ""))
    lines = [
        *([f"include @{npu.source}"] if npu else []),
        f'mach create "{firmware.board.name}"',
        f"machine LoadPlatformDescription @{folder}/board.repl",
        # As fast as the host can, not as fast as the board's clock.
        "emulation SetGlobalAdvanceImmediately true",
        f"sysbus LoadELF @{folder}/firmware.elf",
        f"cpu VectorTableOffset {vectors:#x}",
    ]
    if labels:
        words = ",".join(str(label) for label in labels)
        lines += [f"include @{folder}/{BLOCK_COUNTER}", f'cpu CountBlocks "{words}" "{folder}/{_COUNTS}"']
    if firmware.kind == "bare":
        lines += [f"include @{folder}/{_EXCHANGE}", _attach_command(folder, firmware, elf, reset_every, npu)]
    lines += console_commands(folder, firmware.board) if firmware.kind == "zephyr" else ["start"]
    (folder / _SCRIPT).write_text("\n".join(lines) + "\n")


def _attach_command(folder: Path, firmware: Firmware, elf: Elf, reset_every: int | None, npu: RenodeNpu | None) -> str:
    """Of `_EXCHANGE`: where the firmware asks for samples, how many bytes it may be given and may give, and its NPU."""
    manifest = firmware.manifest
    lists = (
        [port.size_bytes for port in manifest.inputs],
        [port.size_bytes for port in manifest.outputs],
        [result.bytes for _, result in manifest.results] if firmware.mode == "trace" else [],
    )
    sizes = " ".join(f'"{",".join(map(str, numbers))}"' for numbers in lists)
    places = f"{symbol(elf, POINT)} {symbol(elf, MAILBOX)}"
    return f'mcugen_attach "{folder}" {places} {sizes} {reset_every or 0} "{PERIPHERAL if npu else ""}"'


def console_commands(folder: Path, board: Board) -> list[str]:
    """Commands of Renode's monitor that put the board's console on a terminal, for `open_terminal`.

    The core is to be started only when that is open: what it says before could be echoed back to it.
    """
    assert board.console is not None
    return [
        f'emulation CreateUartPtyTerminal "console" "{folder / _TERMINAL}"',
        f"connector Connect sysbus.{board.console.renode_name} console",
        f'echo "{_READY}"',
    ]


@contextlib.contextmanager
def open_terminal(folder: Path, child: subprocess.Popen[bytes], log: Path) -> Iterator[int]:
    """A file descriptor for the terminal of `console_commands`, once Renode has it: bytes as they are.

    Raises:
        CheckFailedError: Renode did not come that far.
    """
    deadline = time.monotonic() + _START_SECONDS
    while _READY not in log.read_text(errors="replace"):
        _check_script(log)
        if child.poll() is not None or time.monotonic() > deadline:
            raise CheckFailedError(f"Renode does not start:\n{_last_words(log)}")
        time.sleep(_POLL_SECONDS)
    _check_script(log)
    descriptor = os.open(folder / _TERMINAL, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(descriptor)
        yield descriptor
    finally:
        os.close(descriptor)


def _with_helium_hint(error: CheckFailedError, board: Board, report: Mapping[str, int]) -> CheckFailedError:
    """Renode up to 1.16.1 takes Helium's instructions for undefined ones."""
    if board.cpu.mve != "none" and report.get("fault_cfsr", 0) & _CFSR_UNDEFINED:
        error.hint = "Helium needs a Renode newer than 1.16.1; use runner qemu"
    return error


def _read_exit(path: Path) -> int | None:
    """The firmware's exit code; None when it did not come to its end."""
    if not path.exists():
        return None
    words = path.read_text().strip()
    if not words.isdigit():
        raise CheckFailedError(f"the emulator's hooks failed: {words}")
    return int(words)


def _check_script(log: Path) -> None:
    words = log.read_text(errors="replace") if log.exists() else ""
    if any(error in words for error in _SCRIPT_ERRORS):
        raise CheckFailedError(f"Renode could not set up the board:\n{_last_words(log)}")


def _program_counter(monitor: int, log: Path, elf: Elf) -> str:
    """Asks Renode's monitor where the core is; its last words when it does not answer."""
    start, deadline = log.stat().st_size, time.monotonic() + _ANSWER_SECONDS
    os.write(monitor, b"cpu PC\n")
    while time.monotonic() < deadline:
        found = re.search(rb"^\s*0x([0-9a-fA-F]+)\s*$", log.read_bytes()[start:], re.MULTILINE)
        if found:
            return f"pc {elf.describe(int(found[1], 16))}"
        time.sleep(_POLL_SECONDS)
    return f"pc unknown; Renode's last words:\n{_last_words(log)}"


def _last_words(log: Path) -> str:
    words = log.read_text(errors="replace") if log.exists() else ""
    return "\n".join([line for line in words.splitlines() if line.strip()][-8:])
