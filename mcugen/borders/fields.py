"""Fields of a YAML file from outside, by a schema: unknown keys are told with the nearest known one, every fault with
the file, the line and the field.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pydantic
from pydantic_core import PydanticCustomError

from mcugen.borders.yaml import Place
from mcugen.errors import InputError


def kebab(name: str) -> str:
    """How a field is spelt in a file."""
    return name.replace("_", "-")


def guess(key: object, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown word: the nearest known one, else all."""
    words = list(known)
    spelt = str(key).replace("_", "-").lower()
    near = difflib.get_close_matches(spelt, words, n=1, cutoff=0.6)
    return f", did you mean {near[0]!r}?" if near else f"; known: {', '.join(words)}"


class Fields(pydantic.BaseModel):
    """Keys are spelt as the command's options are: with hyphens. One that is not known is an error with the nearest."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, alias_generator=kebab)

    @pydantic.model_validator(mode="before")
    @classmethod
    def _known_keys(cls, value: Any) -> Any:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise PydanticCustomError(
                "not_a_mapping", "must hold fields such as {example}", {"example": cls._example()}
            )
        known = [kebab(name) for name in cls.model_fields]
        for key in value:
            if key not in known:
                raise PydanticCustomError(
                    "unknown_key",
                    "unknown field {shown}{guess}",
                    {"shown": repr(key), "key": key, "guess": guess(key, known)},
                )
        return value

    @classmethod
    def _example(cls) -> str:
        return ", ".join(f"`{kebab(name)}:`" for name in list(cls.model_fields)[:3])


Schema = TypeVar("Schema", bound=Fields)


def validated(
    schema: type[Schema], value: Any, path: Path, lines: Mapping[Place, int], *, what: str, hint: str
) -> Schema:
    """A file's value by a schema.

    Args:
        lines: of `read_yaml_lines`.
        what: the file is, such as "project file".

    Raises:
        InputError: it is wrong: with the file, the line, the field, and what would be right.
    """
    try:
        return schema.model_validate(value)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        place, message = _place(first), first["msg"].removeprefix("Value error, ")
        raise InputError(f"wrong {what}: {message}", where=where(path, place, lines), hint=hint) from error


def where(path: Path, place: Place, lines: Mapping[Place, int]) -> str:
    """Such as "mcugen.yml, line 4, field models.kws.budgets.flash"."""
    known = next((place[:end] for end in range(len(place), 0, -1) if place[:end] in lines), ())
    line = f", line {lines[known]}" if known else ""
    field = f", field {'.'.join(map(str, place))}" if place else ""
    return f"{path}{line}{field}"


def _place(error: Any) -> Place:
    """Where an error of the schema is in the file."""
    found = error.get("ctx", {})
    if "place" in found:
        return tuple(found["place"])
    place = tuple(error["loc"])
    return (*place, found["key"]) if "key" in found else place
