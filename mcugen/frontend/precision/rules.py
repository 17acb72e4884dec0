"""`--precision`: one of the names in `types.PRECISIONS` for the whole model, or a file of rules.

    default: int8
    rules:
      - {operator: conv2d, precision: int16}
      - {module: "blocks.*.project", precision: int4}
      - {first: 1, precision: int16}

Of a rule's conditions (operator, module, source, layer, first or last) all must hold. The last rule that holds for a
layer decides; without any it has the default.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic

from mcugen.borders import Source
from mcugen.borders.fields import Fields, validated, where
from mcugen.borders.yaml import read_yaml_lines
from mcugen.errors import InputError
from mcugen.frontend.precision.types import INT8, PRECISIONS, Precision

HINT = "see docs/precision.md"

Name = Literal["int8", "int16", "int4"]
_Pattern = Annotated[str, pydantic.Field(min_length=1, max_length=1000)]


def _text_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


_Patterns = Annotated[tuple[_Pattern, ...], pydantic.BeforeValidator(_text_list)]
_Count = Annotated[int, pydantic.Field(ge=1, lt=2**31, strict=True)] | None

CONDITIONS = ("operator", "module", "source", "layer", "first", "last")


class RuleFields(Fields):
    """Conditions, of which all must hold, and the precision of the layers for which they do.

    `operator`, `module`, `source`, `layer`: a pattern (`*`, `?`, `[...]`), or several of which one must fit.
    """

    operator: _Patterns = ()
    module: _Patterns = ()
    source: _Patterns = ()
    layer: _Patterns = ()
    first: _Count = None
    last: _Count = None
    precision: Name

    @pydantic.model_validator(mode="after")
    def _has_a_condition(self) -> Self:
        if not any(getattr(self, name) for name in CONDITIONS):
            raise ValueError(f"a rule needs one of {', '.join(CONDITIONS)}; what holds for all layers is `default:`")
        if self.first is not None and self.last is not None:
            raise ValueError("`first:` and `last:` are two rules")
        return self


class RulesFields(Fields):
    """The file."""

    default: Name = "int8"
    rules: tuple[RuleFields, ...] = ()


@dataclass(frozen=True)
class Rule:
    """See `RuleFields`; no patterns: any.

    Attributes:
        where: the place in the file, for errors.
    """

    precision: Precision
    operator: tuple[str, ...] = ()
    module: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    layer: tuple[str, ...] = ()
    first: int | None = None
    last: int | None = None
    where: str = ""


@dataclass(frozen=True)
class Rules:
    """Attributes:
    default: of layers for which no rule holds.
    rules: the last one that holds decides.
    name: as the manifest says it: a precision's name, or the file's.
    """

    default: Precision = INT8
    rules: tuple[Rule, ...] = ()
    name: str = "int8"

    @property
    def plain(self) -> bool:
        """Whether all is int8."""
        return self.default == INT8 and all(rule.precision == INT8 for rule in self.rules)


EVERYTHING_INT8 = Rules()


def read_rules(given: str | Path) -> Rules:
    """What `--precision` says.

    Args:
        given: a key of `PRECISIONS`, or the path of a file of rules.

    Raises:
        InputError: it is neither; or the file is wrong: with the line and the field.
    """
    text = str(given)
    if text in PRECISIONS:
        return Rules(PRECISIONS[text], (), text)
    path = Path(given)
    if path.suffix.lower() not in (".yml", ".yaml"):
        near = difflib.get_close_matches(text, PRECISIONS, n=1)
        mean = f"did you mean {near[0]}? " if near else ""
        raise InputError(
            f"unknown precision {text!r}",
            where="--precision",
            hint=f"{mean}it is one of {', '.join(PRECISIONS)}, or a .yml file of rules (docs/precision.md)",
        )
    value, lines = read_yaml_lines(Source(path, "the precision file", HINT))
    if not isinstance(value, dict):
        raise InputError("a precision file holds `default:` and `rules:`", where=str(path), hint=HINT)
    fields = validated(RulesFields, value, path, lines, what="precision file", hint=HINT)
    rules = tuple(
        Rule(
            precision=PRECISIONS[rule.precision],
            operator=rule.operator,
            module=rule.module,
            source=rule.source,
            layer=rule.layer,
            first=rule.first,
            last=rule.last,
            where=where(path, ("rules", number), lines),
        )
        for number, rule in enumerate(fields.rules)
    )
    return Rules(PRECISIONS[fields.default], rules, path.name)
