"""`mcugen emit`: what it says about accuracy and samples, and what the module's folder says of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from mcugen import cli
from tests.frontend.ranges.test_accuracy import Autoencoder, features, trained


def test_accuracy_warnings_and_normalised_inputs_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    model = trained(Autoencoder(), features(rng, 512)).eval()
    torch.export.save(torch.export.export(model, (torch.zeros(1, 8),)), tmp_path / "readings.pt2")
    data = features(rng, 48)
    data[11] += 20 * (data[11] - data.mean(axis=0))
    np.savez(tmp_path / "samples.npz", x=data)
    command = "emit readings.pt2 --board nrf5340dk --calibration samples.npz --output out --observer tail,mse"
    monkeypatch.chdir(tmp_path)
    code, said = cli._run(command.split()), capsys.readouterr()
    assert code == 0, said.err
    assert "input 'x': calibration sample 11 alone reaches" in " ".join(said.err.split())
    assert "dB (SQNR) of the float model" in said.out and "FACTORS" in said.out
    manifest = json.loads((tmp_path / "out" / "mcugen.json").read_text())
    # Of the others than the 32 that weights are fitted to.
    assert manifest["accuracy"]["samples"] == 16 and set(manifest["accuracy"]["sqnr_db"]) == {"linear_1"}
    assert manifest["options"]["observer"] == "tail,mse" and "equalize" not in manifest["options"]
    assert any("sample 11" in text for text in manifest["warnings"])
    (entry,) = manifest["inputs"]
    assert set(entry["quantization"]) == {"scale", "zero_point"} and isinstance(entry["quantization"]["scale"], float)
    assert len(entry["normalization"]["factors"]) == len(entry["normalization"]["offsets"]) == 8
    assert "#define READINGS_INPUT_0_FACTORS {" in (tmp_path / "out" / "include" / "readings.h").read_text()
