"""The Python API: what comes in, what goes out, and that it is what the commands give."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import mcugen
from mcugen.api import Options
from mcugen.compile_options import CompileOptions, checked
from mcugen.compiled import CompiledModule
from mcugen.errors import InputError
from mcugen.graph import reference
from mcugen.report.notebook import module_html
from tests.emit.test_golden import tiny
from tests.emit.test_ports import every_kind
from tests.verify.outcomes import layer, outcome

EXAMPLE = Path(__file__).parent.parent / "examples" / "gestures.py"


@pytest.fixture(scope="module")
def compiled() -> CompiledModule:
    return mcugen.compile(tiny(), board="nrf5340dk")


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x)


def test_a_module_of_pytorch() -> None:
    torch.manual_seed(1)
    model, samples = Small(), torch.randn(30, 4)
    compiled = mcugen.compile(model, board="nrf5340dk", calibration=samples, optimize="size")
    assert compiled.manifest.name == "small" and compiled.manifest.options["optimize"] == "size"
    with torch.no_grad():
        wanted = model(samples).numpy()
        np.testing.assert_allclose(compiled.run(samples), wanted, atol=0.05)
    outcome = compiled.accuracy(samples, labels=wanted.argmax(axis=1))
    got = compiled.run(samples)
    assert isinstance(got, np.ndarray) and outcome.samples == 30 and outcome.computed_by == "reference"
    assert outcome.sqnr_db == pytest.approx(10 * np.log10((wanted**2).sum() / ((wanted - got) ** 2).sum()), abs=0.2)
    assert [layer.name for layer in outcome.layers] == ["x", "linear"]
    assert outcome.classes is not None
    with pytest.raises(InputError, match="there are 30 samples") as error:
        compiled.accuracy(samples, labels=np.zeros(4, np.int64))
    assert error.value.where == "argument labels"
    with pytest.raises(InputError, match="NaN") as error:
        compiled.accuracy(samples * np.nan)
    assert error.value.where == "argument inputs, array 'x'"
    with pytest.raises(InputError, match="NaN") as error:
        mcugen.compile(model, board="nrf5340dk", calibration=samples * np.nan)
    assert error.value.where == "argument calibration, array 'x'"


def test_floats_and_integers_in_the_models_layout(compiled: CompiledModule) -> None:
    rng = np.random.default_rng(2)
    integers = rng.integers(-128, 128, (3, 3, 6, 5)).astype(np.int8)
    expected = reference.run_model_layout(compiled.module.plan.graph, {"image": integers})["scores"]
    found = compiled.run(integers, integers=True)
    np.testing.assert_array_equal(found, expected.reshape(3, 3))
    quantization = compiled.manifest.inputs[0].quantization
    assert quantization is not None
    floats = (integers.astype(np.float32) + 3) * np.float32(quantization.scale)
    np.testing.assert_array_equal(compiled.run(image=floats, integers=True), found)
    np.testing.assert_array_equal(compiled.run(floats), (found.astype(np.float32) + 128) / 256)


def test_accuracy_needs_a_float_model(compiled: CompiledModule) -> None:
    with pytest.raises(InputError, match="compiled from a LiteRT file or a graph"):
        compiled.accuracy(np.zeros((1, 3, 6, 5)))


def test_a_notebook_shows_it_without_markup_of_the_models(compiled: CompiledModule) -> None:
    page = compiled._repr_html_()
    assert "image: 1x3x6x5, int8 = real / 0.05 - 3" in page
    assert f"<summary>{len(compiled.manifest.layers)} layers</summary>" in page
    assert page.count("<tr>") == page.count("</tr>") and page.count("<table") == page.count("</table>") == 2
    # Both themes: the colours are those of the notebook.
    assert "color: inherit" in page and "background: transparent" in page and "#" not in page
    layer = compiled.manifest.layers[0].model_copy(update={"name": "<script>&", "kernel": '"<b>'})
    manifest = compiled.manifest.model_copy(update={"layers": (layer,), "warnings": ("<img src=x>",)})
    page = module_html(manifest)
    assert "<script>" not in page and "<b>" not in page and "<img" not in page
    assert "&lt;script&gt;&amp;" in page and "&lt;img src=x&gt;" in page


def test_several_outputs_are_a_dict() -> None:
    compiled = mcugen.compile(every_kind(), board="nrf5340dk")
    given = {port.name: np.zeros((2, *port.shape), port.dtype) for port in compiled.manifest.inputs}
    found = compiled.run(**given)
    assert isinstance(found, dict) and set(found) == {port.name for port in compiled.manifest.outputs}


def test_it_says_what_it_is(compiled: CompiledModule, tmp_path: Path) -> None:
    assert repr(compiled) == "<mcugen tiny for nrf5340dk: 4,332 MACs, 1,300 B of constants, 352 B of arena>"
    lines = dict(line.split(maxsplit=1) for line in compiled.report().splitlines())
    assert lines["module"].startswith("tiny: ") and lines["arena"].startswith("352 B, ")
    assert lines["flash"].endswith("1,300 B of it constants")
    assert lines["input"] == "image: 1x3x6x5, int8 = real / 0.05 - 3"
    assert (compiled.write(tmp_path / "tiny") / "README.md").is_file()


@pytest.mark.parametrize(
    ("inputs", "named", "words"),
    [
        ((), {}, r"0 inputs and \[\] are given, the model takes \['image'\]"),
        ((np.zeros((1, 3, 6, 5)),), {"image": np.zeros((1, 3, 6, 5))}, "are given"),
        ((), {"picture": np.zeros((1, 3, 6, 5))}, "picture"),
        ((np.zeros((1, 6, 5, 3)),), {}, r"samples have shape \(6, 5, 3\)"),
        ((np.float32(1),), {}, "axis of samples"),
        ((np.zeros((0, 3, 6, 5)),), {}, "nonzero number of samples"),
        ((np.full((1, 3, 6, 5), np.nan),), {}, "NaN"),
    ],
)
def test_wrong_inputs(
    compiled: CompiledModule, inputs: tuple[object, ...], named: dict[str, object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        compiled.run(*inputs, **named)  # type: ignore[arg-type]


def test_wrong_models() -> None:
    with pytest.raises(InputError, match="needs example inputs"):
        mcugen.compile(nn.Linear(4, 3), board="nrf5340dk", calibration="random")
    with pytest.raises(InputError, match="not dict"):
        mcugen.compile({}, board="nrf5340dk")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no option 'kernel'") as caught:
        mcugen.compile(tiny(), board="nrf5340dk", kernel="auto")  # type: ignore[call-arg]
    assert caught.value.hint is not None and caught.value.hint.startswith("did you mean kernels?")
    with pytest.raises(AttributeError, match="no attribute 'emit_all'"):
        mcugen.emit_all  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("kernels", "fast", "'auto', 'native', 'cmsis-nn' or 'portable'"),
        ("io_layout", "dev", "'device' or 'model'"),
        ("max_ram", "64Q", "is not a number"),
        ("max_cycles", 1.5, "valid integer"),
        ("states", [3], "valid string"),
        ("packages", "rpm", "'arduino'"),
        ("publisher", "me", "Publisher"),
    ],
)
def test_wrong_options(option: str, value: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        checked({option: value})


def test_options_are_those_of_emit() -> None:
    given = {"max_ram": "64K", "max_flash": 10**6, "states": ["a=b"], "plugins": (Path("p.py"),), "packages": "zip"}
    assert checked({**given, "cmsis_nn": "there", "npu": None}) == {
        "max_ram": 65536,
        "max_flash": 10**6,
        "states": ("a=b",),
        "plugins": ("p.py",),
        "packages": ("zip",),
        "cmsis_nn": Path("there"),
        "npu": None,
    }
    assert set(CompileOptions.__annotations__) | {"board", "calibration"} == {f.name for f in fields(Options)}


def test_a_module_keeps_the_mode_it_is_in() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(), nn.Linear(4, 3))
    model[2].eval()
    mcugen.compile(model, board="nrf5340dk", calibration=torch.randn(8, 4))
    assert [part.training for part in model.modules()] == [True, True, True, False]


def test_what_verify_gives_says_what_it_is() -> None:
    found = outcome([layer("stem", 1000)])
    assert repr(found) == (
        "<mcugen verify kws on nrf5340dk: match, 1,010 instructions, 2,064 B of flash, 256 B of RAM, 120 B of stack>"
    )
    assert "MISMATCH" in repr(outcome([layer("stem", match=False)]))
    assert "over budget" in repr(replace(found, over_budget=("flash",)))


@pytest.mark.slow
@pytest.mark.emulator
def test_the_example_runs(tmp_path: Path) -> None:
    command = [sys.executable, EXAMPLE, tmp_path / "out"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "match: True" in done.stdout and (tmp_path / "out" / "README.md").is_file()
