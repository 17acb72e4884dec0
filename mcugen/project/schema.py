"""The schema of `mcugen.yml`, published as `docs/mcugen.schema.json`.

`docs/project_file.md` says what each field means.
"""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self, get_args

import pydantic
from pydantic_core import PydanticCustomError

from mcugen.boards.quantities import parse_size
from mcugen.borders.fields import Fields, guess

FILE_NAME = "mcugen.yml"


def _text_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _switch(value: Any) -> Any:
    """YAML takes the plain words on and off for truth values."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value


def _percent(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = f"{value:g}%"
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,6}(\.\d{1,6})? ?%?", value, re.ASCII):
        raise ValueError("is not a percentage, write 2% or 0.5%")
    return value


def _share(value: str) -> str:
    if float(value.rstrip("% ")) > 100:
        raise ValueError("is more than all samples, write at most 100%")
    return value


def _size_or_none(value: Any) -> Any:
    if value is None:
        return None
    size = parse_size(value)
    if size < 0:
        raise ValueError(f"{value!r} is less than nothing")
    return size


_SIZE_SCHEMA = {
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {"type": "string", "pattern": r"^(0[xX][0-9a-fA-F]+|\d+(\.\d+)?\s*([KMGkmg]?)(i?B)?)$"},
        {"type": "null"},
    ]
}
Size = Annotated[
    int | None,
    pydantic.BeforeValidator(_size_or_none),
    pydantic.WithJsonSchema(_SIZE_SCHEMA | {"description": "Bytes, or K or M of them: 65536, 64K, 1M."}),
]
Count = Annotated[int, pydantic.Field(ge=1, lt=2**63, strict=True)] | None
Percent = Annotated[
    str,
    pydantic.BeforeValidator(_percent),
    pydantic.WithJsonSchema({"anyOf": [{"type": "string", "pattern": r"^\d+(\.\d+)? ?%?$"}, {"type": "number"}]}),
]
Share = Annotated[Percent, pydantic.AfterValidator(_share)]
Line = Annotated[str, pydantic.Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f]+$")]
Texts = Annotated[
    tuple[Line, ...],
    pydantic.BeforeValidator(_text_list),
    pydantic.WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
_Kind = Literal["arduino", "platformio", "cmsis-pack", "cmake", "zip"]
Packages = Annotated[
    tuple[_Kind, ...],
    pydantic.BeforeValidator(_text_list),
    pydantic.WithJsonSchema(
        {"anyOf": [{"enum": list(get_args(_Kind))}, {"type": "array", "items": {"enum": list(get_args(_Kind))}}]}
    ),
]
Switch = Annotated[Literal["auto", "on", "off"] | None, pydantic.BeforeValidator(_switch)]
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}")


class OptionFields(Fields):
    """Options of `mcugen emit` and `mcugen verify`, by their names there."""

    name: Line | None = None
    kernels: Literal["auto", "native", "cmsis-nn", "portable"] | None = None
    optimize: Literal["speed", "size", "ram"] | None = None
    max_ram: Size = None
    max_flash: Size = None
    io: Literal["int8", "int16", "float32"] | None = None
    io_layout: Literal["device", "model"] | None = None
    state: Texts = ()
    plugin: Texts = ()
    reset_every: Count = None
    renode: Annotated[bool, pydantic.Field(strict=True)] | None = None
    harness: Literal["mlperf-tiny"] | None = None
    harness_input: Literal["int8", "uint8"] | None = None
    precision: Line | None = None
    final_softmax: Literal["keep", "drop"] | None = None
    self_test: Annotated[bool, pydantic.Field(strict=True)] | None = None
    observer: Line | None = None
    equalize: Switch = None
    gptq: Switch = None
    bias_correction: Switch = None
    package: Packages = ()
    package_version: Line | None = None
    package_vendor: Line | None = None
    package_url: Line | None = None
    cmsis_nn: Line | None = None
    npu: Annotated[Literal["off", "auto", "require"] | None, pydantic.BeforeValidator(_switch)] = None
    accelerator: Line | None = None
    runner: Literal["auto", "qemu", "renode"] | None = None
    firmware: Literal["bare", "zephyr"] | None = None


class BudgetFields(Fields):
    """Upper bounds of a module's figures, as `mcugen verify` measures them; the share of `inputs` that must get their
    class in `labels`, and the decibels that outputs must have on them against the float model, as `mcugen accuracy`
    measures them; and what figures may have grown by since the `baseline`."""

    flash: Size = None
    ram: Size = None
    arena: Size = None
    stack: Size = None
    instructions: Count = None
    cycles: Count = None
    milliseconds: Annotated[float, pydantic.Field(gt=0, allow_inf_nan=False)] | None = None
    top_1: Share | None = None
    sqnr: Annotated[float, pydantic.Field(gt=0, le=120, allow_inf_nan=False)] | None = None
    fail_over: Percent | None = None


class _Settings(Fields):
    options: OptionFields = pydantic.Field(default_factory=OptionFields)
    budgets: BudgetFields = pydantic.Field(default_factory=BudgetFields)


class BoardFields(_Settings):
    """A board of the project; `board`: its name or its YAML file, where that is not the key."""

    board: Line | None = None


class OverrideFields(_Settings):
    """What holds for one model on one board alone."""


def _keyed(value: Any, field: str, what: str) -> Any:
    """A mapping from any of the short forms: names, paths, or a mapping with nothing or a path behind a key."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        if not all(isinstance(item, str) for item in value):
            raise ValueError(f"a list here holds {what}s; write fields of one behind its name: `NAME: {{...}}`")
        keys = [PurePath(item).stem if "/" in item or PurePath(item).suffix else item for item in value]
        twice = next((key for number, key in enumerate(keys) if key in keys[:number]), None)
        if twice is not None:
            raise ValueError(f"{twice!r} is there twice")
        value = {key: item for key, item in zip(keys, value, strict=True)}
    if not isinstance(value, dict):
        return value
    for key in value:
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no name: it may hold letters, digits, _ . + -, and names a folder")
    return {key: {field: item} if isinstance(item, str) else item for key, item in value.items()}


def _boards(value: Any) -> Any:
    return _keyed(value, "board", "board")


def _models(value: Any) -> Any:
    return _keyed(value, "file", "model")


def _overrides(value: Any) -> Any:
    """Names of boards alone, or with what holds there."""
    if isinstance(value, str):
        value = [value]
    return dict.fromkeys(value) if isinstance(value, list) and all(isinstance(v, str) for v in value) else value


def _shorthand(fields: dict[str, Any]) -> dict[str, Any]:
    """The schema of a mapping, and of the lists and words that stand for one."""
    return {"anyOf": [fields, {"type": "array", "items": {"type": "string"}}, {"type": "string"}]}


class _Shorthand:
    """Adds the short forms to the published schema."""

    def __get_pydantic_json_schema__(self, core: Any, handler: Any) -> dict[str, Any]:
        fields = handler(core)
        values = fields.get("additionalProperties", {})
        fields["additionalProperties"] = {"anyOf": [values, {"type": "string"}, {"type": "null"}]}
        return _shorthand(fields)


class ModelFields(_Settings):
    """A model of the project; `boards`: those that it is for, all by default."""

    file: Line
    calibration: Line | None = None
    inputs: Line | None = None
    labels: Line | None = None
    boards: Annotated[dict[str, OverrideFields] | None, pydantic.BeforeValidator(_overrides), _Shorthand()] = None

    @pydantic.model_validator(mode="after")
    def _labels_need_inputs(self) -> Self:
        if self.labels is not None and self.inputs is None:
            raise ValueError("labels are those of inputs, which are missing")
        return self


class ProjectFields(_Settings):
    """Models × boards. What is said for a board goes before what is said for all, what is said for a model before that,
    and what is said for a board in a model before everything."""

    models: Annotated[
        dict[str, ModelFields], pydantic.BeforeValidator(_models), pydantic.Field(min_length=1), _Shorthand()
    ]
    boards: Annotated[
        dict[str, BoardFields], pydantic.BeforeValidator(_boards), pydantic.Field(min_length=1), _Shorthand()
    ]
    output: Line = "build"
    baseline: Line | None = None

    @pydantic.model_validator(mode="after")
    def _known_boards(self) -> Self:
        for name, model in self.models.items():
            for board in model.boards or ():
                if board not in self.boards:
                    raise PydanticCustomError(
                        "unknown_board",
                        "{shown} is none of the project's boards{guess}",
                        {
                            "shown": repr(board),
                            "guess": guess(board, list(self.boards)),
                            "place": ("models", name, "boards", board),
                        },
                    )
        return self
