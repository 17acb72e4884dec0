"""What the commands print for people: Rich tables and short summaries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mcugen.boards import Board
from mcugen.emit.manifest import Manifest
from mcugen.graph.graph import Fidelity
from mcugen.report.classes import confusion
from mcugen.report.npu import npu_rows
from mcugen.report.words import milliseconds, thousands
from mcugen.verify.estimate import Estimate
from mcugen.verify.result import LayerResult, Measurement, RunOutcome, VerifyOutcome, ZephyrMeasurement

if TYPE_CHECKING:
    from mcugen.emit.assemble import Module
    from mcugen.firmware.flash import FlashSize
    from mcugen.verify.feasibility import Feasibility


def emit_summary(module: Module, folder: Path, size: FlashSize) -> RenderableType:
    manifest = module.manifest
    what = f"{folder} ({manifest.name}, {len(manifest.layers)} layers, {thousands(manifest.macs)} MACs)"
    rows = [("module", what), *size_rows(manifest, size)]
    made = {"/".join(Path(path).parts[:3]) for path in manifest.files if path.startswith("packages/")}
    rows += [("package", str(folder / path)) for path in sorted(made)]
    rows += [*npu_rows(manifest), ("accuracy", accuracy(manifest))]
    rows += [
        (f"input {port.name}", "takes each channel normalised: FACTORS and OFFSETS in the header and the manifest")
        for port in manifest.inputs
        if port.normalization is not None
    ]
    return _pairs(rows)


def size_rows(manifest: Manifest, size: FlashSize) -> list[tuple[str, str]]:
    """The board and what a module takes of it."""
    memory = manifest.memory
    gap = memory.arena_bytes - memory.lower_bound
    rows = [
        ("board", f"{manifest.target.name} ({manifest.target.cpu.core})"),
        (
            "flash",
            f"{thousands(size.flash_bytes)} B ({size.how}), {thousands(memory.constant_bytes)} B of it constants",
        ),
        (
            "arena",
            f"{thousands(memory.arena_bytes)} B, {thousands(gap)} B above the lower bound; "
            f"{thousands(memory.live_bound)} B of tensors are alive at the peak",
        ),
        ("caller", f"{thousands(memory.input_bytes)} B of inputs, {thousands(memory.output_bytes)} B of outputs"),
    ]
    if manifest.states:
        names = ", ".join(state.name for state in manifest.states)
        rows.append(("state", f"{thousands(memory.state_bytes)} B beside the arena: {names}"))
    if memory.fast_bytes:
        rows.append(("fast", f"{thousands(memory.fast_bytes)} B of fast memory beside the arena, for the NPU"))
    return rows


def accuracy(manifest: Manifest) -> str:
    """How far the integer reference is from the float model, by output."""
    known = manifest.accuracy
    if known is None:
        dropped = manifest.options.get("final_softmax") == "drop"
        own = manifest.model.calibration in ("file", "random")
        coarser = own and manifest.options.get("io") == "int8"
        made = "its ports were made coarser" if coarser else "the model came quantized"
        return f"not known: {'its softmax was dropped' if dropped else made}"
    values = ", ".join(f"{name} {value:.1f} dB" for name, value in known.sqnr_db.items())
    shares = ", ".join(f"{name} in {share:.1%}" for name, share in known.differing.items())
    kind = "random" if manifest.model.calibration == "random" else "calibration"
    said = [f"is at {values} (SQNR) of the {known.program}"] if values else []
    said += [f"differs from {'it' if values else f'the {known.program}'} in the values of {shares}"] if shares else []
    precision = manifest.options.get("precision")
    by = f" ({precision})" if precision else ""
    return f"the integer reference{by} {' and '.join(said)}, on {known.samples} {kind} samples"


def is_poor(manifest: Manifest) -> bool:
    """Whether a tenth of an output's signal, or more, is quantization noise, or of its integers are others."""
    known = manifest.accuracy
    return known is not None and (
        min(known.sqnr_db.values(), default=Fidelity.LIMIT_DB) < Fidelity.POOR_DB
        or max(known.differing.values(), default=0.0) > Fidelity.POOR_SHARE
    )


def verdict(result: VerifyOutcome) -> str:
    """What equals what."""
    if not result.match:
        return "MISMATCH"
    count = sum(1 for layer in result.measurement.layers if layer.match)
    return f"match: firmware equals the integer reference bit for bit: {result.samples} samples and {count} layers"


def run_summary(result: RunOutcome, outputs: Path) -> RenderableType:
    rows = [("outputs", f"{outputs} ({result.samples} samples)"), *_counts(result), *_edited(result.edited)]
    known = result.classification
    if known is None:
        return _pairs(rows)
    right = f"{thousands(known.correct)} of {thousands(known.samples)} right ({100 * known.top1:.1f} %)"
    rows.append(("top-1", right))
    if known.k > 1:
        among = f"{thousands(known.in_top_k)} ({100 * known.in_top_k / known.samples:.1f} %)"
        rows.append((f"top-{known.k}", f"{among} have their class among the {known.k} highest scores"))
    return Group(_pairs(rows), *confusion(known))


def _edited(files: Sequence[str]) -> list[tuple[str, str]]:
    return [("edited", f"{', '.join(files)}: not as mcugen wrote them")] if files else []


def verify_summary(result: VerifyOutcome, *, layers: bool) -> Iterator[RenderableType]:
    if layers:
        yield layer_table(result.measurement.layers)
    # Equal to the reference is one thing, close to the float model another.
    good = "bold yellow" if is_poor(result.manifest) else "bold green"
    style = good if result.match else "bold red"
    rows = [("accuracy", accuracy(result.manifest)), *_counts(result)]
    rows += [*npu_rows(result.manifest), *_edited(result.edited)]
    yield Group(Text(verdict(result), style=style), _pairs(rows))
    for warning in result.manifest.warnings:
        yield Text(f"warning: {warning}", style="yellow")


def time_rows(found: Estimate | None, board: Board) -> list[tuple[str, str]]:
    """At the board's usual clock; as much an estimate as the cycles are."""
    if found is None:
        return []
    clock = board.cpu.clock_hz / 1e6
    waiting = f", {milliseconds(found.wait_cycles / clock / 1000)} ms of it for flash" if found.wait_cycles else ""
    rows = [("time", f"{milliseconds(found.milliseconds)} ms at {clock:g} MHz{waiting}")]
    if found.energy is not None and found.microjoules is not None:
        rate = f"{found.energy.microamps_per_mhz:g} uA/MHz at {found.energy.volts:g} V"
        rows.append(("energy", f"{found.microjoules:,.3g} uJ by {rate}"))
    return rows


def _parts_of_ram(measured: Measurement) -> str:
    state = f", state {thousands(measured.state_bytes)} B" if measured.state_bytes else ""
    return f"arena {thousands(measured.arena_bytes)} B{state}"


def _counts(result: RunOutcome | VerifyOutcome) -> list[tuple[str, str]]:
    measured = result.measurement
    cycles = "no timing model for this core"
    if measured.cycles is not None:
        cycles = f"{thousands(measured.cycles)} ({measured.cycles_source})"
    rows = [
        ("runner", f"{measured.runner}: {measured.machine}"),
        ("instructions", f"{thousands(measured.instructions)} (counted)"),
        ("cycles", cycles),
        *time_rows(measured.estimate, result.manifest.target),
        ("flash", f"{thousands(measured.flash_bytes)} B"),
        ("RAM", f"{thousands(measured.ram_bytes)} B, {_parts_of_ram(measured)} of it"),
        ("stack", f"{thousands(measured.stack_bytes)} B, {_bound(measured)}"),
    ]
    if measured.zephyr is not None:
        rows += zephyr_counts(measured.zephyr, heap(result.manifest))
    return rows


def _bound(measured: Measurement) -> str:
    if measured.stack_bound_bytes is None:
        return "no bound could be proven"
    return f"never more than {thousands(measured.stack_bound_bytes)} B"


def heap(manifest: Manifest) -> str:
    """Of a Zephyr image: the driver of an NPU makes its semaphores at boot."""
    return "a heap for the NPU's driver alone" if manifest.npu is not None and manifest.npu.parts else "no heap"


def zephyr_counts(image: ZephyrMeasurement, heap: str) -> list[tuple[str, str]]:
    sizes = f"{thousands(image.image_flash_bytes)} B of flash, {thousands(image.image_ram_bytes)} B of RAM, {heap}"
    threads = ", ".join(f"{t.name} {thousands(t.used)} of {thousands(t.size)} B" for t in image.threads)
    return [("image", f"Zephyr {image.version} for {image.board}: {sizes}"), ("threads", threads)]


def layer_table(layers: Sequence[LayerResult]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, justify in (
        ("layer", "left"),
        ("module", "left"),
        ("kernel", "left"),
        ("MACs", "right"),
        ("instructions", "right"),
        ("per MAC", "right"),
        ("cycles", "right"),
        ("match", "left"),
    ):
        table.add_column(title, justify=justify)  # type: ignore[arg-type]
    for layer in layers:
        per_mac = f"{layer.instructions / layer.entry.macs:.2f}" if layer.entry.macs else "-"
        table.add_row(
            Text(layer.entry.name),
            Text(layer.entry.module),
            Text(layer.entry.kernel),
            thousands(layer.entry.macs or None),
            thousands(layer.instructions),
            per_mac,
            thousands(layer.cycles),
            {True: Text("yes", style="green"), False: Text("NO", style="bold red"), None: Text("-")}[layer.match],
        )
    return table


def _pairs(rows: Sequence[tuple[str, str]]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column()
    for key, value in rows:
        table.add_row(key, Text(value))
    return table


def feasibility(result: Feasibility) -> str:
    """What `mcugen check` found, as lines."""
    lines = []
    for refusal in result.refusals:
        lines.append(f"refused: {refusal.what}")
        lines += [f"  at: {refusal.where}"] if refusal.where else []
        lines += [f"  fix: {refusal.hint}"] if refusal.hint else []
    if result.too_large:
        lines.append(f"does not fit {result.board}: {result.too_large}")
    if result.ok:
        lines.append("every operator of the model can be compiled")
    if result.sizes:
        named = ", ".join(f"{thousands(size)} B of {name}" for name, size in result.sizes.items() if size)
        lines.append(f"fits {result.board}: {named}; with random calibration, so a few bytes may differ")
    return "\n".join(lines)
