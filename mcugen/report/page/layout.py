"""A layered drawing of a directed acyclic graph, top to bottom.

After Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures" (1981): rows by
the longest path, long edges cut into lanes of their own, order in a row by barycentres. Places in a row are a weighted
isotonic regression (pool adjacent violators): neighbours keep their distance, edges are as straight as they can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

_SWEEPS = 24
_STRAIGHTENING = 40
_LANE_WIDTH = 14.0
_LANE_PULL = 6.0
"""How much more a lane wants to be straight than a box wants to be between its neighbours."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Drawing units, the origin at the top left.

    Attributes:
        centres: of each box.
        paths: for each edge, points from the lower side of one box to the upper side of the other; between an even and
            the next odd point the edge is free to bend, from an odd one to the next even one it is vertical, beside
            boxes.
    """

    centres: tuple[Point, ...]
    paths: tuple[tuple[Point, ...], ...]
    width: float
    height: float


@dataclass
class _Cell:
    """A box, or a lane of a long edge, in its row."""

    row: int
    width: float
    above: list[int]
    below: list[int]
    lane: bool
    x: float = 0.0


def layered(
    sizes: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    *,
    gap: float = 28.0,
    row_gap: float = 44.0,
    margin: float = 16.0,
) -> Layout:
    """Places boxes of the given (width, height).

    Args:
        edges: (from, to), each from a lower to a higher index.
        gap: between boxes side by side. row_gap: between rows.

    Raises:
        ValueError: an edge leads backwards.
    """
    if any(start >= end for start, end in edges):
        raise ValueError("edges lead from a lower to a higher index")
    if not sizes:
        return Layout((), (), 2 * margin, 2 * margin)
    cells, chains = _cells(sizes, edges)
    rows = _ordered(cells)
    _place(cells, rows, gap)
    left = min(cell.x - cell.width / 2 for cell in cells) - margin
    for cell in cells:
        cell.x -= left
    heights = [max((sizes[i][1] for i in row if i < len(sizes)), default=0.0) for row in rows]
    tops, at = [], margin
    for height in heights:
        tops.append(at)
        at += height + row_gap
    centres = tuple((cells[i].x, tops[cells[i].row] + heights[cells[i].row] / 2) for i in range(len(sizes)))
    ends = _ports(cells, sizes, chains)
    paths = tuple(
        _path(chain, cells, tops, heights, centres, sizes, ends[number]) for number, chain in enumerate(chains)
    )
    return Layout(centres, paths, max(c.x + c.width / 2 for c in cells) + margin, at - row_gap + margin)


def _cells(
    sizes: Sequence[tuple[float, float]], edges: Sequence[tuple[int, int]]
) -> tuple[list[_Cell], list[list[int]]]:
    """Boxes and lanes, and for each edge the cells that it goes through."""
    ranks = [0] * len(sizes)
    for start, end in sorted(edges):
        ranks[end] = max(ranks[end], ranks[start] + 1)
    entered = {end for _, end in edges}
    for box in range(len(sizes)):
        # What nothing leads to is drawn above its first reader.
        readers = [ranks[end] for start, end in edges if start == box]
        if box not in entered and readers:
            ranks[box] = min(readers) - 1
    cells = [_Cell(rank, width, [], [], lane=False) for rank, (width, _) in zip(ranks, sizes, strict=True)]
    chains = []
    for start, end in edges:
        chain = [start]
        for row in range(ranks[start] + 1, ranks[end]):
            chain.append(len(cells))
            cells.append(_Cell(row, _LANE_WIDTH, [], [], lane=True))
        chain.append(end)
        for upper, lower in pairwise(chain):
            cells[upper].below.append(lower)
            cells[lower].above.append(upper)
        chains.append(chain)
    return cells, chains


def _ordered(cells: Sequence[_Cell]) -> list[list[int]]:
    """The rows, each ordered so that few edges cross."""
    rows: list[list[int]] = [[] for _ in range(max(c.row for c in cells) + 1)]
    for index, cell in enumerate(cells):
        rows[cell.row].append(index)
    best, fewest = [list(row) for row in rows], _crossings(rows, cells)
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        downwards = sweep % 2 == 0
        place = {index: i for row in rows for i, index in enumerate(row)}
        for row in rows if downwards else reversed(rows):

            def barycentre(index: int, downwards: bool = downwards, place: dict[int, int] = place) -> float:
                near = cells[index].above if downwards else cells[index].below
                return sum(place[n] for n in near) / len(near) if near else place[index]

            row.sort(key=barycentre)
            place |= {index: i for i, index in enumerate(row)}
        found = _crossings(rows, cells)
        if found < fewest:
            best, fewest = [list(row) for row in rows], found
    return best


def _crossings(rows: Sequence[Sequence[int]], cells: Sequence[_Cell]) -> int:
    """Pairs of edges between two rows that cross: inversions of the lower ends in the order of the upper ones."""
    total = 0
    for row, following in pairwise(rows):
        place = {index: i for i, index in enumerate(following)}
        lower = [place[n] for index in row for n in sorted(cells[index].below, key=place.__getitem__)]
        total += sum(1 for i, a in enumerate(lower) for b in lower[i + 1 :] if b < a)
    return total


def _place(cells: Sequence[_Cell], rows: Sequence[Sequence[int]], gap: float) -> None:
    """Gives every cell its x: near its neighbours, and clear of those in its row."""
    for row in rows:
        at = 0.0
        for index in row:
            at += cells[index].width / 2
            cells[index].x = at
            at += cells[index].width / 2 + gap
    for turn in range(_STRAIGHTENING):
        for row in rows if turn % 2 == 0 else reversed(rows):
            wanted, weights = [], []
            for index in row:
                cell = cells[index]
                near = [cells[n] for n in (*cell.above, *cell.below)]
                pulls = [_LANE_PULL if cell.lane and n.lane else 1.0 for n in near]
                total = sum(pulls)
                mean = sum(p * n.x for p, n in zip(pulls, near, strict=True)) / total if near else cell.x
                wanted.append(mean)
                weights.append(total or 0.1)
            distances = [(cells[a].width + cells[b].width) / 2 + gap for a, b in pairwise(row)]
            for index, x in zip(row, spaced(wanted, weights, distances), strict=True):
                cells[index].x = x


def spaced(wanted: Sequence[float], weights: Sequence[float], distances: Sequence[float]) -> list[float]:
    """Places nearest to the wanted ones (least weighted squares) where each is `distances[i]` or more after the one
    before it."""
    offsets = [0.0]
    for distance in distances:
        offsets.append(offsets[-1] + distance)
    blocks: list[tuple[float, float, int]] = []  # (mean, weight, members)
    for x, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, count = x - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            before, weight_before, members = blocks.pop()
            mean = (mean * total + before * weight_before) / (total + weight_before)
            total, count = total + weight_before, count + members
        blocks.append((mean, total, count))
    means = [mean for mean, _, count in blocks for _ in range(count)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _ports(
    cells: Sequence[_Cell], sizes: Sequence[tuple[float, float]], chains: Sequence[Sequence[int]]
) -> list[tuple[float, float]]:
    """For each edge, how far from the middle of its boxes it leaves and enters: side by side, in the order of where it
    comes from and goes to."""
    ends = [[0.0, 0.0] for _ in chains]
    for side in (0, 1):
        groups: dict[int, list[int]] = {}
        for number, chain in enumerate(chains):
            groups.setdefault(chain[-side], []).append(number)
        for box, numbers in groups.items():
            second = (lambda n: cells[chains[n][1]].x) if side == 0 else (lambda n: cells[chains[n][-2]].x)
            width = min(sizes[box][0] * 0.6, 22.0 * (len(numbers) - 1))
            for i, number in enumerate(sorted(numbers, key=second)):
                ends[number][side] = width * (i / (len(numbers) - 1) - 0.5) if len(numbers) > 1 else 0.0
    return [(start, end) for start, end in ends]


def _path(
    chain: Sequence[int],
    cells: Sequence[_Cell],
    tops: Sequence[float],
    heights: Sequence[float],
    centres: Sequence[Point],
    sizes: Sequence[tuple[float, float]],
    ends: tuple[float, float],
) -> tuple[Point, ...]:
    start, *lanes, end = chain
    points = [(centres[start][0] + ends[0], centres[start][1] + sizes[start][1] / 2)]
    for lane in lanes:
        top = tops[cells[lane].row]
        points += [(cells[lane].x, top), (cells[lane].x, top + heights[cells[lane].row])]
    points.append((centres[end][0] + ends[1], centres[end][1] - sizes[end][1] / 2))
    return tuple(points)


def curve(points: Iterable[Point]) -> str:
    """An SVG path through the points of an edge: bends leave and arrive vertically."""
    given = list(points)
    words = [f"M{given[0][0]:.1f} {given[0][1]:.1f}"]
    for number, ((x, y), (to_x, to_y)) in enumerate(pairwise(given)):
        if number % 2 or abs(x - to_x) < 0.05:
            words.append(f"L{to_x:.1f} {to_y:.1f}")
        else:
            middle = (y + to_y) / 2
            words.append(f"C{x:.1f} {middle:.1f} {to_x:.1f} {middle:.1f} {to_x:.1f} {to_y:.1f}")
    return "".join(words)
