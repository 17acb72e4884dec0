"""`renode/` in an emitted module: firmware for the emulated board, a script that shows it, and a Robot Framework suite.

Everything that `renode` and `renode-test` need is in that one folder; mcugen need not be installed where they run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from mcugen import __version__
from mcugen.boards.board import Board
from mcugen.boards.machines import board_machine
from mcugen.emit.manifest import Manifest
from mcugen.emit.vectors import Vectors, load_vectors
from mcugen.emulate import blocks
from mcugen.emulate.cycles import cycle_model
from mcugen.emulate.exchange import label_names
from mcugen.emulate.faults import STACK_PATTERN
from mcugen.emulate.renode import BLOCK_COUNTER, find_platform
from mcugen.errors import InputError
from mcugen.firmware import Elf, build_firmware
from mcugen.firmware.applications import SELF_TEST
from mcugen.graph.tensor import IntArray
from mcugen.plan.plan import Plan
from mcugen.resources import data_folder
from mcugen.templates import render_template
from mcugen.verify.result import Measurement

_PACKAGE = "mcugen.testbench"
FOLDER = PurePosixPath("renode")
TOLERANCE = 0.02
"""How far instructions and cycles may grow beyond what was counted at emission, where no limit is given."""

_FORMAT = 3
_PLATFORM = "platform.repl"
# Copied from the data folder `renode`, under their own names.
_COPIED = (
    "scripts/mcugen_probe.py",
    f"scripts/{BLOCK_COUNTER}",
    "keywords/mcugen_keywords.py",
    "keywords/mcugen_image.py",
)


@dataclass(frozen=True)
class Budget:
    """Instructions or cycles of one inference: what was counted, and how many there may be."""

    counted: int
    limit: int

    @classmethod
    def of(cls, counted: int, limit: int | None) -> Budget:
        return cls(counted, int(counted * (1 + TOLERANCE)) if limit is None else limit)


def library_files() -> Mapping[str, bytes]:
    """The Robot Framework keywords and all that they include, by file name."""
    copied = {PurePosixPath(name).name: (data_folder("renode") / name).read_bytes() for name in _COPIED}
    return {**copied, "mcugen_blocks.py": Path(blocks.__file__).read_bytes()}


def require_platform(board: Board) -> str:
    """The text of the board's Renode platform.

    Raises:
        InputError: it has none, or no UART for the firmware to speak on.
    """
    platform = find_platform(board)
    if platform is None or not board.renode_suite:
        lacks = "platform" if platform is None else "console UART"
        raise InputError(
            f"there is no Renode {lacks} for {board.name}", where=board.name, hint="emit without --renode for it"
        )
    return platform


def renode_suite(
    folder: Path, manifest: Manifest, plan: Plan, measured: Measurement, scratch: Path
) -> Mapping[PurePosixPath, bytes]:
    """Files by path inside the module's folder.

    Args:
        folder: the module, as written.
        measured: of that module: its counts are the suite's baseline.
        scratch: the firmware is built below it.

    Raises:
        InputError: the board has no Renode platform or no console.
        DoesNotFitError: the firmware, whose flash holds some vectors too, exceeds the board's memories.
    """
    board = manifest.target
    platform = require_platform(board)
    assert board.console is not None
    firmware = build_firmware(
        folder,
        manifest,
        board,
        build_dir=scratch / "self_test",
        machine=board_machine(board),
        application=SELF_TEST,
    )
    elf = firmware.image
    cycles = None
    if measured.cycles is not None:
        cycles = Budget.of(measured.cycles, manifest.options.get("max_cycles"))
    context: dict[str, Any] = {
        "version": __version__,
        "name": manifest.name,
        "board": board,
        "console": board.console.renode_name,
        "platform": _PLATFORM,
        "vectors": f"{elf.address('vectors'):#x}",
        "instructions": Budget.of(measured.instructions, manifest.options.get("max_instructions")),
        "cycles": cycles,
        "cycles_source": measured.cycles_source,
        "samples": len(next(iter(load_vectors(folder).inputs.values()))),
        "layers": [layer.name for layer in manifest.layers],
        "state": bool(manifest.states),
    }
    description = _describe(manifest, plan, measured, load_vectors(folder)) | _describe_firmware(board, elf)
    files = {
        f"{manifest.name}.elf": firmware.elf.read_bytes(),
        f"{manifest.name}.resc": render_template(_PACKAGE, "module.resc.j2", **context).encode(),
        f"{manifest.name}.robot": render_template(_PACKAGE, "module.robot.j2", **context).encode(),
        "module.json": (json.dumps(description, indent=1) + "\n").encode(),
        _PLATFORM: platform.encode(),
    }
    return {FOLDER / name: content for name, content in {**files, **library_files()}.items()}


def _describe_firmware(board: Board, elf: Elf) -> dict[str, Any]:
    """What tells the emitted firmware from any other, and times it."""
    model = cycle_model(board.cpu.core, elf)
    return {
        "core": board.cpu.core,
        "memories": [{"name": m.name, "start": m.start, "size": m.size} for m in board.memories],
        "elf_sha256": hashlib.sha256(elf.path.read_bytes()).hexdigest(),
        "timings": blocks.pack_timings(model.code()) if model else None,
    }


def _describe(manifest: Manifest, plan: Plan, measured: Measurement, vectors: Vectors) -> dict[str, Any]:
    """What the Robot keywords read."""
    assert manifest.target.console is not None
    samples = len(next(iter(vectors.inputs.values())))
    return {
        "format": _FORMAT,
        "name": manifest.name,
        "board": manifest.target.name,
        "elf": f"{manifest.name}.elf",
        "platform": _PLATFORM,
        "console": manifest.target.console.renode_name,
        "stack_pattern": STACK_PATTERN,
        "labels": label_names(manifest),
        "instructions": measured.instructions,
        "cycles": measured.cycles,
        "cycles_source": measured.cycles_source,
        "state": bool(manifest.states),
        "inputs": _ports(manifest, "input"),
        "outputs": _ports(manifest, "output"),
        "layers": [
            {
                "name": layer.name,
                "op": layer.op,
                "kernel": layer.kernel,
                "instructions": result.instructions,
                "cycles": result.cycles,
                "results": [{"bytes": r.bytes, **_place(plan, r.name, manifest.name)} for r in layer.results],
            }
            for layer, result in zip(manifest.layers, measured.layers, strict=True)
        ],
        "samples": {
            "inputs": [[_encode(vectors.inputs[p.name][i]) for p in manifest.inputs] for i in range(samples)],
            "outputs": [[_encode(vectors.outputs[p.name][i]) for p in manifest.outputs] for i in range(samples)],
            "layers": [[_encode(vectors.layers[r.name]) for r in layer.results] for layer in manifest.layers],
        },
    }


def _ports(manifest: Manifest, group: str) -> list[dict[str, Any]]:
    """The buffers of the generated glue."""
    ports = manifest.inputs if group == "input" else manifest.outputs
    return [{"name": p.name, "symbol": f"{group}_{i}", "bytes": p.size_bytes} for i, p in enumerate(ports)]


def _place(plan: Plan, tensor: str, name: str) -> dict[str, Any]:
    """Where a layer's output is in memory when the layer has run."""
    group, _, index = plan.storage[tensor].partition(":")
    if group in ("input", "output") and index:
        return {"symbol": f"{group}_{index}", "offset": 0}
    if group == "state" and index and plan.state is not None:
        return {"symbol": f"{name}_own_state", "offset": plan.state.offsets[int(index)]}
    return {"symbol": f"{name}_own_arena", "offset": plan.arena.placements[plan.storage[tensor]].offset}


def _encode(values: IntArray) -> str:
    return base64.b64encode(values.tobytes()).decode()
