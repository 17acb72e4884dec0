"""YAML from outside, plain values only: no aliases (a few lines expand without bound), no tags, no key twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import yaml

from mcugen.borders.files import Source, read_bytes

SIZE_LIMIT = 64 * 2**10
_DEPTH_LIMIT = 32
_LONGEST_NUMBER = 40
_NUMBERS = ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")


Place = tuple[str | int, ...]
"""Keys and numbers of items on the way to a value."""


def read_yaml(source: Source) -> Any:
    """A file's value: dictionaries, lists, text, numbers, true and false, null.

    Raises:
        InputError: the file cannot be read, is no YAML, or uses more of YAML than that.
    """
    return read_yaml_lines(source)[0]


def read_yaml_lines(source: Source) -> tuple[Any, dict[Place, int]]:
    """As `read_yaml`, and the line, from 1, in which each value begins; of one with a key, the line of the key.

    Raises:
        InputError: as `read_yaml`.
    """
    content = read_bytes(source, SIZE_LIMIT)
    try:
        loader = _PlainLoader(content.decode("utf-8"))
        try:
            node = loader.get_single_node()
            if node is None:
                return None, {}
            return loader.construct_document(node), dict(_lines(node, ()))
        finally:
            loader.dispose()
    except UnicodeDecodeError as error:
        raise source.error("is not UTF-8 text") from error
    except RecursionError as error:
        raise source.error("is nested too deeply") from error
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, OverflowError) as error:
        raise source.error(f"is not YAML as mcugen takes it: {_one_line(error)}") from error


def _lines(node: yaml.Node, place: Place) -> Iterator[tuple[Place, int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*place, key.value), key.start_mark.line + 1
            yield from _lines(value, (*place, key.value))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*place, number), value.start_mark.line + 1
            yield from _lines(value, (*place, number))


class _PlainLoader(yaml.SafeLoader):
    """Refuses what plain data does not need."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.composer.ComposerError(problem="aliases are not taken, write the values out", **_at(event))
        if getattr(event, "tag", None) is not None:
            raise yaml.composer.ComposerError(problem="tags are not taken", **_at(event))
        if self._depth >= _DEPTH_LIMIT:
            raise yaml.composer.ComposerError(problem=f"nested more than {_DEPTH_LIMIT} deep", **_at(event))
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def compose_scalar_node(self, anchor: dict[Any, Any]) -> yaml.ScalarNode:
        node = super().compose_scalar_node(anchor)
        if node.tag in _NUMBERS and len(node.value) > _LONGEST_NUMBER:
            raise yaml.composer.ComposerError(problem="a number is too long", problem_mark=node.start_mark)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(problem="a key is no word", problem_mark=key_node.start_mark)
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                # Mapping nodes come with the last value silently taken.
                raise yaml.constructor.ConstructorError(
                    problem=f"{key!r} is there twice", problem_mark=key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def _at(event: Any) -> dict[str, Any]:
    return {"problem_mark": event.start_mark}


def _one_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    text = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{text} (line {mark.line + 1})" if mark is not None else str(text)
