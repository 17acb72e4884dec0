"""Reductions over axes, softmax and its kin, cumulative sums."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, case, real

X: Input = real(N, 3, 4, 5)
ROWS: Input = real(N, 3, 7)

CASES: Table = {
    "mean": case(lambda x: x.mean((2, 3)), X),
    "mean of everything": case(torch.mean, X),
    "mean, kept": case(lambda x: torch.mean(x, 1, keepdim=True), X),
    "mean of channels": case(lambda x: x.mean(-3), X),
    "sum": case(lambda x: x.sum(1), X),
    "sum of everything": case(torch.sum, X),
    "sum of two axes": case(lambda x: torch.sum(x, (-1, 1), keepdim=True), X),
    "var": case(lambda x: x.var((2, 3)), X),
    "var of everything": case(lambda x: torch.var(x, unbiased=False), X),
    "var_mean": case(lambda x: torch.var_mean(x, (1, 2), correction=0), X),
    "std": case(lambda x: x.std(1), X),
    "std_mean": case(lambda x: torch.std_mean(x, -1), X),
    "amax": case(lambda x: x.amax((1, 2)), X),
    "max of an axis": case(lambda x: torch.max(x, 2), X),
    "max of everything": case(lambda x: x.max(), X),
    "amin": case(lambda x: torch.amin(x, -1, keepdim=True), X),
    "min of an axis": case(lambda x: x.min(1)[0], X),
    "min of everything": case(torch.min, X),
    "aminmax": case(lambda x: (x.amin(1), x.amax(1)), X),
    "norm": case(lambda x: torch.norm(x, dim=1), X),
    "norm of order 1": case(lambda x: torch.linalg.vector_norm(x, 1, (1, 2)), X),
    "norm of order 2": case(lambda x: torch.linalg.vector_norm(x, 2, -1, keepdim=True), X),
    "norm of order 3": case(lambda x: torch.linalg.vector_norm(x, 3, 2), X),
    "prod": case(lambda x: x.prod(2), X),
    "prod of images": case(lambda x: torch.prod(x, -1, keepdim=True), ROWS),
    "norm of order inf": case(lambda x: torch.linalg.vector_norm(x, float("inf"), 2), X),
    "Frobenius norm": case(torch.norm, X),
    "argmax": case(lambda x: x.argmax(1), X),
    "argmax of everything": case(torch.argmax, X),
    "argmin": case(lambda x: torch.argmin(x, -1, keepdim=True), X),
    "any": case(lambda x: (x > 1.5).any(2), X),
    "all": case(lambda x: (x > -1.5).all(1), X),
    "all of everything": case(lambda x: torch.all(x < 9), X),
    "cumsum": case(lambda x: x.cumsum(1), X),
    "cumsum of rows": case(lambda x: torch.cumsum(x, -1), X),
    "softmax": case(nn.Softmax(-1), ROWS),
    "softmax of channels": case(nn.Softmax(1), X),
    "softmax of images": case(lambda x: torch.softmax(x, 0), real(3, 5)),
    "softmax, functional": case(lambda x: functional.softmax(x, dim=2), X),
    "softmin": case(nn.Softmin(-1), ROWS),
    "log_softmax": case(nn.LogSoftmax(-1), ROWS),
    "log_softmax of channels": case(lambda x: torch.log_softmax(x, 1), X),
    "logsumexp": case(lambda x: torch.logsumexp(x, -1), X, output=3),
    "logsumexp of channels": case(lambda x: x.logsumexp((1,), keepdim=True), X, output=3),
    "norm of order -inf": case(lambda x: torch.linalg.vector_norm(x, float("-inf"), 2), X),
    "norm of order 0": case(lambda x: torch.linalg.vector_norm(x, 0, 2), X),
    "aminmax, torch": case(lambda x: torch.aminmax(x, dim=1), X),
    "cosine_similarity": case(lambda x, y: torch.cosine_similarity(x, y, -1), real(N, 3, 6), real(N, 3, 6), output=3),
    "pairwise_distance": case(nn.PairwiseDistance(), real(N, 6), real(N, 6), output=3),
    "count_nonzero": case(lambda x: torch.count_nonzero(x.relu(), 1), X),
}
