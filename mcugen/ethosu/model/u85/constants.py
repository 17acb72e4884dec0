"""Weights and scales of a U85's operation."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.memory import Bytes, contiguous
from mcugen.ethosu.model.operations.constants import Constants
from mcugen.ethosu.model.operations.operation import Operation
from mcugen.ethosu.model.weights.fast import decode_fast
from mcugen.ethosu.model.weights.order_u85 import LayoutU85, arrange
from mcugen.ethosu.model.weights.scales import ENTRY, Scales, read_narrow_scales, read_wide_scales
from mcugen.ethosu.model.weights.stream import WeightStreamError, decode


def read_weights(operation: Operation, layout: LayoutU85) -> Constants[npt.NDArray[np.int16]]:
    """Weights (outputs, kernel height, kernel width, inputs)."""
    registers = operation.registers
    region = registers["WEIGHT_REGION"]
    parts = []
    for number in range(1 if layout.is_fast else layout.streams):
        name = f"WEIGHT{number or ''}"
        length = registers[f"{name}_LENGTH"]
        parts.append(_part(operation, "weights", region, registers[f"{name}_BASE"] if length else 0, length))

    def make(content: list[bytes]) -> npt.NDArray[np.int16]:
        try:
            return _decoded(tuple(content), layout)
        except WeightStreamError as error:
            raise registers.wrong(str(error)) from error
        except ValueError as error:
            raise registers.wrong(f"the weight stream {error}") from error

    return Constants(parts, make)


def _part(operation: Operation, what: str, region: int, start: int, length: int) -> Bytes:
    if not length:
        return np.zeros(0, np.uint8)
    operation.access(what, contiguous(region, start, length))
    return operation.memory.regions[region][start : start + length]


@functools.lru_cache(512)
def _decoded(content: tuple[bytes, ...], layout: LayoutU85) -> npt.NDArray[np.int16]:
    return arrange([(decode_fast if layout.is_fast else decode)(data) for data in content], layout)


def read_scale_stream(operation: Operation, outputs: int) -> Constants[Scales]:
    """Biases and scales of all output channels."""
    registers = operation.registers
    length = registers["SCALE_LENGTH"]
    if length < ENTRY * outputs:
        raise registers.wrong(f"has {outputs} output channels and {length} bytes of scales, which are not enough")
    part = _part(operation, "scales", registers["SCALE_REGION"], registers["SCALE_BASE"], length)
    read = read_narrow_scales if registers.choice("ACC_FORMAT", "acc_format") == "I32" else read_wide_scales
    return Constants([part[: ENTRY * outputs]], lambda content: read(content[0]))
