"""The LiteRT file that Vela gets of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.litert.writer import write


def file_for_vela(
    network: Graph, writers: Mapping[type[Operator], Callable[..., None]] = MappingProxyType({})
) -> bytes:
    """The network as a LiteRT file; weights of int4 are the same numbers in int8.

    Vela 5.2 divides by zero where a tensor is int4. Its coding of weights takes as many bits as their values need, so
    that nothing is lost on the NPU.

    Args:
        writers: as for `mcugen.litert.writer.write`.

    Raises:
        UnsupportedOperatorError: LiteRT cannot express an operator's attributes.
    """
    widened = [replace(t, dtype="int8") for t in network.tensors.values() if t.dtype == "int4"]
    return write(network.with_changes(new_tensors=widened) if widened else network, writers)
