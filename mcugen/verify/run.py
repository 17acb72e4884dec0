"""`mcugen run`: the user's samples through a module's firmware."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.borders.files import resolved
from mcugen.borders.npz import save_npz
from mcugen.emit.manifest import Manifest, QuantizationEntry
from mcugen.emit.opened import open_module
from mcugen.emit.paths import FILE_NAME
from mcugen.errors import InputError
from mcugen.graph.quantization import dequantize
from mcugen.graph.tensor import IntArray, Quantization
from mcugen.scratch import scratch_folder
from mcugen.verify.labels import check_k, classify, load_labels
from mcugen.verify.measure import Progress, build_and_run, measurement, require_states
from mcugen.verify.result import RunOutcome
from mcugen.verify.samples import for_device, read_samples, to_model_layout
from mcugen.verify.scaling import doubts


def run_samples(
    folder: Path,
    inputs: Path,
    outputs: Path,
    *,
    runner: str = "auto",
    allow_edited: bool = False,
    progress: Progress | None = None,
    reset_every: int | None = None,
    labels: Path | None = None,
    floats: bool = False,
    top: int = 1,
) -> RunOutcome:
    """Runs every sample of IN.npz in one emulator run and writes OUT.npz.

    Args:
        labels: Y.npy, see `load_labels`; the outcome says how many classes are right.
        top: how many of the highest scores are looked at besides the first.
        floats: OUT.npz also gets, for each output of real numbers, what its integers stand for: "NAME.float", and
            "NAME.scale" and "NAME.zero_point"; of float32 outputs the first alone, which are the values themselves.

    Samples of a module with state are consecutive steps from a reset, and from another one after each `reset_every`.

    Raises:
        InputError: the folder (an edited one too, unless `allow_edited`), the samples or the destination is wrong.
        MissingToolError: no compiler or emulator.
    """
    opened = open_module(folder, allow_edited=allow_edited)
    manifest = opened.manifest
    require_states(manifest, reset_every, folder)
    if not resolved(outputs).parent.is_dir():
        raise InputError(f"the folder of {outputs} does not exist")
    _require_free(outputs, folder, manifest)
    given = read_samples(inputs, manifest)
    doubtful = doubts(given, manifest)
    samples = for_device(given, inputs, manifest)
    truth = None if labels is None else load_labels(labels, manifest, len(samples[0]))
    if top > 1:
        if truth is None:
            raise InputError(f"--top {top} is about the classes of --labels, which are not given")
        check_k(top, manifest)
    report = progress or (lambda stage, done, total: None)
    with scratch_folder("mcugen-run-") as scratch:
        firmware, result = build_and_run(
            folder,
            manifest,
            samples,
            mode="measure",
            kind="bare",
            runner=runner,
            scratch=scratch,
            progress=lambda done, total: report("running firmware", done, total),
            reset_every=reset_every,
        )
        # Reads the linked firmware, which ends with the folder.
        measured = measurement(manifest, firmware, result, [(None, None)] * len(manifest.layers))
    arrays = to_model_layout(result.outputs, manifest)
    save_npz(outputs, _with_floats(arrays, manifest) if floats else arrays)
    classification = None if truth is None else classify(truth, arrays, manifest, top)
    return RunOutcome(manifest, len(samples[0]), arrays, measured, opened.edited, classification, tuple(doubtful))


def _with_floats(arrays: Mapping[str, IntArray], manifest: Manifest) -> dict[str, npt.NDArray[Any]]:
    """Raises InputError when an output has the name of another's real numbers."""
    found: dict[str, npt.NDArray[Any]] = dict(arrays)
    for port in manifest.outputs:
        if port.dtype == "float32":
            more: dict[str, npt.NDArray[Any] | np.generic] = {"float": arrays[port.name]}
        elif port.quantization is None:
            continue
        else:
            more = _real_numbers(arrays[port.name], port.quantization)
        for suffix, values in more.items():
            name = f"{port.name}.{suffix}"
            if name in found:
                raise InputError(f"--float writes {name!r}, which is an output's own name")
            found[name] = np.asarray(values)
    return found


def _real_numbers(integers: IntArray, by: QuantizationEntry) -> dict[str, npt.NDArray[Any] | np.generic]:
    return {
        "float": dequantize(integers, Quantization.per_tensor(by.scale, by.zero_point)),
        "scale": np.float32(by.scale),
        "zero_point": np.int32(by.zero_point),
    }


def _require_free(outputs: Path, folder: Path, manifest: Manifest) -> None:
    own = {resolved(folder / name) for name in (FILE_NAME, *manifest.files)}
    if resolved(outputs) in own:
        raise InputError(
            f"{outputs} is a file of the module", where=str(folder), hint="name another file for --outputs"
        )
