"""`mcugen debug`: names, and the three values of a layer. PyTorch by itself says what the float ones are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mcugen import api
from mcugen.accuracy.module import find_model
from mcugen.assess.debug import find_results
from mcugen.errors import InputError
from tests.accuracy.networks import Branches, images, save
from tests.emit.test_golden import tiny


def test_names() -> None:
    manifest = api.compile(tiny(), api.Options(board="nrf5340dk")).manifest

    def found(*names: str) -> list[str]:
        return [layer.name for layer, _ in find_results(manifest, names)]

    assert found() == [layer.name for layer in manifest.layers]
    assert found("residual", "stem") == ["stem", "residual"], "in the order of the schedule"
    assert found("total") == ["residual"], "by the tensor that it writes"
    with pytest.raises(InputError, match="no layer 'sten'") as error:
        found("sten")
    assert error.value.hint == "did you mean stem or mean?"
    with pytest.raises(InputError) as error:
        found("q")
    assert "there are stem" in str(error.value.hint)


def test_a_file_that_moved_is_asked_for_by_its_kind(tmp_path: Path) -> None:
    manifest = api.compile(tiny(), api.Options(board="nrf5340dk")).manifest
    moved = manifest.model.model_copy(update={"file": "gone.tflite", "sha256": "0" * 64})
    with pytest.raises(InputError, match=r"'gone\.tflite' of the module is not there") as error:
        find_model(manifest.model_copy(update={"model": moved}), tmp_path, None)
    assert error.value.hint == "say where it is with --model MODEL.tflite"


def mcugen(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mcugen", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.emulator
def test_a_fresh_process(tmp_path: Path) -> None:
    """One kernel has another parameter than the emitted one: equal up to there, and the layer is named."""
    torch.manual_seed(1)
    model, samples = Branches().eval(), images(1, 3)
    save(model, torch.zeros(1, 3, 8, 8), tmp_path / "net.pt2")
    np.savez(tmp_path / "calibration.npz", x=images(0, 8))
    np.savez(tmp_path / "in.npz", x=samples)
    plain = {"observer": "minmax", "equalize": "off", "bias_correction": "off"}
    options = api.Options(board="mps2_an385", calibration=tmp_path / "calibration.npz", **plain)  # type: ignore[arg-type]
    module = api.compile(tmp_path / "net.pt2", options)
    module.write(tmp_path / "net")
    source = tmp_path / "net" / "src" / "net.c"
    text = source.read_text()
    at = text.index("INSTANCE void depthwise_conv2d_0")
    source.write_text(text[:at] + text[at:].replace(".clamp_min = -128", ".clamp_min = -100", 1))

    given = ("--inputs", "in.npz", "--sample", "2", "--output", "out.npz", "--allow-edited", "--json")
    done = mcugen("debug", "net", *given, folder=tmp_path)
    body = json.loads(done.stdout)
    names = [layer.name for layer in module.manifest.layers]
    wrong = next(layer.name for layer in module.manifest.layers if layer.op == "depthwise_conv2d")
    assert done.returncode == 1 and f"layer {wrong} of the firmware differs" in done.stderr
    assert not body["match"] and body["first_difference"] == wrong and body["edited"] == ["src/net.c"]
    assert [layer["layer"] for layer in body["layers"]] == names
    assert body["sample"] == 2 and "qemu" in body["ran_in"]

    arrays = np.load(tmp_path / "out.npz")
    with torch.no_grad():
        stem = torch.relu(model.stem(torch.from_numpy(samples[2:3]))).numpy()
        scores = model(torch.from_numpy(samples[2:3])).numpy()
    np.testing.assert_allclose(arrays["conv2d.float"], stem.transpose(0, 2, 3, 1), atol=1e-5)
    np.testing.assert_allclose(arrays["softmax.float"], scores, atol=1e-5)
    for layer in body["layers"]:
        key = layer["key"]
        firmware, scale, zero = (arrays[f"{key}.{what}"] for what in ("firmware", "scale", "zero_point"))
        assert np.array_equal(firmware, arrays[f"{key}.reference"]) == layer["match"]
        assert layer["match"] or names.index(layer["layer"]) >= names.index(wrong)
        assert list(firmware.shape) == layer["shape"]
        np.testing.assert_allclose(arrays[f"{key}.real"], scale * (firmware.astype(np.int32) - zero), rtol=1e-6)
    shown = next(layer for layer in body["layers"] if layer["key"] == "conv2d")
    noise = arrays["conv2d.real"].astype(np.float64) - arrays["conv2d.float"]
    wanted = 10 * np.log10(np.square(stem.astype(np.float64)).sum() / np.square(noise).sum())
    assert shown["float"]["sqnr_db"] == pytest.approx(wanted, abs=0.02) and wanted > 25


def test_what_is_wrong_is_told_before_the_work(tmp_path: Path) -> None:
    api.compile(tiny(), api.Options(board="nrf5340dk")).write(tmp_path / "m")
    (tmp_path / "in.npz").write_bytes(b"")
    for arguments, said in (
        (["--layer", "sten"], "did you mean stem or mean"),
        (["--output", "no/where.npz"], "does not exist"),
    ):
        done = mcugen("debug", "m", "--inputs", "in.npz", *arguments, folder=tmp_path)
        assert done.returncode == 2 and said in done.stderr, done.stderr
