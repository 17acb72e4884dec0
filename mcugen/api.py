"""The Python API that the commands call: model -> Graph -> Plan -> Module."""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcugen.boards import Board, load_board
from mcugen.borders.files import file_digest
from mcugen.emit.assemble import Module, assemble
from mcugen.emit.manifest import ModelEntry
from mcugen.emit.names import default_module_name, module_name
from mcugen.emulate.cycles import require_cycle_model
from mcugen.errors import DoesNotFitError, InputError
from mcugen.ethosu.kernel import with_npu
from mcugen.ethosu.partition import Partition, npu_mode
from mcugen.ethosu.partition import partition as share_out
from mcugen.ethosu.precompiled import ROWS as CUSTOM_ROWS
from mcugen.ethosu.precompiled import given_partition, has_command_streams
from mcugen.firmware.flash import FlashSize, check_flash
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantizer_options import BEST, QuantizerOptions, Switch, parse_observers
from mcugen.graph.graph import Graph
from mcugen.kernels import registry
from mcugen.kernels.cmsis_nn import locate
from mcugen.package.make import check_packages, with_packages
from mcugen.package.subject import Publisher
from mcugen.passes.border_layout import keep_model_layout
from mcugen.passes.border_types import convert_borders
from mcugen.passes.final_softmax import drop_final_softmax
from mcugen.plan.candidates import Finder
from mcugen.plan.planner import make_plan
from mcugen.plugins import load_plugin
from mcugen.testbench.extras import Extras, add_extras
from mcugen.verify.feasibility import Feasibility, check_model

if TYPE_CHECKING:
    from mcugen.frontend.counterpart import Counterpart

__all__ = [
    "Extras",
    "FlashSize",
    "Module",
    "Options",
    "Publisher",
    "add_extras",
    "check",
    "check_flash",
    "compile",
    "load",
]

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Options:
    """What `mcugen emit` takes besides the model. Budgets in bytes, and in instructions and cycles of one inference.

    Attributes:
        states: "OUT=IN" each: the output is kept as that input of the next inference.
        reset_every: of a model with state: calibration samples after which it starts again.
        plugins: files or entry points that give operators of one's own an integer form; they are run.
        npu: "off"; "auto": what gains by it goes to the board's NPU; "require": everything does, or it is an error.
            None: as the board's file says.
        accelerator: which of the board's; None: its usual one.
        io: type of real inputs and outputs, of `mcugen.passes.border_types.TYPES`; None: as the network has them.
        io_layout: "device": inputs and outputs as the kernels want them; "model": as the model file has them,
            transposed by the module itself.
        final_softmax: "keep"; or "drop": an output that is a softmax gives the scores before it, under another name.
        self_test: C for a test on the board comes with the module, layer by layer.
        packages: kinds of packages that the module brings of itself, for other tools: `mcugen.package.make.KINDS`.
        publisher: what they say of their version and of who publishes them.
        observer: how ranges of activations are found: what `mcugen.frontend.quantizer_options.parse_observers` reads.
        equalize: "auto", "on" or "off": channels brought to like ranges.
        gptq: "auto", "on" or "off": weights rounded for their layer's results.
        bias_correction: "auto", "on" or "off": mean errors of channels taken up by biases.
        precision: a key of `mcugen.frontend.precision.types.PRECISIONS`, or a file of rules.
        cmsis_nn: root of a CMSIS-NN source tree; without it, `kernels="cmsis-nn"` looks where `locate` says.
    """

    board: str | Board
    calibration: Path | str | None = None
    name: str | None = None
    kernels: str = "auto"
    optimize: str = "speed"
    max_ram: int | None = None
    max_flash: int | None = None
    cmsis_nn: Path | None = None
    max_instructions: int | None = None
    max_cycles: int | None = None
    states: tuple[str, ...] = ()
    reset_every: int | None = None
    plugins: tuple[str, ...] = ()
    npu: str | None = None
    accelerator: str | None = None
    io: str | None = None
    io_layout: str = "device"
    final_softmax: str = "keep"
    self_test: bool = False
    packages: tuple[str, ...] = ()
    observer: str = BEST
    equalize: Switch = "auto"
    gptq: Switch = "auto"
    bias_correction: Switch = "auto"
    precision: str = "int8"
    publisher: Publisher = field(default_factory=Publisher)

    @property
    def quantizer(self) -> QuantizerOptions:
        """How a float model is quantized."""
        return QuantizerOptions(
            self.observer, self.equalize, self.gptq, self.bias_correction, read_rules(self.precision)
        )

    def entries(self) -> dict[str, Any]:
        """What of it a manifest records."""
        recorded = ("kernels", "optimize", "max_ram", "max_flash", "max_instructions", "max_cycles")
        given = {
            "states": list(self.states),
            "reset_every": self.reset_every,
            "plugins": [Path(plugin).name for plugin in self.plugins],
            "npu": self.npu,
            "accelerator": self.accelerator,
            "final_softmax": self.final_softmax if self.final_softmax != "keep" else None,
            "precision": Path(self.precision).name if self.precision != "int8" else None,
            "io": self.io,
            "self_test": self.self_test,
            "io_layout": self.io_layout if self.io_layout != "device" else None,
            "observer": self.observer if self.observer != BEST else None,
            "equalize": self.equalize if self.equalize != "auto" else None,
            "gptq": self.gptq if self.gptq != "auto" else None,
            "bias_correction": self.bias_correction if self.bias_correction != "auto" else None,
        }
        return {name: getattr(self, name) for name in recorded} | {
            name: value for name, value in given.items() if value
        }


def check(
    model: Path,
    board: str | Board | None = None,
    states: Sequence[str] = (),
    plugins: Sequence[str] = (),
    precision: str = "int8",
) -> Feasibility:
    """Everything in a model that would be refused, at once; where nothing is, what it takes on a board.

    Args:
        board: None: only what is refused.
        states, plugins, precision: as in `Options`.

    Raises:
        InputError: the file or the board cannot be read.
    """
    from mcugen.frontend.sequences import Sequences

    for plugin in plugins:
        load_plugin(plugin)
    target = load_board(board) if isinstance(board, str) else board
    return check_model(model, target, Sequences(tuple(map(_tie, states))), read_rules(precision))


def compile(
    model: Path | Graph | tuple[Graph, ModelEntry], options: Options, progress: Progress | None = None
) -> Module:
    """Compiles a model file, what `load` made of one, or a graph made by hand, for a board.

    Raises:
        InputError: the model, the calibration, the board or an option is wrong.
        MissingToolError: CMSIS-NN is asked for and absent.
        DoesNotFitError: the module exceeds the board's memories or a budget.
    """
    board = options.board if isinstance(options.board, Board) else load_board(options.board)
    check_packages(options.packages, options.publisher)
    if options.max_cycles is not None:
        require_cycle_model(board)
    library = locate(options.cmsis_nn) if options.cmsis_nn or options.kernels == "cmsis-nn" else None
    stem = model.name if isinstance(model, Graph) else (Path(model[1].file) if isinstance(model, tuple) else model).stem
    name = module_name(options.name) if options.name else default_module_name(stem)
    if isinstance(model, Graph):
        graph, entry = model, ModelEntry(file=model.name, sha256="", calibration="", calibration_sha256="")
    else:
        graph, entry = model if isinstance(model, tuple) else load(model, options, progress)
    graph = at_the_borders(graph, options)
    find = functools.partial(registry.candidates, library=library)
    graph, partition = _share_out(graph, board, options, find)
    with _told_of_npu(partition):
        plan = make_plan(
            graph,
            board,
            kernels=options.kernels,
            optimize=options.optimize,
            max_ram=options.max_ram,
            max_flash=options.max_flash,
            find=with_npu(find),
        )
    module = assemble(plan, name, entry, options.entries(), library, partition, self_test=options.self_test)
    return with_packages(module, options.packages, options.publisher)


def at_the_borders(graph: Graph, options: Options) -> Graph:
    """The graph with the inputs and outputs that the options ask for.

    Raises:
        InputError: no output ends in a softmax that could be dropped.
    """
    if options.final_softmax == "drop":
        graph = _without_softmax(graph)
    if options.io_layout == "model":
        graph = keep_model_layout(graph)
    return graph if options.io is None else convert_borders(graph, options.io)


def _without_softmax(graph: Graph) -> Graph:
    try:
        return drop_final_softmax(graph)
    except ValueError as error:
        raise InputError(
            f"--final-softmax drop: {error}",
            where=f"outputs {', '.join(port.name for port in graph.outputs)}",
            hint="leave the option out: the outputs are scores already",
        ) from error


def _share_out(graph: Graph, board: Board, options: Options, find: Finder) -> tuple[Graph, Partition | None]:
    """The graph with parts for the board's NPU, if it has one and it is to be used."""
    mode = npu_mode(board, options.npu, options.accelerator)
    if has_command_streams(graph):
        return graph, given_partition(graph, board, mode=options.npu, accelerator=options.accelerator)
    if mode == "off":
        return graph, None
    return share_out(
        graph,
        board,
        lambda op, of: find(op, of, board.cpu, options.kernels)[0].cost(op, of),
        accelerator=options.accelerator,
        optimize=options.optimize,
        max_ram=options.max_ram,
        everything=mode == "require",
    )


@contextlib.contextmanager
def _told_of_npu(partition: Partition | None) -> Iterator[None]:
    """An error about memory says that the CPU alone may need less, where parts went to the NPU."""
    try:
        yield
    except DoesNotFitError as error:
        if partition is not None and partition.parts:
            error.hint = f"{error.hint}; or try --npu off: the CPU's kernels may need less memory"
        raise


def load(model: Path, options: Options, progress: Progress | None = None) -> tuple[Graph, ModelEntry]:
    """A model file as an integer graph, for `compile` on several boards; of the options only those that are not about
    the board matter: calibration, states, reset_every, plugins, and those of the quantizer.

    Raises:
        InputError: the model, the calibration or an option is wrong.
    """
    return load_beside_float(model, options, progress)[:2]


def load_beside_float(
    model: Path, options: Options, progress: Progress | None = None
) -> tuple[Graph, ModelEntry, Counterpart | None]:
    """As `load`, and the float program beside the graph; None for a LiteRT file."""
    # torch takes seconds to import: only the commands that read a model pay for it.
    for plugin in options.plugins:
        load_plugin(plugin)
    from mcugen.frontend import load_with_counterpart
    from mcugen.frontend.sequences import Sequences

    parse_observers(options.observer)  # what is wrong with it is told before the work
    ties = tuple(_tie(text) for text in options.states)
    sequences = Sequences(ties, options.reset_every)
    graph, beside = load_with_counterpart(
        model, options.calibration, _stage(progress, "calibrating"), sequences, options.quantizer, CUSTOM_ROWS
    )
    if options.reset_every is not None and not graph.states:
        raise InputError("--reset-every is for models with state, this one has none", where=str(model))
    calibration, digest = graph.metadata.get("calibration", ""), ""
    if calibration == "file" and options.calibration is not None:
        calibration, digest = Path(options.calibration).name, file_digest(Path(options.calibration))
    entry = ModelEntry(
        file=model.name,
        sha256=file_digest(model),
        calibration=calibration,
        calibration_sha256=digest,
        observer=graph.metadata.get("observer", ""),
    )
    return graph, entry, beside


def estimated_instructions(graph: Graph, options: Options) -> dict[str, float]:
    """What the kernels estimate that an inference takes, by the cheapest for each operator, by its name.

    Raises:
        UnsupportedOperatorError: there is no kernel for the board.
    """
    board = options.board if isinstance(options.board, Board) else load_board(options.board)
    library = locate(options.cmsis_nn) if options.cmsis_nn or options.kernels == "cmsis-nn" else None
    find = with_npu(functools.partial(registry.candidates, library=library))
    chosen = ((op, find(op, graph, board.cpu, options.kernels)[0]) for op in graph.operators)
    costs = {op.name: kernel.cost(op, graph) for op, kernel in chosen}
    # Kernels of plugins may know none.
    return {name: cost if math.isfinite(cost) else 0.0 for name, cost in costs.items()}


def _tie(text: str) -> tuple[str, str]:
    out, equals, into = text.partition("=")
    if not (out and equals and into):
        raise InputError(f"--state {text!r} is not OUT=IN", hint="name an output and the input that gets it next time")
    return out, into


def _stage(progress: Progress | None, name: str) -> Callable[[int, int], None] | None:
    """The progress of one stage."""
    return None if progress is None else lambda done, total: progress(name, done, total)
