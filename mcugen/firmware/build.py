"""Builds an emitted module into bare-metal firmware for a board."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from mcugen.boards.board import Board
from mcugen.boards.machines import Machine, machine_of
from mcugen.emit.manifest import Manifest, PortEntry
from mcugen.errors import InputError
from mcugen.firmware import cmsis_nn
from mcugen.firmware.applications import SAMPLES, Application
from mcugen.firmware.dependencies import check_dependencies
from mcugen.firmware.elf import Elf
from mcugen.firmware.stack import StackDepth, stack_depth
from mcugen.firmware.toolchain import (
    SECTIONS,
    WARNINGS,
    MemoryOverflowError,
    Toolchain,
    cpu_flags,
    find_toolchain,
)
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import C_TYPES
from mcugen.kernels.cmsis_nn.locate import CmsisNn
from mcugen.templates import render_template

Mode = Literal["measure", "trace"]
FirmwareKind = Literal["bare", "zephyr"]

_PACKAGE = "mcugen.firmware"
_HARNESS = Path(__file__).resolve().parent / "harness"
# Besides the application's own.
_HARNESS_SOURCES: Mapping[Mode, tuple[str, ...]] = {
    "measure": ("startup.c", "stack.c", "guards.c"),
    "trace": ("startup.c", "stack.c", "guards.c", "trace.c"),
}
# As HARNESS_GUARD_SIZE in harness/harness.h.
_GUARD_SIZE = 32
# What the module is compiled with.
MODE_DEFINITIONS: Mapping[Mode, tuple[str, ...]] = {
    "measure": ("MCUGEN_LAYER_LABELS",),
    "trace": ("MCUGEN_LAYER_HOOK", "MCUGEN_DEBUG"),
}

# The module's API takes buffers at any address: measuring uses words, as most applications do, tracing odd ones.
_MISALIGNMENT = {"measure": 0, "trace": 1}

_MODULE_SECTIONS = (".module_text", ".module_rodata", ".cmsis_nn")

_MINIMUM_STACK = 1024
_LANGUAGE = ("-std=c11", *WARNINGS, *SECTIONS)
# The harness must not pull in the C library, or it would hide what the module itself needs.
_HARNESS_FLAGS = (*_LANGUAGE, "-Os", "-fno-tree-loop-distribute-patterns")


@dataclass(frozen=True)
class ZephyrImage:
    """A whole Zephyr image, by the symbols of its linker script.

    Attributes:
        board: as Zephyr names it.
        version: of Zephyr, from its VERSION file.
        flash_bytes, ram_bytes: of all of it, the module included.
        heap_bytes: of the kernel's heap; 0: nothing takes memory at run time.
    """

    board: str
    version: str
    flash_bytes: int
    ram_bytes: int
    heap_bytes: int = 0


@dataclass(frozen=True, eq=False)
class Firmware:
    """Linked firmware: a module with the harness, or in a Zephyr image.

    Attributes:
        elf: the image's file.
        image: what is in it.
        machine: whose addresses it is linked for: a QEMU machine, or the board itself.
        flash_bytes: the module's code, constants and initial values of variables, as linked, and what it calls of
            CMSIS-NN; no harness, no C library.
        ram_bytes: the module's static memory as linked, the arena included.
        library_bytes: C and compiler library code that the module pulls in (memcpy, memset, 64-bit helpers).
        stack_usage: the compiler's bytes of stack frame for each of the module's functions (-fstack-usage).
        zephyr: the image around the module; None in bare-metal firmware.
    """

    elf: Path
    image: Elf
    board: Board
    machine: Machine
    manifest: Manifest
    mode: Mode
    flash_bytes: int
    ram_bytes: int
    library_bytes: int
    stack_usage: Mapping[str, int]
    zephyr: ZephyrImage | None = None

    @functools.cached_property
    def stack(self) -> StackDepth:
        """How deep `<name>_run` goes by its code."""
        return stack_depth(self.image, f"{self.manifest.name}_run")

    @property
    def kind(self) -> FirmwareKind:
        return "zephyr" if self.zephyr else "bare"


def build_firmware(
    folder: Path,
    manifest: Manifest,
    board: Board,
    *,
    mode: Mode = "measure",
    build_dir: Path,
    optimization: str | None = None,
    machine: Machine | None = None,
    application: Application = SAMPLES,
) -> Firmware:
    """Compiles and links an emitted module with the harness.

    Args:
        folder: the emitted module.
        mode: "measure": the code that ships, with labels between layers; "trace": with a call after every layer that
            hands out its output.
        build_dir: objects and firmware.elf go there; made when missing.
        optimization: of the module, such as "-O2"; by default what its manifest says.
        machine: whose addresses it is linked for; by default the QEMU machine of the board.
        application: what feeds the module.

    Raises:
        MissingToolError: no cross compiler.
        InputError: no QEMU machine has the board's core, or the application needs a console and the board names none.
        DoesNotFitError: larger than the board's memories.
        CheckFailedError: the module does not compile.
    """
    machine = machine or machine_of(board)
    if machine is None:
        raise InputError(f"no QEMU machine runs code for the {board.cpu.core} of {board.name}", where=board.name)
    if application.console and board.console is None:
        raise InputError(
            f"{board.name} names no UART for the {application.name} firmware",
            where=board.name,
            hint="add `console:` to a copy of its board file, as boards/nrf5340dk.yml has it",
        )
    toolchain = find_toolchain()
    library = cmsis_nn.module_library(manifest)
    build_dir = build_dir.resolve()
    build_dir.mkdir(parents=True, exist_ok=True)
    flag = optimization or manifest.compiler_optimization
    objects = _compile_module(toolchain, folder.resolve(), manifest, board, mode, build_dir, flag, library)
    objects += _compile_harness(toolchain, folder.resolve(), manifest, board, mode, build_dir, application)
    if library is not None:
        objects.append(str(cmsis_nn.build_archive(library, cpu_flags(board.cpu), toolchain)))
    elf_path = _link(toolchain, objects, board, machine, build_dir)
    elf = Elf(elf_path)
    variables = elf.address("linker_module_data_end") - elf.address("linker_module_data_start")
    zeroed = elf.address("linker_module_bss_end") - elf.address("linker_module_bss_start")
    return Firmware(
        elf=elf_path,
        image=elf,
        board=board,
        machine=machine,
        manifest=manifest,
        mode=mode,
        flash_bytes=sum(elf.sections.get(name, 0) for name in _MODULE_SECTIONS) + variables,
        ram_bytes=variables + zeroed,
        library_bytes=elf.sections.get(".library_text", 0),
        stack_usage=_read_stack_usage(build_dir / "module"),
    )


def _compile_module(
    toolchain: Toolchain,
    folder: Path,
    manifest: Manifest,
    board: Board,
    mode: Mode,
    build_dir: Path,
    optimization: str,
    library: CmsisNn | None,
) -> list[str]:
    # Just those that mcugen wrote: others in the folder are not the module's. The harness calls no
    # conversion.
    unused = f"src/{manifest.name}_ports.c"
    listed = [folder / n for n in sorted(manifest.files) if _is_source(n) and n != unused]
    sources = [source for source in listed if source.is_file()]
    if not sources:
        raise InputError(f"{folder} has no sources", hint="emit the model again")
    flags = [
        *cpu_flags(board.cpu),
        *_LANGUAGE,
        optimization,
        *(f"-D{name}" for name in MODE_DEFINITIONS[mode]),
        "-fstack-usage",
        *_debug_flags(folder, build_dir),
        f"-I{folder / 'include'}",
        f"-I{folder / 'kernels'}",
        *(f"-isystem{include}" for include in (cmsis_nn.include_dirs(library) if library else ())),
    ]
    headers = [*toolchain.header_folders(), *(cmsis_nn.include_dirs(library) if library else ())]
    objects = []
    for source in sources:
        # The linker script knows the module by this relative path.
        target = f"module/{source.stem}.o"
        # By its relative path: the assembler takes its option from between commas.
        dependencies = [build_dir / f"module/{source.stem}.{kind}" for kind in ("headers", "included")]
        listing = ["-pipe", "-MD", f"-MF{dependencies[0]}", f"-Wa,--MD,{dependencies[1].relative_to(build_dir)}"]
        toolchain.compile(source, build_dir / target, [*flags, *listing], cwd=build_dir)
        check_dependencies(source, dependencies, [folder, *headers])
        objects.append(target)
    return objects


def _is_source(name: str) -> bool:
    """Of the module itself: packages in its folder have sources, too."""
    path = PurePosixPath(name)
    return str(path.parent) == "src" and path.suffix == ".c"


def _debug_flags(folder: Path, build_dir: Path) -> tuple[str, ...]:
    """Source lines for messages, by names that are the same on every machine. They change no instruction."""
    names = ((folder, "."), (_HARNESS, "harness"), (build_dir, "build"))
    return ("-g", *(f"-ffile-prefix-map={path}={name}" for path, name in names))


def _buffer(group: str, index: int, port: PortEntry, misalignment: int) -> dict[str, Any]:
    """A port's buffer: only bytes may lie at any address."""
    size = DTYPES[port.dtype].itemsize
    offset = misalignment if size == 1 else 0
    place = f"{group}_{index} + {offset}"
    cast = f"{'const ' if group == 'input' else ''}{C_TYPES[port.dtype]} *"
    argument = place if port.dtype == "int8" else f"({cast})(void *)({place})"
    return {"size_bytes": port.size_bytes, "alignment": max(size, 4), "offset": offset, "argument": argument}


def render_glue(manifest: Manifest, mode: Mode, application: Application = SAMPLES) -> str:
    """The C source that gives the harness, of either kind of firmware, the module's buffers and its call."""
    misalignment = _MISALIGNMENT[mode]
    groups = [
        (group, [_buffer(group, i, p, misalignment) for i, p in enumerate(ports)])
        for group, ports in (("input", manifest.inputs), ("output", manifest.outputs))
    ]
    arguments = [port["argument"] for _, ports in groups for port in ports]
    return render_template(
        _PACKAGE,
        "glue.c.j2",
        name=manifest.name,
        NAME=manifest.name.upper(),
        groups=groups,
        arguments=arguments,
        misalignment=misalignment,
        console=application.console,
        vectors=application.vectors,
        state=bool(manifest.states),
    )


def _compile_harness(
    toolchain: Toolchain,
    folder: Path,
    manifest: Manifest,
    board: Board,
    mode: Mode,
    build_dir: Path,
    application: Application,
) -> list[str]:
    glue = build_dir / "glue.c"
    glue.write_text(render_glue(manifest, mode, application))
    includes = [_HARNESS, folder / "include", folder / "vectors", build_dir]
    for name, text in application.headers.items():
        (build_dir / name).write_text(text)
    names = [*_HARNESS_SOURCES[mode], *application.sources]
    if manifest.npu is not None and manifest.npu.parts:
        names.append("npu.c")
    if application.console and board.console is not None:
        (build_dir / "board.h").write_text(render_template(_PACKAGE, "board.h.j2", board=board, console=board.console))
        names.append(f"uart/{board.console.driver}.c")
    flags = [*cpu_flags(board.cpu), *_HARNESS_FLAGS, *_debug_flags(folder, build_dir), *(f"-I{i}" for i in includes)]
    objects = []
    for source in [*(_HARNESS / name for name in names), glue]:
        target = f"harness/{source.stem}.o"
        toolchain.compile(source, build_dir / target, flags, cwd=build_dir)
        objects.append(target)
    return objects


def _link(toolchain: Toolchain, objects: list[str], board: Board, machine: Machine, build_dir: Path) -> Path:
    script = build_dir / "linker.ld"
    # A machine may be smaller than a board; then its own size is the limit.
    code_size, data_size = min(board.flash.size, machine.code.size), min(board.ram.size, machine.data.size)
    script.write_text(
        render_template(
            _PACKAGE,
            "linker.ld.j2",
            board=board,
            machine=machine,
            own_vectors=machine.vectors != machine.code.start,
            code_size=code_size,
            data_size=data_size,
            minimum_stack=_MINIMUM_STACK,
            guard_size=_GUARD_SIZE,
        )
    )
    elf = build_dir / "firmware.elf"
    arguments = [*cpu_flags(board.cpu), "-nostartfiles", "-Wl,--gc-sections", f"-T{script}", "-Wl,-Map=firmware.map"]
    try:
        toolchain.link([*arguments, *objects, "-o", str(elf)], cwd=build_dir)
    except MemoryOverflowError as error:
        where = (
            f"{board.name}: {code_size} bytes of flash ({board.code_memory}), {data_size} of RAM ({board.data_memory})"
        )
        raise MemoryOverflowError(error.excess, where=where) from error
    return elf


def _read_stack_usage(folder: Path) -> dict[str, int]:
    """GCC's .su files: "file:line:column:function <tab> bytes <tab> static"."""
    usage: dict[str, int] = {}
    for path in sorted(folder.glob("*.su")):
        for line in path.read_text().splitlines():
            place, size, _ = line.split("\t")
            usage[place.rsplit(":", 1)[1]] = int(size)
    return usage
