"""`mcugen serve`: the firmware of `emit --harness` in an emulator, its UART as a pseudo-terminal of this machine."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import subprocess
import termios
import time
import tty
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mcugen.emit.manifest import Manifest
from mcugen.emit.opened import open_module
from mcugen.emulate import qmp
from mcugen.emulate.process import child_process
from mcugen.emulate.qemu import require_qemu
from mcugen.emulate.renode_install import require_renode
from mcugen.errors import CheckFailedError, InputError
from mcugen.scratch import scratch_folder
from mcugen.testbench.mlperf_tiny import FOLDER, renode_files

_START_SECONDS, _POLL_SECONDS = 120.0, 0.05
_LOG, _SCRIPT, _LINK, _MONITOR = "emulator.log", "serve.resc", "uart", "qmp"
_QEMU_TERMINAL = re.compile(r"char device redirected to (\S+) \(label console\)")
_RENODE_STARTED = re.compile(r"Machine started")
_READY = b"m-ready\r\n"


@dataclass(frozen=True)
class Served:
    """A running firmware.

    Attributes:
        terminal: a serial port, as far as programs on this machine can tell.
        runner: whose emulator it is.
        wait: returns when the emulator has ended by itself.
    """

    terminal: Path
    runner: str
    wait: Callable[[], int]


@contextlib.contextmanager
def serve(
    folder: Path, *, runner: str = "auto", link: Path | None = None, allow_edited: bool = False
) -> Iterator[Served]:
    """Runs the MLPerf Tiny firmware of an emitted module during the block.

    Args:
        runner: "qemu" for boards that QEMU has as they are, "renode", or "auto": the first of them that can.
        link: a symbolic link to the terminal, made here and removed after the block.

    Raises:
        InputError: the module has no such firmware, or the runner cannot run it, or the link cannot be made.
        MissingToolError: no emulator.
        CheckFailedError: the emulator does not start.
    """
    manifest = open_module(folder, allow_edited=allow_edited).manifest
    elf = folder.resolve() / FOLDER / f"{manifest.name}.elf"
    if not elf.is_file():
        raise InputError(
            f"{folder} has no firmware to serve", where=str(elf), hint="emit the model with --harness mlperf-tiny"
        )
    chosen = _choose(runner, manifest, elf)
    with scratch_folder("mcugen-serve-") as scratch:
        emulator = _COMMANDS[chosen](manifest, elf, scratch)
        command, log = emulator.command, scratch / _LOG
        # Renode's monitor reads its standard input and quits at its end.
        with (
            log.open("wb") as words,
            child_process(command, scratch, stdin=subprocess.PIPE, stdout=words, stderr=subprocess.STDOUT) as child,
        ):
            terminal = _wait_for_terminal(child, log, emulator.find_terminal)
            with _opened(terminal, emulator), _linked(terminal, link):
                yield Served(terminal, chosen, child.wait)


def _choose(runner: str, manifest: Manifest, elf: Path) -> str:
    can = {"qemu": manifest.target.qemu_exact, "renode": bool(renode_files(manifest, elf))}
    names = [name for name in _COMMANDS if can[name] and runner in ("auto", name)]
    if not names:
        able = [name for name in _COMMANDS if can[name]]
        raise InputError(
            f"runner {runner} has no {manifest.target.name} with its UART",
            where=manifest.target.name,
            hint=f"use --runner {' or '.join(able)}",
        )
    return names[0]


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class _Emulator:
    """How one emulator is started.

    Attributes:
        find_terminal: from its log to the terminal, once there is one.
        start: lets the core run.
        listen: to be called when the firmware has opened its UART.
    """

    command: list[str]
    find_terminal: Callable[[str], Path | None]
    start: Callable[[], object] = _nothing
    listen: Callable[[], object] = _nothing


def _qemu(manifest: Manifest, elf: Path, scratch: Path) -> _Emulator:
    silent = ["-nodefaults", "-display", "none", "-monitor", "none", "-net", "none"]
    command = [require_qemu(), "-M", manifest.target.qemu_machine, *silent, "-kernel", str(elf)]
    # Without a reader of the terminal QEMU throws away what the firmware says, so the core waits for one.
    command += ["-S", "-qmp", f"unix:{_MONITOR},server=on,wait=off"]

    def terminal(log: str) -> Path | None:
        found = _QEMU_TERMINAL.search(log)
        return Path(found[1]) if found and (scratch / _MONITOR).exists() else None

    return _Emulator(
        [*command, "-chardev", "pty,id=console", "-serial", "chardev:console"],
        terminal,
        start=lambda: qmp.execute(scratch / _MONITOR, "cont"),
        # QEMU asks a UART only now and then whether it takes a character, and CMSDK's says nothing when it begins to.
        listen=lambda: qmp.execute(scratch / _MONITOR, "query-status"),
    )


def _renode(manifest: Manifest, elf: Path, scratch: Path) -> _Emulator:
    program, link = require_renode(), scratch / _LINK
    # Under plain names: Renode's monitor has its own ideas of quoting. Scripts are not taken from the folder: whatever
    # they hold, Renode does.
    (scratch / "module").mkdir()
    shutil.copyfile(elf, scratch / "module" / elf.name)
    for name, content in renode_files(manifest, elf).items():
        (scratch / "module" / name).write_bytes(content)
    (scratch / _SCRIPT).write_text(f'$terminal="{link}"\ninclude @{scratch}/module/{elf.stem}.resc\n')
    command = ["env", f"TMPDIR={scratch}", program, "--console", "--disable-gui", "--plain"]
    command += ["--config", str(scratch / "renode.config"), str(scratch / _SCRIPT)]

    def terminal(log: str) -> Path | None:
        return link.resolve() if _RENODE_STARTED.search(log) and link.is_symlink() else None

    return _Emulator(command, terminal)


# The first one that can is what "auto" takes.
_COMMANDS = {"qemu": _qemu, "renode": _renode}


def _wait_for_terminal(child: subprocess.Popen[bytes], log: Path, ready: Callable[[str], Path | None]) -> Path:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        words = log.read_text(errors="replace")
        terminal = ready(words)
        if terminal is not None:
            return terminal
        if child.poll() is not None:
            break
        time.sleep(_POLL_SECONDS)
    last = "\n".join([line for line in log.read_text(errors="replace").splitlines() if line.strip()][-8:])
    raise CheckFailedError(f"the emulator did not open a terminal; its last words:\n{last}")


@contextlib.contextmanager
def _opened(terminal: Path, emulator: _Emulator) -> Iterator[None]:
    """Waits until the firmware is ready, so that no word of its start is left for whoever connects.

    The terminal stays open during the block: an emulator may take the end of a connection for the end of the line.
    """
    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    try:
        # Not flushed: the firmware may have spoken already.
        tty.setraw(descriptor, termios.TCSANOW)
        emulator.start()
        said, deadline = b"", time.monotonic() + _START_SECONDS
        while _READY not in said:
            if time.monotonic() > deadline:
                raise CheckFailedError(f"the firmware does not start; it said {said.decode(errors='replace')!r}")
            if select.select([descriptor], [], [], _POLL_SECONDS)[0]:
                said += os.read(descriptor, 4096)
        emulator.listen()
        yield
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _linked(terminal: Path, link: Path | None) -> Iterator[None]:
    if link is None:
        yield
        return
    try:
        if link.is_symlink():
            link.unlink()
        link.symlink_to(terminal)
    except OSError as error:
        raise InputError(f"cannot make the link {link}: {error.strerror}", hint="choose another --terminal") from error
    try:
        yield
    finally:
        link.unlink(missing_ok=True)
