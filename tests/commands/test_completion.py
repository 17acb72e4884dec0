"""What a shell completes: commands, boards, folders of modules; and how the completion gets into bash."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mcugen.commands import completion


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The console script of this checkout, alone on the first place of PATH."""
    script = tmp_path / "bin" / "mcugen"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom mcugen.cli import main\nmain()\n")
    script.chmod(0o755)
    return script


def environment(program: Path) -> dict[str, str]:
    path = os.pathsep.join([str(program.parent), os.environ["PATH"]])
    root = str(Path(completion.__file__).parents[2])
    return {**os.environ, "PATH": path, "PYTHONPATH": root, "HOME": str(program.parent.parent)}


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_offers_boards_and_modules(program: Path, tmp_path: Path) -> None:
    """As bash does it: the installed script is read, its function is called with the words, its replies are printed."""
    done = subprocess.run(
        # From a bash, which the command looks for among the processes that it came from.
        ["bash", "-c", "mcugen --install-completion; exit $?"],
        env=environment(program),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ".bash_completions/mcugen.sh" in (tmp_path / ".bashrc").read_text()
    (tmp_path / "out" / "kws").mkdir(parents=True)
    (tmp_path / "out" / "kws" / "mcugen.json").write_text("{}")
    lines = ["mcugen emit model.pt2 --board nrf5", "mcugen verify out/k"]
    calls = "".join(
        f"COMP_WORDS=({line}); COMP_CWORD={len(line.split()) - 1}; _mcugen_completion mcugen; "
        'echo "${COMPREPLY[*]}"; '
        for line in lines
    )
    done = subprocess.run(
        ["bash", "-c", f"source ~/.bash_completions/mcugen.sh; {calls}"],
        cwd=tmp_path,
        env=environment(program),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    found = done.stdout.replace("\n", " ").split()
    assert found == ["nrf52840dk", "nrf5340dk", "out/kws"]


def test_modules_and_the_ways_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("kws", "deep/inner", ".hidden"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("kws", "deep/inner", ".hidden"):
        (tmp_path / name / "mcugen.json").write_text("{}")
    (tmp_path / "file").write_text("")
    assert completion.modules("") == ["deep/", "kws"]
    assert completion.modules("deep/") == ["deep/inner"]
    assert completion.modules(f"{tmp_path}/k") == [f"{tmp_path}/kws"]
    assert completion.modules(".h") == [".hidden"]
    assert completion.modules("absent/") == completion.modules("file/") == completion.modules("\0/") == []


def test_names_of_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert completion.project_models("") == completion.project_boards("") == []
    (tmp_path / "mcugen.yml").write_text("models: [kws.pt2, image.pt2]\nboards: [nrf5340dk, mine.yml]\n")
    assert completion.project_models("k") == ["kws"]
    assert completion.project_boards("") == ["nrf5340dk", "mine"]
    (tmp_path / "mcugen.yml").write_text("models: [")
    assert completion.project_models("") == []


def test_boards_by_their_beginning() -> None:
    assert completion.boards("nrf5340") == ["nrf5340dk"]
    assert completion.boards("mine.yml") == []
