"""`mcugen.json`: what a module is, for people, build scripts and mcugen's own run and verify.

The schema is published as `docs/manifest.schema.json`, made from the classes here.
"""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pydantic

from mcugen.boards.board import Board
from mcugen.borders import Source
from mcugen.borders.json import read_json
from mcugen.emit.fields import (
    Axis,
    Bytes,
    ChannelValues,
    CName,
    Decibels,
    MaybeSha256,
    Number,
    Real,
    Scale,
    Sha256,
    Shape,
    Share,
    TensorBytes,
    Text,
    Version,
    ZeroPoint,
)
from mcugen.emit.npu import NpuEntry
from mcugen.emit.origin import board_of, check_board, check_options
from mcugen.emit.paths import FILE_NAME, FilePath, require_module
from mcugen.errors import InputError
from mcugen.graph.tensor import DTYPES, PORT_DTYPES
from mcugen.plan.describe import covered_bytes

FORMAT = 2


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class QuantizationEntry(_Strict):
    """real = scale * (integer - zero_point)."""

    scale: Scale
    zero_point: ZeroPoint


class NormalizationEntry(_Strict):
    """Of an input whose channels have scales of their own: normalised = (real - offset) / factor, with an offset and a
    factor for each index along `axis` of the port's `shape`; `quantization` is then the normalised values'."""

    axis: Axis
    factors: tuple[Scale, ...]
    offsets: tuple[Real, ...]


class StatisticsEntry(_Strict):
    """What the calibration samples of an input look like, in the units in which they are given: extremes, mean and
    standard deviation over all values, and mean and deviation of each channel where there are few."""

    low: Real
    high: Real
    mean: Real
    deviation: Real
    channel_means: ChannelValues = ()
    channel_deviations: ChannelValues = ()


class PortEntry(_Strict):
    """An input or output.

    `shape` is the model file's own layout (batch axis included), `device_shape` what the C function takes;
    device = transpose(model, to_device). `quantization` is null for float32, plain integers and booleans; a bool is a
    byte, 0 or 1. `limits`: the lowest and highest integer that the model accepts, for inputs of plain integers.
    `calibration`: what the samples were like that an input's quantization was made for.
    """

    name: Text
    c_name: CName
    shape: Shape
    device_shape: Shape
    to_device: Shape
    dtype: str
    size_bytes: TensorBytes
    quantization: QuantizationEntry | None
    limits: tuple[int, int] | None = None
    normalization: NormalizationEntry | None = None
    calibration: StatisticsEntry | None = None

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> PortEntry:
        if self.dtype not in PORT_DTYPES:
            raise ValueError(f"dtype is {self.dtype!r}, not one of {', '.join(PORT_DTYPES)}")
        if sorted(self.to_device) != list(range(len(self.shape))):
            raise ValueError("to_device is no order of the axes of shape")
        count = math.prod(self.shape)
        if math.prod(self.device_shape) != count or count * np.dtype(DTYPES[self.dtype]).itemsize != self.size_bytes:
            raise ValueError("shape, device_shape and size_bytes contradict each other")
        by = self.normalization
        channels = self.shape[by.axis : by.axis + 1] if by is not None else ()
        if by is not None and not (len(by.factors),) == (len(by.offsets),) == channels:
            raise ValueError("normalization has not one factor and one offset for each index along its axis")
        return self


class StateEntry(_Strict):
    """What an inference keeps for the next one, in the device's layout, at `offset` in struct <name>_state."""

    name: Text
    device_shape: Shape
    dtype: str
    size_bytes: TensorBytes
    offset: Bytes
    quantization: QuantizationEntry | None

    @pydantic.model_validator(mode="after")
    def _consistent(self) -> StateEntry:
        if self.dtype not in PORT_DTYPES:
            raise ValueError(f"dtype is {self.dtype!r}, not one of {', '.join(PORT_DTYPES)}")
        if math.prod(self.device_shape) * np.dtype(DTYPES[self.dtype]).itemsize != self.size_bytes:
            raise ValueError("device_shape and size_bytes contradict each other")
        return self


class ResultEntry(_Strict):
    """A tensor that a layer writes."""

    name: Text
    shape: Shape
    bytes: TensorBytes


class LayerEntry(_Strict):
    """One kernel call of the schedule, in order; layer i is between the labels <name>_layer_<i> and the next one.

    `more_outputs`: of a layer that writes several tensors, those behind `output`.
    """

    name: Text
    op: Text
    kernel: Text
    macs: Number
    inputs: tuple[Text, ...]
    output: Text
    output_shape: Shape
    output_bytes: TensorBytes
    more_outputs: tuple[ResultEntry, ...] = ()
    constant_bytes: Bytes
    scratch_bytes: Bytes
    source: Text
    module: Text

    @property
    def results(self) -> tuple[ResultEntry, ...]:
        """All tensors that the layer writes."""
        first = ResultEntry(name=self.output, shape=self.output_shape, bytes=self.output_bytes)
        return (first, *self.more_outputs)


class BufferEntry(_Strict):
    """Where a buffer lies in the arena, alive from first_step to last_step inclusive; step i is layer i."""

    name: Text
    offset: Bytes
    size: Bytes
    first_step: Number
    last_step: Number


class MemoryEntry(_Strict):
    """Bytes. `lower_bound`: the smallest arena that any layout could have with these kernels; `live_bound`: the
    largest sum of tensors alive at once, which the arena can undercut where a kernel may overwrite its input.
    `state_bytes`: beside the arena, kept from one inference to the next. `fast_bytes`: beside the arena, the NPU's."""

    arena_bytes: Bytes
    arena_alignment: Bytes
    lower_bound: Bytes
    live_bound: Bytes
    constant_bytes: Bytes
    input_bytes: Bytes
    output_bytes: Bytes
    state_bytes: Bytes = 0
    fast_bytes: Bytes = 0
    arena: tuple[BufferEntry, ...]

    def bytes_alive(self, layer: int) -> int:
        """Bytes of the arena that hold something during a layer; memory shared by two buffers counts once."""
        return covered_bytes((b.offset, b.size) for b in self.arena if b.first_step <= layer <= b.last_step)


class ModelEntry(_Strict):
    """`observer`: by which the ranges of a float model were found, of those that were tried; empty for others."""

    file: Text
    sha256: MaybeSha256
    calibration: Text
    calibration_sha256: MaybeSha256
    observer: Text = ""


class AccuracyEntry(_Strict):
    """The quantized program (the integer reference) against the float model, on calibration samples.

    `program`: what it is compared with, where that is not a float model.
    `sqnr_db`: signal to quantization noise in decibels, by name of an output of real numbers, within +-120.
    `differing`: share of the values that differ, by name of an output of plain integers or booleans.
    """

    samples: Number
    sqnr_db: dict[Text, Decibels]
    program: Text = "float model"
    differing: dict[Text, Share] = {}


class Manifest(_Strict):
    format: int
    mcugen: Version
    name: CName
    model: ModelEntry
    board: dict[str, Any]
    options: dict[str, Any]
    inputs: tuple[PortEntry, ...]
    outputs: tuple[PortEntry, ...]
    states: tuple[StateEntry, ...] = ()
    macs: Number
    accuracy: AccuracyEntry | None = None
    warnings: tuple[Text, ...] = ()
    layers: tuple[LayerEntry, ...]
    npu: NpuEntry | None = None
    memory: MemoryEntry
    files: dict[FilePath, Sha256]

    @pydantic.field_validator("options")
    @classmethod
    def _known_options(cls, options: dict[str, Any]) -> dict[str, Any]:
        check_options(options)
        return options

    @property
    def results(self) -> tuple[tuple[LayerEntry, ResultEntry], ...]:
        """The results of all layers: what a module with layer hooks hands out, in this order."""
        return tuple((layer, result) for layer in self.layers for result in layer.results)

    @property
    def compiler_optimization(self) -> str:
        """The compiler flag that fits `--optimize`."""
        return optimization_flag(self.options.get("optimize"))

    @property
    def target(self) -> Board:
        """The board as it was when the module was made."""
        return board_of(self.board)


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
        InputError: no module there, or its manifest is damaged, of another mcugen's format, or says what none can.
    """
    require_module(folder)
    path = folder / FILE_NAME
    fields = read_json(Source(path, "the manifest", "emit the model again"))
    try:
        if isinstance(fields, dict) and fields.get("format") != FORMAT:
            raise InputError(
                f"{path} has format {fields.get('format')!r}, this mcugen reads {FORMAT}", hint="emit the model again"
            )
        # As JSON once more: lists stand for tuples there, and nothing else for anything.
        manifest = Manifest.model_validate_json(json.dumps(fields), strict=True)
        check_board(manifest.board)
        return manifest
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path} is damaged: {first['msg']}", where=where, hint="emit the model again") from error
    except ValueError as error:
        raise InputError(f"{path} is damaged: {error}", where="board", hint="emit the model again") from error
