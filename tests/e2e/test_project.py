"""Projects as a user has them: commands in their own processes, in a folder with a `mcugen.yml`."""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import nn

from tests.e2e.conftest import Exported, Finished

Command = Callable[..., Finished]


def export(folder: Path) -> None:
    """A classifier of 8 numbers, its calibration data, and samples with the classes that it gives."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    samples = torch.randn(40, 8)
    torch.export.save(torch.export.export(model, (samples[:1],)), folder / "kws.pt2")
    np.savez(folder / "cal.npz", input=samples.numpy())
    with torch.no_grad():
        np.save(folder / "y.npy", model(samples).argmax(1).numpy())


PROJECT = """
models:
  kws:
    file: kws.pt2
    calibration: cal.npz
    inputs: cal.npz
    labels: y.npy
boards: [nrf5340dk]
budgets: {flash: 100K, stack: 1K, milliseconds: 5, top-1: 90%, sqnr: 20}
"""


def test_a_model_that_is_not_there(mcugen: Command, tmp_path: Path) -> None:
    """The whole way of `ci`, quickly. A numpy.py in the project's folder is no trap for its workers."""
    (tmp_path / "numpy.py").write_text("raise SystemExit(9)")
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "mcugen.yml").write_text("models: gone.pt2\nboards: [nrf5340dk, microbit]\n")
    done = mcugen("ci", "--project", "project", "--junit", "report.xml", "--json", cwd=tmp_path, PYTHONSAFEPATH="1")
    assert done.code == 2, done.err
    assert done.err.count("gone on") == 2 and "the model file does not exist" in done.err
    found = [[(c["name"], c["status"]) for c in result["checks"]] for result in done.json["results"]]
    assert found == [[("emit", "error"), ("verify", "skipped")]] * 2
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    assert (root.attrib["tests"], root.attrib["errors"], root.attrib["skipped"]) == ("4", "2", "2")


@pytest.mark.slow
@pytest.mark.emulator
def test_a_violated_budget_ends_with_1_and_readable_reports(mcugen: Command, tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / "mcugen.yml").write_text(
        PROJECT.replace("flash: 100K", "flash: 64").replace("top-1: 90%, sqnr: 20", "sqnr: 100")
    )
    (tmp_path / "summary").write_text("before\n")
    files = ("--junit", "report.xml", "--markdown", "report.md", "--results", "results.json")
    done = mcugen("ci", *files, cwd=tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "summary"))
    assert done.code == 1, done.err
    assert "1 of 1 module did not pass" in done.out
    assert "error: kws on nrf5340dk: flash:" in done.err and "over the budget of 64 B" in done.err
    root = ElementTree.parse(tmp_path / "report.xml").getroot()
    cases = {case.attrib["name"].split()[0]: case for case in root.iter("testcase")}
    assert list(cases) == ["emit", "verify", "flash", "stack", "milliseconds", "sqnr"]
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["flash", "sqnr"]
    assert "dB (SQNR) of the float model, 100 dB must be" in ElementTree.tostring(cases["sqnr"], "unicode")
    page = (tmp_path / "report.md").read_text()
    assert "**over flash, below sqnr**" in page and (tmp_path / "summary").read_text() == f"before\n{page}"
    (result,) = json.loads((tmp_path / "results.json").read_text())["results"]
    assert result["record"]["match"] is True and result["record"]["flash_bytes"] > 64
    assert (tmp_path / "build" / "nrf5340dk" / "kws" / "mcugen.json").is_file()
    assert {p.name for p in tmp_path.iterdir()} == {
        *("kws.pt2", "cal.npz", "y.npy", "mcugen.yml", "summary"),
        *("report.xml", "report.md", "results.json", "build"),
    }


@pytest.mark.slow
@pytest.mark.emulator
def test_every_command_works_without_arguments(mcugen: Command, tmp_path: Path) -> None:
    export(tmp_path)
    (tmp_path / "mcugen.yml").write_text(PROJECT + "baseline: base.json\n")

    def run(*arguments: object, code: int = 0) -> Finished:
        done = mcugen(*arguments, cwd=tmp_path)
        assert done.code == code, (arguments, done.out, done.err)
        return done

    assert "1 module passed" in run("ci", "--update-baseline").out
    kept = json.loads((tmp_path / "base.json").read_text())["results"][0]["checks"]
    assert [check["name"] for check in kept] == ["emit", "verify", "flash", "stack", "milliseconds", "top-1", "sqnr"]
    assert "build/nrf5340dk/kws" in run("emit").out
    assert run("verify", "--json").json["ok"] is True
    assert "match" in run("verify", "--layers").out
    assert "instructions" in run("compare", "--all").out
    assert run("compare", "--json").json["results"][0]["ok"] is True
    assert "every operator" in run("check").out
    assert "right" in run("run", "--outputs", "out.npz").out
    assert (tmp_path / "out.npz").is_file()
    # Options of the command line win, and a name is one of the project's models.
    run("emit", "kws", "--name", "other", "--output", "elsewhere", "--io-layout", "model")
    manifest = json.loads((tmp_path / "elsewhere" / "mcugen.json").read_text())
    assert (manifest["name"], manifest["options"]["io_layout"]) == ("other", "model")
    # A model that is given with its board has nothing to do with the project.
    run("emit", "kws.pt2", "--board", "microbit", "--calibration", "random", "--output", "alone")
    # A model that is not there does not keep the other from being checked.
    text = PROJECT.replace("models:\n", "models:\n  gone: gone.pt2\n") + "baseline: base.json\n"
    (tmp_path / "mcugen.yml").write_text(text)
    done = run("ci", "--json", code=2)
    assert [r["ok"] for r in done.json["results"]] == [False, True]
    assert "gone on nrf5340dk: emit: the model file does not exist" in done.err
    # Growth against the baseline.
    base = json.loads((tmp_path / "base.json").read_text())
    base["results"][0]["record"]["instructions"] //= 2
    (tmp_path / "base.json").write_text(json.dumps(base))
    (tmp_path / "mcugen.yml").write_text(PROJECT.replace("flash:", "fail-over: 2%, flash:") + "baseline: base.json\n")
    assert "growth: grew by more than 2 %:\n  instructions " in run("ci", code=1).err
    assert "grew by more than 2 %" in run("compare", code=1).err
    assert "grew by more than 2 %" not in run("compare", "--fail-over", "300%").err


@pytest.mark.slow
@pytest.mark.emulator
def test_three_models_on_three_boards_take_less_than_three_minutes(
    mcugen: Command, exported: Callable[[str], Exported], tmp_path: Path
) -> None:
    text = "boards: [nrf5340dk, nucleo_h743zi, mps3_an547]\nbudgets: {stack: 2K}\nmodels:\n"
    for name in ("ds_cnn", "resnet8", "autoencoder"):
        model = exported(name)
        text += f"  {name}: {{file: {model.archive}, calibration: {model.calibration}}}\n"
    (tmp_path / "mcugen.yml").write_text(text)
    before = processor_seconds()
    done = mcugen("ci", "--jobs", 2, "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert [r["record"]["match"] for r in done.json["results"]] == [True] * 9
    # Of processors, whatever else they do: three minutes hold even if one did it all.
    assert processor_seconds() - before < 180


def processor_seconds() -> float:
    """Of processes that this one started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
