"""Types by choice, from a float network to counted firmware."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from examples.models import MODELS as MODELS_BY_NAME
from mcugen.frontend import load_model
from mcugen.frontend.precision.rules import read_rules
from mcugen.frontend.quantizer_options import QuantizerOptions
from tests.e2e.conftest import Exported, Finished
from tests.frontend.precision.networks import INPUT, Net, signal_to_noise
from tests.frontend.programs import export, samples, seeded

MODELS = ("ds_cnn", "mobilenet_v1", "resnet8", "autoencoder", "conv1d_net")
BOARDS = ("nrf5340dk", "mps2_an385", "mps3_an547")

pytestmark = pytest.mark.emulator
Command = Callable[..., Finished]
Export = Callable[[str], Exported]

RULES = """
default: int16
rules:
  - {operator: linear, precision: int4}
  - {module: "block.0", precision: int8}
"""


def written(folder: Path) -> tuple[Path, Path]:
    torch.export.save(export(seeded(Net()), INPUT), folder / "net.pt2")
    np.savez(folder / "cal.npz", image=samples(INPUT, 16))
    return folder / "net.pt2", folder / "cal.npz"


@pytest.mark.parametrize(
    ("precision", "board", "io"),
    [
        ("int16", "nrf5340dk", None),
        ("types.yml", "mps3_an547", "int8"),
        pytest.param("int4", "mps3_an547", "int16", marks=pytest.mark.slow),
        pytest.param("types.yml", "mps2_an385", "int8", marks=pytest.mark.slow),
        pytest.param("int4", "nrf5340dk", "float32", marks=pytest.mark.slow),
    ],
)
def test_a_small_network(command: Command, tmp_path: Path, precision: str, board: str, io: str | None) -> None:
    model, calibration = written(tmp_path)
    (tmp_path / "types.yml").write_text(RULES)
    given = tmp_path / precision if precision.endswith(".yml") else precision
    more = () if io is None else ("--io", io)
    folder = tmp_path / "out"
    emit = ("emit", model, "--board", board, "--calibration", calibration, "--output", folder, "--precision", given)
    done = command(*emit, *more)
    assert done.code == 0, done.err
    done = command("verify", folder, "--json")
    assert done.code == 0, done.err
    assert done.json["match"] is True and all(layer["match"] is True for layer in done.json["layers"])
    manifest = (folder / "mcugen.json").read_text()
    assert f'"precision": "{precision}"' in manifest
    np.savez(tmp_path / "in.npz", image=samples(INPUT, 8, seed=3))
    done = command("run", folder, "--inputs", tmp_path / "in.npz", "--outputs", tmp_path / "out.npz", "--float")
    assert done.code == 0, done.err
    found = np.load(tmp_path / "out.npz")
    (name,) = (name for name in found.files if name.endswith(".float"))
    with torch.no_grad():
        wanted = seeded(Net())(torch.from_numpy(samples(INPUT, 8, seed=3)[:, 0])).numpy()
    assert np.abs(found[name].reshape(wanted.shape) - wanted).max() < (0.02 if precision == "int16" else 0.15)


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("precision", ["int16", "int4"])
def test_example_networks(
    command: Command, exported: Export, model: str, board: str, precision: str, tmp_path: Path
) -> None:
    done = emitted(command, exported(model), board, tmp_path / "out", precision)
    assert done["match"] is True and all(layer["match"] is True for layer in done["layers"])


def emitted(command: Command, files: Exported, board: str, folder: Path, precision: str) -> dict:
    """What `verify` says."""
    done = command(
        *("emit", files.archive, "--board", board, "--calibration", files.calibration),
        *("--output", folder, "--precision", precision),
    )
    assert done.code == 0, done.err
    done = command("verify", folder, "--json")
    assert done.code == 0, done.err
    return dict(done.json)


def with_rounded_weights(model: str) -> float:
    """SQNR in dB of the float network with nothing but its weights rounded to int8 for each output channel."""
    network = MODELS_BY_NAME[model]
    built = network.build(0)
    x = torch.from_numpy(network.calibration(16, 1))
    with torch.no_grad():
        wanted = built(x).double().numpy()
        for module in built.modules():
            if isinstance(module, nn.Conv1d | nn.Conv2d | nn.Linear):
                rows = module.weight.flatten(1)
                scales = rows.abs().amax(dim=1, keepdim=True) / 127
                module.weight.copy_((torch.round(rows / scales) * scales).reshape(module.weight.shape))
        return signal_to_noise(wanted, built(x).double().numpy())


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_int16_loses_what_int8_weights_lose_and_no_more(exported: Export, model: str) -> None:
    files, found = exported(model), {}
    for name in ("int8", "int16"):
        options = QuantizerOptions("tail", "off", "off", "off", read_rules(name))
        fidelity = load_model(files.archive, files.calibration, options=options).fidelity
        assert fidelity is not None
        (found[name],) = fidelity.sqnr_db.values()
    assert found["int16"] > found["int8"]
    assert found["int16"] > with_rounded_weights(model) - 0.6


@pytest.mark.slow
def test_flash_of_the_autoencoder_with_int4_weights(command: Command, exported: Export, tmp_path: Path) -> None:
    files = exported("autoencoder")
    flash = {
        name: emitted(command, files, "nrf5340dk", tmp_path / name, name)["flash_bytes"] for name in ("int8", "int4")
    }
    assert flash["int4"] <= 0.56 * flash["int8"], flash


@pytest.mark.slow
def test_instructions_of_ds_cnn_with_int16_activations(command: Command, exported: Export, tmp_path: Path) -> None:
    files = exported("ds_cnn")
    counted = {
        name: emitted(command, files, "nrf5340dk", tmp_path / name, name)["instructions"] for name in ("int8", "int16")
    }
    assert counted["int16"] <= 1.6 * counted["int8"], counted
