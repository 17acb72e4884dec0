"""Programs that others have quantized, from a wheel in an environment of its own, each command a fresh process.

What a process of the tests has imported does not count here: what reads an archive must import what it needs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.e2e.conftest import Finished
from tests.frontend import cortex_m
from tests.frontend.programs import export, samples, seeded, with_quantizer
from tests.frontend.test_quantized_programs import xnnpack

pytestmark = pytest.mark.emulator
ROOT = Path(__file__).parents[2]
Command = Callable[..., Finished]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The console script of a wheel, in an environment that has the project's dependencies and not the project."""
    pytest.importorskip("hatchling", reason="building a wheel needs hatchling")
    folder = tmp_path_factory.mktemp("wheel")

    def command(*arguments: object, cwd: Path = ROOT) -> Finished:
        clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        done = subprocess.run([*map(str, arguments)], capture_output=True, text=True, cwd=cwd, env=clean, check=False)
        return Finished(done.returncode, done.stdout, done.stderr)

    def must(*arguments: object) -> None:
        done = command(*arguments)
        assert done.code == 0, done.err

    must(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    environment = folder / "environment"
    must(sys.executable, "-m", "venv", "--without-pip", environment)
    (wheel,) = folder.glob("*.whl")
    must(sys.executable, "-m", "pip", "--python", environment, "install", "--no-deps", "--no-index", wheel)
    (packages,) = environment.glob("lib/python*/site-packages")
    # What the test's own environment sees, but for the checkout, which its .pth files add.
    found = [path for path in sys.path if path.endswith("site-packages")] or [sysconfig.get_path("purelib")]
    (packages / "dependencies.pth").write_text("\n".join(found))
    where = command(environment / "bin" / "python", "-c", "import mcugen; print(mcugen.__file__)", cwd=folder)
    assert where.out.startswith(str(packages)), where
    return lambda *arguments, cwd: command(environment / "bin" / "mcugen", *arguments, cwd=cwd)


def of_torchao(training: bool) -> nn.Module:
    model = nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, groups=6),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 4),
        nn.Softmax(1),
    )
    quantizer = xnnpack(is_per_channel=True, is_qat=training)
    return with_quantizer(seeded(model), quantizer, cortex_m.INPUT, training=training)


@dataclass(frozen=True)
class Case:
    """How the program is made, and the name that forward() gives its input."""

    make: Callable[[], nn.Module]
    input: str


CASES = {
    "xnnpack": Case(lambda: of_torchao(False), "input"),
    "qat": Case(lambda: of_torchao(True), "input"),
    "cortex_m": Case(cortex_m.Net, "x"),
}
QUICK = {("xnnpack", "nrf5340dk"), ("cortex_m", "mps3_an547")}
TABLE = [
    pytest.param(case, board, marks=[] if (case, board) in QUICK else [pytest.mark.slow])
    for case in CASES
    for board in ("nrf5340dk", "mps3_an547")
]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("case", "board"), TABLE)
def test_taken_verified_and_within_one_step(installed: Command, case: str, board: str, tmp_path: Path) -> None:
    model = CASES[case].make()
    torch.export.save(export(model, cortex_m.INPUT), tmp_path / "net.pt2")
    inputs = samples(cortex_m.INPUT[1:], 6, seed=4)
    np.savez(tmp_path / "in.npz", **{CASES[case].input: inputs})

    done = installed("emit", "net.pt2", "--board", board, "--output", "out", cwd=tmp_path)
    assert done.code == 0, done.err
    done = installed("verify", "out", "--json", cwd=tmp_path)
    assert done.code == 0 and done.json["match"] is True, done.err
    done = installed("run", "out", "--inputs", "in.npz", "--outputs", "out.npz", "--json", cwd=tmp_path)
    assert done.code == 0, done.err

    (output,) = json.loads((tmp_path / "out" / "mcugen.json").read_text())["outputs"]
    scale, zero = output["quantization"]["scale"], output["quantization"]["zero_point"]
    got = np.load(tmp_path / "out.npz")[output["name"]]
    with torch.no_grad():
        real = torch.cat([model(torch.from_numpy(sample)[None]) for sample in inputs]).numpy()
    wanted = np.clip(np.rint(real / scale) + zero, -128, 127)
    assert np.abs(got.reshape(wanted.shape) - wanted).max() <= 1
