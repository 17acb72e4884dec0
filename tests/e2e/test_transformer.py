"""Attention, masks and normalizations on emulated boards, quantized once, emitted for and verified on each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from mcugen.api import Options, compile
from mcugen.frontend import load_model
from mcugen.graph import Graph
from tests.e2e.test_examples import Command

RNG = np.random.default_rng(6)
SHAPES = {"x": (2, 9, 16), "padding": (2, 9)}


class Network(nn.Module):
    """Every operator of the family: attention that is causal, and with a mask that is an input; all normalizations."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.TransformerEncoderLayer(16, 4, 24, activation="gelu", batch_first=True, norm_first=True)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)
        self.norms = nn.Sequential(nn.GroupNorm(3, 9), nn.InstanceNorm1d(9), nn.RMSNorm(16))
        self.register_buffer("causal", nn.Transformer.generate_square_subsequent_mask(9))

    def forward(self, x: Tensor, padding: Tensor) -> tuple[Tensor, Tensor]:
        x = self.encoder(x, self.causal, is_causal=True)
        x = x + self.attention(x, x, x, key_padding_mask=padding, need_weights=False)[0]
        x = functional.normalize(self.norms(x), dim=-1)
        return x, torch.einsum("bqd,bkd->bqk", x, x).softmax(-1)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    folder = tmp_path_factory.mktemp("attention")
    torch.manual_seed(0)
    padding = np.zeros((4, 2, 9), bool)
    padding[1:, 0, 6:] = True
    samples = {"x": RNG.normal(size=(4, *SHAPES["x"])).astype(np.float32), "padding": padding}
    example = (torch.zeros(SHAPES["x"]), torch.zeros(SHAPES["padding"], dtype=torch.bool))
    torch.export.save(torch.export.export(Network().eval(), example), folder / "net.pt2")
    np.savez(folder / "in.npz", **samples)
    return load_model(folder / "net.pt2", folder / "in.npz")


@pytest.mark.emulator
@pytest.mark.sampled(1)
@pytest.mark.parametrize("board", ["nrf5340dk", "mps2_an385", "mps3_an547"])
def test_network_of_attention_matches(board: str, command: Command, graph: Graph, tmp_path: Path) -> None:
    compile(graph, Options(board=board)).write(tmp_path / "out")
    verified = command("verify", tmp_path / "out", "--json")
    assert verified.code == 0 and verified.json["match"] is True, verified.err
    kinds = {layer["op"] for layer in verified.json["layers"]}
    assert {"batch_matmul", "masked_softmax", "normalize"} <= kinds
