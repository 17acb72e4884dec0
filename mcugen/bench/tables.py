"""What `mcugen bench` prints: tables for a terminal, and a Markdown page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mcugen.bench.operators import LIMIT_PERCENT, Sweep
from mcugen.bench.row import Row
from mcugen.bench.run import Result
from mcugen.bench.suite import OWN
from mcugen.errors import InputError
from mcugen.report.words import milliseconds, thousands

_TITLES = (
    "model", "board", "core", "kernels", "instructions", "per MAC", "cycles", "ms",
    "flash", "arena", "stack", f"x {OWN}", "cycles",
)  # fmt: skip


def _own(row: Row, rows: Sequence[Row]) -> Row | None:
    """The row of mcugen's own kernels that a row is compared with; None for that row itself."""
    if row.failure or row.kernels == OWN:
        return None
    return next((r for r in rows if r.kernels == OWN and r.subject == row.subject and not r.failure), None)


def _ratio(value: int | None, own: int | None) -> str:
    return f"{value / own:.2f}" if value is not None and own else "-"


def _label(row: Row) -> str:
    words = row.accelerator or row.kernels
    return words if row.optimize == "speed" else f"{words} ({row.optimize})"


def _per_mac(row: Row) -> str:
    return f"{row.instructions / row.macs:.2f}" if row.macs and not row.accelerator else "-"


def _milliseconds(row: Row) -> str:
    return "-" if row.milliseconds is None else milliseconds(row.milliseconds)


def summary(found: Result | Sweep) -> Iterator[RenderableType]:
    """Of either kind of run."""
    return _sweep_summary(found) if isinstance(found, Sweep) else _text_summary(found)


def _text_summary(result: Result) -> Iterator[RenderableType]:
    """The rows, then where the cycles are from, then the verdict."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, title in enumerate(_TITLES):
        table.add_column(title, justify="left" if i < 4 else "right")
    for row in result.rows:
        head = [Text(t) for t in (row.model, row.board, row.core.removeprefix("cortex-"), _label(row))]
        if row.failure:
            table.add_row(*head, Text("failed", style="bold red"))
            continue
        own = _own(row, result.rows)
        ratios = ("", "")
        if own is not None:
            ratios = _ratio(row.instructions, own.instructions), _ratio(row.cycles, own.cycles)
        table.add_row(
            *head,
            thousands(row.instructions),
            _per_mac(row),
            thousands(row.cycles),
            _milliseconds(row),
            *map(thousands, (row.flash_bytes, row.arena_bytes, row.stack_bytes)),
            *ratios,
        )
    yield table
    sources = sorted({row.cycles_source for row in result.rows if row.cycles is not None})
    if sources:
        yield Text(f"cycles by {', '.join(sources)}")
    if result.verdict is not None and not result.verdict.failures:
        fallen = len(result.verdict.fallen)
        yield Text("no figure rose by more than 1 % against the baseline", style="bold green")
        if fallen:
            what = "figure" if fallen == 1 else "figures"
            yield Text(f"{fallen} {what} fell by more than 1 %: --update-baseline keeps them there")


def _sweep_summary(found: Sweep) -> Iterator[RenderableType]:
    """The layers that are slower than CMSIS-NN's, worst first; then how many were compared."""
    if found.slower:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for title in ("layer", "core", "kernel", "instructions", "CMSIS-NN", "x", "cycles", "CMSIS-NN", "x"):
            table.add_column(title, justify="left" if title in ("layer", "core", "kernel") else "right")
        for row in found.slower:
            assert row.peer is not None and row.ratio is not None
            cycles = "-" if row.cycle_ratio is None else f"{row.cycle_ratio:.2f}"
            table.add_row(
                Text(row.own.name),
                row.core.removeprefix("cortex-"),
                row.own.kernel,
                thousands(row.own.instructions),
                thousands(row.peer.instructions),
                f"{row.ratio:.2f}",
                thousands(row.own.cycles),
                thousands(row.peer.cycles),
                cycles,
            )
        yield table
    compared = [row for row in found.rows if row.peer is not None]
    words = f"{len(compared)} layers compared, {len(found.rows) - len(compared)} without a CMSIS-NN kernel; "
    yield Text(f"{words}{len(found.slower)} slower by more than {LIMIT_PERCENT} %")


_PAGE = """# Benchmarks

Counted by `mcugen bench` with {compilers}, in one run; every row equals the integer reference bit for bit.
Instructions are exact. Cycles are an estimate of the named timing model, and milliseconds follow from them, the board's
clock and its flash ([counting.md](counting.md)). Flash is code and constants of the module; all sizes are bytes.{peers}

| network | board (core) | instructions | per MAC | cycles | ms | flash | arena | tensors alive | stack |{titles}
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |{rules}
"""

_NPU_PAGE = """
## With an Ethos-U

Whole on the NPU. Instructions are those of the CPU, counted; NPU cycles are Vela's estimate. Beside it plain Vela,
from the same LiteRT file with the same configuration: the SRAM that it reports, to which an interpreter adds its own,
and its .tflite, which takes the place of weights and commands in flash.

| network | board, accelerator | instructions | NPU cycles | arena | Vela's SRAM | weights, commands | Vela's .tflite |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""

_PEER_WORDS = """
The last columns: how many times as many instructions, and cycles, another library takes.
{}."""

_PEERS = {
    "portable": "mcugen's kernels in plain C",
    "cmsis-nn": "Arm's CMSIS-NN where it has a kernel",
    "auto": "the cheaper kernel of both",
}


def write_page(result: Result, path: Path) -> None:
    """Raises InputError when the file cannot be written."""
    try:
        path.write_text(markdown(result), encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}", where="--markdown") from error


def markdown(result: Result) -> str:
    """A page of all rows: those of mcugen's own kernels, with the others as multiples of them."""
    rows = [row for row in result.rows if not row.failure]
    cpu = [row for row in rows if not row.accelerator and row.kernels == OWN]
    peers = [p for p in _PEERS if any(row.kernels == p and not row.accelerator for row in rows)]
    words = "; ".join(f"`{p}`: {_PEERS[p]}" for p in peers)
    page = _PAGE.format(
        compilers=", ".join(sorted({row.compiler for row in rows})) or "nothing",
        peers=_PEER_WORDS.format(words) if peers else "",
        titles="".join(f" {p} |" for p in peers),
        rules=" ---: |" * len(peers),
    )
    page += "".join(_markdown_row(row, peers, rows) for row in cpu)
    sources = sorted({row.cycles_source for row in cpu if row.cycles is not None})
    if sources:
        page += f"\nCycles by {', '.join(f'`{s}`' for s in sources)}.\n"
    npu = [row for row in rows if row.accelerator]
    if npu:
        page += _NPU_PAGE + "".join(map(_npu_row, npu))
    return page


def _markdown_row(row: Row, peers: Sequence[str], rows: Sequence[Row]) -> str:
    name = row.model if row.optimize == "speed" else f"{row.model} ({row.optimize})"
    cells = [
        name,
        f"{row.board} ({row.core})",
        thousands(row.instructions),
        _per_mac(row),
        thousands(row.cycles),
        _milliseconds(row),
        *map(thousands, (row.flash_bytes, row.arena_bytes, row.live_bytes, row.stack_bytes)),
    ]
    for peer in peers:
        other = next((r for r in rows if r.kernels == peer and r.subject == row.subject), None)
        cells.append("-" if other is None else _peer_cell(other, row))
    return f"| {' | '.join(cells)} |\n"


def _peer_cell(other: Row, own: Row) -> str:
    ratio = _ratio(other.instructions, own.instructions)
    return ratio if own.cycles is None else f"{ratio}, {_ratio(other.cycles, own.cycles)}"


def _npu_row(row: Row) -> str:
    vela = (row.vela.sram, row.vela.file) if row.vela else (None, None)
    figures = (row.instructions, row.npu_cycles, row.arena_bytes, vela[0], row.constant_bytes, vela[1])
    cells = [row.model, f"{row.board}, {row.accelerator}", *map(thousands, figures)]
    return f"| {' | '.join(cells)} |\n"
