#!/usr/bin/env bash
# torchao 0.18.0: PT2E quantization passes the channel axis only to observers with "PerChannel" in the name of their class.
#
# Expected: QuantizationSpec.ch_axis is the axis that a per-channel observer observes, whatever its class is called; a
#   subclass that adds nothing gives what its base class gives.
#
# Seen (ConvTranspose2d(2, 3, 1), weights [[1, 10, 100], [2, 20, 200]], input 1, 1; int8 weights, per_channel_symmetric, ch_axis=1):
#   PerChannelMinMaxObserver             axis 1, 3 scales, 3.0079 30.0787 300.7874
#   class FinePerChannel(the same)       axis 1, 3 scales, 3.0079 30.0787 300.7874
#   class ChannelwiseObserver(the same)  axis 0, 2 scales, 2.3622 30.7087 300.0000
#   the same, with_args(ch_axis=1)       axis 1, 3 scales, 3.0079 30.0787 300.7874
#   float program                                          3.0000 30.0000 300.0000
#
#   prepare_pt2e leaves ch_axis out of the arguments of the third one, whose default is 0. The program that comes out is
#   consistent in itself (scales and axis 0), so there is no error and no warning: weights just lose precision, small ones
#   most (21 % above).
#
# Since: seen in torchao 0.18.0 with PyTorch 2.13.0; other versions were not tried. No report of it was found on GitHub.
#
# For who uses it: put "PerChannel" into the name of each observer that observes channels, or give it the axis yourself, by
#   with_args(ch_axis=...). Tests with convolutions and linear layers do not show it, as their outputs are on axis 0;
#   those of transposed convolutions are on axis 1.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet torch==2.13.0 torchao==0.18.0 numpy==2.4.6

cat > show.py <<'PYTHON'
import warnings
from importlib.metadata import version

import torch
from torchao.quantization.pt2e import PerChannelMinMaxObserver
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e
from torchao.quantization.pt2e.quantizer import QuantizationAnnotation, QuantizationSpec, Quantizer

warnings.simplefilter("ignore")


class FinePerChannel(PerChannelMinMaxObserver):
    """Adds nothing."""


class ChannelwiseObserver(PerChannelMinMaxObserver):
    """Adds nothing."""


class WeightsOnly(Quantizer):
    """int8 weights of transposed convolutions, one scale for each output channel, which is axis 1."""

    def __init__(self, observer):
        super().__init__()
        self.spec = QuantizationSpec(
            dtype=torch.int8,
            observer_or_fake_quant_ctr=observer,
            quant_min=-127,
            quant_max=127,
            qscheme=torch.per_channel_symmetric,
            ch_axis=1,
        )

    def annotate(self, model):
        for node in model.graph.nodes:
            if node.op == "call_function" and "conv_transpose2d" in str(node.target):
                node.meta["quantization_annotation"] = QuantizationAnnotation({node.args[1]: self.spec}, _annotated=True)
        return model

    def validate(self, model):
        pass


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.upsample = torch.nn.ConvTranspose2d(2, 3, 1, bias=False)
        with torch.no_grad():
            self.upsample.weight.copy_(torch.tensor([[1.0, 10, 100], [2, 20, 200]]).reshape(2, 3, 1, 1))

    def forward(self, x):
        return self.upsample(x)


def quantized(observer):
    """The results, and the axis and the count of the weights' scales."""
    prepared = prepare_pt2e(torch.export.export(Network().eval(), (x,)).module(), WeightsOnly(observer))
    prepared(x)
    program = convert_pt2e(prepared)
    (node,) = [n for n in program.graph.nodes if "dequantize_per_channel" in str(n.target)]
    scales = getattr(program, node.args[1].target)
    return program(x).flatten().tolist(), node.args[3], len(scales)


for package in ("torch", "torchao"):
    print(package, version(package))
x = torch.ones(1, 2, 1, 1)
right, wrong = [3.0079, 30.0787, 300.7874], [2.3622, 30.7087, 300.0]
for label, observer, axis, results in (
    ("PerChannelMinMaxObserver", PerChannelMinMaxObserver, 1, right),
    ("class FinePerChannel(the same)", FinePerChannel, 1, right),
    ("class ChannelwiseObserver(the same)", ChannelwiseObserver, 0, wrong),
    ("the same, with_args(ch_axis=1)", ChannelwiseObserver.with_args(ch_axis=1), 1, right),
):
    found, found_axis, count = quantized(observer)
    print(f"{label:<36} axis {found_axis}, {count} scales,", *(f"{value:.4f}" for value in found))
    assert (found_axis, count) == (axis, (2, 3)[axis]), "the behaviour has changed"
    assert [round(value, 4) for value in found] == results, "the behaviour has changed"
print(f"{'float program':<54}", *(f"{value:.4f}" for value in Network()(x).flatten().tolist()))
PYTHON
venv/bin/python show.py 2> log || { cat log >&2; exit 1; }
