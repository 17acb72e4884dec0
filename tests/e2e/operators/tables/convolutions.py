"""Layers with weights: convolutions, transposed ones, linear layers, embeddings."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from tests.e2e.operators.case import Input, N, Table, case, integers, real

IMAGE: Input = real(N, 4, 7, 6)
SIGNAL: Input = real(N, 4, 15)
WEIGHTS = torch.randn(6, 4, 3, 3, generator=torch.Generator().manual_seed(1)) / 6
TRANSPOSED = torch.randn(4, 6, 3, 3, generator=torch.Generator().manual_seed(2)) / 6
ROWS = torch.randn(5, 6, generator=torch.Generator().manual_seed(3))

CASES: Table = {
    "conv2d": case(nn.Conv2d(4, 6, 3), IMAGE),
    "conv2d with groups": case(nn.Conv2d(4, 6, 3, groups=2), IMAGE),
    "conv2d with dilation": case(nn.Conv2d(4, 6, 3, dilation=(2, 1), padding=(2, 0)), IMAGE),
    "conv2d with strides": case(nn.Conv2d(4, 6, (3, 2), stride=(1, 2), padding=(1, 0), bias=False), IMAGE),
    "conv2d same": case(nn.Conv2d(4, 6, 4, padding="same"), IMAGE),
    "conv2d valid": case(nn.Conv2d(4, 6, 3, padding="valid"), IMAGE),
    "conv2d circular": case(nn.Conv2d(4, 6, 3, padding=1, padding_mode="circular"), IMAGE),
    "conv2d reflect": case(nn.Conv2d(4, 6, 3, padding=1, padding_mode="reflect"), IMAGE),
    "conv2d replicate": case(nn.Conv2d(4, 6, 3, padding=1, padding_mode="replicate"), IMAGE),
    "conv2d with asymmetric padding": case(nn.Sequential(nn.ZeroPad2d((0, 1, 2, 1)), nn.Conv2d(4, 6, 3, 2)), IMAGE),
    "conv2d, functional": case(lambda x: functional.conv2d(x, WEIGHTS, padding=1), IMAGE),
    "convolution": case(lambda x: torch.convolution(x, WEIGHTS, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1), IMAGE),
    "conv2d and relu": case(nn.Sequential(nn.Conv2d(4, 6, 3), nn.ReLU(inplace=True)), IMAGE),
    "conv2d without a batch axis": case(nn.Conv2d(4, 6, 3), real(4, 7, 6)),
    "depthwise": case(nn.Conv2d(4, 4, 3, padding=1, groups=4), IMAGE),
    "depthwise with multiplier": case(nn.Conv2d(4, 12, 3, groups=4, stride=2), IMAGE),
    "pointwise": case(nn.Conv2d(4, 9, 1), IMAGE),
    "conv1d": case(nn.Conv1d(4, 5, 3, padding=1), SIGNAL),
    "conv1d with dilation": case(nn.Conv1d(4, 5, 3, dilation=3, stride=2), SIGNAL),
    "conv1d depthwise": case(nn.Conv1d(4, 8, 5, groups=4, padding="same"), SIGNAL),
    "conv1d circular": case(nn.Conv1d(4, 5, 4, padding=2, padding_mode="circular"), SIGNAL),
    "conv1d reflect": case(nn.Conv1d(4, 5, 4, padding=2, padding_mode="reflect"), SIGNAL),
    "conv1d replicate": case(nn.Conv1d(4, 5, 4, padding=2, padding_mode="replicate"), SIGNAL),
    "conv1d causal": case(nn.Sequential(nn.ConstantPad1d((4, 0), 0.0), nn.Conv1d(4, 5, 3, dilation=2)), SIGNAL),
    "transposed conv2d": case(nn.ConvTranspose2d(4, 5, 3), IMAGE),
    "transposed conv2d with strides": case(nn.ConvTranspose2d(4, 5, 3, stride=2, padding=1, output_padding=1), IMAGE),
    "transposed conv2d with groups": case(nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), IMAGE),
    "transposed conv2d with dilation": case(nn.ConvTranspose2d(4, 5, (3, 2), dilation=2, padding=1), IMAGE),
    "transposed conv2d depthwise": case(nn.ConvTranspose2d(4, 4, 4, stride=2, padding=1, groups=4), IMAGE),
    "transposed conv2d, functional": case(lambda x: functional.conv_transpose2d(x, TRANSPOSED, stride=2), IMAGE),
    "transposed conv1d": case(nn.ConvTranspose1d(4, 5, 4, stride=2, padding=1), SIGNAL),
    "transposed conv1d with groups": case(
        nn.ConvTranspose1d(4, 6, 3, stride=3, output_padding=2, groups=2, dilation=2), SIGNAL
    ),
    "linear": case(nn.Linear(6, 5), real(N, 6)),
    "linear without bias": case(nn.Linear(6, 5, bias=False), real(N, 6)),
    "linear of one axis": case(nn.Linear(6, 5), real(6)),
    "linear of four axes": case(nn.Linear(6, 5), real(N, 2, 3, 6)),
    "linear, functional": case(lambda x: functional.linear(x, ROWS), real(N, 6)),
    "addmm": case(lambda x: torch.addmm(torch.linspace(-1, 1, 5), x, ROWS.t()), real(N, 6)),
    "mm with constants": case(lambda x: torch.mm(x, ROWS.t()), real(N, 6)),
    "matmul with constants": case(lambda x: x @ ROWS.t(), real(N, 3, 6)),
    "embedding": case(nn.Embedding(11, 6), integers(0, 11, N, 5)),
    "embedding, functional": case(lambda ids: functional.embedding(ids, ROWS), integers(0, 5, N, 5, dtype=int)),
    "batch norm in front": case(nn.Sequential(nn.BatchNorm2d(4), nn.Conv2d(4, 5, 3, padding=1)), IMAGE, output=2),
    "batch norm behind": case(nn.Sequential(nn.Conv2d(4, 5, 3), nn.BatchNorm2d(5), nn.ReLU6()), IMAGE),
    "batch norm alone": case(nn.BatchNorm2d(4), IMAGE),
    "batch norm of rows": case(nn.BatchNorm1d(6), real(N, 6)),
    "batch norm of signals": case(nn.BatchNorm1d(4), SIGNAL),
}
