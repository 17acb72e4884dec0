"""Compiling and caching the counter, and what it refuses."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mcugen.emulate.plugin import counting_plugin
from mcugen.errors import MissingToolError

pytestmark = pytest.mark.emulator


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "mcugen"


def test_compiled_once(cache: Path, tmp_path: Path) -> None:
    first = counting_plugin(tmp_path)
    stamp = first.stat().st_mtime_ns
    assert counting_plugin(tmp_path) == first
    assert first.stat().st_mtime_ns == stamp
    assert [p.name for p in cache.iterdir()] == [first.name]


def test_home_is_used_without_xdg(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert counting_plugin(tmp_path).parent == tmp_path / ".cache" / "mcugen"


def test_a_cache_that_cannot_be_written_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert counting_plugin(scratch) == scratch / "libcount.so"


def test_no_compiler_says_what_to_install(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="apt-get install gcc") as caught:
        counting_plugin(tmp_path)
    assert caught.value.exit_code == 3


def test_no_warnings(tmp_path: Path) -> None:
    source = Path(counting_plugin.__code__.co_filename).parent / "count.c"
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fPIC"]
    subprocess.run(["gcc", *flags, "-c", str(source), "-o", os.devnull], check=True)


@pytest.mark.parametrize(
    "arguments", ["out=counts.txt,label=1", "label=1,label=2", "out=counts.txt,label=1,nonsense=3"]
)
def test_wrong_arguments_end_the_emulator(tmp_path: Path, arguments: str) -> None:
    command = ["qemu-system-arm", "-M", "mps2-an385", "-nodefaults", "-display", "none"]
    result = subprocess.run(
        [*command, "-plugin", f"{counting_plugin(tmp_path)},{arguments}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    assert "mcugen counting plugin" in result.stderr
