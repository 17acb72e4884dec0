"""Samples, outputs, layers and a report as files, for an emulator whose own script serves the firmware's mailbox.

The files' forms are described in `renode/scripts/mcugen_firmware.py`.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mcugen.emit.manifest import Manifest
from mcugen.emulate.process import StalledError, run_watched
from mcugen.emulate.runner import FirmwareResult, Progress
from mcugen.errors import CheckFailedError
from mcugen.firmware.build import Firmware
from mcugen.firmware.elf import Elf
from mcugen.graph.tensor import DTYPES, IntArray

REPORT, LAYERS = "report.txt", "layers.bin"


@dataclass(frozen=True, eq=False)
class FileExchange:
    """One run of bare-metal firmware whose samples are read from files of a folder and whose outputs are written there.

    Attributes:
        stall_seconds: the run is given up when it does not start, or no sample finishes, for this long.
    """

    folder: Path
    firmware: Firmware
    inputs: Sequence[IntArray]
    stall_seconds: float
    progress: Progress | None

    def run(
        self,
        command: Sequence[str],
        log: Path,
        *,
        on_stall: Callable[[], str],
        look: Callable[[], None] = lambda: None,
        stdin: int = subprocess.DEVNULL,
    ) -> int:
        """Runs the emulator to its end; its exit code.

        Args:
            on_stall: says where the core is.
            look: called now and then until the first sample has finished; may raise.

        Raises:
            CheckFailedError: the firmware hung.
        """
        write_inputs(self.folder, self.inputs)
        samples = len(self.inputs[0])

        def work_done() -> int:
            done = self._samples_done()
            if done == 0:
                look()
            # The start of an emulator has a time of its own: firmware opens its output before the first sample.
            return done + self._output.exists()

        try:
            return run_watched(
                command,
                self.folder,
                log,
                stall_seconds=self.stall_seconds,
                work_done=work_done,
                on_stall=on_stall,
                stdin=stdin,
            )
        except StalledError as error:
            which = f"sample {self._samples_done()} of {samples}"
            raise CheckFailedError(
                f"the firmware hung: {which} took more than {self.stall_seconds:g} s", where=error.diagnosis
            ) from error

    def report(self) -> dict[str, int]:
        """What the firmware said of itself; empty when it did not come to its end."""
        return read_report(self.folder / REPORT)

    def result(self) -> FirmwareResult:
        """After a run that ended well.

        Raises:
            CheckFailedError: the firmware left samples out, or its files do not match its manifest.
        """
        manifest, report, samples = self.firmware.manifest, self.report(), len(self.inputs[0])
        if report.get("samples") != samples:
            raise CheckFailedError(f"the firmware ran {report.get('samples', 0)} of {samples} samples")
        self._samples_done()
        traced = read_layers(self.folder, manifest, samples) if self.firmware.mode == "trace" else None
        return FirmwareResult(read_outputs(self.folder, manifest, samples), traced, report["stack_bytes"], ())

    @property
    def _output(self) -> Path:
        return self.folder / "output_0.bin"

    def _samples_done(self) -> int:
        port = self.firmware.manifest.outputs[0]
        done = self._output.stat().st_size // port.size_bytes if self._output.exists() else 0
        if self.progress is not None:
            self.progress(done, len(self.inputs[0]))
        return done


def check_inputs(inputs: Sequence[IntArray], manifest: Manifest) -> None:
    """Raises ValueError when number, types or shapes of the inputs are not the module's."""
    if len(inputs) != len(manifest.inputs):
        raise ValueError(f"{len(inputs)} inputs given, the module takes {len(manifest.inputs)}")
    for values, port in zip(inputs, manifest.inputs, strict=True):
        if values.dtype != DTYPES[port.dtype] or values.shape[1:] != port.device_shape:
            raise ValueError(
                f"input {port.name} is {values.dtype}{values.shape[1:]}, not {port.dtype}{port.device_shape}"
            )
    counts = {len(values) for values in inputs}
    if len(counts) != 1 or counts == {0}:
        raise ValueError(f"inputs with {sorted(counts)} samples")


def write_inputs(folder: Path, inputs: Sequence[IntArray]) -> None:
    for i, values in enumerate(inputs):
        (folder / f"input_{i}.bin").write_bytes(np.ascontiguousarray(values).tobytes())


def read_outputs(folder: Path, manifest: Manifest, samples: int) -> tuple[IntArray, ...]:
    return tuple(
        np.fromfile(folder / f"output_{i}.bin", DTYPES[port.dtype]).reshape(samples, *port.device_shape)
        for i, port in enumerate(manifest.outputs)
    )


def read_layers(folder: Path, manifest: Manifest, samples: int) -> tuple[IntArray, ...]:
    """layers.bin: for each sample and result of a layer {int32 index, uint32 bytes}, then the bytes."""
    data = (folder / LAYERS).read_bytes() if (folder / LAYERS).exists() else b""
    found = [np.zeros((samples, result.bytes), np.int8) for _, result in manifest.results]
    position = 0
    for sample in range(samples):
        for index, (layer, result) in enumerate(manifest.results):
            header = np.frombuffer(data, "<u4", 2, position) if position + 8 <= len(data) else None
            if header is None or tuple(header) != (index, result.bytes):
                raise CheckFailedError(
                    f"the firmware's trace does not match its manifest at layer {layer.name}",
                    hint="emit the model again",
                )
            found[index][sample] = np.frombuffer(data, np.int8, result.bytes, position + 8)
            position += 8 + result.bytes
    return tuple(found)


def read_report(path: Path) -> dict[str, int]:
    """Lines of "key=0x<hexadecimal number>"; empty when the firmware wrote none."""
    lines = path.read_text(errors="replace").splitlines() if path.exists() else []
    return {key: int(value, 16) for key, _, value in (line.partition("=") for line in lines) if value}


def label_names(manifest: Manifest) -> list[str]:
    """Symbols that an inference passes in order: the module's entry, each layer, end of the last one, return."""
    name = manifest.name
    layers = [f"{name}_layer_{i}" for i in range(len(manifest.layers))]
    return [f"{name}_run", *layers, f"{name}_layer_end", "harness_run_end"]


def module_labels(firmware: Firmware, elf: Elf) -> list[int]:
    """Addresses of `label_names`."""
    symbols = label_names(firmware.manifest)
    missing = [s for s in symbols if s not in elf.symbols]
    if missing:
        raise CheckFailedError(f"the firmware has no label {missing[0]}", hint="emit the model again")
    return [elf.address(s) for s in symbols]
