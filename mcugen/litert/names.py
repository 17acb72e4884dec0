"""What a LiteRT file cannot say of a graph, as text in its metadata: layers' names and origins, ports as in the model.

Other readers pass over it. The text is JSON:

    {"version": 1,
     "operators": {"3": {"name": "conv", "source": "net.py:12", "module": "conv1", "operator": "aten.conv2d.default"}},
     "inputs": [{"name": "x", "shape": [1, 3, 32, 32], "to_device": [0, 2, 3, 1],
                 "normalization": {"axis": null, "factors": [0.5], "offsets": [0.0]}}],
     "outputs": [{"name": "y", "shape": [1, 10], "to_device": [0, 1], "logits": true}]}

`operators` has those that a layer of the graph is, by their index in the file; what was spelled out besides is not
there. Ports are in the file's order.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mcugen.graph.graph import Graph, Normalization, Port
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import Origin

KEY = "mcugen"
"""The name of the file's metadata."""

VERSION = 1
_LONGEST = 1000


@dataclass(frozen=True)
class PortNames:
    """A port as `graph.Port` has it, without its tensor."""

    name: str
    shape: tuple[int, ...]
    to_device: tuple[int, ...]
    normalization: Normalization | None = None
    logits: bool = False

    def port(self, tensor: str) -> Port:
        return Port(tensor, self.name, self.shape, self.to_device, self.normalization, self.logits)


@dataclass(frozen=True)
class Names:
    """See the module.

    Attributes:
        operators: (name, origin) by the operator's index in the file.
    """

    operators: Mapping[int, tuple[str, Origin]]
    inputs: tuple[PortNames, ...]
    outputs: tuple[PortNames, ...]


def to_text(graph: Graph, operators: Mapping[int, Operator]) -> str:
    """The metadata of a graph.

    Args:
        operators: which one is the graph's, by index in the file.
    """
    entries = {
        str(index): {
            "name": op.name,
            "source": op.origin.source,
            "module": op.origin.module,
            "operator": op.origin.operator,
        }
        for index, op in operators.items()
    }
    document = {
        "version": VERSION,
        "operators": entries,
        "inputs": [_port(p) for p in graph.inputs],
        "outputs": [_port(p) for p in graph.outputs],
    }
    return json.dumps(document, separators=(",", ":"))


def _port(port: Port) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": port.name, "shape": list(port.shape), "to_device": list(port.to_device)}
    if port.normalization is not None:
        n = port.normalization
        entry["normalization"] = {"axis": n.axis, "factors": list(n.factors), "offsets": list(n.offsets)}
    if port.logits:
        entry["logits"] = True
    return entry


def from_text(text: bytes, inputs: Sequence[tuple[int, ...]], outputs: Sequence[tuple[int, ...]]) -> Names | None:
    """What `to_text` wrote; None for another version's.

    Args:
        text: UTF-8.
        inputs, outputs: shapes of the file's ports, which those of the text are permutations of.

    Raises:
        ValueError: it is damaged; the text says how.
    """
    try:
        document = json.loads(text.decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise ValueError("is no JSON object")
    if document.get("version") != VERSION:
        return None
    operators = {}
    for key, entry in _of(document, "operators", dict).items():
        if not (key.isascii() and key.isdecimal() and isinstance(entry, dict)):
            raise ValueError(f"names an operator {key[:20]!r}")
        name, source, module, operator = (_text(entry, k) for k in ("name", "source", "module", "operator"))
        operators[int(key)] = (name, Origin(source, module, operator))
    names = [name for name, _ in operators.values()]
    if len(set(names)) != len(names):
        raise ValueError("gives two operators one name")
    for key, shapes in (("inputs", inputs), ("outputs", outputs)):
        if len(_of(document, key, list)) != len(shapes):
            raise ValueError(f"does not have the file's {len(shapes)} {key}")
    ports = [
        tuple(_read_port(entry, shape) for entry, shape in zip(_of(document, key, list), shapes, strict=True))
        for key, shapes in (("inputs", inputs), ("outputs", outputs))
    ]
    return Names(operators, ports[0], ports[1])


def _of(document: Mapping[str, Any], key: str, kind: type) -> Any:
    value = document.get(key)
    if not isinstance(value, kind):
        raise ValueError(f"has no {key}")
    return value


def _string(value: Any, key: str) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST or not all(c.isprintable() for c in value):
        raise ValueError(f"has no printable text as {key}")
    return value


def _text(entry: Mapping[str, Any], key: str) -> str:
    return _string(entry.get(key), key)


def _numbers(value: Any, key: str, kinds: tuple[type, ...]) -> tuple[Any, ...]:
    usable = isinstance(value, list) and all(type(v) in kinds and math.isfinite(v) for v in value)
    if not usable:
        raise ValueError(f"has no numbers as {key}")
    return tuple(value)


def _read_port(entry: Any, device: tuple[int, ...]) -> PortNames:
    if not isinstance(entry, dict):
        raise ValueError("has a port that is no JSON object")
    name = _text(entry, "name")
    shape, order = (_numbers(entry.get(key), key, (int,)) for key in ("shape", "to_device"))
    if sorted(order) != list(range(len(device))) or len(shape) != len(device):
        raise ValueError(f"has axes {list(order)[:8]} of {name!r}, which has {len(device)}")
    if tuple(shape[axis] for axis in order) != device:
        raise ValueError(f"has the shape {list(shape)[:8]} for {name!r}, which is {list(device)} in the file")
    return PortNames(name, shape, order, _normalization(entry.get("normalization"), shape), entry.get("logits") is True)


def _normalization(entry: Any, shape: tuple[int, ...]) -> Normalization | None:
    if entry is None:
        return None
    if not isinstance(entry, dict):
        raise ValueError("has a normalization that is no JSON object")
    axis = entry.get("axis")
    factors, offsets = (_numbers(entry.get(key), key, (int, float)) for key in ("factors", "offsets"))
    usable = axis is None or (type(axis) is int and 0 <= axis < len(shape))
    count = 1 if axis is None or not usable else shape[axis]
    if not usable or len(factors) != count or len(offsets) != count or not all(f > 0 for f in factors):
        raise ValueError("has a normalization that does not fit its port")
    return Normalization(axis, tuple(map(float, factors)), tuple(map(float, offsets)))
