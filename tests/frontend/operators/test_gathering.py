"""Values at places that the model computes or gets: PyTorch's programs against the integer reference."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mcugen.errors import UnsupportedOperatorError
from tests.frontend.operators.test_pairs import Plain, agree, integers
from tests.frontend.operators.test_pooling import _distinct
from tests.frontend.programs import kinds, samples


def _gathers(x: Tensor, i: Tensor, rows: Tensor) -> tuple[Tensor, ...]:
    return (
        *(x.gather(1, i), x.gather(-1, i[:, :2, :3]), torch.take_along_dim(x, i, 1), x.index_select(2, rows)),
        *(x[:, rows], x[:, :, rows.reshape(1, 3)], x.gather(-1, x.argmax(-1, keepdim=True)), i.gather(1, i % 2)),
        *(x[:, rows] > 3.5, rows[rows]),
    )


@pytest.mark.parametrize(("batch", "decompose"), [(3, False), pytest.param(1, True, marks=pytest.mark.slow)])
def test_places_of_the_model(batch: int, decompose: bool) -> None:
    data = {"x": _distinct(batch, 4, 5), "i": integers(0, 4, batch, 2, 5), "rows": integers(0, 3, 3)}
    graph = agree(Plain(_gathers), data, decompose)
    assert kinds(graph).count("gather_elements") == 5 and kinds(graph).count("gather") == 5


def test_refusals() -> None:
    for run, words in (
        (lambda x, i: x[i, i], "several tensors of places"),
        (lambda x, i: torch.take_along_dim(x[:1], i[:, None], 1), "broadcast"),
    ):
        with pytest.raises(UnsupportedOperatorError, match=words):
            agree(Plain(run), {"x": samples((3, 3), 5), "i": integers(0, 3, 3)})
