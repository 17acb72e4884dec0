"""`mcugen npu run`: samples from a file through a compiled network on the functional model."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.borders.files import Source, resolved
from mcugen.borders.npz import open_npz, save_npz
from mcugen.errors import InputError
from mcugen.ethosu.model import Npu, read_network
from mcugen.ethosu.model.network import Port

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class NpuRun:
    """What a run did.

    Attributes:
        seconds: of the samples alone, and of reading and preparing the network.
        outputs: type and shape of each array written.
    """

    npu: str
    samples: int
    operations: int
    seconds: float
    preparation: float
    outputs: dict[str, tuple[str, tuple[int, ...]]]

    def as_json(self) -> dict[str, Any]:
        return {
            "npu": self.npu,
            "samples": self.samples,
            "operations": self.operations,
            "seconds": round(self.seconds, 6),
            "preparation_seconds": round(self.preparation, 6),
            "outputs": {name: {"dtype": dtype, "shape": shape} for name, (dtype, shape) in self.outputs.items()},
        }


def run_file(file: Path, inputs: Path, outputs: Path, progress: Progress | None = None) -> NpuRun:
    """Runs every sample of IN.npz and writes OUT.npz.

    Args:
        inputs: an array for each input, its first axis the samples; axes of 1 in the input's own shape may be left out.
        outputs: gets an array for each output, the first axis the samples, a leading 1 of its own shape left out.

    Raises:
        InputError: a file, an input or the stream is wrong. Nothing is written then.
    """
    if not resolved(outputs).parent.is_dir():
        raise InputError(f"the folder of {outputs} does not exist", hint="make it, or name another place for --outputs")
    if resolved(outputs) in (resolved(file), resolved(inputs)):
        raise InputError(f"{outputs} is a file that is read", hint="name another file for --outputs")
    start = time.perf_counter()
    npu = Npu(read_network(file))
    preparation = time.perf_counter() - start
    samples = _read_samples(inputs, npu.inputs)
    count = len(next(iter(samples.values())))
    collected: dict[str, list[npt.NDArray[Any]]] = {port.name: [] for port in npu.outputs}
    start = time.perf_counter()
    for index in range(count):
        for name, values in npu.run({name: array[index] for name, array in samples.items()}).items():
            collected[name].append(values)
        if progress is not None:
            progress("running the model", index + 1, count)
    seconds = time.perf_counter() - start
    arrays = {port.name: _stacked(collected[port.name], port) for port in npu.outputs}
    save_npz(outputs, arrays)
    return NpuRun(
        npu=str(npu.programs[0].payload.configuration),
        samples=count,
        operations=sum(len(program.operations) for program in npu.programs),
        seconds=seconds,
        preparation=preparation,
        outputs={name: (str(values.dtype), values.shape) for name, values in arrays.items()},
    )


def _stacked(samples: list[npt.NDArray[Any]], port: Port) -> npt.NDArray[Any]:
    shape = port.shape[1:] if port.shape[:1] == (1,) else port.shape
    return np.stack(samples).reshape(len(samples), *shape)


def _read_samples(path: Path, ports: tuple[Port, ...]) -> dict[str, npt.NDArray[Any]]:
    """Arrays (samples, *shape) in the types of the inputs."""
    with open_npz(Source(path, "the file of samples", "write it with numpy.savez(path, input_name=array)")) as file:
        wanted = [port.name for port in ports]
        names = file.names_for(wanted)
        if names is None:
            raise InputError(f"{path} holds {sorted(file.arrays)}, the network's inputs are {wanted}", where=str(path))
        counts = {name: array.shape[0] if array.shape else 0 for name, array in file.arrays.items()}
        if len(set(counts.values())) != 1 or 0 in counts.values():
            raise InputError(f"the inputs need the same, nonzero number of samples, got {counts}", where=str(path))
        return {port.name: _converted(file.read(names[port.name]), port, path) for port in ports}


def _converted(values: npt.NDArray[Any], port: Port, path: Path) -> npt.NDArray[Any]:
    where = f"{path}, array {port.name!r}"
    if _long_axes(values.shape[1:]) != _long_axes(port.shape):
        raise InputError(f"samples have shape {values.shape[1:]}, the network takes {port.shape}", where=where)
    assert port.dtype is not None
    bounds = np.iinfo(port.dtype)
    if values.dtype.kind not in "iu":
        raise InputError(f"samples are {values.dtype}", where=where, hint=f"quantize them: give {port.dtype}")
    if values.min() < bounds.min or values.max() > bounds.max:
        raise InputError(f"samples hold {values.min()} to {values.max()}, the network takes {port.dtype}", where=where)
    return values.astype(port.dtype).reshape(len(values), *port.shape)


def _long_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(n for n in shape if n != 1)
