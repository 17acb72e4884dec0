"""A module's folder as a subject: the model file that it was made from, and its firmware's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mcugen.borders.files import file_digest, is_file
from mcugen.emit.manifest import Manifest
from mcugen.emit.vectors import check_vectors, load_vectors
from mcugen.errors import InputError
from mcugen.graph import reference
from mcugen.graph.graph import Graph
from mcugen.graph.tensor import IntArray
from mcugen.scratch import scratch_folder
from mcugen.verify.measure import Progress, build_and_run
from mcugen.verify.samples import to_model_layout


def find_model(manifest: Manifest, folder: Path, given: Path | None) -> Path:
    """The model file: the one given, or one of the manifest's name in this folder or beside the module.

    Raises:
        InputError: there is none, or it is another than the module was made from.
    """
    what, name = "the model file", manifest.model.file
    return _find(name, manifest.model.sha256, folder, given, what, f"--model MODEL{Path(name).suffix}")


def find_calibration(manifest: Manifest, folder: Path, given: Path | str | None) -> Path | str | None:
    """The calibration data of the module, as `find_model`; what is no file is as the manifest has it."""
    entry = manifest.model
    if not entry.calibration_sha256:
        return entry.calibration if entry.calibration == "random" else None
    path = None if given is None else Path(given)
    what = "the calibration file"
    return _find(entry.calibration, entry.calibration_sha256, folder, path, what, "--calibration FILE.npz")


def find_rules(precision: str, folder: Path) -> str:
    """The precision file of the module, in this folder or beside the module; the name of a precision is itself.

    Raises:
        InputError: there is none.
    """
    if not precision.endswith((".yml", ".yaml")):
        return precision
    places = [Path(precision), folder.absolute().parent / precision, folder / precision]
    found = next((place for place in places if is_file(place)), None)
    if found is None:
        raise InputError(
            f"the precision file {precision!r} of the module is not there",
            where=", ".join(map(str, dict.fromkeys(places))),
            hint="copy it to this folder, or emit the model again",
        )
    return str(found)


def _find(name: str, digest: str, folder: Path, given: Path | None, what: str, option: str) -> Path:
    places = [given] if given is not None else [Path(name), folder.absolute().parent / name, folder / name]
    there = [place for place in places if is_file(place)]
    if not there:
        raise InputError(
            f"{what} {name!r} of the module is not there",
            where=", ".join(map(str, dict.fromkeys(places))),
            hint=f"say where it is with {option}",
        )
    found = next((place for place in there if file_digest(place) == digest), None)
    if found is None:
        raise InputError(
            f"{there[0]} is not the file that the module was made from",
            where=str(there[0]),
            hint=f"emit the model again, or name the right one with {option}",
        )
    return found


def require_same(graph: Graph, manifest: Manifest, folder: Path) -> None:
    """Raises InputError where the graph is not that of the module, by the module's own vectors."""
    vectors = load_vectors(folder)
    check_vectors(vectors, manifest)
    state = reference.reset(graph)
    ports = [(p.name, p.tensor) for p in graph.inputs]
    same = {p.name for p in graph.inputs} == set(vectors.inputs)
    same = same and {p.name for p in graph.outputs} == set(vectors.outputs)
    for index in range(len(next(iter(vectors.outputs.values()))) if same else 0):
        values = reference.run(graph, {tensor: vectors.inputs[name][index] for name, tensor in ports}, state)
        state = reference.kept(graph, values)
        for port in graph.outputs:
            constant = graph.tensor(port.tensor).data
            got = values[port.tensor] if constant is None else constant
            same = same and np.array_equal(got, vectors.outputs[port.name][index])
    if not same:
        raise InputError(
            f"the model, quantized again, is not what {folder} computes",
            where=str(folder),
            hint="another version of mcugen or of PyTorch emitted it, or another kind of machine: emit it again",
        )


def run_firmware(
    folder: Path,
    manifest: Manifest,
    inputs: Sequence[IntArray],
    *,
    runner: str,
    reset_every: int | None,
    progress: Progress | None = None,
) -> tuple[dict[str, IntArray], str]:
    """The firmware's outputs in the model's layout, and the emulator that ran it.

    Args:
        inputs: one integer array for each input, (samples, *device shape).
    """
    report = progress or (lambda stage, done, total: None)
    with scratch_folder("mcugen-accuracy-") as scratch:
        _, result = build_and_run(
            folder,
            manifest,
            inputs,
            mode="measure",
            kind="bare",
            runner=runner,
            scratch=scratch,
            progress=lambda done, total: report("running firmware", done, total),
            reset_every=reset_every,
        )
    return to_model_layout(result.outputs, manifest), result.runner
