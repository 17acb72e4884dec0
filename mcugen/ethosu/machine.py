"""A job on the functional model of the NPU: checked as a whole before anything of it is used.

The model reads every register, checks that every access lies within its region, that nothing is written to constants
and that no wait is missing, and decodes the weights. What is checked besides is here.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcugen.errors import InputError
from mcugen.ethosu.job import Job, Place
from mcugen.ethosu.model import Npu
from mcugen.ethosu.model.configuration import named
from mcugen.ethosu.model.containers.payload import read_payload
from mcugen.ethosu.model.memory import Limits
from mcugen.ethosu.model.network import Block, Invocation, Network, Port, Region

MOST_MACS = 1 << 32
"""Multiply-accumulates of a job: an NPU of 128 MACs takes more than a second for them at 32 MHz."""
MOST_BYTES = 1 << 28
"""Bytes that a job reads and writes."""
_LIMITS = Limits(elements=1 << 23, runs=1 << 22)
"""Of a stream: a microcontroller's memory has no larger feature maps, and not as many pieces of them."""
_KEPT = 32
_FILLS = (0x00, 0x5A)
_HINT = "compile the original model again with Vela"

Bytes = npt.NDArray[np.uint8]


@functools.lru_cache(_KEPT)
def machine_of(job: Job) -> Npu:
    """The job, prepared; its ports are bytes.

    Raises:
        InputError: the payload is damaged, or for an NPU that there is not; a command is wrong, or not known to the
            model; an access leaves its region; the job does more than any microcontroller waits for.
    """
    payload = read_payload(job.payload)
    if payload.separate_ports:
        raise InputError(
            "the command stream has regions of their own for inputs and outputs",
            hint="compile the original model without --separate-io-regions",
        )
    found = payload.configuration
    if found.shram != named(found.accelerator).shram:
        raise InputError(f"the command stream is for an {found} with {found.shram} bytes of SHRAM", hint=_HINT)
    blocks = [Block("constants", len(job.weights), job.weights), Block("scratch", job.scratch_bytes)]
    regions = {job.weights_region: "constants", job.scratch_region: "scratch"}
    if job.fast_bytes:
        blocks.append(Block("fast", job.fast_bytes))
        regions[job.fast_region] = "fast"
    sizes = {block.name: block.size for block in blocks}
    places = {number: Region(name, 0, sizes[name]) for number, name in regions.items()}
    ports = (_ports("input", job.inputs), _ports("output", job.outputs))
    npu = Npu(Network(tuple(blocks), (Invocation(payload, places),), *ports), limits=_LIMITS)
    macs, moved = macs_of(npu), sum(a.bytes for p in npu.programs for o in p.operations for _, a in o.accesses)
    if macs > MOST_MACS or moved > MOST_BYTES:
        raise InputError(
            f"the command stream asks for {macs:,} multiply-accumulates on {moved:,} bytes, "
            f"the most are {MOST_MACS:,} on {MOST_BYTES:,}",
            hint="take a smaller model; this one fits no microcontroller",
        )
    return npu


def macs_of(npu: Npu) -> int:
    """Multiply-accumulates of all its operations."""
    return sum(operation.work.macs for program in npu.programs for operation in program.operations)


def used_bytes(npu: Npu, region: int) -> int:
    """How far into a region the job reaches."""
    accesses = (a for p in npu.programs for o in p.operations for _, a in o.accesses)
    return max((a.bounds[1] for a in accesses if a.region == region and a.length and a.starts.size), default=0)


def run_job(job: Job, inputs: Sequence[Bytes], *, before: int = 0) -> list[Bytes]:
    """Bytes of the outputs for bytes of the inputs; `before`: what memory holds at first.

    Raises:
        UnknownBehaviourError: a sum overflows.
    """
    npu = machine_of(job)
    given = {port.name: values for port, values in zip(npu.inputs, inputs, strict=True)}
    return list(npu.run(given, before=before).values())


def require_function(job: Job) -> None:
    """Raises InputError when outputs depend on more than inputs and constants: on what memory happens to hold.

    An NPU's job finds there what others have left; a variable that it keeps there itself is gone as well.
    """
    generator = np.random.default_rng(0)
    inputs = [generator.integers(0, 256, place.size, np.uint8) for place in job.inputs]
    results = [run_job(job, inputs, before=fill) for fill in _FILLS]
    if any(not np.array_equal(one, other) for one, other in zip(*results, strict=True)):
        raise InputError(
            "the outputs of the command stream depend on memory that neither its inputs nor itself have written",
            hint="compile the original model again with Vela; layers that keep a state between inferences stay with "
            "mcugen: give it the original model",
        )


def _ports(kind: str, places: Sequence[Place]) -> tuple[Port, ...]:
    return tuple(
        Port(f"{kind}_{k}", (place.size,), 1, np.dtype(np.uint8), "scratch", place.offset)
        for k, place in enumerate(places)
    )
