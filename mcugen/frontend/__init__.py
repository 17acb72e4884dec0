"""Model files to the integer IR.

`load_model` is the entry for files, `import_program` for quantized programs in memory.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcugen.borders import Source
from mcugen.borders.files import opened
from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.graph.graph import Graph

if TYPE_CHECKING:
    from torch.export import ExportedProgram
    from torch.fx import GraphModule

    from mcugen.frontend.leftovers import Missing
    from mcugen.frontend.quantize import Progress
    from mcugen.frontend.ranges.observe import Samples
    from mcugen.frontend.signature import PortNames

log = logging.getLogger(__name__)

CALIBRATION_KEY = "calibration"
"""Key of `Graph.metadata`: "none" (already quantized), "file" or "random"."""


def load_model(path: Path, calibration: Path | str | None = None, progress: Progress | None = None) -> Graph:
    """Loads a model file, quantizes it if it is float, lowers it and applies the exact passes.

    Args:
        path: a torch.export archive, float or already quantized.
        calibration: for a float model: an .npz with samples for each input, or "random" to try things out.
        progress: called with (samples done, samples in all) while calibrating.

    Returns:
        A graph that is validated, in the device's layout; `metadata["calibration"]` says what it was calibrated with.

    Raises:
        InputError: the file, the calibration data or the model cannot be used; what, where and what to do.
        UnsupportedOperatorError: an operator has no integer form.
    """
    path = Path(path)
    if path.suffix.lower() == ".tflite" or _starts_like_tflite(path):
        raise InputError(
            "LiteRT models are not supported yet", where=str(path), hint="give mcugen the torch.export archive (.pt2)"
        )
    from mcugen.frontend.archive import load_archive

    return compile_program(load_archive(path), path.stem, calibration, progress)


def compile_program(
    program: ExportedProgram,
    name: str,
    calibration: Path | str | None = None,
    progress: Progress | None = None,
) -> Graph:
    """As `load_model`, for a program in memory."""
    from mcugen.frontend.importer import import_module, is_quantized
    from mcugen.frontend.leftovers import missing
    from mcugen.frontend.rehearsal import require_supported
    from mcugen.frontend.signature import port_names, positional_module

    names = port_names(program)
    module = positional_module(program)
    require_supported(module)
    if not is_quantized(module):
        samples, source = _calibration(module, name, names.inputs, calibration)
        return _quantize(module, name, names, samples, source, progress)
    left = missing(module)
    if left:
        return _complete(module, name, names, left, calibration, progress)
    if calibration is not None:
        log.warning("the model is already quantized: --calibration is ignored")
    return _finish(_with_source(import_module(module, name, names), "none"))


def _complete(
    module: GraphModule,
    name: str,
    ports: PortNames,
    left: Missing,
    calibration: Path | str | None,
    progress: Progress | None,
) -> Graph:
    """A quantized program with what is left in float quantized too, lowered, and compared with what it was."""
    from mcugen.frontend import fidelity
    from mcugen.frontend.importer import import_module, named_inputs
    from mcugen.frontend.leftovers import refusal

    if calibration is None:
        raise refusal(left, named_inputs(module, ports.inputs))
    from mcugen.frontend.completion import complete

    samples, source = _calibration(module, name, ports.inputs, calibration)
    completed = complete(module, left, samples, progress)
    graph = _finish(_with_source(import_module(completed.module, name, ports), source))
    return replace(graph, fidelity=fidelity.measure(graph, samples, completed.compared, completed.expected))


def _with_source(graph: Graph, source: str) -> Graph:
    return replace(graph, metadata={**graph.metadata, CALIBRATION_KEY: source})


def import_program(program: ExportedProgram, name: str) -> Graph:
    """Lowers a quantized program (see `mcugen.frontend.importer`) and applies the exact passes."""
    from mcugen.frontend.importer import import_program as lower

    return _finish(lower(program, name))


def _finish(graph: Graph) -> Graph:
    """The passes applied, and the operators' own rules checked."""
    from mcugen.passes import optimize

    graph = optimize(graph)
    try:
        graph.validate()
    except ValueError as error:
        text = str(error)
        at_fault = next((op for op in graph.operators if text.startswith((f"{op.name} ", f"{op.name}:"))), None)
        raise UnsupportedOperatorError(
            text,
            where=str(at_fault.origin) if at_fault else graph.name,
            hint="the layer's sizes or scales leave the range of the integer arithmetic: check the weights, and that "
            "the calibration data are like real inputs",
        ) from error
    return graph


def _starts_like_tflite(path: Path) -> bool:
    """A LiteRT file has the identifier TFL3 at byte 4."""
    with opened(Source(path, "the model file", "check the path")) as (file, _):
        return file.read(8)[4:] == b"TFL3"


def _calibration(
    module: GraphModule, name: str, input_names: Sequence[str], calibration: Path | str | None
) -> tuple[Samples, str]:
    """The samples for a float model, and where they come from."""
    from mcugen.frontend import calibration as data
    from mcugen.frontend.importer import inputs_of

    inputs = inputs_of(module, input_names)
    if calibration is None:
        raise InputError(
            f"the model {name!r} is a float model and needs calibration data to be quantized",
            hint="give --calibration FILE.npz with samples for "
            f"{', '.join(i.name for i in inputs)} (first axis = samples), or quantize it with PT2E before exporting",
        )
    if str(calibration) == data.RANDOM:
        log.warning("calibrating with random numbers: sizes and speed will be right, accuracy will not")
        return data.random(inputs), data.RANDOM
    return data.load(Path(calibration), inputs), "file"


def _quantize(
    module: GraphModule, name: str, ports: PortNames, samples: Samples, source: str, progress: Progress | None
) -> Graph:
    """A float program quantized, lowered, and compared with what it was."""
    from mcugen.frontend import fidelity
    from mcugen.frontend.calibration import RANDOM
    from mcugen.frontend.importer import import_module
    from mcugen.frontend.quantize import quantize_program

    quantized = quantize_program(module, samples, progress)
    graph = _finish(_with_source(import_module(quantized.module, name, ports), source))
    measured = fidelity.measure(graph, samples, quantized.compared, quantized.expected)
    # Random samples say nothing about the user's data.
    warnings = () if source == RANDOM else (*quantized.warnings, *fidelity.poor(measured))
    for text in warnings:
        log.warning("%s", text)
    return replace(graph, fidelity=measured, warnings=warnings)
