"""What tests do in a Zephyr workspace: build applications with west, and run images in emulators."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from mcugen.boards import Board
from mcugen.emulate.process import child_process
from mcugen.emulate.renode import find_platform
from mcugen.emulate.renode_install import require_renode
from mcugen.emulate.renode_npu import SOURCE
from mcugen.firmware.elf import Elf
from mcugen.resources import data_folder

ROOT = Path(__file__).resolve().parents[2]
MODULE = ROOT / "zephyr_module"
MODELS = MODULE / "samples" / "models"

# Zephyr's name of a board, and the QEMU machine that runs its images: Zephyr has no `run` target for an386 and an500.
QEMU_MACHINES = {
    "mps2/an385": "mps2-an385",
    "mps2/an386": "mps2-an386",
    "mps2/an500": "mps2-an500",
    "mps2/an521/cpu0": "mps2-an521",
    "mps3/corstone300/an547": "mps3-an547",
}
RISCV_BOARD = "qemu_riscv32"
OTHER_BOARDS = ("nrf5340dk/nrf5340/cpuapp", "nrf52840dk/nrf52840", "nucleo_h743zi", "b_u585i_iot02a")


def find_west_topdir() -> Path | None:
    """The workspace of ZEPHYR_BASE."""
    result = subprocess.run(
        ["west", "topdir"], cwd=os.environ["ZEPHYR_BASE"], capture_output=True, text=True, check=False
    )
    return Path(result.stdout.strip()) if result.returncode == 0 else None


class Workspace:
    """A Zephyr workspace, used with the mcugen of this Python."""

    def __init__(self) -> None:
        self.environment = os.environ | {"MCUGEN_PYTHON": sys.executable, "CMAKE_BUILD_PARALLEL_LEVEL": "1"}
        self.environment.pop("MCUGEN_EXECUTABLE", None)

    def west(
        self, *arguments: str | Path, cwd: Path | None = None, timeout: float = 1200
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["west", *map(str, arguments)],
            cwd=cwd or os.environ["ZEPHYR_BASE"],
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=timeout,
        )

    def build(
        self, application: Path, board: str, build_dir: Path, *options: str, configure_only: bool = False
    ) -> subprocess.CompletedProcess[str]:
        """`west build`; the small C library of Zephyr keeps builds short."""
        only = ["--cmake-only"] if configure_only else []
        return self.west(
            "build",
            *only,
            "-b",
            board,
            "-d",
            build_dir,
            application,
            "-o=-j1",
            "--",
            "-DCONFIG_MINIMAL_LIBC=y",
            *options,
        )

    def modules(self) -> dict[str, str]:
        """Folders of the modules that the workspace has, by name."""
        rows = (line.split(" ", 1) for line in self.west("list", "-f", "{name} {abspath}").stdout.splitlines())
        found = {row[0]: row[1] for row in rows if len(row) == 2 and row[0] not in ("manifest", "zephyr")}
        return {name: path for name, path in found.items() if Path(path).is_dir()}

    def modules_without(self, name: str) -> str:
        """An option for `build`: all modules but one."""
        return f"-DZEPHYR_MODULES={';'.join(path for other, path in self.modules().items() if other != name)}"

    def ninja(self, build_dir: Path, *targets: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["ninja", "-j1", *targets],
            cwd=build_dir,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=1200,
        )


def run_image(build_dir: Path, board: str, last_words: str, timeout: float = 120.0) -> str:
    """The console of an image in QEMU, up to the line that matches; Zephyr never ends by itself."""
    if board == RISCV_BOARD:
        command = ["qemu-system-riscv32", "-M", "virt", "-m", "256", "-bios", "none"]
    else:
        command = ["qemu-system-arm", "-M", QEMU_MACHINES[board]]
    process = subprocess.Popen(
        [
            *command,
            "-nographic",
            "-net",
            "none",
            "-monitor",
            "none",
            "-serial",
            "stdio",
            "-kernel",
            str(build_dir / "zephyr" / "zephyr.elf"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    watchdog = threading.Timer(timeout, process.kill)
    watchdog.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if re.search(last_words, line):
                return "".join(lines)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
    raise AssertionError(f"no line matches {last_words!r} in:\n{''.join(lines)}")


def run_image_in_renode(build_dir: Path, board: Board, last_words: str, timeout: float = 120.0, npu: str = "") -> str:
    """The same in Renode.

    Args:
        npu: of `describe_npu`, for an NPU that `mcugen npu serve` serves.
    """
    elf, platform, console = build_dir / "zephyr" / "zephyr.elf", find_platform(board), board.console
    assert platform is not None and console is not None
    (build_dir / "board.repl").write_text(platform + npu)
    words = build_dir / "console.txt"
    words.unlink(missing_ok=True)
    commands = [
        *([f"include @{data_folder('renode') / 'scripts' / SOURCE}"] if npu else []),
        f'mach create "{board.name}"',
        f"machine LoadPlatformDescription @{build_dir}/board.repl",
        "emulation SetGlobalAdvanceImmediately true",
        f"sysbus LoadELF @{elf}",
        f"cpu VectorTableOffset {Elf(elf).address('_vector_table'):#x}",
        f"sysbus.{console.renode_name} CreateFileBackend @{words} true",
        "start",
    ]
    (build_dir / "run.resc").write_text("\n".join(commands) + "\n")
    command = ["env", f"TMPDIR={build_dir}", require_renode(), "--console", "--disable-gui", "--plain"]
    command += ["--config", str(build_dir / "renode.config"), str(build_dir / "run.resc")]
    log, deadline = build_dir / "renode.log", time.monotonic() + timeout
    with (
        log.open("wb") as output,
        child_process(command, build_dir, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT) as child,
    ):
        while child.poll() is None and time.monotonic() < deadline:
            text = words.read_text(errors="replace") if words.exists() else ""
            if re.search(f"(?:{last_words}).*\n", text):
                return text
            time.sleep(0.1)
    raise AssertionError(f"no line matches {last_words!r}; Renode's log:\n{log.read_text(errors='replace')}")
