"""`mcugen debug`: layers of the emulated firmware beside the integer reference and the float program."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen import api
from mcugen.accuracy.debugged import DebuggedTensor, DebugOutcome
from mcugen.accuracy.figures import Comparison
from mcugen.accuracy.subject import Subject
from mcugen.api import Progress
from mcugen.assess.opened import Given
from mcugen.borders.npz import save_npz
from mcugen.emit.manifest import LayerEntry, Manifest, ResultEntry
from mcugen.emulate.runner import RunResult
from mcugen.errors import InputError
from mcugen.firmware import FirmwareKind
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.quantization import dequantize
from mcugen.graph.tensor import DTYPES, IntArray
from mcugen.scratch import scratch_folder
from mcugen.verify.compare import first_difference
from mcugen.verify.measure import build_and_run
from mcugen.verify.samples import load_samples
from mcugen.verify.scaling import doubts_of_input


def debug(
    given: Given,
    inputs: Path,
    layers: Sequence[str],
    *,
    sample: int = 0,
    firmware: FirmwareKind = "bare",
    runner: str = "auto",
    reset_every: int | None = None,
    progress: Progress | None = None,
) -> DebugOutcome:
    """Runs one sample through all three and keeps the layers that are asked for.

    Args:
        given: a module's folder (`open_folder`).
        layers: names of layers or of tensors, or paths of modules of the program; none: all layers.
        sample: which one of the file; with state, the steps before it are run, too.

    Raises:
        InputError: a name or a file is wrong, or the model quantized again is not what the folder has.
        MissingToolError: no compiler, emulator or Zephyr workspace.
        CheckFailedError: the firmware crashed.
    """
    manifest, folder = given.manifest, given.folder
    assert manifest is not None and folder is not None
    wanted = find_results(manifest, layers)
    integers = load_samples(inputs, manifest)
    count = len(integers[0])
    if sample >= count:
        raise InputError(f"--sample {sample}: {inputs} has {count} samples, counted from 0", where=str(inputs))
    first = _first_step(manifest, sample, reset_every)
    steps = [array[first : sample + 1] for array in integers]

    graph, entry, beside = api.load_beside_float(given.model, given.options, progress)
    bordered = api.at_the_borders(graph, given.options)
    given.require_same(bordered)
    device = bordered
    if any(result.name not in bordered.tensors for _, result in manifest.results):
        # The planner put copies in, or parts went to an NPU: the graph of the module itself has them.
        device = api.compile((graph, entry), given.options).plan.graph
    values = _reference(device, manifest, steps)
    floats: dict[str, npt.NDArray[Any]] = {}
    doubts: list[str] = []
    if beside is not None:
        subject = Subject(bordered, beside, beside.samples(inputs))
        floats = _floats(subject, sample, [result.name for _, result in wanted])
        doubts = [
            text
            for port in bordered.inputs
            for text in doubts_of_input(port.name, subject.samples[port.name], port.seen)
        ]
    report = progress or (lambda stage, done, total: None)
    with scratch_folder("mcugen-debug-") as scratch:
        _, run = build_and_run(
            folder,
            manifest,
            steps,
            mode="trace",
            kind=firmware,
            runner=runner,
            scratch=scratch,
            progress=lambda done, total: report("running firmware", done, total),
            building=lambda done, total: report("building Zephyr", done, total),
        )
    found = _tensors(manifest, wanted, device, run, values, floats)
    board = manifest.target.name
    return DebugOutcome(manifest.name, board, sample, f"{run.runner}: {run.machine}", found, doubts, given.edited)


def find_results(manifest: Manifest, names: Sequence[str]) -> list[tuple[LayerEntry, ResultEntry]]:
    """The results that are asked for, in the order of the schedule.

    Raises:
        InputError: nothing in the module has such a name; the nearest are named.
    """
    if not names:
        return list(manifest.results)
    known: dict[str, None] = {}
    for layer, result in manifest.results:
        known |= dict.fromkeys(name for name in (layer.name, result.name, layer.module) if name)
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
            guess = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(list(known)[:12])}"
            raise InputError(f"the module has no layer {name!r}", where=manifest.name, hint=guess)
    asked = set(names)
    return [(layer, result) for layer, result in manifest.results if asked & {layer.name, result.name, layer.module}]


def save_outcome(outcome: DebugOutcome, path: Path) -> None:
    """Writes for each tensor KEY.firmware and KEY.reference (integers), KEY.float (the float program's), KEY.real (what
    the firmware's integers stand for), KEY.scale and KEY.zero_point, in the device's layout.

    Raises:
        InputError: the file cannot be written.
    """
    arrays: dict[str, npt.NDArray[Any]] = {}
    for tensor in outcome.tensors:
        arrays[f"{tensor.key}.firmware"] = tensor.firmware
        arrays[f"{tensor.key}.reference"] = tensor.reference
        if tensor.wanted is not None:
            arrays[f"{tensor.key}.float"] = tensor.wanted
        if tensor.quantization is not None:
            arrays[f"{tensor.key}.real"] = dequantize(tensor.firmware, tensor.quantization)
            arrays[f"{tensor.key}.scale"] = np.asarray(np.float32(tensor.quantization.scale))
            arrays[f"{tensor.key}.zero_point"] = np.asarray(np.int32(tensor.quantization.zero_point))
    save_npz(path, arrays)


def _first_step(manifest: Manifest, sample: int, reset_every: int | None) -> int:
    """Of the sequence that leads to the sample."""
    if not manifest.states:
        return sample
    return 0 if reset_every is None else sample - sample % reset_every


def _reference(graph: Graph, manifest: Manifest, steps: Sequence[IntArray]) -> dict[str, IntArray]:
    """All tensors of the last step."""
    tensors = {port.name: port.tensor for port in graph.inputs}
    state, values = reference.reset(graph), {}
    for step in range(len(steps[0])):
        given = {tensors[port.name]: array[step] for port, array in zip(manifest.inputs, steps, strict=True)}
        values = reference.run(graph, given, state)
        state = reference.kept(graph, values)
    return values


def _floats(subject: Subject, sample: int, tensors: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """What the float program has, by tensor, in the device's layout; tensors that stand for none of its values are
    left out."""
    known = {name: subject.correspondences[name] for name in tensors if name in subject.correspondences}
    seen, _ = subject.counterpart.run(subject.samples, sample, frozenset(c.value for c in known.values()))
    return {
        name: found.to_device(seen[found.value], subject.graph.tensor(name))
        for name, found in known.items()
        if found.value in seen
    }


def _tensors(
    manifest: Manifest,
    wanted: Sequence[tuple[LayerEntry, ResultEntry]],
    graph: Graph,
    run: RunResult,
    values: Mapping[str, IntArray],
    floats: Mapping[str, npt.NDArray[Any]],
) -> list[DebuggedTensor]:
    assert run.layer_outputs is not None
    handed_out = {
        result.name: array[-1] for (_, result), array in zip(manifest.results, run.layer_outputs, strict=True)
    }
    found = []
    for layer, result in wanted:
        tensor = graph.tensor(result.name)
        right = values[result.name]
        got = np.ascontiguousarray(handed_out[result.name]).view(DTYPES[tensor.dtype]).reshape(right.shape)
        real, figures = floats.get(result.name), None
        if real is not None and tensor.quantization is not None:
            comparison = Comparison(tensor.quantization)
            comparison.add(0, real, got)
            figures = comparison.figures()
        key = layer.name if not layer.more_outputs else result.name
        difference = first_difference(right, got)
        found.append(
            DebuggedTensor(layer, result.name, key, got, right, real, tensor.quantization, difference, figures)
        )
    return found
