"""Operators that move values, against PyTorch: the same integers, element by element."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.frontend import import_program
from mcugen.frontend.quantize import quantize
from mcugen.frontend.quantizer_options import PLAIN
from mcugen.graph.ops import Concatenation, Pad, Reshape, Take, Transpose
from mcugen.graph.reference import run_model_layout
from tests.frontend.programs import compare, post_training

Move = Callable[[Tensor], Tensor]
SHAPE = (2, 4, 6, 5)
PLACES = torch.tensor([3, 0, 0, 1])

SELECTIONS: dict[str, Move] = {
    "slice": lambda x: x[:, 1:, ::2, 1:-1],
    "select": lambda x: x[0, :, -1],
    "narrow": lambda x: x.narrow(2, 1, 3),
    "new axis": lambda x: x[:, None, 2],
    "expand": lambda x: x[:, :1].expand(2, 3, 6, 5),
    "expand in front": lambda x: x[1, 2].expand(3, 6, 5),
    "repeat": lambda x: x.repeat(1, 1, 2, 3),
    "repeat in front": lambda x: x[0].repeat(3, 1, 1, 1),
    "tile": lambda x: x.tile((2, 1)),
    "repeat_interleave": lambda x: x.repeat_interleave(2, 2).repeat_interleave(3, dim=3),
    "flip": lambda x: x.flip(1, 3),
    "roll": lambda x: torch.roll(x, (1, -2), (1, 2)),
    "roll of all": lambda x: torch.roll(x[0, 0], 7),
    "rot90": lambda x: torch.rot90(x, 1, (2, 3)),
    "diagonal": lambda x: torch.diagonal(x, 1, 2, 3),
    "index_select": lambda x: torch.index_select(x, 1, PLACES),
    "index": lambda x: x[:, PLACES],
    "index of two axes": lambda x: x[:, :, PLACES, PLACES],
    "index by a matrix": lambda x: x[:, PLACES.reshape(2, 2)],
    "index of an image": lambda x: x[:, :, PLACES[:, None], PLACES],
    "gather": lambda x: torch.gather(x[0, 0], 0, PLACES[:, None].expand(4, 3)),
    "negative pads": lambda x: functional.pad(x, (-1, -1, 2, -1)),
    "pad with a number": lambda x: functional.pad(x, (1, 0, 2, 1), value=0.75),
    "reflect": lambda x: functional.pad(x, (2, 1, 3, 2), mode="reflect"),
    "replicate": lambda x: functional.pad(x, (2, 1, 3, 2), mode="replicate"),
    "circular": lambda x: functional.pad(x, (2, 1, 3, 2), mode="circular"),
}
REARRANGEMENTS: dict[str, Move] = {
    "split": lambda x: torch.cat(x.split(2, 1)[::-1], 1),
    "split of sizes": lambda x: x.split([1, 4, 1], 2)[1],
    "chunk": lambda x: torch.cat(x.chunk(3, -1)[:2], 2),
    "tensor_split": lambda x: x.tensor_split(4, 2)[-2],
    "unbind and stack": lambda x: torch.stack(x.unbind(1), -1),
    "nearest": lambda x: functional.interpolate(x, scale_factor=2),
    "nearest, any size": lambda x: functional.interpolate(x, size=(9, 3)),
    "nearest, any factor": lambda x: functional.interpolate(x, scale_factor=(1.5, 2.3)),
    "nearest-exact": lambda x: functional.interpolate(x, size=(8, 7), mode="nearest-exact"),
    "nearest of signals": lambda x: functional.interpolate(x[0], scale_factor=1.7),
    "nearest-exact of signals": lambda x: functional.interpolate(x[0], size=8, mode="nearest-exact"),
    "pixel_shuffle": lambda x: functional.pixel_shuffle(x, 2),
    "pixel_unshuffle": lambda x: functional.pixel_unshuffle(x[:, :, :, :4], 2),
    "channel_shuffle": lambda x: functional.channel_shuffle(x, 2),
    "movedim": lambda x: x.movedim(1, -1).swapaxes(0, 1),
    "Tensor.unfold": lambda x: x.unfold(2, 3, 2).unfold(3, 2, 1),
    "nn.Unfold": lambda x: functional.unfold(x, (3, 2), dilation=(1, 2), padding=(1, 0), stride=(2, 1)),
}
ALL = {**SELECTIONS, **REARRANGEMENTS}


class Outputs(nn.Module):
    """Each of some functions of one input is an output."""

    def __init__(self, *moves: Move) -> None:
        super().__init__()
        self.moves = moves

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        return tuple(move(x) for move in self.moves)


@pytest.mark.parametrize("decomposed", [False, True], ids=["exported", "decomposed"])
def test_the_same_integers(decomposed: bool) -> None:
    program = post_training(Outputs(*ALL.values()), SHAPE, decomposed=decomposed)
    result = compare(program, SHAPE, count=1)
    assert (result.layer, result.output) == (0, 0), result.where
    moving = (Concatenation, Pad, Reshape, Take, Transpose)
    assert all(isinstance(op, moving) for op in result.graph.operators)


class Tokens(nn.Module):
    """Embeddings of token ids, of some of them, and of constant ones."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(20, 6)

    def forward(self, ids: Tensor) -> tuple[Tensor, ...]:
        return self.table(ids), self.table(ids[:, 1:3].to(torch.int64)), self.table(torch.arange(4)) + self.table(ids)


def test_embedding_has_the_range_of_its_table() -> None:
    model = Tokens().eval()
    with torch.no_grad():
        model.table.weight[7] = 50.0  # not among the samples
    ids = torch.tensor([[0, 19, 3, 7]], dtype=torch.int32)
    module = torch.export.export(model, (ids,)).module(check_guards=False)
    module = quantize(module, {"ids": np.arange(4, dtype=np.int32).reshape(1, 1, 4)}, options=PLAIN)
    graph = import_program(torch.export.export(module, (ids,)), "net")
    results = run_model_layout(graph, {"ids": ids.numpy()[None]})
    assert [op.kind for op in graph.operators].count("embedding") >= 2
    for port, expected in zip(graph.outputs, module(ids), strict=True):
        tensor = graph.tensor(port.tensor)
        steps = expected.detach().numpy() / tensor.scale + tensor.zero_point
        assert np.abs(results[port.name].reshape(steps.shape) - np.clip(steps, -128, 127)).max() <= 1.01
    first = graph.tensor(graph.outputs[0].tensor)
    assert first.scale * (127 - first.zero_point) > 49


class Integers(nn.Module):
    """Plain integers and booleans moved."""

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        first, second = ids.split([1, 3], 1)
        return (
            torch.stack([ids.flip(1), ids.roll(1, 1)], 1),
            functional.pad(second, (2, 1)).repeat_interleave(2, 1),
            functional.pad(mask, (1, 0), value=True)[:, ::2],
            first.expand(2, 5),
            torch.stack(mask.unbind(1)[:2]),
        )


def test_plain_integers_move() -> None:
    rng = np.random.default_rng(2)
    ids, mask = rng.integers(-(2**60), 2**60, (2, 4)), rng.integers(0, 2, (2, 5)).astype(bool)
    inputs = (torch.from_numpy(ids), torch.from_numpy(mask))
    graph = import_program(torch.export.export(Integers(), inputs), "net")
    results = run_model_layout(graph, {"ids": ids[None], "mask": mask[None]})
    for port, expected in zip(graph.outputs, Integers()(*inputs), strict=True):
        np.testing.assert_array_equal(results[port.name][0].reshape(expected.shape), expected.numpy())
        assert results[port.name].dtype == expected.numpy().dtype
