"""Model and calibration files that are wrong, one function each: folder -> path."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

SHAPE = (1, 2, 6, 6)


class Net(nn.Module):
    """A good network, small and quick to export."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(2, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv(x))


class Unsupported(Net):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cumprod(self.conv(x), 1)  # no integer form of this exists


class Several(Unsupported):
    def __init__(self) -> None:
        super().__init__()
        self.volume = nn.Conv3d(1, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cumprod(self.volume(super().forward(x)), 1)


class Moves(nn.Module):
    """Values taken from places that the model computes, and padding with infinity."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        places = (x[0, 0, 0, :2] > 0).long()
        return torch.take(x, places), nn.functional.pad(x, (1, 1), value=float("-inf"))


class BadConstants(Net):
    """A number that is not finite in a buffer, or a weight that no scale covers."""

    def __init__(self, value: float, weight: float) -> None:
        super().__init__()
        self.register_buffer("gain", torch.ones(4, 1, 1))
        with torch.no_grad():
            self.gain[2] = value
            self.conv.weight[1] = weight

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return y * self.gain


class LeftInFloat(nn.Module):
    """A quantized program that ends with a cat of two scales, which nothing quantizes."""

    def forward(self, x: Tensor) -> Tensor:
        q = torch.ops.quantized_decomposed
        parts = []
        for scale in (0.1, 0.01):
            integers = q.quantize_per_tensor(x, scale, 0, -128, 127, torch.int8)
            parts.append(q.dequantize_per_tensor(integers, scale, 0, -128, 127, torch.int8))
        return torch.cat(parts, 1)


class Huge(nn.Module):
    """Its activations exceed the RAM of every small board."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Conv2d(2, 64, 1)
        self.second = nn.Conv2d(64, 64, 1)
        self.third = nn.Conv2d(64, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.third(self.second(self.first(x)))


class Quantized(nn.Module):
    """A quantized program whose one layer has no form in 32-bit integers: "overflow" or "average"."""

    def __init__(self, layer: str) -> None:
        super().__init__()
        self.layer = layer
        depth = 140_000 if layer == "overflow" else 1
        self.register_buffer("weights", torch.stack([torch.ones(depth), torch.full((depth,), 127.0)]).to(torch.int8))

    def forward(self, x: Tensor) -> Tensor:
        q = torch.ops.quantized_decomposed
        limits = (-128, 127, torch.int8)
        x = q.dequantize_per_tensor(q.quantize_per_tensor(x, 0.5, -128, *limits), 0.5, -128, *limits)
        if self.layer == "overflow":
            weights = q.dequantize_per_tensor(self.weights, 0.001, 0, *limits)
            x = nn.functional.linear(x, weights)
        else:
            x = nn.functional.avg_pool2d(x, 3, 2, padding=1, count_include_pad=False)
        return q.dequantize_per_tensor(q.quantize_per_tensor(x, 0.125, -100, *limits), 0.125, -100, *limits)


def save(model: nn.Module, path: Path, shape: tuple[int, ...] = SHAPE, **options: object) -> Path:
    with torch.no_grad():
        program = torch.export.export(model.eval(), (torch.zeros(shape),), **options)  # type: ignore[arg-type]
    torch.export.save(program, path)
    return path


def good_model(folder: Path) -> Path:
    return save(Net(), folder / "good.pt2")


def good_calibration(folder: Path) -> Path:
    return calibration(folder, np.random.default_rng(0).standard_normal((4, *SHAPE[1:])).astype(np.float32))


def calibration(folder: Path, values: np.ndarray, name: str = "x") -> Path:
    path = folder / "cal.npz"
    np.savez(path, **{name: values})
    return path


class Growing(nn.Module):
    """A state that every step makes larger."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(SHAPE))

    def forward(self, x: Tensor) -> Tensor:
        self.total.add_(x.abs() + 1)
        return x + self.total


def growing_state(folder: Path) -> Path:
    return save(Growing(), folder / "growing.pt2")


class OtherScaleAfter(nn.Module):
    """Quantized elsewhere: the state has twice the range after a step."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(SHAPE))

    def forward(self, x: Tensor) -> Tensor:
        scaled = [(x, 0.1), (self.total, 0.1)]
        x, before = (_quantized(value, scale) for value, scale in scaled)
        after = _quantized(x + before, 0.2)
        self.total.copy_(after)
        return _quantized(x * before, 0.1)


def _quantized(value: Tensor, scale: float) -> Tensor:
    limits = (scale, 0, -128, 127, torch.int8)
    ops = torch.ops.quantized_decomposed
    return ops.dequantize_per_tensor(ops.quantize_per_tensor(value, *limits), *limits)


def state_of_two_scales(folder: Path) -> Path:
    return save(OtherScaleAfter(), folder / "scales.pt2")


def missing(folder: Path) -> Path:
    return folder / "missing.pt2"


def empty(folder: Path) -> Path:
    (folder / "empty.pt2").write_bytes(b"")
    return folder / "empty.pt2"


def truncated(folder: Path) -> Path:
    content = good_model(folder).read_bytes()
    (folder / "cut.pt2").write_bytes(content[: len(content) // 2])
    return folder / "cut.pt2"


def pickled_module(folder: Path) -> Path:
    torch.save(Net(), folder / "module.pt")
    return folder / "module.pt"


def raw_pickle(folder: Path) -> Path:
    (folder / "raw.pt").write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    return folder / "raw.pt"


def torchscript(folder: Path) -> Path:
    # The tracer is deprecated, but its archives are still about.
    torch.jit.save(torch.jit.trace(Net(), torch.zeros(SHAPE)), folder / "script.pt")  # type: ignore[no-untyped-call]
    return folder / "script.pt"


def dynamic_shapes(folder: Path) -> Path:
    return save(Net(), folder / "dynamic.pt2", dynamic_shapes={"x": {2: torch.export.Dim("height", min=4, max=32)}})


def unsupported_operator(folder: Path) -> Path:
    return save(Unsupported(), folder / "unsupported.pt2")


def infinite_constant(folder: Path) -> Path:
    return save(BadConstants(float("inf"), 1.0), folder / "infinite.pt2")


def weight_beyond_range(folder: Path) -> Path:
    return save(BadConstants(1.0, 2e37), folder / "beyond.pt2")


def overflowing_channel(folder: Path) -> Path:
    import torchao.quantization.pt2e  # noqa: F401 (registers the operators)

    return save(Quantized("overflow"), folder / "overflow.pt2", (1, 140_000))


def average_of_finer_scale(folder: Path) -> Path:
    import torchao.quantization.pt2e  # noqa: F401 (registers the operators)

    return save(Quantized("average"), folder / "average.pt2")


def several_unsupported_operators(folder: Path) -> Path:
    return save(Several(), folder / "several.pt2")


def impossible_moves(folder: Path) -> Path:
    return save(Moves(), folder / "moves.pt2")


class Normalizations(nn.Module):
    """Weights of a normalization that the model computes, running statistics, dropout in attention."""

    def __init__(self) -> None:
        super().__init__()
        self.instance = nn.InstanceNorm1d(2, track_running_stats=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.instance(x.reshape(1, 2, -1))
        x = nn.functional.layer_norm(x, x.shape[-1:], x[0, 0])
        return nn.functional.scaled_dot_product_attention(x, x, x, dropout_p=0.5)


def impossible_normalizations(folder: Path) -> Path:
    return save(Normalizations(), folder / "normalizations.pt2")


class Sequences(nn.Module):
    """An LSTM in training mode, and one whose weights the model computes."""

    def __init__(self) -> None:
        super().__init__()
        self.training_layer = nn.LSTM(8, 3, 2, dropout=0.5)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        rows = x.reshape(-1, 1, 8)
        self.training_layer.train()
        weights = [rows[:4, 0], rows[:4, 0, :1]]
        states = [torch.zeros(1, 1, 1), torch.zeros(1, 1, 1)]
        computed = torch.lstm(rows, states, weights, False, 1, 0.0, False, False, False)[0]
        return self.training_layer(rows)[0], computed


def impossible_sequences(folder: Path) -> Path:
    return save(Sequences(), folder / "sequences.pt2")


def unrolled_sequence(folder: Path) -> Path:
    program = torch.export.export(nn.Sequential(nn.LSTM(8, 3)).eval(), (torch.zeros(2, 1, 8),)).run_decompositions()
    torch.export.save(program, folder / "unrolled.pt2")
    return folder / "unrolled.pt2"


def left_in_float(folder: Path) -> Path:
    import torchao.quantization.pt2e  # noqa: F401 (registers the operators)

    return save(LeftInFloat(), folder / "partly.pt2")


def too_large(folder: Path) -> Path:
    return save(Huge(), folder / "huge.pt2", (1, 2, 64, 64))


Builder = Callable[[Path], Path]
