"""Programs that other quantizers made: PT2E with other schemes, QAT, unfolded weights, unsigned integers."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import compile_program, import_program
from mcugen.frontend.importer import is_quantized
from tests.frontend import cortex_m
from tests.frontend.programs import compare, export, seeded, transposes, with_quantizer

INPUT = (1, 3, 9, 8)


class Net(nn.Module):
    """A bit of everything, among it a residual connection."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU())
        self.block = nn.Sequential(nn.Conv2d(6, 6, 3, padding=1, groups=6), nn.ReLU(), nn.Conv2d(6, 6, 1))
        self.pool = nn.MaxPool2d(2)
        self.average = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(6, 4)

    def forward(self, image: Tensor) -> Tensor:
        x = self.stem(image)
        x = torch.relu(self.block(x) + x)
        x = self.average(self.pool(x))
        return self.classifier(x.flatten(1))


def xnnpack(**arguments: Any) -> Any:
    from torchao.testing.pt2e._xnnpack_quantizer import XNNPACKQuantizer, get_symmetric_quantization_config

    return XNNPACKQuantizer().set_global(get_symmetric_quantization_config(**arguments))


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("fold", [False, True])
def test_post_training(per_channel: bool, fold: bool) -> None:
    module = with_quantizer(seeded(Net()), xnnpack(is_per_channel=per_channel), INPUT, fold=fold)
    result = compare(module, INPUT)
    assert result.layer <= 1, result.where
    assert result.output <= 2
    assert not transposes(result.graph)


def test_quantization_aware_training() -> None:
    model = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 6, 3, groups=6), nn.Flatten(), nn.Linear(120, 4))
    quantizer = xnnpack(is_per_channel=True, is_qat=True)
    result = compare(with_quantizer(seeded(model), quantizer, INPUT, training=True), INPUT)
    assert result.layer <= 1, result.where
    assert result.output <= 2
    assert not transposes(result.graph)


@pytest.mark.slow  # PyTorch matches batch-norm patterns for a minute
@pytest.mark.parametrize("per_channel", [False, True])
def test_quantization_aware_training_with_batch_norm(per_channel: bool) -> None:
    quantizer = xnnpack(is_per_channel=per_channel, is_qat=True)
    result = compare(with_quantizer(seeded(Net()), quantizer, INPUT, training=True), INPUT)
    assert result.layer <= 1, result.where
    assert result.output <= 2
    assert not transposes(result.graph)


def test_unsigned_activations() -> None:
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86

    quantizer = x86.X86InductorQuantizer().set_global(x86.get_default_x86_inductor_quantization_config())
    model = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Conv2d(6, 4, 1), nn.ReLU(), nn.MaxPool2d(2))
    result = compare(with_quantizer(seeded(model), quantizer, INPUT), INPUT)
    assert result.layer <= 1, result.where
    assert result.output <= 2


class Handmade(nn.Module):
    """q/dq operators written out: every corner of the form is under control."""

    def __init__(self, low: int = -128, high: int = 127, per_channel: bool = True) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1)
        self.register_buffer("weight", torch.randint(-127, 128, (4, 6), generator=generator, dtype=torch.int8))
        self.register_buffer("scales", torch.tensor([0.01, 0.02, 0.005, 0.03]))
        self.register_buffer("zeros", torch.zeros(4, dtype=torch.int64))
        self.register_buffer("bias", torch.tensor([10, -2000, 0, 70000], dtype=torch.int32))
        self.low, self.high, self.per_channel = low, high, per_channel

    def forward(self, x: Tensor) -> Tensor:
        q = torch.ops.quantized_decomposed
        low, high = self.low, self.high
        x = q.quantize_per_tensor(x, 0.05, 3, low, high, torch.int8)
        x = q.dequantize_per_tensor(x, 0.05, 3, low, high, torch.int8)
        if self.per_channel:
            w = q.dequantize_per_channel(self.weight, self.scales, self.zeros, 0, -127, 127, torch.int8)
        else:
            w = q.dequantize_per_tensor(self.weight, 0.02, 0, -127, 127, torch.int8)
        b = q.dequantize_per_tensor(self.bias, 0.0005, 0, -(2**31), 2**31 - 1, torch.int32)
        y = torch.nn.functional.linear(x, w, b)
        y = q.quantize_per_tensor(y, 0.4, -7, low, high, torch.int8)
        return q.dequantize_per_tensor(y, 0.4, -7, low, high, torch.int8)


@pytest.mark.parametrize("limits", [(-128, 127), (-127, 127), (0, 127)])
@pytest.mark.parametrize("per_channel", [False, True])
def test_narrow_integers_and_integer_bias(limits: tuple[int, int], per_channel: bool) -> None:
    result = compare(Handmade(*limits, per_channel=per_channel), (1, 6))
    assert result.layer <= 1 and result.output <= 1
    layer = next(op for op in result.graph.operators if op.kind == "fully_connected")
    assert layer.clamp == limits  # type: ignore[attr-defined]


def test_the_form_of_cortex_m() -> None:
    result = compare(cortex_m.Net(), cortex_m.INPUT)
    assert result.layer <= 1, result.where
    assert result.output <= 1
    weights = [t.data for t in result.graph.tensors.values() if t.data is not None and t.dtype == "int8"]
    assert all(data.min() == -128 for data in weights) and len(weights) == 4
    assert not transposes(result.graph)


def test_requantize_and_integer_movement() -> None:
    class Integers(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            q = torch.ops.quantized_decomposed
            a = q.quantize_per_tensor(x, 0.05, 3, -128, 127, torch.int8)
            b = q.dequantize_per_tensor(a.transpose(1, 2).reshape(1, 12), 0.05, 3, -128, 127, torch.int8)
            c = q.quantize_per_tensor(b, 0.11, -20, -128, 127, torch.int8)
            return q.dequantize_per_tensor(c, 0.11, -20, -128, 127, torch.int8), a

    result = compare(Integers(), (1, 3, 4))
    assert result.layer <= 1 and result.output <= 1
    assert {op.kind for op in result.graph.operators} == {"requantize", "reshape"}
    assert result.graph.inputs[0].to_device == (0, 2, 1)


def test_integer_input_and_output() -> None:
    class Integers(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            q = torch.ops.quantized_decomposed
            y = torch.relu(q.dequantize_per_tensor(x, 0.05, 3, -128, 127, torch.int8))
            return q.quantize_per_tensor(y, 0.05, 3, -128, 127, torch.int8)

    program = torch.export.export(Integers(), (torch.zeros(1, 4, dtype=torch.int8),))
    graph = import_program(program, "integers")
    assert [op.kind for op in graph.operators] == ["clamp"]
    assert graph.tensor(graph.inputs[0].tensor).scale == pytest.approx(0.05)


def test_core_aten_programs() -> None:
    """Programs after run_decompositions: convolution, addmm, permute, max_pool2d_with_indices and their kin."""
    from mcugen.frontend.importer import inputs_of
    from mcugen.frontend.quantize import quantize
    from tests.frontend.programs import samples

    program = export(seeded(Net()), INPUT).run_decompositions()
    names = {str(n.target) for n in program.graph.nodes}
    assert {"aten.convolution.default", "aten.addmm.default"} <= names
    module = program.module(check_guards=False)
    data = {spec.name: samples(spec.shape) for spec in inputs_of(module)}
    result = compare(quantize(module, data), INPUT)
    assert result.layer <= 1 and result.output <= 2, result.where
    assert not transposes(result.graph)


# -- refusals --------------------------------------------------------------------------------------------------------


def refused(module: nn.Module, *shapes: tuple[int, ...]) -> str:
    with pytest.raises(UnsupportedOperatorError) as caught:
        import_program(export(module, *shapes), "net")
    assert caught.value.hint
    return str(caught.value)


class Float(nn.Module):
    """quantize, then an operator whose result nothing quantizes."""

    def __init__(self, operator: str) -> None:
        super().__init__()
        self.linear = nn.Linear(6, 6)
        self.operator = operator

    def forward(self, x: Tensor) -> Tensor:
        q = torch.ops.quantized_decomposed
        x = q.dequantize_per_tensor(
            q.quantize_per_tensor(x, 0.05, 3, -128, 127, torch.int8), 0.05, 3, -128, 127, torch.int8
        )
        if self.operator == "cumprod":
            x = torch.cumprod(x, 1)
        elif self.operator == "linear":
            x = self.linear(x)
        elif self.operator == "float input":
            x = x + torch.ones(1, 6) * 2
        return x


def test_unknown_operator_names_operator_line_and_hint() -> None:
    text = refused(Float("cumprod"), (1, 6))
    source = __file__.rsplit("/", 1)[-1]
    assert "aten.cumprod.default" in text and f"{source}:" in text and "fix:" in text


def test_float_weights_are_no_silent_fallback() -> None:
    text = refused(Float("linear"), (1, 6))
    assert "aten.linear.default" in text and "stays in float" in text and "module linear" in text


def test_float_output_of_a_computation() -> None:
    assert "aten.add.Tensor" in refused(Float("float input"), (1, 6))


def test_dynamic_quantization() -> None:
    class Dynamic(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            q = torch.ops.quantized_decomposed
            scale, zero = q.choose_qparams(x, -128, 127, 1e-6, torch.int8)
            return q.dequantize_per_tensor(
                q.quantize_per_tensor(x, scale, zero, -128, 127, torch.int8), scale, zero, -128, 127, torch.int8
            )

    assert "choose_qparams" in refused(Dynamic(), (1, 6))


class SixteenBits(nn.Module):
    def __init__(self, zero_point: int) -> None:
        super().__init__()
        self.zero_point = zero_point

    def forward(self, x: Tensor) -> Tensor:
        q = torch.ops.quantized_decomposed
        parameters = (0.05, self.zero_point, -32768, 32767, torch.int16)
        return torch.softmax(q.dequantize_per_tensor(q.quantize_per_tensor(x, *parameters), *parameters), 1)


def test_sixteen_bit_activations() -> None:
    graph = compile_program(export(SixteenBits(0), (1, 6)), "net")
    assert graph.tensor(graph.inputs[0].tensor).dtype == "int16"


def test_sixteen_bit_activations_are_symmetric() -> None:
    assert "activations must be quantized to 8 bits per tensor" in refused(SixteenBits(3), (1, 6))


def test_calibration_is_ignored_for_quantized_models(caplog: pytest.LogCaptureFixture) -> None:
    program = export(Handmade(), (1, 6))
    assert is_quantized(program.module(check_guards=False))
    graph = compile_program(program, "net", "random")
    assert "already quantized" in caplog.text
    assert graph.metadata["calibration"] == "none"
