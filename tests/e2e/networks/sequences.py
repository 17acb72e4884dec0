"""Networks of sequences: convolutions with dilation, recurrent layers, attention, and a stream with state."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class TemporalConvolutions(nn.Module):
    """Residual blocks of causal convolutions, each of twice the dilation, and a class for the last step."""

    shapes = ((1, 6, 64),)

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(6, 16, 1)
        self.layers = nn.ModuleList(nn.Conv1d(16, 16, 3, dilation=2**i) for i in range(4))
        self.classify = nn.Linear(16, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        for layer in self.layers:
            reach = 2 * layer.dilation[0]  # type: ignore[operator, index, union-attr]
            x = functional.relu(x + layer(functional.pad(x, (reach, 0))))
        return self.classify(x[:, :, -1])


class GruClassifier(nn.Module):
    """Two layers over 50 steps; the last state decides."""

    shapes = ((1, 50, 13),)

    def __init__(self) -> None:
        super().__init__()
        self.gru, self.classify = nn.GRU(13, 32, 2, batch_first=True), nn.Linear(32, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.gru(x)[0][:, -1])


class BidirectionalLstmClassifier(nn.Module):
    """Both directions over 40 steps, averaged."""

    shapes = ((1, 40, 8),)

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.classify = nn.LSTM(8, 24, bidirectional=True, batch_first=True), nn.Linear(48, 6)

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.lstm(x)[0].mean(1))


class Crnn(nn.Module):
    """Convolutions over a spectrogram (1, 16, 40), a bidirectional GRU over its columns, letters for each column."""

    shapes = ((1, 1, 16, 40),)

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((1, 8), (8, 16)):
            layers += [
                nn.Conv2d(inputs, outputs, 3, padding=1),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                nn.MaxPool2d((2, 1)),
            ]
        self.features = nn.Sequential(*layers, nn.MaxPool2d((1, 2)))
        self.gru, self.letters = nn.GRU(64, 24, bidirectional=True, batch_first=True), nn.Linear(48, 12)

    def forward(self, x: Tensor) -> Tensor:
        columns = self.features(x).permute(0, 3, 1, 2).flatten(2)
        return functional.log_softmax(self.letters(self.gru(columns)[0]), -1)


class TransformerClassifier(nn.Module):
    """An encoder of 2 layers: 64 tokens of 64 numbers, 4 heads, gelu; the mean token decides."""

    shapes = ((1, 64, 64),)

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(64, 4, 128, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.positions = nn.Parameter(torch.randn(1, 64, 64) * 0.1)
        self.classify = nn.Linear(64, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.classify(self.encoder(x + self.positions).mean(1))


class KeywordSpotter(nn.Module):
    """One frame of 10 features a step: a convolution over the last 5 frames and a GRU cell, both kept as buffers."""

    shapes = ((1, 10),)

    def __init__(self) -> None:
        super().__init__()
        self.convolution, self.cell = nn.Conv1d(10, 24, 5), nn.GRUCell(24, 32)
        self.classify = nn.Linear(32, 12)
        self.register_buffer("frames", torch.zeros(1, 10, 5))
        self.register_buffer("hidden", torch.zeros(1, 32))

    def forward(self, x: Tensor) -> Tensor:
        frames = torch.cat([self.frames[:, :, 1:], x[:, :, None]], 2)  # type: ignore[index]
        hidden = self.cell(functional.relu(self.convolution(frames))[:, :, 0], self.hidden)
        self.frames.copy_(frames)  # type: ignore[operator]
        self.hidden.copy_(hidden)  # type: ignore[operator]
        return self.classify(hidden)
