"""docs/npu.md: its commands and options exist, and a stock .tflite is as near to an inference as it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcugen import cli
from tests.ethosu.builder import run_litert
from tests.ethosu.networks import deep_network

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "npu.md").read_text()
LINES = [line.strip().partition("  #")[0] for line in re.findall(r"^    (\S.*)$", TEXT, re.MULTILINE)]
STOCK = TEXT[TEXT.index("## A stock .tflite") :]
HEADER = (ROOT / "zephyr_module" / "include" / "mcugen" / "npu.h").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def test_every_call_of_mcugen_exists() -> None:
    lines = [line for line in LINES if line.startswith("mcugen ")]
    spans = re.findall(r"`(mcugen [a-z][^`]*|--[a-z][^`]*)`", TEXT)
    assert len(lines) >= 4 and spans
    group: Any = cli.program()
    for call in [*lines, *(span if span.startswith("mcugen") else f"mcugen emit {span}" for span in spans)]:
        words = call.split()[1:]
        command = group.commands[words[0]]
        if hasattr(command, "commands"):
            command = command.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, call


def test_every_option_of_kconfig_exists() -> None:
    ours = set(re.findall(r"CONFIG_(MCUGEN_(?:NPU|ETHOS)\w+)", TEXT))
    ours |= {f"MCUGEN_NPU{name}" for name in re.findall(r"`(_[A-Z]+)`", TEXT)}
    defined = set(re.findall(r"^config (\w+)", (ROOT / "zephyr_module" / "Kconfig").read_text(), re.MULTILINE))
    assert len(ours) >= 5 and ours <= defined
    template = (ROOT / "mcugen" / "emit" / "templates" / "Kconfig.j2").read_text()
    for name in re.findall(r"CONFIG_MCUGEN_MODEL_KWS(_\w+)", TEXT):
        assert f"config {{{{ MODEL }}}}{name}\n" in template


def test_the_hooks_and_macros_exist() -> None:
    driver = (ROOT / "zephyr_module" / "npu" / "ethos_u_driver.c").read_text()
    for name in re.findall(r"`(mcugen_npu_\w+|MCUGEN_ERROR_NPU\w*|MCUGEN_NPU_TIMEOUT)(?:\(\))?`", TEXT):
        assert name in driver
    schedule = (ROOT / "mcugen" / "emit" / "templates").joinpath("schedule.c.j2").read_text()
    weights = (ROOT / "mcugen" / "emit" / "templates").joinpath("weights.c.j2").read_text()
    for name in re.findall(r"`<NAME>(_\w+)`", TEXT):
        assert f"{{{{ NAME }}}}{name}" in schedule + weights


def test_a_driver_of_ones_own_is_ten_lines(tmp_path: Path) -> None:
    """It compiles, and is the one that the header shows."""
    (code,) = blocks(TEXT, "c")
    function = code.partition("\n\n")[2]
    assert len(function.splitlines()) <= 10
    in_header = "\n".join(line.removeprefix(" *     ") for line in HEADER.splitlines() if line.startswith(" *     "))
    assert in_header.strip() == function.strip()
    declarations = """
        void clean_cache(const struct mcugen_npu_job *job);
        void invalidate_cache(const struct mcugen_npu_job *job);
        void my_npu_start(const void *stream, uint32_t bytes, void *const *base, uint32_t regions);
        enum { TIME_OUT = 1000, TIMED_OUT = 1 };
        int my_npu_wait(int time);
    """
    (tmp_path / "driver.c").write_text(f"#include <mcugen/npu.h>\n{declarations}\n{code}")
    include = f"-I{ROOT / 'zephyr_module' / 'include'}"
    subprocess.run(
        ["gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", include, "-fsyntax-only", tmp_path / "driver.c"], check=True
    )


def test_from_a_stock_tflite_to_an_inference(tmp_path: Path) -> None:
    """What the page says, line by line; the outputs are those of LiteRT's reference kernels."""
    pytest.importorskip("ethosu.vela", reason="ethos-u-vela is not installed")
    model, _ = deep_network(3)
    (tmp_path / "network.tflite").write_bytes(model)
    programs = {"vela": "ethosu.vela", "mcugen": "mcugen"}
    steps = re.findall(r"^    (vela [^\n]*|mcugen [^\n]*)$|^```python\n(.*?)^```$", STOCK, re.DOTALL | re.MULTILINE)
    assert [line.split(" ")[0] for line, _ in steps] == ["vela", "mcugen", "", "mcugen"]
    for line, script in steps:
        words = shlex.split(line)
        command = ["-m", programs[words[0]], *words[1:]] if words else ["-c", script]
        done = subprocess.run(
            [sys.executable, *command],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    with np.load(tmp_path / "in.npz") as given, np.load(tmp_path / "out.npz") as found:
        ((_, outputs),) = found.items()
        # The tensors of the network are called t0, t1 …
        samples = [given[name] for name in sorted(given.files, key=lambda name: int(name.split("_")[0][1:]))]
    assert len(outputs) == 20
    for *inputs, output in zip(*samples, outputs, strict=True):
        (wanted,) = run_litert(model, [values[np.newaxis] for values in inputs])
        assert np.array_equal(output, wanted[0])
