"""What a command line and a suite's file ask for, and what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.bench.suite import Request, load_suite
from mcugen.errors import InputError

SUITE = """
models:
  kws: {file: kws.pt2, calibration: data/cal.npz}
  tiny: {file: sub/tiny.pt2}
boards:
  - nrf5340dk
  - {board: mps3_corstone300, npu: require, accelerator: ethos-u55-256}
kernels: [native, cmsis-nn]
"""


def write(folder: Path, text: str) -> Path:
    (folder / "suite.yml").write_text(text)
    return folder / "suite.yml"


def test_a_suite_is_every_model_on_every_board_by_every_library(tmp_path: Path) -> None:
    suite = load_suite(write(tmp_path, SUITE))
    assert [m.path for m in suite.models] == [tmp_path / "kws.pt2", tmp_path / "sub" / "tiny.pt2"]
    assert [m.calibration for m in suite.models] == [tmp_path / "data" / "cal.npz", None]
    cases = [(c.model, c.target.board.name, c.target.accelerator, c.kernels) for c in suite.cases()]
    # On the NPU no kernel library is compared.
    assert cases == [
        (model, *rest)
        for model in ("kws", "tiny")
        for rest in (
            ("nrf5340dk", None, "native"),
            ("nrf5340dk", None, "cmsis-nn"),
            ("mps3_corstone300", "ethos-u55-256", "native"),
        )
    ]


def test_precisions_are_names_or_files_beside_the_suite(tmp_path: Path) -> None:
    (tmp_path / "types.yml").write_text("rules: [{first: 1, precision: int16}]")
    text = SUITE.replace("cal.npz}", "cal.npz, precision: int16}").replace(
        "tiny.pt2}", "tiny.pt2, precision: types.yml}"
    )
    kws, tiny = (model.quantizer.rules for model in load_suite(write(tmp_path, text)).models)
    assert (kws.name, kws.default.name) == ("int16", "int16")
    assert (tiny.name, tiny.default.name, tiny.rules[0].precision.name) == ("types.yml", "int8", "int16")
    with pytest.raises(InputError, match="unknown precision 'int61'"):
        load_suite(write(tmp_path, SUITE.replace("cal.npz}", "cal.npz, precision: int61}")))


def test_the_command_line_goes_before_the_suite(tmp_path: Path) -> None:
    path = write(tmp_path, SUITE)
    request = Request([path], boards=["mps2_an386", "mps2_an386"], kernels=["portable"], optimize=["size", "ram"])
    suite = request.suite()
    assert not request.is_whole and Request([path]).is_whole
    assert [t.board.name for t in suite.targets] == ["mps2_an386"]
    assert (suite.kernels, suite.optimize) == (("portable",), ("size", "ram"))
    assert len(list(suite.cases())) == 4


@pytest.mark.parametrize(
    ("given", "expected"),
    [([], [None, None]), (["random"], ["random", "random"]), (["a", "b"], [Path("a"), Path("b")])],
)
def test_calibration_of_several_models(given: list[str], expected: list[object]) -> None:
    models = Request([Path("x.pt2"), Path("y.pt2")], given, ["nrf5340dk"]).suite().models
    assert [(m.name, m.calibration) for m in models] == list(zip("xy", expected, strict=True))


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Request([Path("a.pt2")]), "no board is named"),
        (Request([Path("a.pt2"), Path("b/a.pt2")], boards=["nrf5340dk"]), "two models are called 'a'"),
        (Request([Path("a.pt2")] * 1, ["x", "y"], ["nrf5340dk"]), "2 calibrations for 1 models"),
        (Request([Path("a.pt2")], boards=["nrf9999"]), "unknown board"),
        (Request([Path("s.yml"), Path("a.pt2")]), "a suite stands alone"),
    ],
)
def test_what_does_not_go_together(request_: Request, words: str) -> None:
    with pytest.raises(InputError, match=words):
        request_.suite()


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("models:", "modells:", "models"),
        ("[native, cmsis-nn]", "[fast]", "kernels.0"),
        ("npu: require", "npu: always", "boards.1"),
        ("{file: sub/tiny.pt2}", "{}", "models.tiny.file"),
        ("- nrf5340dk", "- nrf9999", "nrf9999"),
    ],
)
def test_a_wrong_suite_is_told_with_its_field(tmp_path: Path, old: str, new: str, where: str) -> None:
    with pytest.raises(InputError) as error:
        load_suite(write(tmp_path, SUITE.replace(old, new)))
    assert where in str(error.value)


def test_the_projects_own_suite_is_one() -> None:
    suite = load_suite(Path(__file__).parents[2] / "benchmarks" / "examples.yml")
    assert len({t.board.cpu.core for t in suite.targets}) >= 6
