"""Model files to the integer IR.

`load_model` is the entry for files, `import_program` for quantized programs in memory.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mcugen.borders import Source
from mcugen.borders.files import opened
from mcugen.errors import InputError, UnsupportedOperatorError

if TYPE_CHECKING:
    from torch import Tensor
    from torch.export import ExportedProgram
    from torch.fx import GraphModule

    from mcugen.frontend.counterpart import Counterpart
    from mcugen.frontend.leftovers import Missing
    from mcugen.frontend.litert.step import Row
    from mcugen.frontend.quantize import Progress
    from mcugen.frontend.quantizer_options import QuantizerOptions
    from mcugen.frontend.ranges.normalize import Normalizations
    from mcugen.frontend.ranges.observe import Samples
    from mcugen.frontend.sequences import Sequences
    from mcugen.frontend.signature import PortNames
    from mcugen.frontend.states import Tie
    from mcugen.frontend.unrounded import Unrounded
    from mcugen.graph.graph import Fidelity, Graph
    from mcugen.passes.states import Held

log = logging.getLogger(__name__)

CALIBRATION_KEY = "calibration"
"""Key of `Graph.metadata`: "none" (already quantized), "file" or "random"."""
OBSERVER_KEY = "observer"
"""Key of `Graph.metadata`: by which observer the ranges of a float model were found."""


def load_model(
    path: Path,
    calibration: Path | str | None = None,
    progress: Progress | None = None,
    sequences: Sequences | None = None,
    options: QuantizerOptions | None = None,
    custom: Mapping[str, Row] | None = None,
) -> Graph:
    """Loads a model file, quantizes it if it is float, lowers it and applies the exact passes.

    Args:
        path: a torch.export archive, float or already quantized; or a LiteRT file, which is read without torch.
        calibration: for a float model: an .npz with samples for each input, or "random" to try things out.
        progress: called with (samples done, samples in all) while calibrating.
        sequences: of a model with state: what is tied, and when calibration starts again.
        options: how a float model is quantized.
        custom: what custom operators of a LiteRT file become, by their name.

    Returns:
        A graph that is validated, in the device's layout; `metadata["calibration"]` says what it was calibrated with.

    Raises:
        InputError: the file, the calibration data or the model cannot be used; what, where and what to do.
        UnsupportedOperatorError: an operator has no integer form.
    """
    return load_with_counterpart(path, calibration, progress, sequences, options, custom)[0]


def load_with_counterpart(
    path: Path,
    calibration: Path | str | None = None,
    progress: Progress | None = None,
    sequences: Sequences | None = None,
    options: QuantizerOptions | None = None,
    custom: Mapping[str, Row] | None = None,
) -> tuple[Graph, Counterpart | None]:
    """As `load_model`, and the float program beside the graph; None for a LiteRT file."""
    path = Path(path)
    if is_litert(path):
        from mcugen.frontend.litert.importer import import_litert
        from mcugen.frontend.quantizer_options import AUTOMATIC

        if calibration is not None:
            log.warning("a LiteRT file is already quantized: --calibration is ignored")
        if options not in (None, AUTOMATIC):
            log.warning("a LiteRT file is already quantized: its own ranges and types are kept")
        if sequences is not None and sequences.ties:
            raise InputError(
                "--state is for PyTorch programs", where=str(path), hint="a LiteRT file says itself what it keeps"
            )
        return _finish(_with_source(import_litert(path, custom), "none")), None
    from mcugen.frontend.archive import load_archive

    return _compile(load_archive(path), path.stem, calibration, progress, sequences, options)


@dataclass(frozen=True)
class _Program:
    """A program without state, and which of its inputs and results are states."""

    module: GraphModule
    name: str
    ports: PortNames
    ties: tuple[Tie, ...]
    reset_every: int | None

    def graph(self, module: GraphModule, source: str, *, own: bool = False) -> Graph:
        """The integer graph of the program in a quantized form; `own`: all of it is mcugen's quantization."""
        return self.lowered(module, source, own=own)[0]

    def lowered(self, module: GraphModule, source: str, *, own: bool) -> tuple[Graph, Graph, dict[str, str]]:
        """As `graph`, then the graph before the passes and which of the program's values its tensors hold."""
        from mcugen.frontend.importer import import_with_values
        from mcugen.passes.states import Held

        held = {tie.name: Held(tie.output, tie.initial, own) for tie in self.ties}
        before, values = import_with_values(module, self.name, self.ports)
        return _finish(_with_source(before, source), held), before, values

    def counterpart(
        self,
        original: GraphModule,
        prepared: GraphModule,
        lowered: Graph,
        values: Mapping[str, str],
        normalizations: Normalizations,
    ) -> Counterpart:
        from mcugen.frontend.counterpart import Counterpart

        # Where types meet, the quantized program has values that the float one has not: rescaled ones.
        known = {node.name for node in prepared.graph.nodes}
        held = {tensor: node for tensor, node in values.items() if node in known}
        return Counterpart(original, prepared, lowered, held, normalizations, self.ports, self.ties, self.reset_every)

    def beside(self, unrounded: Unrounded, lowered: Graph, values: dict[str, str]) -> Counterpart:
        """Of a program that came quantized."""
        module, held = unrounded.module, unrounded.values(values)
        found = self.counterpart(module, module, lowered, held, {})
        return replace(found, stored=unrounded.stored, words=unrounded.words, own=False)

    def measured(
        self, graph: Graph, samples: Samples, compared: Sequence[int], expected: Sequence[Sequence[Tensor]]
    ) -> Fidelity:
        """How close the graph comes to the results of the program; those that go to states are left out."""
        from mcugen.frontend import fidelity
        from mcugen.frontend.states import tensor_positions

        hidden = tensor_positions(self.module)
        shown = [[result for k, result in enumerate(found) if k not in hidden] for found in expected]
        return fidelity.measure(graph, samples, compared, shown, self.reset_every)


def compile_program(
    program: ExportedProgram,
    name: str,
    calibration: Path | str | None = None,
    progress: Progress | None = None,
    sequences: Sequences | None = None,
    options: QuantizerOptions | None = None,
) -> Graph:
    """As `load_model`, for a program in memory."""
    return _compile(program, name, calibration, progress, sequences, options)[0]


def _compile(
    program: ExportedProgram,
    name: str,
    calibration: Path | str | None,
    progress: Progress | None,
    sequences: Sequences | None,
    options: QuantizerOptions | None,
) -> tuple[Graph, Counterpart | None]:
    from mcugen.frontend.carried import carry_states
    from mcugen.frontend.importer import is_quantized
    from mcugen.frontend.leftovers import missing
    from mcugen.frontend.parts import change_whole_tensors
    from mcugen.frontend.quantizer_options import AUTOMATIC
    from mcugen.frontend.rehearsal import require_supported
    from mcugen.frontend.sequences import Sequences
    from mcugen.frontend.signature import port_names, positional_module
    from mcugen.frontend.states import tie_states
    from mcugen.frontend.unrounded import without_rounding

    wanted, chosen = sequences or Sequences(), options or AUTOMATIC
    module = positional_module(program)
    change_whole_tensors(module)
    ports, ties = tie_states(module, port_names(program), wanted)
    require_supported(module)
    ports, ties = carry_states(module, ports, ties)
    model = _Program(module, name, ports, ties, wanted.reset_every)
    if not is_quantized(module):
        samples, source = _calibration(model, calibration)
        return _quantize(model, samples, source, progress, chosen)
    left = missing(module)
    if left:
        return _complete(model, left, calibration, progress, chosen)
    if calibration is not None:
        log.warning("the model is already quantized: --calibration is ignored")
    if chosen != AUTOMATIC:
        log.warning("the model is already quantized: its own ranges and types are kept")
    unrounded = without_rounding(module)
    graph, lowered, values = model.lowered(module, "none", own=False)
    for text in graph.warnings:
        log.warning("%s", text)
    return graph, model.beside(unrounded, lowered, values)


def _complete(
    model: _Program,
    left: Missing,
    calibration: Path | str | None,
    progress: Progress | None,
    options: QuantizerOptions,
) -> tuple[Graph, Counterpart]:
    """A quantized program with what is left in float quantized too, lowered, and compared with what it was."""
    from mcugen.frontend.calibration import RANDOM, with_statistics
    from mcugen.frontend.importer import named_inputs
    from mcugen.frontend.leftovers import refusal

    if calibration is None:
        raise refusal(left, named_inputs(model.module, model.ports.inputs))
    from mcugen.frontend.torch_settings import quiet
    from mcugen.frontend.unrounded import without_rounding

    with quiet():
        from mcugen.frontend.completion import complete

    samples, source = _calibration(model, calibration)
    unrounded = without_rounding(model.module)
    completed = complete(model.module, left, samples, progress, options)
    graph, lowered, values = model.lowered(completed.module, source, own=False)
    measured = model.measured(graph, samples, completed.compared, completed.expected)
    graph = graph if source == RANDOM else with_statistics(graph, samples)
    graph = replace(graph, fidelity=replace(measured, program="model as given, quantized in part"))
    return graph, model.beside(unrounded, lowered, values)


def _with_source(graph: Graph, source: str) -> Graph:
    return replace(graph, metadata={**graph.metadata, CALIBRATION_KEY: source})


def import_program(program: ExportedProgram, name: str) -> Graph:
    """Lowers a quantized program (see `mcugen.frontend.importer`) and applies the exact passes."""
    from mcugen.frontend.importer import import_program as lower

    return _finish(lower(program, name))


def _finish(graph: Graph, held: Mapping[str, Held] | None = None) -> Graph:
    """The passes applied, states tied, and the operators' own rules checked."""
    from mcugen.passes import optimize
    from mcugen.passes.states import hold_states, open_states

    opened, own = open_states(graph)
    graph = hold_states(optimize(opened), {**own, **(held or {})})
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


def is_litert(path: Path) -> bool:
    """Whether a file is a LiteRT model: by its content, the identifier TFL3 at byte 4, whatever it is called.

    Raises:
        InputError: it cannot be read, or is called `.tflite` and is none.
    """
    with opened(Source(path, "the model file", "check the path")) as (file, _):
        found = file.read(8)[4:] == b"TFL3"
    if not found and path.suffix.lower() == ".tflite":
        raise InputError("the file is no LiteRT model", where=str(path), hint="convert or download it again")
    return found


def _calibration(model: _Program, calibration: Path | str | None) -> tuple[Samples, str]:
    """The samples for a float model, and where they come from; those of states are computed."""
    from mcugen.frontend import calibration as data
    from mcugen.frontend.importer import inputs_of, named_inputs
    from mcugen.frontend.states import given_inputs, with_states

    given = given_inputs(model.ports.inputs, model.ties)
    inputs = [spec for spec in inputs_of(model.module, model.ports.inputs) if spec.name in given]
    if calibration is None:
        raise InputError(
            f"the model {model.name!r} is a float model and needs calibration data to be quantized",
            hint="give --calibration FILE.npz with samples for "
            f"{', '.join(i.name for i in inputs)} (first axis = samples), or quantize it with PT2E before exporting",
        )
    if str(calibration) == data.RANDOM:
        log.warning("calibrating with random numbers: sizes and speed will be right, accuracy will not")
        samples, source = data.random(inputs), data.RANDOM
    else:
        samples, source = data.load(Path(calibration), inputs), "file"
    names = {node.name: name for node, name in named_inputs(model.module, model.ports.inputs).items()}
    return with_states(model.module, names, model.ties, samples, model.reset_every), source


def _quantize(
    model: _Program, samples: Samples, source: str, progress: Progress | None, options: QuantizerOptions
) -> tuple[Graph, Counterpart]:
    """A float program quantized, lowered, and compared with what it was."""
    from mcugen.frontend import fidelity
    from mcugen.frontend.calibration import RANDOM, with_statistics
    from mcugen.frontend.torch_settings import quiet

    # torchao reports, as it is imported, each of its libraries for GPUs that does not load here.
    with quiet():
        from mcugen.frontend.quantize import quantize_program

        original = copy.deepcopy(model.module)
    quantized = quantize_program(model.module, samples, progress, options)
    graph, lowered, values = model.lowered(quantized.module, source, own=True)
    graph = replace(graph, metadata={**graph.metadata, OBSERVER_KEY: str(quantized.observer)})
    measured = model.measured(graph, samples, quantized.compared, quantized.expected)
    # Random samples say nothing about the user's data.
    of_samples = () if source == RANDOM else (*quantized.warnings, *fidelity.poor(measured))
    warnings = (*quantized.told, *graph.warnings, *of_samples)
    for text in warnings:
        log.warning("%s", text)
    graph = graph if source == RANDOM else with_statistics(graph, samples)
    counterpart = model.counterpart(original, quantized.prepared, lowered, values, quantized.normalizations)
    return replace(graph, fidelity=measured, warnings=warnings), counterpart
