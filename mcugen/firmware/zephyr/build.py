"""Builds an emitted module into a Zephyr application image for its board."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from mcugen.boards.board import Board
from mcugen.boards.machines import Machine, board_machine
from mcugen.emit.manifest import Manifest
from mcugen.errors import CheckFailedError, DoesNotFitError, InputError, McugenError, MissingToolError
from mcugen.firmware.build import MODE_DEFINITIONS, Firmware, Mode, ZephyrImage, render_glue
from mcugen.firmware.elf import Elf
from mcugen.firmware.zephyr.image import allocators, heap_size, library_size
from mcugen.firmware.zephyr.workspace import Progress, Workspace, find_workspace
from mcugen.kernels.cmsis_nn.locate import locate

_APPLICATION = Path(__file__).resolve().parent / "app"
_CMSIS_NN_ARCHIVE = "libmodules__cmsis-nn.a"

# What Zephyr's CMake package and west print.
_NO_BOARD = re.compile(r"No board named|Invalid BOARD|Board qualifiers? .* not found")
_NO_TOOLCHAIN = re.compile(r'provided by "Zephyr-sdk"|CMake Error at \S*/cmake/(toolchain|compiler)/')
_NO_WORKSPACE = re.compile(r'unknown command "build"')

# The inference's stack: room for any model here, but no more than a quarter of a small board's RAM.
_LARGEST_STACK, _SMALLEST_STACK = 8192, 1024


def build_zephyr_firmware(
    folder: Path,
    manifest: Manifest,
    board: Board,
    *,
    mode: Mode = "measure",
    build_dir: Path,
    machine: Machine | None = None,
    progress: Progress | None = None,
) -> Firmware:
    """Builds the verification image with west: the emitted folder as an extra Zephyr module of a small application.

    Args:
        folder: the emitted module.
        mode: as in `build_firmware`.
        build_dir: west's build folder; made when missing. Building the other mode in the same folder afterwards
            compiles only what differs. The image is copied to <mode>.elf, so both stay.
        machine: what will run the image; Zephyr links it for the board itself, which this then must be.
        progress: called with the steps of the build that are done, and all of them.

    Raises:
        MissingToolError: no workspace, west or toolchain.
        InputError: Zephyr does not have the board.
        DoesNotFitError: larger than the board's memories.
        CheckFailedError: the image does not build, or it uses a heap, but for that of an NPU's driver.
    """
    if not board.zephyr_board:
        raise InputError(f"Zephyr has no board {board.name}", where=board.name, hint="use --firmware bare")
    workspace = find_workspace()
    _check_cmsis_nn(manifest, workspace)
    build_dir = build_dir.resolve()
    build_dir.mkdir(parents=True, exist_ok=True)
    elf_path = _build(workspace, folder.resolve(), manifest, board, mode, build_dir, progress)
    elf = Elf(elf_path)
    found = allocators(elf, npu=_has_npu(manifest))
    if found:
        raise CheckFailedError(
            f"the image can take memory from a heap: it has {', '.join(found)}",
            hint="a module never does; look for what else ZEPHYR_EXTRA_MODULES or EXTRA_CONF_FILE add to the build",
        )
    archives = {f"libmcugen_{manifest.name}.a", _CMSIS_NN_ARCHIVE}
    size = library_size(elf_path, build_dir / "zephyr" / "zephyr.map", archives)
    return Firmware(
        elf=elf_path,
        image=elf,
        board=board,
        machine=machine or board_machine(board),
        manifest=manifest,
        mode=mode,
        flash_bytes=size.flash_bytes,
        ram_bytes=size.ram_bytes,
        library_bytes=0,
        stack_usage={},
        zephyr=ZephyrImage(
            board=board.zephyr_board,
            version=workspace.version,
            flash_bytes=elf.address("_flash_used"),
            ram_bytes=elf.address("_image_ram_end") - elf.address("_image_ram_start"),
            heap_bytes=heap_size(elf),
        ),
    )


def _build(
    workspace: Workspace,
    folder: Path,
    manifest: Manifest,
    board: Board,
    mode: Mode,
    build_dir: Path,
    progress: Progress | None,
) -> Path:
    glue, mode_header = build_dir / "mcugen_glue.c", build_dir / "mcugen_mode.h"
    glue.write_text(render_glue(manifest, mode))
    mode_header.write_text("".join(f"#define {name} 1\n" for name in MODE_DEFINITIONS[mode]))
    settings: dict[str, object] = {
        "ZEPHYR_EXTRA_MODULES": folder,
        "MCUGEN_MODEL": manifest.name,
        "MCUGEN_GLUE": glue,
        "MCUGEN_MODE": mode_header,
        "CONFIG_MCUGEN_VERIFY_STACK_SIZE": max(_SMALLEST_STACK, min(_LARGEST_STACK, board.ram.size // 4)),
    }
    if _has_npu(manifest):
        settings |= _npu_settings(workspace, manifest, board)
    definitions = [f"-D{key}={value}" for key, value in settings.items()]
    arguments = ["-b", board.zephyr_board, str(_APPLICATION), "--", *definitions]
    # West configures again whenever it is given definitions; a second build with the same ones only compiles.
    record = build_dir / "mcugen_arguments.txt"
    configured = record.exists() and record.read_text() == repr(arguments)
    # Whatever the user's west configuration says of these.
    fixed = ["build", "-p", "never", "--no-sysbuild", "-d", str(build_dir)]
    if progress is not None:
        progress(0, 1)  # CMake goes first, and tells no steps
    code, output = workspace.run_west([*fixed, *([] if configured else arguments)], progress=progress)
    if code:
        raise _explain(output, workspace, board)
    record.write_text(repr(arguments))
    copy = build_dir / f"{mode}.elf"
    shutil.copyfile(build_dir / "zephyr" / "zephyr.elf", copy)
    return copy


def _has_npu(manifest: Manifest) -> bool:
    return manifest.npu is not None and bool(manifest.npu.parts)


def _npu_settings(workspace: Workspace, manifest: Manifest, board: Board) -> dict[str, object]:
    """Which NPU it is, for the driver, and that arena and constants lie where it reaches them.

    The driver's option had ARM_ in its name up to Zephyr 4.1. Memories are the devicetree's regions of the names in the
    board's file.
    """
    assert manifest.npu is not None and board.npu is not None
    source = workspace.base / "modules" / "hal_ethos_u" / "Kconfig"
    wanted = manifest.npu.accelerator.upper().replace("-", "_")
    found = re.search(rf"^\s*config (\w*{wanted})$", source.read_text() if source.is_file() else "", re.MULTILINE)
    if found is None:
        raise InputError(
            f"Zephyr {workspace.version} has no driver for {manifest.npu.accelerator}",
            where=str(source),
            hint="take a Zephyr that has it, or use --firmware bare",
        )
    model = f"CONFIG_MCUGEN_MODEL_{manifest.name.upper()}"
    return {
        f"CONFIG_{found[1]}": "y",
        "CONFIG_CODE_DATA_RELOCATION": "y",
        f"{model}_ARENA_REGION": f'"{board.npu.scratch.upper()}"',
        f"{model}_WEIGHTS_IN_REGION": "y",
        f"{model}_WEIGHTS_REGION": f'"{board.npu.weights.upper()}"',
    }


def _check_cmsis_nn(manifest: Manifest, workspace: Workspace) -> None:
    """The image is built with the workspace's CMSIS-NN, whatever the module was emitted for."""
    wanted = manifest.options.get("cmsis_nn")
    if not wanted:
        return
    code, output = workspace.run_west(["list", "-f", "{abspath}", "cmsis-nn"])
    lines = output.strip().splitlines()
    if code or not lines or not Path(lines[-1]).is_dir():
        raise MissingToolError(
            f"module {manifest.name} calls CMSIS-NN, which the Zephyr workspace does not have",
            where=str(workspace.base),
            hint="west update cmsis-nn",
        )
    found = locate(Path(lines[-1]))
    if found.version != wanted["version"]:
        raise InputError(
            f"module {manifest.name} was emitted for CMSIS-NN {wanted['version']}, the Zephyr workspace has "
            f"{found.version}",
            where=lines[-1],
            hint=f"emit the model again with --cmsis-nn {lines[-1]}",
        )


def _explain(output: str, workspace: Workspace, board: Board) -> McugenError:
    """An error for a build that failed, from what west printed."""
    overflow = re.findall(r"region [`']?(\w+)'? overflowed by (\d+) bytes", output)
    if overflow:
        words = " and ".join(f"{size} bytes of {name}" for name, size in dict(overflow).items())
        return DoesNotFitError(
            f"the Zephyr image needs {words} more than there are",
            where=f"{board.name} ({board.zephyr_board})",
            hint="use a smaller model or a larger board",
        )
    if _NO_BOARD.search(output):
        return InputError(
            f"Zephyr {workspace.version} has no board {board.zephyr_board}",
            where=str(workspace.base),
            hint="take a Zephyr that has it, with another ZEPHYR_BASE or west update",
        )
    if _NO_TOOLCHAIN.search(output):
        return MissingToolError(
            f"Zephyr finds no toolchain:\n{_first_errors(output)}",
            hint="install the Zephyr SDK (west sdk install), or set ZEPHYR_TOOLCHAIN_VARIANT=gnuarmemb and "
            "GNUARMEMB_TOOLCHAIN_PATH=/usr for the arm-none-eabi-gcc of the system",
        )
    if _NO_WORKSPACE.search(output):
        return MissingToolError(
            f"{workspace.base} is not in a west workspace", hint="west init -l zephyr, beside the zephyr folder"
        )
    return CheckFailedError(f"the Zephyr image does not build:\n{_first_errors(output)}", where=board.zephyr_board)


def _first_errors(output: str, limit: int = 12) -> str:
    """The compiler's or CMake's words; the last lines when there are none of either."""
    cmake = re.search(r"CMake Error.*?(?=\nCall Stack|\n\n\n|\Z)", output, re.DOTALL)
    if cmake:
        return "\n".join([line for line in cmake[0].splitlines() if line.strip()][:limit])
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.search(r"error[: ]|undefined reference", line, re.IGNORECASE)]
    return "\n".join(list(dict.fromkeys(errors))[:limit] or lines[-limit:])
