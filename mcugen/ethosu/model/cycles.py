"""An estimate of cycles from the stream itself: blocks, multiply-accumulates, output stage and memory traffic.

The NPU works block by block: multiply-accumulate, output stage and memory overlap, so that the slowest decides. A
core does one step a cycle: a ublock of outputs with eight input channels. Weights come at eight a cycle and output
channel of a ublock. The output stage takes a number of cycles an element that depends on the operation. Memory moves
eight bytes a cycle (U55) or sixteen (U65): memory that is slower than the NPU's port, latency and bursts are left
out.

Figures: `npu_performance.py` and `architecture_features.py` of Arm's Vela 5.2. An estimate, not a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mcugen.ethosu.model.operations import Operation
from mcugen.ethosu.model.registers import Registers

_PORT_BYTES = {"U55": 8, "U65": 16}

# MACs: cycles that the output stage takes for an element of a product or of 40-bit sums, of a sum or difference, of a
# maximum, of everything else.
_OUTPUT_CYCLES: Mapping[int, tuple[float, float, float, float]] = {
    32: (3.0, 6.0, 1.0, 2.0),
    64: (1.5, 3.0, 0.5, 1.0),
    128: (0.75, 1.5, 0.25, 0.5),
    256: (0.375, 0.75, 0.125, 0.25),
    512: (0.1875, 0.375, 0.0625, 0.125),
}


@dataclass(frozen=True)
class Estimate:
    """Cycles of one operation.

    Attributes:
        compute: of the multiply-accumulate units.
        output: of the output stage.
        memory: of the port, at its width.
        reads, writes: bytes by region: an input is read again for each block of output channels.
    """

    compute: int
    output: int
    memory: int
    reads: Mapping[int, int]
    writes: Mapping[int, int]

    @property
    def cycles(self) -> int:
        """The slowest of the three, which overlap."""
        return max(self.compute, self.output, self.memory)


def estimate(operation: Operation) -> Estimate:
    """Cycles and traffic of an operation."""
    registers, work = operation.registers, operation.work
    configuration = registers.configuration
    repeats = _input_repeats(registers, operation) if work.kind in ("convolution", "depthwise", "pooling") else 1.0
    reads: dict[int, int] = {}
    writes: dict[int, int] = {}
    for what, access in operation.accesses:
        traffic = writes if access.writes else reads
        times = repeats if what == "IFM" else 1.0
        traffic[access.region] = traffic.get(access.region, 0) + round(access.bytes * times)
    moved = sum(reads.values()) + sum(writes.values())
    if work.kind == "dma":
        return Estimate(0, 0, math.ceil(max(moved // 2, 1) / _PORT_BYTES[configuration.product]), reads, writes)
    memory = math.ceil(moved / _PORT_BYTES[configuration.product])
    return Estimate(_compute(operation), _output(operation), memory, reads, writes)


def _block(registers: Registers) -> tuple[int, int, int]:
    """Height, width and depth of a block of outputs."""
    height, width, depth = (registers[f"OFM_BLK_{axis}_M1"] + 1 for axis in ("HEIGHT", "WIDTH", "DEPTH"))
    return height, width, depth


def _input_repeats(registers: Registers, operation: Operation) -> float:
    """How often each input element is read: once a block of output channels, more where blocks overlap."""
    work, block = operation.work, _block(registers)
    assert work.ofm is not None and work.ifm is not None
    result = float(math.ceil(work.ofm[2] / block[2])) if work.kind == "convolution" else 1.0
    stride = registers.values["KERNEL_STRIDE"].fields()
    for axis, name in enumerate("yx"):
        step = 1 + stride[f"stride_{name}_lsb"] + 2 * stride[f"stride_{name}_msb"]
        size = min(block[axis], work.ofm[axis])
        seen = min((size - 1) * step + work.kernel[axis], work.ifm[axis])
        result *= max(1.0, seen * math.ceil(work.ofm[axis] / size) / work.ifm[axis])
    return result


def _compute(operation: Operation) -> int:
    work, registers = operation.work, operation.registers
    if work.kind == "elementwise" or work.ofm is None or work.ifm is None:
        return 0
    configuration, block = registers.configuration, _block(registers)
    height, width, depth = (min(b, n) for b, n in zip(block, work.ofm, strict=True))
    ublock = configuration.ofm_ublock
    area = math.ceil(height / ublock[0]) * math.ceil(width / ublock[1])
    deep = math.ceil(depth / (ublock[2] * configuration.cores))
    blocks = math.prod(n / size for n, size in zip(work.ofm, (height, width, depth), strict=True))
    item = operation.feature_maps[0].dtype.itemsize
    elements = work.kernel[0] * work.kernel[1]
    if work.kind == "pooling":
        inputs = math.ceil(work.ifm[2] / 32) if work.detail == "reduce sum" else 1
        return math.ceil(blocks * area * deep * max(4, elements) * inputs * item)
    return math.ceil(blocks * deep * _steps(operation, elements) * max(4 * area * item, 4 * ublock[2]))


def _steps(operation: Operation, elements: int) -> int:
    """Steps of four cycles for one ublock."""
    work = operation.work
    assert work.ifm is not None
    item = operation.feature_maps[0].dtype.itemsize
    if work.kind == "depthwise":
        return math.ceil(elements / 4)
    if work.detail == "part-kernel-first":
        return math.ceil(elements * item / 4) * math.ceil(work.ifm[2] / 8)
    return elements * math.ceil(work.ifm[2] * item / 32)


def _output(operation: Operation) -> int:
    work, configuration = operation.work, operation.registers.configuration
    assert work.ofm is not None
    product, difference, maximum, other = _OUTPUT_CYCLES[configuration.macs]
    is_wide = work.kind != "elementwise" and operation.registers.choice("ACC_FORMAT", "acc_format") == "I40"
    if work.detail == "mul" or is_wide:
        each = product
    elif work.detail in ("add", "sub"):
        each = difference
    else:
        each = maximum if work.detail == "max" and work.kind == "pooling" else other
    return math.ceil(each * math.prod(work.ofm))
