"""What is derived from activations does not follow the last bits of float arithmetic."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest
import torch
from torchao.quantization.pt2e import HistogramObserver, MinMaxObserver

from mcugen.frontend.ranges.rounding import SIGNIFICANT_BITS, _up, rounded

ARGUMENTS = {"dtype": torch.int8, "quant_min": -128, "quant_max": 127, "qscheme": torch.per_tensor_affine}


def test_ends_are_rounded_outwards_by_little() -> None:
    generator = torch.Generator().manual_seed(5)
    values = torch.randn(10_000, generator=generator) * 10 ** (torch.rand(10_000, generator=generator) * 12 - 6)
    up = _up(values)
    assert bool((up >= values).all())
    assert bool(((up - values).abs() <= values.abs() * 2.0 ** (1 - SIGNIFICANT_BITS)).all())
    exact = torch.tensor([0.0, 1.0, -1.0, 6.0, -0.75, 2.0**-20, 255.0])
    assert torch.equal(_up(exact), exact)
    assert torch.equal(_up(torch.tensor([float("inf"), -float("inf")])), torch.tensor([float("inf"), -float("inf")]))


@pytest.mark.parametrize("observer", [MinMaxObserver, HistogramObserver])
def test_ranges_do_not_follow_last_bits(observer: type) -> None:
    same = 0
    for seed in range(50):
        values = torch.randn(400, generator=torch.Generator().manual_seed(seed)) + 0.3
        found = []
        for nudged in (values, torch.nextafter(values, values * 2), torch.nextafter(values, values * 0)):
            observed = rounded(observer)(**ARGUMENTS)
            observed(nudged)
            found.append(observed.calculate_qparams())
        same += all(torch.equal(a, b) for other in found[1:] for a, b in zip(found[0], other, strict=True))
    assert same >= 48
    plain = observer(**ARGUMENTS)
    plain(values)
    # No value is cut off, and next to nothing of the resolution is lost.
    assert 1.0 <= float(found[0][0] / plain.calculate_qparams()[0]) < 1.003


_NETWORK = """
import hashlib, json, sys
import torch
from torch import nn
from mcugen.frontend.quantize import quantize
from mcugen.frontend.quantizer_options import PLAIN
from mcugen.frontend.signature import positional_module

torch.manual_seed(11)
first = [nn.Conv2d(3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()]
second = [nn.Conv2d(16, 24, 3, stride=2), nn.BatchNorm2d(24), nn.ReLU()]
model = nn.Sequential(*first, *second, nn.Conv2d(24, 16, 3), nn.Flatten(), nn.Linear(400, 10)).eval()
samples = torch.randn(8, 1, 3, 16, 16, generator=torch.Generator().manual_seed(2))
with torch.no_grad():
    output = model(samples[0]).numpy().tobytes()
program = torch.export.export(model, (samples[0],))
name = next(iter(program.graph_signature.user_inputs))
quantized = quantize(positional_module(program), {name: samples.numpy()}, options=PLAIN)
integers = b"".join(v.numpy().tobytes() for v in quantized.state_dict().values() if v.dtype == torch.int8)
scales = [repr(a) for n in quantized.graph.nodes for a in n.args if isinstance(a, float | int) and n.op != "output"]
digests = [hashlib.sha256(data).hexdigest() for data in (output, integers)]
print(json.dumps({"output": digests[0], "integers": digests[1], "scales": scales, "bytes": len(integers)}))
"""

# As CPUs without wide vectors: PyTorch's own kernels, and those of the libraries that it calls.
_SMALL_CPU = {"ATEN_CPU_CAPABILITY": "default", "DNNL_MAX_CPU_ISA": "SSE41", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}


def quantized(environment: dict[str, str]) -> dict[str, Any]:
    """What a fresh process makes of a network with such a CPU."""
    command = [sys.executable, "-W", "ignore", "-c", _NETWORK]
    done = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.slow
def test_a_network_is_the_same_with_another_vector_unit() -> None:
    here, there = quantized({}), quantized(_SMALL_CPU)
    if here["output"] == there["output"]:
        pytest.skip("this CPU's float arithmetic is that of one without wide vectors")
    assert here["bytes"] > 10_000 and len(here["scales"]) > 20
    assert here["scales"] == there["scales"]
    assert here["integers"] == there["integers"]
