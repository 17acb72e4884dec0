"""Programs with one operator that has no integer form, each with what its error names and recommends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType

import torch
from torch import Tensor, nn
from torch.nn import functional

VOLUME = (1, 2, 4, 4, 4)
IMAGE = (1, 2, 6, 6)
ROWS = (3, 8)
SQUARE = (4, 4)


class Program(nn.Module):
    """A program whose `forward` is a function; torch.export records the lines of functions of that name alone."""

    def __init__(self, run: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.forward = FunctionType(run.__code__.replace(co_name="forward"), run.__globals__)


@dataclass(frozen=True)
class Unsupported:
    """A function of one tensor whose source line the error must name.

    Attributes:
        operator: as the error calls it.
        instead: what the error recommends, or a part of it.
        decomposed: the program is saved in its decomposed form.
    """

    run: Callable[[Tensor], object]
    shape: tuple[int, ...]
    operator: str
    instead: str
    dtype: torch.dtype = torch.float32
    decomposed: bool = False

    @property
    def line(self) -> str:
        code = self.run.__code__
        first = code.co_firstlineno + (code.co_name != "<lambda>")
        return f"{Path(code.co_filename).name}:{first}"

    def save(self, folder: Path) -> Path:
        example = torch.ones(self.shape, dtype=self.dtype)
        program = torch.export.export(Program(self.run), (example,))
        torch.export.save(program.run_decompositions() if self.decomposed else program, folder / "model.pt2")
        return folder / "model.pt2"


def _attends(x: Tensor) -> Tensor:
    return torch.cond(x.sum() > 0, lambda y: y.sin(), lambda y: y.cos(), (x,))


def _loops(x: Tensor) -> Tensor:
    return torch.while_loop(lambda y: y.sum() < 9, lambda y: (y * 2,), (x,))[0]


PLACES = torch.zeros(3, 8, dtype=torch.int64)
VOLUMES = torch.ones(2, 2, 2, 2, 2)

CASES: dict[str, Unsupported] = {
    "sort": Unsupported(lambda x: torch.sort(x)[0], ROWS, "aten.sort", "amax"),
    "argsort": Unsupported(lambda x: torch.argsort(x), ROWS, "aten.argsort", "argmax"),
    "topk": Unsupported(lambda x: torch.topk(x, 2)[0], ROWS, "aten.topk", "argmax"),
    "kthvalue": Unsupported(lambda x: torch.kthvalue(x, 2)[0], ROWS, "aten.kthvalue", "amax"),
    "median": Unsupported(lambda x: torch.median(x, 1)[0], ROWS, "aten.median", "mean"),
    "mode": Unsupported(lambda x: torch.mode(x)[0], ROWS, "aten.mode", "amax"),
    "quantile": Unsupported(lambda x: torch.quantile(x, 0.5), ROWS, "aten.quantile", "mean"),
    "nonzero": Unsupported(lambda x: torch.nonzero(x), ROWS, "aten.nonzero", "torch.where"),
    "masked_select": Unsupported(
        lambda x: torch.masked_select(x, x > 0).sum(), ROWS, "aten.masked_select", "torch.where"
    ),
    "boolean index": Unsupported(lambda x: x[x > 0].sum(), ROWS, "aten.index", "torch.where"),
    "unique": Unsupported(lambda x: torch.unique(x), ROWS, "unique", "application"),
    "item": Unsupported(lambda x: x * x[0, 0].item(), ROWS, "item", "tensor"),
    "conv3d": Unsupported(lambda x: functional.conv3d(x, VOLUMES), VOLUME, "aten.conv3d", "conv2d"),
    "conv_transpose3d": Unsupported(
        lambda x: functional.conv_transpose3d(x, VOLUMES), VOLUME, "aten.conv_transpose3d", "conv_transpose2d"
    ),
    "conv3d, decomposed": Unsupported(
        lambda x: functional.conv3d(x, VOLUMES), VOLUME, "aten.convolution", "conv2d", decomposed=True
    ),
    "conv_transpose3d, decomposed": Unsupported(
        lambda x: functional.conv_transpose3d(x, VOLUMES), VOLUME, "aten.convolution", "transpose2d", decomposed=True
    ),
    "empty slice": Unsupported(lambda x: x[:, 8:], ROWS, "shape (3, 0) has no elements", "empty tensors"),
    "max_pool3d": Unsupported(lambda x: functional.max_pool3d(x, 2), VOLUME, "aten.max_pool3d", "max_pool2d"),
    "avg_pool3d": Unsupported(lambda x: functional.avg_pool3d(x, 2), VOLUME, "aten.avg_pool3d", "avg_pool2d"),
    "trilinear": Unsupported(
        lambda x: functional.interpolate(x, scale_factor=2, mode="trilinear"), VOLUME, "trilinear", "bilinear"
    ),
    "bicubic": Unsupported(
        lambda x: functional.interpolate(x, scale_factor=2, mode="bicubic"), IMAGE, "bicubic", "bilinear"
    ),
    "grid_sample": Unsupported(
        lambda x: functional.grid_sample(x, x[:, :, :3, :3].permute(0, 2, 3, 1)), IMAGE, "aten.grid_sampler", "bilinear"
    ),
    "complex numbers": Unsupported(lambda x: torch.view_as_complex(x).abs(), (3, 2), "aten.view_as_complex", "real"),
    "complex inputs": Unsupported(lambda x: x * 2, ROWS, "complex64", "real", torch.complex64),
    "fft": Unsupported(lambda x: torch.fft.rfft(x).abs(), ROWS, "aten.fft_rfft", "application"),
    "stft": Unsupported(
        lambda x: torch.stft(x, 4, window=torch.ones(4), return_complex=True).abs(), (16,), "stft", "application"
    ),
    "svd": Unsupported(lambda x: torch.linalg.svdvals(x), SQUARE, "svd", "application"),
    "det": Unsupported(lambda x: torch.linalg.det(x), SQUARE, "aten.linalg_det", "application"),
    "inverse": Unsupported(lambda x: torch.linalg.inv(x), SQUARE, "aten.linalg_inv", "application"),
    "bincount": Unsupported(lambda x: torch.bincount(x, minlength=4), (8,), "aten.bincount", "==", torch.int64),
    "histc": Unsupported(lambda x: torch.histc(x, 4), ROWS, "aten.histc", "borders"),
    "searchsorted": Unsupported(
        lambda x: torch.searchsorted(torch.arange(4.0), x), ROWS, "aten.searchsorted", "borders"
    ),
    "bucketize": Unsupported(lambda x: torch.bucketize(x, torch.arange(4.0)), ROWS, "aten.bucketize", "borders"),
    "cdist": Unsupported(lambda x: torch.cdist(x, x + 1), ROWS, "cdist", "matmul"),
    "cumprod": Unsupported(lambda x: torch.cumprod(x, 1), ROWS, "aten.cumprod", "cumsum"),
    "cummax": Unsupported(lambda x: torch.cummax(x, 1)[0], ROWS, "aten.cummax", "amax"),
    "embedding_bag": Unsupported(
        lambda x: functional.embedding_bag(x, torch.ones(9, 4)), (2, 3), "embedding_bag", "embedding", torch.int64
    ),
    "cross_entropy": Unsupported(
        lambda x: functional.cross_entropy(x, torch.ones(3, dtype=torch.int64)), ROWS, "cross_entropy_loss", "loss"
    ),
    "multinomial": Unsupported(lambda x: torch.multinomial(x.abs(), 1), ROWS, "aten.multinomial", "argmax"),
    "random numbers": Unsupported(lambda x: x + torch.rand_like(x), ROWS, "aten.rand_like", "input"),
    "dropout": Unsupported(lambda x: functional.dropout(x, 0.5, True), ROWS, "aten.dropout", "model.eval()"),
    "scatter": Unsupported(
        lambda x: torch.zeros(3, 8).scatter(1, PLACES + (x > 0), x), ROWS, "aten.scatter", "torch.where"
    ),
    "scatter_add": Unsupported(
        lambda x: torch.zeros(3, 8).scatter_add(1, PLACES + (x > 0), x), ROWS, "aten.scatter_add", "one-hot"
    ),
    "index_put": Unsupported(
        lambda x: torch.zeros(8).index_put(((x[0] > 0).long(),), x[1]), ROWS, "aten.index_put", "torch.where"
    ),
    "index_add": Unsupported(
        lambda x: torch.zeros(3, 8).index_add(0, (x[:, 0] > 0).long(), x), ROWS, "aten.index_add", "one-hot"
    ),
    "max_unpool2d": Unsupported(
        lambda x: functional.max_unpool2d(*functional.max_pool2d(x, 2, return_indices=True), 2),
        IMAGE,
        "max_unpool2d",
        "upsample",
    ),
    "function of two tensors": Unsupported(
        lambda x: torch.atan2(x[:, :4], x[:, 4:]), ROWS, "aten.atan2.default: of several tensors", "atan(y / x)"
    ),
    "places given to take": Unsupported(
        lambda x: torch.take(torch.ones(9), x), ROWS, "'x' is an input of the model", "gather", torch.int64
    ),
    "bytes": Unsupported(lambda x: x.float() / 255, ROWS, "torch.uint8, must be", "image bytes", torch.uint8),
    "cond": Unsupported(_attends, ROWS, "cond", "torch.where"),
    "while_loop": Unsupported(_loops, ROWS, "while_loop", "fixed number"),
}
