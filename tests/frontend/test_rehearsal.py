"""What cannot be compiled is told first, all of it, with the user's own lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import compile_program, load_model
from tests.frontend.programs import export

NEVER = Path("calibration/that/does/not/exist.npz")


class Several(nn.Module):
    """Faults of all kinds: no row, a builder's conditions, a buffer changed in part, computed weights."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 2, 3), *(nn.Sequential(nn.Conv3d(1, 1, 1), nn.ConvTranspose3d(1, 1, 1)) for _ in "ab")
        )
        self.register_buffer("seen", torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.features(x)
        self.seen.chunk(1)[0].mul_(2.0)
        y = torch.cumprod(y, 3)
        return nn.functional.conv2d(y, y)


def refused(model: nn.Module, shape: tuple[int, ...]) -> str:
    with pytest.raises(UnsupportedOperatorError) as caught:
        compile_program(export(model.eval(), shape), "net", NEVER)
    return str(caught.value)


def line_of(text: str) -> str:
    lines = Path(__file__).read_text().splitlines()
    return f"test_rehearsal.py:{next(i for i, line in enumerate(lines, 1) if text in line)}"


def test_all_faults_in_the_order_of_the_program() -> None:
    text = refused(Several(), (1, 1, 8, 8))
    assert "5 reasons at 7 places" in text
    positions = [
        text.index(word)
        for word in (
            "aten.conv3d.default: this operator has no integer form",
            "aten.conv_transpose3d.input: this operator has no integer form",
            "aten.mul_.Tensor: it changes a part of a buffer",
            "aten.cumprod.default: this",
            "aten.conv2d.default: its weights are no constants",
        )
    ]
    assert positions == sorted(positions)
    for module, line in (
        ("aten.conv3d.default, module features.1.0", line_of("self.features(x)")),
        ("aten.conv3d.default, module features.2.0", line_of("self.features(x)")),
        ("aten.mul_.Tensor", line_of("self.seen.chunk(1)[0].mul_")),
        ("aten.cumprod.default", line_of("torch.cumprod(y, 3)")),
    ):
        assert f"{module}, {line}" in text
    assert text.count("fix:") == 5


def test_modules_of_pytorch_alone_have_a_module_path_and_no_line() -> None:
    text = refused(
        nn.Sequential(nn.Conv2d(1, 2, 1), nn.Sequential(nn.Conv2d(2, 1, 1), nn.Conv3d(1, 1, 1))), (1, 1, 4, 4)
    )
    assert "module 1.1" in text and "aten.conv3d.default" in text
    assert ".py" not in text


class Custom(nn.Module):
    """An operator of another library, which cannot even be loaded, among others that have no integer form."""

    def forward(self, x: Tensor) -> Tensor:
        constant = torch.cumprod(torch.ones(1, 4), 1)
        x = torch.cumprod(x + constant, 1)
        return torch.ops.mcugen_tests.twice(torch.relu(x))


def test_foreign_operators_are_told_with_the_others(tmp_path: Path) -> None:
    @torch.library.custom_op("mcugen_tests::twice", mutates_args=())
    def twice(x: Tensor) -> Tensor:
        return 2 * x

    twice.register_fake(torch.empty_like)
    torch.export.save(export(Custom(), (1, 4)), tmp_path / "custom.pt2")
    with pytest.raises(UnsupportedOperatorError) as caught:
        load_model(tmp_path / "custom.pt2", NEVER)
    text = str(caught.value)
    assert "2 reasons at 2 places" in text
    assert "mcugen_tests.twice.default: operators outside aten" in text
    assert f"aten.cumprod.default, {line_of('cumprod(x + constant')}" in text


class Wide(nn.Module):
    """A quantized program with an unknown operator, with activations of 16 bits, and with scales found at run time."""

    def forward(self, x: Tensor, y: Tensor) -> tuple[Tensor, ...]:
        q = torch.ops.quantized_decomposed
        a = q.quantize_per_tensor(x, 0.05, 3, -128, 127, torch.int8)
        a = torch.cumprod(q.dequantize_per_tensor(a, 0.05, 3, -128, 127, torch.int8), 1)
        b = q.quantize_per_tensor(a, 0.05, 3, -32768, 32767, torch.int16)
        scale, zero = q.choose_qparams(y, -128, 127, 1e-6, torch.int8)
        c = q.quantize_per_tensor(y, scale, zero, -128, 127, torch.int8)
        return (
            q.dequantize_per_tensor(b, 0.05, 3, -32768, 32767, torch.int16),
            q.dequantize_per_tensor(c, scale, zero, -128, 127, torch.int8),
        )


def test_all_faults_of_a_quantized_program() -> None:
    with pytest.raises(UnsupportedOperatorError) as caught:
        compile_program(export(Wide(), (1, 4), (1, 4)), "net")
    text = str(caught.value)
    for words in ("aten.cumprod.default: this", "8 bits", "choose_qparams", line_of("torch.int16)")):
        assert words in text


class Calls(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function
        self.norm = nn.LayerNorm(8)
        with torch.no_grad():
            self.norm.weight[3] = torch.inf

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x) if self.function is nn.functional.layer_norm else self.function(x)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (lambda x: torch.atan2(x[:1], x[1:]), ("aten.atan2.default", "atan(y / x)")),
        (lambda x: torch.float_power(x, 2), ("aten.float_power.Tensor_Scalar", "torch.float64", "use pow")),
        (lambda x: torch.linalg.vector_norm(x, -1), ("norm of order -1", "use -inf", "clamp")),
        (lambda x: torch.pow(x[:1], x[1:]), ("aten.pow.Tensor_Tensor", "constant exponent")),
        (nn.functional.layer_norm, ("its weight 'norm.weight' holds inf", "check the weights")),
    ],
)
def test_says_what_is_wrong_and_what_to_use(function: Callable[[Tensor], Tensor], words: tuple[str, ...]) -> None:
    text = refused(Calls(function), (2, 8))
    assert all(word in text for word in words) and "test_rehearsal.py:" in text
