"""In-place operators mean what they mean in PyTorch; operators that do more than compute never run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend import compile_program, load_model
from mcugen.frontend.functional import make_functional
from mcugen.frontend.parts import change_whole_tensors
from tests.frontend.archives import edit_program, small_archive
from tests.frontend.programs import export, samples, seeded

INPUT = (1, 3, 4, 4)


class Net(nn.Module):
    def __init__(self, kind: str) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 3, 3, padding=1)
        self.register_buffer("state", torch.zeros(1, 3, 4, 4))
        self.kind = kind

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        return getattr(self, self.kind)(x, y)

    def relu(self, x: Tensor, y: Tensor) -> Tensor:
        z = torch.relu_(y)
        return y + z * x

    def chain(self, x: Tensor, y: Tensor) -> Tensor:
        before = y * 2
        y.add_(x)
        nn.functional.hardtanh(y, 0.0, 1.0, inplace=True)
        return y + before

    def view(self, x: Tensor, y: Tensor) -> Tensor:
        torch.relu_(y.view(1, -1))
        return y + x

    def clone(self, x: Tensor, y: Tensor) -> Tensor:
        z = y.clone()
        z.add_(x)
        return z * y

    def pool(self, x: Tensor, y: Tensor) -> Tensor:
        z = nn.functional.max_pool2d(y, 3, 1, 1)
        torch.relu_(z)
        return z + y

    def padding(self, x: Tensor, y: Tensor) -> Tensor:
        z = nn.functional.pad(y, (1, 1, 1, 1))
        nn.functional.hardtanh_(z, -0.5, 0.5)
        return nn.functional.max_pool2d(z, 3, 1) + y

    def part(self, x: Tensor, y: Tensor) -> Tensor:
        y[:, :, 1:3] = 0.0
        return y + x

    def chunk(self, x: Tensor, y: Tensor) -> Tensor:
        torch.relu_(y.chunk(2, 2)[0])
        return y + x

    def dropout(self, x: Tensor, y: Tensor) -> Tensor:
        torch.relu_(nn.functional.dropout(y, 0.5, False))
        return y + x

    def input(self, x: Tensor, y: Tensor) -> Tensor:
        return x.add_(y)

    def random(self, x: Tensor, y: Tensor) -> Tensor:
        return y + torch.rand(1, 3, 4, 4)

    def half(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.relu(y.half()).float()

    def twice(self, x: Tensor, y: Tensor) -> Any:
        return y, x, y


@pytest.mark.parametrize("kind", ["relu", "chain", "clone", "pool", "padding", "input", "view", "dropout", "part"])
def test_later_readers_see_the_change(kind: str) -> None:
    model = seeded(Net(kind))
    module = export(model, INPUT).module(check_guards=False)
    change_whole_tensors(module)
    make_functional(module)
    assert not any(str(n.target).partition("_.")[1] for n in module.graph.nodes)
    x = torch.from_numpy(samples(INPUT, 1)[0])
    with torch.no_grad():
        assert torch.equal(module(x.clone()), model(x.clone()))


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("chunk", ["aten.relu_.default", "another name", "inplace=True", "through slices"]),
        ("random", ["aten.rand.default"]),
        ("half", ["torch.float16", "model.float()"]),
    ],
)
def test_refused(kind: str, words: list[str]) -> None:
    with pytest.raises(UnsupportedOperatorError) as caught:
        compile_program(export(seeded(Net(kind)), INPUT), "net", "random")
    for word in [*words, "test_functional.py:", "fix:"]:
        assert word in str(caught.value)


def test_an_input_that_is_changed_in_place_is_said(caplog: pytest.LogCaptureFixture) -> None:
    graph = compile_program(export(seeded(Net("input")), INPUT), "net", "random")
    assert [op.kind for op in graph.operators] == ["conv2d", "add"]
    assert "changes its input in place" in caplog.text and "test_functional.py:" in caplog.text


def test_outputs_have_names_and_tensors_of_their_own() -> None:
    graph = compile_program(export(seeded(Net("twice")), INPUT), "net", "random")
    assert [p.name for p in graph.outputs] == ["conv2d", "x", "conv2d_1"]
    assert len({p.tensor for p in (*graph.inputs, *graph.outputs)}) == 4


def test_operators_with_effects_do_not_run(tmp_path: Path) -> None:
    """aten has operators that touch files: from_file creates them."""
    mark = tmp_path / "created"

    def change(program: dict[str, Any]) -> None:
        node = program["graph_module"]["graph"]["nodes"][0]
        node["target"] = "torch.ops.aten.from_file.default"
        values = {"filename": {"as_string": str(mark)}, "shared": {"as_bool": True}, "size": {"as_int": 100}}
        node["inputs"] = [{"name": name, "arg": arg, "kind": 1} for name, arg in values.items()]
        node["outputs"] = json.loads(json.dumps(node["outputs"]))

    archive = edit_program(small_archive(tmp_path), tmp_path / "file.pt2", change)
    with pytest.raises(UnsupportedOperatorError, match="from_file"):
        load_model(archive, "random")
    assert not mark.exists()
    torch.ops.aten.from_file.default(str(mark), True, 100)
    assert mark.exists()
