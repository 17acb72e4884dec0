"""Operators of a user's own: the worked example, and plugins that cannot be added."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.frontend import load_model
from mcugen.graph import reference
from mcugen.graph.quantization import dequantize, quantize
from mcugen.plugins import load_plugin

EXAMPLE = Path(__file__).parents[1] / "examples" / "plugins" / "smooth.py"


class Smoothed(nn.Module):
    """Uses the example's operator, which its plugin defines."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.register_buffer("decay", torch.tensor([0.0, 0.5, 0.9]))
        self.last = nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.last(torch.ops.demo.smooth(x, self.decay))


def samples(count: int = 12) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(count, 2, 7, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """model.pt2 and samples.npz in a folder."""
    folder = tmp_path_factory.mktemp("plugin")
    load_plugin(str(EXAMPLE))
    torch.export.save(torch.export.export(Smoothed().eval(), (torch.zeros(2, 7, 3),)), folder / "model.pt2")
    np.savez(folder / "samples.npz", x=samples())
    return folder


def test_the_reference_is_close_to_the_operator(saved: Path) -> None:
    graph = load_model(saved / "model.pt2", saved / "samples.npz")
    assert [op.kind for op in graph.operators].count("smooth") == 1
    (port,), (out,) = graph.inputs, graph.outputs
    given = {port.name: quantize(samples(), graph.tensor(port.tensor).quantization, "int8")}
    got = dequantize(reference.run_model_layout(graph, given)[out.name], graph.tensor(out.tensor).quantization)
    with torch.no_grad():
        wanted = np.stack([Smoothed()(torch.tensor(x)).numpy() for x in samples()])
    assert np.abs(got - wanted).max() <= 4 * graph.tensor(out.tensor).scale


@pytest.mark.emulator
def test_the_commands_in_fresh_processes(saved: Path) -> None:
    def mcugen(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mcugen", *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    options = ("--board", "nrf5340dk", "--calibration", saved / "samples.npz", "--output", saved / "out")
    done = mcugen("emit", saved / "model.pt2", *options, "--plugin", EXAMPLE)
    assert done.returncode == 0, done.stderr
    assert (saved / "out" / "kernels" / "plugins" / "demo" / "smooth_s8.c").is_file()
    verdict = mcugen("verify", saved / "out", "--json")
    assert verdict.returncode == 0, verdict.stderr
    found = json.loads(verdict.stdout)
    assert found["match"] and "smooth_s8.demo" in [layer["kernel"] for layer in found["layers"]]


def test_an_installed_plugin_is_named_by_its_entry_point(saved: Path, tmp_path: Path) -> None:
    """What an installer leaves in a folder of packages: the module and the metadata beside it."""
    (tmp_path / "smoothing.py").write_text(EXAMPLE.read_text())
    metadata = tmp_path / "smoothing-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: smoothing\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[mcugen.plugins]\nsmooth = smoothing:PLUGIN\n")
    # Commands one after another in one process, since PyTorch takes seconds to import: what is not named is not there.
    emit = ["emit", str(saved / "model.pt2"), "--board", "nrf5340dk", "--calibration", str(saved / "samples.npz")]
    check = ["check", str(saved / "model.pt2"), "--plugin", "smooth"]
    program = f"from mcugen import cli\nprint(*[cli._run(command) for command in ({emit}, {check})])"
    command, environment = [sys.executable, "-c", program], {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-2:] == ["2", "0"], done.stderr
    assert "demo.smooth.default: operators outside aten" in done.stderr and "--plugin" in done.stderr
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1 +", "cannot be run: SyntaxError"),
        ("raise RuntimeError('no')", "cannot be run: RuntimeError: no"),
        ("PLUGIN = 3", "has no PLUGIN"),
        ("P('Bad Name', {}, ())", "'Bad Name' is taken, or not of lower-case"),
        ("P('mine', {'aten.add.Tensor': 1}, ())", "'aten.add.Tensor' is no operator of a namespace of its own"),
        ("P('mine', {'my.op.default': 1}, ())", "'my.op.default' is no Row"),
        ("P('mine', {}, (3,))", "3 is no Kernel"),
        ("P('mine', {}, (), {'../x.c': ''})", "'../x.c' is no name of a C file"),
    ],
)
def test_a_plugin_that_cannot_be_added(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "plugin.py"
    path.write_text(f"from mcugen.plugins import Plugin as P\n{'PLUGIN = ' if text.startswith('P(') else ''}{text}\n")
    with pytest.raises(InputError) as caught:
        load_plugin(str(path))
    assert words in str(caught.value) and "plugin.py" in str(caught.value)


def test_a_plugin_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"there is no plugin 'nothing\.py'"):
        load_plugin("nothing.py")


def test_a_decay_that_has_no_integer_form(saved: Path, tmp_path: Path) -> None:
    model = Smoothed().eval()
    model.decay.fill_(1.0)
    torch.export.save(torch.export.export(model, (torch.zeros(2, 7, 3),)), tmp_path / "model.pt2")
    with pytest.raises(UnsupportedOperatorError, match="its decay is no constant in") as caught:
        load_model(tmp_path / "model.pt2", saved / "samples.npz")
    assert "test_plugins.py:" in str(caught.value)
