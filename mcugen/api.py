"""The Python API that the commands call: model -> Graph -> Plan -> Module."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mcugen import __version__
from mcugen.boards import Board, load_board
from mcugen.emit import manifest as manifests
from mcugen.emit.module import Call, ModuleText, port_parameters, render
from mcugen.emit.names import module_name
from mcugen.emit.output import write_folder
from mcugen.emit.vectors import make_vectors, vector_files, vector_header
from mcugen.errors import CheckFailedError, DoesNotFitError, InputError, MissingToolError
from mcugen.firmware import build_firmware
from mcugen.graph.graph import Graph, Port
from mcugen.kernels import registry
from mcugen.kernels.cmsis_nn import CmsisNn, locate
from mcugen.plan.plan import Plan
from mcugen.plan.planner import make_plan
from mcugen.scratch import scratch_folder
from mcugen.testbench.mlperf_tiny import InputFormat, machine_for_console, mlperf_tiny_firmware
from mcugen.testbench.renode_suite import renode_suite, require_platform
from mcugen.verify.verify import verify_module

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Options:
    """What `mcugen emit` takes besides the model. Budgets in bytes, and in instructions of one inference.

    Attributes:
        cmsis_nn: root of a CMSIS-NN source tree; without it, `kernels="cmsis-nn"` looks where `locate` says.
    """

    board: str | Board
    calibration: Path | str | None = None
    name: str | None = None
    kernels: str = "auto"
    optimize: str = "speed"
    max_ram: int | None = None
    max_flash: int | None = None
    cmsis_nn: Path | None = None
    max_instructions: int | None = None


@dataclass(frozen=True)
class Module:
    """An emitted module in memory.

    Attributes:
        files: contents by path inside the module's folder.
    """

    manifest: manifests.Manifest
    plan: Plan
    files: dict[PurePosixPath, bytes]

    def write(self, folder: Path) -> None:
        """Replaces the folder, all or nothing."""
        write_folder(folder, self.files)

    def with_files(self, files: Mapping[PurePosixPath, bytes]) -> Module:
        """The same module with more files, which its manifest lists too."""
        hashes = {str(path): hashlib.sha256(content).hexdigest() for path, content in files.items()}
        manifest = self.manifest.model_copy(update={"files": dict(sorted({**self.manifest.files, **hashes}.items()))})
        return Module(
            manifest,
            self.plan,
            {**self.files, **files, PurePosixPath(manifests.FILE_NAME): manifests.to_json(manifest)},
        )


def compile(model: Path | Graph, options: Options, progress: Progress | None = None) -> Module:
    """Compiles a model file, or a graph made by hand, for a board.

    Raises:
        InputError: the model, the calibration, the board or an option is wrong.
        MissingToolError: CMSIS-NN is asked for and absent.
        DoesNotFitError: the module exceeds the board's memories or a budget.
    """
    board = options.board if isinstance(options.board, Board) else load_board(options.board)
    library = locate(options.cmsis_nn) if options.cmsis_nn or options.kernels == "cmsis-nn" else None
    if isinstance(model, Graph):
        graph, entry = model, manifests.ModelEntry(file=model.name, sha256="", calibration="", calibration_sha256="")
    else:
        graph, entry = _load(model, options, progress)
    name = module_name(options.name or graph.name)
    plan = make_plan(
        graph,
        board,
        kernels=options.kernels,
        optimize=options.optimize,
        max_ram=options.max_ram,
        max_flash=options.max_flash,
        find=functools.partial(registry.candidates, library=library),
    )
    text = render(plan, name, entry.file)
    vectors = make_vectors(plan.graph, [c.step.invocation.outputs[0] for c in text.calls])
    ports = (port_parameters(plan.graph.inputs, "input"), port_parameters(plan.graph.outputs, "output"))
    files = dict(text.files) | vector_files(vectors) | vector_header(name, vectors, *ports)
    manifest = _manifest(plan, text, name, entry, files, _option_entries(options, text, library))
    files[PurePosixPath(manifests.FILE_NAME)] = manifests.to_json(manifest)
    return Module(manifest, plan, files)


@dataclass(frozen=True)
class FlashSize:
    """Flash of a module in bytes, and how it is known: "linked", or "constants only" without a compiler."""

    flash_bytes: int
    how: str


def check_flash(module: Module) -> FlashSize:
    """Links the module for its board and holds code + constants against the board's flash and the budget.

    Without a cross compiler only the constants are known, exactly; then just these are checked.

    Raises:
        DoesNotFitError: over the board's flash (exit code 2) or `--max-flash` (exit code 1).
    """
    board = module.manifest.target
    size = _linked_size(module)
    budget = module.manifest.options.get("max_flash")
    for limit, name, over_budget in ((budget, "--max-flash", True), (board.flash.size, f"{board.name}'s flash", False)):
        if limit is not None and size.flash_bytes > limit:
            raise DoesNotFitError(
                f"code and constants need {size.flash_bytes} bytes of flash, "
                f"{size.flash_bytes - limit} bytes more than {name} ({limit} bytes)",
                where=_largest_constants(module),
                hint="use --optimize size, a smaller model, or a board with more flash",
                over_budget=over_budget,
            )
    return size


@dataclass(frozen=True)
class Extras:
    """Firmware beside a module, each in a folder of its own.

    Attributes:
        renode: `renode/`: a script and a Robot Framework suite for the emulated board.
        mlperf_tiny: `mlperf_tiny/`: the MLPerf Tiny runner's serial protocol.
        input_format: of the bytes that the MLPerf Tiny runner sends.
    """

    renode: bool = False
    mlperf_tiny: bool = False
    input_format: InputFormat = "int8"


def add_extras(module: Module, extras: Extras, progress: Progress | None = None) -> Module:
    """The module with the firmware that was asked for. An inference is verified and counted in an emulator for it.

    Raises:
        InputError: no emulator has the board with its UART.
        MissingToolError: no compiler or emulator.
        DoesNotFitError: such firmware exceeds the board's memories.
        CheckFailedError: the module does not compute what the reference does, or exceeds a budget.
    """
    manifest = module.manifest
    if extras.renode:
        require_platform(manifest.target)
    if extras.mlperf_tiny:
        machine_for_console(manifest.target)
    if not extras.renode and not extras.mlperf_tiny:
        return module
    with scratch_folder("mcugen-extras-") as scratch:
        folder = scratch / "module"
        module.write(folder)
        outcome = verify_module(folder, progress=progress)
        if not outcome.ok:
            raise CheckFailedError(outcome.failure)
        measured = outcome.measurement
        if extras.renode:
            module = module.with_files(renode_suite(folder, manifest, module.plan, measured, scratch))
        if extras.mlperf_tiny:
            module = module.with_files(mlperf_tiny_firmware(folder, manifest, measured, scratch, extras.input_format))
    return module


def _linked_size(module: Module) -> FlashSize:
    constants = module.manifest.memory.constant_bytes
    board = module.manifest.target
    if not board.qemu_machine:
        return FlashSize(constants, f"constants only, no machine to link for {board.cpu.core}")
    try:
        with scratch_folder("mcugen-size-") as scratch:
            folder = scratch / "module"
            module.write(folder)
            firmware = build_firmware(folder, module.manifest, board, mode="measure", build_dir=scratch / "build")
    except MissingToolError:
        return FlashSize(constants, "constants only, no cross compiler found")
    return FlashSize(firmware.flash_bytes, "linked")


def _largest_constants(module: Module) -> str:
    layers = sorted(module.manifest.layers, key=lambda entry: -entry.constant_bytes)[:5]
    return "largest constants: " + ", ".join(f"{entry.name} {entry.constant_bytes} bytes" for entry in layers)


def _load(model: Path, options: Options, progress: Progress | None) -> tuple[Graph, manifests.ModelEntry]:
    # torch takes seconds to import: only the commands that read a model pay for it.
    from mcugen.frontend import load_model

    graph = load_model(model, options.calibration, progress=_stage(progress, "calibrating"))
    calibration, digest = graph.metadata.get("calibration", ""), ""
    if calibration == "file" and options.calibration is not None:
        calibration, digest = Path(options.calibration).name, _sha256(Path(options.calibration))
    return graph, manifests.ModelEntry(
        file=model.name, sha256=_sha256(model), calibration=calibration, calibration_sha256=digest
    )


def _stage(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    """The progress of one stage."""
    return None if progress is None else lambda done, total: progress(name, done, total)


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error


def _option_entries(options: Options, text: ModuleText, library: CmsisNn | None) -> dict[str, Any]:
    entries: dict[str, Any] = {
        "kernels": options.kernels,
        "optimize": options.optimize,
        "max_ram": options.max_ram,
        "max_flash": options.max_flash,
        "max_instructions": options.max_instructions,
    }
    if library is not None and any(c.step.invocation.source.startswith("cmsis_nn/") for c in text.calls):
        entries["cmsis_nn"] = {"path": str(library.path), "version": library.version}
    return entries


def _manifest(
    plan: Plan,
    text: ModuleText,
    name: str,
    entry: manifests.ModelEntry,
    files: dict[PurePosixPath, bytes],
    options: dict[str, Any],
) -> manifests.Manifest:
    graph, arena = plan.graph, plan.arena
    inputs = _ports(graph, graph.inputs, "input")
    outputs = _ports(graph, graph.outputs, "output")
    return manifests.Manifest(
        format=manifests.FORMAT,
        mcugen=__version__,
        name=name,
        model=entry,
        board=manifests.board_entry(plan.board),
        options=options,
        inputs=inputs,
        outputs=outputs,
        macs=sum(s.macs for s in plan.steps),
        layers=tuple(_layer(graph, call) for call in text.calls),
        memory=manifests.MemoryEntry(
            arena_bytes=arena.size,
            arena_alignment=arena.alignment,
            lower_bound=arena.lower_bound,
            live_bound=arena.live_bound,
            constant_bytes=text.constant_bytes,
            input_bytes=sum(p.size_bytes for p in inputs),
            output_bytes=sum(p.size_bytes for p in outputs),
            arena=_buffers(plan),
        ),
        files={str(path): hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())},
    )


def _buffers(plan: Plan) -> tuple[manifests.BufferEntry, ...]:
    """Lifetimes in layers: the plan's steps without the alias steps, which call nothing."""
    called = [index for index, step in enumerate(plan.steps) if not step.invocation.alias]
    layer = {step: number for number, step in enumerate(called)}
    return tuple(
        manifests.BufferEntry(
            name=p.buffer, offset=p.offset, size=p.size, first_step=layer[p.first_step], last_step=layer[p.last_step]
        )
        for p in sorted(plan.arena.placements.values(), key=lambda p: (p.first_step, p.offset, p.buffer))
    )


def _ports(graph: Graph, ports: tuple[Port, ...], group: str) -> tuple[manifests.PortEntry, ...]:
    entries = []
    for port, c_name in zip(ports, port_parameters(ports, group), strict=True):
        tensor = graph.tensors[port.tensor]
        entries.append(
            manifests.PortEntry(
                name=port.name,
                c_name=c_name,
                shape=port.shape,
                device_shape=tensor.shape,
                to_device=port.to_device,
                dtype=tensor.dtype,
                size_bytes=tensor.size_bytes,
                quantization=manifests.QuantizationEntry(scale=tensor.scale, zero_point=tensor.zero_point),
            )
        )
    return tuple(entries)


def _layer(graph: Graph, call: Call) -> manifests.LayerEntry:
    op, invocation = call.step.operator, call.step.invocation
    output = graph.tensors[invocation.outputs[0]]
    return manifests.LayerEntry(
        name=op.name,
        op=op.kind,
        kernel=invocation.kernel,
        macs=call.step.macs,
        inputs=invocation.inputs,
        output=output.name,
        output_shape=output.shape,
        output_bytes=output.size_bytes,
        constant_bytes=sum(int(a.data.nbytes) for a in call.arrays),
        scratch_bytes=invocation.scratch_bytes,
        source=op.origin.source,
        module=op.origin.module,
    )
