"""`mcugen.json`: what a module is, for people, build scripts and mcugen's own run and verify.

The schema is published as `docs/manifest.schema.json`, made from the classes here.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pydantic

from mcugen.boards.board import Board, Console, Cpu, Memory, RegisterSetup
from mcugen.borders import Source
from mcugen.borders.files import is_file
from mcugen.borders.json import read_json
from mcugen.errors import InputError
from mcugen.plan.describe import covered_bytes

FORMAT = 2
FILE_NAME = "mcugen.json"


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class QuantizationEntry(_Strict):
    """real = scale * (integer - zero_point)."""

    scale: float
    zero_point: int


class PortEntry(_Strict):
    """An input or output.

    `shape` is the model file's own layout (batch axis included), `device_shape` what the C function takes;
    device = transpose(model, to_device).
    """

    name: str
    c_name: str
    shape: tuple[int, ...]
    device_shape: tuple[int, ...]
    to_device: tuple[int, ...]
    dtype: str
    size_bytes: int
    quantization: QuantizationEntry


class LayerEntry(_Strict):
    """One kernel call of the schedule, in order; layer i is between the labels <name>_layer_<i> and the next one."""

    name: str
    op: str
    kernel: str
    macs: int
    inputs: tuple[str, ...]
    output: str
    output_shape: tuple[int, ...]
    output_bytes: int
    constant_bytes: int
    scratch_bytes: int
    source: str
    module: str


class BufferEntry(_Strict):
    """Where a buffer lies in the arena, alive from first_step to last_step inclusive; step i is layer i."""

    name: str
    offset: int
    size: int
    first_step: int
    last_step: int


class MemoryEntry(_Strict):
    """Bytes. `lower_bound`: the smallest arena that any layout could have with these kernels; `live_bound`: the
    largest sum of tensors alive at once, which the arena can undercut where a kernel may overwrite its input."""

    arena_bytes: int
    arena_alignment: int
    lower_bound: int
    live_bound: int
    constant_bytes: int
    input_bytes: int
    output_bytes: int
    arena: tuple[BufferEntry, ...]

    def bytes_alive(self, layer: int) -> int:
        """Bytes of the arena that hold something during a layer; memory shared by two buffers counts once."""
        return covered_bytes((b.offset, b.size) for b in self.arena if b.first_step <= layer <= b.last_step)


class ModelEntry(_Strict):
    file: str
    sha256: str
    calibration: str
    calibration_sha256: str


class Manifest(_Strict):
    format: int
    mcugen: str
    name: str
    model: ModelEntry
    board: dict[str, Any]
    options: dict[str, Any]
    inputs: tuple[PortEntry, ...]
    outputs: tuple[PortEntry, ...]
    macs: int
    layers: tuple[LayerEntry, ...]
    memory: MemoryEntry
    files: dict[str, str]

    @property
    def compiler_optimization(self) -> str:
        """The compiler flag that fits `--optimize`."""
        return optimization_flag(self.options.get("optimize"))

    @property
    def target(self) -> Board:
        """The board as it was when the module was made."""
        fields = dict(self.board)
        fields["cpu"] = Cpu(**fields["cpu"])
        fields["memories"] = tuple(Memory(**m) for m in fields["memories"])
        fields["aliases"] = tuple(fields["aliases"])
        if fields.get("console"):
            setup = tuple(RegisterSetup(**s) for s in fields["console"]["setup"])
            fields["console"] = Console(**(fields["console"] | {"setup": setup}))
        return Board(**fields)


def optimization_flag(optimize: object) -> str:
    """GCC's -O flag for a value of `--optimize`."""
    return "-Os" if optimize == "size" else "-O2"


def board_entry(board: Board) -> dict[str, Any]:
    return dataclasses.asdict(board)


def to_json(manifest: Manifest) -> bytes:
    return (json.dumps(manifest.model_dump(mode="json"), indent=2) + "\n").encode()


def load_manifest(folder: Path) -> Manifest:
    """Reads the manifest of an emitted module.

    Raises:
        InputError: no module there, or its manifest is damaged or of another mcugen's format.
    """
    path = folder / FILE_NAME
    if not is_file(path):
        raise InputError(f"{folder} is not an emitted module: it has no {FILE_NAME}", hint="run `mcugen emit` first")
    fields = read_json(Source(path, "the manifest", "emit the model again"))
    try:
        if isinstance(fields, dict) and fields.get("format") != FORMAT:
            raise InputError(
                f"{path} has format {fields.get('format')!r}, this mcugen reads {FORMAT}", hint="emit the model again"
            )
        return Manifest.model_validate(fields)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path} is damaged: {first['msg']}", where=where, hint="emit the model again") from error
