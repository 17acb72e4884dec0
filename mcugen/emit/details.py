"""`details.json`: what reports say of the layers and no firmware needs, beside the manifest.

Where tensors come from and go to, their quantization, what kernels were told, how weights are distributed, and which
other kernels there were.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import pydantic

from mcugen.borders import Source
from mcugen.borders.json import read_json
from mcugen.emit.fields import Number, Real, Scale, Shape, Share, Text
from mcugen.emit.manifest import Manifest, QuantizationEntry
from mcugen.errors import InputError

DETAILS_NAME = "details.json"
FORMAT = 1
_HINT = "emit the model again"

Place = Annotated[str, pydantic.Field(max_length=20, pattern=r"^(input|state|layer|constant):[0-9]+$")]
"""What gives a tensor: "input:0", "state:0", "layer:3" (a call of the schedule); "constant:0" for a constant output."""


class _Strict(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True)


class TensorDetail(_Strict):
    """A tensor in the device's layout, and what gives it; reshapes call nothing, so their input's giver is theirs."""

    name: Text
    shape: Shape
    dtype: Text
    quantization: QuantizationEntry | None
    place: Place


class WeightsDetail(_Strict):
    """A constant with a quantization, before it was packed.

    `scale_low`, `scale_high`: the smallest and largest scale of its channels. `zeros`: share of its integers that are
    0. `histogram[i]` integers lie from `first + i * width` on, `width` wide.
    """

    name: Text
    shape: Shape
    dtype: Text
    channels: Number
    scale_low: Scale
    scale_high: Scale
    zeros: Share
    first: int
    width: Annotated[int, pydantic.Field(ge=1, le=2**32)]
    histogram: Annotated[tuple[Number, ...], pydantic.Field(max_length=64)]


class ChoiceDetail(_Strict):
    """A kernel that gives the layer's result. `cost`: estimated instructions of a call; null: no estimate."""

    kernel: Text
    cost: Annotated[Real, pydantic.Field(ge=0)] | None


class LayerDetail(_Strict):
    """`reads`, `writes`: activations in the order of the call; `attributes`: the operator's; `parameters`: the C
    function's."""

    name: Text
    operator: Text
    reads: tuple[TensorDetail, ...]
    writes: tuple[TensorDetail, ...]
    attributes: dict[Text, Text]
    parameters: dict[Text, Text]
    weights: tuple[WeightsDetail, ...]
    choices: tuple[ChoiceDetail, ...]


class Details(_Strict):
    """`layers` are the manifest's, in their order; `outputs` what the model's outputs are; `kept` states."""

    format: int
    layers: tuple[LayerDetail, ...]
    outputs: tuple[TensorDetail, ...]
    kept: tuple[TensorDetail, ...] = ()


def to_json(details: Details) -> bytes:
    return (json.dumps(details.model_dump(mode="json"), separators=(",", ":")) + "\n").encode()


def load_details(folder: Path, manifest: Manifest) -> Details | None:
    """Reads a module's details; None where it was made without.

    Raises:
        InputError: they are damaged, or of other layers than the manifest's.
    """
    if DETAILS_NAME not in manifest.files:
        return None
    path = folder / DETAILS_NAME
    fields = read_json(Source(path, "the module's details", _HINT))
    try:
        details = Details.model_validate_json(json.dumps(fields), strict=True)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"{path} is damaged: {first['msg']}", where=where, hint=_HINT) from error
    _check(details, manifest, path)
    return details


def _check(details: Details, manifest: Manifest, path: Path) -> None:
    if details.format != FORMAT:
        raise InputError(f"{path} has format {details.format}, this mcugen reads {FORMAT}", hint=_HINT)
    if [layer.name for layer in details.layers] != [layer.name for layer in manifest.layers]:
        raise InputError(f"{path} is about other layers than the manifest", hint=_HINT)
    counts = {
        "input": len(manifest.inputs),
        "state": len(manifest.states),
        "layer": len(manifest.layers),
        "constant": len(details.outputs),
    }
    for number, layer in enumerate(details.layers):
        places = [(read.place, number) for read in layer.reads] + [(one.place, number + 1) for one in layer.writes]
        _check_places(places, counts, path)
    ends = [(one.place, len(details.layers)) for one in (*details.outputs, *details.kept)]
    _check_places(ends, counts, path)


def _check_places(places: list[tuple[str, int]], counts: dict[str, int], path: Path) -> None:
    """(place, layers that have run by then)."""
    for place, ran in places:
        kind, _, index = place.partition(":")
        if int(index) >= (ran if kind == "layer" else counts[kind]):
            raise InputError(f"{path} is damaged: {place} is not there yet", hint=_HINT)
