"""The flash of a module as its linker sees it, against the board's and the budget."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.emit.assemble import Module
from mcugen.errors import DoesNotFitError, MissingToolError
from mcugen.firmware.build import build_firmware
from mcugen.scratch import scratch_folder


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
