"""A manifest without a module, for tests of what reads manifests."""

from __future__ import annotations

from mcugen.emit.manifest import FORMAT, Manifest, MemoryEntry, ModelEntry, PortEntry, QuantizationEntry


def port(name: str, shape: tuple[int, ...], to_device: tuple[int, ...], scale: float, zero_point: int) -> PortEntry:
    device = tuple(shape[a] for a in to_device)
    size = 1
    for n in shape:
        size *= n
    return PortEntry(
        name=name,
        c_name=name,
        shape=shape,
        device_shape=device,
        to_device=to_device,
        dtype="int8",
        size_bytes=size,
        quantization=QuantizationEntry(scale=scale, zero_point=zero_point),
    )


def manifest(inputs: tuple[PortEntry, ...], outputs: tuple[PortEntry, ...]) -> Manifest:
    return Manifest(
        format=FORMAT,
        mcugen="0",
        name="m",
        model=ModelEntry(file="m.pt2", sha256="", calibration="", calibration_sha256=""),
        board={},
        options={},
        inputs=inputs,
        outputs=outputs,
        macs=0,
        layers=(),
        memory=MemoryEntry(
            arena_bytes=0,
            arena_alignment=4,
            lower_bound=0,
            live_bound=0,
            constant_bytes=0,
            input_bytes=0,
            output_bytes=0,
            arena=(),
        ),
        files={},
    )
