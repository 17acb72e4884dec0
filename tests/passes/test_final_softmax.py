"""Outputs without the softmax at their end: the same classes, fewer operators, and it is said everywhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcugen import api
from mcugen.errors import InputError
from mcugen.graph import Graph, Port, Quantization, Tensor, reference
from mcugen.graph.graph import Fidelity
from mcugen.graph.ops import LogSoftmax, Softmax
from mcugen.passes.final_softmax import drop_final_softmax
from mcugen.report import text
from tests.emit.test_golden import tiny


def test_the_same_class() -> None:
    graph = tiny()
    dropped = drop_final_softmax(graph)
    dropped.validate()
    assert [op.kind for op in graph.operators if op not in dropped.operators] == ["softmax"]
    (port,), (before,) = dropped.outputs, graph.outputs
    assert (port.name, port.tensor, port.shape, port.logits) == ("scores_logits", "logits", before.shape, True)
    rng = np.random.default_rng(4)
    for _ in range(30):
        x = {"image": rng.integers(-128, 128, (1, 6, 5, 3)).astype(np.int8)}
        shares, scores = reference.run(graph, x)["scores"], reference.run(dropped, x)["logits"]
        # Shares may be equal where scores are not.
        assert shares.reshape(-1)[scores.argmax()] == shares.max()


def several() -> Graph:
    """A softmax that something else reads, a logarithm of one, and an output that is none."""
    q, shares = Quantization.per_tensor(0.1, 3), Quantization.per_tensor(1 / 256, -128)
    tensors = {
        "x": Tensor("x", (1, 5), "int8", q),
        "a": Tensor("a", (1, 5), "int8", shares),
        "b": Tensor("b", (1, 5), "int8", Quantization.per_tensor(16 / 256, 127)),
    }
    operators = (
        Softmax(name="a", inputs=("x",), outputs=("a",)),
        LogSoftmax(name="b", inputs=("a",), outputs=("b",)),
    )
    outputs = tuple(Port(name, name, (1, 5), (0, 1)) for name in ("a", "b", "x"))
    graph = Graph("several", tensors, operators, (Port("x", "x", (1, 5), (0, 1)),), outputs)
    graph.validate()
    return graph


def test_what_is_read_elsewhere_stays() -> None:
    graph = replace(several(), fidelity=Fidelity(3, {"a": 40.0, "b": 30.0, "x": 50.0}))
    dropped = drop_final_softmax(graph)
    dropped.validate()
    assert [op.name for op in dropped.operators] == ["a"]
    ports = [(port.name, port.tensor, port.logits) for port in dropped.outputs]
    assert ports == [("a_logits", "x", True), ("b_logits", "a", True), ("x", "x", False)]
    assert dropped.fidelity is not None and dict(dropped.fidelity.sqnr_db) == {"x": 50.0}


def test_it_is_said(tmp_path: Path) -> None:
    """In header, README and manifest, not as if it were the model's own output."""
    module = api.compile(tiny(), api.Options(board="nrf5340dk", final_softmax="drop"))
    module.write(tmp_path / "tiny")
    (port,) = module.manifest.outputs
    assert (port.name, module.manifest.options["final_softmax"]) == ("scores_logits", "drop")
    assert "the scores before the model's softmax" in (tmp_path / "tiny" / "include" / "tiny.h").read_text()
    assert "`scores_logits`: scores before the model's softmax" in (tmp_path / "tiny" / "README.md").read_text()
    assert text.accuracy(module.manifest) == "not known: its softmax was dropped"
    assert not any(layer.op == "softmax" for layer in module.manifest.layers)
    plain = api.compile(tiny(), api.Options(board="nrf5340dk"))
    assert "final_softmax" not in plain.manifest.options


def test_no_softmax_to_drop() -> None:
    without = drop_final_softmax(tiny())
    with pytest.raises(InputError, match=r"(?s)no output ends in a softmax.*scores already"):
        api.compile(without, api.Options(board="nrf5340dk", final_softmax="drop"))
