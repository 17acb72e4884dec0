"""What `mcugen debug` prints for people."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from mcugen.accuracy.debugged import DebuggedTensor, DebugOutcome
from mcugen.report.words import times

_LOW_DB = 20.0
"""A tenth of the signal is noise."""


def text_summary(result: DebugOutcome) -> Iterator[RenderableType]:
    """A table of the layers, the first difference, and the first layer that is far from the float program."""
    yield Text(f"{result.name} on {result.board}, sample {result.sample}, in {result.ran_in}")
    for doubt in result.doubts:
        yield Text(f"warning: {doubt}", style="yellow")
    yield _table(result)
    first = result.first_difference
    if first is not None:
        yield Text(f"first difference: layer {first.layer.name} ({first.layer.kernel}): {first.difference}", "bold red")
    else:
        equal = "the layer is" if len(result.tensors) == 1 else f"all {len(result.tensors)} are"
        yield Text(f"firmware and reference: {equal} equal bit for bit")
    far = next((t for t in result.tensors if t.figures is not None and t.figures.sqnr_db < _LOW_DB), None)
    if far is not None and far.figures is not None:
        where = f", {far.layer.source}" if far.layer.source else ""
        largest = far.figures.largest
        yield Text(
            f"far from the float model from layer {far.layer.name} on ({far.figures.sqnr_db:.1f} dB{where}): "
            f"at {list(largest.index)} {largest.wanted:.4g} is {largest.got:.4g}",
            "yellow",
        )


def _table(result: DebugOutcome) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    left = ("layer", "shape", "reference")
    for title in ("layer", "shape", "reference", "SQNR", "largest error", "saturated", "range used", "float range"):
        table.add_column(title, justify="left" if title in left else "right")
    for tensor in result.tensors:
        table.add_row(*_row(tensor))
    return table


def _row(tensor: DebuggedTensor) -> tuple[str | Text, ...]:
    match = Text("equal", style="green") if tensor.difference is None else Text("DIFFERS", style="bold red")
    begin = (Text(tensor.key), times(tensor.firmware.shape), match)
    known = tensor.figures
    if known is None or tensor.wanted is None:
        return (*begin, "-", "-", "-", "-", "-")
    span = f"{tensor.wanted.min():.4g} to {tensor.wanted.max():.4g}"
    figures = (f"{known.sqnr_db:.1f} dB", f"{known.largest.size:.4g}", f"{known.saturated:.1%}", f"{known.used:.0%}")
    return (*begin, *figures, span)
