"""One job of the NPU: a command stream, and the memory that it works on; plain data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """Where an input or output lies: `size` bytes at `offset` in a region."""

    region: int
    offset: int
    size: int


@dataclass(frozen=True)
class Job:
    """What the driver needs for one job.

    Attributes:
        payload: for the driver: the NPU's configuration and the command stream.
        weights: encoded weights, scales and tables; region `weights_region`, read only.
        scratch_bytes, scratch_region: memory for feature maps, inputs and outputs among them.
        fast_bytes, fast_region: faster memory beside it; 0 bytes where the memory mode has none.
        inputs, outputs: in the order of the operator's tensors.
    """

    payload: bytes
    weights: bytes
    weights_region: int
    scratch_bytes: int
    scratch_region: int
    fast_bytes: int
    fast_region: int
    inputs: tuple[Place, ...]
    outputs: tuple[Place, ...]
