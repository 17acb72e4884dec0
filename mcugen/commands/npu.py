"""`mcugen npu …`: the functional model of Arm's Ethos-U, on files that Vela wrote. Imports no PyTorch."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mcugen.commands.options import Json

if TYPE_CHECKING:
    from mcugen.ethosu.model.trace import Row, Trace

app = typer.Typer(
    help="Run and read networks that Vela compiled for an Arm Ethos-U, without the NPU or Arm's simulator.",
    no_args_is_help=True,
)

CompiledFile = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="A .tflite that Vela compiled, the .npz of its --output-format raw, or ExecuTorch's delegate's bytes.",
    ),
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
    system: Annotated[
        str | None,
        typer.Option("--system-config", metavar="NAME", help="Memories and their speeds: a section of --config."),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option("--memory-mode", metavar="NAME", help="Which memory holds what: a section of --config."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="vela.ini", help="Vela's configuration file; without, the one of its package."),
    ] = None,
    summary: Annotated[
        Path | None, typer.Option("--vela-summary", metavar="CSV", help="Vela's summary, to set its estimate beside.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List what each operation does: work, memory traffic by region, and an estimate of its cycles.

    Without a system configuration, memory is taken to be as fast as the NPU's port.
    """
    from mcugen.errors import InputError
    from mcugen.ethosu.model import Npu, read_network
    from mcugen.ethosu.model.memories import read_memories
    from mcugen.ethosu.model.summary import read_summary
    from mcugen.ethosu.model.trace import trace as trace_of

    npu = Npu(read_network(file), allow_hazards=True)
    memories = None
    if system is not None and mode is not None:
        memories = read_memories(npu.programs[0].payload.configuration, system, mode, config)
    elif (system, mode, config) != (None, None, None):
        raise InputError("--system-config and --memory-mode belong together", hint="give both, as to Vela")
    found, vela = trace_of(npu, memories), None if summary is None else read_summary(summary)
    if as_json:
        print(json.dumps(found.as_json() | ({} if vela is None else {"vela": vela.as_json()})))
        return
    print("\n".join(_table(found)))
    if vela is not None:
        print(
            f"Vela estimates {vela.total:,} cycles, {vela.npu:,} of the NPU itself ({vela.configuration}); "
            f"the estimate here is {100 * (found.elapsed / max(vela.total, 1) - 1):+.1f} %"
        )


@app.command()
def serve(
    socket: Annotated[Path, typer.Argument(metavar="SOCKET", help="A local socket to be made, such as /tmp/npu.")],
) -> None:
    """Be the NPU behind the peripheral of Renode that docs/renode.md describes, until interrupted."""
    from mcugen.ethosu.peripheral import Server, StreamJobs

    jobs = StreamJobs(lambda error: print(f"refused: {error}", file=sys.stderr, flush=True))
    with Server(socket, jobs.handle) as server, suppress(KeyboardInterrupt):
        # Whoever started this reads the line to know that it may connect.
        print(socket, flush=True)
        server.wait()


def _table(found: Trace) -> list[str]:
    """Columns of fixed width, then sums."""
    time = "" if found.clock is None else f", {1000 * found.elapsed / found.clock:.3f} ms at {found.clock / 1e6:g} MHz"
    lines = [
        f"{found.npu}; cycles are an estimate from the stream, with {found.memories}",
        f"{'byte':>8}  {'operation':32} {'output':>14} {'kernel':>7} {'MACs':>12} {'cycles':>10}  "
        f"{'bound by':12}  traffic",
        *(_row(row) for row in found.rows),
        f"{found.macs:,} MACs, {found.elapsed:,} cycles{time}; {found.cycles:,} of operations, beside transfers",
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
        f"{row.cycles:>10,}  {row.bound:12}  {', '.join(traffic)}{'  HAZARD' * bool(row.hazards)}"
    )
