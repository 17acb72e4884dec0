"""The console script in hostile surroundings: one message, whatever is closed, full, gone or too long."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from mcugen import cli
from mcugen.errors import InputError
from mcugen.scratch import scratch_folder

LONG = "a" * 5000


def run(
    arguments: Sequence[str], folder: Path, *, shell: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """`shell`: redirections, as a shell writes them."""
    command = f'exec "$@" {shell}' if shell else 'exec "$@"'
    return subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-m", "mcugen", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("error: ") == 1 and "Traceback" not in result.stderr, result.stderr
    assert "Exception ignored" not in result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.mark.parametrize("arguments", [["boards"], ["boards", "--json"], ["--version"]], ids=" ".join)
def test_an_output_that_takes_nothing(arguments: list[str], tmp_path: Path) -> None:
    refused(run(arguments, tmp_path, shell=">/dev/full"), "No space left", "fix: ")
    refused(run(arguments, tmp_path, shell=">&-"), "closed", "fix: ")


def test_closed_input_and_error_streams(tmp_path: Path) -> None:
    result = run(["boards"], tmp_path, shell="<&- 2>&-")
    assert result.returncode == 0 and "nrf5340dk" in result.stdout
    assert run(["verify", "nothing"], tmp_path, shell="2>/dev/full").returncode == 2
    assert run(["verify", "nothing"], tmp_path, shell="2>&-").returncode == 2


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    result = run(["boards"], tmp_path, shell="| head -c 1")
    assert result.returncode == 0 and result.stderr == ""


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "arguments",
    [
        ["emit", LONG, "--board", "nrf5340dk"],
        ["emit", "x.pt2", "--board", f"{LONG}.yml"],
        ["verify", LONG],
        ["run", LONG, "--inputs", "x", "--outputs", "y"],
        ["compare", LONG, LONG],
        ["serve", LONG],
    ],
    ids=lambda arguments: arguments[0],
)
def test_paths_that_are_too_long_or_loop(arguments: list[str], tmp_path: Path) -> None:
    refused(run(arguments, tmp_path))
    (tmp_path / "loop.yml").symlink_to("other")
    (tmp_path / "other").symlink_to("loop.yml")
    refused(run([a.replace(f"{LONG}.yml", "loop.yml").replace(LONG, "other") for a in arguments], tmp_path))


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "arguments",
    [
        ["emit", "x.pt2", "--board", "nrf5340dk"],
        ["verify", "module"],
        ["run", "module", "--inputs", "x.npz", "--outputs", "y.npz"],
        ["compare", "a.json", "b.json"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_working_folder_that_is_gone(arguments: list[str], tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = f'rmdir "{gone}"; exec "$@"'
    result = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, "-m", "mcugen", *arguments],
        cwd=gone,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    refused(result)


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """It would be waited for without end."""
    os.mkfifo(tmp_path / "pipe.yml")
    refused(run(["emit", "pipe.yml", "--board", "nrf5340dk"], tmp_path), "is no file")
    (tmp_path / "x.pt2").touch()
    refused(run(["emit", "x.pt2", "--board", "pipe.yml"], tmp_path), "is no file")
    refused(run(["compare", "pipe.yml", "pipe.yml"], tmp_path), "is no file")


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    name = os.fsdecode(b"keyword\xff\xfe.pt2")
    refused(run(["emit", name, "--board", "nrf5340dk"], tmp_path), "does not exist")


def test_a_bug_is_called_one(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise KeyError("forgotten")

    monkeypatch.setattr("mcugen.boards.list_boards", broken)
    assert cli._run(["boards"]) == 70
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "KeyError: 'forgotten'" in printed.err and "this is a bug in mcugen" in printed.err


@pytest.mark.parametrize("error", [MemoryError(), PermissionError(13, "Permission denied", "/x"), OSError(28, "Full")])
def test_what_the_machine_refuses_is_no_bug(
    error: Exception, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("mcugen.boards.list_boards", refuse)
    assert cli._run(["boards"]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("error: ") and "fix: " in printed and "Traceback" not in printed


def test_interrupted() -> None:
    """Exit code 1 would mean that a check failed."""
    code = (
        "import sys; from mcugen import boards, cli\ndef stop(): raise KeyboardInterrupt\nboards.list_boards = stop\n"
    )
    result = subprocess.run([sys.executable, "-c", code + "cli.main(['boards'])"], capture_output=True, timeout=60)
    assert result.returncode == 130 and b"Traceback" not in result.stderr


def test_no_place_for_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", nowhere)
    with pytest.raises(InputError, match="temporary files"), scratch_folder("mcugen-test-"):
        raise AssertionError
