"""What the page says of each layer: a row of the table, and the panel that opens at a click."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.emit.details import ChoiceDetail, LayerDetail, TensorDetail, WeightsDetail
from mcugen.emit.manifest import LayerEntry
from mcugen.graph.tensor import DTYPES
from mcugen.report.page.subject import Subject
from mcugen.report.words import shortened, thousands, times

_PLOT_WIDTH, _PLOT_HEIGHT = 320.0, 84.0


@dataclass(frozen=True)
class Cell:
    """`order`: what a table is sorted by; `share`: 0 to 1 for a bar behind the figure. `full`: where text is cut."""

    text: str
    order: float | str
    share: float | None = None
    full: str = ""


@dataclass(frozen=True)
class Column:
    title: str
    number: bool


@dataclass(frozen=True)
class Plot:
    """A histogram: (x, y, width, height, label) of its bars, in a view of `width` by `height`."""

    bars: tuple[tuple[float, float, float, float, str], ...]
    width: float = _PLOT_WIDTH
    height: float = _PLOT_HEIGHT


@dataclass(frozen=True)
class Weights:
    name: str
    words: str
    low: str
    high: str
    plot: Plot


@dataclass(frozen=True)
class Choice:
    """`share`: of the largest estimate, 0 to 1; `ratio`: to the taken kernel's."""

    kernel: str
    words: str
    share: float
    taken: bool


@dataclass(frozen=True)
class Panel:
    """`tensors`: rows of (direction, name, shape and type, what the integers stand for)."""

    number: int
    title: str
    subtitle: str
    facts: tuple[tuple[str, str], ...]
    difference: str
    tensors: tuple[tuple[str, str, str, str], ...]
    attributes: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    weights: tuple[Weights, ...]
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class LayerTable:
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


def layer_table(subject: Subject) -> LayerTable:
    """Columns of figures that nobody has are left out."""
    measured, noise = subject.measured, bool(subject.noise)
    compared = measured is not None and any(layer.match is not None for layer in measured.layers)
    titles = [("no.", True), ("layer", False), ("operator", False), ("kernel", False), ("MACs", True)]
    if measured is not None:
        titles += [("instructions", True), (subject.time_unit if measured.cycles is not None else "share", True)]
        titles += [("per MAC", True), ("arena", True)]
    titles += [("constants", True), ("scratch", True)]
    titles += [("SQNR", True), ("noise", True)] if noise else []
    titles += [("match", False)] if compared else []
    titles.append(("from", False))
    columns = tuple(Column(*title) for title in titles)
    return LayerTable(columns, tuple(_row(subject, i, compared) for i in range(len(subject.layers))))


def _row(subject: Subject, i: int, compared: bool) -> tuple[Cell, ...]:
    entry, counted = subject.layers[i], subject.counted(i)
    largest = max((layer.constant_bytes for layer in subject.layers), default=0) or 1
    cells = [Cell(str(i), i), _text(entry.name), _text(entry.op), _text(entry.kernel), _figure(entry.macs or None)]
    if counted is not None:
        share = subject.share(i) or 0.0
        cells.append(_figure(counted.instructions))
        cells.append(Cell(f"{thousands(subject.time(i))} · {share:.1%}", subject.time(i) or 0, share))
        per_mac = counted.instructions / entry.macs if entry.macs else None
        cells.append(Cell("–" if per_mac is None else f"{per_mac:.2f}", -1.0 if per_mac is None else per_mac))
        cells.append(_figure(counted.ram_bytes))
    cells.append(Cell(thousands(entry.constant_bytes), entry.constant_bytes, entry.constant_bytes / largest))
    cells.append(_figure(entry.scratch_bytes or None))
    if subject.noise:
        noise = subject.noise_of(entry.name)
        total = None if noise is None else noise.total
        cells.append(Cell("–" if total is None else f"{total:.1f} dB", -999.0 if total is None else total))
        share = 0.0 if noise is None else noise.share
        cells.append(Cell(f"{share:.1%}", share, share))
    if compared and counted is not None:
        cells.append(_text({True: "yes", False: "NO", None: "–"}[counted.match]))
    cells.append(_text(entry.source or entry.module))
    return tuple(cells)


def _figure(value: int | None) -> Cell:
    return Cell("–" if value is None else f"{value:,}", -1 if value is None else value)


def _text(text: str) -> Cell:
    short = shortened(text, 34)
    return Cell(short, text, full=text if short != text else "")


def layer_panels(subject: Subject) -> list[Panel]:
    """One for each layer."""
    details = subject.details
    return [_panel(subject, i, details.layers[i] if details else None) for i in range(len(subject.layers))]


def _panel(subject: Subject, i: int, found: LayerDetail | None) -> Panel:
    entry, counted = subject.layers[i], subject.counted(i)
    difference = "" if counted is None or counted.difference is None else str(counted.difference)
    return Panel(
        number=i,
        title=entry.name,
        subtitle=f"layer {i}: {entry.op}",
        facts=tuple(_facts(subject, i, found)),
        difference=difference,
        tensors=tuple(_tensors(found)) if found else (),
        attributes=tuple(found.attributes.items()) if found else (),
        parameters=tuple(found.parameters.items()) if found else (),
        weights=tuple(_weights(w) for w in found.weights) if found else (),
        choices=choices(found.choices, entry) if found else (),
    )


def _facts(subject: Subject, i: int, found: LayerDetail | None) -> list[tuple[str, str]]:
    entry, counted, noise = subject.layers[i], subject.counted(i), subject.noise_of(subject.layers[i].name)
    rows = [("kernel", entry.kernel)]
    rows += [("module", entry.module)] if entry.module else []
    rows += [("source", entry.source)] if entry.source else []
    rows += [("from", found.operator)] if found and found.operator else []
    if counted is not None:
        per_mac = f", {counted.instructions / entry.macs:.2f} a multiply-accumulate" if entry.macs else ""
        rows.append(("instructions", f"{counted.instructions:,}{per_mac}"))
        if counted.cycles is not None:
            rows.append(("cycles", f"{counted.cycles:,}"))
        rows.append(("share of time", f"{subject.share(i) or 0.0:.1%}"))
        rows.append(("arena", f"{counted.ram_bytes:,} bytes hold something"))
    rows += [("multiply-accumulates", f"{entry.macs:,}")] if entry.macs else []
    rows += [("constants", f"{entry.constant_bytes:,} bytes as packed")] if entry.constant_bytes else []
    rows += [("scratch", f"{entry.scratch_bytes:,} bytes")] if entry.scratch_bytes else []
    if noise is not None and noise.total is not None:
        own = "" if noise.own is None else f"; alone on exact inputs {noise.own:.1f} dB"
        rows.append(("signal to noise", f"{noise.total:.1f} dB{own}; {noise.share:.1%} of the outputs' noise"))
    return rows


def _tensors(found: LayerDetail) -> list[tuple[str, str, str, str]]:
    groups = (("reads", found.reads), ("writes", found.writes))
    return [(way, t.name, f"{times(t.shape)} {t.dtype}", _range(t)) for way, tensors in groups for t in tensors]


def _range(tensor: TensorDetail) -> str:
    real = tensor.quantization
    if real is None or tensor.dtype not in DTYPES or not tensor.dtype.startswith("int"):
        return "integers"
    half = 1 << (int(tensor.dtype.removeprefix("int")) - 1)
    low, high = (real.scale * (v - real.zero_point) for v in (-half, half - 1))
    return f"{low:.4g} to {high:.4g}, step {real.scale:.4g}, zero point {real.zero_point}"


def _weights(found: WeightsDetail) -> Weights:
    scale = f"{found.scale_low:.3g}"
    if found.channels > 1:
        scale = f"{found.channels} channels, steps {found.scale_low:.3g} to {found.scale_high:.3g}"
    words = f"{times(found.shape)} {found.dtype}, {scale}, {found.zeros:.1%} are 0"
    last = found.first + found.width * len(found.histogram) - 1
    return Weights(found.name, words, f"{found.first:,}", f"{last:,}", _plot(found))


def _plot(found: WeightsDetail) -> Plot:
    most, count = max(found.histogram, default=0) or 1, len(found.histogram) or 1
    across = _PLOT_WIDTH / count
    bars = []
    for i, number in enumerate(found.histogram):
        height = number / most * _PLOT_HEIGHT
        start = found.first + i * found.width
        label = f"{start:,} to {start + found.width - 1:,}: {number:,}"
        bars.append((i * across, _PLOT_HEIGHT - height, max(across - 1.0, 0.5), height, label))
    return Plot(tuple(bars))


def choices(found: tuple[ChoiceDetail, ...], entry: LayerEntry) -> tuple[Choice, ...]:
    """Kernels with their estimates beside that of the taken one."""
    most = max((c.cost or 0.0 for c in found), default=0.0) or 1.0
    taken = next((c.cost for c in found if c.kernel == entry.kernel), None)
    rows = []
    for choice in found:
        mine = choice.kernel == entry.kernel
        words = "no estimate" if choice.cost is None else f"{choice.cost:,.0f}"
        if choice.cost is not None and taken and not mine:
            words += f", {choice.cost / taken:.2f}×"
        rows.append(Choice(choice.kernel, words, (choice.cost or 0.0) / most, mine))
    return tuple(rows)
