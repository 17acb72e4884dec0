"""`mcugen npu …`: the functional model of Arm's Ethos-U, on files that Vela wrote. Imports no PyTorch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcugen.options import Json

if TYPE_CHECKING:
    from mcugen.ethosu.model.trace import Row, Trace

app = typer.Typer(
    help="Run and read networks that Vela compiled for an Arm Ethos-U, without the NPU or Arm's simulator.",
    no_args_is_help=True,
)

CompiledFile = Annotated[
    Path, typer.Argument(metavar="FILE", help="A .tflite that Vela compiled, or the .npz of its --output-format raw.")
]


@app.command()
def run(
    file: CompiledFile,
    inputs: Annotated[Path, typer.Option(metavar="IN.npz", help="An integer array per input, first axis = samples.")],
    outputs: Annotated[Path, typer.Option(metavar="OUT.npz", help="Gets an array per output.")],
    as_json: Json = False,
) -> None:
    """Run samples through a compiled network on the functional model of the NPU."""
    from mcugen.ethosu.run import run_file

    result = run_file(file, inputs, outputs)
    if as_json:
        print(json.dumps(result.as_json()))
        return
    each = result.seconds / result.samples
    print(f"{result.npu}: {result.operations} operations, {result.samples} samples, {1000 * each:.1f} ms a sample")
    for name, (dtype, shape) in result.outputs.items():
        print(f"{outputs}: {name}, {dtype} {shape}")


@app.command()
def disassemble(file: CompiledFile) -> None:
    """Print the command streams of a compiled network, a command a line."""
    from mcugen.ethosu.model import read_network
    from mcugen.ethosu.model.disassembler import disassemble as lines_of
    from mcugen.ethosu.model.stream import decode

    for number, invocation in enumerate(read_network(file).invocations):
        payload = invocation.payload
        commands = decode(payload.words, payload.configuration.isa)
        print(f"stream {number}: {payload.configuration}, {len(commands)} commands, {4 * len(payload.words)} bytes")
        print("\n".join(lines_of(commands)))


@app.command()
def trace(
    file: CompiledFile,
    as_json: Json = False,
) -> None:
    """List what each operation does: work, memory traffic by region, and an estimate of its cycles."""
    from mcugen.ethosu.model import Npu, read_network
    from mcugen.ethosu.model.trace import trace as trace_of

    found = trace_of(Npu(read_network(file), allow_hazards=True))
    print(json.dumps(found.as_json()) if as_json else "\n".join(_table(found)))


def _table(found: Trace) -> list[str]:
    """Columns of fixed width, then sums."""
    lines = [
        f"{found.npu}; cycles are an estimate from the stream",
        f"{'byte':>8}  {'operation':32} {'output':>14} {'kernel':>7} {'MACs':>12} {'cycles':>10}  "
        f"{'bound by':8}  traffic",
        *(_row(row) for row in found.rows),
        f"{found.macs:,} MACs, {found.cycles:,} cycles of operations; transfers run beside them",
    ]
    lines += [f"{name}: {read:,} bytes read, {written:,} written" for name, (read, written) in found.traffic().items()]
    hazards = [f"hazard at byte 0x{row.offset:06x}: {hazard}" for row in found.rows for hazard in row.hazards]
    return lines + hazards


def _row(row: Row) -> str:
    kernel = "" if row.ofm is None else "×".join(map(str, row.kernel))
    output = "" if row.ofm is None else "×".join(map(str, row.ofm))
    traffic = [f"read {size} of {name}" for name, size in row.reads.items()]
    traffic += [f"write {size} to {name}" for name, size in row.writes.items()]
    return (
        f"0x{row.offset:06x}  {row.kind + ' ' + row.detail:32} {output:>14} {kernel:>7} {row.macs:>12,} "
        f"{row.cycles:>10,}  {row.bound:8}  {', '.join(traffic)}{'  HAZARD' * bool(row.hazards)}"
    )
