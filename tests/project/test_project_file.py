"""`mcugen.yml`: what it may hold, what each entry gets of it, what is said where it is wrong; the published schema."""

from __future__ import annotations

import json
import os
from fractions import Fraction
from pathlib import Path
from typing import Any

import pydantic
import pytest

from mcugen import cli
from mcugen.borders import Source
from mcugen.borders.yaml import read_yaml_lines
from mcugen.errors import InputError
from mcugen.project.entries import Entry, Project, load_project
from mcugen.project.loader import find_project
from mcugen.project.schema import OptionFields, ProjectFields
from mcugen.project.starter import write_starter
from tests.fuzz.kinds import KINDS
from tests.fuzz.worker import damaged, fault

SCHEMA = Path(__file__).parents[2] / "docs" / "mcugen.schema.json"

FULL = """
models:
  kws:
    file: models/kws.pt2
    calibration: models/kws_cal.npz
    inputs: x.npz
    labels: y.npy
    options: {optimize: size, state: h=h0}
    budgets: {flash: 128K, top-1: 90%, sqnr: 30}
    boards:
      nrf5340dk: {budgets: {flash: 0x8000, milliseconds: 2}}
      fast:
  other: other.pt2
boards:
  nrf5340dk:
  fast:
    board: nucleo_h743zi
    options: {kernels: portable, npu: off}
    budgets: {milliseconds: null, cycles: 1_000_000}
options: {io-layout: model, plugin: [ops.py, installed], kernels: native}
budgets: {milliseconds: 20, stack: 2K, fail-over: 2}
output: out
baseline: base.json
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "mcugen.yml"
    path.write_text(text)
    return path


def entry(project: Project, model: str, board: str) -> Entry:
    (found,) = (e for e in project.entries if (e.model, e.board) == (model, board))
    return found


def test_what_is_nearer_goes_before(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, FULL))
    assert [(e.model, e.board) for e in project.entries] == [
        ("kws", "nrf5340dk"),
        ("kws", "fast"),
        ("other", "nrf5340dk"),
        ("other", "fast"),
    ]
    assert project.baseline == tmp_path / "base.json"
    near, fast = entry(project, "kws", "nrf5340dk"), entry(project, "kws", "fast")
    assert near.file == tmp_path / "models/kws.pt2" and near.folder == tmp_path / "out/nrf5340dk/kws"
    assert (near.inputs, near.labels) == (tmp_path / "x.npz", tmp_path / "y.npy")
    assert near.options.calibration == tmp_path / "models/kws_cal.npz"
    assert (near.options.optimize, near.options.kernels, near.options.io_layout) == ("size", "native", "model")
    assert near.options.states == ("h=h0",)
    # A file is one of the project's; another word is the name of an entry point.
    assert near.options.plugins == (str(tmp_path / "ops.py"), "installed")
    assert (near.budgets.flash, near.budgets.stack, near.budgets.milliseconds) == (0x8000, 2048, 2)
    assert (near.budgets.top_1, near.budgets.sqnr, near.budgets.fail_over) == (Fraction(90), 30, Fraction(2))
    assert fast.target.name == "nucleo_h743zi" and fast.options.kernels == "portable"
    # YAML's plain `off` is a truth value; `null` takes a bound back.
    assert fast.options.npu == "off" and fast.budgets.milliseconds is None and fast.budgets.cycles == 10**6
    other = entry(project, "other", "fast")
    assert other.options.name == "other" and other.options.optimize == "speed" and other.budgets.flash is None


def test_short_forms(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    board = Path(__file__).parents[2] / "boards" / "nrf5340dk.yml"
    (tmp_path / "boards" / "mine.yml").write_text(board.read_text())
    text = "models: [a/kws.pt2, b.pt2]\nboards: [boards/mine.yml, microbit]\n"
    project = load_project(write(tmp_path, text))
    found = [(e.model, e.board, e.target.name) for e in project.entries]
    assert found[:2] == [("kws", "mine", "mine"), ("kws", "microbit", "microbit")]
    assert [e.file.name for e in project.entries] == ["kws.pt2", "kws.pt2", "b.pt2", "b.pt2"]
    one = load_project(
        write(tmp_path, "models: {kws: {file: kws.pt2, boards: microbit}}\nboards: [mps2_an385, microbit]")
    )
    assert [e.board for e in one.entries] == ["microbit"]


@pytest.mark.parametrize(
    ("text", "what", "place"),
    [
        (
            "models: a.pt2\nboards: nrf5340dk\nbudgets:\n  flsh: 3\n",
            "did you mean 'flash'?",
            "line 4, field budgets.flsh",
        ),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets:\n  fail_over: 3\n", "did you mean 'fail-over'?", "line 4"),
        ("model: a.pt2\n", "did you mean 'models'?", "line 1, field model"),
        ("models: a.pt2\nboards: nrf5340dk\nzzz: 1\n", "known: options, budgets, models", "line 3, field zzz"),
        ("models:\n  a:\n    boards: nrf5340dk\nboards: nrf5340dk\n", "Field required", "line 2, field models.a.file"),
        ("models: a.pt2\nboards: [nrf5340dl]\n", "unknown board 'nrf5340dl'", "line 2, field boards.nrf5340dl"),
        (
            "models: {a: {file: a, boards: [x]}}\nboards: [nrf5340dk]\n",
            "'x' is none of the",
            "line 1, field models.a.boards.x",
        ),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets: {ram: 3Q}\n", "'3Q' is not a number", "field budgets.ram"),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets: {ram: -1}\n", "less than nothing", "field budgets.ram"),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets: {cycles: 1.5}\n", "valid integer", "field budgets.cycles"),
        (
            "models: a.pt2\nboards: nrf5340dk\nbudgets: {milliseconds: 0}\n",
            "greater than 0",
            "field budgets.milliseconds",
        ),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets: {fail-over: much}\n", "is not a percentage", "fail-over"),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets: {top-1: 101%}\n", "at most 100%", "field budgets.top-1"),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets: {sqrn: 30}\n", "did you mean 'sqnr'?", "field budgets.sqrn"),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets: {sqnr: 121}\n", "less than or equal to 120", "budgets.sqnr"),
        ("models: a.pt2\nboards: nrf5340dk\nbudgets: {sqnr: 0}\n", "greater than 0", "budgets.sqnr"),
        ("models: a.pt2\nboards: nrf5340dk\noptions: {kernels: fast}\n", "'native'", "field options.kernels"),
        ("models: a.pt2\nboards: nrf5340dk\noptions: [x]\n", "must hold fields such as", "field options"),
        ("models: {}\nboards: nrf5340dk\n", "at least 1", "field models"),
        ("models: [a.pt2, b/a.pt2]\nboards: nrf5340dk\n", "'a' is there twice", "field models"),
        ("models: {../x: a.pt2}\nboards: nrf5340dk\n", "names a folder", "field models"),
        ("models: [[a]]\nboards: nrf5340dk\n", "a list here holds models", "field models"),
        ("models: {a: {file: a, labels: y.npy}}\nboards: nrf5340dk\n", "labels are those of inputs", "field models.a"),
        ("models: {a: {file: 3}}\nboards: nrf5340dk\n", "valid string", "field models.a.file"),
        ("- a\n", "holds `models:` and `boards:`", "mcugen.yml"),
        ("", "holds `models:` and `boards:`", "mcugen.yml"),
        ("models: &a [x]\nboards: *a\n", "aliases are not taken", "mcugen.yml"),
        ("models: a\nmodels: b\n", "'models' is there twice (line 2)", "mcugen.yml"),
    ],
)
def test_a_wrong_file_is_told_with_its_place(text: str, what: str, place: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError) as caught:
        load_project(path)
    assert what in caught.value.what, caught.value.what
    assert caught.value.where is not None and str(path) in caught.value.where and place in caught.value.where
    assert caught.value.hint


def test_a_damaged_file_is_read_or_refused(tmp_path: Path) -> None:
    """5,000 more are in the long sweep of tests/fuzz."""
    kind = KINDS["project"]
    path, good = tmp_path / kind.file, kind.good(tmp_path)
    for seed in range(100):
        path.write_bytes(damaged("project", good, seed))
        assert not fault(kind, path), f"{seed}: {fault(kind, path)}"


def test_a_board_file_of_the_project_is_told_itself(tmp_path: Path) -> None:
    (tmp_path / "mine.yml").write_text("vendor: 3\n")
    with pytest.raises(InputError, match="wrong board file") as caught:
        load_project(write(tmp_path, "models: a.pt2\nboards: mine.yml\n"))
    assert caught.value.where is not None and str(tmp_path / "mine.yml") in caught.value.where


def test_lines_of_values(tmp_path: Path) -> None:
    path = write(tmp_path, "# one\na:\n  - x\n  - {b: 1,\n     c: 2}\nd: [e, f]\n")
    value, lines = read_yaml_lines(Source(path, "the file", "mend it"))
    assert value == {"a": ["x", {"b": 1, "c": 2}], "d": ["e", "f"]}
    assert lines[("a",)] == 2 and lines[("a", 0)] == 3 and lines[("a", 1, "c")] == 5 and lines[("d", 1)] == 6


def test_selecting(tmp_path: Path) -> None:
    project = load_project(write(tmp_path, FULL))
    assert [e.board for e in project.select(["other"]).entries] == ["nrf5340dk", "fast"]
    assert [e.model for e in project.select((), ["fast"]).entries] == ["kws", "other"]
    for models, boards, words in (
        (["kw"], (), r"no model 'kw'"),
        ((), ["microbit"], "no board 'microbit'"),
    ):
        with pytest.raises(InputError, match=words):
            project.select(models, boards)
    (tmp_path / "mcugen.yml").write_text(
        "models: {a: {file: a, boards: [microbit]}, b: {file: b, boards: [nrf5340dk]}}\nboards: [microbit, nrf5340dk]"
    )
    with pytest.raises(InputError, match="no model of the project is for such a board"):
        load_project(tmp_path / "mcugen.yml").select(["a"], ["nrf5340dk"])


def test_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"no project file mcugen\.yml in this folder") as caught:
        find_project(None, "give DIR")
    assert caught.value.hint == "give DIR, or start a project with `mcugen init`"
    path = write(tmp_path, FULL)
    assert find_project(None) == Path("mcugen.yml") and find_project(tmp_path) == path and find_project(path) == path
    with pytest.raises(InputError, match="no project file"):
        find_project(tmp_path / "other.yml")


def test_the_published_schema_is_that_of_the_classes() -> None:
    text = json.dumps(ProjectFields.model_json_schema(), indent=2) + "\n"
    if os.environ.get("MCUGEN_UPDATE_GOLDEN"):
        SCHEMA.write_text(text)
    assert SCHEMA.read_text() == text, "MCUGEN_UPDATE_GOLDEN=1 writes it"


def test_the_published_schema_knows_the_short_forms() -> None:
    """What an editor marks as wrong should be wrong."""
    schema = json.loads(SCHEMA.read_text())
    for field in ("models", "boards"):
        kinds = [form.get("type") for form in schema["properties"][field]["anyOf"]]
        assert set(kinds) == {"object", "array", "string"}
    flash = schema["$defs"]["BudgetFields"]["properties"]["flash"]
    assert {form["type"] for form in flash["anyOf"]} == {"integer", "string", "null"}
    assert "fail-over" in schema["$defs"]["BudgetFields"]["properties"]
    assert schema["additionalProperties"] is False


def test_each_option_of_emit_has_its_field() -> None:
    """A new option of `emit` belongs into the project file, too, or into this list with its reason."""
    group: Any = cli.program()
    options = {opt.removeprefix("--") for p in group.commands["emit"].params for opt in p.opts if opt.startswith("--")}
    elsewhere = {
        "board",  # the matrix
        "calibration",  # a field of the model
        "output",  # a field of the project
        "max-instructions",  # budgets
        "max-cycles",
        "project",
        "force",  # what is done once
        "report",  # of one module, as is the next
        "markdown",
    }
    fields = {name.replace("_", "-") for name in OptionFields.model_fields}
    assert options - elsewhere <= fields
    assert fields - options == {"runner", "firmware"}, "these are of verify"


def test_the_starter_is_a_project(tmp_path: Path) -> None:
    for name in ("my kws.pt2", "my kws_cal.npz", "my_kws.pt2", "-.pt2"):
        (tmp_path / name).touch()
    path = write_starter(tmp_path, ["nrf5340dk", "sub/mine.yml"])
    with pytest.raises(InputError, match="exists"):
        write_starter(tmp_path, ["nrf5340dk"])
    fields = ProjectFields.model_validate(read_yaml_lines(Source(path, "f", "h"))[0])
    assert {model.file for model in fields.models.values()} == {"my kws.pt2", "my_kws.pt2", "-.pt2"}
    assert fields.models["my_kws"].calibration == "my kws_cal.npz"
    assert list(fields.boards) == ["nrf5340dk", "mine"]
    # Each line that is commented out is right, too.
    lines = path.read_text().splitlines()
    live = [
        line.removeprefix("# ") if line.startswith(("#   ", "# options", "# budgets", "# output", "# base")) else line
        for line in lines
    ]
    again = ProjectFields.model_validate(read_yaml_lines(Source(write(tmp_path, "\n".join(live)), "f", "h"))[0])
    assert again.budgets.milliseconds == 20 and again.options.optimize == "size" and again.baseline is not None
    empty = tmp_path / "empty"
    empty.mkdir()
    assert load_project(write_starter(empty, ["nrf5340dk"])).entries[0].file == empty / "model.pt2"


def test_fields_are_frozen() -> None:
    with pytest.raises(pydantic.ValidationError):
        OptionFields().kernels = "native"
