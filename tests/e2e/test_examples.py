"""The example models, from torch.export to counted firmware: match, budgets, repeatability."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Exported, Finished

BOARDS = ("nrf5340dk", "nrf52840dk", "stm32f4_disco", "nucleo_f746zg", "mps2_an385", "mps3_an547")
MODELS = ("ds_cnn", "mobilenet_v1", "resnet8", "autoencoder", "conv1d_net")
# A few by default; the whole table is the slow sweep.
QUICK = {
    ("ds_cnn", "nrf5340dk"),
    ("conv1d_net", "mps3_an547"),
}
REPEATED = ("ds_cnn", "nrf5340dk")
ARENA_LIMITS = {"ds_cnn": 16_500, "mobilenet_v1": 55_500, "resnet8": 49_500, "autoencoder": 800}
INSTRUCTION_LIMITS = {("ds_cnn", "nrf5340dk"): 7_800_000, ("resnet8", "nrf5340dk"): 29_900_000}
FLASH_LIMITS = {("ds_cnn", "nrf5340dk"): 40 * 1024}
SLOW_TABLE = [(m, b) for m in MODELS for b in BOARDS if (m, b) not in QUICK]

pytestmark = pytest.mark.emulator
Command = Callable[..., Finished]
Export = Callable[[str], Exported]


def emit(mcugen: Command, exported: Export, model: str, board: str, folder: Path, *options: object) -> None:
    files = exported(model)
    done = mcugen(
        "emit", files.archive, "--board", board, "--calibration", files.calibration, "--output", folder, *options
    )
    assert done.code == 0, done.err


def verified(mcugen: Command, module: Path) -> Any:
    done = mcugen("verify", module, "--json")
    assert done.code == 0, done.err
    return done.json


def check_match(mcugen: Command, exported: Export, model: str, board: str, tmp_path: Path) -> Any:
    """What `verify` says."""
    emit(mcugen, exported, model, board, tmp_path / "out")
    result = verified(mcugen, tmp_path / "out")
    assert result["match"] is True
    assert result["layers"] and all(layer["match"] is True for layer in result["layers"])
    assert sum(layer["instructions"] for layer in result["layers"]) <= result["instructions"]
    assert sum(layer["instructions"] for layer in result["layers"]) >= 0.99 * result["instructions"]
    assert result["arena_bytes"] <= ARENA_LIMITS.get(model, 100_000)
    assert result["ram_bytes"] == result["arena_bytes"]
    assert result["instructions"] <= INSTRUCTION_LIMITS.get((model, board), 200_000_000)
    assert result["flash_bytes"] <= FLASH_LIMITS.get((model, board), 400_000)
    return result


@pytest.mark.parametrize(("model", "board"), sorted(QUICK))
def test_match(mcugen: Command, command: Command, exported: Export, model: str, board: str, tmp_path: Path) -> None:
    """One model in processes of their own, too: their hashes have other seeds, and they find the same to the byte."""
    result = check_match(command, exported, model, board, tmp_path)
    if (model, board) == REPEATED:
        emit(mcugen, exported, model, board, tmp_path / "again")
        first, second = (
            {p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file()}
            for name in ("out", "again")
        )
        assert first == second
        assert verified(mcugen, tmp_path / "again") == result


@pytest.mark.slow
@pytest.mark.parametrize(("model", "board"), SLOW_TABLE)
def test_match_everywhere(mcugen: Command, exported: Export, model: str, board: str, tmp_path: Path) -> None:
    check_match(mcugen, exported, model, board, tmp_path)


def test_a_flipped_weight_is_found_and_its_layer_named(command: Command, exported: Export, tmp_path: Path) -> None:
    emit(command, exported, "conv1d_net", "nrf5340", tmp_path / "out", "--name", "net")
    path = tmp_path / "out" / "src" / "net_weights.c"
    text = path.read_text()
    start = text.index("{", text.index("weights[")) + 1
    # The eleventh number is past the biases that lead the stream: four weights in a word.
    number = list(re.finditer(r"\d+", text[start:]))[10]
    flipped = str(int(number.group()) ^ 0x40)
    path.write_text(text[: start + number.start()] + flipped + text[start + number.end() :])
    done = command("verify", tmp_path / "out", "--json", "--allow-edited")
    assert done.code == 1
    assert done.json["match"] is False
    assert [layer["match"] for layer in done.json["layers"]].count(False) >= 1
    assert "differs from the reference" in done.err
