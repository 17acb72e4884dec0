"""Writes this folder's files anew: `python make.py`, with ExecuTorch 1.5 and ethos-u-vela 5.2 installed.

A small network, quantized by ExecuTorch's quantizer for the Ethos-U and given to its delegate; inputs and outputs are
those of the quantized PyTorch program, as integers.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

FOLDER = Path(__file__).parent
TARGETS = ("ethos-u55-128", "ethos-u85-256")
SHAPE = (1, 3, 16, 16)


class Network(torch.nn.Module):
    """Convolutions, a sum of operands with scales of their own, a maximum, a table."""

    def __init__(self) -> None:
        super().__init__()
        self.first = torch.nn.Conv2d(3, 12, 3, stride=2, padding=1)
        self.second = torch.nn.Conv2d(12, 12, 3, padding=1, groups=12)
        self.third = torch.nn.Conv2d(12, 20, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = torch.relu(self.first(x))
        x = torch.nn.functional.max_pool2d(x + torch.relu(self.second(x)), 2)
        return torch.sigmoid(self.third(x))


def _integers(values: torch.Tensor, node: Any) -> np.ndarray:
    """What a node that quantizes, or takes quantized values, has them as."""
    scale, zero_point, low, high = node.args[1:5]
    return np.asarray(torch.clamp(torch.round(values / scale) + zero_point, low, high).to(torch.int8))


def make(target: str) -> None:
    from executorch.backends.arm.ethosu import EthosUCompileSpec, EthosUPartitioner
    from executorch.backends.arm.quantizer import EthosUQuantizer, get_symmetric_quantization_config
    from executorch.exir import EdgeCompileConfig, to_edge_transform_and_lower
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

    torch.manual_seed(0)
    network, sample = Network().eval(), (torch.randn(SHAPE),)
    spec = EthosUCompileSpec(target)
    quantizer = EthosUQuantizer(spec)
    quantizer.set_global(get_symmetric_quantization_config())
    prepared = prepare_pt2e(torch.export.export(network, sample).module(), quantizer)
    for _ in range(8):
        prepared(torch.randn(SHAPE))
    program = torch.export.export(convert_pt2e(prepared), sample)
    config = EdgeCompileConfig(_check_ir_validity=False)
    edge = to_edge_transform_and_lower(program, partitioner=[EthosUPartitioner(spec)], compile_config=config)
    module = edge.exported_program().graph_module
    (content,) = (m.processed_bytes for m in module.modules() if hasattr(m, "processed_bytes"))
    (FOLDER / f"{target}.bin").write_bytes(content)
    nodes = [node for node in module.graph.nodes if "quantize_per_tensor" in str(node.target)]
    samples = torch.stack([torch.randn(SHAPE) for _ in range(5)])
    outputs = torch.stack([program.module()(values) for values in samples]).detach()
    np.savez_compressed(
        FOLDER / f"{target}.npz", input_0=_integers(samples, nodes[0]), wanted=_integers(outputs, nodes[-1])
    )


if __name__ == "__main__":
    for name in TARGETS:
        make(name)
