"""The text of a small module, reviewed like code: a change of it shows up in the diff of tests/emit/golden.

`MCUGEN_UPDATE_GOLDEN=1 pytest tests/emit/test_golden.py` writes the files anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from mcugen import api
from mcugen.graph import Graph, Origin, Port, Quantization, Tensor
from mcugen.graph.ops import Add, Conv2d, DepthwiseConv2d, FullyConnected, Mean, Softmax

GOLDEN = Path(__file__).parent / "golden"
SOURCES = ("src/tiny.c", "src/tiny_weights.c", "src/tiny_model.c", "src/tiny_ports.c")
BESIDE = ("README.md", "Makefile", "example/main.c", "test/vectors.c", "CMakeLists.txt", "Kconfig")
TEXTS = ("include/tiny.h", *SOURCES, *BESIDE)


def tiny() -> Graph:
    """Convolution, depthwise, residual addition, mean, fully connected, softmax on 6x5x3."""
    rng = np.random.default_rng(1)
    tensors: dict[str, Tensor] = {}

    def keep(tensor: Tensor) -> str:
        tensors[tensor.name] = tensor
        return tensor.name

    def activation(name: str, *shape: int, scale: float = 0.05, zero_point: int = -128) -> str:
        return keep(Tensor(name, shape, "int8", Quantization.per_tensor(scale, zero_point)))

    def weights(name: str, *shape: int, axis: int) -> tuple[str, str]:
        scales = rng.uniform(0.002, 0.01, shape[axis])
        data = rng.integers(-127, 128, shape).astype(np.int8)
        bias = rng.integers(-500, 500, shape[axis]).astype(np.int32)
        return (
            keep(Tensor(f"{name}_weights", shape, "int8", Quantization.per_channel(scales, axis), data)),
            keep(Tensor(f"{name}_bias", bias.shape, "int32", None, bias)),
        )

    x = activation("image", 1, 6, 5, 3, zero_point=-3)
    conv, dw, total = (activation(n, 1, 6, 5, 4) for n in ("stem", "depthwise", "total"))
    mean = activation("mean", 1, 4)
    logits = activation("logits", 1, 3, scale=0.1, zero_point=4)
    scores = activation("scores", 1, 3, scale=1 / 256)
    same = (1, 1, 1, 1)
    operators = (
        Conv2d(
            name="stem",
            inputs=(x, *weights("stem", 4, 3, 3, 3, axis=0)),
            outputs=(conv,),
            padding=same,
            origin=Origin("tiny.py:7", "stem", "aten.conv2d.default"),
        ),
        DepthwiseConv2d(
            name="depthwise", inputs=(conv, *weights("dw", 1, 3, 3, 4, axis=3)), outputs=(dw,), padding=same
        ),
        Add(name="residual", inputs=(conv, dw), outputs=(total,)),
        Mean(name="mean", inputs=(total,), outputs=(mean,), axes=(1, 2)),
        FullyConnected(name="classifier", inputs=(mean, *weights("fc", 3, 4, axis=0)), outputs=(logits,)),
        Softmax(name="softmax", inputs=(logits,), outputs=(scores,)),
    )
    ports = (Port(x, "image", (1, 3, 6, 5), (0, 2, 3, 1)),), (Port(scores, "scores", (1, 3), (0, 1)),)
    graph = Graph("tiny", tensors, operators, *ports)
    graph.validate()
    return graph


@pytest.mark.parametrize("board", ["nrf5340dk", "mps2_an385"])
def test_text(board: str) -> None:
    module = api.compile(tiny(), api.Options(board=board))
    found = {str(path): content.decode() for path, content in module.files.items() if str(path) in TEXTS}
    assert set(found) == set(TEXTS)
    manifest = json.loads(module.files[next(p for p in module.files if p.name == "mcugen.json")])
    # Hashes of kernels and vectors change with every comment in them.
    del manifest["files"]
    found["mcugen.json"] = json.dumps(manifest, indent=2) + "\n"
    for name, text in found.items():
        path = GOLDEN / board / name
        if os.environ.get("MCUGEN_UPDATE_GOLDEN"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        assert path.read_text() == text, f"{path} differs: look at the change, then update it (see above)"
