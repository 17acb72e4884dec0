"""The network as a picture: boxes for inputs, layers, states and outputs, with the shapes on the edges."""

from __future__ import annotations

from dataclasses import dataclass

from mcugen.emit.details import Details, TensorDetail
from mcugen.report.page.layout import Point, curve, layered
from mcugen.report.page.subject import Subject
from mcugen.report.words import shortened, times

_LAYER = (212.0, 62.0)
_PORT = (164.0, 34.0)


@dataclass(frozen=True)
class Box:
    """Attributes:
    kind: "layer", "input", "state" or "output".
    layer: number of the layer; None for others.
    title, line, foot: texts in it, already cut to its width; `label` is all of it for those who do not see it.
    heat: shares from 0 to 1 that colour it, by what is shown: "time", "constants", "noise".
    bar: share of the time, drawn along its lower edge.
    failed: its output differs from the reference.
    """

    kind: str
    layer: int | None
    title: str
    line: str
    foot: str
    label: str
    x: float
    y: float
    width: float
    height: float
    heat: dict[str, float]
    bar: float = 0.0
    failed: bool = False


@dataclass(frozen=True)
class Edge:
    """`path`: of SVG. `label`: the tensor's shape, at `at`; empty where another edge of the tensor says it."""

    path: str
    label: str
    at: Point
    title: str


@dataclass(frozen=True)
class Network:
    boxes: tuple[Box, ...]
    edges: tuple[Edge, ...]
    width: float
    height: float
    heats: tuple[tuple[str, str], ...]


def draw_network(subject: Subject) -> Network | None:
    """None for a module that was made without details."""
    details = subject.details
    if details is None:
        return None
    heads, kinds, numbers = _nodes(subject, details)
    places = {place: i for i, place in enumerate(heads)}
    links = _links(subject, details, places)
    sizes = [_LAYER if kind == "layer" else _PORT for kind in kinds]
    layout = layered(sizes, [(start, end) for start, end, _ in links])
    boxes = tuple(
        _box(subject, kind, number, centre, size)
        for kind, number, centre, size in zip(kinds, numbers, layout.centres, sizes, strict=True)
    )
    said: set[tuple[int, str]] = set()
    edges = []
    for (start, _, tensor), path in zip(links, layout.paths, strict=True):
        label = times(tensor.shape)
        new = (start, label) not in said
        said.add((start, label))
        (x, y), (to_x, _) = path[0], path[1]
        at = (x + (to_x - x) * 0.06 + 6, y + 14)
        title = f"{tensor.name}: {label} {tensor.dtype}"
        edges.append(Edge(curve(path), f"{label} {_short(tensor.dtype)}" if new else "", at, title))
    return Network(boxes, tuple(edges), layout.width, layout.height, _heats(subject))


def _nodes(subject: Subject, details: Details) -> tuple[list[str], list[str], list[int]]:
    """Places, kinds and numbers of the boxes: inputs and states that are read, layers, outputs."""
    manifest = subject.manifest
    read = {tensor.place for layer in details.layers for tensor in layer.reads}
    read |= {tensor.place for tensor in (*details.outputs, *details.kept)}
    groups = (
        ("input", [i for i in range(len(manifest.inputs)) if f"input:{i}" in read]),
        ("state", [i for i in range(len(manifest.states)) if f"state:{i}" in read]),
        ("constant", [int(p.partition(":")[2]) for p in sorted(read) if p.startswith("constant:")]),
        ("layer", list(range(len(manifest.layers)))),
        ("output", list(range(len(manifest.outputs)))),
        ("kept", list(range(len(details.kept)))),
    )
    found = [(f"{kind}:{i}", kind, i) for kind, indices in groups for i in indices]
    return [p for p, _, _ in found], [k for _, k, _ in found], [i for _, _, i in found]


def _links(subject: Subject, details: Details, places: dict[str, int]) -> list[tuple[int, int, TensorDetail]]:
    links = [
        (places[tensor.place], places[f"layer:{i}"], tensor)
        for i, layer in enumerate(details.layers)
        for tensor in layer.reads
    ]
    links += [(places[t.place], places[f"output:{i}"], t) for i, t in enumerate(details.outputs)]
    links += [(places[t.place], places[f"kept:{i}"], t) for i, t in enumerate(details.kept)]
    return links


def _box(subject: Subject, kind: str, number: int, centre: Point, size: tuple[float, float]) -> Box:
    x, y = centre[0] - size[0] / 2, centre[1] - size[1] / 2
    if kind != "layer":
        title, drawn = _port(subject, kind, number)
        return Box(drawn, None, shortened(title, 22), "", "", title, x, y, *size, heat={})
    entry, share, counted = subject.layers[number], subject.share(number), subject.counted(number)
    noise = subject.noise_of(entry.name)
    foot = f"{share:.1%} of {subject.time_unit}" if share is not None else f"{entry.constant_bytes:,} B of constants"
    if noise is not None and noise.total is not None:
        foot += f" · {noise.total:.1f} dB"
    constants = sum(layer.constant_bytes for layer in subject.layers) or 1
    heat = {"constants": entry.constant_bytes / constants}
    if share is not None:
        heat["time"] = share
    if noise is not None:
        heat["noise"] = noise.share
    label = f"layer {number}, {entry.name}: {entry.op} by {entry.kernel}, {foot}"
    failed = counted is not None and counted.match is False
    return Box(
        "layer",
        number,
        shortened(entry.name, 27),
        shortened(entry.kernel, 34),
        foot,
        label,
        x,
        y,
        *size,
        heat=_scaled(subject, heat),
        bar=share or 0.0,
        failed=failed,
    )


def _scaled(subject: Subject, heat: dict[str, float]) -> dict[str, float]:
    """The hottest layer gets the full colour."""
    constants = sum(layer.constant_bytes for layer in subject.layers) or 1
    most = {
        "constants": max((layer.constant_bytes for layer in subject.layers), default=0) / constants,
        "time": max((subject.share(i) or 0.0 for i in range(len(subject.layers))), default=0.0),
        "noise": max((one.share for one in subject.noise), default=0.0),
    }
    return {name: round(value / (most[name] or 1.0), 3) for name, value in heat.items()}


def _heats(subject: Subject) -> tuple[tuple[str, str], ...]:
    found = [("time", f"share of {subject.time_unit}")] if subject.measured is not None else []
    found.append(("constants", "constants"))
    return tuple(found + ([("noise", "noise at the outputs")] if subject.noise else []))


def _port(subject: Subject, kind: str, number: int) -> tuple[str, str]:
    """Its words, and how it is drawn."""
    manifest = subject.manifest
    if kind == "input":
        return f"input {manifest.inputs[number].name}", "input"
    if kind == "output":
        return f"output {manifest.outputs[number].name}", "output"
    if kind == "constant":
        return "constant", "input"
    name = manifest.states[number].name
    return (f"state {name}", "state") if kind == "state" else (f"next {name}", "state")


def _short(dtype: str) -> str:
    return dtype.replace("int", "i") if dtype.startswith("int") else dtype
