"""`mcugen check`: whether a model can be compiled, and what it takes on a board, before there are calibration data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mcugen.boards.board import Board
from mcugen.emit.assemble import assemble
from mcugen.emit.manifest import ModelEntry
from mcugen.emit.names import default_module_name
from mcugen.errors import DoesNotFitError, UnsupportedOperatorError
from mcugen.ethosu.kernel import with_npu
from mcugen.ethosu.precompiled import ROWS, given_partition, has_command_streams
from mcugen.firmware.flash import check_flash
from mcugen.frontend.precision.rules import EVERYTHING_INT8, Rules
from mcugen.frontend.quantizer_options import QuantizerOptions
from mcugen.kernels.registry import candidates
from mcugen.plan.planner import make_plan
from mcugen.silence import silence

if TYPE_CHECKING:
    from mcugen.frontend.sequences import Sequences


@dataclass(frozen=True)
class Refusal:
    """As the error that compiling would end with: what, where (source line, module), and what to do instead."""

    what: str
    where: str | None
    hint: str | None


@dataclass(frozen=True)
class Feasibility:
    """Whether a model can be compiled, and what it takes.

    Attributes:
        refusals: all reasons against it that are known before its numbers are, one for each place.
        board: None when none was asked about.
        sizes: bytes by name: "arena", "state", "constants", and "flash" of the linked module; empty when not known.
        too_large: why it does not fit the board.
    """

    refusals: tuple[Refusal, ...]
    board: str | None
    sizes: dict[str, int] = field(default_factory=dict)
    too_large: str | None = None

    @property
    def ok(self) -> bool:
        return not self.refusals and self.too_large is None

    def as_json(self) -> dict[str, Any]:
        fields = asdict(self)
        return {"ok": self.ok, **fields, "refusals": list(fields["refusals"])}


def check_model(
    path: Path, board: Board | None, sequences: Sequences | None = None, rules: Rules = EVERYTHING_INT8
) -> Feasibility:
    """Compiles the model as far as it goes.

    A float model is calibrated with random numbers: sizes are right, or a few bytes off where scales decide the kernel.

    Raises:
        InputError: the file cannot be read.
    """
    name = board.name if board is not None else None
    try:
        return Feasibility((), name, _sizes(path, board, sequences, rules))
    except UnsupportedOperatorError as error:
        told = (Refusal(part.what, part.where, part.hint) for part in error.parts or (error,))
        return Feasibility(tuple(dict.fromkeys(told)), name)
    except DoesNotFitError as error:
        return Feasibility((), name, {}, str(error))


def _sizes(path: Path, board: Board | None, sequences: Sequences | None, rules: Rules) -> dict[str, int]:
    from mcugen.frontend import load_model

    # That samples are random says nothing here.
    with silence():
        graph = load_model(path, "random", None, sequences, QuantizerOptions(rules=rules), ROWS)
    if board is None:
        return {}
    partition = given_partition(graph, board) if has_command_streams(graph) else None
    options = {"kernels": "auto", "optimize": "speed"}
    entry = ModelEntry(file=path.name, sha256="", calibration="random", calibration_sha256="")
    plan = make_plan(graph, board, find=with_npu(candidates))
    module = assemble(plan, default_module_name(path.stem), entry, options, None, partition)
    memory = module.manifest.memory
    return {
        "arena": memory.arena_bytes,
        "state": memory.state_bytes,
        "constants": memory.constant_bytes,
        "flash": check_flash(module).flash_bytes,
    }
