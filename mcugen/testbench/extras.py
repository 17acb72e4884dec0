"""What a module can be given besides: firmware that runs without mcugen, verified before it is handed out."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.emit.assemble import Module
from mcugen.errors import CheckFailedError, InputError
from mcugen.scratch import scratch_folder
from mcugen.testbench.mlperf_tiny import InputFormat, machine_for_console, mlperf_tiny_firmware
from mcugen.testbench.renode_suite import renode_suite, require_platform
from mcugen.verify.measure import Progress
from mcugen.verify.verify import verify_module


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
        InputError: no emulator has the board with its UART, or parts of the module run on an NPU.
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
    if manifest.npu is not None and manifest.npu.parts:
        raise InputError(
            f"{'--renode' if extras.renode else '--harness'} runs without mcugen, so without its model of the NPU, and "
            f"{len(manifest.npu.parts)} of the layers run on the NPU of {manifest.target.name}",
            where=manifest.target.name,
            hint="emit with --npu off; `mcugen verify` runs modules with parts for the NPU",
        )
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
