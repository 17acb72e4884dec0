"""`mcugen bench` as users call it: a process of its own, models on boards, a baseline, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen.bench.baseline import updated, write_baseline
from tests.bench.models import write_model
from tests.bench.rows import row


def mcugen(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mcugen", "bench", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=300)


@pytest.mark.emulator
def test_a_risen_count_fails_and_says_which(tmp_path: Path) -> None:
    """A baseline of one instruction."""
    write_model(tmp_path)
    known = row("tiny", "mps2_an386", instructions=1, cycles=10**6, flash_bytes=10**6, arena_bytes=10**6)
    write_baseline(updated([known], None, whole=True), tmp_path / "base.json")
    arguments = ("tiny.pt2", "--board", "mps2_an386", "--calibration", "random", "--kernels", "native", "--jobs", "1")
    done = mcugen(tmp_path, *arguments, "--json", "--baseline", "base.json")
    (found,) = json.loads(done.stdout)["rows"]
    assert found["model"] == "tiny" and found["core"] == "cortex-m4" and found["macs"] == 192
    assert 192 < found["instructions"] < 2000 and found["milliseconds"] > 0
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f"tiny/mps2_an386/native/speed: instructions 1 -> {found['instructions']:,} (+" in done.stderr
    assert "flash_bytes" not in done.stderr


@pytest.mark.slow
@pytest.mark.emulator
def test_what_was_written_is_what_is_counted_again(tmp_path: Path) -> None:
    """And one instruction in a hundred more than the baseline fails."""
    write_model(tmp_path)
    arguments = ("tiny.pt2", "--board", "mps2_an386", "--calibration", "random", "--kernels", "native", "--jobs", "1")
    for option in ("--update-baseline", "--json"):
        done = mcugen(tmp_path, *arguments, "--baseline", "base.json", option)
        assert done.returncode == 0, done.stderr
    baseline = json.loads((tmp_path / "base.json").read_text())
    (entry,) = baseline["rows"].values()
    entry["instructions"] = entry["instructions"] * 100 // 102
    (tmp_path / "base.json").write_text(json.dumps(baseline))
    assert mcugen(tmp_path, *arguments, "--baseline", "base.json").returncode == 1


@pytest.mark.slow
@pytest.mark.emulator
def test_processes_count_what_one_does(tmp_path: Path) -> None:
    write_model(tmp_path, "one")
    write_model(tmp_path, "two")
    boards = ("--board", "mps2_an386", "--board", "mps2_an385")
    arguments = ("one.pt2", "two.pt2", *boards, "--calibration", "random", "--kernels", "native")
    for jobs in ("1", "2"):
        options = ("--jobs", jobs, "--baseline", f"{jobs}.json", "--update-baseline", "--markdown", f"{jobs}.md")
        done = mcugen(tmp_path, *arguments, *options)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "1.json").read_text() == (tmp_path / "2.json").read_text()
    assert (tmp_path / "1.md").read_text() == (tmp_path / "2.md").read_text()
    assert len(json.loads((tmp_path / "1.json").read_text())["rows"]) == 4


@pytest.mark.slow
@pytest.mark.emulator
def test_what_does_not_fit_one_board_is_counted_on_others(tmp_path: Path) -> None:
    """A board of 4 KB of RAM; the other's figures are there."""
    write_model(tmp_path)
    (tmp_path / "small.yml").write_text(
        "description: Small\nvendor: Me\ncpu: {core: cortex-m4, dsp: true, clock: 1M}\nmemories:\n"
        "  flash: {kind: flash, start: 0, size: 64}\n  ram: {kind: ram, start: 0x20000000, size: 4K}\n"
        "code_memory: flash\ndata_memory: ram\n"
    )
    boards = ("--board", "small.yml", "--board", "mps2_an386")
    done = mcugen(tmp_path, "tiny.pt2", *boards, "--calibration", "random", "--kernels", "native", "--json")
    assert done.returncode == 1
    small, large = json.loads(done.stdout)["rows"]
    assert "failure" in small and large["instructions"] > 0
    assert "tiny/small/native/speed" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no model is named"),
        (("no.pt2", "--board", "nrf5340dk"), "does not exist"),
        (("--operators", "--baseline", "b.json"), "--operators brings its own layers"),
        (("--operators", "--update-baseline"), "--update-baseline needs --baseline"),
        (("--operators", "--jobs", "2", "--scheduler", "tcp://x:1"), "--scheduler for a cluster"),
    ],
)
def test_wrong_requests_are_told_at_once(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    from mcugen.cli import program
    from mcugen.errors import InputError

    with pytest.raises(InputError) as error:
        program("bench")(
            args=["bench", *(str(tmp_path / a) if a.endswith(".pt2") else a for a in arguments)], standalone_mode=False
        )
    assert words in str(error.value)
