"""Everything a user can get wrong: the exit code, one readable message, no traceback, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mcugen import cli
from tests.invalid import models
from tests.invalid.models import SHAPE, Builder

BOARDS = Path(__file__).parent / "boards"
M52 = str(Path(__file__).parent / "m52.yml")  # nothing is wrong with it, but there is no timing model
Calibration = Callable[[Path], Path | str | None]


def values(shape: tuple[int, ...] = (4, *SHAPE[1:]), fill: float = 0.5, dtype: str = "float32") -> np.ndarray:
    return np.full(shape, fill, dtype)


def samples(array: np.ndarray, name: str = "x") -> Calibration:
    return lambda folder: models.calibration(folder, array, name)


def two_arrays(folder: Path) -> Path:
    np.savez(folder / "cal.npz", image=values(), other=values())
    return folder / "cal.npz"


def pickled_samples(folder: Path) -> Path:
    np.savez(folder / "cal.npz", x=np.array([{"a": 1}], dtype=object))
    return folder / "cal.npz"


def encrypted_samples(folder: Path) -> Path:
    """As far as the zip's directory says."""
    path = models.calibration(folder, values())
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    return path


def text_file(folder: Path) -> Path:
    (folder / "cal.npz").write_text("not an archive")
    return folder / "cal.npz"


# name: (model, calibration, board, exit code, what the message must say)
CASES: dict[str, tuple[Builder, Calibration, str, int, tuple[str, ...]]] = {
    "model missing": (models.missing, models.good_calibration, "nrf5340", 2, ("missing.pt2", "does not exist")),
    "model empty": (models.empty, models.good_calibration, "nrf5340", 2, ("empty",)),
    "model cut short": (models.truncated, models.good_calibration, "nrf5340", 2, ("damaged", "cut.pt2")),
    "pickled module": (models.pickled_module, models.good_calibration, "nrf5340", 2, ("torch.save", "torch.export")),
    "raw pickle": (models.raw_pickle, models.good_calibration, "nrf5340", 2, ("pickle", "torch.export")),
    "TorchScript": (models.torchscript, models.good_calibration, "nrf5340", 2, ("TorchScript", "torch.export")),
    "dynamic shapes": (
        models.dynamic_shapes,
        models.good_calibration,
        "nrf5340",
        2,
        ("dynamic shapes", "input 'x', axis 2 (4 to 32)", "x of shape (1, 2, 6, 6)"),
    ),
    "an infinite constant": (
        models.infinite_constant,
        models.good_calibration,
        "nrf5340",
        2,
        ("not finite", "aten.mul.Tensor", "constant 'gain' holds inf", "models.py:", "fix:"),
    ),
    "a weight beyond the range": (
        models.weight_beyond_range,
        models.good_calibration,
        "nrf5340",
        2,
        ("aten.conv2d", "no quantization scale covers", "constant 'conv.weight' holds 2e+37", "models.py:", "fix:"),
    ),
    "growing state": (
        models.growing_state,
        samples(values((24, *SHAPE[1:]))),
        "nrf5340",
        2,
        ("state 'total'", "no scale that holds in all steps", "it grows from step to step", "--reset-every N"),
    ),
    "state of two scales": (
        models.state_of_two_scales,
        lambda folder: None,
        "nrf5340",
        2,
        ("state 'total'", "no scale that holds in all steps", "-12.8 to 12.7", "0.2", "SharedQuantizationSpec"),
    ),
    "unsupported operator": (
        models.unsupported_operator,
        models.good_calibration,
        "nrf5340",
        2,
        ("cumprod", "models.py:", "fix:"),
    ),
    "several unsupported operators": (
        models.several_unsupported_operators,
        models.good_calibration,
        "nrf5340",
        2,
        ("2 reasons at 3 places", "cumprod", "conv3d", "module volume", "models.py:", "fix:"),
    ),
    "impossible normalizations": (
        models.impossible_normalizations,
        models.good_calibration,
        "nrf5340",
        2,
        ("3 reasons", "running statistics", "its weight is no constant", "scaled_dot_product_attention", "models.py:"),
    ),
    "impossible sequences": (
        models.impossible_sequences,
        models.good_calibration,
        "nrf5340",
        2,
        ("2 reasons", "training mode", "weights are computed at run time", "models.py:"),
    ),
    "an unrolled sequence": (
        models.unrolled_sequence,
        models.good_calibration,
        "nrf5340",
        2,
        ("a step of an unrolled LSTM", "without run_decompositions()", "module 0"),
    ),
    "impossible moves": (
        models.impossible_moves,
        models.good_calibration,
        "nrf5340",
        2,
        ("aten.take", "is computed by the model", "use constant indices", "padding with -inf", "models.py:"),
    ),
    "left in float": (
        models.left_in_float,
        lambda _: None,
        "nrf5340",
        2,
        ("aten.cat.default: its result stays in float", "XNNPACKQuantizer", "--calibration", "models.py:"),
    ),
    "channel beyond 32 bits": (
        models.overflowing_channel,
        lambda _: None,
        "nrf5340",
        2,
        ("output channel 1", "can reach 4533", "aten.linear", "models.py:", "fix:"),
    ),
    "average pool with a finer scale": (
        models.average_of_finer_scale,
        lambda _: None,
        "nrf5340",
        2,
        ("avg_pool2d", "0.125", "models.py:", "fix:"),
    ),
    "no calibration": (models.good_model, lambda _: None, "nrf5340", 2, ("--calibration",)),
    "calibration missing": (models.good_model, lambda f: f / "none.npz", "nrf5340", 2, ("none.npz", "does not exist")),
    "calibration is text": (models.good_model, text_file, "nrf5340", 2, ("cal.npz",)),
    "calibration pickled": (models.good_model, pickled_samples, "nrf5340", 2, ("cal.npz",)),
    "calibration names": (models.good_model, two_arrays, "nrf5340", 2, ("image", "x")),
    "calibration shape": (models.good_model, samples(values((4, 3, 6, 6))), "nrf5340", 2, ("(4, 3, 6, 6)",)),
    "calibration dtype": (models.good_model, samples(values(dtype="complex64")), "nrf5340", 2, ("complex64",)),
    "calibration NaN": (models.good_model, samples(values(fill=float("nan"))), "nrf5340", 2, ("NaN",)),
    "no samples": (models.good_model, samples(values((0, *SHAPE[1:]))), "nrf5340", 2, ("no samples",)),
    "unknown board": (models.good_model, models.good_calibration, "nrf5430", 2, ("nrf5430", "nrf5340dk")),
    "ambiguous board": (models.good_model, models.good_calibration, "nucleo", 2, ("nucleo_f746zg", "nucleo_h743zi")),
    "ambiguous chip": (models.good_model, models.good_calibration, "stm32", 2, ("stm32f4_disco", "nucleo_l4r5zi")),
    "calibration encrypted": (models.good_model, encrypted_samples, "nrf5340", 2, ("cal.npz", "encrypted")),
    "board: unknown field": (
        models.good_model,
        models.good_calibration,
        str(BOARDS / "unknown_field.yml"),
        2,
        ("unknown_field.yml", "colour"),
    ),
    "board: unknown core": (
        models.good_model,
        models.good_calibration,
        str(BOARDS / "unknown_core.yml"),
        2,
        ("unknown_core.yml", "core"),
    ),
    "board: unknown memory": (
        models.good_model,
        models.good_calibration,
        str(BOARDS / "unknown_memory.yml"),
        2,
        ("unknown_memory.yml", "tcm"),
    ),
    "board: overlapping memories": (
        models.good_model,
        models.good_calibration,
        str(BOARDS / "overlapping_memories.yml"),
        2,
        ("overlapping_memories.yml", "overlap"),
    ),
    "board: no YAML": (
        models.good_model,
        models.good_calibration,
        str(BOARDS / "no_yaml.yml"),
        2,
        ("no_yaml.yml",),
    ),
    "board file missing": (models.good_model, models.good_calibration, "none/board.yml", 2, ("none/board.yml",)),
    "too large": (models.too_large, lambda _: "random", "microbit", 2, ("bytes", "alive", "first")),
}


@pytest.mark.parametrize("case", CASES, ids=[name.replace(" ", "_") for name in CASES])
def test_emit(case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, calibration, board, code, words = CASES[case]
    output = tmp_path / "result" / "out"
    arguments = ["emit", str(model(tmp_path)), "--board", board, "--output", str(output)]
    data = calibration(tmp_path)
    if data is not None:
        arguments += ["--calibration", str(data)]
    before = sorted(tmp_path.iterdir())
    assert cli._run(arguments) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ") or "\nerror: " in printed.err
    assert "Traceback" not in printed.err
    assert "fix: " in printed.err
    for word in words:
        assert word in printed.err, printed.err
    assert sorted(tmp_path.iterdir()) == before, "something was left behind"


def emit_good(tmp_path: Path, *options: str) -> int:
    arguments = ["emit", str(models.good_model(tmp_path)), "--board", "nrf5340", "--output", str(tmp_path / "out")]
    return cli._run([*arguments, "--calibration", str(models.good_calibration(tmp_path)), *options])


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--max-ram", "none"), 2, ("'none' is not a size",)),
        (("--max-flash", "10"), 1, ("flash", "10 bytes", "--max-flash")),
        (("--kernels", "fast"), 2, ("fast",)),
        (("--name", "---"), 2, ("--name",)),
        (("--name", "signal"), 2, ("signal.h", "--name signal_model")),
        (("--name", "mcugen_kws"), 2, ("mcugen_kws", "--name kws")),
        (("--max-instructions", "0"), 2, ("--max-instructions",)),
        (("--max-cycles", "0"), 2, ("--max-cycles",)),
        (("--max-cycles", "9", "--board", M52), 2, ("no timing model for cortex-m52", "--max-instructions")),
        (("--harness", "coremark"), 2, ("mlperf-tiny",)),
        (("--harness-input", "uint8"), 2, ("--harness-input", "--harness")),
        (("--board", "ek_ra8m1", "--renode"), 2, ("no Renode console UART for ek_ra8m1", "without --renode")),
        (("--board", "ek_ra8m1", "--harness", "mlperf-tiny"), 2, ("ek_ra8m1", "console UART", "without --harness")),
        (("--state", "y"), 2, ("--state 'y' is not OUT=IN",)),
        (("--state", "y=nothing"), 2, ("--state y=nothing", "it has")),
        (("--reset-every", "0"), 2, ("--reset-every",)),
        (("--reset-every", "3"), 2, ("--reset-every is for models with state",)),
        (("--observer", "minmx"), 2, ("no observer 'minmx'", "did you mean minmax?")),
        (("--observer", "percentile:10"), 2, ("'10' is no percentile", "percentile:99.9")),
        (("--equalize", "maybe"), 2, ("--equalize", "maybe")),
        (("--gptq", "yes"), 2, ("--gptq", "yes")),
        (("--bias-correction", "yes"), 2, ("--bias-correction", "yes")),
        (("--plugin", "nothing.py"), 2, ("there is no plugin 'nothing.py'",)),
        (("--precision", "int12"), 2, ("unknown precision 'int12'", "int16")),
        (("--precision", "nothing.yml"), 2, ("nothing.yml", "does not exist")),
        (("--unknown",), 2, ("--unknown",)),
    ],
)
def test_emit_options(
    options: tuple[str, ...], code: int, words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert emit_good(tmp_path, *options) == code
    printed = capsys.readouterr()
    for word in words:
        assert word in printed.err
    assert not (tmp_path / "out").exists()


def test_somebody_elses_folder_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.txt").write_text("precious")
    assert emit_good(tmp_path) == 2
    assert "thesis.txt" in {p.name for p in (tmp_path / "out").iterdir()}
    assert "not written by mcugen" in capsys.readouterr().err


def test_an_edited_file_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The samples stand in the output folder itself, with notes of the user's."""
    assert emit_good(tmp_path) == 0
    out = tmp_path / "out"
    (out / "notes.txt").write_text("precious")
    (out / "samples.npz").write_bytes(models.good_calibration(tmp_path).read_bytes())
    header = next((out / "include").glob("*.h"))
    header.write_text(header.read_text() + "/* mine */\n")
    assert emit_good(tmp_path, "--calibration", str(out / "samples.npz")) == 2
    assert f"include/{header.name}" in capsys.readouterr().err
    assert header.read_text().endswith("/* mine */\n")
    assert emit_good(tmp_path, "--calibration", str(out / "samples.npz"), "--force") == 0
    assert not header.read_text().endswith("/* mine */\n")
    assert (out / "notes.txt").read_text() == "precious" and (out / "samples.npz").is_file()


@pytest.mark.parametrize("command", ["verify", "run"])
def test_a_folder_that_is_no_module(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--inputs", "a.npz", "--outputs", "b.npz"] if command == "run" else []
    assert cli._run([command, str(tmp_path), *options]) == 2
    assert "mcugen.json" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mcugen.json", "vectors/inputs.npz"])
def test_results_do_not_replace_a_file_of_the_module(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert emit_good(tmp_path) == 0
    before = (tmp_path / "out" / name).read_bytes()
    samples = str(models.good_calibration(tmp_path))
    assert cli._run(["run", str(tmp_path / "out"), "--inputs", samples, "--outputs", str(tmp_path / "out" / name)]) == 2
    assert "is a file of the module" in capsys.readouterr().err
    assert (tmp_path / "out" / name).read_bytes() == before


def test_a_damaged_manifest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert emit_good(tmp_path) == 0
    path = tmp_path / "out" / "mcugen.json"
    for content, word in (
        ("{", "not JSON"),
        ("[]", "damaged"),
        ('{"format": 99}', "format 99"),
        (path.read_text().replace('"macs"', '"mac"'), "damaged"),
    ):
        path.write_text(content)
        capsys.readouterr()
        assert cli._run(["verify", str(tmp_path / "out")]) == 2
        assert word in capsys.readouterr().err


def test_missing_tools_end_with_3_and_the_command_that_installs_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert emit_good(tmp_path) == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    capsys.readouterr()
    assert cli._run(["verify", str(tmp_path / "out")]) == 3
    assert "apt-get install" in capsys.readouterr().err
    assert cli._run(["doctor"]) == 3
    assert "apt-get install" in capsys.readouterr().out
