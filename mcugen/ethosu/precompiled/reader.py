"""Reads the custom operator `ethos-u` of a `.tflite`: a row for the LiteRT reader.

Its operands are the command stream, constants (region 0), scratch (region 1), fast scratch (region 2, or the scratch
again), then feature maps. Where each tensor lies in the arena is in the metadata `OfflineMemoryAllocation`: version,
subgraphs, count, then an offset for each tensor, -1 for those that lie nowhere. Addresses in the stream count from the
scratch's place in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from mcugen.errors import InputError
from mcugen.ethosu.job import Job, Place
from mcugen.ethosu.kernel import MOST_PORTS
from mcugen.ethosu.machine import machine_of, require_function, used_bytes
from mcugen.ethosu.operator import CommandStream
from mcugen.frontend.litert.flatbuffer import DamagedError
from mcugen.frontend.litert.model import FileTensor
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.tensor import Tensor

_STREAM, _CONSTANTS, _SCRATCH, _FAST, _FIRST_MAP = range(5)
_ALLOCATION = "OfflineMemoryAllocation"
_HEAD = 3
_TYPES = ("BOOL", "INT8", "UINT8", "INT16", "INT32", "INT64")
_ALIGNMENT = 16
_HINT = "compile the original model again with Vela, to a .tflite"


def _ethos_u(step: Step) -> None:
    if step.count() <= _FIRST_MAP or not step.op.outputs:
        step.fail("has no command stream with inputs and outputs", _HINT)
    offsets = _offsets(step)
    maps = [step.given(place) for place in range(_FIRST_MAP, step.count())]
    results = [step.result(place) for place in range(len(step.op.outputs))]
    if max(len(maps), len(results)) > MOST_PORTS:
        step.fail(
            f"has {len(maps)} inputs and {len(results)} outputs, the most are {MOST_PORTS} of each",
            "give mcugen the file from before Vela: for a board with an NPU it runs Vela itself",
        )
    scratch, fast = step.given(_SCRATCH), step.given(_FAST)
    start, size = offsets[scratch.index], _memory(step, scratch)
    given = Job(
        payload=bytes(step.given(_STREAM).data),
        weights=bytes(step.given(_CONSTANTS).data),
        weights_region=0,
        scratch_bytes=size,
        scratch_region=1,
        fast_bytes=0 if fast.index == scratch.index else _memory(step, fast),
        fast_region=2,
        inputs=tuple(_place(step, tensor, offsets[tensor.index] - start, size) for tensor in maps),
        outputs=tuple(_place(step, tensor, offsets[tensor.index] - start, size) for tensor in results),
    )
    try:
        job = _trimmed(given)
        require_function(job)
        accelerator = machine_of(job).programs[0].payload.configuration.accelerator
    except InputError as error:
        where = f"{step.network.file}: {step.op}" + (f", {error.where}" if error.where else "")
        raise InputError(error.what, where=where, hint=error.hint or _HINT) from error
    inputs = [_activation(step, place) for place in range(_FIRST_MAP, step.count())]
    outputs = [step.out(place) for place in range(len(results))]
    step.append_all(CommandStream, inputs, outputs, job=job, accelerator=accelerator)


def _offsets(step: Step) -> list[int]:
    """Where each tensor of the network lies in the arena."""
    content, count = step.network.model.metadata.get(_ALLOCATION), len(step.network.subgraph.tensors)
    if content is None:
        step.fail(f"needs the metadata {_ALLOCATION}, which says where tensors lie; the file has none", _HINT)
    numbers = np.frombuffer(content[: len(content) & ~3], "<i4").tolist()
    if len(step.network.model.subgraphs) != 1 or len(numbers) != _HEAD + count or numbers[_HEAD - 1] != count:
        raise DamagedError(f"the metadata {_ALLOCATION} does not say where each of {count} tensors lies")
    return [int(n) for n in numbers[_HEAD:]]


def _memory(step: Step, tensor: FileTensor) -> int:
    """Bytes of scratch memory."""
    if tensor.type not in ("UINT8", "INT8") or len(tensor.data):
        step.fail(f"has scratch memory that is none: {tensor}", _HINT)
    return tensor.elements


def _place(step: Step, tensor: FileTensor, offset: int, scratch: int) -> Place:
    """Where a feature map lies in the scratch memory."""
    if tensor.type not in _TYPES or not tensor.elements:
        step.fail(f"has the feature map {tensor} of {tensor.elements} elements of {tensor.type}", _HINT)
    size = tensor.elements * np.dtype(tensor.type.lower()).itemsize
    if not 0 <= offset <= scratch - size:
        raise DamagedError(f"{tensor}, {size} bytes at {offset}, does not lie in {scratch} bytes of scratch memory")
    return Place(1, offset, size)


def _trimmed(job: Job) -> Job:
    """The job with no more scratch memory than it uses: the file's is as large as the arena of the whole network.

    Raises:
        InputError: as `machine_of`.
    """
    npu = machine_of(job)
    ports = (place.offset + place.size for place in (*job.inputs, *job.outputs))
    used = max(used_bytes(npu, job.scratch_region), *ports)
    return replace(job, scratch_bytes=min(-(-used // _ALIGNMENT) * _ALIGNMENT, job.scratch_bytes))


def _activation(step: Step, place: int) -> Tensor:
    if step.given(place).is_variable:
        step.fail(
            f"keeps {step.given(place)} from one inference to the next",
            "give mcugen the file from before Vela, of which it keeps the state itself",
        )
    tensor = step.x(place)
    if tensor.data is not None:
        step.fail(f"operand {place}, {step.given(place)}, is a constant", _HINT)
    return tensor


ROWS: Mapping[str, Row] = {"ethos-u": _ethos_u}
"""Custom operators by name."""
