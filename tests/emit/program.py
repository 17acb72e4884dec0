"""C programs around an emitted module that read and write bytes: on the workstation, or on a board's core in QEMU.

The text calls `take(data, bytes)`, `give(data, bytes)` and defines `int program(void)`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from mcugen.boards import load_board
from mcugen.boards.machines import find_machine
from mcugen.firmware import build
from mcugen.firmware.toolchain import cpu_flags, find_toolchain
from mcugen.templates import render_template

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Wconversion", "-Wpedantic", "-Werror")
# clang's sanitizers want libraries that many machines lack; its traps need none.
SANITIZERS = {
    "gcc": ("-fsanitize=address,undefined", "-fno-sanitize-recover=all"),
    "clang": ("-fsanitize=undefined", "-fsanitize-trap=undefined"),
}
_SEMIHOSTING = Path(__file__).parent.parent / "kernels"

_BORDER = """#include <stddef.h>
#include <stdint.h>
void take(void *data, size_t bytes);
void give(const void *data, size_t bytes);
int program(void);
"""
_HOST = """
#include <stdio.h>
#include <stdlib.h>
void take(void *data, size_t bytes) { if (fread(data, 1, bytes, stdin) != bytes) exit(9); }
void give(const void *data, size_t bytes) { if (fwrite(data, 1, bytes, stdout) != bytes) exit(9); }
int main(void) { return program(); }
"""
_TARGET = """
#include "harness.h"
#include "semihosting.h"
static int32_t source, sink;
void take(void *data, size_t bytes) { if (semihosting_read(source, data, bytes) != bytes) semihosting_exit(9); }
void give(const void *data, size_t bytes) { if (semihosting_write(sink, data, bytes) != bytes) semihosting_exit(9); }
_Noreturn void harness_end(enum harness_exit code, const struct harness_fact *facts, size_t count)
{
    (void)facts;
    (void)count;
    semihosting_exit((int32_t)code);
}
_Noreturn void harness_main(void)
{
    source = semihosting_open("in.bin", SEMIHOSTING_READ);
    sink = semihosting_open("out.bin", SEMIHOSTING_WRITE);
    const int status = program();
    semihosting_close(sink);
    semihosting_exit(status);
}
"""


def on_host(
    module: Path,
    text: str,
    given: bytes,
    work: Path,
    compiler: str = "gcc",
    sources: str = "*.c",
    options: Sequence[str] = (),
) -> bytes:
    """What the program gives; any message of the compiler or of a sanitizer fails.

    Args:
        sources: of the module, a pattern.
        options: more of the compiler's.
    """
    work.mkdir(parents=True, exist_ok=True)
    (work / "program.c").write_text(_BORDER + text + _HOST)
    paths = [str(path) for path in sorted((module / "src").glob(sources))]
    flags = [*WARNINGS, "-O1", *options, *SANITIZERS[compiler], f"-I{module / 'include'}", f"-I{module / 'kernels'}"]
    subprocess.run([compiler, *flags, "program.c", *paths, "-o", "program"], cwd=work, check=True)
    done = subprocess.run([work / "program"], input=given, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[:3000]
    return done.stdout


def on_target(
    module: Path,
    text: str,
    given: bytes,
    work: Path,
    board_name: str,
    sources: str = "*.c",
    compiler: Sequence[str] = (),
    flags_of_module: Sequence[str] = ("-O2",),
) -> bytes:
    """Likewise for the board's own core and flags.

    Args:
        compiler: command that compiles the module's sources; default: GCC, as for the rest.
    """
    board, toolchain = load_board(board_name), find_toolchain()
    machine = find_machine(board.qemu_machine)
    assert machine is not None
    work.mkdir(parents=True, exist_ok=True)
    (work / "program.c").write_text(_BORDER + text + _TARGET)
    (work / "in.bin").write_bytes(given)
    harness = build._HARNESS
    flags = [*cpu_flags(board.cpu), *WARNINGS, "-ffunction-sections", "-fdata-sections"]
    flags += [f"-I{path}" for path in (harness, _SEMIHOSTING, module / "include", module / "kernels")]
    own = [harness / "startup.c", _SEMIHOSTING / "semihosting.c"]
    objects = []
    for path in sorted((module / "src").glob(sources)):
        command = [*(compiler or [str(toolchain.gcc)]), *flags, *flags_of_module]
        subprocess.run([*command, "-c", path, "-o", f"{path.stem}.o"], cwd=work, check=True)
        objects.append(f"{path.stem}.o")
    for path in (work / "program.c", *own):
        more = ["-Wno-pedantic"] if path in own else []
        toolchain.compile(path, work / f"{path.stem}.o", [*flags, "-O2", *more], cwd=work)
        objects.append(f"{path.stem}.o")
    (work / "linker.ld").write_text(
        render_template(
            "mcugen.firmware",
            "linker.ld.j2",
            board=board,
            machine=machine,
            own_vectors=machine.vectors != machine.code.start,
            code_size=machine.code.size,
            data_size=machine.data.size,
            minimum_stack=4096,
            guard_size=build._GUARD_SIZE,
        )
    )
    link_time = ["-flto", "-O2"] if "-flto" in flags_of_module else []
    arguments = [*cpu_flags(board.cpu), *link_time, "-nostartfiles", "-Wl,--gc-sections", "-Tlinker.ld", "-Wl,-Map=map"]
    toolchain.link([*arguments, *objects, "-o", "firmware.elf"], cwd=work)
    command = ["qemu-system-arm", "-M", machine.name, "-kernel", "firmware.elf", "-nographic", "-monitor", "none"]
    command += ["-serial", "none", "-semihosting-config", "enable=on,target=native"]
    done = subprocess.run(command, cwd=work, capture_output=True, timeout=300, check=False)
    assert done.returncode == 0, f"exit {done.returncode}: {done.stderr.decode(errors='replace')[:2000]}"
    return (work / "out.bin").read_bytes()
