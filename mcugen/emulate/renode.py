"""The Renode runner: bare-metal firmware on the emulated board, linked for the board's own addresses."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mcugen.boards.board import Board
from mcugen.boards.machines import Machine, board_machine
from mcugen.emulate.exchange import (
    REPORT,
    check_inputs,
    module_labels,
    read_layers,
    read_outputs,
    read_report,
    write_inputs,
)
from mcugen.emulate.faults import explain_exit
from mcugen.emulate.process import StalledError, run_watched
from mcugen.emulate.renode_install import require_renode
from mcugen.emulate.runner import LayerCount, Progress, RunResult
from mcugen.errors import CheckFailedError
from mcugen.firmware.build import Firmware
from mcugen.firmware.elf import Elf
from mcugen.graph.tensor import IntArray
from mcugen.resources import data_folder
from mcugen.scratch import scratch_folder

_COUNTS, _LOG, _EXIT, _SCRIPT = "counts.txt", "renode.log", "exit.txt", "run.resc"
# Renode's monitor goes on after a line that failed; nothing would ever end such a run.
_SCRIPT_ERRORS = ("There was an error executing command", "No such command or device", "[ERROR] Fatal")

# Usage faults of instructions that the core does not have: undefined, or of an absent coprocessor.
_CFSR_UNDEFINED = 1 << 16 | 1 << 19

# Longest time for one sample, the start of Renode included.
STALL_SECONDS = 300.0
_ANSWER_SECONDS, _POLL_SECONDS = 10.0, 0.1


def find_platform(board: Board) -> Path | None:
    """The platform description of a board: an absolute path of the project's, or a relative one that Renode finds among
    its own, such as platforms/cpus/stm32f746.repl; None without one."""
    if not board.renode_platform:
        return None
    path = data_folder("renode") / board.renode_platform
    return path if path.is_file() else Path(board.renode_platform)


class RenodeRunner:
    """Runs bare-metal firmware in Renode, headless. Instructions are counted by the emulated core itself.

    Args:
        stall_seconds: a run is given up when no sample finishes for this long.
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
    ) -> RunResult:
        """See `Runner.run`. Counts are of the first inference, after which the hooks at its labels are taken out."""
        program = require_renode()
        platform = find_platform(firmware.board)
        if platform is None:
            raise ValueError(f"no Renode platform for {firmware.board.name}")
        check_inputs(inputs, firmware.manifest)
        elf, samples = Elf(firmware.elf), len(inputs[0])
        labels = module_labels(firmware, elf) if count else []
        with scratch_folder("mcugen-renode-") as folder:
            _prepare(folder, platform, firmware, elf, labels)
            write_inputs(folder, inputs)
            # Renode keeps its own temporary files in TMPDIR and would leave them there when killed.
            command = ["env", f"TMPDIR={folder}", program, "--console", "--disable-gui", "--plain"]
            command += ["--config", str(folder / "renode.config"), str(folder / _SCRIPT)]
            report = self._execute(command, folder, firmware, elf, samples, progress)
            outputs = read_outputs(folder, firmware.manifest, samples)
            traced = read_layers(folder, firmware.manifest, samples) if firmware.mode == "trace" else None
            layers, total = _read_counts(folder / _COUNTS, labels) if count else ((), 0)
        return RunResult(
            runner=self.name,
            machine=f"{firmware.board.name} ({firmware.board.cpu.core} at the board's addresses)",
            outputs=outputs,
            layers=layers,
            functions=(),
            instructions=total,
            cycles=None,
            cycles_source="none",
            stack_bytes=report["stack_bytes"],
            layer_outputs=traced,
        )

    def _execute(
        self,
        command: Sequence[str],
        folder: Path,
        firmware: Firmware,
        elf: Elf,
        samples: int,
        progress: Progress | None,
    ) -> dict[str, int]:
        """The firmware's report."""
        output, size, log = folder / "output_0.bin", firmware.manifest.outputs[0].size_bytes, folder / _LOG

        def samples_done() -> int:
            done = output.stat().st_size // size if output.exists() else 0
            if progress is not None:
                progress(done, samples)
            if done == 0:
                _check_script(log)
            return done

        # The monitor reads its standard input, at whose end Renode quits.
        reading, writing = os.pipe()
        try:
            code = run_watched(
                command,
                folder,
                log,
                stall_seconds=self._stall_seconds,
                work_done=samples_done,
                on_stall=lambda: _program_counter(writing, log, elf),
                stdin=reading,
            )
        except StalledError as error:
            raise CheckFailedError(
                f"the firmware hung: sample {samples_done()} of {samples} took more than {self._stall_seconds:g} s",
                where=error.diagnosis,
            ) from error
        finally:
            os.close(reading)
            os.close(writing)
        report, verdict = read_report(folder / REPORT), _read_exit(folder / _EXIT)
        if verdict != 0:
            failure = explain_exit(code if verdict is None else verdict, report, elf, log.read_text(errors="replace"))
            raise _with_helium_hint(failure, firmware.board, report)
        if report.get("samples") != samples:
            raise CheckFailedError(f"the firmware ran {report.get('samples', 0)} of {samples} samples")
        samples_done()
        return report


def _prepare(folder: Path, platform: Path, firmware: Firmware, elf: Elf, labels: Sequence[int]) -> None:
    """Everything under plain names in the folder: Renode's monitor has its own ideas of quoting."""
    script = data_folder("renode") / "scripts" / "mcugen_firmware.py"
    for source, name in ((firmware.elf, "firmware.elf"), (script, "mcugen_firmware.py")):
        shutil.copyfile(source, folder / name)
    if platform.is_absolute():
        platform = Path(shutil.copyfile(platform, folder / "board.repl"))
    if "semihosting_trap" not in elf.symbols:
        raise CheckFailedError("the firmware has no label semihosting_trap", hint="build it again")
    words = ",".join(str(label) for label in labels)
    lines = [
        f'mach create "{firmware.board.name}"',
        f"machine LoadPlatformDescription @{platform}",
        # As fast as the host can, not as fast as the board's clock.
        "emulation SetGlobalAdvanceImmediately true",
        f"sysbus LoadELF @{folder}/firmware.elf",
        f"cpu VectorTableOffset {elf.address('vectors'):#x}",
        f"include @{folder}/mcugen_firmware.py",
        f'mcugen_attach "{folder}" {elf.address("semihosting_trap")} "{words}"',
        "start",
    ]
    (folder / _SCRIPT).write_text("\n".join(lines) + "\n")


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


def _read_counts(path: Path, labels: Sequence[int]) -> tuple[tuple[LayerCount, ...], int]:
    """Of each layer, and from the module's entry to its return.

    Labels of different names can share an address (an empty layer, the last layer's end), which one hook serves.
    """
    passed = [line.split() for line in path.read_text().splitlines()] if path.exists() else []
    at = {int(address): int(executed) for address, executed in passed}
    if len(at) != len(passed) or any(label not in at for label in labels):
        raise CheckFailedError(f"counting failed: {len(passed)} of {len(set(labels))} labels were passed once each")
    executed = [at[label] for label in labels]
    differences = [after - before for before, after in itertools.pairwise(executed)]
    return tuple(LayerCount(n, None) for n in differences[1:-1]), executed[-1] - executed[0]


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
