"""Inputs and outputs of containers that number the regions of memory as the stream does."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from mcugen.borders.files import Source
from mcugen.ethosu.model.network import Block, Invocation, Network, Payload, Port, Region

LARGEST = 2**28
"""Bytes of a memory."""


def make_port(source: Source, name: str, shape: Sequence[int], item: int, region: int, offset: int) -> tuple[int, Port]:
    """An input or output with its region; its block is filled in by `make_network`.

    Args:
        shape: axes of 1 that Vela puts in front, to six, are left out.

    Raises:
        InputError: a number makes no sense.
    """
    good = item in (1, 2, 4, 8) and 0 <= region < 8 and 0 <= offset < LARGEST and all(n > 0 for n in shape)
    if not good or math.prod(shape) * item > LARGEST:
        raise source.error("is damaged", where=name.replace("_", " "))
    return region, Port(name, _trimmed(tuple(shape)), item, None, "", offset)


def _trimmed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Four axes, where the rest are the ones that Vela puts in front."""
    spare = len(shape) - 4
    return shape[spare:] if spare > 0 and all(n == 1 for n in shape[:spare]) else shape


def make_network(
    source: Source,
    payload: Payload,
    places: Mapping[int, Block],
    inputs: Sequence[tuple[int, Port]],
    outputs: Sequence[tuple[int, Port]],
    variables: Sequence[tuple[int, Port]] = (),
) -> Network:
    """A network of one stream.

    Args:
        places: memory by region; regions that ports alone name get memory as large as they need.

    Raises:
        InputError: a port does not lie in its memory, or in constants.
    """
    places, found = dict(places), [*inputs, *outputs, *variables]
    for number in sorted({number for number, _ in found} - set(places)):
        places[number] = Block(f"region {number}", max(p.offset + p.size for n, p in found if n == number))
    regions = {number: Region(block.name, 0, block.size) for number, block in places.items()}
    placed = [[_placed(port, places[n], source) for n, port in group] for group in (inputs, outputs, variables)]
    return Network(tuple(places.values()), (Invocation(payload, regions),), tuple(placed[0]), tuple(placed[1]))


def _placed(port: Port, block: Block, source: Source) -> Port:
    if port.offset + port.size > block.size or block.content is not None:
        raise source.error(
            f"is damaged: {port.size} bytes at {port.offset} do not lie in memory of {block.size} bytes",
            where=port.name,
        )
    return Port(port.name, port.shape, port.item, port.dtype, block.name, port.offset)
